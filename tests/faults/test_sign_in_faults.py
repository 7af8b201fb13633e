"""Signed in with OAuth: tokens that expire at the wrong moment, two processes at once, lost replies, revoked rights."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise

import httpx
import pytest
import sqlalchemy as sa

from connectors.asana.simulator import AsanaSimulator
from connectors.contract import Mark, NewTask
from connectors.errors import AccessDenied, Rejected, SignedOut, Unreachable
from connectors.jira.simulator import JiraSimulator
from connectors.oauth import Grant
from service.store import credentials
from service.store.engine import make_engine, reading, transaction
from service.store.secrets import SecretError, Vault, new_key
from tests.signed_in import Site, agree, consent, now, tokens_of, tracker_of


@pytest.fixture(params=[JiraSimulator, AsanaSimulator])
def site(request: pytest.FixtureRequest) -> Iterator[Site]:
    """Each vendor's."""
    with request.param() as found:
        yield found


@pytest.fixture
def vault() -> Vault:
    """With one key."""
    return Vault([new_key()])


def expired_in(site: Site, minutes: float) -> None:
    """The site's clock goes on, and ours stays: what it gave out ends sooner than we think."""
    site.clock.offset += timedelta(minutes=minutes)


def request_on(site: Site) -> str:
    """A person files one."""
    if isinstance(site, AsanaSimulator):
        return site.file_request("Spring webinar")
    return site.issue(site.file_request("Task", "Spring webinar")).id


def test_signing_in_opens_the_tracker(site: Site, store_engine: sa.Engine, vault: Vault) -> None:
    """Before it `SignedOut` says what to type; after it calls are made as the person who agreed."""
    tokens = tokens_of(site, store_engine, vault)
    tracker = tracker_of(site, tokens)
    with pytest.raises(SignedOut, match="tminus login site"):
        tracker.whoami()
    agree(site, tokens)
    assert tracker.whoami().name == "Tminus"


def test_tokens_are_sealed_at_rest(site: Site, store_engine: sa.Engine, vault: Vault) -> None:
    """Neither token stands in the database, and another key does not open them."""
    tokens = tokens_of(site, store_engine, vault)
    agree(site, tokens)
    access = tokens.token()
    with reading(store_engine) as session:
        row = credentials.get(session, "site")
    assert row is not None
    assert access not in str(row.model_dump())
    assert vault.open(row.sealed_access) == access
    with pytest.raises(SignedOut, match="put back the key"):
        tokens_of(site, store_engine, Vault([new_key()])).token()


def test_keys_change_without_downtime(site: Site, store_engine: sa.Engine) -> None:
    """With the new key in front of the old one all goes on; sealed again, the old one can go."""
    old, new = new_key(), new_key()
    agree(site, tokens_of(site, store_engine, Vault([old])))
    both = Vault([new, old])
    assert tracker_of(site, tokens_of(site, store_engine, both)).whoami().name == "Tminus"
    with transaction(store_engine) as session:
        assert credentials.seal_again(session, both) == 2
    assert tracker_of(site, tokens_of(site, store_engine, Vault([new]))).whoami().name == "Tminus"
    with reading(store_engine) as session, pytest.raises(SecretError):
        Vault([old]).open(credentials.get(session, "site").sealed_access)  # type: ignore[union-attr]


def test_a_token_is_refreshed_before_its_end(site: Site, store_engine: sa.Engine, vault: Vault) -> None:
    """Five minutes before it, and no sooner; no call fails for it."""
    at = now()
    tokens = tokens_of(site, store_engine, vault, lambda: at)
    agree(site, tokens)
    first = tokens.token()
    at += timedelta(minutes=54)
    assert tokens.token() == first
    at += timedelta(minutes=2)
    assert tokens.token() != first
    assert site.desk.refreshes == 1


def test_tokens_that_expire_in_mid_launch(site: Site, store_engine: sa.Engine, vault: Vault) -> None:
    """Each 401 is answered with one refresh for all calls in flight, and every task is there once."""
    tokens = tokens_of(site, store_engine, vault)
    agree(site, tokens)
    tracker = tracker_of(site, tokens)
    request_id = request_on(site)
    request = tracker.read([request_id])[request_id]  # type: ignore[list-item,index]
    container = tracker.open_container(request, Mark("k3y9wq2mzt", "request"), request.title)
    site.desk.expire()
    plan = [NewTask(mark=Mark("k3y9wq2mzt", f"t{at}"), title=f"Task {at}") for at in range(12)]
    created = tracker.create(container, plan)
    assert len(created.made) == 12
    site.desk.expire()
    made = [created.made[f"t{at}"].id for at in range(12)]
    assert not tracker.set_dependencies({later: [before] for before, later in pairwise(made)})
    assert len(tracker.children(container)) == 12
    assert site.desk.refreshes == 2


