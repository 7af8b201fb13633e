"""Atlassian Document Format: check it, read it as wiki text (what `/rest/api/2` and webhooks carry), show it as HTML.

https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from markupsafe import Markup, escape

Node = dict[str, Any]

_INLINE = {"text", "hardBreak", "mention", "emoji", "inlineCard", "date", "status"}
_LISTS = {"bulletList", "orderedList"}
_BLOCKS = {"paragraph", "heading", "codeBlock", "blockquote", "rule", "panel", "table", "taskList", *_LISTS}
_CHILDREN: dict[str, set[str]] = {
    "doc": _BLOCKS,
    "paragraph": _INLINE,
    "heading": _INLINE,
    "codeBlock": {"text"},
    "blockquote": {"paragraph", "codeBlock", *_LISTS},
    "panel": {"paragraph", "heading", "codeBlock", "taskList", "rule", *_LISTS},
    "bulletList": {"listItem"},
    "orderedList": {"listItem"},
    "listItem": {"paragraph", "codeBlock", "taskList", *_LISTS},
    "taskList": {"taskItem", "taskList"},
    "taskItem": _INLINE,
    "table": {"tableRow"},
    "tableRow": {"tableHeader", "tableCell"},
    "tableHeader": _BLOCKS - {"table"},
    "tableCell": _BLOCKS - {"table"},
}
_MAY_BE_EMPTY = {"doc", "paragraph", "heading", "codeBlock", "taskItem"}
_MARKS = {"strong", "em", "code", "strike", "underline", "link", "subsup", "textColor"}
_ATTRS_NEEDED = {"heading": "level", "panel": "panelType", "inlineCard": "url", "mention": "id", "date": "timestamp"}


def valid(document: Any) -> bool:
    """Whether Jira would take this document."""
    return (
        isinstance(document, dict)
        and set(document) == {"type", "version", "content"}
        and document["type"] == "doc"
        and document["version"] == 1
        and _valid(document)
    )


def _valid(node: Node) -> bool:
    kind = node["type"]
    if kind == "text":
        marks = node.get("marks", [])
        return isinstance(node.get("text"), str) and node["text"] != "" and all(_valid_mark(mark) for mark in marks)
    attrs = node.get("attrs", {})
    if not isinstance(attrs, dict) or (kind in _ATTRS_NEEDED and _ATTRS_NEEDED[kind] not in attrs):
        return False
    content = node.get("content", [])
    allowed = _CHILDREN.get(kind, set())
    if not isinstance(content, list) or (not content and allowed and kind not in _MAY_BE_EMPTY):
        return False
    return all(isinstance(child, dict) and child.get("type") in allowed and _valid(child) for child in content)


def _valid_mark(mark: Any) -> bool:
    if not isinstance(mark, dict) or mark.get("type") not in _MARKS:
        return False
    return mark["type"] != "link" or isinstance(mark.get("attrs", {}).get("href"), str)


def from_text(text: str) -> Node:
    """What Jira makes of plain text: a paragraph for each block of lines."""
    blocks = [block for block in text.split("\n\n") if block.strip()]
    return {"version": 1, "type": "doc", "content": [_paragraph(block) for block in blocks]}


def _paragraph(text: str) -> Node:
    content: list[Node] = []
    for line in text.split("\n"):
        if content:
            content.append({"type": "hardBreak"})
        if line:
            content.append({"type": "text", "text": line})
    return {"type": "paragraph", "content": content}


def to_text(document: Node | None) -> str:
    """Wiki text."""
    return "\n\n".join(_blocks(document)) if document else ""


def _blocks(node: Node, bullet: str = "") -> list[str]:
    return [text for child in node.get("content", []) if (text := _block(child, bullet))]


def _block(node: Node, bullet: str) -> str:
    kind = node["type"]
    if kind in ("bulletList", "orderedList"):
        mark = bullet + ("*" if kind == "bulletList" else "#")
        return "\n".join(f"{mark} {_item(item, mark)}" for item in node["content"])
    if kind == "taskList":
        return "\n".join(f"* {_inline(item)}" for item in node["content"])
    if kind == "heading":
        return f"h{node['attrs']['level']}. {_inline(node)}"
    if kind == "codeBlock":
        return "{code}\n" + _inline(node) + "\n{code}"
    if kind == "rule":
        return "----"
    if kind == "table":
        return "\n".join(_row(row) for row in node["content"])
    if kind in ("blockquote", "panel"):
        tag = "{quote}" if kind == "blockquote" else "{panel}"
        return f"{tag}\n" + "\n\n".join(_blocks(node)) + f"\n{tag}"
    return _inline(node)


def _item(node: Node, mark: str) -> str:
    return "\n".join(_blocks(node, mark))


def _row(row: Node) -> str:
    bar = "||" if row["content"][0]["type"] == "tableHeader" else "|"
    return bar + bar.join(" ".join(_blocks(cell)) for cell in row["content"]) + bar


_WIKI = {"strong": "*", "em": "_", "strike": "-", "underline": "+"}


def _inline(node: Node) -> str:
    return "".join(_inline_one(child) for child in node.get("content", []))


def _inline_one(node: Node) -> str:
    kind, attrs = node["type"], node.get("attrs", {})
    if kind != "text":
        return "\n" if kind == "hardBreak" else _label(kind, attrs)
    text: str = node["text"]
    for mark in node.get("marks", []):
        if mark["type"] == "link":
            text = f"[{text}|{mark['attrs']['href']}]"
        elif mark["type"] == "code":
            text = "{{" + text + "}}"
        else:
            wiki = _WIKI.get(mark["type"], "")
            text = f"{wiki}{text}{wiki}"
    return text


def _label(kind: str, attrs: Node) -> str:
    if kind == "mention":
        return f"[~accountid:{attrs['id']}]"
    return str(attrs.get("url") or attrs.get("text") or attrs.get("shortName") or attrs.get("timestamp") or "")


def to_html(document: Node | None) -> Markup:
    """Everything escaped; only http(s) links become links."""
    return _html_children(document) if document else Markup("")


_TAGS = {
    "paragraph": "p",
    "bulletList": "ul",
    "orderedList": "ol",
    "listItem": "li",
    "taskList": "ul",
    "taskItem": "li",
    "blockquote": "blockquote",
    "panel": "aside",
    "table": "table",
    "tableRow": "tr",
    "tableHeader": "th",
    "tableCell": "td",
}
_MARK_TAGS = {"strong": "strong", "em": "em", "code": "code", "strike": "s", "underline": "u"}


def _html_children(node: Node) -> Markup:
    return Markup("").join(_html(child) for child in node.get("content", []))


def _wrap(tag: str, inner: Markup) -> Markup:
    return Markup(f"<{tag}>") + inner + Markup(f"</{tag}>")  # noqa: S704  (tags come from the tables above)


def _html(node: Node) -> Markup:
    kind = node["type"]
    special: dict[str, Callable[[], Markup]] = {
        "text": lambda: _html_text(node),
        "hardBreak": lambda: Markup("<br>"),
        "rule": lambda: Markup("<hr>"),
        "codeBlock": lambda: _wrap("pre", _html_children(node)),
        "heading": lambda: _wrap(f"h{min(6, int(node['attrs']['level']) + 2)}", _html_children(node)),
    }
    if kind in special:
        return special[kind]()
    if kind in _TAGS:
        return _wrap(_TAGS[kind], _html_children(node))
    return escape(_label(kind, node.get("attrs", {})))


def _html_text(node: Node) -> Markup:
    html = escape(node["text"])
    for mark in node.get("marks", []):
        if mark["type"] in _MARK_TAGS:
            html = _wrap(_MARK_TAGS[mark["type"]], html)
        elif mark["type"] == "link" and mark["attrs"]["href"].startswith(("http://", "https://")):
            html = Markup('<a href="{}">{}</a>').format(mark["attrs"]["href"], html)
    return html
