"""Open time: how much of a stretch of instants a calendar is open, and when an amount of it has passed.

The open stretches of a calendar stand in one table as instants, with the open time before each. Daylight saving, half
days, lunch and night shifts are all settled when the table is built; each question then takes one bisection.

Instants are microseconds since 1970 (UTC) and amounts are microseconds, so that nothing is ever rounded.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from operator import itemgetter
from typing import NamedTuple
from zoneinfo import ZoneInfo

from service.core.calendar import ALL_DAY, Calendar

MICROSECOND = timedelta(microseconds=1)
SECOND, MINUTE, HOUR = 1_000_000, 60_000_000, 3_600_000_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = 24 * 60
_ONE_DAY = timedelta(days=1)
_REACH = 200
"""Years of one table: nobody agrees on more, and a goal with noughts too many must not keep us busy."""
_SLACK = 92 * 24 * HOUR
# A day further in and out than dates go, because time zones reach over the edge.
_FIRST_DAY, _LAST_DAY = date(1, 1, 3), date(9999, 12, 29)

Pause = tuple[int, int | None]
"""From, and up to but not including; None while it lasts."""


def instant(at: datetime) -> int:
    """The instant as microseconds since 1970; raises `ValueError` for one without a time zone."""
    if at.tzinfo is None:
        raise ValueError(f"{at} has no time zone")
    return (at - EPOCH) // MICROSECOND


def moment(at: int) -> datetime:
    """The other way round, in UTC."""
    return EPOCH + timedelta(microseconds=at)


def united(pauses: Iterable[Pause]) -> Iterator[Pause]:
    """The pauses in order, those that touch or overlap as one."""
    last: Pause | None = None
    for begins, ends in sorted(pauses, key=itemgetter(0)):
        if ends is not None and ends <= begins:
            continue
        if last is None or (last[1] is not None and begins > last[1]):
            if last:
                yield last
            last = begins, ends
        elif last[1] is not None:
            last = last[0], None if ends is None else max(last[1], ends)
    if last:
        yield last


class _Table(NamedTuple):
    """The open stretches of `covers`, which are apart from each other and in order.

    They stand as edges, opening and closing in turn, so that an odd number of edges behind an instant means open.
    """

    covers: tuple[int, int]
    edges: list[int]
    base: list[int]
    """For each number of edges behind an instant: the open time so far, less the last opening while open."""
    upto: list[int]
    """Open time of the table up to each closing."""

    def position(self, at: int) -> int:
        """Open time of the table before an instant."""
        behind = bisect_right(self.edges, at)
        return self.base[behind] + at if behind & 1 else self.base[behind]


class OpenHours:
    """The open time of one calendar. Threads may share it: a table is replaced as a whole."""

    def __init__(self, calendar: Calendar) -> None:
        self._calendar = calendar
        self._zone = ZoneInfo(calendar.time_zone)
        self._table = _Table((0, 0), [], [0], [])

    def elapsed(self, start: int, end: int, pauses: Sequence[Pause] = ()) -> int:
        """Open time from `start` to `end` outside the pauses; 0 when the end is not after the start."""
        if end <= start:
            return 0
        _, edges, base, _ = self._reaching(start, end)
        total = _between(edges, base, start, end)
        reached, latest = start, None
        for begins, until in pauses:
            if latest is not None and begins < latest:  # rare, so that sorting is not paid for by all
                return self.elapsed(start, end, sorted(pauses, key=itemgetter(0)))
            latest = begins
            begins = begins if begins > reached else reached  # noqa: PLW2901 - the part before it is counted already
            until = end if until is None or until > end else until  # noqa: PLW2901 - nobody asks what comes after
            if until > begins:
                total -= _between(edges, base, begins, until)
                reached = until
        return total

    def due(self, start: int, amount: int, pauses: Iterable[Pause] = ()) -> int | None:
        """The first instant at which so much open time has passed since `start` outside the pauses.

        An amount that is used up at closing is due at closing, not at the next opening. None when a pause that still
        lasts comes first. Raises `OverflowError` for more than anybody can mean.
        """
        at = start
        for begins, until in united(pauses):
            if until is not None and until <= at:
                continue
            worked = self.elapsed(at, begins)
            if worked >= amount:
                break
            if until is None:
                return None
            amount -= worked
            at = until
        return self._after(at, amount)

    def stretches(self, start: int, end: int) -> Iterator[tuple[int, int, bool]]:
        """The time from `start` to `end` cut where the calendar opens and closes: from, to, and whether it is open."""
        edges = self._reaching(start, end).edges
        behind, at = bisect_right(edges, start), start
        while at < end:
            until = min(edges[behind], end) if behind < len(edges) else end
            yield at, until, bool(behind & 1)
            at = until
            behind += 1

    def is_open(self, at: int) -> bool:
        """Whether work is done at that instant; closing time itself is closed."""
        return bool(bisect_right(self._reaching(at, at).edges, at) & 1)

    def within(self, at: int) -> int:
        """The instant itself while open and at closing, else the next opening."""
        table = self._reaching(at, at)
        while (behind := bisect_left(table.edges, at)) == len(table.edges):
            table = self._longer(table)
        return at if behind & 1 else table.edges[behind]

    def closing(self, day: date) -> int:
        """When the calendar closes on that day, or the end of the day where it does not open."""
        windows = self._calendar.hours_on(day)
        return self._on(day, max(window.closes for window in windows) if windows else _DAY)

    def _after(self, start: int, amount: int) -> int:
        if amount <= 0:
            return start
        table = self._reaching(start, start + amount)
        while table.position(start) + amount > table.base[-1]:
            table = self._longer(table)
        position = table.position(start) + amount
        index = bisect_left(table.upto, position)
        return table.edges[2 * index + 1] - (table.upto[index] - position)

    def _reaching(self, start: int, end: int) -> _Table:
        table = self._table
        if table.covers[0] <= start and end <= table.covers[1]:
            return table
        low, high = start - _SLACK, end + _SLACK
        if table.edges:
            low, high = min(low, table.covers[0]), max(high, table.covers[1])
        self._table = table = self._tabulate(_day(low), _day(high))
        if not (table.covers[0] <= start and end <= table.covers[1]):
            raise OverflowError(f"{self._calendar.name}: the calendar does not reach that far")
        return table

    def _longer(self, table: _Table) -> _Table:
        """The same table, reaching twice as far into the future."""
        low, high = table.covers
        self._table = longer = self._tabulate(_day(low), _day(high + high - low))
        if longer.covers[1] <= high:
            raise OverflowError(f"{self._calendar.name}: so much open time leads out of the calendar")
        return longer

    def _tabulate(self, first: date, last: date) -> _Table:
        if last.year - first.year > _REACH:
            raise OverflowError(f"{self._calendar.name}: that is more than {_REACH} years of open time")
        table = _Table((self._on(first, 0), self._on(last, _DAY)), [], [0], [])
        total = 0
        for opens, closes in united(self._stretches(first, last)):
            assert closes is not None  # noqa: S101 - only a pause can be without an end
            table.edges.extend((opens, closes))
            table.base.append(total - opens)
            total += closes - opens
            table.base.append(total)
            table.upto.append(total)
        return table

    def _stretches(self, first: date, last: date) -> Iterator[Pause]:
        """Every window of every day as instants; two that touch may overlap where clocks are changed."""
        midnight, offset = self._midnight(first)
        for ordinal in range(first.toordinal(), last.toordinal() + 1):
            day = date.fromordinal(ordinal)
            next_midnight, next_offset = self._midnight(day + _ONE_DAY)
            for opens, closes in self._calendar.hours_on(day):
                if offset == next_offset:  # nobody changes the clocks on this day: nothing to look up
                    yield midnight + opens * MINUTE, midnight + closes * MINUTE
                else:
                    yield self._on(day, opens), self._on(day, closes)
            midnight, offset = next_midnight, next_offset

    def _midnight(self, day: date) -> tuple[int, timedelta | None]:
        """When a day begins, and how far its clocks are from UTC then."""
        begins = datetime.combine(day, time(), tzinfo=self._zone)
        return instant(begins), begins.utcoffset()

    def _on(self, day: date, minutes: int) -> int:
        """The instant of a time on the wall: where the clock leaves it out, or shows it twice, as RFC 5545 has it.

        https://www.rfc-editor.org/rfc/rfc5545#section-3.3.5 and https://peps.python.org/pep-0495/ (fold 0)
        """
        begins = datetime.combine(day, time(), tzinfo=self._zone)
        return instant(begins + timedelta(minutes=minutes))


def _between(edges: list[int], base: list[int], start: int, end: int) -> int:
    """Open time between two instants: `_Table.position` of both, spelled out because clocks ask nothing more often."""
    behind = bisect_right(edges, end)
    total = base[behind] + end if behind & 1 else base[behind]
    behind = bisect_right(edges, start)
    return total - base[behind] - start if behind & 1 else total - base[behind]


def _day(at: int) -> date:
    """The day of an instant in UTC, or the first or last that a table can have."""
    try:
        return min(max(moment(at).date(), _FIRST_DAY), _LAST_DAY)
    except OverflowError:
        return _LAST_DAY if at > 0 else _FIRST_DAY


@lru_cache(maxsize=256)
def open_hours(calendar: Calendar) -> OpenHours:
    """The open time of a calendar; equal calendars share one table."""
    return OpenHours(calendar)


ALWAYS = Calendar("always", weekmask="1111111", working_hours=(ALL_DAY,) * 7)
"""Open day and night: what `hours` and `minutes` are counted on."""
