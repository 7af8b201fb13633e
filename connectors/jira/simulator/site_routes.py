"""Everything that is not an issue: who I am, projects, fields, screens, people, permissions and admin webhooks.

https://developer.atlassian.com/cloud/jira/platform/rest/v3/intro/
"""

from __future__ import annotations

from collections.abc import Mapping

from connectors.jira.simulator import seed
from connectors.jira.simulator.answers import instant, schema
from connectors.jira.simulator.app import NOTHING, Answer, Call, Resource, resource
from connectors.jira.simulator.issue_routes import page
from connectors.jira.simulator.model import IssueType, Json, Project, User
from connectors.jira.simulator.strict import Refusal, names, number


def _myself(call: Call) -> Answer:
    return Answer(call.show.account(call.actor) | {"locale": "en_US"})


def _server_info(call: Call) -> Answer:
    return Answer(
        {
            "baseUrl": call.show.base,
            "displayUrl": call.show.base,
            "version": "1001.0.0-SNAPSHOT",
            "versionNumbers": [1001, 0, 0],
            "deploymentType": "Cloud",
            "buildNumber": 100_000,
            "buildDate": "2026-11-01T00:00:00.000+0000",
            "serverTime": instant(call.site.now()),
            "scmInfo": "0000000000000000000000000000000000000000",
            "serverTitle": "Jira",
        }
    )


def _fields(_: Call) -> Answer:
    rows: list[Json] = [
        {
            "id": definition.id,
            "key": definition.id,
            "name": definition.name,
            "custom": definition.custom is not None,
            "orderable": True,
            "navigable": True,
            "searchable": True,
            "clauseNames": _clauses(definition.id, definition.name, definition.clauses),
            "schema": schema(definition),
        }
        for definition in seed.FIELDS.values()
    ]
    rows += [
        {
            "id": field,
            "key": field,
            "name": name,
            "custom": False,
            "orderable": False,
            "navigable": True,
            "searchable": True,
            "clauseNames": [field],
            "schema": {"type": kind, "system": field},
        }
        for field, (name, kind) in seed.READ_ONLY_FIELDS.items()
    ]
    return Answer(rows)


def _clauses(field: str, name: str, known: tuple[str, ...]) -> list[str]:
    if field.startswith("customfield_"):
        return [f"cf[{field.rpartition('_')[2]}]", name]
    return list(known or (field,))


def _one_project(call: Call, project: Project) -> Json:
    return call.show.project(project) | {
        "description": "",
        "lead": call.show.user(project.lead),
        "components": [],
        "issueTypes": [call.show.issue_type(known) for known in seed.TYPES],
        "assigneeType": "UNASSIGNED",
        "versions": [],
        "roles": {},
        "isPrivate": False,
        "properties": {},
        "style": "classic",
        "expand": "description,lead,issueTypes,url,projectKeys,permissions,insight",
    }


def _project(call: Call) -> Answer:
    return Answer(_one_project(call, call.site.project(call.params["project"])))


def _projects(call: Call) -> Answer:
    keys, needle = names(call.query.get("keys")), call.query.get("query", "").lower()
    rows = [
        call.show.project(project)
        for project in call.site.projects.values()
        if (not keys or project.key in keys) and needle in f"{project.key} {project.name}".lower()
    ]
    return Answer({"self": call.show.link("project/search"), **page(call, rows, "values", 50)})


def _project_statuses(call: Call) -> Answer:
    call.site.project(call.params["project"])
    statuses = [call.show.status(status) for status in call.site.statuses.values()]
    return Answer(
        [
            {
                "self": call.show.link(f"issuetype/{known.id}"),
                "id": known.id,
                "name": known.name,
                "subtask": known.subtask,
                "statuses": statuses,
            }
            for known in seed.TYPES
        ]
    )


def _create_types(call: Call) -> Answer:
    """Whoever may not create issues is told of no type."""
    call.site.project(call.params["project"])
    offered = () if "CREATE_ISSUES" in call.actor.denied else seed.TYPES
    return Answer(page(call, [call.show.issue_type(known) for known in offered], "issueTypes", 50))


def _create_fields(call: Call) -> Answer:
    project = call.site.project(call.params["project"])
    chosen = next((known for known in seed.TYPES if known.id == call.params["type"]), None)
    if chosen is None:
        raise Refusal(404, f"Issue type with id '{call.params['type']}' could not be found.")
    return Answer(page(call, _screen(call, project, chosen), "fields", 50))


def _screen(call: Call, project: Project, issue_type: IssueType) -> list[Json]:
    rows: list[Json] = []
    allowed = {"project": call.show.project(project), "issuetype": call.show.issue_type(issue_type)}
    for name, value in allowed.items():
        meta = call.show.meta(seed.FIELDS[name], required=True)
        rows.append({**meta, "fieldId": name, "allowedValues": [value]})
    always = {"summary", "parent"} if issue_type.subtask else {"summary"}
    for name, definition in call.site.screen(issue_type, "create", call.actor.denied).items():
        required = name in always or name in call.site.required
        rows.append({**call.show.meta(definition, required=required), "fieldId": name})
    return rows


