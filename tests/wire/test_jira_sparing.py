"""What the Jira connector makes of a site that spares what the vendor's document leaves open, or answers a conflict."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from connectors.contract import Patch
from connectors.jira.site import start_field_of
from tests.wire.jira_site import jira_site, new, strike

DAY = date(2027, 1, 21)


def test_an_edit_that_meets_another_persons_edit_is_made_again() -> None:
    """Jira answers 409 to "a conflicting update"; what we write does not depend on what was there."""
    with jira_site() as site:
        made = site.tracker.create(site.container(site.file()), [new("a")]).made["a"]
        strike(site, "PUT /rest/api/3/issue/", error_before=1.0, error_status=409)
        site.tracker.update(made.id, Patch(due_on=DAY))
        assert site.sim.issue(made.label).due == DAY


@pytest.mark.parametrize("missing", ["createmeta/MKT/issuetypes", "createmeta/MKT/issuetypes/"])
def test_tasks_are_made_where_a_site_does_not_tell_its_create_screens(missing: str) -> None:
    """The types are those of the project, and every field is tried: refusals tell which cannot be had."""
    with jira_site() as site:
        strike(site, missing, error_before=1.0, error_status=404)
        made = site.tracker.create(site.container(site.file()), [new("a", due_on=DAY, start_on=DAY)]).made["a"]
        seen = site.sim.issue(made.label)
        assert (seen.summary, seen.start, seen.due) == ("Task a", DAY, DAY)


@pytest.mark.parametrize(
    ("schema", "found"),
    [
        ({"type": "date", "custom": "com.atlassian.jira.plugin.system.customfieldtypes:datepicker"}, "customfield_7"),
        ({"type": "date"}, "customfield_7"),
        ({"type": "datetime", "custom": "com.atlassian.jira.plugin.system.customfieldtypes:datetime"}, None),
        (None, None),
    ],
)
def test_the_start_date_is_a_field_of_that_name_that_holds_a_date(schema: Any, found: str | None) -> None:
    """Whichever kind of field the site has made it."""
    assert start_field_of([{"id": "customfield_7", "name": "Start Date", "schema": schema}], "id") == found


def test_the_doctor_asks_of_an_epic_only_what_an_epic_is_given() -> None:
    """It has neither owner nor dates."""
    with jira_site(container="epic") as site:
        for field in ("assignee", "duedate", "customfield_10015"):
            site.sim.site.remove_from_screen(field, "Epic")
        assert list(site.tracker.inspect()) == []


def test_the_doctor_tells_where_linking_is_turned_off() -> None:
    """Jira then answers 404 to the question for link types."""
    with jira_site() as site:
        strike(site, "issueLinkType", error_before=1.0, error_status=404)
        [finding] = site.tracker.inspect()
        assert "no issue link type 'Blocks'" in finding.problem
        assert "turn on linking" in finding.remedy


def test_the_doctor_is_content_where_only_an_administrator_may_see_the_hooks() -> None:
    """Administer Jira may be taken away again after `tminus connect`."""
    with jira_site() as site:
        site.sim.site.me.denied.add("ADMINISTER")
        assert list(site.tracker.inspect()) == []


def test_the_doctor_tells_of_a_project_whose_key_has_changed() -> None:
    """Jira answers to the old one as before, but no request rule fits the new one; what is under way goes on."""
    with jira_site() as site:
        made = site.tracker.create(site.container(site.file()), [new("a")]).made["a"]
        site.sim.site.rename_project("MKT", "MKTG")
        [finding] = site.tracker.inspect()
        assert "MKT is called MKTG now" in finding.problem
        assert site.tracker.read([made.id])[made.id].label == "MKTG-2"
        site.tracker.update(made.id, Patch(due_on=DAY, start_on=DAY))
        assert site.sim.issue("MKT-2").due == DAY
