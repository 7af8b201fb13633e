"""One comment for each mark: written once, then rewritten."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from http import HTTPStatus
from typing import Any

from connectors.contract import CommentId, Mark, Remark, TaskId
from connectors.errors import AccessDenied, NotFound, OutcomeUnknown, Rejected
from connectors.jira import adf, mapping
from connectors.jira.client import JiraApi
from connectors.retrying import retrying

RIGHTS = {"ADD_COMMENTS": "Add Comments", "EDIT_OWN_COMMENTS": "Edit Own Comments"}


class Comments:
    """The comments of one site."""

    def __init__(self, api: JiraApi) -> None:
        self._api = api

    def write(self, task: TaskId, mark: Mark, text: str, previous: CommentId | None, *, first: bool) -> CommentId:
        """See `Tracker.comment`. A comment that a person deleted is written anew; `AccessDenied` with status 403 where
        we lack the right to comment."""
        try:
            return self._written(task, mark, text, previous, first)
        except Rejected as error:
            # Jira's document has no status for a lacking right to comment: 400 comes as well as 403.
            if error.status == HTTPStatus.BAD_REQUEST and (lacking := self._lacking(task)):
                raise AccessDenied(f"{error} (our account lacks {' and '.join(lacking)})", status=403) from error
            raise

    def _lacking(self, task: TaskId) -> list[str]:
        return [RIGHTS[key] for key in retrying()(self._api.lacking, RIGHTS, issueId=task)]

    def _written(self, task: TaskId, mark: Mark, text: str, previous: CommentId | None, first: bool) -> CommentId:
        body = {"body": adf.from_markdown(text), "properties": [mapping.mark_property(mark)]}
        if previous:
            try:
                retrying()(self._api.send, "PUT", f"issue/{task}/comment/{previous}", body, items=[task])
                return previous
            except NotFound:
                pass
        for attempt in retrying():
            with attempt:
                # Looked up before every repetition, so that a lost reply makes no second comment.
                written = None if first else self._find(task, mark)
                first = False
                if written is None:
                    return CommentId(self._post(task, body))
                self._api.send("PUT", f"issue/{task}/comment/{written}", body, items=[task])
        return CommentId(str(written))

    def _post(self, task: TaskId, body: Mapping[str, Any]) -> str:
        answer = self._api.send("POST", f"issue/{task}/comment", body, items=[task])
        if not isinstance(answer, dict) or "id" not in answer:
            raise OutcomeUnknown("Jira's answer to a comment has no id")
        return str(answer["id"])

    def read(self, task: TaskId) -> list[Remark]:
        """See `Tracker.remarks`."""
        rows = retrying()(self._marked, task)
        return [remark for row in reversed(rows) if (remark := _remark(row))]

    def _find(self, task: TaskId, mark: Mark) -> str | None:
        """Among the newest hundred, by the property that every comment of ours carries."""
        found = (str(comment["id"]) for comment in self._marked(task) if _mark(comment) == mark)
        return next(found, None)

    def _marked(self, task: TaskId) -> list[dict[str, Any]]:
        """The newest hundred, newest first, with the properties of those that have any."""
        comments = self._api.comments(task)
        if unsaid := [str(comment["id"]) for comment in comments if "properties" not in comment]:
            with suppress(NotFound):  # Data Center has no such list
                told = {str(comment["id"]): comment for comment in self._api.comment_properties(unsaid)}
                comments = [told.get(str(comment["id"]), comment) for comment in comments]
        return comments


def _mark(comment: Mapping[str, Any]) -> Mark | None:
    return mapping.mark_in({each["key"]: each["value"] for each in comment.get("properties") or ()})


def _remark(comment: Mapping[str, Any]) -> Remark | None:
    """None for one without a date, which Jira always gives."""
    body, written_at = comment.get("body"), mapping.instant(comment.get("created"))
    if written_at is None:
        return None
    return Remark(
        id=CommentId(str(comment["id"])),
        author=mapping.account(comment.get("author")),
        text=adf.to_text(body, addresses=True) if isinstance(body, dict) else str(body or ""),
        written_at=written_at,
        mark=_mark(comment),
    )
