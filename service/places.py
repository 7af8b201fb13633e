"""Where a campaign's request and its tasks stand, as far as that decides how we hear of them."""

from __future__ import annotations

from collections.abc import Iterable

from connectors.contract import Container, Task
from service.connect import watch, watched
from service.core.decide import REQUEST
from service.core.merge import News
from service.runtime import Runtime
from service.store import campaigns, sweeps
from service.store.engine import reading
from service.store.tables import Campaign


def astray(runtime: Runtime, campaign: Campaign, request: Task) -> list[News]:
    """Note whether the request has left all projects of which hooks and sweeps tell; returns what is new in that.

    From then on every sweep looks at it.
    """
    served = runtime.settings.connections[campaign.connection].settings.projects
    away = not _among(served, request.project) and not _among(watched(runtime, campaign.connection), request.project)
    if away == bool(campaign.agreed.get(campaigns.ASTRAY)):
        return []
    campaign.agreed = {**campaign.agreed, campaigns.ASTRAY: away}
    told = "The request has left the projects that are listened to; each sweep looks at it from now on."
    return [News("astray", REQUEST, told)] if away else []


def copies(runtime: Runtime, campaign: Campaign, request: Task) -> list[str]:
    """Titles of tasks below the request that carry the mark of another campaign: it was copied together with them.

    A call is spent only where the request says that there are any.
    """
    if not request.fields.get("subtasks"):
        return []
    below = runtime.trackers[campaign.connection].children(Container("subtasks", request.id, request.url))
    return [task.title for task in below if task.mark and task.mark.campaign != campaign.id]


def _among(projects: Iterable[str], project: str | None) -> bool:
    """Jira takes a project's key in any spelling."""
    return project is not None and project.casefold() in map(str.casefold, projects)


def container(runtime: Runtime, campaign: Campaign) -> Container | None:
    """Where its tasks live; None until that is open, and where it is a project that somebody has deleted."""
    found = campaigns.container_of(campaign)
    if found and found.kind == "project":
        with reading(runtime.engine) as session:
            return None if found.id in sweeps.gone(session, campaign.connection) else found
    return found


def heard_of(runtime: Runtime, campaign: Campaign) -> list[str]:
    """See that a project of the campaign's own is heard of like the others; returns why it is not."""
    own = container(runtime, campaign)
    if own is None or own.kind != "project":
        return []
    connected = watch(runtime, campaign.connection, own.id)
    return [connected.sentence] if connected and not connected.ok else []
