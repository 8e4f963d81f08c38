"""A Redis user with the rights that docs/security.md lists, and with one of them missing."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from padws.redis_client import COMMANDS
from tests.auth.conftest import Deployment, ServeApp
from tests.auth.sessions import make_refresh_due
from tests.helpers.browser import Browser, problem, signed_in
from tests.providers.own import OwnProvider

DOCS = Path(__file__).resolve().parents[2] / "docs" / "security.md"
RIGHTS = [f"+{command.lower()}" for command in COMMANDS]

ServeWith = Callable[..., str]


@pytest.fixture
def served_with(served: ServeApp, deployment: Deployment) -> Iterator[ServeWith]:
    """Serve an app whose Redis user has these rights."""
    deployment.redis.start()
    with deployment.redis.client() as client:
        client.flushall()

        def serve(*rights: str) -> str:
            client.execute_command("ACL", "SETUSER", "padws", "reset", "on", ">secret", *rights)
            url = deployment.redis.url()
            assert url.startswith("unix://")
            return served(REDIS_URL=url.replace("unix://", "unix://padws:secret@"))

        yield serve
        client.acl_deluser("padws")


def test_the_rights_that_are_listed_are_all_that_is_needed(
    served_with: ServeWith, deployment: Deployment, provider: OwnProvider
) -> None:
    url = served_with("~padws:*", "-@all", *RIGHTS)
    assert set(Browser(url).get("/readyz").json()["checks"].values()) == {"ok"}
    alice, admin = signed_in(url, "alice"), signed_in(url, "admin")
    alice.save(alice.new_pad())
    again = alice.begin("?next=/x")
    assert alice.get(alice.approve(again, "alice")).headers["Location"] == "/x"
    with deployment.redis.client() as client:
        make_refresh_due(client, alice)
        client.zadd("padws:sessions", {"of-another-release:x": 1e12})
    assert alice.who()["username"] == "alice"
    assert provider.asked["refresh_token"] == 1
    two = {"Cookie": f"session_id=x; session_id={alice.cookie}"}
    assert Browser(url).get("/api/users/me", headers=two).json()["username"] == "alice"
    logout = provider.logout_token(sid=provider.session_of(provider.latest_refresh_token))
    assert Browser(url).post("/auth/backchannel-logout", data={"logout_token": logout}).ok
    problem(alice.get("/api/users/me"), 401, "sign_in_required")
    signed_in(url, "alice")
    alices = signed_in(url, "alice").who()["id"]
    assert admin.request("DELETE", f"/api/users/{alices}/sessions").json()["ended"] == 2
    assert admin.post("/auth/logout").status_code == 200


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_that_is_missing_is_named_before_anybody_signs_in(
    served_with: ServeWith, command: str
) -> None:
    url = served_with("~padws:*", "+@all", f"-{command.lower()}")
    ready = Browser(url).get("/readyz")
    assert ready.status_code == 503
    reason = ready.json()["checks"]["redis"]
    assert reason == f"the Redis user may not run {command}" or command in ("MULTI", "EXEC")
    assert ready.json()["checks"]["sign_in"] == "unknown"


def test_keys_that_are_missing_are_named(served_with: ServeWith) -> None:
    ready = Browser(served_with("~padws:session:*", "+@all")).get("/readyz")
    assert ready.status_code == 503
    assert "keys that begin with padws:" in ready.json()["checks"]["redis"]


def test_no_script_is_run(served_with: ServeWith) -> None:
    url = served_with("~padws:*", "+@all", "-@dangerous", "-@scripting")
    assert Browser(url).get("/readyz").status_code == 200
    assert signed_in(url, "alice").who()["username"] == "alice"


def test_the_documentation_lists_exactly_these() -> None:
    (line,) = re.findall(r"^ACL SETUSER padws .*$", DOCS.read_text(), re.MULTILINE)
    assert {word for word in line.split() if word.startswith("+")} == set(RIGHTS)
