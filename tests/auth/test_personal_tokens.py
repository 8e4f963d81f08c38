"""Personal access tokens: created by their owner, shown once, with a scope and an expiry."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
import redis

from tests.auth.conftest import ScriptOf
from tests.helpers.browser import SCENE, Browser, Script, problem, signed_in
from tests.helpers.parallel import at_once
from tests.helpers.redis_servers import counted_commands
from tests.providers.own import OwnProvider

TOKENS = "/api/users/me/tokens"
ME = "/api/users/me"


@pytest.fixture(autouse=True)
def _no_tokens(sql: psycopg.Connection) -> None:
    sql.execute("DELETE FROM pad_ws.access_tokens")


def new_token(browser: Browser, **members: Any) -> dict[str, Any]:
    """A new token, as the answer shows it."""
    answer = browser.post(TOKENS, json={"name": "backup script", **members})
    assert answer.status_code == 201, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    content: dict[str, Any] = answer.json()
    return content


def listed(browser: Browser) -> list[dict[str, Any]]:
    answer = browser.get(TOKENS)
    assert answer.status_code == 200
    content: list[dict[str, Any]] = answer.json()
    return content


def refused(script: Script) -> None:
    answer = script.get(ME)
    problem(answer, 401, "invalid_token")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_token_is_shown_once_and_only_its_digest_is_kept(
    alice: Browser, sql: psycopg.Connection
) -> None:
    made = new_token(alice)
    token = made.pop("token")
    prefix, owner, secret = token.split("_", 2)
    assert (prefix, UUID(owner)) == ("padws", UUID(alice.who()["id"]))
    assert len(secret) == 43  # 256 bits
    assert made.keys() == {"id", "name", "scope", "created_at"}
    assert listed(alice) == [made]
    assert token not in alice.get(TOKENS).text
    (row,) = sql.execute("SELECT access_tokens::text, token_digest FROM pad_ws.access_tokens")
    assert token not in row[0]
    assert secret not in row[0]
    assert row[1] == hashlib.sha256(token.encode()).digest()


def test_a_token_is_its_owner_until_it_is_revoked(
    alice: Browser, script: ScriptOf, other_url: str
) -> None:
    made = new_token(alice, scope="write")
    client = script(made["token"])
    assert client.who() == alice.who()
    pad = client.new_pad()
    assert alice.save(pad).status_code == 200
    elsewhere = Script(other_url, made["token"])
    assert elsewhere.save(pad).status_code == 200
    assert alice.request("DELETE", f"{TOKENS}/{made['id']}").status_code == 200
    refused(client)
    refused(elsewhere)
    assert listed(alice) == []
    problem(alice.request("DELETE", f"{TOKENS}/{made['id']}"), 404, "token_not_found")


def test_a_token_may_only_read_unless_it_was_made_to_write(
    alice: Browser, script: ScriptOf
) -> None:
    pad = alice.new_pad()
    client = script(new_token(alice)["token"])
    assert client.get(f"/api/pad/{pad}").status_code == 200
    writes = [
        ("POST", "/api/pad", {"display_name": "x", "data": SCENE}),
        ("POST", f"/api/pad/{pad}", SCENE),
        ("PUT", f"/api/pad/{pad}", SCENE),
        ("PATCH", f"/api/pad/{pad}", {"display_name": "x"}),
        ("DELETE", f"/api/pad/{pad}", None),
        ("POST", "/api/pad/from-template/default", None),
        ("POST", f"/api/pad/{pad}/backups", None),
        ("POST", TOKENS, {"name": "x", "scope": "write"}),
    ]
    for method, path, body in writes:
        answer = client.request(method, path, json=body)
        problem(answer, 403, "read_only_token")
    assert alice.get(f"/api/pad/{pad}").json()["version"] == 1


def test_an_administrators_token_is_no_administrator(admin: Browser, script: ScriptOf) -> None:
    client = script(new_token(admin, scope="write")["token"])
    assert client.who()["roles"] == ["admin"]
    template = {"name": "x", "display_name": "x", "data": SCENE}
    for method, path, body in (
        ("GET", "/api/users", None),
        ("GET", "/api/users/count", None),
        ("DELETE", f"/api/users/{admin.who()['id']}/sessions", None),
        ("POST", "/api/templates", template),
        ("DELETE", "/api/templates/default", None),
    ):
        problem(client.request(method, path, json=body), 403, "not_administrator")
    assert admin.who()["username"] == "admin"


def test_a_token_makes_and_ends_no_tokens(alice: Browser, script: ScriptOf) -> None:
    made = new_token(alice, scope="write")
    client = script(made["token"])
    problem(client.post(TOKENS, json={"name": "x"}), 403, "sign_in_needed_for_tokens")
    answer = client.request("DELETE", f"{TOKENS}/{made['id']}")
    problem(answer, 403, "sign_in_needed_for_tokens")
    assert len(listed(alice)) == 1


def test_tokens_of_others_are_not_there(alice: Browser, url: str, admin: Browser) -> None:
    bob = signed_in(url, "bob")
    made = new_token(bob)
    for browser in (alice, admin):
        problem(browser.request("DELETE", f"{TOKENS}/{made['id']}"), 404, "token_not_found")
        assert listed(browser) == []
    problem(alice.request("DELETE", f"{TOKENS}/{uuid4()}"), 404, "token_not_found")
    problem(alice.request("DELETE", f"{TOKENS}/x"), 404, "not_found")
    assert len(listed(bob)) == 1


def test_a_token_ends_when_it_says(
    alice: Browser, script: ScriptOf, sql: psycopg.Connection
) -> None:
    end = datetime.now(UTC) + timedelta(days=30)
    made = new_token(alice, expires_at=end.isoformat())
    assert datetime.fromisoformat(made["expires_at"]) == end
    client = script(made["token"])
    assert client.get(ME).status_code == 200
    sql.execute("UPDATE pad_ws.access_tokens SET expires_at = now()")
    refused(client)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": ""},
        {"name": " "},
        {"name": "x" * 101},
        {"name": "x\0"},
        {"name": 7},
        {"name": "x", "scope": "admin"},
        {"name": "x", "scope": ["read", "write"]},
        {"name": "x", "scope": ""},
        {"name": "x", "expires_at": "tomorrow"},
        {"name": "x", "expires_at": 4_000_000_000},
        {"name": "x", "expires_at": "2020-01-01T00:00:00Z"},
        {"name": "x", "expires_at": "9999-12-31T23:59:59-12:00"},
        {"name": "x", "user_id": str(UUID(int=7))},
        {"name": "x", "token": "padws_of-my-choice"},
        {"name": "x", "token_digest": "00"},
        {"name": "x", "id": str(UUID(int=7))},
    ],
    ids=str,
)
def test_a_token_that_cannot_be_is_not_made(alice: Browser, body: dict[str, Any]) -> None:
    problem(alice.post(TOKENS, json=body), 422, "invalid")
    assert listed(alice) == []


def test_another_site_makes_no_token(alice: Browser) -> None:
    for headers in (
        {"Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Origin": "null"},
    ):
        problem(alice.post(TOKENS, json={"name": "x"}, headers=headers), 403, "cross_site")
    form = {"Content-Type": "text/plain"}
    problem(alice.post(TOKENS, data='{"name": "x"}', headers=form), 415, "not_json")
    problem(alice.post(TOKENS, data={"name": "x"}), 415, "not_json")
    assert listed(alice) == []


def test_scripts_may_write_from_anywhere(alice: Browser, script: ScriptOf) -> None:
    """No browser adds a token by itself, so nobody can be tricked into sending one."""
    client = script(new_token(alice, scope="write")["token"])
    client.here.headers.update({"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"})
    assert client.new_pad()


def test_the_last_use_is_told_to_the_minute(
    alice: Browser, script: ScriptOf, sql: psycopg.Connection
) -> None:
    client = script(new_token(alice)["token"])
    assert "last_used_at" not in listed(alice)[0]
    client.get(ME)
    first = listed(alice)[0]["last_used_at"]
    for _ in range(5):
        client.get(ME)
    assert listed(alice)[0]["last_used_at"] == first
    sql.execute(
        "UPDATE pad_ws.access_tokens SET created_at = now() - interval '1 hour',"
        " last_used_at = now() - interval '61 seconds'"
    )
    client.get(ME)
    assert listed(alice)[0]["last_used_at"] > first


def test_the_last_use_does_not_keep_parallel_requests_waiting(
    alice: Browser, script: ScriptOf, sql: psycopg.Connection
) -> None:
    client = script(new_token(alice)["token"])
    with sql.transaction():
        sql.execute("SELECT FROM pad_ws.access_tokens FOR UPDATE")  # another request is noting it
        answers = at_once([lambda: client.get(ME)] * 4)
    assert {answer.status_code for answer in answers} == {200}


def test_no_token_tells_whether_it_is_unknown_expired_or_revoked(
    alice: Browser, url: str, script: ScriptOf, sql: psycopg.Connection
) -> None:
    bob = UUID(signed_in(url, "bob").who()["id"])
    good, revoked, expired = new_token(alice), new_token(alice), new_token(alice)
    alice.request("DELETE", f"{TOKENS}/{revoked['id']}")
    sql.execute("UPDATE pad_ws.access_tokens SET expires_at = now() WHERE id = %s", [expired["id"]])
    whole = good["token"]
    owner = UUID(alice.who()["id"])
    others = [whole.replace(owner.hex, each) for each in (bob.hex, uuid4().hex, owner.hex.upper())]
    assert script(whole).get(ME).status_code == 200
    answers = []
    for token in (
        revoked["token"],
        expired["token"],
        *others,
        whole.replace(f"{owner.hex}_", ""),
        whole.replace(owner.hex, str(owner)),
        whole[:-1],
        whole + "x",
        "padws_" + "x" * 43,
        f"padws_{owner.hex}_{'x' * 43}",
        f"padws_{owner.hex}_",
        "padws_",
        "padws_" + "x" * 5_000,
    ):
        answer = script(token).get(ME)
        answers.append({**answer.json(), "request_id": ""})
        assert answer.status_code == 401
    assert all(answer == answers[0] for answer in answers)


def test_tokens_go_with_their_owner(
    alice: Browser, admin: Browser, script: ScriptOf, sql: psycopg.Connection
) -> None:
    client = script(new_token(alice)["token"])
    assert admin.request("DELETE", f"/api/users/{alice.who()['id']}").status_code == 200
    refused(client)
    assert sql.execute("SELECT FROM pad_ws.access_tokens").rowcount == 0


def test_a_token_asks_neither_redis_nor_the_provider(
    alice: Browser, script: ScriptOf, provider: OwnProvider, redis_client: redis.Redis
) -> None:
    client = script(new_token(alice)["token"])
    provider.asked.clear()
    with counted_commands(redis_client) as counted:
        for _ in range(5):
            assert client.get("/api/pad?data=false").status_code in (200, 403)
    assert counted == {}
    assert sum(provider.asked.values()) == 0


def test_a_token_of_an_earlier_release_names_no_owner_and_goes_on_working(
    alice: Browser, script: ScriptOf, sql: psycopg.Connection
) -> None:
    made = new_token(alice)
    old = "padws_" + "o" * 43
    sql.execute(
        "UPDATE pad_ws.access_tokens SET token_digest = %s", [hashlib.sha256(old.encode()).digest()]
    )
    client = script(old)
    assert client.who() == alice.who()
    assert listed(alice)[0]["last_used_at"]
    refused(script(made["token"]))
    assert alice.request("DELETE", f"{TOKENS}/{made['id']}").status_code == 200
    refused(client)
