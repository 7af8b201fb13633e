"""Campaigns, links, hooks, people and workers as the database keeps them."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from connectors.contract import Status, Task, TaskId
from service.core.merge import Agreed, LinkView
from service.store import campaigns, comments, hooks, links, people, sweeps, workers
from service.store.engine import reading, transaction
from service.store.secrets import Vault, new_key
from service.store.tables import Campaign, HookRow, Link, Sweep, Worker, campaign_id, now

TODAY = date(2026, 11, 23)


def campaign(task: str = "10001", **values: object) -> Campaign:
    """A new campaign for this request task."""
    return Campaign(
        id=str(values.pop("id", campaign_id("jira", task))),
        connection="jira",
        request_task=task,
        request_label=f"MKT-{task}",
        request_url=f"https://example.com/browse/MKT-{task}",
        title="Webinar",
        template="webinar",
        template_version="3",
        **values,
    )


def test_a_request_has_one_campaign(store_engine: sa.Engine) -> None:
    """A second campaign for the same request is refused by the database."""
    with transaction(store_engine) as session:
        campaigns.save(session, campaign())
    with pytest.raises(sa.exc.IntegrityError), transaction(store_engine) as session:
        campaigns.save(session, campaign(id="another"))


def test_a_campaign_has_the_same_id_in_every_database() -> None:
    """So tasks that carry its mark are recognised after the database was lost; ten letters and digits for a label."""
    assert campaign_id("jira", "10001") == campaign_id("jira", "10001")
    assert campaign_id("jira", "10001") != campaign_id("asana", "10001")
    assert re.fullmatch("[a-z2-9]{10}", campaign_id("jira", "10001"))


def test_a_campaign_keeps_what_its_plan_was_made_from(store_engine: sa.Engine) -> None:
    """Snapshots, inputs, plan and dates come back as they went in, and a change made outside a session is kept."""
    mine = campaign(inputs={"webinar_date": "2027-01-21"}, template_snapshot={"z": 1, "a": [2]})
    with transaction(store_engine) as session:
        campaigns.save(session, mine)
    mine.plan, mine.complete_on, mine.state = {"tasks": [{"key": "invite"}]}, date(2027, 1, 21), "running"
    with transaction(store_engine) as session:
        campaigns.save(session, mine)
    with reading(store_engine) as session:
        found = campaigns.of_request(session, "jira", "10001")
        assert found is not None
        assert list(found.template_snapshot) == ["z", "a"]
        assert (found.plan, found.complete_on) == ({"tasks": [{"key": "invite"}]}, date(2027, 1, 21))
        assert (found.inputs, found.container_id) == ({"webinar_date": "2027-01-21"}, None)
        assert campaigns.of_request(session, "asana", "10001") is None
        assert campaigns.listing(session, "done") == []


def test_saving_an_unchanged_campaign_leaves_its_time(store_engine: sa.Engine) -> None:
    """`updated_at` tells when something changed last, not when somebody looked."""
    mine = campaign()
    with transaction(store_engine) as session:
        campaigns.save(session, mine)
    first = mine.updated_at
    with transaction(store_engine) as session:
        campaigns.save(session, mine)
    assert mine.updated_at == first
    mine.title = "Another webinar"
    with transaction(store_engine) as session:
        campaigns.save(session, mine)
    with reading(store_engine) as session:
        assert session.get_one(Campaign, mine.id).updated_at == mine.updated_at > first


def test_only_campaigns_that_are_not_over_are_unfinished(store_engine: sa.Engine) -> None:
    """The sweep asks for those that run or wait, of its own connection."""
    with transaction(store_engine) as session:
        for number, state in enumerate(["waiting_for_input", "refused", "running", "done", "cancelled"]):
            campaigns.save(session, campaign(str(number), state=state))
    with reading(store_engine) as session:
        assert sorted(campaigns.unfinished_requests(session, "jira")) == ["0", "1", "2"]
        assert campaigns.unfinished_requests(session, "asana") == []


def task(key: str, number: int, **values: object) -> LinkView:
    """A link whose task was made as number `number`."""
    label = f"MKT-{number}"
    found = Task(
        id=TaskId(f"2000{number}"),
        label=label,
        url=f"https://example.com/browse/{label}",
        title=key.title(),
        status=Status.TODO,
        status_name="To Do",
    )
    return LinkView(key=key, state="made", task=found, label=label, **values)


def test_an_intended_link_stays_until_its_task_is_made(store_engine: sa.Engine) -> None:
    """Intending twice changes nothing; a made link comes back with what was agreed, the others as they were."""
    agreed = Agreed(title="Invite", status=Status.DOING, due_on=date(2027, 1, 4), waits_for=("page",))
    with transaction(store_engine) as session:
        mine = campaign()
        campaigns.save(session, mine)
        assert links.intend(session, mine.id, "jira", ["page", "invite"])
    with transaction(store_engine) as session:
        assert not links.intend(session, mine.id, "jira", ["page", "invite", "report"])
        assert links.intend(session, mine.id, "jira", [])
        made = task("invite", 9, agreed=agreed, pinned_on=date(2027, 1, 4), done_on=date(2027, 1, 5), dropped=True)
        refused = LinkView(key="report", state="refused", reason="Due date is required.")
        links.save(session, mine.id, "jira", [made, refused])
    with reading(store_engine) as session:
        stored = links.views(session, mine.id)
        assert list(stored) == ["page", "invite", "report"]
        assert stored["page"] == LinkView(key="page", state="intended")
        assert stored["report"] == refused
        invite = stored["invite"]
        assert invite.task is not None
        assert (invite.task.id, invite.task.url) == ("20009", "https://example.com/browse/MKT-9")
        assert (invite.state, invite.label, invite.agreed) == ("made", "MKT-9", agreed)
        assert (invite.pinned_on, invite.done_on, invite.dropped) == (date(2027, 1, 4), date(2027, 1, 5), True)


def test_a_link_whose_task_is_gone_still_knows_it(store_engine: sa.Engine) -> None:
    """The id of a deleted task is kept, so that its return is noticed."""
    with transaction(store_engine) as session:
        mine = campaign()
        campaigns.save(session, mine)
        links.save(session, mine.id, "jira", [task("invite", 9)])
        session.flush()
        links.save(session, mine.id, "jira", [LinkView(key="invite", state="gone", label="MKT-9")])
    with reading(store_engine) as session:
        (gone,) = links.views(session, mine.id).values()
        assert gone.task is not None
        assert (gone.state, gone.task.id) == ("gone", "20009")


def test_a_task_leads_to_its_request(store_engine: sa.Engine) -> None:
    """By id or label, as the request itself or as one of its tasks, on its own connection only."""
    with transaction(store_engine) as session:
        mine, other = campaign("10001"), campaign("10002")
        for each in (mine, other):
            campaigns.save(session, each)
        links.save(session, mine.id, "jira", [task("invite", 9)])
        links.save(session, other.id, "jira", [task("invite", 8)])
    with reading(store_engine) as session:
        names = ["10001", "MKT-10002", "20009", "MKT-8", "nobody"]
        assert campaigns.partitions_of(session, "jira", names) == {
            "10001": "jira:10001",
            "MKT-10002": "jira:10002",
            "20009": "jira:10001",
            "MKT-8": "jira:10002",
        }
        assert campaigns.partitions_of(session, "asana", names) == {}


def test_a_mirrored_task_leads_to_the_request_in_the_other_tracker(store_engine: sa.Engine) -> None:
    """And it is no link of the campaign's at home."""
    with transaction(store_engine) as session:
        mine = campaign("10001")
        campaigns.save(session, mine)
        links.save(session, mine.id, "jira", [task("invite", 9)])
        links.save(session, mine.id, "asana", [task("invite", 8)])
    with reading(store_engine) as session:
        assert campaigns.partitions_of(session, "asana", ["20008", "10001"]) == {"20008": "jira:10001"}
        assert links.views(session, mine.id)["invite"].label == "MKT-9"
        assert links.elsewhere(session, mine.id)["asana"]["invite"].label == "MKT-8"


