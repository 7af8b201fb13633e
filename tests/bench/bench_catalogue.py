"""How long 1,000 template files take to load, every check included: the starter pack, copied under other names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from service.catalogue import CALENDARS, Catalogue
from service.config_file import read
from service.settings import STARTER_TEMPLATES
from tests.bench.figures import Figure

_ID = re.compile(r"^id: (\w+)$", re.MULTILINE)


def fill(folder: Path, count: int) -> None:
    """So many templates in a folder, and what they need."""
    originals = [STARTER_TEMPLATES / f"{name}.yaml" for name in Catalogue.load(STARTER_TEMPLATES).templates]
    for path in (STARTER_TEMPLATES / CALENDARS, *originals):
        (folder / path.name).write_text(path.read_text())
    for number in range(count - len(originals)):
        original = originals[number % len(originals)]
        text = _ID.sub(rf"id: \1_{number}", original.read_text(), count=1)
        (folder / f"{original.stem}_{number}.yaml").write_text(text)


def measure(count: int = 1_000) -> Iterator[Figure]:
    """The best of three, and how much of it is reading the YAML."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        fill(folder, count)
        seconds = []
        for _ in range(3):
            began = perf_counter()
            catalogue = Catalogue.load(folder)
            seconds.append(perf_counter() - began)
        began = perf_counter()
        for path in folder.glob("*.yaml"):
            read(path)
        beside = f"{perf_counter() - began:.1f} s of it to read the YAML; {len(catalogue.problems)} problems"
    loaded = len(catalogue.templates)
    met = min(seconds) <= 3 and loaded == count
    yield Figure(f"catalogue of {loaded:,} files", f"{min(seconds):.1f} s", "≤ 3 s", met, beside)
