"""Days in fields of the team's own, and new words for a description: what both connectors write of a `Patch`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

from connectors.asana.mapping import day_fields
from connectors.asana.settings import AsanaSettings
from connectors.asana.simulator import AsanaSimulator
from connectors.asana.tracker import AsanaTracker
from connectors.contract import Container, Mark, NewTask, Patch, TaskId
from connectors.errors import Rejected
from connectors.jira.mapping import day_in
from tests.wire.jira_site import jira_site, new

DAY, LATER = date(2027, 1, 21), date(2027, 2, 10)
MARK = Mark("spring", "copy")


@pytest.fixture(scope="module")
def asana() -> Iterator[AsanaSimulator]:
    """One simulator for all tests."""
    with AsanaSimulator() as sim:
        yield sim


def tracker(sim: AsanaSimulator, token: str) -> AsanaTracker:
    """With one kind of credentials or the other."""
    values = {"url": sim.api, "token": token, "workspace": sim.workspace, "projects": (sim.project,)}
    return AsanaTracker(AsanaSettings.model_validate(values | {"oauth": token == sim.oauth_token}))


@pytest.mark.parametrize("name", ["webinar date", "customfield_10050"])
def test_jira_takes_a_day_for_a_field_by_name_or_id(name: str) -> None:
    """And the request reads back with it; none empties the field."""
    with jira_site() as site:
        request = site.file(**{"Webinar date": "2027-01-21"})
        site.tracker.update(request.id, Patch(fields={name: LATER}))
        assert site.tracker.read([request.id])[request.id].fields["Webinar date"] == "2027-02-10"
        site.tracker.update(request.id, Patch(fields={name: None}))
        assert site.tracker.read([request.id])[request.id].fields["Webinar date"] is None


def test_jira_refuses_fields_that_are_not_there_or_hold_no_day() -> None:
    """Before anything is written."""
    with jira_site() as site:
        request = site.file()
        for name, why in (("Moon phase", "does not exist"), ("Audience size", "holds number and no day")):
            with pytest.raises(Rejected, match=why):
                site.tracker.update(request.id, Patch(title="Other", fields={name: DAY}))
        assert site.tracker.read([request.id])[request.id].title == "Spring webinar"


def test_a_moment_keeps_its_time_of_day() -> None:
    """A webinar at two o'clock stays at two o'clock; where nothing stood it is noon."""
    assert day_in("datetime", LATER, "2027-01-21T14:00:00.000+0000") == "2027-02-10T14:00:00.000+0000"
    assert day_in("datetime", LATER, None) == "2027-02-10T12:00:00.000+0000"
    row = {"custom_fields": [{"gid": "7", "name": "Begins", "resource_subtype": "date"}]}
    row["custom_fields"][0]["date_value"] = {"date": "2027-01-21", "date_time": "2027-01-21T14:00:00.000Z"}  # type: ignore[assignment]
    assert day_fields(row, {"begins": LATER}) == {"7": {"date_time": "2027-02-10T14:00:00.000Z"}}


def test_asana_takes_a_day_for_a_field_by_name_or_gid(asana: AsanaSimulator) -> None:
    """A field of text takes it as year-month-day."""
    wired = tracker(asana, asana.token)
    gid = asana.file_request("Webinar", custom_fields={"Webinar date": "2027-01-21"})
    task = TaskId(gid)
    wired.update(task, Patch(fields={"webinar date": LATER, asana.fields["List file"]: DAY}))
    fields = wired.read([task])[task].fields
    assert (fields["Webinar date"], fields["List file"]) == ("2027-02-10", "2027-01-21")
    wired.update(task, Patch(fields={"Webinar date": None}))
    assert wired.read([task])[task].fields["Webinar date"] is None


def test_asana_refuses_fields_that_are_not_there_or_hold_no_day(asana: AsanaSimulator) -> None:
    """With the field's name."""
    task = TaskId(asana.file_request("Webinar"))
    for name, why in (("Moon phase", "has no field"), ("Request type", "holds enum and no day")):
        with pytest.raises(Rejected, match=why):
            tracker(asana, asana.token).update(task, Patch(fields={name: DAY}))


@pytest.mark.parametrize("kind", ["token", "oauth_token"])
def test_a_new_description_in_asana_keeps_the_mark(asana: AsanaSimulator, kind: str) -> None:
    """Under a token it is the last line of the text, under OAuth it stands elsewhere."""
    wired = tracker(asana, getattr(asana, kind))
    container = Container("subtasks", asana.file_request("Webinar"), "")
    made = wired.create(container, [NewTask(mark=MARK, title="Copy", text="Old **words**")]).made["copy"]
    wired.update(made.id, Patch(text="New **words**", mark=MARK))
    found = wired.read([made.id])[made.id]
    assert (found.text, found.mark) == ("New words", MARK)


def test_a_new_description_in_jira_keeps_the_mark() -> None:
    """It is a property of the issue."""
    with jira_site() as site:
        made = site.tracker.create(site.container(site.file()), [new("copy", text="Old")]).made["copy"]
        site.tracker.update(made.id, Patch(text="New **words**", mark=MARK))
        found = site.tracker.read([made.id])[made.id]
        assert (found.text, found.mark) == ("New words", MARK)
