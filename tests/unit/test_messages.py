"""What Tminus says on a request reads as it was meant, whatever people call their requests."""

from __future__ import annotations

import html

import pytest

from connectors.asana import richtext
from connectors.contract import Mark
from connectors.jira import adf
from service.core.decide import REQUEST, Say
from service.core.kept import skipped
from service.core.merge import Agreed, LinkView
from service.core.messages import cancelled_comment

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
