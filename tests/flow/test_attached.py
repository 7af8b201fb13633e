"""A file that is attached to a request counts as the file that it needs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from connectors.contract import TaskId
from service import sync
from service.runtime import Runtime
from service.settings import STARTER_TEMPLATES
from service.store import campaigns
from service.store.engine import reading
from service.store.tables import Campaign
from tests.house import House, house
from tests.memory_tracker import MemoryTracker
from tests.posting import post_office

RULES = [f"{{connection: {name}, when: {{title: Leads to come}}, template: list_import}}" for name in ("jira", "asana")]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """An installation in which lists come in the field that the template asks for."""
    folder = tmp_path_factory.mktemp("attached")
    database = f"sqlite:///{folder}/tminus.db"
    with pytest.MonkeyPatch.context() as patch, house(folder, database, patch, rules=RULES) as found:
        yield found


def waiting(home: House, label: str) -> Campaign:
    """The request waits for its list."""
    found = home.until(lambda: (one := home.campaign(label)) and one.state == "waiting_for_input" and one)
    home.quiet()
    assert isinstance(found, Campaign)
    return found


def test_a_list_that_is_attached_in_jira_starts_the_import(home: House) -> None:
    """The hook tells of it; the campaign begins, and its sub-tasks lead to the file."""
    key = home.jira.file_request("Task", "Leads to come")
    waiting(home, key)
    assert any("List file is missing" in text for text in home.jira.issue(key).comments)
    home.jira.attach(key, "leads.csv")
    assert home.running(key).inputs["list_file"].startswith("[leads.csv](http")
    assert any("leads.csv" in child.text for child in home.jira.children(key))


def test_a_list_that_is_attached_in_asana_starts_the_import(home: House) -> None:
    """The same from the other tracker."""
    gid = home.asana.file_request("Leads to come")
    waiting(home, gid)
    assert any("List file is missing" in text for text in home.asana.comments(gid))
    home.asana.attach(gid, "leads.csv")
    assert home.running(gid).inputs["list_file"].startswith("[leads.csv](http")
    assert any("leads.csv" in child["notes"] for child in home.asana.subtasks(gid))


class Desk:
    """Runs of e-mails that need a text and pictures."""

    def __init__(self, runtime: Runtime, tracker: MemoryTracker) -> None:
        self.tracker = tracker
        self.runtime = replace(runtime, trackers={"memory": tracker})

    def file(self, **fields: str) -> TaskId:
        """A request."""
        known = {"section": "E-mails", "audience": "EMEA", "subject_line": "Hello"}
        return self.tracker.file("Hello", fields=known | fields)

    def run(self, request: TaskId) -> tuple[str, list[str]]:
        """The campaign's state, and what was asked about attachments."""
        before = len(self.tracker.reads)
        sync.run(self.runtime, "memory", request)
        with reading(self.runtime.engine) as session:
            found = campaigns.of_request(session, "memory", request)
        assert found is not None
        asked = [read for read in self.tracker.reads[before:] if read.startswith("attachments")]
        return found.state, asked

    def inputs(self, request: TaskId) -> dict[str, object]:
        """Its files."""
        with reading(self.runtime.engine) as session:
            found = campaigns.of_request(session, "memory", request)
        assert found is not None
        return {name: found.inputs[name] for name in ("email_copy", "pictures")}


@contextmanager
def desk(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """An installation whose e-mails need both."""
    text = (STARTER_TEMPLATES / "email_send.yaml").read_text()
    old = "  email_copy:\n    type: file\n"
    assert old in text
    pictures = "  pictures: {type: file, label: Pictures, required: true}\n"
    text = text.replace(old, f"{pictures}{old}    required: true\n")
    with post_office(folder, monkeypatch, files=[("email_send.yaml", text)]) as post:
        yield Desk(post.runtime, MemoryTracker())


def test_attachments_are_asked_for_only_while_a_file_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not of a request that says everything, and never again once they were found, even when the file is gone."""
    with desk(tmp_path, monkeypatch) as at:
        full = at.file(email_copy="copy.docx", pictures="a.png")
        assert [at.run(full), at.run(full)] == [("running", []), ("running", [])]
        short = at.file(email_copy="copy.docx")
        assert at.run(short) == ("waiting_for_input", [f"attachments {short}"])
        at.tracker.files[short] = ["one [1].png", "two.png"]
        assert at.run(short) == ("running", [f"attachments {short}"])
        one, two = r"[one \[1\].png](http://memory/files/one [1].png)", "[two.png](http://memory/files/two.png)"
        assert at.inputs(short) == {"email_copy": "copy.docx", "pictures": f"{one}, {two}"}
        del at.tracker.files[short]
        assert at.run(short) == ("running", [])


def test_of_several_missing_files_each_is_known_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is named like neither counts for neither, so the request says which is still missing."""
    with desk(tmp_path, monkeypatch) as at:
        request = at.file()
        at.tracker.files[request] = ["final.docx", "E-mail copy v2.docx"]
        assert at.run(request)[0] == "waiting_for_input"
        [said] = at.tracker.comments(request)
        assert ("Pictures is missing" in said, "E-mail copy is missing" in said) == (True, False)
        at.tracker.files[request].append("PICTURES.zip")
        assert at.run(request)[0] == "running"
        files = {name: str(value).partition("]")[0] for name, value in at.inputs(request).items()}
        assert files == {"email_copy": "[E-mail copy v2.docx", "pictures": "[PICTURES.zip"}
