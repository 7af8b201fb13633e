"""Tasks that stand twice, because a create of which the answer was lost did its work late, after it was repeated.

No vendor takes a create only once, so the second is found when the container is read again. Only what nobody has
touched is deleted; the rest is for a person.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping

from connectors.contract import Container, Status, Task
from connectors.errors import Rejected, TrackerError
from service import apply, places
from service.core import messages
from service.core.merge import LinkView, News
from service.mirroring import Mirrors
from service.runtime import Runtime
from service.speech import Speech
from service.store import doubts
from service.store.engine import reading, transaction
from service.store.tables import Campaign

log = logging.getLogger(__name__)


def removed(
    runtime: Runtime, campaign: Campaign, links: Mapping[str, LinkView], mirrors: Mirrors, speech: Speech
) -> list[News]:
    """Delete what stands twice, and have the request tell what cannot be; returns what was done.

    Costs no call unless a create of the campaign was repeated a short while ago. Raises nothing of the trackers': each
    sweep looks again for as long as there is a doubt.
    """
    with reading(runtime.engine) as session:
        doubt = doubts.of_campaign(session, campaign.id)
    if doubt is None:
        return []
    news: list[News] = []
    left: list[str] = []
    try:
        home = campaign.connection, places.container(runtime, campaign), links
        for connection, container, known in (home, *mirrors.stands()):
            for double, link in _doubles(runtime, campaign, connection, container, known):
                if _delete(runtime, connection, double):
                    told = f"“{double.title}” stood twice after a create without an answer: {double.label} was deleted."
                    news.append(News("double", link.key, told))
                else:
                    left.append(f"{double.title} ({double.label})")
    except TrackerError as error:
        log.warning("%s could not be looked through for tasks that stand twice: %s", campaign.request_label, error)
        return news
    if left:
        speech.say("doubles", messages.doubles_comment(left))
    elif runtime.now() > doubt.until:
        with transaction(runtime.engine) as session:
            doubts.end(session, doubt)
    return news


def _doubles(
    runtime: Runtime,
    campaign: Campaign,
    connection: str,
    container: Container | None,
    links: Mapping[str, LinkView],
) -> list[tuple[Task, LinkView]]:
    """Open tasks with the mark of one that is known by another id."""
    found = []
    for task in runtime.trackers[connection].children(container) if container else ():
        link = links.get(task.mark.key) if task.mark and task.mark.campaign == campaign.id else None
        known = link and link.state == "made" and link.task and link.task.id != task.id
        if link and known and not task.status.closed:
            found.append((task, link))
    return found


def _delete(runtime: Runtime, connection: str, double: Task) -> bool:
    """Whether it could be: it is ours, nobody has touched it, and we may."""
    tracker = runtime.trackers[connection]
    ours = double.requester is not None and double.requester.id == tracker.whoami().id
    if not ours or double.status is not Status.TODO or any(not said.mark for said in tracker.remarks(double.id)):
        return False
    try:
        apply.delete(runtime, connection, double.id)
    except Rejected as error:
        log.warning("%s stands twice and cannot be deleted: %s", double.label, error)
        return False
    return True
