"""Share links: whoever has one may look at a pad, and learns nothing else."""

from __future__ import annotations

import json
import logging
import re
import unicodedata
from collections.abc import Callable
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import pytest
import redis
from flask import Flask
from werkzeug.test import TestResponse

from padws.auth.tokens import digest_of
from tests.api.conftest import ClientOf, Configure, SqlConnection
from tests.api.pads import make_pad
from tests.api.traffic import Tap
from tests.helpers.contract import Client, assert_problem, assert_refused, ok, time_of
from tests.helpers.drawings import drawing

PICTURE = f"data:image/png;base64,{'QUFB' * 1_000}"
SCENE: dict[str, Any] = {
    "elements": [{"id": "a", "type": "image", "fileId": "f"}],
    "appState": {"collaborators": [{"username": "alice"}], "gridSize": 20},
    "files": {"f": {"id": "f", "mimeType": "image/png", "dataURL": PICTURE}},
}
PICTURE_DIGEST = sha256(PICTURE.encode()).hexdigest()
PASSWORD = "sésame ✓"
IN_HEADER = {"X-Link-Password": "s%C3%A9same%20%E2%9C%93"}


@pytest.fixture
def pad(alice: Client) -> dict[str, Any]:
    return make_pad(alice, "Grüße", SCENE)


def links_of(pad: dict[str, Any]) -> str:
    return f"/api/pad/{pad['id']}/links"


def new_link(client: Client, pad: dict[str, Any], **body: Any) -> dict[str, Any]:
    """A link as it was made, with the `path` of what is behind it."""
    link: dict[str, Any] = ok(client.post(links_of(pad), json=body), 201)
    return link | {"path": f"/api{urlsplit(link['url']).path}"}


def expire(sql: SqlConnection, link: dict[str, Any]) -> None:
    sql.execute(
        "UPDATE pad_ws.links SET (created_at, expires_at) "
        "= (now() - interval '2 hours', now() - interval '1 hour') WHERE id = %s",
        [link["id"]],
    )


# Making, listing, ending


def test_a_link_is_told_once_and_kept_as_a_digest(
    alice: Client, pad: dict[str, Any], sql: SqlConnection
) -> None:
    made = ok(alice.post(links_of(pad)), 201)
    assert made.keys() == {"id", "url", "expires_at", "has_password", "created_at"}
    assert (made["expires_at"], made["has_password"]) == (None, False)
    found = re.fullmatch(r"http://localhost/shared/(([0-9a-f]{32})_[\w-]{43})", made.pop("url"))
    assert found
    assert UUID(found[2]) == UUID(pad["owner_id"])
    assert ok(alice.get(links_of(pad))) == [made]
    (row,) = sql.execute("SELECT token_digest, password_hash FROM pad_ws.links").fetchall()
    assert row == {"token_digest": digest_of(found[1]), "password_hash": None}


def test_links_are_absolute_at_the_front_end(
    configure: Configure, client_of: ClientOf, pad: dict[str, Any]
) -> None:
    app = configure(FRONTEND_URL="https://draw.example.org/")
    link = new_link(client_of(app, "alice"), pad)
    assert link["url"].startswith("https://draw.example.org/shared/")


def test_links_expire_and_say_so(alice: Client, pad: dict[str, Any]) -> None:
    link = new_link(alice, pad, expires_at="2999-01-01T00:00:00+01:00", password=PASSWORD)
    assert time_of(link["expires_at"]).year == 2998
    assert link["has_password"]
    assert [each["has_password"] for each in ok(alice.get(links_of(pad)))] == [True]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("expires_at", "2020-01-01T00:00:00Z"),
        ("expires_at", "tomorrow"),
        ("expires_at", 1),
        ("password", ""),
        ("password", 1),
        ("password", "x" * 1_001),
        ("url", "x"),
    ],
)
def test_what_no_link_can_be_is_refused(
    alice: Client, pad: dict[str, Any], field: str, value: Any
) -> None:
    assert_refused(alice.post(links_of(pad), json={field: value}), field)
    assert ok(alice.get(links_of(pad))) == []


