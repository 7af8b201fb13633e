"""Whether a person has changed words that we wrote: trackers show Markdown in their own way, so words are compared."""

from __future__ import annotations

import re
from hashlib import sha256

LONGEST_TITLE = 255
_ADDRESS = re.compile(r"\[([^\]]*)\]\([^)]*\)|<?https?://\S+")
_BULLET = re.compile(r"^\s*(?:\d+[.)]|[-*+])\s+", re.MULTILINE)
_WORD = re.compile(r"[^\W_]+")


def words_of(text: str) -> str:
    """Equal for a Markdown text and for what a tracker shows of it: its words, without signs and addresses."""
    plain = _BULLET.sub("", _ADDRESS.sub(lambda found: found[1] or "", text))
    return digest(" ".join(_WORD.findall(plain)).casefold())


def digest(text: str) -> str:
    """A short fingerprint of every letter."""
    return sha256(text.encode()).hexdigest()[:12]


def shown(title: str) -> str:
    """A title as trackers keep it: one line, and not too long."""
    return " ".join(title.split())[:LONGEST_TITLE]