def test_a_link_belongs_to_a_campaign_that_exists(store_engine: sa.Engine) -> None:
    """Foreign keys are enforced on both databases."""
    with pytest.raises(sa.exc.IntegrityError), transaction(store_engine) as session:
        session.add(Link(campaign_id="nobody", connection="jira", key="invite"))


def test_a_comment_is_known_by_its_text(store_engine: sa.Engine) -> None:
    """The same text needs no write, another does, and remembering again replaces."""
    with transaction(store_engine) as session:
        mine = campaign()
        campaigns.save(session, mine)
        assert not comments.says(comments.get(session, mine.id, "jira", "summary"), "3 of 12 done", TODAY)
        comments.remember(session, mine.id, "jira", "summary", comment_id="77", text="3 of 12 done")
        comments.remember(session, mine.id, "jira", "summary", comment_id="77", text="4 of 12 done")
    with reading(store_engine) as session:
        (comment,) = comments.of_campaign(session, mine.id, "jira").values()
        assert comment.comment_id == "77"
        assert comments.says(comment, "4 of 12 done", TODAY)
        assert not comments.says(comment, "3 of 12 done", TODAY)


def test_a_comment_that_was_denied_is_tried_again_another_day(store_engine: sa.Engine) -> None:
    """Or with another text; what stands there is still known."""
    with transaction(store_engine) as session:
        mine = campaign()
        campaigns.save(session, mine)
        comments.remember(session, mine.id, "jira", "summary", comment_id="77", text="3 of 12 done")
        comments.denied(session, mine.id, "jira", "summary", "4 of 12 done", TODAY)
    with reading(store_engine) as session:
        (comment,) = comments.of_campaign(session, mine.id, "jira").values()
        assert comment.comment_id == "77"
        assert comments.says(comment, "4 of 12 done", TODAY)
        assert not comments.says(comment, "4 of 12 done", TODAY + timedelta(days=1))
        assert not comments.says(comment, "5 of 12 done", TODAY)


