"""What Tminus says on a request, as Markdown: only short lists and bold text, which every tracker's comments show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from connectors.contract import Status
from service.core.decide import progress
from service.core.explain import long_day, plain, titled, verbatim
from service.core.kept import compared, left_out, skipped, told
from service.core.merge import LinkView
from service.core.plan import Plan, PlannedTask

SIGNS = {
    Status.TODO: "to do",
    Status.DOING: "in progress",
    Status.WAITING: "waiting",
    Status.DONE: "done",
    Status.DROPPED: "dropped",
}

EXPLAINED = 40
"""So many rows tell why they are due on their day: a tracker's comment holds some 32,000 characters."""

WHY_LEFT_OUT = (
    "**This step is left out**, and the plan goes on without it. Why, and who agreed? "
    "What is answered here stands on the request."
)
"""On a task that a person cancelled."""

MENDED = "**This is settled.** What was wrong here has been mended."
"""Takes the place of a comment on something that was wrong."""


def plan_comment(
    title: str,
    plan: Plan,
    links: Mapping[str, LinkView],
    owners: Mapping[str, str],
    approver: str = "",
    first: Mapping[str, str] = {},
) -> str:
    """The one living comment on a request: progress, whose turn it is, every task with its owner, dates and status.

    `approver` is who must agree to a plan that is not as agreed; `first` are the dates of the first plan.
    """
    done, total = progress(plan, links)
    lines = [f"**{plain(title)}: {done} of {total} tasks done.**{_next_up(plan, links, owners)}", ""]
    for task in plan.tasks:
        link = links.get(task.key)
        lines.append(f"- {_row(task, link, owners, explained=len(lines) < EXPLAINED)}")
    days = [link.done_on for link in links.values() if link.done_on]
    if total and done == total and days:
        verdicts = (told(plan, max(days)), compared(first, links), skipped(links))
        lines += [line for verdict in verdicts if verdict for line in ("", verdict)]
    if plan.compressions:
        lines += ["", "**Shortened to make the date, at the risk of mistakes**", ""]
        lines += [f"- {plain(cut)}" for cut in plan.compressions]
    if plan.problems:
        lines += ["", "**At risk**", "", *(f"- {plain(problem)}" for problem in plan.problems)]
    if approver and plan.verdict in ("compressed", "flagged"):
        lines += ["", f"{approver} must agree to these dates."]
    if steps := left_out(links):
        lines += ["", "**Left out, at the risk of mistakes**", "", *(f"- {step}" for step in steps)]
        lines += ["", f"{approver} must agree to that."] if approver else []
    return "\n".join(lines)


def _next_up(plan: Plan, links: Mapping[str, LinkView], owners: Mapping[str, str]) -> str:
    for task in plan.tasks:
        link = links.get(task.key)
        if link is None or not link.status.closed:
            return (
                f" Next: {plain(task.title)}, {plain(owners.get(task.key, task.owner))}, due {long_day(task.due_on)}."
            )
    return ""


def _row(task: PlannedTask, link: LinkView | None, owners: Mapping[str, str], explained: bool) -> str:
    status = SIGNS[link.status] if link else SIGNS[Status.TODO]
    owner = plain(owners.get(task.key, task.owner))
    if link and link.status.closed:
        return f"**{plain(task.title)}** ({owner}): {status}"
    pinned = ", pinned by a person" if link and link.pinned_on else ""
    party = link.task.waits_on if link and link.task and link.status is Status.WAITING else None
    due = f"due {long_day(task.due_on)}{pinned}, {status}{f' for the {party}' if party else ''}"
    why = f". {plain(task.why)}" if explained else ""
    return f"**{plain(task.title)}** ({owner}): {due}{why}"


def cancelled_comment(title: str) -> str:
    """The living comment of a request that was cancelled."""
    return (
        f"**{plain(title)} was cancelled.** Its open tasks are dropped; take the request up again and they come back."
    )


def input_problems_comment(title: str, problems: Sequence[str]) -> str:
    """The request cannot start: what is missing, field by field."""
    return "\n".join(
        [
            f"**{plain(title)} cannot be planned yet.** The clock starts when this is complete:",
            "",
            *(f"- {plain(problem)}" for problem in problems),
            "",
            "Correct the request itself; Tminus looks again by itself.",
        ]
    )


def copies_comment(titles: Sequence[str]) -> str:
    """The request was copied together with the tasks of another campaign."""
    return (
        f"These tasks came with the copy of another request: {titled(titles)}. Tminus made this request's own tasks "
        "beside them, and looks after those alone; delete the copies, or keep them as your own."
    )


def lost_fields_comment(title: str, lost: Mapping[str, object]) -> str:
    """The request has no field any more for some of what it said, by label: what the plan goes on with."""
    why = "that were renamed, deleted or left behind in another project. The plan goes on with what they said:"
    return "\n".join(
        [
            f"**{plain(title)} has lost fields** {why}",
            "",
            *(f"- {label}: {plain(str(said))}" for label, said in lost.items()),
            "",
            "Give them back, or have the settings name the fields that hold this now.",
        ]
    )


def excluded_comment(title: str, plan: Plan, contact: str) -> str:
    """The agreement does not cover it: what, and who decides now."""
    return "\n".join(
        [
            f"**{plain(title)} needs a decision first.** No clock has started:",
            "",
            *(f"- {plain(problem)}" for problem in plan.problems),
            "",
            f"{contact} decides how it goes on. Change the request to what is covered, and it is planned at once.",
        ]
    )


def refusal_comment(title: str, plan: Plan) -> str:
    """The date cannot be had: why, in chains of dates that add up, and the earliest one that can."""
    lines = [f"**{plain(title)} cannot be had on that date.**", ""]
    lines += [f"- {plain(problem)}" for problem in plan.problems]
    if plan.compressions:
        lines += ["", f"Already counted in: {plain('; '.join(plan.compressions))}."]
    if plan.earliest_anchor:
        earliest = long_day(plan.earliest_anchor[1])
        lines += ["", f"**The earliest possible date is {earliest}.** Set it on the request to go."]
    return "\n".join(lines)


def deleted_comment(titles: Sequence[str]) -> str:
    """Which tasks people deleted, all in one comment."""
    it = "it" if len(titles) == 1 else "them"
    return f"**Deleted: {titled(titles)}.** Tminus does not make {it} again, and nothing waits for {it} any more."


def doubles_comment(tasks: Sequence[str]) -> str:
    """What stands twice and cannot be deleted by us, each by title and label."""
    it, one = ("it", "the other one") if len(tasks) == 1 else ("them", "the others")
    return (
        f"**Here twice: {titled(tasks)}.** The tracker did not answer in time when they were made, so Tminus made {it} "
        f"once more, and goes by {one}. Delete or close what is named here."
    )


def gone_elsewhere(connection: str) -> str:
    """On the one of two tasks that is left."""
    return f"**Deleted in {connection}.** This task stays, and is no longer kept in step with anything there."


def copied_comment(who: str, connection: str, text: str) -> str:
    """A person's comment as it is told in the other tracker."""
    return f"**{plain(who)}** wrote in {connection}:\n\n{verbatim(text)}"


def refused_comment(refusals: Mapping[str, str]) -> str:
    """Tasks that the tracker would not make, with its own words."""
    lines = ["**The tracker refused some tasks of the plan:**", ""]
    return "\n".join([*lines, *(f"- {plain(title)}: {plain(why)}" for title, why in refusals.items())])
