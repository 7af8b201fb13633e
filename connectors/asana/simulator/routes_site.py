"""The operations on people, workspace, teams, projects, sections, custom fields and tags."""

from __future__ import annotations

from typing import Any

from connectors.asana.simulator import projects, strict
from connectors.asana.simulator.errors import ApiError, bad
from connectors.asana.simulator.records import (
    CustomField,
    FieldSetting,
    Project,
    Section,
    Tag,
    Team,
    User,
    Workspace,
)
from connectors.asana.simulator.state import put_in_order
from connectors.asana.simulator.wire import Call, route


@route("GET users", lists="user", query="workspace team")
def list_users(call: Call) -> list[User]:
    """Everybody: all are in the one workspace and team."""
    if "workspace" in call.query:
        call.site.ref(Workspace, call.query["workspace"], "workspace")
    if "team" in call.query:
        call.site.ref(Team, call.query["team"], "team")
    return list(call.site.users.values())


@route("GET users/*", shows="user", query="workspace")
def get_user(call: Call, who: str) -> User:
    """By gid, e-mail or "me"."""
    try:
        return call.site.user(who, call.user, "user")
    except ApiError:
        raise ApiError(404, f"user: Unknown object: {who}") from None


@route("GET workspaces", lists="workspace")
def list_workspaces(call: Call) -> list[Workspace]:
    """The one."""
    return [call.site.workspace]


@route("GET workspaces/*", shows="workspace")
def get_workspace(call: Call, gid: str) -> Workspace:
    """The one."""
    return call.site.find(Workspace, gid)


@route("GET workspaces/*/users", lists="user")
def list_users_of_workspace(call: Call, gid: str) -> list[User]:
    """Everybody."""
    call.site.find(Workspace, gid)
    return list(call.site.users.values())


@route("GET workspaces/*/teams", lists="team")
def list_teams(call: Call, gid: str) -> list[Team]:
    """All teams."""
    call.site.find(Workspace, gid)
    return list(call.site.teams.values())


@route("GET teams/*", shows="team")
def get_team(call: Call, gid: str) -> Team:
    """One team."""
    return call.site.find(Team, gid)


@route("GET workspaces/*/typeahead", lists="named", query="resource_type type query count")
def typeahead(call: Call, gid: str) -> list[Any]:
    """The first `count` whose name or e-mail contains the query."""
    call.site.find(Workspace, gid)
    site = call.site
    kinds: dict[str, Any] = {
        "user": site.users.values(),
        "project": site.projects.values(),
        "team": site.teams.values(),
        "tag": site.tags.values(),
        "custom_field": site.fields.values(),
        "task": site.tasks(),
    }
    if (kind := call.query.get("resource_type")) not in kinds:
        raise bad("resource_type", f"Value is not one of {', '.join(kinds)}: {kind!r}")
    count, word = call.query.get("count", "20"), call.query.get("query", "").lower()
    if not (count.isdigit() and 1 <= int(count) <= 100):
        raise bad("count", "Value must be between 1 and 100")
    found = [r for r in kinds[kind] if word in r.name.lower() or word in getattr(r, "email", "").lower()]
    return found[: int(count)]


def _projects(call: Call, place: Workspace | Team | None) -> list[Project]:
    archived = call.query.get("archived")
    if archived not in (None, "true", "false"):
        raise bad("archived", f"Value is not a boolean: {archived}")
    return [
        project
        for project in call.site.projects.values()
        if place in (None, project.workspace, project.team) and archived in (None, str(project.archived).lower())
    ]


@route("GET projects", lists="project", query="workspace team archived")
def list_projects(call: Call) -> list[Project]:
    """All, or a team's."""
    if "workspace" in call.query:
        call.site.ref(Workspace, call.query["workspace"], "workspace")
    team = call.site.ref(Team, call.query["team"], "team") if "team" in call.query else None
    return _projects(call, team)


@route("GET workspaces/*/projects", lists="project", query="archived")
def list_projects_of_workspace(call: Call, gid: str) -> list[Project]:
    """All."""
    return _projects(call, call.site.find(Workspace, gid))


@route("GET teams/*/projects", lists="project", query="archived")
def list_projects_of_team(call: Call, gid: str) -> list[Project]:
    """The team's."""
    return _projects(call, call.site.find(Team, gid))


@route("POST projects", creates="project", body=strict.NEW_PROJECT)
def create_project(call: Call) -> Project:
    """In the workspace or a team."""
    if not call.data.keys() & {"workspace", "team"}:
        raise bad("workspace", "Missing input")
    if "workspace" in call.data:
        call.site.ref(Workspace, call.data["workspace"], "workspace")
    return projects.create(call.site, call.data, call.user)


@route("POST workspaces/*/projects", creates="project", body=strict.NEW_PROJECT)
def create_project_in_workspace(call: Call, gid: str) -> Project:
    """The same, by path."""
    call.site.find(Workspace, gid)
    return projects.create(call.site, call.data, call.user)


