"""`GET /metrics`, for Prometheus: closed until a token is set, because it tells how busy a company is."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Response

from service.exposition import CONTENT_TYPE, render
from service.metrics import Metrics
from service.runtime import Runtime
from service.web.auth import bearer


def router(runtime: Runtime) -> APIRouter:
    """One endpoint. Behind a proxy every caller seems to be on this machine, so that addresses open nothing."""
    routes = APIRouter(dependencies=[Depends(bearer(runtime.settings.api_tokens))])
    metrics = Metrics(runtime)

    @routes.get("/metrics", include_in_schema=False)
    def scrape() -> Response:
        """Everything that can be watched, as it stands now."""
        return Response(render(metrics.collect()), headers={"content-type": CONTENT_TYPE})

    return routes
