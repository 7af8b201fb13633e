"""One clock for the service's processes, the simulators and the people: real time, moved by what a small file says."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path


def clock_of(path: Path | str) -> Callable[[], datetime]:
    """Tells the time of whoever set the file: aware, UTC."""
    file = Path(path)
    return lambda: datetime.now(UTC) + timedelta(seconds=float(file.read_text()))


def set_clock(path: Path, ahead: timedelta) -> None:
    """Real time and so much more; nobody ever reads half a file."""
    new = path.with_suffix(".new")
    new.write_text(str(ahead.total_seconds()))
    new.replace(path)
