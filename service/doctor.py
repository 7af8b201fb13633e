"""What is wrong and how to mend it, in plain sentences. Reads everything, changes nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from connectors.contract import Finding
from connectors.errors import AccessDenied, NotFound, SignedOut, TrackerError, Unreachable
from service import absences, filing, people, publishing
from service.budget import ALIVE_SECONDS
from service.connect import stale
from service.core.assigning import REQUESTER, nobody_there
from service.core.explain import long_day
from service.core.raci import roles_named
from service.runtime import Runtime
from service.store import changes, hooks, inbox, migrating, workers
from service.store.engine import reading
from service.store.tables import HookRow

DAYS_AHEAD = 14
"""In which a pool without anybody there is told."""


def examine(runtime: Runtime) -> Iterator[tuple[str, Finding]]:
    """Findings, each with the part of the installation that it is about."""
    pending = migrating.pending(runtime.engine)
    if pending:
        what = f"The database lacks {len(pending)} migration(s): {', '.join(pending)}."
        yield "database", Finding(what, "Start `tminus serve` or `tminus work`: both bring it up to date first.")
    for problem in runtime.catalogue.problems:
        yield "templates", Finding(str(problem), "Correct the file; the other templates work meanwhile.")
    yield from _roles(runtime)
    if not pending:
        yield from _published(runtime)
        yield from _unworked(runtime)
        yield from _parked(runtime)
        yield from _absences(runtime)
        for finding in filing.examine(runtime):
            yield "commitments", finding
    for connection in runtime.settings.connections:
        if pending and connection in runtime.tokens:
            continue  # its tokens stand in the database
        try:
            for finding in _connection(runtime, connection, with_store=not pending):
                yield connection, finding
        except TrackerError as error:
            yield connection, Finding(f"{str(error).rstrip('.')}.", _remedy(error))


def _published(runtime: Runtime) -> Iterator[tuple[str, Finding]]:
    with reading(runtime.engine) as session:
        steps = publishing.steps(session, runtime.catalogue)
    for step in steps:
        if step.refusal:
            yield "templates", Finding(f"{step.refusal}.", "Until then new campaigns keep the published version.")
        elif step.due:
            yield "templates", Finding(f"{step.name} is not published yet.", "Run `tminus templates apply`.")


def _unworked(runtime: Runtime) -> Iterator[tuple[str, Finding]]:
    with reading(runtime.engine) as session:
        waits = inbox.oldest_unrouted(session) or changes.partitions(session)
        nobody = not workers.alive(session, ALIVE_SECONDS)
    if waits and nobody:
        what = f"Something waits, and no worker has been heard of for {ALIVE_SECONDS:.0f} seconds."
        remedy = "Start `tminus serve` or `tminus work`; the log of the one that ran says why it stopped."
        yield "workers", Finding(what, remedy)


def _parked(runtime: Runtime) -> Iterator[tuple[str, Finding]]:
    with reading(runtime.engine) as session:
        parked = inbox.parked(session, 5)
        count = inbox.counts(session).get("parked", 0)
    if parked:
        why = "; ".join(sorted({(delivery.reason or "no reason").rstrip(".") for delivery in parked}))
        yield (
            "inbox",
            Finding(
                f"{count} parked {'delivery waits' if count == 1 else 'deliveries wait'} for a person: {why}.",
                "Mend it, then `tminus replay --all`.",
            ),
        )


def _roles(runtime: Runtime) -> Iterator[tuple[str, Finding]]:
    """Roles that nobody holds; without those of tasks, with which the service would not start."""
    named: dict[str, set[str]] = defaultdict(set)
    for rule in runtime.settings.requests:
        template = runtime.catalogue.templates.get(rule.template)
        for role in roles_named(template).others if template else ():
            named[role].add(rule.template)
    for role in sorted(named.keys() - runtime.settings.roles.keys() - {REQUESTER}):
        what = f"Nobody holds the role “{role}”, which these templates name: {', '.join(sorted(named[role]))}."
        yield "people", Finding(what, f"Add `{role}: <a person>` to `roles` in the settings.")


def _absences(runtime: Runtime) -> Iterator[tuple[str, Finding]]:
    for finding in absences.findings(runtime):
        yield "people", finding
    away, today = absences.stored(runtime), runtime.now().date()
    for role, rule in runtime.settings.roles.items():
        for shared in rule.lists():
            if days := nobody_there(shared, away, today, DAYS_AHEAD) if len(shared) > 1 else []:
                who = ", ".join(runtime.settings.people[name].name for name in shared)
                what = f"Nobody who shares the role “{role}” ({who}) is there on {long_day(days[0])}"
                more = f" and {len(days) - 1} further days until {long_day(days[-1])}" if days[1:] else ""
                remedy = "Add somebody to it; until then the fallback role gets what begins on these days."
                yield "people", Finding(f"{what}{more}.", remedy)


def _connection(runtime: Runtime, connection: str, *, with_store: bool) -> Iterator[Finding]:
    yield from runtime.trackers[connection].inspect()
    if with_store:
        for whom in people.look_up_all(runtime, connection):
            yield Finding(
                f"{whom} is not known to this tracker, or cannot be assigned tasks.",
                "Correct the e-mail address under `people`, or invite them; until then the fallback role stands in.",
            )
        yield from _hooks(runtime, connection)


def _hooks(runtime: Runtime, connection: str) -> Iterator[Finding]:
    with reading(runtime.engine) as session:
        rows = [row for row in hooks.of_connection(session, connection) if row.state == "active"]
    remedy = f"Run `tminus connect {connection}` while the service runs at {runtime.settings.public_url}."
    for project in runtime.settings.connections[connection].settings.projects:
        if not any(project in hooks.projects_of(row) for row in rows):
            yield Finding(f"No hook tells us of changes in {project}; only the sweep finds them.", remedy)
    for row in rows:
        if not hooks.opens(row, runtime.vault):
            anew = f"without it, `tminus disconnect {connection}` and `tminus connect {connection}` make another hook"
            back = "Put the key that sealed it behind the first, with a comma between"
            yield Finding(f"The hook for {row.project}: {hooks.UNOPENED}.", f"{back}; {anew}.")
    try:
        listed = {hook.target: hook for hook in runtime.trackers[connection].hooks()}
    except (AccessDenied, NotFound):
        yield from _unheard(rows)  # hooks entered by hand cannot be listed
        return
    for row in rows:
        there = listed.get(row.target)
        if there is None:
            yield Finding(f"The hook for {row.project} is gone on the tracker's side.", remedy)
        elif not there.healthy:
            yield Finding(f"The hook for {row.project} is failing: {there.problem}.", remedy)
        elif row.problem:
            yield Finding(f"The hook for {row.project} is in trouble: {row.problem}.", remedy)
    for _ in stale(runtime, listed.values()):
        yield Finding("A stale hook of an earlier installation still calls us and is refused.", remedy)


def _unheard(rows: Iterable[HookRow]) -> Iterator[Finding]:
    for row in rows:
        if row.last_delivery_at is None:
            yield Finding(
                f"Our account may not list hooks, and nothing has come yet through the one for {row.project}.",
                "Let an administrator check that it was entered as `tminus connect` told; then change any task there.",
            )


def _remedy(error: TrackerError) -> str:
    match error:
        case SignedOut():
            return "Then let what was parked meanwhile run again: `tminus replay --all`."
        case AccessDenied():
            return "Check the e-mail address and token of this connection, and the rights of its account."
        case NotFound():
            return "Check the names of projects and fields under this connection."
        case Unreachable():
            return "Check `url` of this connection, the network and the proxy."
        case _:
            return "Try again in a minute; if it stays, show the tracker's words to its administrator."
