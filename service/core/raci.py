"""Who is responsible, accountable, consulted and informed for each task of a template. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from service.core.template import TaskTemplate, Template


@dataclass(frozen=True, slots=True)
class RaciRow:
    """One task; its parties are names of roles."""

    task: str
    """Its title."""
    party: str
    """Who owes it."""
    responsible: str
    accountable: str
    """Empty where nobody is named."""
    consulted: tuple[str, ...]
    informed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RolesNamed:
    """The roles that a template names, by what they are for."""

    working: frozenset[str]
    """Own tasks."""
    others: frozenset[str]
    """Are contacts, agree to late plans, or have another part in a task."""


def raci(template: Template) -> list[RaciRow]:
    """The table of a template, in the order of its file, with the templates within it last.

    The tasks of a group stand once, not once a round.
    """
    return [
        RaciRow(
            task=title,
            party=task.party,
            responsible=task.role,
            accountable=_plain(task.raci.accountable or ""),
            consulted=tuple(map(_plain, task.raci.consulted)),
            informed=tuple(map(_plain, task.raci.informed)),
        )
        for title, task in _tasks(template)
    ]


def as_markdown(template: Template, holders: Mapping[str, str]) -> str:
    """The table for a wiki page; `holders` says who each role is, where that is known."""

    def who(*roles: str) -> str:
        return ", ".join(f"{role} ({holders[role]})" if role in holders else role for role in roles if role)

    lines = [
        f"## {_cell(template.title)}: who does what",
        "",
        "| Task | Party | Responsible | Accountable | Consulted | Informed |",
        "|---|---|---|---|---|---|",
    ]
    for row in raci(template):
        cells = (row.task, row.party, who(row.responsible), who(row.accountable), who(*row.consulted))
        lines.append(f"| {' | '.join(_cell(cell) for cell in (*cells, who(*row.informed)))} |")
    return "\n".join(lines)


def roles_named(template: Template) -> RolesNamed:
    """Every role that a campaign of this template may need, the tasks of the templates within it included."""
    tasks = [task for _, task in _tasks(template)]
    working = {task.role for task in tasks}
    others = {*template.contacts.values()}
    others |= {template.feasibility.approval} if template.feasibility.approval else set()
    for task in tasks:
        others |= {*task.raci.consulted, *task.raci.informed}
        others |= {task.raci.accountable} if task.raci.accountable else set()
    return RolesNamed(frozenset(working), frozenset(map(_plain, others)) - working)


def _tasks(template: Template) -> Iterator[tuple[str, TaskTemplate]]:
    for task in template.tasks.values():
        yield task.title, task
    for group in template.groups.values():
        for task in group.tasks.values():
            yield f"{group.title}: {task.title}", task
    for child in template.children.values():
        if inner := template.library.get(child.template):
            yield from ((f"{child.title or inner.title}: {title}", task) for title, task in _tasks(inner))


def _plain(role: str) -> str:
    return role.removeprefix("role:")


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
