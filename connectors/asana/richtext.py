"""Markdown as the XML that Asana takes for rich text.

Asana refuses a body that is not valid XML or has another tag than the few it knows; there are no paragraphs and no
`<br>`, a line break is a line break. See https://developers.asana.com/docs/rich-text.
"""

from __future__ import annotations

import re
from typing import Any, cast

import mistune
from mistune.util import escape

from connectors.contract import Mark

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_BREAKS_BEFORE_BLOCK = re.compile(r"\n+(?=<(?:ul|ol|pre|blockquote|h1|h2|hr)\b)")
_NOT_IN_LIST = re.compile(r"</?(?:pre|blockquote|h1|h2)>|<hr/>")
_NOT_IN_QUOTE = re.compile(r"</?(?:ul|ol|li|pre|blockquote|h1|h2)>|<hr/>")
_LINKS = re.compile(r"</?a\b[^>]*>")
_TAGS = re.compile(r"<[^>]*>")


def notes(markdown: str, mark: Mark | None = None) -> str:
    """`html_notes` of a task; a mark becomes the last line."""
    return _body(markdown, mark, _Renderer(headings=True))


def comment(markdown: str, mark: Mark) -> str:
    """`html_text` of a story, which takes no headings and no rules; the mark is the last line."""
    return _body(markdown, mark, _Renderer(headings=False))


def plain(rich: str) -> str:
    """The words of a rich text, each tag a space."""
    return _TAGS.sub(" ", rich)


def _body(markdown: str, mark: Mark | None, renderer: _Renderer) -> str:
    to_html = mistune.create_markdown(renderer=renderer, plugins=["strikethrough", "url"])
    html = cast("str", to_html(_NOT_XML.sub("", markdown)))
    parts = [_BREAKS_BEFORE_BLOCK.sub("", html).strip()]
    if mark:
        parts.append(f"<em>{escape(str(mark))}</em>")
    content = "\n\n".join(part for part in parts if part)
    return f"<body>{content}</body>"


class _Renderer(mistune.HTMLRenderer):
    """Only the tags and attributes that Asana allows."""

    def __init__(self, *, headings: bool) -> None:
        super().__init__(escape=True)
        self._headings = headings

    def paragraph(self, text: str) -> str:
        return f"{text}\n\n"

    def heading(self, text: str, level: int, **_: Any) -> str:
        if not self._headings:
            return f"<strong>{text}</strong>\n\n"
        tag = "h1" if level == 1 else "h2"
        return f"<{tag}>{text}</{tag}>"

    def thematic_break(self) -> str:
        return "<hr/>" if self._headings else "———\n\n"

    def linebreak(self) -> str:
        return "\n"

    def link(self, text: str, url: str, title: str | None = None) -> str:  # noqa: ARG002  (Asana knows no title)
        if not url.lower().startswith(("https://", "http://", "mailto:")):
            return text
        # A picture, which is a link here, may stand in the words of another.
        return f'<a href="{escape(url)}">{_LINKS.sub("", text)}</a>'

    def image(self, text: str, url: str, title: str | None = None) -> str:
        return self.link(text or escape(url), url, title)

    def strikethrough(self, text: str) -> str:
        return f"<s>{text}</s>"

    def block_code(self, code: str, info: str | None = None) -> str:  # noqa: ARG002  (Asana knows no languages)
        return f"<pre>{escape(code.rstrip())}</pre>"

    def block_html(self, html: str) -> str:
        return f"{escape(html.strip())}\n\n"

    def block_quote(self, text: str) -> str:
        return f"<blockquote>{_NOT_IN_QUOTE.sub('', text).strip()}</blockquote>"

    def list(self, text: str, ordered: bool, **_: Any) -> str:
        tag = "ol" if ordered else "ul"
        return f"<{tag}>{text}</{tag}>"

    def list_item(self, text: str) -> str:
        return f"<li>{_BREAKS_BEFORE_BLOCK.sub('', _NOT_IN_LIST.sub('', text)).strip()}</li>"