def test_processes_that_refresh_at_once(site: Site, database_url: str, vault: Vault) -> None:
    """One asks the vendor, the others wait and take what it got."""
    engines = [make_engine(database_url) for _ in range(4)]
    agree(site, tokens_of(site, engines[0], vault))
    processes = [tokens_of(site, engine, vault) for engine in engines]
    refused = {each.token() for each in processes}
    site.desk.expire()
    got: list[str] = []
    threads = [
        threading.Thread(target=lambda each=each: got.append(each.another(*refused)))  # type: ignore[misc]
        for each in processes
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(got) == 4
    assert len(set(got)) == 1
    assert site.desk.refreshes == 1
    for engine in engines:
        engine.dispose()


def test_a_lost_reply_to_a_refresh(site: Site, store_engine: sa.Engine, vault: Vault) -> None:
    """The same refresh token is sent again, which Atlassian takes for some minutes; the call goes on by itself."""
    tokens = tokens_of(site, store_engine, vault)
    agree(site, tokens)
    site.desk.expire()
    site.knobs.cut_after, site.knobs.only, site.knobs.strikes = 1.0, "token", 1
    assert tracker_of(site, tokens).whoami().name == "Tminus"
    assert site.desk.refreshes == 2


def test_a_reply_that_was_lost_too_long_ago(store_engine: sa.Engine, vault: Vault) -> None:
    """After Atlassian's ten minutes a used refresh token is dead, and a person is asked to sign in."""
    with JiraSimulator() as site:
        tokens = tokens_of(site, store_engine, vault)
        agree(site, tokens)
        old = tokens.token()
        site.desk.expire()
        site.knobs.cut_after, site.knobs.only, site.knobs.strikes = 1.0, "token", 1
        with pytest.raises(Unreachable):
            tokens.another(old)
        expired_in(site, 11)
        with pytest.raises(SignedOut, match=r"invalid_grant.*tminus login site"):
            tokens.another(old)


def test_a_refresh_that_fails_while_the_token_lives_stops_nobody(
    site: Site, store_engine: sa.Engine, vault: Vault
) -> None:
    """The old token is used on, and the vendor is not asked with every call."""
    at = now()
    tokens = tokens_of(site, store_engine, vault, lambda: at)
    agree(site, tokens)
    first = tokens.token()
    site.knobs.error_before, site.knobs.only = 1.0, "token"
    at += timedelta(minutes=56)
    asked = len(site.log)
    assert [tokens.token(), tokens.token()] == [first, first]
    assert len(site.log) - asked == 1
    site.knobs.error_before = 0.0
    at += timedelta(minutes=1)
    assert tokens.token() != first


def test_a_right_that_was_taken_away(site: Site, store_engine: sa.Engine, vault: Vault) -> None:
    """It is told with the remedy, the vendor is asked once, and a new sign-in mends every process."""
    tokens, elsewhere = tokens_of(site, store_engine, vault), tokens_of(site, store_engine, vault)
    agree(site, tokens)
    tracker, other = tracker_of(site, tokens), tracker_of(site, elsewhere)
    assert other.whoami()
    site.desk.revoke()
    for _ in range(3):
        with pytest.raises(SignedOut, match="tminus login site"):
            tracker.whoami()
    assert len([call for call in site.log if call.path.endswith("token") and call.status in (400, 403)]) == 1
    with pytest.raises(SignedOut):
        list(tracker.inspect())
    agree(site, tokens)
    assert tracker.whoami() == other.whoami()


def test_a_code_is_good_for_once(site: Site, store_engine: sa.Engine, vault: Vault) -> None:
    """So is a code for another address or another app refused."""
    tokens = tokens_of(site, store_engine, vault)
    code = consent(tokens.sign_in.address("state", "verifier"))
    tokens.sign_in.exchange(code, "verifier")
    with pytest.raises(SignedOut, match="invalid_grant"):
        tokens.sign_in.exchange(code, "verifier")
    site.desk.redirect_urls.add("http://localhost:9/other")
    elsewhere = tokens_of(site, store_engine, vault, redirect_url="http://localhost:9/other").sign_in
    with pytest.raises(SignedOut, match="invalid_grant"):
        elsewhere.exchange(consent(tokens.sign_in.address("state", "verifier")), "verifier")
    stranger = tokens_of(site, store_engine, vault, client_secret="wrong").sign_in
    with pytest.raises(AccessDenied, match="client_secret"):
        stranger.exchange(code, "verifier")


def test_asana_wants_the_verifier_of_the_challenge(store_engine: sa.Engine, vault: Vault) -> None:
    """A code that somebody else picked up is of no use to them."""
    with AsanaSimulator() as site:
        sign_in = tokens_of(site, store_engine, vault).sign_in
        with pytest.raises(SignedOut, match="verifier"):
            sign_in.exchange(consent(sign_in.address("state", "verifier")), "another")


def test_tokens_of_oauth_open_only_the_gateway_of_jira(store_engine: sa.Engine, vault: Vault) -> None:
    """No call goes to the site's own address, which would refuse it."""
    with JiraSimulator() as site:
        tokens = tokens_of(site, store_engine, vault)
        agree(site, tokens)
        tracker = tracker_of(site, tokens)
        begun = len(site.log)
        assert tracker.find_task(site.file_request("Task", "Spring webinar"))
        assert not list(tracker.hooks())
        assert {call.path.split("/rest/")[0] for call in site.log[begun:]} == {f"/ex/jira/{tokens.site()}"}
        refused = httpx.get(f"{site.url}/rest/api/3/myself", headers={"Authorization": f"Bearer {tokens.token()}"})
        assert refused.status_code == 401


def test_a_sign_in_for_another_site_is_refused(store_engine: sa.Engine, vault: Vault) -> None:
    """Atlassian lets the person choose among their sites: what was opened instead is told, and nothing is kept."""
    with JiraSimulator() as site:
        tokens = tokens_of(site, store_engine, vault, url="https://acme.example.com")
        with pytest.raises(Rejected, match=rf"{site.url} to us, and not https://acme.example.com.*`url`"):
            agree(site, tokens)
        with pytest.raises(SignedOut, match="nobody is signed in yet"):
            tokens.token()


def test_a_site_that_is_looked_up_with_difficulty(store_engine: sa.Engine, vault: Vault) -> None:
    """The code is used up by then: a lost reply costs no second sign-in, and the id outlives a refresh."""
    with JiraSimulator() as site:
        tokens = tokens_of(site, store_engine, vault)
        site.knobs.cut_after, site.knobs.error_before = 0.0, 1.0
        site.knobs.only, site.knobs.strikes = "accessible-resources", 2
        agree(site, tokens)
        found = tokens.site()
        site.desk.expire()
        assert tracker_of(site, tokens).whoami().name == "Tminus"
        assert tokens_of(site, store_engine, vault).site() == found


def test_a_sign_in_of_an_older_version_is_asked_for_again(store_engine: sa.Engine, vault: Vault) -> None:
    """It did not look the site up."""
    with JiraSimulator() as site:
        tokens = tokens_of(site, store_engine, vault)
        tokens.keep(Grant("access", "refresh", 3600))
        with pytest.raises(SignedOut, match="tminus login site"):
            tracker_of(site, tokens).whoami()


def test_a_scope_that_was_not_granted_costs_no_token(store_engine: sa.Engine, vault: Vault) -> None:
    """It is refused with the status of a token that is over, and told in the vendor's words with the remedy."""
    with JiraSimulator() as site:
        tokens = tokens_of(site, store_engine, vault)
        ask = tokens.sign_in.address("state", "verifier").replace("manage%3Ajira-webhook+", "")
        tokens.keep(tokens.sign_in.exchange(consent(ask), "verifier"))
        tracker = tracker_of(site, tokens)
        with pytest.raises(AccessDenied, match=r"scope does not match.*manage:jira-webhook.*tminus login"):
            tracker.hooks()
        told = [f"{finding.problem} {finding.remedy}" for finding in tracker.inspect()]
        assert [text for text in told if "manage:jira-webhook" in text and "tminus connect" in text]
        ask = tokens.sign_in.address("state", "verifier").replace("read%3Ajira-user+", "")
        tokens.keep(tokens.sign_in.exchange(consent(ask), "verifier"))
        [finding] = tracker.inspect()
        assert "scope does not match" in finding.problem
        assert "read:jira-user" in finding.remedy
        assert site.desk.refreshes == 0


def test_no_token_is_logged(
    site: Site, store_engine: sa.Engine, vault: Vault, caplog: pytest.LogCaptureFixture
) -> None:
    """Not even by a debugging log, through sign-in, a refresh and a refusal; nor does an error hold one."""
    caplog.set_level(logging.DEBUG)
    tokens = tokens_of(site, store_engine, vault)
    agree(site, tokens)
    tracker = tracker_of(site, tokens)
    tracker.whoami()
    given = [tokens.token()]
    site.desk.expire()
    tracker.whoami()
    given.append(tokens.token())
    site.desk.revoke()
    with pytest.raises(SignedOut) as caught:
        tracker.whoami()
    told = caplog.text + str(caught.value) + repr(tokens.__dict__)
    assert not [secret for secret in (*given, "refresh-", "sim-client-secret") if secret in told]
