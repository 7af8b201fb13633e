"""What the Jira connector makes of a site's moods: lost replies, narrow screens, odd workflows, a lagging index."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from connectors.contract import AccountId, Container, Mark, NewTask, Patch, Status, TaskId
from connectors.errors import AccessDenied, ByHand, OutcomeUnknown, Rejected, TrackerError, Unreachable
from connectors.jira.simulator import JiraSimulator
from connectors.jira.tracker import JiraTracker
from tests.wire.jira_site import JiraSite, jira_site, new, settings, strike

DAY = date(2027, 1, 21)
BULK = "POST /rest/api/3/issue/bulk"


def five() -> list[NewTask]:
    """A small plan."""
    return [new(f"t{n}") for n in range(5)]


def sent(site: JiraSite, call: str) -> list[Any]:
    """The bodies of these calls."""
    return [seen.json for seen in site.sim.log if f"{seen.method} {seen.path}" == call]


FAULTS: list[dict[str, Any]] = [
    {"error_before": 1.0},
    {"error_after": 1.0},
    {"cut_before": 1.0},
    {"cut_after": 1.0},
    {"garbage": 1.0},
    {"rate_limited": 1.0, "retry_after": 0.05},
    {"rate_limited": 1.0, "retry_after": None},
]


@pytest.mark.parametrize("kind", ["subtasks", "epic"])
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: next(iter(fault)))
def test_each_task_is_made_once_whatever_becomes_of_the_first_reply(kind: str, fault: dict[str, Any]) -> None:
    """After an unknown outcome the container is looked at, and only what is missing is made."""
    with jira_site(conform=False) as site:
        container = site.container(site.file(), kind)
        strike(site, BULK, **fault)
        created = site.tracker.create(container, five())
        assert (sorted(created.made), created.refused) == ([f"t{n}" for n in range(5)], {})
        assert site.sim.knobs.strikes == 0
        assert len(site.sim.children(container.id)) == 5
        assert {task.mark for task in site.tracker.children(container)} == {task.mark for task in five()}


def test_a_right_that_is_granted_counts_at_once() -> None:
    """That no type could be created in is not remembered: a replay must not wait until it is forgotten."""
    with jira_site() as site:
        container = site.container(site.file())
        denied = site.sim.site.me.denied
        denied.add("CREATE_ISSUES")
        with pytest.raises(Rejected, match="none that we may create"):
            site.tracker.create(container, five())
        denied.discard("CREATE_ISSUES")
        assert len(site.tracker.create(container, five()).made) == 5


def test_tasks_that_are_refused_as_unwanted_do_not_stop_the_others() -> None:
    """Each row has its own outcome, with Jira's words."""
    with jira_site() as site:
        container = site.container(site.file())
        created = site.tracker.create(container, [new("a"), NewTask(mark=Mark("spring", "b"), title=" "), new("c")])
        assert sorted(created.made) == ["a", "c"]
        assert "summary" in str(created.refused["b"])
        assert isinstance(created.refused["b"], Rejected)


def test_a_plan_of_more_than_fifty_tasks_goes_in_two_calls() -> None:
    """Fifty is Jira's most."""
    with jira_site() as site:
        container = site.container(site.file())
        before = len(site.sim.log)
        assert len(site.tracker.create(container, [new(f"t{n}") for n in range(60)]).made) == 60
        assert site.calls(before).count("POST issue/bulk") == 2


def test_a_launch_stays_within_its_budget_of_calls() -> None:
    """One bulk create, one call a link, and four more: request, children, and a comment with its look-up."""
    with jira_site() as site:
        tracker, label = site.tracker, site.file().label
        list(tracker.inspect())
        before = len(site.sim.log)
        request = tracker.find_task(label)
        assert request
        container = site.container(request)
        assert tracker.children(container) == []
        made = tracker.create(container, [new(f"t{n}", due_on=DAY) for n in range(40)]).made
        chain = {made[f"t{n}"].id: [made[f"t{n - 1}"].id] for n in range(1, 40)}
        assert tracker.set_dependencies(chain) == {}
        tracker.comment(request.id, Mark("spring", "plan"), "Here is the plan.")
        assert len(site.sim.log) - before <= 1 + 39 + 4


