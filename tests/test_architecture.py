"""The rules that import-linter cannot say, because they must also hold for a connector that is added tomorrow."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
CONNECTORS = sorted(p.name for p in (ROOT / "connectors").iterdir() if p.is_dir() and not p.name.startswith("_"))

WRITES = {"open_container", "add_task", "create", "set_dependencies", "update", "set_status", "comment", "link_to"}
WRITES |= {"delete_task", "add_hook", "renew_hook", "remove_hook"}
"""What the contract's Tracker can change."""


@dataclass(frozen=True)
class Module:
    """One source file and what it imports."""

    path: str
    name: str
    tree: ast.Module
    imports: frozenset[str]

    @property
    def connector(self) -> str | None:
        """The connector's folder that this file stands in."""
        parts = self.name.split(".")
        return parts[1] if parts[0] == "connectors" and parts[1:] and parts[1] in CONNECTORS else None

    def reaches(self, package: str) -> bool:
        """Whether it imports the package or anything inside."""
        return any(name == package or name.startswith(f"{package}.") for name in self.imports)


def _imports(tree: ast.Module, package: list[str]) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            source = ".".join([*base, *([node.module] if node.module else [])])
            yield from (f"{source}.{alias.name}" for alias in node.names)


def _modules() -> Iterator[Module]:
    for path in sorted([*ROOT.glob("connectors/**/*.py"), *ROOT.glob("service/**/*.py")]):
        parts = list(path.relative_to(ROOT).with_suffix("").parts)
        package = parts[:-1]
        name = ".".join(package if parts[-1] == "__init__" else parts)
        tree = ast.parse(path.read_text())
        yield Module(str(path.relative_to(ROOT)), name, tree, frozenset(_imports(tree, package)))


MODULES = list(_modules())
SERVICE = [m for m in MODULES if m.path.startswith("service/")]


def _is_demo(module: Module) -> bool:
    """The demo plays the people who work in the trackers, so it knows them and writes to them."""
    return module.name.split(".")[-1].startswith("demo") or module.name.startswith("service.demo")


def _calls(module: Module) -> Iterator[tuple[str, str, int]]:
    """Each call: what it is called on (empty for a plain name), the name that is called, the line."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call):
            receiver, _, name = ast.unparse(node.func).rpartition(".")
            yield receiver, name, node.lineno


def _docstrings(tree: ast.Module) -> set[int]:
    """The ids of string nodes that stand as statements of their own: documentation, not code."""
    return {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Expr) and isinstance(n.value, ast.Constant)}


def _words(module: Module) -> Iterator[tuple[str, int]]:
    """Every name and every string of the code; no comments, no docstrings."""
    documentation = _docstrings(module.tree)
    for node in ast.walk(module.tree):
        line = getattr(node, "lineno", 0)
        if isinstance(node, ast.Name):
            yield node.id, line
        elif isinstance(node, ast.Attribute):
            yield node.attr, line
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name, line
        elif isinstance(node, ast.arg | ast.keyword) and node.arg:
            yield node.arg, line
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation:
            yield node.value, line
    yield from ((name, 0) for name in module.imports)


def test_no_connector_imports_another() -> None:
    """Each tracker's folder can be deleted without touching any other."""
    found = [
        f"{m.path} imports connectors.{other}"
        for m in MODULES
        for other in CONNECTORS
        if m.path.startswith("connectors/") and m.connector != other and m.reaches(f"connectors.{other}")
    ]
    assert found == []


def test_no_simulator_imports_its_connector() -> None:
    """A simulator is an independent reading of the vendor's documents, so one mistake cannot hide in both."""
    found = [
        f"{m.path} imports {name}"
        for m in MODULES
        if m.connector and f"/{m.connector}/simulator/" in f"/{m.path}"
        for name in m.imports
        if f"{name}.".startswith(f"connectors.{m.connector}.")
        and not f"{name}.".startswith(f"connectors.{m.connector}.simulator.")
    ]
    assert found == []


def test_the_service_names_no_tracker() -> None:
    """A third tracker needs no edit in the service; only the demo knows whom it shows."""
    tracker = re.compile("|".join(CONNECTORS), re.IGNORECASE)
    code = [
        f"{m.path}:{line} says {word!r}"
        for m in SERVICE
        if not _is_demo(m)
        for word, line in _words(m)
        if tracker.search(word)
    ]
    pages = [
        f"{page.relative_to(ROOT)} says {hit.group()!r}"
        for page in sorted(ROOT.glob("service/web/**/*.html"))
        if (hit := tracker.search(page.read_text()))
    ]
    assert code + pages == []