def test_a_pad_has_at_most_a_hundred(
    alice: Client, pad: dict[str, Any], sql: SqlConnection
) -> None:
    for _ in range(2):
        new_link(alice, pad)
    sql.execute(
        "INSERT INTO pad_ws.links (owner_id, id, pad_id, token_digest) "
        "SELECT owner_id, gen_random_uuid(), id, sha256(n::text::bytea) "
        "FROM pad_ws.pads, generate_series(1, 97) AS n WHERE id = %s",
        [pad["id"]],
    )
    new_link(alice, pad)
    assert_problem(alice.post(links_of(pad)), 409, "too_many_links")
    new_link(alice, make_pad(alice))
    sql.execute(
        "UPDATE pad_ws.links SET created_at = 'epoch', expires_at = now() - interval '1 day'"
        " WHERE id IN (SELECT id FROM pad_ws.links WHERE pad_id = %s LIMIT 2)",
        [pad["id"]],
    )
    for _ in range(2):  # each takes the place of one that has expired
        new_link(alice, pad)
        assert len(ok(alice.get(links_of(pad)))) == 100
    assert_problem(alice.post(links_of(pad)), 409, "too_many_links")


def test_only_links_of_the_pad_are_listed_and_ended(alice: Client, pad: dict[str, Any]) -> None:
    link, other = new_link(alice, pad), new_link(alice, make_pad(alice))
    for path in (f"{links_of(pad)}/{other['id']}", f"{links_of(pad)}/{uuid4()}"):
        assert_problem(alice.delete(path), 404, "link_not_found")
    ok(alice.delete(f"{links_of(pad)}/{link['id']}"))
    assert ok(alice.get(links_of(pad))) == []
    ok(alice.get(other["path"]))


def test_nobody_else_ends_a_link(alice: Client, charlie: Client, pad: dict[str, Any]) -> None:
    link = new_link(alice, pad)
    assert_problem(charlie.delete(f"{links_of(pad)}/{link['id']}"), 404, "link_not_found")
    ok(alice.get(link["path"]))


def test_an_administrator_ends_all_links_of_a_user(
    alice: Client, bob: Client, admin: Client, anyone: Client, pad: dict[str, Any]
) -> None:
    paths = [new_link(alice, each)["path"] for each in (pad, pad, make_pad(alice))]
    others = new_link(bob, make_pad(bob))["path"]
    address = f"/api/users/{pad['owner_id']}/links"
    assert_problem(alice.delete(address), 403, "not_administrator")
    assert ok(admin.delete(address)) == {"status": "success", "ended": 3}
    assert [anyone.get(path).status_code for path in paths] == [404] * 3
    ok(anyone.get(others))
    assert ok(admin.delete(address))["ended"] == 0


# What is behind a link


def test_anyone_sees_the_drawing_and_nothing_of_its_owner(
    alice: Client, anyone: Client, pad: dict[str, Any]
) -> None:
    answer = anyone.get(new_link(alice, pad)["path"])
    shown = ok(answer)
    assert shown.keys() == {"display_name", "data", "updated_at", "version"}
    assert shown["data"] == SCENE | {"appState": {"gridSize": 20, "pad": {"displayName": "Grüße"}}}
    assert (shown["display_name"], shown["version"]) == ("Grüße", 1)
    assert answer.headers["ETag"] == '"1"'
    for told in (pad["owner_id"], pad["id"], "alice"):
        assert told not in answer.get_data(as_text=True) + str(answer.headers)


def test_who_draws_is_not_shown_of_a_pad_that_pad_ws_wrote(
    alice: Client, anyone: Client, pad: dict[str, Any], sql: SqlConnection
) -> None:
    """Such a pad may have no mark."""
    sql.execute(
        "UPDATE pad_ws.pads SET version = 0, pictures = NULL, data = %s::jsonb",
        [json.dumps({"elements": [], "appState": SCENE["appState"]})],
    )
    shown = ok(anyone.get(new_link(alice, pad)["path"]))["data"]
    assert shown == {"elements": [], "appState": {"gridSize": 20}}


@pytest.mark.parametrize("status", [200, 403, 404])
def test_the_address_is_kept_from_other_sites_and_search_engines(
    alice: Client, anyone: Client, pad: dict[str, Any], status: int
) -> None:
    path = new_link(alice, pad, **({"password": PASSWORD} if status == 403 else {}))["path"]
    if status == 404:
        path = path[:-1] + ("A" if path[-1] != "A" else "B")
    for address in (path, path.removeprefix("/api")):
        answer = anyone.get(address)
        assert answer.status_code == (status if address == path else 200)
        assert answer.headers.getlist("Referrer-Policy") == ["no-referrer"]
        assert answer.headers.getlist("X-Robots-Tag") == ["noindex, nofollow"]
        assert answer.headers["X-Frame-Options"] == "DENY"
    elsewhere = alice.get(f"/api/pad/{pad['id']}")
    assert elsewhere.headers.getlist("Referrer-Policy") == ["same-origin"]
    assert "X-Robots-Tag" not in elsewhere.headers