def test_a_dependency_reads_in_jira_as_blocked_by() -> None:
    """The one that is waited for blocks the one that waits."""
    with jira_site() as site:
        made = site.tracker.create(site.container(site.file()), [new("first"), new("second")]).made
        first, second = made["first"], made["second"]
        site.tracker.set_dependencies({second.id: [first.id]})
        site.tracker.set_dependencies({second.id: [first.id]})
        assert site.sim.issue(second.label).blocked_by == (first.label,)
        assert site.sim.issue(first.label).blocked_by == ()


def test_dates_that_a_screen_does_not_take_are_written_into_the_description() -> None:
    """Nothing that was planned is lost, and the task tells which dates Jira holds."""
    with jira_site() as site:
        site.sim.site.remove_from_screen("duedate", "Sub-task")
        site.sim.site.remove_from_screen("customfield_10015", "Sub-task")
        site.sim.site.remove_from_screen("labels", "Sub-task")
        task = new("a", text="Write it.", start_on=DAY, due_on=DAY)
        made = site.tracker.create(site.container(site.file()), [task]).made["a"]
        assert (made.due_on, made.start_on) == (None, None)
        assert site.tracker.read([made.id])[made.id].text == "Write it.\nStart: 2027-01-21\nDue: 2027-01-21"


def test_a_field_taken_off_the_screen_since_we_looked_is_left_out_on_a_second_try() -> None:
    """The create screen is remembered for a while, so Jira's refusal is what tells."""
    with jira_site() as site:
        container = site.container(site.file())
        site.tracker.create(container, [new("a")])
        site.sim.site.remove_from_screen("duedate", "Sub-task")
        made = site.tracker.create(container, [new("b", due_on=DAY), new("c")]).made
        assert made["b"].due_on is None
        assert "Due: 2027-01-21" in site.tracker.read([made["b"].id])[made["b"].id].text
        assert len(site.sim.children(container.id)) == 3


def test_an_owner_to_whom_jira_assigns_nothing_does_not_stop_the_task() -> None:
    """It is made without an owner, which the result shows."""
    with jira_site() as site:
        owner = site.tracker.find_account("dana.ops@example.com", "MKT")
        assert owner
        site.sim.site.unassignable("dana.ops@example.com")
        drafts = [new("a", owner=owner.id, due_on=DAY), new("b")]
        created = site.tracker.create(site.container(site.file()), drafts)
        assert (created.made["a"].owner, created.made["a"].due_on, created.refused) == (None, DAY, {})


def test_a_field_that_the_screen_demands_is_named_in_the_refusal() -> None:
    """We fill no field that no template speaks of; a person must mend the screen."""
    with jira_site() as site:
        container = site.container(site.file())
        site.sim.site.require("assignee")
        created = site.tracker.create(container, [new("a")])
        assert "Assignee is required" in str(created.refused["a"])


def test_an_edit_leaves_out_a_start_date_that_the_screen_lacks() -> None:
    """The other fields must not fail with it."""
    with jira_site() as site:
        made = site.tracker.create(site.container(site.file()), [new("a")]).made["a"]
        site.sim.site.remove_from_screen("customfield_10015")
        site.tracker.update(made.id, Patch(title="Renamed", start_on=DAY))
        assert site.sim.issue(made.label).summary == "Renamed"
        with pytest.raises(Rejected):
            site.tracker.update(made.id, Patch(owner=AccountId("nobody"), start_on=DAY))


