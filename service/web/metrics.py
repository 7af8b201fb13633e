"""`GET /metrics`, for Prometheus: closed until a token is set, because it tells how busy a company is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from fastapi import APIRouter, Depends, Response
from pydantic import SecretStr

from service.exposition import CONTENT_TYPE, Metric, render
from service.web.auth import bearer


def router(tokens: Sequence[SecretStr], collect: Callable[[], Iterable[Metric]]) -> APIRouter:
    """One endpoint. Behind a proxy every caller seems to be on this machine, so that addresses open nothing."""
    routes = APIRouter(dependencies=[Depends(bearer(tokens))])

    @routes.get("/metrics", include_in_schema=False)
    def scrape() -> Response:
        """Everything that can be watched, as it stands now."""
        return Response(render(collect()), headers={"content-type": CONTENT_TYPE})

    return routes
