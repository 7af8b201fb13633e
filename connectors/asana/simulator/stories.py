"""Comments, and what the system notes about changes (https://developers.asana.com/reference/stories)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from connectors.asana.simulator import richtext
from connectors.asana.simulator.errors import ApiError, bad
from connectors.asana.simulator.records import Story, Task, User
from connectors.asana.simulator.state import Site


def comment(site: Site, task: Task, data: Mapping[str, Any], actor: User) -> Story:
    """A comment by `actor`."""
    if not data.get("text") and not data.get("html_text"):
        raise bad("text", "Missing input")
    form = richtext.both(data, "text", "html_text", richtext.COMMENT_TAGS)
    story = note(site, task, actor, "comment_added", form["text"], form["html_text"])
    story.is_pinned, story.is_edited = data.get("is_pinned", False), False
    return story


def edit(site: Site, story: Story, data: Mapping[str, Any], actor: User) -> Story:
    """Only its author changes a comment, and nobody a system story."""
    _require_author(story, actor)
    if form := richtext.both(data, "text", "html_text", richtext.COMMENT_TAGS):
        story.text, story.html_text = form["text"], form["html_text"]
        story.is_edited = True
        site.emit(actor, "changed", story, change={"field": "text", "action": "changed"}, heard_by=story.task)
    story.is_pinned = data.get("is_pinned", story.is_pinned)
    return story


def delete(site: Site, story: Story, actor: User) -> None:
    """Gone for good."""
    _require_author(story, actor)
    del story.task.stories[story.gid]
    site.drop(story)
    story.task.modified_at = site.now()
    site.emit(actor, "deleted", story, heard_by=story.task)


def note(site: Site, task: Task, actor: User, subtype: str, text: str, html: str = "", **details: Any) -> Story:
    """Add a story to a task."""
    now = site.now()
    story = Story(
        gid=site.gid(),
        task=task,
        created_at=now,
        created_by=actor,
        resource_subtype=subtype,
        text=text,
        html_text=html or richtext.from_plain(text),
        **details,
    )
    site.add(story)
    task.stories[story.gid] = story
    task.modified_at = now
    site.emit(actor, "added", story, parent=task, heard_by=task)
    return story


def note_changes(site: Site, task: Task, actor: User, before: Mapping[str, Any], changed: Collection[str]) -> None:
    """The system stories of an edit."""
    if "completed" in changed:
        done = task.completed
        note(site, task, actor, "marked_complete" if done else "marked_incomplete",
             "marked this task complete" if done else "marked incomplete")  # fmt: skip
    if "name" in changed:
        text = f"changed the name to {task.name!r}"
        note(site, task, actor, "name_changed", text, old_name=before["name"], new_name=task.name)
    if "notes" in changed:
        note(site, task, actor, "notes_changed", "changed the description")
    if "assignee" in changed:
        if task.assignee:
            task.followers[task.assignee.gid] = task.assignee
            note(site, task, actor, "assigned", f"assigned to {task.assignee.name}", assignee=task.assignee)
        else:
            note(site, task, actor, "unassigned", "unassigned")
    if not {"due_on", "due_at", "start_on"}.isdisjoint(changed):
        keys = ("due_on", "due_at", "start_on")
        old, new = {key: before[key] for key in keys}, {key: getattr(task, key) for key in keys}
        text = f"changed the due date to {task.due_on}" if task.due_on else "removed the due date"
        note(site, task, actor, "due_date_changed", text, old_dates=old, new_dates=new)


def _require_author(story: Story, actor: User) -> None:
    if story.type != "comment" or story.created_by is not actor:
        raise ApiError(403, "Forbidden: only its author can change a comment")