def test_an_epic_is_opened_once_also_after_a_lost_reply() -> None:
    """Found again by its link to the request, or by its label."""
    with jira_site() as site:
        request = site.file()
        strike(site, BULK, cut_after=1.0)
        epic = site.container(request, "epic")
        assert (epic.kind, site.sim.issue(epic.id).type) == ("epic", "Epic")
        assert site.container(request, "epic") == epic
        again = JiraTracker(settings(site.sim))
        assert again.open_container(request, Mark("spring", "container"), "Spring webinar", "epic") == epic


def test_children_of_an_epic_that_search_does_not_know_yet_are_listed() -> None:
    """The index lags; what we made ourselves we know."""
    with jira_site() as site:
        site.sim.knobs.index_lag = 60
        epic = site.container(site.file(), "epic")
        site.tracker.create(epic, five())
        assert len(site.tracker.children(epic)) == 5


def test_after_a_lost_reply_the_search_index_is_given_time() -> None:
    """Before an epic's tasks are made again, search has had a minute to find them."""
    with jira_site() as site:
        epic = site.container(site.file(), "epic")
        strike(site, BULK, cut_before=1.0)
        site.tracker.create(epic, five())
        assert sum(site.waited) >= 60


@pytest.mark.parametrize("label", ["MKT-1", "mkt-1", " MKT-1 ", "{url}/browse/MKT-1", "{url}/browse/MKT-1?focus=2"])
def test_a_task_is_found_by_what_people_type(label: str) -> None:
    """Its key in any case, or the address that they copied."""
    with jira_site() as site:
        site.file()
        found = site.tracker.find_task(label.format(url=site.sim.url))
        assert found
        assert found.label == "MKT-1"


@pytest.mark.parametrize("label", ["", "MKT", "MKT-999", "https://elsewhere.example/browse/MKT-1", "a b-1", "../1"])
def test_what_names_no_task_finds_none(label: str) -> None:
    """Another site's address neither."""
    with jira_site() as site:
        site.file()
        assert site.tracker.find_task(label) is None


def test_people_are_found_by_their_exact_address_only() -> None:
    """Jira searches by prefix, and some people hide their address or cannot be assigned."""
    with jira_site() as site:
        found = site.tracker.find_account("DANA.OPS@example.com", "MKT")
        assert found
        assert found.name == "Dana Ops"
        for unknown in ("dana", "dana.ops@example.co", "gus.guest@example.com", "nobody@example.com"):
            assert site.tracker.find_account(unknown, None) is None


def test_the_fields_of_a_request_are_told_by_id_and_by_name() -> None:
    """As plain values, for routes and template inputs."""
    with jira_site() as site:
        request = site.file(
            **{"Webinar date": "2027-01-21", "Region": "EMEA", "Audience size": 250, "Briefing": "Hi\nyou"}
        )
        assert request.fields["Webinar date"] == request.fields["customfield_10050"] == "2027-01-21"
        assert (request.fields["Region"], request.fields["Audience size"]) == ("EMEA", 250)
        assert request.fields["Briefing"] == "Hi\nyou"
        assert (request.fields["project"], request.fields["issue_type"], request.fields["form"]) == (
            "MKT",
            "Task",
            None,
        )
        assert request.requester
        assert request.requester.email == "rita.requester@example.com"


def test_hooks_are_ours_only_and_adding_one_twice_leaves_one() -> None:
    """The second has the new secret, as nobody can read the first one's."""
    with jira_site() as site:
        first = site.tracker.add_hook(["MKT"], "http://127.0.0.1:9/a", "one")
        second = site.tracker.add_hook(["MKT"], "http://127.0.0.1:9/a", "two")
        assert site.tracker.hooks() == [second]
        assert (second.projects, second.target, second.healthy) == (("MKT",), "http://127.0.0.1:9/a", True)
        site.tracker.remove_hook(second.id)
        site.tracker.remove_hook(first.id)
        assert site.tracker.hooks() == []


