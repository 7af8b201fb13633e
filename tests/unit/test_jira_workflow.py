"""What a transition does to an issue, as far as Jira tells beforehand."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.contract import Status
from connectors.jira.mapping import StatusMap
from connectors.jira.workflow import as_transition

DONE = {"name": "Done", "statusCategory": {"key": "done"}}
RESOLUTIONS = [{"name": "Fixed"}, {"name": "Won't Do"}]


def offered(**screen: dict[str, Any]) -> dict[str, Any]:
    """A transition to Done whose screen has these fields."""
    return {"id": "31", "name": "Finish", "to": DONE, "fields": screen}


@pytest.mark.parametrize(
    ("required", "allowed", "wanted", "given", "lands"),
    [
        (True, RESOLUTIONS, Status.DONE, "Fixed", Status.DONE),
        (True, RESOLUTIONS, Status.DROPPED, "Won't Do", Status.DROPPED),
        (False, RESOLUTIONS, Status.DONE, None, Status.DONE),
        (False, RESOLUTIONS, Status.DROPPED, "Won't Do", Status.DROPPED),
        (True, RESOLUTIONS[:1], Status.DROPPED, "Fixed", Status.DONE),
        (True, RESOLUTIONS[1:], Status.DONE, "Won't Do", Status.DROPPED),
        (False, [], Status.DROPPED, None, Status.DONE),
    ],
)
def test_a_resolution_is_given_where_it_is_demanded_or_tells_dropped_from_done(
    required: bool, allowed: list[dict[str, Any]], wanted: Status, given: str | None, lands: Status
) -> None:
    """It decides as what a finished issue reads."""
    way = as_transition(offered(resolution={"required": required, "allowedValues": allowed}), StatusMap({}), wanted)
    assert way.fields == ({"resolution": {"name": given}} if given else {})
    assert way.lands is lands
    assert not way.asks


def test_a_screen_that_demands_more_is_only_the_second_choice() -> None:
    """A field with a default demands nothing."""
    ways = [
        as_transition(offered(reason={"required": True, "hasDefaultValue": default}), StatusMap({}), Status.DONE)
        for default in (True, False)
    ]
    assert [way.asks for way in ways] == [False, True]


def test_a_transition_without_a_screen_or_category_is_understood() -> None:
    """Older sites tell no category."""
    raw = {"id": 5, "name": "Go", "to": {"name": "Live"}}
    way = as_transition(raw, StatusMap({"live": Status.DONE}), Status.DONE)
    assert (way.id, way.to_name, way.lands) == ("5", "Live", Status.DONE)


@pytest.mark.parametrize(
    ("field", "text", "given"),
    [
        ({"schema": {"type": "option"}, "allowedValues": [{"id": "7", "value": "Legal"}]}, "legal", {"value": "Legal"}),
        ({"schema": {"type": "array"}, "allowedValues": [{"id": "7", "name": "Web"}]}, "Web", [{"name": "Web"}]),
        ({"schema": {"type": "number"}}, "3", 3.0),
        ({"schema": {"type": "string"}}, "Done as asked", "Done as asked"),
    ],
)
def test_a_demanded_field_is_filled_in_the_form_that_it_takes(field: dict[str, Any], text: str, given: object) -> None:
    """From the settings, by its name in any case."""
    raw = offered(customfield_1={"required": True, "name": "Reason", **field})
    way = as_transition(raw, StatusMap({}), Status.DONE, {"reason": text})
    assert way.fields == {"customfield_1": given}
    assert not way.asks


def test_a_status_may_say_who_is_waited_for() -> None:
    """It means waiting then, whatever its category."""
    statuses = StatusMap({}, {"Legal review": "external"})
    review = {"name": "Legal Review", "statusCategory": {"key": "indeterminate"}}
    assert (statuses.of(review), statuses.waits_on(review)) == (Status.WAITING, "external")


def test_a_project_may_mean_something_else_by_a_status() -> None:
    """Other projects and other names keep what is said for all."""
    review = {"name": "Review", "statusCategory": {"key": "indeterminate"}}
    statuses = StatusMap({"Review": Status.WAITING, "Live": Status.DONE}, {}, {"WEB": {"Review": Status.DOING}})
    assert statuses.within("MKT").of(review) is Status.WAITING
    assert statuses.within("WEB").of(review) is Status.DOING
    assert statuses.within("WEB").of({"name": "Live"}) is Status.DONE
