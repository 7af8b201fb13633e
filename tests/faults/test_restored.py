"""A database that was lost is restored from an older copy, as the how-to page says: what came since heals."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.contract import Status
from service.bootstrap import make_runtime
from service.core.merge import LinkView
from service.settings import load
from service.store import campaigns, links
from service.store.engine import reading
from service.store.secrets import new_key
from tests.faults.processes import Installation, installation, subscribe

PAGE = Path(__file__).parents[2] / "docs/how-to/back-up-and-restore.md"


@pytest.fixture
def home(tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Installation]:
    """One process that serves and works, on SQLite, connected to both trackers."""
    monkeypatch.setenv("JIRA_TOKEN", "sim-token")
    monkeypatch.setenv("ASANA_TOKEN", "sim-token")
    monkeypatch.setenv("TMINUS_SECRET_KEY", new_key())
    with installation(tmp_path, sqlite_url) as found:
        found.serve()
        runtime = make_runtime(load(tmp_path / "tminus.yaml"))
        subscribe(runtime)
        runtime.engine.dispose()
        yield found


def back_up(home: Installation, to: Path) -> None:
    """The page's own statement, while the service runs."""
    assert "VACUUM INTO" in PAGE.read_text()
    database = sqlite3.connect(home.folder / "tminus.db")
    database.execute("VACUUM INTO ?", [str(to)])
    database.close()


def lose(home: Installation) -> None:
    """The file, and what SQLite keeps beside it."""
    for ending in ("", "-wal", "-shm"):
        (home.folder / f"tminus.db{ending}").unlink(missing_ok=True)


def stored(home: Installation, key: str) -> dict[str, LinkView]:
    """The links of that request's campaign; none where it is not known."""
    runtime = make_runtime(load(home.folder / "tminus.yaml"))
    with reading(runtime.engine) as session:
        campaign = campaigns.named(session, key)
        found = links.views(session, campaign.id) if campaign else {}
    runtime.engine.dispose()
    return found


def test_what_came_after_the_copy_is_found_again_and_nothing_is_made_twice(home: Installation) -> None:
    """A task that was done since, and a whole campaign that the copy does not know; then work goes on."""
    [before] = home.file(1, latency=0.0)
    home.settled([before])
    back_up(home, home.folder / "copy.db")
    [since] = home.file(1, latency=0.0)
    done = home.jira.children(before)[0].key
    home.jira.transition(done, "Done")
    home.settled([before, since])
    home.kill(home.processes[-1])
    lose(home)
    (home.folder / "copy.db").rename(home.folder / "tminus.db")
    assert stored(home, since) == {}
    home.serve()
    assert home.start("sweep", "--full").wait(60) == 0
    home.until(lambda: len(stored(home, since)) > 0)
    home.settled([before, since])
    assert home.wrong([before, since]) == {}
    statuses = {view.label: view.status for view in stored(home, before).values()}
    assert statuses[done] is Status.DONE
    [after] = home.file(1, latency=0.0)
    home.settled([after])
    assert home.wrong([before, since, after]) == {}
