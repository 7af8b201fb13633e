"""`/api/templates`: what can be asked for, and whether it can be had, before anybody files a request.

401 and 403 as `service.web.auth` has them; 404 for a template that is not published; 413 for a body over the limit;
422 with every wrong field; 503 while too many plans wait. An impossible date is an answer like any other: 200.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, Any

import anyio
import anyio.to_thread
from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, StrictStr, ValidationError

from service import publishing
from service.core.offsets import did_you_mean
from service.core.plan import InputProblems
from service.core.template import Template
from service.previewing import answer, preview
from service.runtime import Runtime
from service.web.auth import bearer
from service.web.bodies import body_of

MOST_WAITING = 20
"""Plans that wait for their turn; whoever comes then is asked to come again."""
AROUND = timedelta(days=366)
"""How far `asked_on` may be from today, because the holidays of a few years are known."""
ASKED = "should be a text of 10,000 characters at most, a whole number, true, false, or a list of texts"
Text = Annotated[StrictStr, Field(max_length=10_000)]

Texts = Annotated[list[Text], Field(max_length=100)]


class PreviewRequest(BaseModel):
    """What somebody would like to have."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    inputs: Annotated[
        dict[str, StrictBool | StrictInt | Text | Texts | None],
        Field(max_length=200, examples=[{"day": "2027-01-21"}]),
    ] = {}
    """The template's inputs, by name; dates as year-month-day."""
    asked_on: date | None = None
    """The day on which the request is complete; today unless given."""


def router(runtime: Runtime) -> APIRouter:
    """Three endpoints, for programs with a token."""
    routes = APIRouter(
        prefix="/api/templates", tags=["templates"], dependencies=[Depends(bearer(runtime.settings.api_tokens))]
    )
    limit = runtime.settings.max_body_kb * 1024
    # One plan at a time: threads would only share one core, and slow the answers to webhooks.
    turn = anyio.CapacityLimiter(1)

    @routes.get("")
    def listing() -> dict[str, Any]:
        """The newest published version of every template."""
        found = publishing.all_in_use(runtime.engine)
        return {"templates": [_short(template) for template in found.values()]}

    @routes.get("/{template}")
    def one(template: str) -> dict[str, Any]:
        """Everything that a template says, as it is published."""
        return _whole(_published(runtime, template))

    @routes.post(
        "/{template}/preview",
        openapi_extra={
            "requestBody": {"content": {"application/json": {"schema": PreviewRequest.model_json_schema()}}},
        },
        responses={
            200: {"description": "The dated plan, and whether it can be kept."},
            422: {"description": "Wrong fields."},
        },
    )
    async def ask(template: str, request: Request) -> JSONResponse:
        """Can I have it on that day? The dated plan, or what stands against it and what could be had."""
        body = await body_of(request, limit)
        if turn.statistics().tasks_waiting >= MOST_WAITING:
            raise HTTPException(503, "too many plans wait; come again", headers={"Retry-After": "1"})
        return await anyio.to_thread.run_sync(_preview, runtime, template, body, limiter=turn)

    return routes


def _preview(runtime: Runtime, name: str, body: bytes) -> JSONResponse:
    template = _published(runtime, name)
    today = runtime.now().date()
    try:
        wanted = PreviewRequest.model_validate_json(body or b"{}")
        asked_on = wanted.asked_on or today
        if abs(asked_on - today) > AROUND:
            return _wrong(("asked_on", f"{asked_on} is more than a year from today, {today}"))
        plan = preview(template, runtime.catalogue, wanted.inputs, asked_on)
    except LookupError as error:
        raise HTTPException(503, str(error)) from error
    except ValidationError as error:
        return _wrong(*map(_told, error.errors(include_url=False, include_input=False)))
    except InputProblems as error:
        return _wrong(*((problem.field, problem.message) for problem in error.problems))
    return JSONResponse(answer(template, plan))


def _published(runtime: Runtime, name: str) -> Template:
    template = publishing.in_use(runtime.engine, name)
    if template is None:
        guess = did_you_mean(name, publishing.all_in_use(runtime.engine))
        raise HTTPException(404, f"there is no template `{name}`{guess}")
    return template


def _short(template: Template) -> dict[str, Any]:
    return template.model_dump(
        mode="json", include={"id", "version", "title", "description", "goal", "scope", "lead_time", "turnaround"}
    )


def _whole(template: Template) -> dict[str, Any]:
    return template.model_dump(mode="json", by_alias=True, exclude={"library"})


def _told(details: Any) -> tuple[str, str]:
    field, *inside = map(str, details["loc"] or [""])
    if field == "inputs" and inside:
        return inside[0], ASKED
    unknown = details["type"] == "extra_forbidden"
    return field, f"`{field}` is not known here; write your answers under `inputs`" if unknown else str(details["msg"])


def _wrong(*problems: tuple[str, str]) -> JSONResponse:
    told = [{"field": field, "problem": problem} for field, problem in dict.fromkeys(problems)]
    return JSONResponse({"problems": told}, status_code=422)