def test_the_core_and_the_contract_are_pure() -> None:
    """They import the standard library, pydantic, rules of recurrence and each other: no I/O, database or engine."""
    ours = ("connectors.contract", "connectors.errors", "connectors.oauth")
    allowed = ("pydantic.", "dateutil.rrule.", "service.core.", *(f"{name}." for name in ours))
    found = [
        f"{m.path} imports {name}"
        for m in MODULES
        if m.name.startswith("service.core") or m.name in ours
        for name in m.imports
        if name.split(".")[0] not in sys.stdlib_module_names and not f"{name}.".startswith(allowed)
    ]
    assert found == []


def test_one_module_knows_the_engine() -> None:
    """The durable engine can be replaced by rewriting one file."""
    assert [m.path for m in MODULES if m.reaches("dbos") and m.name != "service.workflows"] == []


def test_one_module_reads_the_environment() -> None:
    """Everything that the environment tells stands in one place; nothing is read behind its back."""
    found = [
        f"{m.path}:{node.lineno}"
        for m in MODULES
        if m.name != "service.environment"
        for node in ast.walk(m.tree)
        if isinstance(node, ast.Attribute) and node.attr in ("environ", "environb", "getenv")
    ]
    assert found + [m.path for m in MODULES if m.imports & {"os.environ", "os.getenv"}] == []


def test_one_module_writes_to_trackers() -> None:
    """Every change to a tracker goes through apply, so a dry run is the same path with another hand."""
    found = [
        f"{m.path}:{line} calls {receiver}.{name}"
        for m in SERVICE
        if m.name != "service.apply" and not _is_demo(m)
        for receiver, name, line in _calls(m)
        if name in WRITES and "tracker" in receiver.lower()
    ]
    assert found == []


def test_the_rule_on_writers_knows_every_method_of_the_contract() -> None:
    """A method added to Tracker must be called a read or a write."""
    contract = next(m for m in MODULES if m.name == "connectors.contract")
    tracker = next(n for n in contract.tree.body if isinstance(n, ast.ClassDef) and n.name == "Tracker")
    methods = {n.name for n in tracker.body if isinstance(n, ast.FunctionDef)}
    reads = {"whoami", "find_account", "find_task", "read", "children", "remarks", "changed_since", "hooks"}
    reads |= {"attachments", "inspect"}
    assert methods == reads | WRITES


def test_an_sdk_stays_inside_its_connector() -> None:
    """The vendor's own classes end at the connector's border, and its simulator does not lean on them."""
    found = [
        f"{m.path} imports {sdk}"
        for m in MODULES
        for sdk in CONNECTORS
        if m.reaches(sdk) and (m.connector != sdk or "/simulator/" in m.path)
    ]
    assert found == []


def test_an_sdk_is_set_up_by_one_file() -> None:
    """What the SDKs do wrong at their defaults (retries, no time-outs) is put right once, in `client.py`."""
    found = [
        f"{m.path}:{line} makes {name}"
        for m in MODULES
        if m.connector and not m.path.endswith("/client.py")
        for _, name, line in _calls(m)
        if name in {"JIRA", "ApiClient", "Configuration"}
    ]
    assert found == []


def test_only_the_composition_root_looks_connectors_up() -> None:
    """Everything else is handed a Tracker or a Receiver and does not ask which one."""
    allowed = ("service.bootstrap", "service.cli", "service.commands.", "service.settings")
    assert [m.path for m in SERVICE if m.reaches("connectors.registry") and not m.name.startswith(allowed)] == []


def test_code_has_one_colour() -> None:
    """Everything is `def`; `async` appears only where ASGI asks for it, and where a hook waits for its commit."""
    allowed = ("connectors/simulating.py", "connectors/sign_in_desk.py", "service/web/", "service/store/mailbox.py")
    found = [
        f"{m.path}:{node.lineno} async def {node.name}"
        for m in MODULES
        if not m.path.startswith(allowed) and "/simulator/" not in m.path
        for node in ast.walk(m.tree)
        if isinstance(node, ast.AsyncFunctionDef)
    ]
    assert found == []


def test_files_stay_short() -> None:
    """A file of 400 lines has more than one reason to change."""
    files = [*ROOT.glob("connectors/**/*.py"), *ROOT.glob("service/**/*.py")]
    lines = {str(f.relative_to(ROOT)): len(f.read_text().splitlines()) for f in files}
    assert {name: count for name, count in lines.items() if count >= 400} == {}
