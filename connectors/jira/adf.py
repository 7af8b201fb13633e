"""Atlassian Document Format: what Jira's v3 takes and gives for descriptions and comments.

https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marklassian import markdown_to_adf

_BLOCKS = {"paragraph", "heading", "codeBlock", "blockquote", "listItem", "taskItem", "tableRow", "rule", "panel"}


def from_markdown(text: str) -> dict[str, Any]:
    """The document of a Markdown text."""
    return dict(markdown_to_adf(text))


def to_text(document: Mapping[str, Any], *, addresses: bool = False) -> str:
    """The document as plain text, one line for each block; with `addresses`, words that link have theirs after them."""
    lines = (line.strip() for line in _write(document, addresses).splitlines())
    return "\n".join(line for line in lines if line)


def _write(node: Mapping[str, Any], addresses: bool) -> str:
    kind, attrs = node.get("type"), node.get("attrs") or {}
    if kind == "text":
        text, address = str(node.get("text", "")), _address(node)
        return f"{text} ({address})" if addresses and address not in ("", text) else text
    if kind == "hardBreak":
        return "\n"
    if kind in ("mention", "emoji", "status"):
        return str(attrs.get("text") or attrs.get("shortName") or "")
    if kind in ("inlineCard", "blockCard", "embedCard"):
        return str(attrs.get("url", ""))
    inner = "".join(_write(child, addresses) for child in node.get("content") or () if isinstance(child, dict))
    if kind == "tableCell" or kind == "tableHeader":
        return inner.strip().replace("\n", " ") + " "
    if kind == "listItem":
        inner = f"- {inner.strip()}"
    return f"{inner}\n" if kind in _BLOCKS else inner


def _address(node: Mapping[str, Any]) -> str:
    links = (mark for mark in node.get("marks") or () if mark.get("type") == "link")
    return next((str((mark.get("attrs") or {}).get("href", "")) for mark in links), "")
