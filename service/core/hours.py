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
_YEAR = 366 * 24 * HOUR
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
    """The open stretches of `covers`, which are apart from each other and in order."""

    covers: tuple[int, int]
    opens: list[int]
    closes: list[int]
    before: list[int]
    """Open time of the table before each stretch."""
    upto: list[int]
    """Open time of the table up to the end of each stretch."""

    def position(self, at: int) -> int:
        """Open time of the table before an instant."""
        index = bisect_right(self.opens, at) - 1
        if index < 0:
            return 0
        closes = self.closes[index]
        return self.before[index] + (at if at < closes else closes) - self.opens[index]


class OpenHours:
    """The open time of one calendar. Threads may share it: a table is replaced as a whole."""

    def __init__(self, calendar: Calendar) -> None:
        self._calendar = calendar
        self._zone = ZoneInfo(calendar.time_zone)
        self._table = _Table((0, 0), [], [], [], [])

    def elapsed(self, start: int, end: int, pauses: Sequence[Pause] = ()) -> int:
        """Open time from `start` to `end` outside the pauses; 0 when the end is not after the start."""
        if end <= start:
            return 0
        position = self._reaching(start, end).position
        total = position(end) - position(start)
        if not pauses:
            return total
        reached = start
        for begins, until in pauses if len(pauses) == 1 else sorted(pauses, key=itemgetter(0)):
            if begins < reached:
                begins = reached  # noqa: PLW2901 - the part before it is counted already
            if until is None or until > end:
                until = end  # noqa: PLW2901 - what lies after the end is not asked for
            if until > begins:
                total -= position(until) - position(begins)
                reached = until
        return total

    def due(self, start: int, amount: int, pauses: Iterable[Pause] = ()) -> int | None:
        """The first instant at which so much open time has passed since `start` outside the pauses.

        An amount that is used up at closing is due at closing, not at the next opening. None when a pause that still
        lasts comes first. Raises `OverflowError` where dates end.
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
        table = self._reaching(start, end)
        index, at = bisect_right(table.closes, start), start
        while at < end:
            opens = table.opens[index] if index < len(table.opens) else end
            if at < opens:
                yield at, min(opens, end), False
                at = opens
            else:
                yield at, min(table.closes[index], end), True
                at = table.closes[index]
                index += 1

    def is_open(self, at: int) -> bool:
        """Whether work is done at that instant; closing time itself is closed."""
        table = self._reaching(at, at)
        index = bisect_right(table.opens, at) - 1
        return index >= 0 and at < table.closes[index]

    def within(self, at: int) -> int:
        """The instant itself while open and at closing, else the next opening."""
        table = self._reaching(at, at)
        while (index := bisect_left(table.closes, at)) == len(table.closes):
            table = self._longer(table)
        return max(at, table.opens[index])

    def closing(self, day: date) -> int:
        """When the calendar closes on that day, or the end of the day where it does not open."""
        windows = self._calendar.hours_on(day)
        return self._on(day, max(window.closes for window in windows) if windows else _DAY)

    def _after(self, start: int, amount: int) -> int:
        if amount <= 0:
            return start
        table = self._reaching(start, start + amount)
        while table.position(start) + amount > (table.upto[-1] if table.upto else 0):
            table = self._longer(table)
        position = table.position(start) + amount
        index = bisect_left(table.upto, position)
        return table.opens[index] + position - table.before[index]

    def _reaching(self, start: int, end: int) -> _Table:
        table = self._table
        if table.covers[0] <= start and end <= table.covers[1]:
            return table
        low, high = start - _YEAR, end + _YEAR
        if table.opens:
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
        stretches: list[Pause] = []
        for ordinal in range(first.toordinal(), last.toordinal() + 1):
            day = date.fromordinal(ordinal)
            windows = self._calendar.hours_on(day)
            stretches += ((self._on(day, window.opens), self._on(day, window.closes)) for window in windows)
        table = _Table((self._on(first, 0), self._on(last, _DAY)), [], [], [], [])
        total = 0
        for opens, closes in united(stretches):
            assert closes is not None  # noqa: S101 - only a pause can be without an end
            table.opens.append(opens)
            table.closes.append(closes)
            table.before.append(total)
            total += closes - opens
            table.upto.append(total)
        return table

    def _on(self, day: date, minutes: int) -> int:
        """The instant of a time on the wall: where the clock leaves it out, or shows it twice, as RFC 5545 has it.

        https://www.rfc-editor.org/rfc/rfc5545#section-3.3.5 and https://peps.python.org/pep-0495/ (fold 0)
        """
        midnight = datetime.combine(day, time(), tzinfo=self._zone)
        return instant(midnight + timedelta(minutes=minutes))


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
