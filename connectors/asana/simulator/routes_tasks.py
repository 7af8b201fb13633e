"""The operations on tasks and stories (https://developers.asana.com/reference/tasks)."""

from __future__ import annotations

from collections.abc import Iterable

from connectors.asana.simulator import stories, strict, tasks
from connectors.asana.simulator.errors import ApiError, bad
from connectors.asana.simulator.records import Project, Section, Story, Tag, Task
from connectors.asana.simulator.state import put_in_order
from connectors.asana.simulator.wire import Call, route

_PLACE = {"project": strict.gid} | dict.fromkeys(
    ("section", "insert_before", "insert_after"), strict.nullable(strict.gid)
)
_GIDS = {"dependencies": strict.each(strict.gid), "dependents": strict.each(strict.gid)}


def _task(call: Call, gid: str) -> Task:
    """By gid, or by `external:` and the app's own id."""
    kind, _, own = gid.partition(":")
    if kind != "external":
        return call.site.find(Task, gid)
    _require_oauth(call)
    for task in call.site.by_external.get(own, {}).values():
        if task.external["gid"] == own and task.gid not in call.site.trash:
            return call.site.find(Task, task.gid)
    raise ApiError(404, f"task: Unknown object: {gid}")


def _require_oauth(call: Call) -> None:
    if not call.oauth:
        raise ApiError(403, "external: only apps that authenticate with OAuth may use external data")


def _check_external(call: Call) -> None:
    if "external" in call.data:
        _require_oauth(call)


@route("GET tasks", lists="task", query="assignee project section workspace completed_since modified_since")
def list_tasks(call: Call) -> list[Task]:
    """Those of a project, of a section, or of an assignee in a workspace."""
    ways = [key for key in ("project", "section", "assignee") if key in call.query]
    if len(ways) != 1 or ("workspace" in call.query) != (ways == ["assignee"]):
        raise ApiError(400, "You must specify exactly one of project, section, or assignee and workspace")
    if "assignee" in call.query:
        assignee = call.site.user(call.query["assignee"], call.user, "assignee")
        found: Iterable[Task] = (task for task in call.site.tasks() if task.assignee is assignee)
    elif "project" in call.query:
        found = call.site.ref(Project, call.query["project"], "project").tasks.values()
    else:
        found = call.site.ref(Section, call.query["section"], "section").tasks.values()
    return _since(call, found)


@route("GET projects/*/tasks", lists="task", query="completed_since")
def list_tasks_of_project(call: Call, gid: str) -> list[Task]:
    """The same, by path."""
    return _since(call, call.site.find(Project, gid).tasks.values())


@route("GET sections/*/tasks", lists="task", query="completed_since")
def list_tasks_of_section(call: Call, gid: str) -> list[Task]:
    """The same, by path."""
    return _since(call, call.site.find(Section, gid).tasks.values())


def _since(call: Call, found: Iterable[Task]) -> list[Task]:
    if text := call.query.get("modified_since"):
        modified = strict.instant(text, "modified_since")
        found = (task for task in found if task.modified_at >= modified)
    if text := call.query.get("completed_since"):
        completed = call.site.now() if text == "now" else strict.instant(text, "completed_since")
        found = (task for task in found if task.completed_at is None or task.completed_at >= completed)
    return list(found)


@route("POST tasks", creates="task", body=strict.NEW_TASK)
def create_task(call: Call) -> Task:
    """A task in projects or the workspace, or a subtask."""
    _check_external(call)
    return tasks.create(call.site, call.data, call.user)


@route("GET tasks/*", shows="task")
def get_task(call: Call, gid: str) -> Task:
    """One task."""
    return _task(call, gid)


@route("PUT tasks/*", shows="task", body=strict.EDIT_TASK)
def update_task(call: Call, gid: str) -> Task:
    """Only what is given."""
    _check_external(call)
    return tasks.update(call.site, _task(call, gid), call.data, call.user)


@route("DELETE tasks/*")
def delete_task(call: Call, gid: str) -> None:
    """To the trash."""
    tasks.delete(call.site, _task(call, gid), call.user)


@route("GET tasks/*/subtasks", lists="task")
def list_subtasks(call: Call, gid: str) -> list[Task]:
    """Direct ones."""
    return list(_task(call, gid).subtasks.values())


@route("POST tasks/*/subtasks", creates="task", body=strict.NEW_TASK)
def create_subtask(call: Call, gid: str) -> Task:
    """Under this task."""
    _check_external(call)
    return tasks.create(call.site, call.data, call.user, parent=_task(call, gid))


@route("POST tasks/*/setParent", shows="task", body={"parent": strict.nullable(strict.gid), **strict.ORDERED})
def set_parent(call: Call, gid: str) -> Task:
    """Move below another task, or nowhere."""
    task = _task(call, gid)
    if "parent" not in call.data:
        raise bad("parent", "Missing input")
    strict.only_one(call.data, "insert_before", "insert_after")
    tasks.set_parent(call.site, task, call.data["parent"], call.user)
    if task.parent:
        put_in_order(task.parent.subtasks, task, call.data.get("insert_before"), call.data.get("insert_after"))
    return task


@route("GET tasks/*/dependencies", lists="task")
def list_dependencies(call: Call, gid: str) -> list[Task]:
    """What it waits on."""
    return list(_task(call, gid).dependencies.values())


@route("GET tasks/*/dependents", lists="task")
def list_dependents(call: Call, gid: str) -> list[Task]:
    """What waits on it."""
    return list(_task(call, gid).dependents.values())


def _others(call: Call, key: str) -> list[Task]:
    return [call.site.ref(Task, gid, key) for gid in call.data[key]]


