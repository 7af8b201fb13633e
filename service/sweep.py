"""The scheduled catch-up: which tasks to look at because hooks may have missed them.

It asks for changes, so that it costs no more the more campaigns there are. What no tracker tells as a change is found
by looking at every campaign once a day, spread over the night.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from zlib import crc32

from sqlmodel import Session

from connectors.errors import NotFound, TrackerError
from service import connect
from service.runtime import Runtime
from service.store import campaigns, doubts, ledger, links, sweeps
from service.store.engine import reading
from service.store.tables import Sweep

OVERLAP = timedelta(minutes=10)
"""Read again before the last sweep: vendors' clocks differ, and Jira's index lags by minutes."""
FAR_BACK = timedelta(days=1)
"""How far a full sweep reads back, and each night's first."""
FIRST = timedelta(minutes=15)
"""How far back the first sweep reads: older requests are not ours to start."""
NIGHT_BEGINS, NIGHT_LASTS = time(5, tzinfo=UTC), timedelta(hours=4)
"""Night in the Americas, early morning in Europe."""


@dataclass(slots=True)
class Found:
    """What one sweep came to."""

    connection: str
    at: datetime
    tasks: set[str] = field(default_factory=set)
    """To be looked at."""
    moved: dict[str, datetime] = field(default_factory=dict)
    """Those among them that changed, and when they did by the tracker's clock."""
    read: list[Sweep] = field(default_factory=list)
    """Up to where each project has now been read."""
    open: set[str] = field(default_factory=set)
    """Every open task that the tracker told of."""
    tells_open: bool = False
    """Whether it tells of all of them."""
    unread: dict[str, TrackerError] = field(default_factory=dict)
    """Projects that could not be read, and why."""
    gone: set[str] = field(default_factory=set)
    """Projects of campaigns of their own that people have deleted since the last sweep."""


def changed(runtime: Runtime, connection: str, *, full: bool = False) -> Found:
    """Tasks of the connection's projects that changed since the last sweep, and campaigns whose hour has come.

    `full`: every campaign that is not over, and a day of changes whether they were looked at or not.
    """
    found = Found(connection, runtime.now())
    with reading(runtime.engine) as session:
        last = sweeps.latest(session, connection)
    back = FAR_BACK if full or (last and _night_began(last, found.at)) else OVERLAP
    projects = connect.watched(runtime, connection, gone=back is FAR_BACK)
    lost = [_read(runtime, found, project, back) for project in projects]
    with reading(runtime.engine) as session:
        found.moved |= dict.fromkeys(_missing(session, found), sweeps.MISSING)
        if not full:
            found.moved = sweeps.unseen(session, connection, found.moved)
        found.tasks |= found.moved.keys() | found.gone | set(campaigns.astray(session, connection))
        found.tasks |= set(doubts.requests(session, connection))
        if full or any(lost):
            found.tasks |= set(campaigns.unfinished_requests(session, connection)) | links.mirrored(session, connection)
        elif last and _nights(last, found.at):
            found.tasks |= set(due(campaigns.unfinished_requests(session, connection), last, found.at))
    return found


def remember(session: Session, found: Found) -> None:
    """The projects have been read up to then, in the transaction that asks for the runs."""
    sweeps.remember(session, found.connection, found.moved, found.at)
    for read in found.read:
        sweeps.read(session, read)
    for project in found.gone:
        sweeps.read(session, Sweep(connection=found.connection, project=project, until=sweeps.MISSING))
        told = f"The project {project} in {found.connection}, in which a campaign has its tasks, is gone there."
        ledger.note(session, "sweep", told)


def due(requests: Iterable[str], since: datetime, until: datetime) -> list[str]:
    """Those whose own moment of the night lies after `since`, up to `until`."""
    nights = _nights(since, until)
    return [request for request in requests if any(since < night + _share(request) <= until for night in nights)]


def _read(runtime: Runtime, found: Found, project: str, back: timedelta) -> bool:
    """Whether the tracker has lost the thread, so that everything must be looked at."""
    with reading(runtime.engine) as session:
        before = sweeps.of_project(session, found.connection, project)
    since = min(before.until, found.at) - back if before else found.at - FIRST
    try:
        moved = runtime.trackers[found.connection].changed_since(project, since, before.cursor if before else None)
    except TrackerError as error:
        served = runtime.settings.connections[found.connection].settings.projects
        if project in served or not isinstance(error, NotFound):
            found.unread[project] = error
        elif before is None or before.until != sweeps.MISSING:
            found.gone.add(project)
        return False
    for task, at in moved.tasks.items():
        found.moved[task] = max(at, found.moved.get(task, at))
    if moved.open is not None:
        found.open |= moved.open
        found.tells_open = True
    times = [*moved.tasks.values(), *([before.moved_at] if before and before.moved_at else [])]
    found.read.append(
        Sweep(
            connection=found.connection,
            project=project,
            until=found.at,
            cursor=moved.cursor,
            moved_at=max(times, default=None),
        )
    )
    return moved.lost


def _missing(session: Session, found: Found) -> set[str]:
    """Open tasks of ours that the tracker did not tell of: deleted, or taken elsewhere."""
    if found.unread or not found.tells_open:
        return set()
    return links.open_tasks(session, found.connection) - found.open - found.moved.keys()


def _nights(since: datetime, until: datetime) -> list[datetime]:
    """Beginnings of the nights of which some part lies between the two; the last two, however long that is."""
    days = [until.date() - timedelta(days=ago) for ago in (1, 0)]
    begins = [datetime.combine(day, NIGHT_BEGINS) for day in days]
    return [begin for begin in begins if begin <= until and since < begin + NIGHT_LASTS]


def _night_began(since: datetime, until: datetime) -> bool:
    return any(since < begin for begin in _nights(since, until))


def _share(request: str) -> timedelta:
    return NIGHT_LASTS * (crc32(request.encode()) % 10_000) / 10_000
