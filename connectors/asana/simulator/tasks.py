"""What happens to tasks, and the events and stories that it leaves."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from connectors.asana.simulator import dates, fields, richtext, stories
from connectors.asana.simulator.errors import ApiError, bad
from connectors.asana.simulator.records import MISSING, CustomField, Project, Section, Tag, Task, User, Workspace
from connectors.asana.simulator.state import Site, reference

Data = Mapping[str, Any]


def create(site: Site, data: Data, actor: User, parent: Task | None = None) -> Task:
    """A new task or subtask (https://developers.asana.com/reference/createtask)."""
    if data.get("name") in site.refused_names:
        raise bad("name", "This name is not allowed here")
    if data.get("parent"):
        parent = site.ref(Task, data["parent"], "parent")
    places = _places(site, data)
    if data.get("workspace"):
        site.ref(Workspace, data["workspace"], "workspace")
    elif not parent and not places:
        raise bad("workspace", "Missing input")
    known = {gid: s.custom_field for project in places for gid, s in project.settings.items()}
    wanted = _wanted(site, data, actor, None, known)
    followers = [site.user(who, actor, "followers") for who in data.get("followers", ())]
    tags = [site.ref(Tag, gid, "tags") for gid in data.get("tags", ())]
    now = site.now()
    wanted["completed_at"], wanted["completed_by"] = (now, actor) if wanted.get("completed") else (None, None)
    task = Task(
        gid=site.gid(),
        home=site.home,
        workspace=site.workspace,
        created_by=actor,
        created_at=now,
        modified_at=now,
        parent=parent,
        followers={user.gid: user for user in (actor, *filter(None, [wanted.get("assignee")]), *followers)},
        tags={tag.gid: tag for tag in tags},
        **wanted,
    )
    site.add(task)
    _remember_external(site, task)
    if parent:
        parent.subtasks[task.gid] = task
        site.emit(actor, "added", task, parent=parent)
    for project, section in places.items():
        place(site, task, project, section, actor)
    if task.assignee:
        stories.note(site, task, actor, "assigned", f"assigned to {task.assignee.name}", assignee=task.assignee)
    return task


def update(site: Site, task: Task, data: Data, actor: User) -> Task:
    """Write fields (https://developers.asana.com/reference/updatetask): all of them, or none where one is wrong."""
    wanted = _wanted(site, data, actor, task, task.fields)
    before = {name: getattr(task, name) for name in wanted}
    values = wanted.pop("values", task.values)
    if data.get("parent", MISSING) is not MISSING:
        set_parent(site, task, data["parent"], actor)
    changed = {name for name, value in wanted.items() if before[name] is not value and before[name] != value}
    for name in wanted:
        if name in changed:
            setattr(task, name, wanted[name])
    if "completed" in changed:
        task.completed_at, task.completed_by = (site.now(), actor) if task.completed else (None, None)
    _remember_external(site, task)
    if changed or values != task.values:
        task.modified_at = site.now()
    for name in wanted:
        if name in changed and name != "html_notes":
            _tell_change(site, task, actor, name)
    for gid, value in values.items():
        if task.values.get(gid) != value:
            task.values[gid] = value
            fields.tell(site, task, actor, task.fields[gid], value)
    stories.note_changes(site, task, actor, before, changed)
    return task


def delete(site: Site, task: Task, actor: User) -> None:
    """Move to the trash, with its subtasks (https://developers.asana.com/reference/deletetask)."""
    branch = _branch(task)
    site.trash[task.gid] = branch
    for one in reversed(branch):
        site.emit(actor, "deleted", one)
    for one in branch:
        site.drop(one)
        for project, section in one.places.items():
            project.tasks.pop(one.gid, None)
            section.tasks.pop(one.gid, None)
        for other in one.dependencies.values():
            other.dependents.pop(one.gid, None)
        for other in one.dependents.values():
            other.dependencies.pop(one.gid, None)
        one.dependencies, one.dependents = {}, {}
    if task.parent:
        task.parent.subtasks.pop(task.gid, None)


def restore(site: Site, gid: str, actor: User) -> Task:
    """Out of the trash; its dependencies are not restored."""
    if gid not in site.trash:
        raise ApiError(404, f"task: Unknown object: {gid}")
    branch = site.trash.pop(gid)
    for one in branch:
        site.add(one)
        for project, section in one.places.items():
            project.tasks[one.gid] = section.tasks[one.gid] = one
    if branch[0].parent:
        branch[0].parent.subtasks[gid] = branch[0]
    for one in branch:
        site.emit(actor, "undeleted", one)
    return branch[0]


def place(site: Site, task: Task, project: Project, section: Section | None, actor: User) -> None:
    """Into a project's section, or from another section of it (https://developers.asana.com/reference/addprojectfortask)."""
    section = section or next(iter(project.sections.values()))
    old = task.places.get(project)
    if old is section:
        return
    if old:
        old.tasks.pop(task.gid, None)
        site.emit(actor, "removed", task, parent=old)
    elif len(task.places) == 20:
        raise ApiError(400, "A task can be in at most 20 projects")
    task.places[project] = section
    section.tasks[task.gid] = project.tasks[task.gid] = task
    task.modified_at = site.now()
    if not old:
        site.emit(actor, "added", task, parent=project)
    site.emit(actor, "added", task, parent=section)


def unplace(site: Site, task: Task, project: Project, actor: User) -> None:
    """Out of a project."""
    section = task.places.get(project)
    if section is None:
        raise bad("project", f"The task is not in project {project.gid}")
    site.emit(actor, "removed", task, parent=section)
    site.emit(actor, "removed", task, parent=project)
    del task.places[project], project.tasks[task.gid], section.tasks[task.gid]
    task.modified_at = site.now()


def set_parent(site: Site, task: Task, gid: str | None, actor: User) -> None:
    """Under another task, or none (https://developers.asana.com/reference/setparentfortask)."""
    parent = site.ref(Task, gid, "parent") if gid else None
    if parent in _branch(task):
        raise bad("parent", "A task cannot be its own ancestor")
    if parent is task.parent:
        return
    if task.parent:
        site.emit(actor, "removed", task, parent=task.parent)
        del task.parent.subtasks[task.gid]
    task.parent = parent
    task.modified_at = site.now()
    if parent:
        parent.subtasks[task.gid] = task
        site.emit(actor, "added", task, parent=parent)
    change = {"field": "parent", "action": "changed"} | ({"new_value": reference(parent)} if parent else {})
    site.emit(actor, "changed", task, change=change)


def add_dependencies(site: Site, task: Task, others: Collection[Task], actor: User) -> None:
    """`task` waits on the others. Repeating is harmless; 30 dependents and dependencies together are the limit
    (https://developers.asana.com/reference/adddependenciesfortask)."""
    site.check_plan("dependencies")
    new = {other.gid: other for other in others if other.gid not in task.dependencies}
    if task.gid in new:
        raise bad("dependencies", "A task cannot depend on itself")
    ends = {task: len(new)} | dict.fromkeys(new.values(), 1)
    for end, more in ends.items():
        if len(end.dependencies) + len(end.dependents) + more > 30:
            raise bad("dependencies", f"Task {end.gid} would have more than 30 dependents and dependencies combined")
    for other in new.values():
        task.dependencies[other.gid], other.dependents[task.gid] = other, task
        _tell_dependency(site, task, other, "added", actor)


def remove_dependencies(site: Site, task: Task, others: Collection[Task], actor: User) -> None:
    """`task` no longer waits on the others."""
    for other in others:
        if task.dependencies.pop(other.gid, None):
            del other.dependents[task.gid]
            _tell_dependency(site, task, other, "removed", actor)


def tell_membership(site: Site, task: Task, actor: User, name: str, action: str, thing: User | Tag) -> None:
    """A follower or tag came or went."""
    task.modified_at = site.now()
    change = {"field": name, "action": action, f"{action}_value": reference(thing)}
    site.emit(actor, "changed", task, change=change)


def _wanted(site: Site, data: Data, actor: User, task: Task | None, known: Mapping[str, CustomField]) -> dict[str, Any]:
    """The attributes after the write, checked before anything is changed."""
    out: dict[str, Any] = {name: data[name] for name in ("name", "resource_subtype") if name in data}
    subtype = out.get("resource_subtype", task.resource_subtype if task else "default_task")
    if data.keys() & {*dates.KEYS} or subtype == "milestone":
        current = {key: getattr(task, key, None) for key in dates.KEYS}
        out |= dates.settle(data, current, milestone=subtype == "milestone")
    if out.get("start_on"):
        site.check_plan("start_on")
    out |= _completion(data, task, subtype)
    if "assignee" in data:
        out["assignee"] = site.user(data["assignee"], actor, "assignee") if data["assignee"] else None
    out |= richtext.both(data, "notes", "html_notes", richtext.NOTE_TAGS)
    if "external" in data:
        out["external"] = {"gid": None, "data": None} | data["external"]
    if "custom_fields" in data:
        values = {gid: fields.value(known, gid, value) for gid, value in data["custom_fields"].items()}
        out["values"] = (task.values if task else {}) | values
    return out


def _completion(data: Data, task: Task | None, subtype: str) -> dict[str, Any]:
    """`completed`, and for approvals the status that is kept in step with it: every answer, also a no, completes."""
    out = {"completed": data["completed"]} if "completed" in data else {}
    if subtype != "approval":
        if "approval_status" in data:
            raise bad("approval_status", "The task is not an approval")
        return out | ({"approval_status": MISSING} if task else {})
    if "approval_status" in data:
        return {"approval_status": data["approval_status"], "completed": data["approval_status"] != "pending"}
    if "completed" in data:
        return out | {"approval_status": "approved" if data["completed"] else "pending"}
    return {} if task and task.approval_status is not MISSING else {"approval_status": "pending"}


def _places(site: Site, data: Data) -> dict[Project, Section]:
    places: dict[Project, Section] = {}
    for gid in data.get("projects", ()):
        project = site.ref(Project, gid, "projects")
        places[project] = next(iter(project.sections.values()))
    for at, place_in in enumerate(data.get("memberships", ())):
        if "project" not in place_in:
            raise bad(f"memberships[{at}].project", "Missing input")
        project = site.ref(Project, place_in["project"], f"memberships[{at}].project")
        places.setdefault(project, next(iter(project.sections.values())))
        if "section" in place_in:
            section = site.ref(Section, place_in["section"], f"memberships[{at}].section")
            if section.project is not project:
                raise bad(f"memberships[{at}].section", f"Section {section.gid} is not in project {project.gid}")
            places[project] = section
    return places


def _branch(task: Task) -> list[Task]:
    """The task and everything below it, from the top."""
    found = [task]
    for one in found:
        found += one.subtasks.values()
    return found


def _remember_external(site: Site, task: Task) -> None:
    if task.external is not MISSING and task.external["gid"]:
        site.by_external.setdefault(task.external["gid"], {})[task.gid] = task


def _tell_change(site: Site, task: Task, actor: User, name: str) -> None:
    value = getattr(task, name)
    change: dict[str, Any] = {"field": name, "action": "changed"}
    if isinstance(value, User):
        change["new_value"] = reference(value)
    site.emit(actor, "changed", task, change=change)
    if name == "completed":
        site.emit(actor, "changed", task, change={"field": "completed_at", "action": "changed"})


def _tell_dependency(site: Site, task: Task, other: Task, action: str, actor: User) -> None:
    for one, name, end in ((task, "dependencies", other), (other, "dependents", task)):
        one.modified_at = site.now()
        change = {"field": name, "action": action, f"{action}_value": reference(end)}
        site.emit(actor, "changed", one, change=change)
