"""Signing in through providers that others have written: oidc-provider-mock and oidc-provider."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import redis
import requests

from tests.auth.conftest import Deployment, ServeApp, StartInstance, running_node
from tests.auth.script import OTHER, tokens_for
from tests.auth.sessions import make_refresh_due
from tests.helpers import people
from tests.helpers.browser import Browser, Script, problem, signed_in
from tests.helpers.parallel import at_once
from tests.providers.node import NodeProvider, settings_of

ME = "/api/users/me"
TOKEN = "/token"


@pytest.fixture(scope="module")
def _jwt(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeProvider]:
    with running_node(tmp_path_factory.mktemp("jwt"), accessTokens="jwt") as provider:
        yield provider


@pytest.fixture(scope="module")
def _opaque(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeProvider]:
    with running_node(tmp_path_factory.mktemp("opaque"), accessTokens="opaque") as provider:
        yield provider


def _fresh(provider: NodeProvider) -> Iterator[NodeProvider]:
    provider.forget_asked()
    yield provider
    provider.change_back()


@pytest.fixture
def keycloak(_jwt: NodeProvider) -> Iterator[NodeProvider]:
    """oidc-provider with signed access tokens in Keycloak's shape."""
    yield from _fresh(_jwt)


@pytest.fixture(params=["_jwt", "_opaque"])
def node(request: pytest.FixtureRequest) -> Iterator[NodeProvider]:
    """oidc-provider with signed access tokens in Keycloak's shape, then with opaque ones."""
    yield from _fresh(request.getfixturevalue(request.param))


@pytest.fixture
def url(node: NodeProvider, served: ServeApp) -> str:
    """The address of a service that uses oidc-provider."""
    address = served(**settings_of(node))
    node.register(address)
    return address


@pytest.fixture
def redis_client(deployment: Deployment, node: NodeProvider) -> Iterator[redis.Redis]:
    with deployment.redis.client() as client:
        yield client


# Both providers


@dataclass(frozen=True)
class Independent:
    """A service with a provider, and one of its people, who is an administrator."""

    url: str
    name: str
    take_roles: Callable[[], None]
    shut_out: Callable[[], None]


@pytest.fixture(params=["oidc-provider-mock", "oidc-provider"])
def independent(request: pytest.FixtureRequest) -> Independent:
    make = _mock if request.param == "oidc-provider-mock" else _certified
    return make(request.getfixturevalue)


def _certified(fixture: Callable[[str], Any]) -> Independent:
    node: NodeProvider = fixture("keycloak")
    url = fixture("served")(**settings_of(node))
    node.register(url)
    return Independent(
        url,
        "admin",
        take_roles=partial(node.change_account, "admin", roles=[]),
        shut_out=partial(node.change_account, "admin", gone=True),
    )


def _mock(fixture: Callable[[str], Any]) -> Independent:
    issuer, name = fixture("oidc_issuer"), f"boss-{uuid4()}"
    claims = people.claims_of(name)
    people.describe(issuer, name, **claims, realm_access={"roles": ["admin"]})
    revoke = f"{issuer}/users/{name}/revoke-tokens"
    return Independent(
        fixture("served")(OIDC_ISSUER=issuer, OIDC_CLIENT_SECRET="not-secret"),
        name,
        take_roles=lambda: people.describe(issuer, name, **claims),
        shut_out=lambda: requests.post(revoke, timeout=60).raise_for_status(),
    )


def test_a_person_signs_in_draws_and_signs_out(independent: Independent) -> None:
    browser = Browser(independent.url)
    assert browser.sign_in(independent.name, "?next=/pads").headers["Location"] == "/pads"
    me = browser.who()
    assert me["username"] == independent.name
    assert me["email_verified"] is True
    assert me["roles"] == ["admin"]
    pad = browser.new_pad()
    assert browser.save(pad).status_code == 200
    assert browser.post("/auth/logout").status_code == 200
    problem(browser.get(ME), 401, "sign_in_required")


def test_a_session_is_refreshed_and_its_roles_with_it(
    independent: Independent, deployment: Deployment
) -> None:
    browser = signed_in(independent.url, independent.name)
    with deployment.redis.client() as client:
        for _ in range(3):
            make_refresh_due(client, browser)
            assert browser.get("/api/users").status_code == 200
        independent.take_roles()
        make_refresh_due(client, browser)
        problem(browser.get("/api/users"), 403, "not_administrator")


def test_whoever_is_shut_out_there_is_out_here_at_the_next_refresh(
    independent: Independent, deployment: Deployment
) -> None:
    browser = signed_in(independent.url, independent.name)
    pad = browser.new_pad()
    independent.shut_out()
    assert browser.save(pad).status_code == 200
    with deployment.redis.client() as client:
        make_refresh_due(client, browser)
    problem(browser.save(pad), 401, "session_expired")
    problem(browser.save(pad), 401, "sign_in_required")


# Rotating refresh tokens


def test_this_provider_does_log_out_whoever_uses_a_refresh_token_twice(node: NodeProvider) -> None:
    """Otherwise the tests of refreshes would prove nothing."""
    tokens = tokens_for(node, "alice")
    again = tokens.refreshed()
    with pytest.raises(requests.HTTPError):
        tokens.refreshed()
    with pytest.raises(requests.HTTPError):
        again.refreshed()


