"""What one campaign in two trackers needs of each: a task of its own, everybody's comments, links across."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.contract import NOBODY, Mark, NewTask, Patch
from connectors.errors import Rejected
from tests.contract.scene import CAMPAIGN, FAULTS, Scene

PARENT = NewTask(mark=Mark(CAMPAIGN, "mirror"), title="Spring webinar", text="Filed elsewhere")


WORKED = {name: fault for name, fault in FAULTS.items() if "before the work" not in name}
"""Where the work was not done, a search index is given a minute to show that it was not."""


@pytest.mark.parametrize("fault", [{}, *WORKED.values()], ids=["no fault", *WORKED])
def test_a_task_of_its_own_is_made_once(scene: Scene, fault: dict[str, Any]) -> None:
    """Whatever becomes of the reply, and when it is looked for later, too."""
    mark = Mark(CAMPAIGN, f"mirror{abs(hash(repr(fault)))}")
    task = NewTask(mark=mark, title=PARENT.title, text=PARENT.text)
    scene.strike("POST", **fault)
    made = scene.tracker.add_task(scene.stage.project, task)
    scene.calm()
    assert (made.title, made.mark, made.parent) == (task.title, mark, None)
    assert scene.tracker.add_task(scene.stage.project, task, look_first=True).id == made.id


def test_a_task_of_its_own_that_is_refused_says_why(scene: Scene) -> None:
    """In the vendor's words."""
    unwanted = NewTask(mark=Mark(CAMPAIGN, "unwanted"), title=scene.stage.unwanted_title)
    with pytest.raises(Rejected):
        scene.tracker.add_task(scene.stage.project, unwanted)


def test_comments_are_read_with_author_and_mark(scene: Scene) -> None:
    """Ours are told from people's, and the mark is no part of the text."""
    task = scene.one()
    mark = Mark(CAMPAIGN, "plan")
    scene.tracker.comment(task.id, mark, "From us")
    scene.stage.remark(task.id, "From a person")
    ours, theirs = scene.tracker.remarks(task.id)
    assert (ours.text, ours.mark) == ("From us", mark)
    assert (theirs.text, theirs.mark) == ("From a person", None)
    assert theirs.author
    assert theirs.author.name
    assert theirs.author.id != scene.tracker.whoami().id
    assert theirs.written_at.utcoffset() is not None


def test_a_link_to_elsewhere_stands_once(scene: Scene) -> None:
    """However often it is written."""
    task = scene.one()
    for _ in range(2):
        scene.tracker.link_to(task, "Spring webinar", "https://elsewhere.example.com/1")
    assert len(scene.tracker.remarks(task.id)) <= 1


def test_an_owner_can_be_taken_off(scene: Scene) -> None:
    """None leaves the owner alone, nobody takes it off."""
    owner = scene.tracker.find_account(scene.stage.colleague, scene.stage.project)
    assert owner
    task = scene.one(owner=owner.id)
    scene.tracker.update(task.id, Patch(title="Kept"))
    assert scene.stage.look(task.id).owner == scene.stage.colleague
    scene.tracker.update(task.id, Patch(owner=NOBODY))
    assert scene.stage.look(task.id).owner is None


def test_a_change_is_seen_in_when_it_was(scene: Scene) -> None:
    """By the tracker's own clock."""
    task = scene.one()
    before = scene.tracker.read([task.id])[task.id].changed_at
    scene.stage.rename(task.id, "Renamed")
    after = scene.tracker.read([task.id])[task.id].changed_at
    assert before
    assert after
    assert after >= before
