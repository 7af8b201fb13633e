"""What happens to projects and their sections."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.asana.simulator import dates, richtext, tasks
from connectors.asana.simulator.errors import ApiError
from connectors.asana.simulator.records import CustomField, FieldSetting, Project, Section, Team, User
from connectors.asana.simulator.state import Site

FIRST_SECTION = "Untitled section"


def create(site: Site, data: Mapping[str, Any], actor: User) -> Project:
    """A project with Asana's first, unnamed section (https://developers.asana.com/reference/createproject)."""
    now = site.now()
    team = site.ref(Team, data["team"], "team") if "team" in data else next(iter(site.teams.values()))
    wanted: dict[str, Any] = {"name": "", "owner": actor} | _wanted(site, data, actor, None)
    project = Project(
        gid=site.gid(),
        home=site.home,
        workspace=site.workspace,
        team=team,
        created_at=now,
        modified_at=now,
        members={actor.gid: actor},
        followers={actor.gid: actor},
        **wanted,
    )
    site.projects[project.gid] = site.add(project)
    add_section(site, project, FIRST_SECTION)
    site.emit(actor, "added", project, parent=team)
    return project


def update(site: Site, project: Project, data: Mapping[str, Any], actor: User) -> Project:
    """Only what is given (https://developers.asana.com/reference/updateproject)."""
    for name, value in _wanted(site, data, actor, project).items():
        if getattr(project, name) != value:
            setattr(project, name, value)
            project.modified_at = site.now()
            site.emit(actor, "changed", project, change={"field": name, "action": "changed"})
    return project


def delete(site: Site, project: Project, actor: User) -> None:
    """The project, its sections, and the tasks that are in no other project."""
    for task in list(project.tasks.values()):
        if len(task.places) == 1 and not task.parent:
            tasks.delete(site, task, actor)
        elif task.gid in project.tasks:
            tasks.unplace(site, task, project, actor)
    for section in project.sections.values():
        site.drop(section)
    site.emit(actor, "deleted", project)
    site.drop(project)
    del site.projects[project.gid]


def add_section(site: Site, project: Project, name: str, actor: User | None = None) -> Section:
    """At the end."""
    section = Section(gid=site.gid(), name=name, project=project, created_at=site.now())
    project.sections[section.gid] = site.add(section)
    if actor:
        site.emit(actor, "added", section, parent=project)
    return section


def delete_section(site: Site, section: Section, actor: User) -> None:
    """Only an empty one that is not the last."""
    if section.tasks or len(section.project.sections) == 1:
        raise ApiError(400, "Only an empty section can be deleted, and not the last one of a project")
    site.emit(actor, "deleted", section)
    del section.project.sections[section.gid]
    site.drop(section)


def add_field(site: Site, project: Project, field: CustomField, *, important: bool = False) -> FieldSetting:
    """From now on the project's tasks have this custom field."""
    if field.gid in project.settings:
        raise ApiError(403, f"The project has the custom field {field.gid} already")
    setting = FieldSetting(gid=site.gid(), project=project, custom_field=field, is_important=important)
    project.settings[field.gid] = site.add(setting)
    return setting


def _wanted(site: Site, data: Mapping[str, Any], actor: User, project: Project | None) -> dict[str, Any]:
    plain = ("name", "archived", "color", "default_view", "public", "privacy_setting")
    out: dict[str, Any] = {name: data[name] for name in plain if name in data}
    out |= richtext.both(data, "notes", "html_notes", richtext.NOTE_TAGS)
    if "owner" in data:
        out["owner"] = site.user(data["owner"], actor, "owner") if data["owner"] else None
    if data.keys() & {"due_on", "start_on"}:
        current = {key: getattr(project, key, None) for key in dates.KEYS}
        settled = dates.settle(data, current, milestone=False)
        out |= {"due_on": settled["due_on"], "start_on": settled["start_on"]}
    return out