def test_the_link_shows_the_drawing_as_it_is_now(
    alice: Client, anyone: Client, pad: dict[str, Any]
) -> None:
    path = new_link(alice, pad)["path"]
    etag = anyone.get(path).headers["ETag"]
    again = anyone.get(path, headers={"If-None-Match": etag})
    assert (again.status_code, again.data) == (304, b"")
    ok(alice.post(f"/api/pad/{pad['id']}", json=drawing(3)))
    changed = anyone.get(path, headers={"If-None-Match": etag})
    assert ok(changed)["data"]["elements"] == drawing(3)["elements"]


def test_pictures_can_be_read_one_at_a_time(
    alice: Client, anyone: Client, pad: dict[str, Any]
) -> None:
    path = new_link(alice, pad)["path"]
    file = ok(anyone.get(f"{path}?pictures=false"))["data"]["files"]["f"]
    assert file.keys() == {"id", "mimeType", "picture"}
    assert file["picture"].startswith(f"{path}/pictures/")
    picture = anyone.get(file["picture"])
    assert (picture.status_code, picture.data) == (200, b"AAA" * 1_000)
    assert picture.headers["Cache-Control"] == "private, max-age=31536000, immutable"
    assert "sandbox" in picture.headers.getlist("Content-Security-Policy")
    etag = {"If-None-Match": picture.headers["ETag"]}
    assert anyone.get(file["picture"], headers=etag).status_code == 304
    assert anyone.get(file["picture"], headers={"Range": "bytes=0-2"}).data == b"AAA"
    for digest in ("0" * 64, "x"):
        assert_problem(anyone.get(f"{path}/pictures/{digest}"), 404, "picture_not_found")


def test_pictures_of_backups_and_other_pads_are_not_behind_it(
    alice: Client, anyone: Client, pad: dict[str, Any]
) -> None:
    path = new_link(alice, pad)["path"]
    address = ok(anyone.get(f"{path}?pictures=false"))["data"]["files"]["f"]["picture"]
    ok(alice.post(f"/api/pad/{pad['id']}/backups"), 201)
    ok(alice.post(f"/api/pad/{pad['id']}", json=drawing(1)))
    assert_problem(anyone.get(address), 404, "picture_not_found")


def test_what_is_deleted_is_not_behind_it(alice: Client, anyone: Client) -> None:
    deleted = [{"id": "a", "fileId": "f", "isDeleted": True}, {"id": "b", "fileId": "g"}, 5]
    pad = make_pad(alice, data=SCENE | {"elements": deleted, "x": 1})
    path = new_link(alice, pad)["path"]
    shown = ok(anyone.get(path))["data"]
    assert (shown["elements"], shown["files"], shown["x"]) == (deleted[1:], {}, 1)
    for headers in ({}, {"If-None-Match": "*"}):
        answer = anyone.get(f"{path}/pictures/{PICTURE_DIGEST}", headers=headers)
        assert_problem(answer, 404, "picture_not_found")
    ok(alice.post(f"/api/pad/{pad['id']}", json=SCENE))
    assert anyone.get(f"{path}/pictures/{PICTURE_DIGEST}").status_code == 200


# What is not there


ENDS: dict[str, Callable[[Client, Client, SqlConnection, dict[str, Any], dict[str, Any]], Any]] = {
    "ended": lambda alice, _, __, pad, link: alice.delete(f"{links_of(pad)}/{link['id']}"),
    "expired": lambda _, __, sql, ___, link: expire(sql, link),
    "pad deleted": lambda alice, _, __, pad, ___: alice.delete(f"/api/pad/{pad['id']}"),
    "user deleted": lambda _, admin, __, pad, ___: admin.delete(f"/api/users/{pad['owner_id']}"),
}


