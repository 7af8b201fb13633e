"""What moves when work goes faster or in another order than planned, and what people are told about it."""

from __future__ import annotations

from datetime import date, timedelta

from tests.house import House, in_weeks


def webinar(home: House) -> str:
    """A running webinar campaign in Jira."""
    key = home.jira.file_request("Webinar", "Summer webinar", {"Webinar date": in_weeks(12)})
    home.running(key)
    return key


def due(home: House, key: str) -> dict[str, date | None]:
    """What Jira shows, by planned task."""
    dates = {issue.key: issue.due for issue in home.jira.children(key)}
    return {name: dates[link.label] for name, link in home.links(key).items()}


def finish(home: House, key: str, planned: str) -> None:
    """Somebody closes the subtask."""
    home.jira.transition(home.links(key)[planned].label, "Done")
    home.until(lambda: home.links(key)[planned].done_on)
    home.quiet()


def comments(home: House, key: str, word: str) -> list[str]:
    """The comments on the request that contain this."""
    return [text for text in home.jira.issue(key).comments if word in text]


def test_a_task_done_early_moves_what_waits_for_it_and_is_named_as_the_cause(at_home: House) -> None:
    """At once, and not when something else happens: a date pinned later moves none of them and is not blamed."""
    key = webinar(at_home)
    before = due(at_home, key)
    finish(at_home, key, "intake")
    after = due(at_home, key)
    earlier = {name for name in before if after[name] != before[name]}
    assert earlier
    assert all(after[name] < before[name] for name in earlier)  # type: ignore[operator]
    (told,) = comments(at_home, key, "was done earlier than planned")
    assert all(at_home.links(key)[name].agreed.title in told for name in earlier)
    reminder = at_home.links(key)["reminder"]
    assert reminder.agreed.due_on
    at_home.jira.edit(reminder.label, {"duedate": (reminder.agreed.due_on - timedelta(days=1)).isoformat()})
    at_home.until(lambda: at_home.links(key)["reminder"].pinned_on)
    at_home.quiet()
    pinned = due(at_home, key)
    assert {name for name in after if pinned[name] != after[name]} == {"reminder"}
    assert any("was done earlier than planned. " in line for line in at_home.story())


def test_what_is_done_before_its_turn_is_told_as_a_risk_until_the_rest_is_done(at_home: House) -> None:
    """The first invitation is out while the flow was never tested."""
    key = webinar(at_home)
    titles = {name: link.agreed.title for name, link in at_home.links(key).items()}
    risk = f"“{titles['first_invite']}” was done while “{titles['flow_test']}” is still open."
    finish(at_home, key, "first_invite")
    at_home.until(lambda: any(text.count(risk) and "tasks done" in text for text in comments(at_home, key, risk)))
    finish(at_home, key, "flow_test")
    at_home.until(lambda: not [text for text in comments(at_home, key, risk) if "tasks done" in text])


def test_the_living_comment_tells_why_and_the_subtasks_say_nothing_that_grows_old(at_home: House) -> None:
    """The sentence of a date stands where it is rewritten when the date moves."""
    key = webinar(at_home)
    (plan,) = comments(at_home, key, "tasks done")
    assert plan.count("Webinar v") == len(at_home.links(key))
    assert all(issue.text and "Webinar v" not in issue.text for issue in at_home.jira.children(key))
