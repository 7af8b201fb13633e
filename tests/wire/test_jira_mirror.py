"""What a mirror asks of Jira, held against the vendor's document."""

from __future__ import annotations

from connectors.contract import NOBODY, Mark, Patch
from tests.wire.jira_site import jira_site, new


def test_a_link_across_is_one_call_that_can_be_repeated() -> None:
    """By its global id: the second takes the first one's place."""
    with jira_site() as site:
        task = site.file()
        before = len(site.sim.log)
        for title in ("In asana", "In Asana"):
            site.tracker.link_to(task, title, "https://app.asana.com/0/0/1201/f")
        assert site.calls(before) == [f"POST issue/{task.id}/remotelink"] * 2
        [link] = site.sim.site.issue(task.label).remote_links.values()
        assert link["object"] == {"url": "https://app.asana.com/0/0/1201/f", "title": "In Asana"}


def test_comments_are_read_in_one_call_with_their_marks() -> None:
    """Ours carry theirs as a property."""
    with jira_site() as site:
        task = site.file()
        site.tracker.comment(task.id, Mark("spring", "plan"), "Ours")
        site.sim.comment(task.label, "Theirs")
        before = len(site.sim.log)
        assert [remark.mark for remark in site.tracker.remarks(task.id)] == [Mark("spring", "plan"), None]
        assert len(site.calls(before)) == 1


def test_a_task_of_its_own_is_made_in_one_call() -> None:
    """Once the project's screens are known."""
    with jira_site() as site:
        site.tracker.add_task("MKT", new("warm"))
        before = len(site.sim.log)
        made = site.tracker.add_task("MKT", new("mirror"))
        assert site.calls(before) == ["POST issue/bulk"]
        site.tracker.update(made.id, Patch(owner=NOBODY))