def told(answer: TestResponse) -> tuple[Any, ...]:
    """Everything that an answer says, except the id of the request."""
    problem = answer.get_json()
    del problem["request_id"]
    headers = [each for each in answer.headers if each[0] not in ("X-Request-ID", "Date")]
    return answer.status_code, problem, sorted(headers)


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("password", [None, PASSWORD])
def test_an_end_is_the_same_404_as_a_link_that_never_was(
    alice: Client,
    admin: Client,
    anyone: Client,
    sql: SqlConnection,
    pad: dict[str, Any],
    end: str,
    password: str | None,
) -> None:
    link = new_link(alice, pad, password=password)
    ENDS[end](alice, admin, sql, pad, link)
    never = f"/api/shared/{uuid4().hex}_{'A' * 43}"
    others = f"/api/shared/{UUID(pad['owner_id']).hex}_{'A' * 43}"
    for path in ("", "?pictures=false", f"/pictures/{PICTURE_DIGEST}"):
        for headers in ({}, IN_HEADER, {"If-None-Match": "*"}):
            answers = [
                anyone.get(f"{each}{path}", headers=headers)
                for each in (link["path"], never, others, "/api/shared/x")
            ]
            assert_problem(answers[0], 404, "link_not_found")
            assert len({json.dumps(told(each)) for each in answers}) == 1
    posts = [anyone.post(each, json={"password": PASSWORD}) for each in (link["path"], never)]
    assert_problem(posts[0], 404, "link_not_found")
    assert told(posts[0]) == told(posts[1])


@pytest.mark.parametrize("change", [slice(0, 32), slice(33, None)])
def test_a_token_with_a_part_of_another_opens_nothing(
    alice: Client, bob: Client, anyone: Client, pad: dict[str, Any], change: slice
) -> None:
    own, other = (
        new_link(client, each)["path"].rpartition("/")[2]
        for client, each in ((alice, pad), (bob, make_pad(bob)))
    )
    mixed = f"/api/shared/{own.replace(own[change], other[change])}"
    assert_problem(anyone.get(mixed), 404, "link_not_found")


# Passwords


def test_a_password_opens_its_link_alone(
    alice: Client, anyone: Client, pad: dict[str, Any], sql: SqlConnection
) -> None:
    link = new_link(alice, pad, password=PASSWORD)
    (row,) = sql.execute("SELECT password_hash FROM pad_ws.links").fetchall()
    assert row["password_hash"].startswith("scrypt:16384:8:1$")
    picture = ok(alice.get(f"/api/pad/{pad['id']}?pictures=0"))["data"]["files"]["f"]["picture"]
    paths = [link["path"], f"{link['path']}/pictures/{picture.rpartition('/')[2]}"]
    for path in paths:
        for headers in ({}, {"If-None-Match": "*"}):
            assert_problem(anyone.get(path, headers=headers), 403, "password_needed")
        for wrong in ("", "sesame", "x" * 2_000, "%FF%00"):
            answer = anyone.get(path, headers={"X-Link-Password": wrong})
            assert_problem(answer, 403, "wrong_password")
        assert anyone.get(path, headers=IN_HEADER).status_code == 200
        known = IN_HEADER | {"If-None-Match": "*"}
        assert anyone.get(path, headers=known).status_code == 304
    assert_problem(anyone.post(link["path"], json={"password": "x"}), 403, "wrong_password")
    assert_refused(anyone.post(link["path"], json={}), "password")
    opened = anyone.post(link["path"], json={"password": PASSWORD}, headers={"If-None-Match": "*"})
    assert ok(opened)["data"]["elements"] == SCENE["elements"]
    decomposed = {"password": "se\u0301same ✓"}
    ok(anyone.post(link["path"], json=decomposed))


