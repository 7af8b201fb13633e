"""When a duty recurs: the part of RFC 5545's RRULE that people mean by weekly, monthly, quarterly, every 91 days.

https://www.rfc-editor.org/rfc/rfc5545#section-3.3.10
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Literal

from dateutil import rrule

from service.core.offsets import did_you_mean

PARTS = ("FREQ", "INTERVAL", "BYDAY", "BYMONTHDAY", "BYMONTH", "BYHOUR", "BYMINUTE")
FREQUENCIES: dict[str, Literal[1, 2, 3]] = {"DAILY": rrule.DAILY, "WEEKLY": rrule.WEEKLY, "MONTHLY": rrule.MONTHLY}
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_BY_DAY = re.compile(r"([+-]?[1-5])?([A-Z]{2})")
_SAFE_MONTH_DAYS = frozenset((*range(1, 29), -1))
_BACK = timedelta(days=62)
"""How far before a stretch to begin counting, where no first day is given: no rule of interval 1 looks further."""


@dataclass(frozen=True, slots=True)
class Recurrence:
    """A rule with at most one occurrence a day; the time of day is local wall time."""

    text: str
    freq: str
    interval: int
    by_day: tuple[tuple[int, str], ...]
    """Which one of the month (0: each) and the weekday."""
    by_month_day: tuple[int, ...]
    by_month: tuple[int, ...]
    at: time

    def __str__(self) -> str:
        return self.text

    @classmethod
    def parse(cls, written: object) -> Recurrence:
        """From `FREQ=WEEKLY;BYDAY=MO;BYHOUR=10`; raises `ValueError` for what we do not count."""
        if isinstance(written, Recurrence):
            return written
        if not isinstance(written, str):
            raise ValueError(f"`{written}` is not a rule; write it like 'FREQ=WEEKLY;BYDAY=MO;BYHOUR=10'")
        parts = _parts(written)
        rule = cls(
            text=written,
            freq=_frequency(parts),
            interval=_numbers(parts, "INTERVAL", range(1, 1000), "1")[0],
            by_day=tuple(_weekday(word) for word in parts.get("BYDAY", "").split(",") if word),
            by_month_day=_month_days(parts),
            by_month=_numbers(parts, "BYMONTH", range(1, 13)),
            at=_time(parts),
        )
        _fits(rule)
        return rule

    def days(self, first: date | None, low: date, high: date) -> list[date]:
        """The days on which it falls from `low` up to `high`; `first` is where counting begins."""
        begin = first or low - _BACK
        if self.interval == 1:
            begin = max(begin, low - _BACK)
        found = rrule.rrule(
            FREQUENCIES[self.freq],
            dtstart=datetime.combine(begin, time.min),
            interval=self.interval,
            byweekday=[_of_dateutil(nth, day) for nth, day in self.by_day] or None,
            bymonthday=self.by_month_day or None,
            bymonth=self.by_month or None,
        )
        between = found.between(datetime.combine(low, time.min), datetime.combine(high, time.min), inc=True)
        return [moment.date() for moment in between]


def _parts(written: str) -> dict[str, str]:
    parts: dict[str, str] = {}
    for piece in filter(None, written.strip().removeprefix("RRULE:").split(";")):
        name, equals, value = piece.partition("=")
        if not equals or not value:
            raise ValueError(f"`{piece}` says nothing; write it like `BYDAY=MO`")
        if name in ("COUNT", "UNTIL"):
            raise ValueError(f"`{name}` is not counted: a cadence goes on until its file is taken away")
        if name not in PARTS:
            close = did_you_mean(name, [part.lower() for part in PARTS]).upper().replace("DID YOU MEAN", "did you mean")
            raise ValueError(f"`{name}` is not counted; a cadence knows {', '.join(PARTS)}{close}")
        if name in parts:
            raise ValueError(f"`{name}` stands here a second time")
        parts[name] = value
    return parts


def _frequency(parts: dict[str, str]) -> str:
    freq = parts.get("FREQ", "")
    if freq == "YEARLY":
        raise ValueError("`FREQ=YEARLY` is not counted; write `FREQ=MONTHLY` with `BYMONTH`")
    if freq not in FREQUENCIES:
        raise ValueError(f"`FREQ={freq}` is not counted; a cadence is {', '.join(FREQUENCIES)}")
    return freq


def _numbers(parts: dict[str, str], name: str, allowed: range, default: str = "") -> tuple[int, ...]:
    words = [word for word in parts.get(name, default).split(",") if word]
    for word in words:
        if not re.fullmatch(r"\d{1,4}", word) or int(word) not in allowed:
            raise ValueError(f"`{name}={word}`: a number from {allowed[0]} to {allowed[-1]} is meant")
    return tuple(map(int, words))


def _month_days(parts: dict[str, str]) -> tuple[int, ...]:
    days = []
    for word in filter(None, parts.get("BYMONTHDAY", "").split(",")):
        if not re.fullmatch(r"-?\d{1,2}", word) or int(word) not in _SAFE_MONTH_DAYS:
            raise ValueError(f"`BYMONTHDAY={word}` is not in every month; write 1 to 28, or -1 for the last day")
        days.append(int(word))
    return tuple(days)


def _weekday(word: str) -> tuple[int, str]:
    found = _BY_DAY.fullmatch(word)
    if not found or found[2] not in WEEKDAYS:
        raise ValueError(f"`BYDAY={word}` is not a weekday; write {', '.join(WEEKDAYS)}")
    return int(found[1] or 0), found[2]


def _time(parts: dict[str, str]) -> time:
    if "BYMINUTE" in parts and "BYHOUR" not in parts:
        raise ValueError("`BYMINUTE` needs `BYHOUR`")
    hours, minutes = _numbers(parts, "BYHOUR", range(24), "0"), _numbers(parts, "BYMINUTE", range(60), "0")
    if len(hours) > 1 or len(minutes) > 1:
        raise ValueError("a cadence falls once a day: write one `BYHOUR` and one `BYMINUTE`")
    return time(hours[0], minutes[0])


def _fits(rule: Recurrence) -> None:
    if rule.freq == "WEEKLY" and not rule.by_day:
        raise ValueError("say on which weekday, like `FREQ=WEEKLY;BYDAY=MO`")
    if rule.freq == "MONTHLY" and not (rule.by_day or rule.by_month_day):
        raise ValueError("say on which day of the month, like `BYMONTHDAY=1`, `BYMONTHDAY=-1` or `BYDAY=1MO`")
    if rule.freq != "MONTHLY" and (rule.by_month_day or any(nth for nth, _ in rule.by_day)):
        raise ValueError("`BYMONTHDAY` and days like `1MO` belong to `FREQ=MONTHLY`")


def _of_dateutil(nth: int, day: str) -> rrule.weekday:
    weekday = rrule.weekdays[WEEKDAYS.index(day)]
    return weekday(nth) if nth else weekday