def test_without_the_right_to_add_hooks_a_person_is_told_what_to_enter() -> None:
    """Address, events and filter; the secret stays out of messages."""
    with jira_site() as site:
        site.sim.site.me.denied.add("ADMINISTER")
        with pytest.raises(ByHand) as caught:
            site.tracker.add_hook(["MKT"], "http://127.0.0.1:9/a", "very-secret")
        told = str(caught.value)
        assert "http://127.0.0.1:9/a" in told
        assert "jira:issue_updated" in told
        assert "project = MKT" in told
        assert "very-secret" not in told


def test_the_doctor_tells_what_a_person_must_mend() -> None:
    """Two plain sentences for each."""
    with jira_site(projects=("MKT", "NOPE"), link_type="Precedes") as site:
        site.sim.site.me.denied |= {"LINK_ISSUES", "ADMINISTER"}
        site.sim.site.remove_from_screen("customfield_10015", "Sub-task")
        site.sim.site.require("assignee")
        findings = list(site.tracker.inspect())
        told = "\n".join(finding.problem for finding in findings)
        for word in ("Precedes", "NOPE", "Link Issues", "Assignee", "Start date"):
            assert word in told
        assert all(finding.problem.endswith(".") and finding.remedy.endswith(".") for finding in findings)


def test_the_doctor_stops_at_wrong_credentials() -> None:
    """Everything else would only repeat it."""
    with jira_site(token="wrong") as site:
        [finding] = site.tracker.inspect()
        assert "credentials" in finding.problem
        with pytest.raises(AccessDenied):
            site.tracker.whoami()


def test_a_site_that_is_not_there_is_unreachable_for_both_clients() -> None:
    """Never sent, so it may be repeated at will."""
    with JiraSimulator() as sim:
        tracker = JiraTracker(settings(sim))
    with pytest.raises(Unreachable):
        tracker._api.myself()
    with pytest.raises(Unreachable):
        tracker._api.bulk_fetch(["1"])


@pytest.mark.parametrize(("knob", "error"), [("garbage", OutcomeUnknown), ("cut_before", OutcomeUnknown)])
def test_an_answer_that_is_not_jiras_is_an_unknown_outcome_for_both_clients(
    knob: str, error: type[TrackerError]
) -> None:
    """A proxy's page with status 200, or a cut connection."""
    with jira_site(conform=False) as site:
        setattr(site.sim.knobs, knob, 1.0)
        for call in (site.tracker._api.myself, lambda: site.tracker._api.bulk_fetch(["1"])):
            with pytest.raises(error):
                call()


def test_every_call_carries_a_request_id_and_no_error_carries_the_token() -> None:
    """What support asks for, and what nobody should read in a log."""
    with jira_site() as site:
        request = site.file()
        with pytest.raises(Rejected) as caught:
            site.tracker.create(Container("subtasks", "1", request.url), [new("a")])
        assert "sim-token" not in repr(caught.value)
        assert all(seen.headers.get("x-request-id") for seen in site.sim.log)


def test_a_create_carries_its_mark_and_its_label() -> None:
    """The property proves it, the label lets people filter."""
    with jira_site() as site:
        site.tracker.create(site.container(site.file()), [new("a")])
        [row] = sent(site, BULK)[0]["issueUpdates"]
        assert row["properties"] == [{"key": "tminus.mark", "value": {"campaign": "spring", "key": "a"}}]
        assert row["fields"]["labels"] == ["tminus-spring"]
        assert "token" not in json.dumps(row)


def test_a_deleted_task_is_absent_and_writes_to_it_are_refused() -> None:
    """Absent, not an error: people delete things."""
    with jira_site() as site:
        made = site.tracker.create(site.container(site.file()), five()).made
        site.sim.delete(made["t0"].label)
        assert made["t0"].id not in site.tracker.read([task.id for task in made.values()])
        with pytest.raises(Rejected):
            site.tracker.set_status(made["t0"], Status.DONE)
        assert site.tracker.set_dependencies({made["t1"].id: [made["t0"].id]}).keys() == {made["t1"].id}
        assert site.tracker.read([TaskId("424242")]) == {}