def test_parallel_saves_on_two_instances_refresh_once(
    keycloak: NodeProvider, instance: StartInstance, deployment: Deployment
) -> None:
    settings = settings_of(keycloak)
    urls = [instance(**settings).url, instance(**settings).url]
    keycloak.register(*urls)
    alice = signed_in(urls[0], "alice")
    pads = [alice.new_pad() for _ in range(8)]
    browsers = [alice, alice.at(urls[1])] * 32
    keycloak.forget_asked()
    with deployment.redis.client() as client:
        for round_ in range(1, 4):
            make_refresh_due(client, alice)
            saves = [partial(each.save, pad) for each, pad in zip(browsers, cycle(pads))]
            assert {answer.status_code for answer in at_once(saves)} == {200}
            assert keycloak.asked(TOKEN) == round_


# Keycloak's shape


def test_subjects_that_are_uuids_are_the_ids_here(url: str, node: NodeProvider) -> None:
    assert UUID(signed_in(url, "alice").who()["id"]) == UUID(node.subject_of("alice"))


def test_the_hint_for_keycloak_does_no_harm_elsewhere(url: str) -> None:
    assert Browser(url).sign_in("alice", "?kc_idp_hint=github&popup=1").status_code == 200


def test_roles_outlast_a_change_of_keys(
    url: str, node: NodeProvider, redis_client: redis.Redis
) -> None:
    admin = signed_in(url, "admin")
    for forget in (False, True, True):
        node.rotate_keys(forget=forget)
        make_refresh_due(redis_client, admin)
        assert admin.get("/api/users").status_code == 200


# Bearer tokens


def test_an_access_token_is_its_owner(url: str, node: NodeProvider) -> None:
    tokens = tokens_for(node, "admin")
    script = Script(url, tokens.access)
    assert script.who()["id"] == node.subject_of("admin")
    assert script.get("/api/users").status_code == 200
    pad = script.new_pad()
    node.forget_asked()
    for _ in range(3):
        assert script.save(pad).status_code == 200
    assert node.asked("") == 0


@pytest.mark.parametrize("kind", ["id_token", "refresh_token"])
def test_other_tokens_of_the_same_sign_in_are_none(url: str, node: NodeProvider, kind: str) -> None:
    tokens = tokens_for(node, "admin")
    problem(Script(url, tokens.answer[kind]).get(ME), 401, "invalid_token")


def test_a_token_of_another_client_is_refused(url: str, node: NodeProvider) -> None:
    tokens = tokens_for(node, "alice", client=OTHER)
    problem(Script(url, tokens.access).get(ME), 401, "invalid_token")


def test_a_token_that_was_revoked_is_refused(url: str, node: NodeProvider) -> None:
    """At once if nobody has asked yet; a signed one stays valid until it expires."""
    tokens = tokens_for(node, "alice")
    tokens.revoke()
    answer = Script(url, tokens.access).get(ME)
    if node.signs_access_tokens:
        assert answer.status_code == 200
    else:
        problem(answer, 401, "invalid_token")


def test_a_token_of_a_new_key_is_taken(url: str, node: NodeProvider) -> None:
    assert Script(url, tokens_for(node, "alice").access).get(ME).status_code == 200
    node.rotate_keys()
    assert Script(url, tokens_for(node, "alice").access).get(ME).status_code == 200


# The end


def test_signing_out_here_leads_to_signing_out_there(url: str, node: NodeProvider) -> None:
    alice, elsewhere = Browser(url), Browser(url)
    elsewhere.at_provider = alice.at_provider  # another window of the same browser
    alice.sign_in("alice")
    elsewhere.sign_in("alice")
    logout_url = alice.post("/auth/logout").json()["logout_url"]
    problem(alice.get(ME), 401, "sign_in_required")
    back = _confirm_logout(alice.at_provider, logout_url)
    assert back.headers["Location"].startswith(f"{url}/")
    problem(elsewhere.get(ME), 401, "sign_in_required")  # told through the back channel
    page = alice.at_provider.get(alice.begin(), timeout=60)
    assert "Password" in page.text  # nobody is signed in there any more


def _confirm_logout(session: requests.Session, logout_url: str) -> requests.Response:
    """Say yes on the provider's page."""
    page = session.get(logout_url, timeout=60)
    form = dict(re.findall(r'name="(xsrf)" value="([^"]+)"', page.text))
    action = re.search(r'action="([^"]+)"', page.text)
    assert action, page.text
    return session.post(
        action[1], data={**form, "logout": "yes"}, allow_redirects=False, timeout=60
    )


def test_whoever_signs_out_there_is_out_here(url: str, node: NodeProvider) -> None:
    alice, bob = signed_in(url, "alice"), signed_in(url, "bob")
    elsewhere = signed_in(url, "alice")  # another machine: a session of its own there
    _confirm_logout(alice.at_provider, node.logout_page)
    problem(alice.get(ME), 401, "sign_in_required")
    for other in (bob, elsewhere):
        assert other.get(ME).status_code == 200


def test_sessions_outlast_a_provider_that_is_killed(
    tmp_path: Path, served: ServeApp, deployment: Deployment
) -> None:
    with running_node(tmp_path) as node:
        url = served(**settings_of(node))
        node.register(url)
        alice = signed_in(url, "alice")
        pad = alice.new_pad()
        script = Script(url, tokens_for(node, "alice").access)
        assert script.save(pad).status_code == 200
        node.kill()
        with deployment.redis.client() as client:
            for _ in range(3):
                make_refresh_due(client, alice)
                assert alice.save(pad).status_code == 200
        assert script.save(pad).status_code == 200
        problem(Browser(url).get("/auth/callback?code=x&state=x"), 401, "sign_in_failed")
