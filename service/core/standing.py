"""How a commitment stands, in one sentence for people and as JSON for programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, TypeAlias

from service.core.agreement import AgreementReport, Tally
from service.core.cadence import CadenceReport
from service.core.commitment import Commitment
from service.core.cycles import Clock, friendly
from service.core.explain import listed, long_day
from service.core.quota import QuotaReport, TargetState

Report: TypeAlias = CadenceReport | QuotaReport | AgreementReport


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One commitment at one instant."""

    commitment: Commitment
    kind: str
    report: Report
    at: datetime
    since: date
    """The first day of what was looked at."""

    @property
    def sentence(self) -> str:
        """What to tell somebody who asks in passing."""
        match self.report:
            case CadenceReport():
                return _cadence(self.report)
            case QuotaReport():
                return _quota(self.report)
            case AgreementReport():
                return _agreement(self.report)

    def short(self) -> dict[str, Any]:
        """As JSON, one line of a list."""
        said = self.commitment
        return {
            "id": said.id,
            "kind": self.kind,
            "title": said.title,
            "version": said.version,
            "verdict": self.report.verdict,
            "sentence": self.sentence,
        }

    def as_dict(self, most: int) -> dict[str, Any]:
        """As JSON, with everything that the verdict was made from; of many leads or chats the `most` urgent."""
        report, more = self.report, {}
        if isinstance(report, AgreementReport):
            report, more = replace(report, items=report.items[:most]), {"items_in_all": len(report.items)}
        who = {"contacts": plain(self.commitment.contacts), "at": plain(self.at), "since": plain(self.since)}
        return self.short() | who | {"report": plain(report) | more}


def plain(value: Any) -> Any:
    """As JSON values: instants in ISO text, amounts of time in milliseconds and as people say them."""
    if isinstance(value, Clock):
        return value.as_dict()
    if is_dataclass(value):
        told = {field.name: plain(getattr(value, field.name)) for field in fields(value)}
        return told | ({"percent": value.percent} if isinstance(value, Tally) else {})
    if isinstance(value, Mapping):
        return {str(name): plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, timedelta):
        return {"millis": value // timedelta(milliseconds=1), "friendly": friendly(value)}
    return value


def _cadence(report: CadenceReport) -> str:
    late = [
        f"“{task.title}”, due {long_day(task.due_on)}{_missing(task.missing)}"
        for occurrence in report.occurrences
        for task in occurrence.tasks
        if task.verdict == "late" and task.done_at is None
    ]
    done = f"{report.in_time} of {report.delivered} delivered in time"
    ahead = f"next on {long_day(report.occurrences[-1].at.date())}" if report.occurrences else "nothing ahead"
    return f"{done}; {f'late: {listed(late)}; ' if late else ''}{ahead}"


def _missing(sections: Sequence[str]) -> str:
    names = listed([section.replace("_", " ") for section in sections])
    return f" (without {names})" if sections else ""


def _quota(report: QuotaReport) -> str:
    days = f"{report.elapsed} of {report.business_days} business days"
    return f"{report.period.name}, {days}: {'; '.join(map(_target, report.targets))}"


def _target(target: TargetState) -> str:
    name = f"{target.label} of {target.each}" if target.each else target.label
    most = f" to {target.at_most}" if target.at_most is not None else ""
    owed = f" of {target.at_least}{most}" if target.at_least is not None else f" of at most {target.at_most}"
    behind = f", behind {target.behind}" if target.behind else ""
    wrong = [f"{part.label} {part.count}" for part in target.parts if part.light != "green"]
    parts = f", {listed(wrong)} out of band" if wrong else ""
    return f"{name} {target.count}{owed}{behind} ({target.state.replace('_', ' ')}{parts})"


def _agreement(report: AgreementReport) -> str:
    told = [f"{name.replace('_', ' ')}: {_tally(tally)}" for name, tally in report.counts.items()]
    if report.acceptance:
        told.append(f"taken on: {_counted(report.acceptance)}")
    return "; ".join(told) or f"{len(report.items)} so far"


def _tally(tally: Tally) -> str:
    return f"{_counted(tally.verdicts)}{f' ({tally.percent} % done)' if tally.of else ''}"


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in sorted(counts.items())) or "none so far"
