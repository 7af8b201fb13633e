"""A submitted form becomes a request in the tracker, once; from there on it is a request like any other."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta

from connectors.contract import Change, Delivery, Handshake, Mark, NewTask, TaskId
from connectors.errors import Malformed, Rejected, Unverified
from service import apply
from service.core.form import request_of
from service.runtime import Runtime
from service.settings import Form
from service.store import changes, ledger, submissions
from service.store.engine import reading, transaction
from service.sync import Outcome


class FormReceiver:
    """Reads what we stored ourselves: a form's submissions are verified where they are posted."""

    batched = False
    heartbeat: timedelta | None = None

    def verify(self, headers: Mapping[str, str], body: bytes, secret: str | None) -> Delivery | Handshake:  # noqa: ARG002
        raise Unverified("forms post to /hooks/form/…")

    def parse(self, body: bytes) -> list[Change]:
        """Where to look is the submission itself."""
        stored = json.loads(body)
        if not isinstance(stored, dict):
            raise Malformed("the body is no submission")
        name = f"{stored['form']}/{stored['key']}"
        return [Change(kind="created", item=name, task=TaskId(name))]


def file(runtime: Runtime, submission: str) -> Outcome:
    """The task that this submission (`form/key`) asks for, whose own run looks next; it is looked up before a second
    attempt makes it."""
    name, _, key = submission.partition("/")
    form = runtime.settings.forms.get(name)
    if form is None:
        raise Rejected(f"the form “{name}” is no longer in the settings")
    with transaction(runtime.engine) as session:
        row, first = submissions.begin(session, name, key)
    if row.task_id is None:
        row.task_id = _filed(runtime, form, name, key, look_first=not first)
        with transaction(runtime.engine) as session:
            submissions.filed(session, row, row.task_id)
    told = f"the submission of the form “{name}” is the request {row.task_id} in {form.connection}"
    return Outcome(True, told, belongs_to=changes.partition_of(form.connection, row.task_id))


def _filed(runtime: Runtime, form: Form, name: str, key: str, *, look_first: bool) -> TaskId:
    with reading(runtime.engine) as session:
        body = submissions.body_of(session, name, key)
    if body is None:
        raise Rejected(f"the submission {key} of the form “{name}” is no longer stored")
    asked = request_of(form, json.loads(body)["values"])
    new = NewTask(
        mark=Mark(f"form-{key}", "request"),
        title=asked.title,
        text=asked.text,
        due_on=asked.due_on,
        start_on=asked.start_on,
        fields=asked.fields,
    )
    task = apply.add_request(runtime, form.connection, form.project, new, look_first=look_first)
    with transaction(runtime.engine) as session:
        ledger.note(session, "form", f"The form “{name}” was filed as {task.label}: “{task.title}”, {task.url}")
    return task.id
