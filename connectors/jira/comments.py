"""One comment for each mark: written once, then rewritten."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from connectors.contract import CommentId, Mark, TaskId
from connectors.errors import NotFound, OutcomeUnknown
from connectors.jira import adf, mapping
from connectors.jira.client import JiraApi
from connectors.retrying import retrying


class Comments:
    """The comments of one site."""

    def __init__(self, api: JiraApi) -> None:
        self._api = api

    def write(self, task: TaskId, mark: Mark, text: str, previous: CommentId | None) -> CommentId:
        """See `Tracker.comment`. A comment that a person deleted is written anew."""
        body = {"body": adf.from_markdown(text), "properties": [mapping.mark_property(mark)]}
        if previous:
            try:
                retrying()(self._api.send, "PUT", f"issue/{task}/comment/{previous}", body, items=[task])
                return previous
            except NotFound:
                pass
        for attempt in retrying():
            with attempt:
                # Looked up before every attempt, so that a lost reply makes no second comment.
                written = self._find(task, mark)
                if written is None:
                    return CommentId(self._post(task, body))
                self._api.send("PUT", f"issue/{task}/comment/{written}", body, items=[task])
        return CommentId(str(written))

    def _post(self, task: TaskId, body: Mapping[str, Any]) -> str:
        answer = self._api.send("POST", f"issue/{task}/comment", body, items=[task])
        if not isinstance(answer, dict) or "id" not in answer:
            raise OutcomeUnknown("Jira's answer to a comment has no id")
        return str(answer["id"])

    def _find(self, task: TaskId, mark: Mark) -> str | None:
        """Among the newest hundred, by the property that every comment of ours carries."""
        comments = self._api.comments(task)
        if unsaid := [str(comment["id"]) for comment in comments if "properties" not in comment]:
            with suppress(NotFound):  # Data Center has no such list
                comments = [*comments, *self._api.comment_properties(unsaid)]
        for comment in comments:
            properties = {each["key"]: each["value"] for each in comment.get("properties") or ()}
            if mapping.mark_in(properties) == mark:
                return str(comment["id"])
        return None