@route("POST teams/*/projects", creates="project", body=strict.NEW_PROJECT)
def create_project_in_team(call: Call, gid: str) -> Project:
    """The same, by path."""
    call.site.find(Team, gid)
    return projects.create(call.site, {**call.data, "team": gid}, call.user)


@route("GET projects/*", shows="project")
def get_project(call: Call, gid: str) -> Project:
    """One project."""
    return call.site.find(Project, gid)


@route("PUT projects/*", shows="project", body=strict.EDIT_PROJECT)
def update_project(call: Call, gid: str) -> Project:
    """Only what is given."""
    return projects.update(call.site, call.site.find(Project, gid), call.data, call.user)


@route("DELETE projects/*")
def delete_project(call: Call, gid: str) -> None:
    """With its sections and tasks."""
    projects.delete(call.site, call.site.find(Project, gid), call.user)


@route("GET projects/*/sections", lists="section")
def list_sections(call: Call, gid: str) -> list[Section]:
    """In order."""
    return list(call.site.find(Project, gid).sections.values())


@route("POST projects/*/sections", creates="section", body={"name": strict.text, **strict.ORDERED}, required="name")
def create_section(call: Call, gid: str) -> Section:
    """At the end, or next to another."""
    project = call.site.find(Project, gid)
    before, after = call.data.get("insert_before"), call.data.get("insert_after")
    strict.only_one(call.data, "insert_before", "insert_after")
    for key, anchor in (("insert_before", before), ("insert_after", after)):
        if anchor is not None and anchor not in project.sections:
            raise bad(key, f"Not a recognized ID: {anchor}")
    section = projects.add_section(call.site, project, call.data["name"], call.user)
    put_in_order(project.sections, section, before, after)
    return section


@route("GET sections/*", shows="section")
def get_section(call: Call, gid: str) -> Section:
    """One section."""
    return call.site.find(Section, gid)


@route("PUT sections/*", shows="section", body={"name": strict.text}, required="name")
def rename_section(call: Call, gid: str) -> Section:
    """A new name."""
    section = call.site.find(Section, gid)
    section.name = call.data["name"]
    call.site.emit(call.user, "changed", section, change={"field": "name", "action": "changed"})
    return section


@route("DELETE sections/*")
def delete_section(call: Call, gid: str) -> None:
    """An empty one."""
    projects.delete_section(call.site, call.site.find(Section, gid), call.user)


@route("GET projects/*/custom_field_settings", lists="custom_field_setting")
def list_field_settings(call: Call, gid: str) -> list[FieldSetting]:
    """The custom fields of its tasks."""
    return call.site.find(Project, gid).custom_field_settings


@route("POST projects/*/addCustomFieldSetting", shows="custom_field_setting",
       body={"custom_field": strict.gid, "is_important": strict.flag}, required="custom_field")  # fmt: skip
def add_field_setting(call: Call, gid: str) -> FieldSetting:
    """Its tasks get one more custom field."""
    field = call.site.ref(CustomField, call.data["custom_field"], "custom_field")
    important = call.data.get("is_important", False)
    return projects.add_field(call.site, call.site.find(Project, gid), field, important=important)


@route("GET workspaces/*/custom_fields", lists="custom_field")
def list_fields(call: Call, gid: str) -> list[CustomField]:
    """The workspace's."""
    call.site.find(Workspace, gid)
    return list(call.site.fields.values())


@route("GET custom_fields/*", shows="custom_field")
def get_field(call: Call, gid: str) -> CustomField:
    """One custom field's definition."""
    return call.site.find(CustomField, gid)


@route("GET tags", lists="tag", query="workspace")
def list_tags(call: Call) -> list[Tag]:
    """The workspace's."""
    return list(call.site.tags.values())


@route("GET workspaces/*/tags", lists="tag")
def list_tags_of_workspace(call: Call, gid: str) -> list[Tag]:
    """The same, by path."""
    call.site.find(Workspace, gid)
    return list(call.site.tags.values())


@route("POST tags", creates="tag", body={"name": strict.text, "workspace": strict.gid, "notes": strict.text},
       required="name workspace")  # fmt: skip
def create_tag(call: Call) -> Tag:
    """In the workspace."""
    workspace = call.site.ref(Workspace, call.data["workspace"], "workspace")
    tag = Tag(
        gid=call.site.gid(),
        home=call.site.home,
        name=call.data["name"],
        workspace=workspace,
        created_at=call.site.now(),
        notes=call.data.get("notes", ""),
    )
    call.site.tags[tag.gid] = call.site.add(tag)
    return tag


@route("GET tags/*", shows="tag")
def get_tag(call: Call, gid: str) -> Tag:
    """One tag."""
    return call.site.find(Tag, gid)
