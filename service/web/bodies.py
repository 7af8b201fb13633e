"""Request bodies, read no further than their limit."""

from __future__ import annotations

from fastapi import HTTPException, Request


async def body_of(request: Request, limit: int) -> bytes:
    """The whole body; 413 for one of more than `limit` bytes."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise HTTPException(413, f"a body may have {limit} bytes at most")
    return bytes(body)
