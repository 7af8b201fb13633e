"""A project of its own for a campaign."""

from __future__ import annotations

import asana

from connectors.asana.client import Action, Calls, Json
from connectors.asana.mapping import last_mark
from connectors.asana.settings import AsanaSettings
from connectors.contract import Container, Mark, Task
from connectors.retrying import retrying

MILESTONES = "Milestones"


class Projects:
    """Opens them; tasks stand in the default section, milestones in one of their own."""

    def __init__(self, calls: Calls, settings: AsanaSettings) -> None:
        self._calls, self._settings = calls, settings
        self._projects, self._sections = asana.ProjectsApi(calls.client), asana.SectionsApi(calls.client)

    def open(self, request: Task, mark: Mark, title: str) -> Container:
        """The project with this mark in its notes, or a new one; each attempt looks first, so none makes a second."""
        row = retrying()(lambda: self._find(mark) or self._make(request, mark, title))
        return Container("project", str(row["gid"]), row.get("permalink_url") or "")

    def milestones(self, project: str) -> str:
        """Gid of the section for milestones, made if it is not there yet."""
        return retrying()(lambda: self._section(project, MILESTONES))

    def _find(self, mark: Mark) -> Json | None:
        opts = {"opt_fields": "notes,permalink_url"}
        if self._settings.team:
            # https://developers.asana.com/reference/getprojectsforteam
            rows = self._calls.pages(self._projects.get_projects_for_team, self._settings.team, opts=opts)
        else:
            # https://developers.asana.com/reference/getprojectsforworkspace
            rows = self._calls.pages(self._projects.get_projects_for_workspace, self._settings.workspace, opts=opts)
        return next((row for row in rows if last_mark(row.get("notes")) == mark), None)

    def _make(self, request: Task, mark: Mark, title: str) -> Json:
        body = {"data": {"name": title, "notes": f"Plan of {request.title}: {request.url}\n\n{mark}"}}
        if self._settings.team:
            # https://developers.asana.com/reference/createprojectforteam; `team` in POST /projects is deprecated.
            create, where = self._projects.create_project_for_team, self._settings.team
        else:
            # https://developers.asana.com/reference/createprojectforworkspace
            create, where = self._projects.create_project_for_workspace, self._settings.workspace
        data: Json = self._calls.one("POST", create, body, where, {"opt_fields": "permalink_url"})["data"]
        return data

    def _section(self, project: str, name: str) -> str:
        # https://developers.asana.com/reference/getsectionsforproject
        rows = self._calls.pages(self._sections.get_sections_for_project, project, opts={"opt_fields": "name"})
        found = next((row for row in rows if row.get("name") == name), None)
        if found:
            return str(found["gid"])
        # https://developers.asana.com/reference/createsectionforproject, as a batch of one: called directly, the SDK
        # puts the body into the query, too.
        row = self._calls.batch([Action("post", f"/projects/{project}/sections", {"name": name})])[0]
        if row.error:
            raise row.error
        return str(row.data["gid"])
