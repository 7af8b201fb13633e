"""Jira Cloud."""

from connectors.contract import Connector
from connectors.jira.receive import JiraReceiver
from connectors.jira.settings import JiraSettings
from connectors.jira.sign_in import sign_in
from connectors.jira.tracker import JiraTracker

CONNECTOR = Connector(
    name="jira",
    title="Jira Cloud",
    settings=JiraSettings,
    receiver=JiraReceiver(),
    open=JiraTracker,
    simulator="connectors.jira.simulator:JiraSimulator",
    sign_in=sign_in,
)
