"""What Tminus says on a request reads as it was meant, whatever people call their requests."""

from __future__ import annotations

import html
import re

import pytest

from connectors.asana import richtext
from connectors.contract import Mark
from connectors.jira import adf
from service.core.decide import REQUEST, Say
from service.core.kept import skipped
from service.core.merge import Agreed, LinkView
from service.core.messages import cancelled_comment, copied_comment
from service.core.revision import Revision

TITLES = [
    "2 * 3 * 4 leads",
    "list_of_names_2027",
    "[Urgent](soon) invites",
    "<b>Bold</b> move",
    "`q4` ~~q3~~ | C:\\leads # 1",
    "Leads & more",
]


@pytest.mark.parametrize("title", TITLES)
def test_a_title_is_told_as_it_was_written(title: str) -> None:
    """In Jira, in Asana, and in the ledger."""
    text = cancelled_comment(title)
    assert adf.to_text(adf.from_markdown(text)).startswith(f"{title} was cancelled.")
    shown = html.unescape(richtext.plain(richtext.comment(text, Mark("campaign", "plan"))))
    assert f"{title} was cancelled." in shown
    assert str(Say(key=REQUEST, name="plan", text=text)).startswith(f"Comment on the request: {title} was cancelled.")


@pytest.mark.parametrize("title", TITLES)
def test_a_skipped_step_is_named_as_it_was_written(title: str) -> None:
    """The last word on a request holds titles, too."""
    text = skipped({"step": LinkView(key="step", state="gone", agreed=Agreed(title=title))})
    assert text
    assert adf.to_text(adf.from_markdown(text)) == f"1 step was skipped: “{title}”."


@pytest.mark.parametrize("title", TITLES)
def test_a_new_plan_names_its_tasks_as_they_were_written(title: str) -> None:
    """Its cause, too; the terminal gets the words without signs of Markdown."""
    revision = Revision(cause=f"“{title}” is open again.", left=(title,), pinned=(title,), problems=(title,))
    told = adf.to_text(adf.from_markdown(revision.comment()))
    assert told.splitlines()[0].startswith(f"“{title}” is open again. No open tasks are dated anew.")
    assert f"- Dropped: {title}" in told
    assert f"Kept where a person put it: {title}." in told
    assert told.endswith(f"- {title}")
    assert f"- Dropped: {title}" in revision.lines()


COMMENT = """Dear <First Name>, *please* see https://example.com/a_b/_c_/?x=1&y=2.
- one
2. two
# three &amp; four
---
Dana_Ops"""


def test_a_comment_is_copied_word_for_word() -> None:
    """Line by line, with its web address as a link."""
    text = copied_comment("Dana_*Ops*", "jira", COMMENT)
    address = "https://example.com/a_b/_c_/?x=1&y=2"
    in_jira = adf.from_markdown(text)
    assert adf.to_text(in_jira) == f"Dana_*Ops* wrote in jira:\n{COMMENT}"
    links = [mark["attrs"]["href"] for part in in_jira["content"][1]["content"] for mark in part.get("marks", ())]
    assert links == [address]
    in_asana = richtext.comment(text, Mark("campaign", "copy"))
    assert f'<a href="{html.escape(address)}">' in in_asana
    assert html.unescape(re.sub("<[^>]*>", "", in_asana)).startswith(f"Dana_*Ops* wrote in jira:\n\n{COMMENT}")


def test_the_address_behind_words_of_a_comment_is_copied() -> None:
    """Words alone would not lead anywhere in the other tracker."""
    document = adf.from_markdown("See [the brief](https://example.com/brief), or <https://example.com>.")
    told = "See the brief (https://example.com/brief), or https://example.com."
    assert adf.to_text(document, addresses=True) == told
