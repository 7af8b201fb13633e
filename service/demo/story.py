"""The story that the demo tells: what people do in their trackers, and what has to follow. Each step is one method."""

from __future__ import annotations

from datetime import UTC, date, datetime

from service.demo.desks import DOING, DROPPED, TODO, AsanaDesk, JiraDesk
from service.demo.followed import Followed
from service.demo.installation import REQUESTER, Installation
from service.demo.promise import promised_plan, working_day, working_day_before
from service.demo.stage import Missing, Stage

WEEKS_AHEAD, MOVED_TO, TOO_SOON = 11, 8, 2
"""Weeks from today; a webinar is asked for six weeks ahead at the latest."""


class Story:
    """One telling. Every step raises `Missing` where something promised does not come."""

    def __init__(self, stage: Stage, installation: Installation, jira: JiraDesk, asana: AsanaDesk) -> None:
        self._stage, self._installation = stage, installation
        self._jira, self._asana = jira, asana

    def tell(self) -> None:
        """From the first request to the last check."""
        self._file()
        self._stage.heading("People go to work in their trackers")
        for step in (
            self._finish, self._finish_and_reopen, self._pin, self._move_past_the_pin, self._delete, self._lose_a_hook,
            self._ask_too_late, self._forget_the_date, self._cancel,
        ):  # fmt: skip
            step()
        self._check()

    def _file(self) -> None:
        self._stage.heading("Rita files a webinar in Jira and an e-mail send in Asana")
        day = _in_weeks(WEEKS_AHEAD)
        webinar = self._jira.file("Webinar", "Product tour", {"Webinar date": day})
        send = self._asana.file("Newsletter", "Email sends")
        self._webinar = Followed(self._jira, webinar, "Product tour", "webinar", {"webinar_date": day})
        self._send = Followed(self._asana, send, "Newsletter", "email_send")
        seconds = self._stage.watch([self._webinar, self._send])
        count = len(self._webinar.plan.tasks) + len(self._send.plan.tasks)
        self._stage.say(f"All {count} subtasks stood there, owned, dated and linked, after {seconds:.1f} seconds.")

    def _finish(self) -> None:
        request = self._webinar
        task = request.finish("intake")
        told = (
            f"Dana finishes “{task.title}” before its day: {request.label} goes to In Progress and says "
            f"{request.progress}, and what waits for it moves up."
        )
        self._stage.step(told, request.url, lambda: request.missing(DOING) + request.unsaid(request.progress))

    def _finish_and_reopen(self) -> None:
        request = self._send
        request.finish("intake")
        task = request.finish("build")
        told = f"She finishes two tasks of {request.label} in Asana: it is in progress and says {request.progress}."
        self._stage.step(told, request.url, lambda: request.missing(DOING) + request.unsaid(request.progress))
        request.reopen("build")
        told = f"She reopens “{task.title}”: {request.progress} again."
        self._stage.step(
            told, self._asana.url(task.id), lambda: request.missing(DOING) + request.unsaid(request.progress)
        )

    def _pin(self) -> None:
        request = self._webinar
        planned = next(task.due_on for task in request.plan.tasks if task.key == "rehearsal")
        day = working_day_before("webinar", datetime.now(UTC), planned)
        task = request.task("rehearsal")
        self._jira.move_task(task.id, day)
        request.pinned("rehearsal", day)
        told = f"Rita moves “{task.title}” to {_day(day)} by hand: it is pinned there."
        self._stage.step(
            told, self._jira.url(task.id), lambda: request.missing(DOING) + request.unsaid("pinned by a person")
        )

    def _move_past_the_pin(self) -> None:
        request, before = self._webinar, {task.title: task.due_on for task in self._webinar.found()}
        day = _in_weeks(MOVED_TO)
        self._jira.move_webinar(request.request, day)
        request.changed(webinar_date=day)
        moved = sum(task.due_on != before[task.title] for task in request.wanted() if task.status == TODO)
        told = (
            f"She moves the webinar to {_day(day)}, before that pin: {moved} tasks are dated anew, the pin is kept, "
            "and one comment says what moved and what does not fit."
        )
        words = ("The request changed", "Kept where a person put it: Rehearse with the speakers", "At risk")
        self._stage.step(told, request.url, lambda: request.missing(DOING) + request.unsaid(*words))

    def _delete(self) -> None:
        request = self._send
        task = request.delete("test")
        told = f"Dana deletes “{task.title}” in Asana: {request.label} says so once, and nothing waits for it any more."
        words = f"Deleted: “{task.title}”"
        self._stage.step(told, request.url, lambda: request.missing(DOING) + request.unsaid(words))

    def _lose_a_hook(self) -> None:
        request = self._webinar
        self._jira.lose_hooks(1.0)
        task = request.finish("email_copy", by=REQUESTER)
        self._jira.lose_hooks(0.0)
        self._sweep()
        told = f"Rita finishes “{task.title}”, but its hook is lost: `tminus sweep` finds it, {request.progress}."
        self._stage.step(told, request.url, lambda: request.missing(DOING) + request.unsaid(request.progress))

    def _ask_too_late(self) -> None:
        day = _in_weeks(TOO_SOON)
        key = self._jira.file("Webinar", "Last-minute webinar", {"Webinar date": day})
        plan = promised_plan("webinar", {"webinar_date": day}, self._jira.created_at(key), datetime.now(UTC))
        if plan.earliest_anchor is None:
            raise Missing([f"{key}: the template should know the earliest date possible"])
        earliest = _day(plan.earliest_anchor[1])
        told = f"She asks for a webinar on {_day(day)}: {key} is told at once that {earliest} is the earliest date."
        request = Followed(self._jira, key, "Last-minute webinar", "webinar", {"webinar_date": day})
        self._stage.step(
            told, request.url, lambda: request.unsaid("earliest possible date", earliest) + _empty(request)
        )

    def _forget_the_date(self) -> None:
        gid = self._asana.file("Webinar, date to be agreed", "Webinars")
        told = "She files one in Asana without a date: a comment names the field, and nothing is planned yet."
        self._stage.step(told, self._asana.url(gid), lambda: self._said_in_asana(gid, "Webinar date is missing"))

    def _cancel(self) -> None:
        file = "https://files.example.com/trade-fair-leads.csv"
        key = self._jira.file("List Import", "Trade fair leads", {"List file": file})
        request = self._import = Followed(self._jira, key, "Trade fair leads", "list_import", {"list_file": file})
        self._stage.wait("A list import is planned", request.missing)
        self._jira.cancel(key)
        request.cancelled()
        count = len(request.plan.tasks)
        told = f"She cancels {key}, a list import: its {count} open subtasks are dropped, each with the reason."
        self._stage.step(told, request.url, lambda: request.missing(DROPPED) + self._undropped(request))

    def _check(self) -> None:
        """Once more everything, when nothing is on its way any more: a late double would show now."""
        self._stage.wait("Everything is checked once more", self._unsettled)
        problems = self._webinar.missing(DOING) + self._send.missing(DOING) + self._import.missing(DROPPED)
        problems += self._webinar.unsaid("The request changed") + self._send.unsaid("Deleted: ")
        if problems:
            raise Missing(problems)
        self._stage.show([self._webinar, self._send])
        self._stage.say("\nEvery promise was kept.")

    def _sweep(self) -> None:
        done = self._installation.run("sweep")
        if done.returncode:
            raise Missing(["`tminus sweep` failed:", *done.stdout.splitlines()])

    def _unsettled(self) -> list[str]:
        ready = self._installation.ready()
        if ready is None:
            return [f"an answer from {self._installation.url}/readyz"]
        parked = [f"{ready['parked']} deliveries are parked for a person"] if ready["parked"] else []
        on_their_way = self._jira.busy() or self._asana.busy() or ready["waiting"]
        return [*parked, *(["quiet: webhooks are still on their way"] if on_their_way else [])]

    def _said_in_asana(self, gid: str, words: str) -> list[str]:
        said = any(words in text for text in self._asana.comments(gid))
        tasks = [f"nothing asks for “{task.title}”" for task in self._asana.subtasks(gid)]
        return tasks if said else [f"{self._asana.label(gid)}: a comment that says “{words}”", *tasks]

    def _undropped(self, request: Followed) -> list[str]:
        return [
            f"{request.label}: a comment on “{task.title}” that says why it was dropped"
            for task in request.found()
            if not any("Dropped by Tminus" in text for text in self._jira.comments(task.id))
        ]


def _empty(request: Followed) -> list[str]:
    return [f"{request.label}: nothing asks for “{task.title}”" for task in request.found()]


def _in_weeks(weeks: int) -> date:
    return working_day("webinar", datetime.now(UTC), weeks=weeks)


def _day(day: date) -> str:
    return f"{day:%a} {day.day} {day:%b %Y}"
