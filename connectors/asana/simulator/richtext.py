"""Asana's rich text: XML in one `<body>` with few tags (https://developers.asana.com/docs/rich-text)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape
from typing import Any
from xml.etree import ElementTree

from connectors.asana.simulator.errors import bad
from connectors.asana.simulator.strict import only_one

COMMENT_TAGS = frozenset({"body", "strong", "em", "u", "s", "code", "ol", "ul", "li", "a", "blockquote", "pre"})
NOTE_TAGS = COMMENT_TAGS | {"h1", "h2", "hr"}
_BLOCKS = {"h1", "h2", "blockquote", "pre"}
_LISTS = {"ol", "ul"}
_ENDS_LINE = _BLOCKS | _LISTS | {"li", "hr"}


def parse(html: str, key: str, tags: frozenset[str]) -> ElementTree.Element:
    """The tree, or 400 as Asana answers."""
    if "<!" in html or "<?" in html:
        raise bad(key, "XML is invalid")
    try:
        root = ElementTree.fromstring(html)  # noqa: S314  nothing with a DTD gets here, so no entity bomb can
    except ElementTree.ParseError as error:
        raise bad(key, f"XML is invalid: {error}") from None
    if root.tag != "body":
        raise bad(key, "XML is invalid: the text must stand in <body>")
    _check(root, key, tags, inside=frozenset())
    return root


def _check(node: ElementTree.Element, key: str, tags: frozenset[str], inside: frozenset[str]) -> None:
    allowed = {"href"} if node.tag == "a" else set()
    if node.tag not in tags or (node.tag == "body" and inside):
        raise bad(key, f"XML is invalid: <{node.tag}> is not supported here")
    if wrong := {name for name in node.attrib if name not in allowed and not name.startswith("data-asana-")}:
        raise bad(key, f"XML is invalid: <{node.tag}> has no attribute {min(wrong)!r}")
    if (node.tag in _BLOCKS and "li" in inside) or (node.tag in _LISTS and inside & _BLOCKS):
        raise bad(key, f"XML is invalid: <{node.tag}> cannot stand there")
    for child in node:
        _check(child, key, tags, inside | {node.tag})


def both(data: Mapping[str, Any], text: str, html: str, tags: frozenset[str]) -> dict[str, str]:
    """The plain and the rich form of an input that gives one of them under the key `text` or `html`."""
    only_one(data, text, html)
    if html in data:
        return {text: plain(parse(data[html], html, tags)), html: data[html]}
    return {text: data[text], html: from_plain(data[text])} if text in data else {}


def plain(root: ElementTree.Element) -> str:
    """The text without its form."""
    out: list[str] = []

    def walk(node: ElementTree.Element) -> None:
        out.append(node.text or "")
        for child in node:
            walk(child)
            if child.tag in _ENDS_LINE:
                out.append("\n")
            out.append(child.tail or "")

    walk(root)
    return re.sub(r"\n{3,}", "\n\n", "".join(out)).strip()


def from_plain(text: str) -> str:
    """Plain text as rich text."""
    return f"<body>{escape(text, quote=False)}</body>"


def safe_html(html: str) -> str:
    """For our own pages: the same text from a fixed set of tags and web links only."""
    return "".join(_safe(child) for child in _with_text(ElementTree.fromstring(html)))  # noqa: S314  checked on entry


def _with_text(node: ElementTree.Element) -> list[ElementTree.Element | str]:
    out: list[ElementTree.Element | str] = [node.text or ""]
    for child in node:
        out += [child, child.tail or ""]
    return out


def _safe(node: ElementTree.Element | str) -> str:
    if isinstance(node, str):
        return escape(node)
    inner = "".join(_safe(child) for child in _with_text(node))
    if node.tag == "a":
        href = node.get("href", "")
        return f'<a href="{escape(href)}">{inner}</a>' if href.startswith(("http://", "https://")) else inner
    if node.tag == "hr":
        return "<hr>"
    return f"<{node.tag}>{inner}</{node.tag}>" if node.tag in NOTE_TAGS else inner
