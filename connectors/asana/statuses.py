"""The five statuses in Asana, which by itself knows only complete and incomplete."""

from __future__ import annotations

from functools import cached_property

import asana

from connectors.asana.client import Calls, Json
from connectors.asana.settings import AsanaSettings
from connectors.contract import Status, Task
from connectors.errors import Rejected
from connectors.retrying import retrying


class Statuses:
    """How to write a status onto a task, through the custom field where there is one."""

    def __init__(self, calls: Calls, settings: AsanaSettings) -> None:
        self._calls, self._settings = calls, settings
        self._fields = asana.CustomFieldsApi(calls.client)

    def body(self, task: Task, status: Status) -> Json:
        """What to write so that the task reads as `status`, or as near as it can; empty where it does already."""
        closing = _approval(status) if task.fields.get("resource_subtype") == "approval" else _completion(status)
        if self._settings.status_field not in task.fields:
            # Without the field a task is open or closed, and `doing` reads as `todo`. A subtask has no custom fields
            # unless somebody adds it to the project.
            return {} if task.status.closed == status.closed else closing
        return {**closing, "custom_fields": {self._settings.status_field: self._option(status)}}

    @cached_property
    def options(self) -> dict[str, str]:
        """Gids of the field's enabled options by name.

        See https://developers.asana.com/reference/getcustomfield.
        """
        opts = {"opt_fields": "name,type,enum_options.name,enum_options.enabled"}
        field = self._settings.status_field
        answer = retrying()(lambda: self._calls.one("GET", self._fields.get_custom_field, field, dict(opts)))
        options = answer["data"].get("enum_options") or ()
        return {option["name"]: str(option["gid"]) for option in options if option.get("enabled", True)}

    def _option(self, status: Status) -> str:
        for name, meant in self._settings.statuses.items():
            if meant is status and name in self.options:
                return self.options[name]
        raise Rejected(f"no option of the status field {self._settings.status_field} means {status}")


def _completion(status: Status) -> Json:
    return {"completed": status.closed}


def _approval(status: Status) -> Json:
    """Completing one is consent: what nobody is asked for any more must not read as approved."""
    # https://developers.asana.com/reference/updatetask
    return {"approval_status": {Status.DONE: "approved", Status.DROPPED: "rejected"}.get(status, "pending")}
