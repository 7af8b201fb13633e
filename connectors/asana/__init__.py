"""The connector to Asana."""

from connectors.asana.receive import AsanaReceiver
from connectors.asana.settings import AsanaSettings
from connectors.asana.sign_in import sign_in
from connectors.asana.tracker import AsanaTracker
from connectors.contract import Connector

CONNECTOR = Connector(
    name="asana",
    title="Asana",
    settings=AsanaSettings,
    receiver=AsanaReceiver(),
    open=AsanaTracker,
    simulator="connectors.asana.simulator:AsanaSimulator",
    sign_in=sign_in,
)
