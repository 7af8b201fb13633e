"""Titles as every connector writes them, which is how the core expects to read them again."""

from __future__ import annotations

LONGEST_TITLE = 255
"""Jira's limit of a summary; Asana takes more."""


def one_line(title: str) -> str:
    """Without line breaks and double spaces, and not too long."""
    return " ".join(title.split())[:LONGEST_TITLE]
