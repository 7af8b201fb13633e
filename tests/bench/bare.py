"""The least that FastAPI can do with a webhook, to compare with: `python -m tests.bench.bare PORT`."""

from __future__ import annotations

import sys

import uvicorn
from fastapi import FastAPI, Request, Response

app = FastAPI()


@app.post("/hooks/{hook_id}", status_code=202)
async def receive(hook_id: str, request: Request) -> Response:
    """Read the body and forget it."""
    await request.body()
    return Response("stored", status_code=202, media_type="text/plain")


@app.get("/readyz")
async def ready() -> dict[str, str]:
    """It answers."""
    return {"status": "ok"}


if __name__ == "__main__":
    uvicorn.run(app, port=int(sys.argv[1]), log_config=None, access_log=False, server_header=False)