@route("POST tasks/*/addDependencies", body=_GIDS, required="dependencies")
def add_dependencies(call: Call, gid: str) -> None:
    """It waits on these."""
    tasks.add_dependencies(call.site, _task(call, gid), _others(call, "dependencies"), call.user)


@route("POST tasks/*/removeDependencies", body=_GIDS, required="dependencies")
def remove_dependencies(call: Call, gid: str) -> None:
    """It waits on these no longer."""
    tasks.remove_dependencies(call.site, _task(call, gid), _others(call, "dependencies"), call.user)


@route("POST tasks/*/addDependents", body=_GIDS, required="dependents")
def add_dependents(call: Call, gid: str) -> None:
    """These wait on it."""
    task = _task(call, gid)
    for other in _others(call, "dependents"):
        tasks.add_dependencies(call.site, other, [task], call.user)


@route("POST tasks/*/removeDependents", body=_GIDS, required="dependents")
def remove_dependents(call: Call, gid: str) -> None:
    """These wait on it no longer."""
    task = _task(call, gid)
    for other in _others(call, "dependents"):
        tasks.remove_dependencies(call.site, other, [task], call.user)


@route("POST tasks/*/addProject", body=_PLACE, required="project")
def add_project(call: Call, gid: str) -> None:
    """Into a project, or elsewhere within it."""
    task, project = _task(call, gid), call.site.ref(Project, call.data["project"], "project")
    section = None
    strict.only_one(call.data, "section", "insert_before", "insert_after")
    if call.data.get("section"):
        section = call.site.ref(Section, call.data["section"], "section")
        if section.project is not project:
            raise bad("section", f"Section {section.gid} is not in project {project.gid}")
    tasks.place(call.site, task, project, section or task.places.get(project), call.user)


@route("POST tasks/*/removeProject", body={"project": strict.gid}, required="project")
def remove_project(call: Call, gid: str) -> None:
    """Out of a project."""
    project = call.site.ref(Project, call.data["project"], "project")
    tasks.unplace(call.site, _task(call, gid), project, call.user)


@route("POST sections/*/addTask", body={"task": strict.gid, **strict.ORDERED}, required="task")
def add_task_to_section(call: Call, gid: str) -> None:
    """Into a section, and out of the project's others."""
    section = call.site.find(Section, gid)
    task = call.site.ref(Task, call.data["task"], "task")
    strict.only_one(call.data, "insert_before", "insert_after")
    tasks.place(call.site, task, section.project, section, call.user)
    put_in_order(section.tasks, task, call.data.get("insert_before"), call.data.get("insert_after"))


def _follow(call: Call, gid: str, action: str) -> Task:
    task = _task(call, gid)
    for user in [call.site.user(who, call.user, "followers") for who in call.data["followers"]]:
        if (user.gid in task.followers) == (action == "added"):
            continue
        if action == "added":
            task.followers[user.gid] = user
        else:
            del task.followers[user.gid]
        tasks.tell_membership(call.site, task, call.user, "followers", action, user)
    return task


@route("POST tasks/*/addFollowers", shows="task", body={"followers": strict.each(strict.text)}, required="followers")
def add_followers(call: Call, gid: str) -> Task:
    """They hear of it from now on."""
    return _follow(call, gid, "added")


@route("POST tasks/*/removeFollowers", shows="task", body={"followers": strict.each(strict.text)}, required="followers")
def remove_followers(call: Call, gid: str) -> Task:
    """They hear of it no longer."""
    return _follow(call, gid, "removed")


@route("POST tasks/*/addTag", body={"tag": strict.gid}, required="tag")
def add_tag(call: Call, gid: str) -> None:
    """Tag it; repeating is harmless."""
    task, tag = _task(call, gid), call.site.ref(Tag, call.data["tag"], "tag")
    if tag.gid not in task.tags:
        task.tags[tag.gid] = tag
        tasks.tell_membership(call.site, task, call.user, "tags", "added", tag)


@route("POST tasks/*/removeTag", body={"tag": strict.gid}, required="tag")
def remove_tag(call: Call, gid: str) -> None:
    """Untag it."""
    task, tag = _task(call, gid), call.site.ref(Tag, call.data["tag"], "tag")
    if task.tags.pop(tag.gid, None):
        tasks.tell_membership(call.site, task, call.user, "tags", "removed", tag)


@route("GET tasks/*/projects", lists="project")
def list_projects_of_task(call: Call, gid: str) -> list[Project]:
    """Where it is."""
    return _task(call, gid).projects


@route("GET tasks/*/tags", lists="tag")
def list_tags_of_task(call: Call, gid: str) -> list[Tag]:
    """Its tags."""
    return list(_task(call, gid).tags.values())


@route("GET tasks/*/stories", lists="story")
def list_stories(call: Call, gid: str) -> list[Story]:
    """Comments and what the system noted, oldest first."""
    return list(_task(call, gid).stories.values())


@route("POST tasks/*/stories", creates="story", body=strict.STORY)
def create_story(call: Call, gid: str) -> Story:
    """Comment."""
    return stories.comment(call.site, _task(call, gid), call.data, call.user)


@route("GET stories/*", shows="story")
def get_story(call: Call, gid: str) -> Story:
    """One story."""
    return call.site.find(Story, gid)


@route("PUT stories/*", shows="story", body=strict.STORY)
def update_story(call: Call, gid: str) -> Story:
    """Change one's own comment."""
    return stories.edit(call.site, call.site.find(Story, gid), call.data, call.user)


@route("DELETE stories/*")
def delete_story(call: Call, gid: str) -> None:
    """Delete one's own comment."""
    stories.delete(call.site, call.site.find(Story, gid), call.user)