def test_a_hook_keeps_its_secret_sealed(store_engine: sa.Engine) -> None:
    """The secret is stored only sealed, the vendor's own one takes its place, and a hook without one stays closed."""
    vault = Vault([new_key()])
    with transaction(store_engine) as session:
        jira = hooks.intend(session, HookRow(connection="jira", target="https://t/h/1"), vault, "ours")
        asana = hooks.intend(session, HookRow(connection="asana", target="https://t/h/2", project="7"), vault, None)
        assert (jira.state, hooks.secret_of(jira, vault), hooks.secret_of(asana, vault)) == ("pending", "ours", None)
    with transaction(store_engine) as session:
        found = hooks.get(session, asana.id)
        assert found is not None
        hooks.activate(session, found, vault, vendor_id="88", secret="theirs")
    with transaction(store_engine) as session:
        (stored,) = hooks.of_connection(session, "asana")
        assert stored.sealed_secret is not None
        assert "theirs" not in stored.sealed_secret
        assert (stored.state, stored.vendor_id, hooks.secret_of(stored, vault)) == ("active", "88", "theirs")
        stored.state = "gone"
    with reading(store_engine) as session:
        assert hooks.of_connection(session, "asana") == []


def test_a_delivery_proves_that_its_hook_works(store_engine: sa.Engine) -> None:
    """A delivery sets the time of the last one, of its own hook only."""
    vault, at = Vault([new_key()]), now()
    with transaction(store_engine) as session:
        one, two = (hooks.intend(session, HookRow(connection="jira", target="t"), vault, "s") for _ in range(2))
    with transaction(store_engine) as session:
        hooks.delivered(session, [one.id], at)
    with reading(store_engine) as session:
        found = {row.id: row.last_delivery_at for row in hooks.of_connection(session, "jira")}
    assert found == {one.id: at, two.id: None}


def test_a_sweep_goes_on_where_the_last_one_ended(store_engine: sa.Engine) -> None:
    """Each project of each connection has its own mark, and the last one counts."""
    at = now()
    with transaction(store_engine) as session:
        assert sweeps.of_project(session, "jira", "MKT") is None
        sweeps.read(session, Sweep(connection="jira", project="MKT", until=at - timedelta(hours=1)))
    with transaction(store_engine) as session:
        sweeps.read(session, Sweep(connection="jira", project="MKT", until=at, cursor="token"))
    with reading(store_engine) as session:
        found = sweeps.of_project(session, "jira", "MKT")
        assert found is not None
        assert (found.until, found.cursor) == (at, "token")
        assert sweeps.of_project(session, "jira", "OPS") is None


def test_people_are_known_by_their_address_in_any_case(store_engine: sa.Engine) -> None:
    """What a tracker answered is found again, nobody included, and a later answer replaces it."""
    with transaction(store_engine) as session:
        people.remember(session, "jira", "Ann@Example.com", account_id="a1", name="Ann")
        people.remember(session, "jira", "bob@example.com", account_id=None)
        people.remember(session, "jira", "ann@example.com", account_id="a2", name="Ann")
    with reading(store_engine) as session:
        found = people.known(session, "jira", ["ANN@example.com", "bob@example.com", "eve@example.com"])
        assert {email: person.account_id for email, person in found.items()} == {
            "ann@example.com": "a2",
            "bob@example.com": None,
        }
        assert people.known(session, "asana", ["ann@example.com"]) == {}


def test_a_silent_worker_is_found(store_engine: sa.Engine) -> None:
    """A worker that stopped beating is told apart from one that beats, until it is forgotten."""
    with transaction(store_engine) as session:
        workers.beat(session, "here")
        workers.beat(session, "gone")
        session.get_one(Worker, "gone").beat_at -= timedelta(seconds=30)
    with transaction(store_engine) as session:
        workers.beat(session, "here")
        assert workers.silent(session, seconds=5) == ["gone"]
        workers.forget(session, "gone")
    with transaction(store_engine) as session:
        assert workers.silent(session, seconds=5) == []
        assert workers.silent(session, seconds=-1) == ["here"]


def test_campaigns_that_run_are_chosen_by_what_their_version_says(store_engine: sa.Engine) -> None:
    """One of each version answers for all of them."""
    says = {"1": {}, "2": {"clocks": {"answer": {"on_breach": "page"}}}}
    with transaction(store_engine) as session:
        for number in range(6):
            version = "2" if number % 2 else "1"
            campaign = Campaign(
                id=f"c{number}",
                connection="jira",
                request_task=f"10{number}",
                request_label=f"MKT-{number}",
                request_url="",
                title="",
                template="webinar",
                template_version=version,
                template_snapshot=says[version],
                state="done" if number == 5 else "running",
            )
            campaigns.save(session, campaign)
        found = campaigns.under_way(session, "jira", lambda template: "clocks" in template)
        assert sorted(campaign.id for campaign in found) == ["c1", "c3"]
        assert campaigns.under_way(session, "asana", lambda _: True) == []
