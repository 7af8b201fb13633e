"""Files on tasks (https://developers.asana.com/reference/attachments). Nobody uploads one over the API here."""

from __future__ import annotations

from connectors.asana.simulator import stories
from connectors.asana.simulator.errors import bad
from connectors.asana.simulator.records import Attachment, Task, User
from connectors.asana.simulator.state import Site
from connectors.asana.simulator.wire import Call, route


@route("GET attachments", lists="attachment", query="parent")
def list_attachments(call: Call) -> list[Attachment]:
    """Those of a task."""
    if "parent" not in call.query:
        raise bad("parent", "Missing input")
    return list(call.site.find(Task, call.query["parent"]).attachments.values())


def attach(site: Site, task: Task, name: str, actor: User) -> None:
    """A person attaches a file."""
    file = site.add(Attachment(gid=site.gid(), home=site.home, name=name, parent=task, created_at=site.now()))
    task.attachments[file.gid] = file
    site.emit(actor, "added", file, parent=task, heard_by=task)
    stories.note(site, task, actor, "attachment_added", f"attached {name}")
