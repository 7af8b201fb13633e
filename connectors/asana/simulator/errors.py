"""Asana's refusals (https://developers.asana.com/docs/errors)."""

from __future__ import annotations

from typing import Any

HELP = (
    "For more information on API status codes and how to handle them, read the docs on errors: "
    "https://developers.asana.com/docs/errors"
)


class ApiError(Exception):
    """Answered with `status` and Asana's error body; `extra` stands beside `errors`."""

    def __init__(self, status: int, message: str, **extra: Any) -> None:
        super().__init__(message)
        self.status, self.body = status, error_body(message) | extra


def error_body(message: str) -> dict[str, Any]:
    """`{"errors": [{"message", "help"}]}`."""
    return {"errors": [{"message": message, "help": HELP}]}


def bad(key: str, message: str) -> ApiError:
    """400 about one input."""
    return ApiError(400, f"{key}: {message}")
