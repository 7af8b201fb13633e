"""Commitments whose tasks stand in a tracker, under a task that people made for them: the campaign's loop, without end.

Each has a campaign's row in the state `standing`, so that hooks, sweeps, owners, marks and links serve it as they are.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

from sqlmodel import Session

from connectors.contract import Finding, Status, Task, TaskId
from connectors.errors import TrackerError
from service import apply, assignment, breaches, taking_over
from service.commitments import calendar_of, standing
from service.core import decide, owed
from service.core.commitment import Commitment, Filing
from service.core.event import Event
from service.core.merge import LinkView, News, settle
from service.core.offsets import did_you_mean
from service.core.wording import handed_over
from service.runtime import Runtime
from service.store import campaigns, changes, events, ledger, links
from service.store.engine import reading, transaction
from service.store.events import OURSELVES
from service.store.tables import Campaign, campaign_id

log = logging.getLogger(__name__)

STILL_READ = timedelta(days=28)
"""How long a finished task is still read, should somebody take it up again."""


@dataclass(slots=True)
class Filed:
    """What one run came to."""

    sentence: str
    failures: list[str] = field(default_factory=list)


def standing_tasks(runtime: Runtime, connection: str) -> set[str]:
    """The tasks under which commitments of this connection are filed; one is found and kept when first asked for."""
    found = set()
    for commitment, place in _filed(runtime, connection):
        row = _row(runtime, commitment, place) or _open(runtime, commitment, place)
        if isinstance(row, Campaign):
            found.add(row.request_task)
        else:
            log.warning("%s cannot be filed: %s", commitment.title, row)
    return found


def examine(runtime: Runtime) -> Iterator[Finding]:
    """Commitments that cannot be filed where their files say."""
    for commitment, place in _filed(runtime):
        problem = _problem(runtime, commitment, place)
        if problem:
            what = f"{commitment.title} cannot be filed: {problem}."
            yield Finding(what, f"Correct `file` of the commitment `{commitment.id}`, or make that task.")


def ask(session: Session, runtime: Runtime, types: Collection[str]) -> set[str]:
    """Let the runs of filed commitments look that listen to these types of event. Returns their partitions."""
    asked = set()
    for commitment, place in _filed(runtime):
        if not commitment.listens_to().isdisjoint(types):
            row = campaigns.standing(session, place.connection, commitment.id)
            asked |= {changes.partition_of(row.connection, row.request_task)} if row else set()
    changes.add(session, [changes.Hint(partition=partition, kind="other") for partition in sorted(asked)])
    return asked


def run(runtime: Runtime, campaign: Campaign, known: dict[str, LinkView]) -> Filed:
    """Take over what people did with its tasks, file what it owes now, and move what is due on another day."""
    commitment = runtime.commitments().get(campaign.template)
    if commitment is None:
        return Filed(f"There is no commitment `{campaign.template}` any more; its tasks stay as they are.")
    if commitment.file is None or commitment.file.connection != campaign.connection:
        return Filed(f"{commitment.title} is not filed here any more; its tasks stay as they are.")
    parent, seen, news = _observe(runtime, campaign, commitment, known)
    if parent is None or parent.status.closed:
        return Filed(f"{campaign.request_label} is gone or closed: nothing of {commitment.title} is filed there.")
    with transaction(runtime.engine) as session:
        links.save(session, campaign.id, campaign.connection, seen.values())
        events.add(session, OURSELVES, list(_delivered(runtime, commitment, campaign, seen, news)), runtime.now())
        for item in news:
            ledger.note(session, item.kind, item.sentence, campaign_id=campaign.id)
    return _write(runtime, campaign, commitment, parent, known | seen)


def _observe(
    runtime: Runtime, campaign: Campaign, commitment: Commitment, known: dict[str, LinkView]
) -> tuple[Task | None, dict[str, LinkView], list[News]]:
    """The task they stand under, the links that were read, and what people did."""
    today = calendar_of(runtime, commitment).date_of(runtime.now())
    read = {key: link for key, link in known.items() if link.task and _still_read(link, today - STILL_READ)}
    parent = TaskId(campaign.request_task)
    ids = [link.task.id for link in read.values() if link.task]
    found = runtime.trackers[campaign.connection].read([parent, *ids], campaigns.container_of(campaign))
    news: list[News] = []
    for key, link in read.items():
        read[key], told = settle(link, found.get(link.task.id) if link.task else None, today)
        news += told
    return found.get(parent), read, news


def _still_read(link: LinkView, since: date) -> bool:
    return link.open or (link.done_on is not None and link.done_on >= since)


def _delivered(
    runtime: Runtime, commitment: Commitment, campaign: Campaign, seen: dict[str, LinkView], news: Iterable[News]
) -> Iterator[Event]:
    """A finished task is an event like those that are posted."""
    now = runtime.now()
    for item in news:
        if item.kind == "status" and seen[item.key].status is Status.DONE:
            kind, subject = owed.delivered_by(commitment, item.key)
            yield Event(f"{campaign.id}:{item.key}:{now.isoformat()}", kind, now, subject)


def _write(
    runtime: Runtime, campaign: Campaign, commitment: Commitment, parent: Task, known: dict[str, LinkView]
) -> Filed:
    calendar = calendar_of(runtime, commitment)
    found = standing(runtime, commitment)
    since = calendar.date_of(campaign.created_at)
    plan = owed.plan_of(commitment, calendar, found.report, runtime.now(), since)
    nobody = decide.RequestView(task=None, rolled_up=Status.TODO)  # its own status is people's
    actions = decide.decide(plan, nobody, known)
    owners = (
        assignment.owners_of(runtime, campaign, parent, [*decide.missing(plan, known), *handed_over(plan, known)])
        if actions
        else {}
    )
    late = breaches.late_tasks(runtime, campaign, commitment, found.report, known)
    actions += taking_over.hand_over(runtime, campaign, parent, plan, known, owners, late)
    actions += breaches.on_tasks(runtime, campaign, commitment, found.report, known)
    applied = apply.carry_out(runtime, campaign, parent, known, actions, owners)
    filed = Filed(" ".join(map(str, applied.done)) or "Nothing to file.")
    filed.failures = [f"{action} {words}" for action, words in applied.failures]
    with transaction(runtime.engine) as session:
        links.save(session, campaign.id, campaign.connection, applied.links.values())
        for action in applied.done:
            ledger.note(session, type(action).__name__, str(action), campaign_id=campaign.id)
        for failure in filed.failures:
            ledger.note(session, "refused", failure, campaign_id=campaign.id)
    if applied.error:
        raise applied.error
    return filed


def _filed(runtime: Runtime, connection: str | None = None) -> Iterator[tuple[Commitment, Filing]]:
    for commitment in runtime.commitments().values():
        if commitment.file and connection in (None, commitment.file.connection):
            yield commitment, commitment.file


def _row(runtime: Runtime, commitment: Commitment, place: Filing) -> Campaign | None:
    with reading(runtime.engine) as session:
        return campaigns.standing(session, place.connection, commitment.id)


def _problem(runtime: Runtime, commitment: Commitment, place: Filing) -> str | None:
    if place.connection not in runtime.trackers:
        return f"there is no connection `{place.connection}`{did_you_mean(place.connection, runtime.trackers)}"
    found = _row(runtime, commitment, place) or _found(runtime, commitment, place)
    return found if isinstance(found, str) else None


def _open(runtime: Runtime, commitment: Commitment, place: Filing) -> Campaign | str:
    """The row of a commitment, or why it can have none."""
    campaign = _found(runtime, commitment, place)
    if isinstance(campaign, Campaign):
        with transaction(runtime.engine) as session:
            campaigns.save(session, campaign)
            told = f"{commitment.title} is filed under {campaign.request_label} from now on."
            ledger.note(session, "standing", told, campaign_id=campaign.id)
    return campaign


def _found(runtime: Runtime, commitment: Commitment, place: Filing) -> Campaign | str:
    """The row that it will have, not stored; a sentence where its task is not there or belongs to another."""
    try:
        task = runtime.trackers[place.connection].find_task(place.under)
    except TrackerError as error:
        return str(error)
    if task is None:
        return f"there is no task {place.under} in {place.connection}"
    with reading(runtime.engine) as session:
        taken = campaigns.of_request(session, place.connection, task.id)
    if taken:
        return f"{task.label} is that of “{taken.title}” already; name a task of its own"
    return Campaign(
        id=campaign_id(place.connection, task.id),
        connection=place.connection,
        request_task=task.id,
        request_label=task.label,
        request_url=task.url,
        title=commitment.title,
        template=commitment.id,
        template_version=str(commitment.version),
        calendar_snapshot=calendar_of(runtime, commitment).as_dict(),
        container_kind="subtasks",
        state="standing",
        created_at=runtime.now(),
    )
