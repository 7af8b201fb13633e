"""`/api/commitments`: what is promised beside campaigns, and how it stands. For programs with a token.

401 and 403 as `service.web.auth` has them; 404 for a commitment that is not published; 422 for a wrong day.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Query
from pydantic import AfterValidator

from service.commitments import standing, standings
from service.core.calendar import COUNTED_YEARS
from service.core.offsets import did_you_mean
from service.runtime import Runtime
from service.web.auth import bearer


def _within_reach(day: date | None) -> date | None:
    if day and day.year not in COUNTED_YEARS:
        raise ValueError(f"{day} is not in the years {COUNTED_YEARS[0]} to {COUNTED_YEARS[-1]}")
    return day


def router(runtime: Runtime) -> APIRouter:
    """The list, and one of them."""
    allowed = [Depends(bearer(runtime.settings.api_tokens))]
    routes = APIRouter(prefix="/api/commitments", tags=["commitments"], dependencies=allowed)

    @routes.get("")
    def listing() -> dict[str, Any]:
        """How each of them stands, in a sentence."""
        return {"commitments": [found.short() for found in standings(runtime)]}

    @routes.get("/{name}")
    def one(
        name: str,
        day: Annotated[date | None, AfterValidator(_within_reach)] = None,
        most: Annotated[int, Query(ge=0, le=1_000)] = 100,
    ) -> dict[str, Any]:
        """Its verdict and all that it was made from: of a quota the period of `day`, of others what began since then.

        Of many leads or chats the `most` urgent.
        """
        known = runtime.commitments()
        if name not in known:
            guess = did_you_mean(name, known)
            raise HTTPException(404, f"there is no commitment `{name}`{guess}")
        return standing(runtime, known[name], day).as_dict(most)

    return routes
