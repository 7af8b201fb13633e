"""What runs over campaigns saw, told as events: the trackers' half of what clocks and commitments are judged by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from connectors.contract import Task
from service.core import happened
from service.core.event import Event
from service.core.merge import LinkView, News
from service.core.plan import Plan
from service.core.template import Template
from service.runtime import Runtime
from service.store.tables import Campaign

SEEN = "request_status"
"""Where a campaign keeps the status in which its request was last seen."""


@dataclass(frozen=True, slots=True)
class Before:
    """The campaign as a run found it."""

    state: str
    waited: bool
    request_status: str | None

    @classmethod
    def of(cls, campaign: Campaign) -> Before:
        """What is stored."""
        agreed = campaign.agreed
        return cls(campaign.state, bool(agreed.get("waited")), agreed.get(SEEN))


def of_tasks(runtime: Runtime, campaign: Campaign, news: Iterable[News], links: Mapping[str, LinkView]) -> list[Event]:
    """What people did with its tasks."""
    plan = Plan.from_dict(campaign.plan) if campaign.plan else None
    told = [item for item in news if item.key in links]
    if plan is None or not told:
        return []
    launch = happened.launching(Template.model_validate(campaign.template_snapshot), plan)
    return list(happened.to_tasks(_subject(runtime, campaign), told, links, plan, launch))


def of_campaign(runtime: Runtime, campaign: Campaign, was: Before, request: Task | None) -> list[Event]:
    """What became of it, and of its request."""
    subject, now = _subject(runtime, campaign), runtime.now()
    filed_at = (request.created_at if request else None) or now
    found = list(happened.to_campaign(subject, was.state, campaign.state, now if was.waited else filed_at))
    found += happened.to_request(subject, was.request_status, request.status if request else None)
    if was.request_status is None and request:
        found.append(happened.filed(subject, filed_at))
    return found


def _subject(runtime: Runtime, campaign: Campaign) -> happened.Subject:
    known: dict[str, Any] = {
        "template": campaign.template,
        "request": campaign.request_label,
        "title": campaign.title,
    }
    return happened.Subject(id=campaign.id, facts={**campaign.inputs, **known}, now=runtime.now())
