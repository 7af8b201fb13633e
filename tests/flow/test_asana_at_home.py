"""Requests in Asana that people delete, restore, move and copy."""

from __future__ import annotations

from service.commitments import clocks_of
from service.store.engine import reading
from tests.house import House, in_weeks


def clocks(home: House, gid: str) -> set[str]:
    """What the clocks of a request are doing."""
    campaign = home.running(gid)
    with reading(home.runtime.engine) as session:
        return {clock.state for clock in clocks_of(session, home.runtime, campaign).values()}


def test_the_clocks_of_a_deleted_request_go_on_when_it_is_restored(at_home: House) -> None:
    """What somebody takes out of the trash has its plan, its tasks and its promise as before."""
    home = at_home
    gid = home.asana.file_request("Spring mail", section="Email sends", due_on=in_weeks(8))
    before = clocks(home, gid)
    assert before <= {"running", "outside_hours"}
    home.asana.delete(gid)
    home.quiet()
    assert clocks(home, gid) == {"cancelled"}
    home.asana.restore(gid)
    home.quiet()
    assert clocks(home, gid) <= {"running", "outside_hours"}
    assert {link.state for link in home.links(gid).values()} == {"made"}
    assert len(home.asana.subtasks(gid)) == len(home.links(gid))


def test_each_sweep_looks_at_a_request_that_has_left_our_projects(at_home: House) -> None:
    """Hooks and lists of changes do not tell of it any more; back in its project it costs sweeps nothing again."""
    home = at_home
    gid = home.asana.file_request("Leads", section="List imports")
    home.running(gid)
    home.sweep()
    before = len(home.asana.log)
    home.sweep()
    calm = len(home.asana.log) - before
    elsewhere = home.in_asana("POST", "/projects", name="Elsewhere", workspace=home.asana.workspace)["gid"]
    home.in_asana("POST", f"/tasks/{gid}/addProject", project=elsewhere)
    home.in_asana("POST", f"/tasks/{gid}/removeProject", project=home.asana.project)
    home.quiet()
    home.sweep()
    for number, task in enumerate(home.asana.subtasks(gid)[:2], start=1):
        home.asana.complete(task["gid"])
        home.sweep()
        assert any(f"{number} of " in text for text in home.asana.comments(gid))
    told = [line for line in home.story() if "has left the projects" in line]
    assert len(told) == 1
    home.in_asana("POST", f"/tasks/{gid}/addProject", project=home.asana.project)
    home.quiet()
    home.sweep()
    before = len(home.asana.log)
    home.sweep()
    assert len(home.asana.log) - before == calm


def test_a_plan_keeps_what_a_renamed_field_said(at_home: House) -> None:
    """It is told, until the field has its name again; one that is emptied says that there is no date."""
    home = at_home
    field = next(one for one in home.asana.site.fields.values() if one.name == "Webinar date")
    day = in_weeks(14)
    gid = home.asana.file_request("Spring webinar", section="Webinars", custom_fields={field.gid: day})
    home.running(gid)
    planned = {key: link.agreed.due_on for key, link in home.links(gid).items()}

    def look(name: str) -> str:
        field.name = name
        home.asana.edit(gid, {"name": f"Spring webinar, {name}"})
        home.quiet()
        assert {key: link.agreed.due_on for key, link in home.links(gid).items()} == planned
        return " ".join(home.asana.comments(gid))

    try:
        told = look("Date of the webinar")
        assert "has lost fields" in told
        assert f"Webinar date: {day}" in told
    finally:
        assert "has lost fields" not in look("Webinar date")
    home.asana.edit(gid, {"custom_fields": {field.gid: None}})
    home.quiet()
    assert any("Webinar date is missing" in text for text in home.asana.comments(gid))


def test_a_request_that_was_copied_with_its_subtasks_is_told_of_them(at_home: House) -> None:
    """The copies are of another plan: they are left alone, and this request has its own tasks beside them."""
    home = at_home
    first = home.asana.file_request("Leads", section="List imports")
    home.running(first)
    home.in_asana("POST", f"/projects/{home.asana.project}/sections", name="Not yet")
    copy = home.asana.file_request("Copy of leads", section="Not yet")
    [original, *_] = home.asana.subtasks(first)
    home.in_asana("POST", f"/tasks/{copy}/subtasks", name=original["name"], notes=original["notes"])
    home.in_asana("POST", f"/tasks/{copy}/subtasks", name="A person's own")
    home.quiet()
    assert home.links(copy) == {}
    section = home.asana.sections["List imports"]
    home.in_asana("POST", f"/tasks/{copy}/addProject", project=home.asana.project, section=section)
    home.running(copy)
    assert len(home.asana.subtasks(copy)) == len(home.links(copy)) + 2
    [told] = [text for text in home.asana.comments(copy) if "copy of another request" in text]
    assert f"“{original['name']}”" in told
    assert "A person's own" not in told
    assert not any("copy of another" in text for text in home.asana.comments(first))