def _link_types(call: Call) -> Answer:
    return Answer({"issueLinkTypes": [call.show.link_type(known) for known in seed.LINK_TYPES]})


def _permissions(call: Call) -> Answer:
    wanted = names(call.query.get("permissions"))
    if not wanted:
        raise Refusal(400, "The 'permissions' query parameter is required.")
    if unknown := [name for name in wanted if name not in seed.PERMISSIONS]:
        raise Refusal(400, *(f"Unrecognized permission: {name}" for name in unknown))
    if project := call.query.get("projectKey") or call.query.get("projectId"):
        call.site.project(project)
    return Answer({"permissions": {name: _permission(call.actor, name) for name in wanted}})


def _permission(user: User, name: str) -> Json:
    return {
        "id": str(list(seed.PERMISSIONS).index(name)),
        "key": name,
        "name": seed.PERMISSIONS[name],
        "type": "GLOBAL" if name == seed.ADMINISTER else "PROJECT",
        "description": "",
        "havePermission": name not in user.denied,
    }


def _assignable(call: Call) -> Answer:
    """Matches the beginning of an address or of a word of the name; a hidden address matches nothing."""
    asked = call.query
    if project := asked.get("project"):
        call.site.project(project)
    elif issue := asked.get("issueKey") or asked.get("issueId"):
        call.site.issue(issue)
    else:
        raise Refusal(400, "One of 'project', 'issueKey' and 'issueId' is required.")
    if ("query" in asked) == ("accountId" in asked):
        raise Refusal(400, "Give either 'query' or 'accountId'.")
    start, size = number(asked, "startAt", 0), number(asked, "maxResults", 50)
    users = list(call.site.users.values())[start : start + size]
    rows = [user for user in users if user.assignable and user.active and _found(user, asked)]
    return Answer([call.show.account(user) for user in rows])


def _found(user: User, asked: Mapping[str, str]) -> bool:
    if "accountId" in asked:
        return bool(user.id == asked["accountId"])
    needle = asked["query"].lower()
    words = [user.name, *user.name.split()] + ([] if user.email_hidden else [user.email])
    return any(word.lower().startswith(needle) for word in words)


# Admin webhooks.


def _hooks(call: Call) -> Answer:
    return Answer(call.hooks.list())


def _hook(call: Call) -> Answer:
    return Answer(call.hooks.show(call.hooks.get(call.params["hook"])))


def _add_hook(call: Call) -> Answer:
    return Answer(call.hooks.show(call.hooks.create(call.actor.id, call.body())), 201)


def _edit_hook(call: Call) -> Answer:
    return Answer(call.hooks.show(call.hooks.update(call.actor.id, call.params["hook"], call.body())))


def _remove_hook(call: Call) -> Answer:
    call.hooks.delete(call.params["hook"])
    return NOTHING


_HOOKS = "/rest/webhooks/1.0/webhook"
_PROJECTS = "startAt maxResults orderBy id keys query typeKey categoryId action expand status properties propertyQuery"
_ASSIGNABLE = "query accountId project issueKey issueId startAt maxResults recommend"
_MY_PERMISSIONS = "projectKey projectId issueKey issueId permissions"

SITE_RESOURCES: list[Resource] = [
    resource("GET", "myself", _myself, "expand"),
    resource("GET", "serverInfo", _server_info, public=True),
    resource("GET", "field", _fields),
    resource("GET", "project/search", _projects, _PROJECTS),
    resource("GET", "project/{project}", _project, "expand properties"),
    resource("GET", "project/{project}/statuses", _project_statuses),
    resource("GET", "issue/createmeta/{project}/issuetypes", _create_types, "startAt maxResults"),
    resource("GET", "issue/createmeta/{project}/issuetypes/{type}", _create_fields, "startAt maxResults"),
    resource("GET", "issueLinkType", _link_types),
    resource("GET", "mypermissions", _permissions, _MY_PERMISSIONS),
    resource("GET", "user/assignable/search", _assignable, _ASSIGNABLE),
    Resource("GET", _HOOKS, _hooks, permission=seed.ADMINISTER),
    Resource("POST", _HOOKS, _add_hook, permission=seed.ADMINISTER),
    Resource("GET", f"{_HOOKS}/{{hook}}", _hook, permission=seed.ADMINISTER),
    Resource("PUT", f"{_HOOKS}/{{hook}}", _edit_hook, permission=seed.ADMINISTER),
    Resource("DELETE", f"{_HOOKS}/{{hook}}", _remove_hook, permission=seed.ADMINISTER),
]
