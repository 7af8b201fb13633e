"""`/api/campaigns`: move a campaign's launch, or see what that would do.

401 and 403 as `service.web.auth` has them; 404 for a campaign that is not there or is over; 413 for a body over the
limit; 422 for dates that cannot be; 502 where the tracker does not answer as it should.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Annotated, Any

import anyio.to_thread
from fastapi import APIRouter, Depends, HTTPException, Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from connectors.errors import TrackerError
from service import asking, reschedule
from service.runtime import Runtime
from service.web.auth import bearer
from service.web.bodies import body_of

BY = "a program"


class Reschedule(BaseModel):
    """When the launch is to be."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    day: Annotated[date | None, Field(alias="date", examples=["2027-02-10"])] = None
    """The date that the template lets move."""
    inputs: Annotated[dict[str, date], Field(max_length=50)] = {}
    """Other dates of the request, by the input's name."""
    apply: bool = False
    """Do it; else the answer only says what would happen."""


def router(runtime: Runtime, ring: Callable[[], None]) -> APIRouter:
    """For programs with a token."""
    guard = Depends(bearer(runtime.settings.api_tokens))
    routes = APIRouter(prefix="/api/campaigns", tags=["campaigns"], dependencies=[guard])
    limit = runtime.settings.max_body_kb * 1024

    @routes.post(
        "/{campaign}/reschedule",
        openapi_extra={"requestBody": {"content": {"application/json": {"schema": Reschedule.model_json_schema()}}}},
        responses={422: {"description": "Dates that cannot be."}},
    )
    async def move(campaign: str, request: Request) -> dict[str, Any]:
        """What moves, why, and what stays; with `apply` it is done within a second or so."""
        body = await body_of(request, limit)
        return await anyio.to_thread.run_sync(_move, runtime, ring, campaign, body)

    return routes


def _move(runtime: Runtime, ring: Callable[[], None], name: str, body: bytes) -> dict[str, Any]:
    try:
        campaign = reschedule.campaign_named(runtime, name)
    except reschedule.CannotMove as error:
        raise HTTPException(404, str(error)) from None
    try:
        wanted = Reschedule.model_validate_json(body or b"{}")
        inputs = reschedule.inputs_of(campaign, wanted.day, wanted.inputs)
        if not inputs:
            raise reschedule.CannotMove("no date is given")
        foreseen = reschedule.foresee(runtime, campaign, inputs)
        if wanted.apply:
            reschedule.move(runtime, foreseen, BY)
            asking.look_at(runtime, [campaign])
            ring()
    except ValidationError as error:
        wrong = error.errors(include_url=False, include_input=False)[0]
        raise HTTPException(422, f"{'.'.join(map(str, wrong['loc']))}: {wrong['msg']}") from None
    except reschedule.CannotMove as error:
        raise HTTPException(422, f"{error}. {error.remedy}".strip()) from None
    except TrackerError as error:
        raise HTTPException(502, str(error)) from None
    return {
        "applied": wanted.apply,
        "revision": foreseen.revision.as_dict() if foreseen.revision else None,
        "actions": [str(action) for action in foreseen.actions],
    }
