"""Files on a task."""

from __future__ import annotations

import logging

import asana

from connectors.asana.client import Calls
from connectors.contract import TaskId
from connectors.errors import AccessDenied
from connectors.retrying import retrying

log = logging.getLogger(__name__)


class Attachments:
    """Reads them."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._attachments = asana.AttachmentsApi(calls.client)

    def of(self, task: TaskId) -> list[tuple[str, str]]:
        """See `Tracker.attachments`; none where the token may not read them, which everything else can do without.

        https://developers.asana.com/reference/getattachmentsforobject
        """
        opts = {"opt_fields": "name,created_at,permanent_url,view_url"}
        try:
            rows = retrying()(lambda: self._calls.pages(self._attachments.get_attachments_for_object, task, opts=opts))
        except AccessDenied as error:
            log.warning("attached files cannot be read; an OAuth app needs full permissions: %s", error)
            return []
        rows.sort(key=lambda row: str(row.get("created_at")))
        return [(row["name"], row.get("permanent_url") or row.get("view_url") or "") for row in rows]
