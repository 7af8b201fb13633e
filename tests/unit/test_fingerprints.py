"""Whether words are still ours is told from how trackers show them."""

from __future__ import annotations

import pytest

from service.core.fingerprints import LONGEST_TITLE, shown, words_of

WRITTEN = "Do **this** first:\n\n1. one\n2. [two](https://example.com/a_b)\n\n- [ ] three\n\n**Done when** it `runs`."


@pytest.mark.parametrize(
    "read",
    [
        "Do this first:\n\none\ntwo\n\nthree\n\nDone when it runs.",
        "Do *this* first:\n\n# one\n# two\n\n* three\n\n*Done when* it {{runs}}.",
        "Do this first: 1. one\n2) two <https://example.com/a_b>\n • three Done when it runs.".replace(
            ": 1. one", ":\n1. one"
        ),
    ],
)
def test_the_same_words_in_another_dress_are_the_same(read: str) -> None:
    """Signs, bullets, line breaks and addresses are each tracker's own."""
    assert words_of(read) == words_of(WRITTEN)


@pytest.mark.parametrize(
    "read", [WRITTEN + " Please.", WRITTEN.replace("first", "last"), "", WRITTEN.replace("one", "1 one")]
)
def test_a_word_more_or_less_is_somebodys_change(read: str) -> None:
    """However small."""
    assert words_of(read) != words_of(WRITTEN)


def test_a_title_is_shown_on_one_line_and_not_too_long() -> None:
    """As trackers cut it."""
    assert shown(" Two\n lines ") == "Two lines"
    assert len(shown("x" * 300)) == LONGEST_TITLE
