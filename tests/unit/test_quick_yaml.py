"""The quick reader: what it reads it reads as the careful one does, and all else it leaves to it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.config_file import ConfigError, Document, read
from service.quick_yaml import Unusual, plain_mapping

TEMPLATES = sorted((Path(__file__).parents[2] / "templates").glob("*.yaml"))
ODD = [
    "012", "1_000", "1e3", ".5", "0o14", "0x1f", ".inf", "-0", "+1", "00", "1.0", "0.80", "yes", "no", "NO", "on", "y",
    "=", "<<", "true", "False", "null", "~", "", "nan", "17:00", "09:00-17:00", "2026-12-24", "2026-12-24 10:00:00",
    "3 weeks", "1 week before inputs.day", "'quoted: 1'", '"a\\nb"', "é", "inputs.day", "!!str 1", "&a x", "a:b", "a#b",
    "a # b",
]  # fmt: skip
"""Words about which readers of YAML differ, or might."""
WORDS = st.sampled_from(ODD) | st.from_regex(r"[A-Za-z0-9][A-Za-z0-9 .:_/+-]{0,12}", fullmatch=True)
KEYS = st.sampled_from(["a", "b", "tasks", "1", "true", "null", "'q'", "2026-12-24"])


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One file for all examples."""
    return tmp_path_factory.mktemp("yaml") / "words.yaml"


def careful(document: Document) -> dict[str, Any]:
    """What the careful reader makes of it, whoever read it first: a tag of no effect makes any file unusual."""
    document.path.write_text(f"{document.text}\nunusual: !!str x\n")
    data = dict(read(document.path).data)
    assert data.pop("unusual") == "x"
    return data


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_the_starter_pack_is_read_the_quick_way(path: Path, file: Path) -> None:
    """Every file of it is plain enough, and both readers agree on it."""
    document = read(path)
    assert not document.unusual
    assert careful(Document(file, document.text, document.data, document.unusual)) == document.data


@given(st.lists(st.tuples(KEYS, st.lists(WORDS, max_size=3), st.booleans()), min_size=1, max_size=4))
def test_both_readers_agree(file: Path, entries: list[tuple[str, list[str], bool]]) -> None:
    """Whatever the quick reader takes, the careful one reads the same, types included."""
    lines = []
    for key, words, flow in entries:
        lines += [f"{key}: [{', '.join(words)}]"] if flow else [f"{key}:", *(f"  - {word}" for word in words)]
    text = "\n".join(lines)
    try:
        quick = plain_mapping(text)
    except Unusual:
        return
    assert repr(careful(Document(file, text, quick, unusual=False))) == repr(quick)


UNUSUAL = {
    "a tag": "a: !!int '3'",
    "an alias": "a: &x [1]\nb: *x",
    "a merge": "a: {<<: {b: 1}}",
    "a doubled key": "a: 1\na: 2",
    "a time": "a: 17:00",
    "an octal": "a: 012",
    "a power": "a: 1.5e3",
    "no mapping": "- a",
    "a mistake": "a: 'b",
    "two documents": "a: 1\n---\nb: 2",
    "a key that is a list": "[a]: 1",
    "a key that is nothing": "null: 1",
    "a word of another line end": "a: b\x85c",
    "deep nesting": f"a: {'[' * 5000}{']' * 5000}",
    "deep nesting by dashes": f"a:\n  {'- ' * 5000}b",
}


@pytest.mark.parametrize("text", UNUSUAL.values(), ids=UNUSUAL)
def test_what_is_unusual_is_left_to_the_careful_reader(text: str) -> None:
    """The quick reader guesses nothing and survives everything."""
    with pytest.raises(Unusual):
        plain_mapping(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (UNUSUAL["deep nesting"], "too many parts inside one another"),
        ("day:\n  - 2026-02-31\n", "words.yaml:2: there is no day 2026-02-31"),
    ],
)
def test_what_nobody_can_read_is_a_sentence(file: Path, text: str, said: str) -> None:
    """No file ends in a traceback."""
    file.write_text(text)
    with pytest.raises(ConfigError, match=said):
        read(file)
