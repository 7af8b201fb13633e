"""Amounts of time as people write them, and what they are told when they write something else."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.core.calendar import Calendar
from service.core.offsets import UNITS, Offset, OffsetError, Span, Unit

CALENDAR = Calendar(name="c", holidays={date(2027, 1, 18): "Martin Luther King Jr. Day"})
offsets = st.builds(
    Offset,
    st.integers(0, 999),
    st.sampled_from(UNITS),
    st.sampled_from(("before", "after")),
    st.sampled_from(("request.complete", "inputs.webinar_date", "flow_test")),
)


@settings(max_examples=200, deadline=None)
@given(offsets)
def test_text_and_mapping_say_the_same(offset: Offset) -> None:
    """The canonical text reads back as the same offset, and so does the mapping form."""
    mapping = {"offset": offset.value, "unit": offset.unit, "direction": offset.direction, "ref": offset.ref}
    assert Offset.parse(str(offset)) == Offset.parse(mapping) == offset


def test_the_canonical_form_has_a_singular() -> None:
    """One is singular, everything else plural, whatever was written."""
    assert str(Offset.parse("1 weeks  after  webinar")) == "1 week after webinar"
    assert str(Span.parse("3 business_day")) == "3 business_days"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("3 busines_days after x", "did you mean `business_days`?"),
        ("3 business days after x", "did you mean `business_days`?"),
        ("3 wekks after x", "did you mean `weeks`?"),
        ("3 fortnights after x", "use `business_days`, `days`, `weeks` and `months`"),
        ("4 hours after x", "`hours` is clock time"),
        ("1 minute after x", "`minute` is clock time"),
        ("4 business_hours after x", "is clock time"),
        ("-3 days after x", "is negative"),
        ("10001 business_days after x", "more than a plan can be about"),
        ("three days after x", "write it like"),
        ("3 days", "does not say before or after what"),
        (3, "write it like"),
        ({"offset": 3, "unit": "days", "ref": "x"}, "write exactly"),
        ({"offset": "3", "unit": "days", "direction": "after", "ref": "x"}, "not a whole number"),
        ({"offset": 3, "unit": "days", "direction": "behind", "ref": "x"}, "direction is"),
    ],
)
def test_a_bad_offset_says_what_was_meant(text: object, said: str) -> None:
    """A misspelt unit gets a guess, clock time, negative and absurd amounts a reason, anything else an example."""
    with pytest.raises(OffsetError, match=said.replace("?", r"\?")):
        Offset.parse(text)


def test_an_amount_takes_no_direction() -> None:
    """A gap or a duration is an amount only."""
    with pytest.raises(OffsetError, match="an amount only"):
        Span.parse("3 days after x")


@pytest.mark.parametrize(
    ("text", "anchor", "expected"),
    [
        ("1 month after x", "2027-01-29", "2027-03-01"),
        ("1 month before x", "2027-03-31", "2027-02-26"),
        ("6 weeks before x", "2027-03-01", "2027-01-15"),
        ("2 days after x", "2027-01-16", "2027-01-19"),
        ("1 business_day before x", "2027-01-17", "2027-01-15"),
        ("0 business_days before x", "2027-01-18", "2027-01-15"),
        ("0 business_days after x", "2027-01-18", "2027-01-19"),
    ],
)
def test_rounding_keeps_at_least(text: str, anchor: str, expected: str) -> None:
    """After rounds to the next working day, before to the previous, and month ends are clamped."""
    assert Offset.parse(text).date_from(date.fromisoformat(anchor), CALENDAR).isoformat() == expected


def test_a_date_can_be_kept_as_it_falls() -> None:
    """With `keep` a Sunday stays a Sunday."""
    assert Offset.parse("4 weeks after x").date_from(date(2027, 1, 3), CALENDAR, "keep") == date(2027, 1, 31)


@pytest.mark.parametrize("sign", [-1, 1])
def test_months_that_lead_out_of_the_calendar_are_refused_like_days(sign: int) -> None:
    """Whatever the unit, an amount that no calendar reaches is one kind of error."""
    units: list[Unit] = ["months", "weeks", "days"]
    for unit in units:
        with pytest.raises(OverflowError):
            Span(10_000_000, unit).after(date(2027, 1, 1), CALENDAR, sign)
