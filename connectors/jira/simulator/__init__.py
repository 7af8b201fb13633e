"""A Jira Cloud site in one process, built to the vendor's documents and to nothing of ours. See README.md."""

from connectors.jira.simulator.people import View
from connectors.jira.simulator.server import JiraSimulator
from connectors.jira.simulator.strict import Refusal

__all__ = ["JiraSimulator", "Refusal", "View"]
