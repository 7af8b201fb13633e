"""Comments that can be written again without a second one appearing.

A comment has no hidden place for our mark, so the mark is its last line.
"""

from __future__ import annotations

from datetime import datetime

import asana

from connectors.asana import richtext
from connectors.asana.client import Calls, Json
from connectors.asana.people import account_of
from connectors.contract import CommentId, Mark, Remark, TaskId
from connectors.errors import AccessDenied, NotFound
from connectors.retrying import retrying


class Comments:
    """Writes and rewrites them."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._stories = asana.StoriesApi(calls.client)

    def write(self, task: TaskId, mark: Mark, text: str, previous: CommentId | None, *, first: bool) -> CommentId:
        """Rewrite the comment of this mark, or make it; every repetition looks first, so none makes a second."""
        body = {"data": {"html_text": richtext.comment(text, mark)}}
        if previous and retrying()(lambda: self._rewrite(previous, body)):
            return previous

        look = not first

        def find_or_make() -> CommentId:
            nonlocal look
            found = self._find(task, mark) if look else None
            look = True
            return found if found and self._rewrite(found, body) else self._make(task, body)

        return retrying()(find_or_make)

    def _make(self, task: TaskId, body: Json) -> CommentId:
        # https://developers.asana.com/reference/createstoryfortask
        answer = self._calls.one("POST", self._stories.create_story_for_task, body, task, {})
        return CommentId(str(answer["data"]["gid"]))

    def read(self, task: TaskId) -> list[Remark]:
        """See `Tracker.remarks`."""
        return [_remark(row) for row in retrying()(self._rows, task) if row.get("resource_subtype") == "comment_added"]

    def _rewrite(self, story: CommentId, body: Json) -> bool:
        """Whether it is still there and ours; see https://developers.asana.com/reference/updatestory."""
        try:
            self._calls.one("PUT", self._stories.update_story, body, story, {})
        except (NotFound, AccessDenied):
            return False
        return True

    def _find(self, task: TaskId, mark: Mark) -> CommentId | None:
        return next((CommentId(str(row["gid"])) for row in self._rows(task) if _last_word(row) == str(mark)), None)

    def _rows(self, task: TaskId) -> list[Json]:
        # https://developers.asana.com/reference/getstoriesfortask
        opts = {"opt_fields": "resource_subtype,text,html_text,created_at,created_by.name"}
        return self._calls.pages(self._stories.get_stories_for_task, task, opts=opts)


def _remark(row: Json) -> Remark:
    text = row.get("text") or richtext.plain(row.get("html_text") or "")
    mark = Mark.find(_last_word(row) or "")
    return Remark(
        id=CommentId(str(row["gid"])),
        author=account_of(row["created_by"]) if row.get("created_by") else None,
        text=text.removesuffix(str(mark)).strip(),
        written_at=datetime.fromisoformat(row["created_at"]),
        mark=mark,
    )


def _last_word(story: Json) -> str | None:
    """Where our mark stands; a person who quotes us writes more below, or above it in the same comment."""
    if story.get("resource_subtype") != "comment_added":
        return None
    words = (story.get("text") or richtext.plain(story.get("html_text") or "")).split()
    return words[-1] if words else None