def test_a_password_that_is_too_long_is_not_looked_at(
    configure: Configure,
    client_of: ClientOf,
    pad: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Some texts take a time to be composed that grows with the square of their length."""
    app = configure(LINK_PASSWORD_LIMIT="5 per year")
    path = new_link(client_of(app, "alice"), pad, password=PASSWORD)["path"]
    looked_at = list[int]()

    def note(_: str, text: str) -> str:
        looked_at.append(len(text))
        return text

    monkeypatch.setattr(unicodedata, "normalize", note)
    headers = {"X-Link-Password": "%CC%80%CC%A3" * 600}
    answers = [app.test_client().get(path, headers=headers).status_code for _ in range(6)]
    assert answers == [403] * 5 + [429]
    assert not [each for each in looked_at if each > 1_000]


def test_a_link_without_one_takes_any(alice: Client, anyone: Client, pad: dict[str, Any]) -> None:
    path = new_link(alice, pad)["path"]
    ok(anyone.get(path, headers={"X-Link-Password": "x"}))
    ok(anyone.post(path, json={"password": "x"}))


# Who asks, and how often


def test_nobody_looks_for_a_session(
    configure: Configure, client_of: ClientOf, redis_client: redis.Redis, pad: dict[str, Any]
) -> None:
    """One statement, whatever the answer; Redis counts the request, and no more."""
    app = configure(DB_POOL_MIN_SIZE="1", DB_POOL_MAX_SIZE="1")
    alice, tap = client_of(app, "alice"), Tap(app, redis_client)
    path = new_link(alice, pad)["path"]
    ended = new_link(alice, pad)
    ok(alice.delete(f"{links_of(pad)}/{ended['id']}"))
    etag = {"If-None-Match": alice.get(path).headers["ETag"]}
    picture = ok(alice.get(f"{path}?pictures=false"))["data"]["files"]["f"]["picture"]
    for address, headers in (
        (path, {}),
        (path, etag),
        (picture, {}),
        (ended["path"], {}),
        (f"/api/shared/{uuid4().hex}_{'A' * 43}", {}),
    ):
        with tap.listen() as traffic:
            alice.get(address, headers=headers)
        assert traffic.statements == 1
        assert "GETEX" not in traffic.commands
        assert traffic.commands.count("INCRBY") == 2


def test_a_password_is_tried_before_the_pad_is_read(
    configure: Configure, client_of: ClientOf, redis_client: redis.Redis, pad: dict[str, Any]
) -> None:
    app = configure(DB_POOL_MIN_SIZE="1", DB_POOL_MAX_SIZE="1")
    alice, tap = client_of(app, "alice"), Tap(app, redis_client)
    path = new_link(alice, pad, password=PASSWORD)["path"]
    for address in (path, f"{path}/pictures/{PICTURE_DIGEST}"):
        for headers, statements in (({}, 1), ({"X-Link-Password": "x"}, 1), (IN_HEADER, 2)):
            with tap.listen() as traffic:
                alice.get(address, headers=headers)
            assert traffic.statements == statements


def test_visitors_take_up_a_part_of_a_worker(
    configure: Configure, client_of: ClientOf, pad: dict[str, Any]
) -> None:
    app = configure(DB_POOL_MIN_SIZE="1", DB_POOL_MAX_SIZE="2", WEB_THREADS="2")
    alice, services = client_of(app, "alice"), app.extensions["padws"]
    path = new_link(alice, pad)["path"]
    picture = ok(alice.get(f"{path}?pictures=false"))["data"]["files"]["f"]["picture"]
    with services.limits.showing():
        for address in (path, picture):
            answer = alice.get(address)
            assert_problem(answer, 429, "too_many_requests")
            assert answer.headers["Retry-After"] == "1"
        ok(alice.get(f"/api/pad/{pad['id']}"))
    ok(alice.get(path))


def test_another_site_may_read_no_more_than_anybody(alice: Client, pad: dict[str, Any]) -> None:
    """A cookie that comes along is not looked at, so it makes no difference."""
    path = new_link(alice, pad, password=PASSWORD)["path"]
    headers = {"Origin": "https://elsewhere.example", "Sec-Fetch-Site": "cross-site"}
    answer = alice.post(path, json={"password": PASSWORD}, headers=headers)
    ok(answer)
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert_problem(alice.post(links_of(pad), json={}, headers=headers), 403, "cross_site")


def test_a_front_end_elsewhere_may_send_a_password(
    configure: Configure, client_of: ClientOf
) -> None:
    app = configure(CORS_ORIGINS="https://draw.example.org")
    asked = {
        "Origin": "https://draw.example.org",
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "x-link-password",
    }
    preflight = app.test_client().options("/api/shared/x", headers=asked)
    assert preflight.status_code == 200
    assert "X-Link-Password" in preflight.headers["Access-Control-Allow-Headers"]


FEW = {
    "LINK_LIMIT": "a link",
    "LINK_ADDRESS_LIMIT": "an address",
    "LINK_PASSWORD_LIMIT": "a password",
}


@pytest.mark.parametrize("setting", FEW)
def test_there_is_a_limit(
    configure: Configure, client_of: ClientOf, pad: dict[str, Any], setting: str
) -> None:
    """For each link from everywhere, each address for all links.

    A right password is free again for the network that was let in, until that says a wrong one.
    """
    app = configure(**{setting: "5 per year"})
    alice = client_of(app, "alice")
    path, other = (new_link(alice, pad, password=PASSWORD)["path"] for _ in range(2))
    wrong = {"X-Link-Password": "x"}

    def statuses(path: str, headers: dict[str, str], address: str) -> list[int]:
        options: dict[str, Any] = {"headers": headers, "environ_base": {"REMOTE_ADDR": address}}
        return [app.test_client().get(path, **options).status_code for _ in range(6)]

    if setting == "LINK_PASSWORD_LIMIT":
        assert statuses(path, IN_HEADER, "198.51.100.1") == [200] * 6
        assert statuses(path, wrong, "198.51.100.2") == [403] * 4 + [429] * 2
        assert statuses(path, wrong, "198.51.100.3") == [429] * 6
        assert statuses(other, wrong, "198.51.100.2") == [429] * 6
        assert statuses(path, IN_HEADER, "198.51.100.3") == [429] * 6
        assert statuses(path, IN_HEADER, "198.51.100.1") == [200] * 6
        assert statuses(path, wrong, "198.51.100.1") == [429] * 6
        assert statuses(path, IN_HEADER, "198.51.100.1") == [429] * 6
        made = [alice.post(links_of(pad), json={"password": "x"}) for _ in range(4)]
        assert [each.status_code for each in made] == [201] * 3 + [429]
    else:
        assert statuses(path, {}, "198.51.100.1") == [403] * 5 + [429]
        by_link = setting == "LINK_LIMIT"
        assert statuses(path, {}, "198.51.100.2")[0] == (429 if by_link else 403)
        assert statuses(other, {}, "198.51.100.1")[0] == (403 if by_link else 429)


def test_a_limit_is_kept_while_redis_is_full(
    configure: Configure, client_of: ClientOf, redis_client: redis.Redis, pad: dict[str, Any]
) -> None:
    app = configure(LINK_LIMIT="3 per year")
    path = new_link(client_of(app, "alice"), pad)["path"]
    before = str(redis_client.config_get("maxmemory")["maxmemory"])
    redis_client.config_set("maxmemory", "1")
    try:
        answers = [app.test_client().get(path).status_code for _ in range(4)]
    finally:
        redis_client.config_set("maxmemory", before)
    assert answers == [200] * 3 + [429]


def test_what_is_secret_is_not_logged(
    alice: Client, anyone: Client, pad: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    link = new_link(alice, pad, password=PASSWORD)
    with caplog.at_level(logging.DEBUG):
        for path in (link["path"], f"{link['path']}/pictures/{'0' * 64}"):
            anyone.get(path, headers=IN_HEADER)
        anyone.get(urlsplit(link["url"]).path)
    secret = link["path"].rpartition("_")[2]
    assert "/api/shared/{token}/pictures/0" in caplog.text
    assert not [each for each in caplog.records if secret in str(each.__dict__)]
    assert PASSWORD not in caplog.text


def test_openings_are_counted(
    app: Flask, alice: Client, anyone: Client, pad: dict[str, Any]
) -> None:
    def counted() -> dict[str, float]:
        text = anyone.get("/metrics").get_data(as_text=True)
        found = re.findall(r"^padws_(link[^ ]*) (\S+)$", text, re.MULTILINE)
        return {name: float(value) for name, value in found}

    before = counted()
    link = new_link(alice, pad, password=PASSWORD)
    anyone.get(link["path"])
    anyone.post(link["path"], json={"password": "x"})
    anyone.post(link["path"], json={"password": PASSWORD})
    anyone.get(link["path"], headers=IN_HEADER)
    assert {name: value - before[name] for name, value in counted().items()} == {
        "links_created_total": 1,
        "links_opened_total": 2,
        'link_passwords_total{outcome="right"}': 1,
        'link_passwords_total{outcome="wrong"}': 1,
    }


# In the trash


def test_a_pad_in_the_trash_is_behind_no_link(
    alice: Client, anyone: Client, pad: dict[str, Any]
) -> None:
    link = new_link(alice, pad)
    before = ok(anyone.get(link["path"]))
    (file,) = ok(anyone.get(f"{link['path']}?pictures=false"))["data"]["files"].values()
    picture = file["picture"]
    ok(alice.delete(f"/api/pad/{pad['id']}"))
    for path in (link["path"], picture):
        assert_problem(anyone.get(path), 404, "link_not_found")
    for answer in (
        alice.get(links_of(pad)),
        alice.post(links_of(pad)),
        alice.delete(f"{links_of(pad)}/{link['id']}"),
    ):
        assert answer.status_code == 404
    ok(alice.post(f"/api/pad/trash/{pad['id']}/restore"))
    assert ok(anyone.get(link["path"])) == before
    assert anyone.get(picture).status_code == 200
