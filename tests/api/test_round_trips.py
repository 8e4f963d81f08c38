"""One statement and one Redis command for a save and for every read; none where none is needed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

import pytest
import redis
from flask import Flask
from werkzeug.routing import MapAdapter

from tests.api.conftest import ClientOf, Configure
from tests.api.pads import make_pad
from tests.api.takeouts import PATH, send
from tests.api.traffic import Tap
from tests.helpers.contract import Client, ok
from tests.helpers.drawings import drawing


@pytest.fixture
def app(configure: Configure) -> Flask:
    return configure(DB_POOL_MIN_SIZE="1", DB_POOL_MAX_SIZE="1", MIN_INTERVAL_MINUTES="0")


@pytest.fixture
def tap(app: Flask, redis_client: redis.Redis) -> Tap:
    return Tap(app, redis_client)


PICTURE = f"data:image/png;base64,{'QUFB' * 1_000}"
DIGEST = sha256(PICTURE.encode()).hexdigest()
NOBODY = "00000000-0000-4000-8000-000000000000"
SCENE = {"elements": [{"id": "i", "fileId": "f"}], "files": {"f": {"dataURL": PICTURE}}}


@dataclass(frozen=True)
class Scenery:
    """A pad of alice's with a picture, a backup and a link; what is told of them."""

    alice: Client
    admin: Client
    ids: dict[str, str]
    pad: str
    backup: str
    trashed: str
    link: str
    shared: str
    takeout: bytes
    etag: str
    list_etag: str


def own_id(client: Client) -> str:
    return str(ok(client.get("/api/users/me"))["id"])


@pytest.fixture
def scenery(app: Flask, client_of: ClientOf) -> Scenery:
    alice, admin = client_of(app, "alice"), client_of(app, "admin")
    pad = f"/api/pad/{make_pad(alice, data=SCENE)['id']}"
    backup = ok(alice.post(f"{pad}/backups"), 201)["id"]
    trashed = make_pad(alice)["id"]
    ok(alice.delete(f"/api/pad/{trashed}"))
    link = ok(alice.post(f"{pad}/links"), 201)
    etags = [alice.get(path).headers["ETag"] for path in (pad, "/api/pad")]
    return Scenery(
        alice,
        admin,
        {"alice": own_id(alice), "admin": own_id(admin)},
        pad,
        f"{pad}/backups/{backup}",
        f"/api/pad/trash/{trashed}",
        f"{pad}/links/{link['id']}",
        f"/api{urlsplit(link['url']).path}",
        alice.get(PATH).data,
        *etags,
    )


Ask = Callable[[Scenery], Any]

#: One statement, and one Redis command, which finds the session.
SINGLE: dict[str, Ask] = {
    "save": lambda s: s.alice.post(s.pad, json=drawing(2)),
    "save if it matches": lambda s: s.alice.put(
        s.pad, json=drawing(2), headers={"If-Match": s.etag}
    ),
    "merge": lambda s: s.alice.patch(f"{s.pad}/data", json=drawing(2)),
    "merge if it has been": lambda s: s.alice.patch(
        f"{s.pad}/data", json=drawing(2), headers={"If-Match": s.etag}
    ),
    "merge nothing": lambda s: s.alice.patch(f"{s.pad}/data", json={"elements": []}),
    "read a pad": lambda s: s.alice.get(s.pad),
    "read a pad again": lambda s: s.alice.get(s.pad, headers={"If-None-Match": s.etag}),
    "list pads": lambda s: s.alice.get("/api/pad"),
    "list pads without scenes": lambda s: s.alice.get("/api/pad?data=false"),
    "list a page of pads": lambda s: s.alice.get("/api/pad?limit=1&sort=-updated"),
    "search pads": lambda s: s.alice.get("/api/pad?q=plan"),
    "list pads again": lambda s: s.alice.get("/api/pad", headers={"If-None-Match": s.list_etag}),
    "list backups": lambda s: s.alice.get(f"{s.pad}/backups"),
    "list recent backups": lambda s: s.alice.get("/api/pad/recent"),
    "read a backup": lambda s: s.alice.get(s.backup),
    "list templates": lambda s: s.alice.get("/api/templates"),
    "read a template": lambda s: s.alice.get("/api/templates/default"),
    "read oneself": lambda s: s.alice.get("/api/users/me"),
    "list users": lambda s: s.admin.get("/api/users"),
    "read a user": lambda s: s.admin.get(f"/api/users/{s.ids['alice']}"),
    "count what one has": lambda s: s.alice.get("/api/users/me/usage"),
    "list tokens": lambda s: s.alice.get("/api/users/me/tokens"),
    "make a token": lambda s: s.alice.post("/api/users/me/tokens", json={"name": "x"}),
    "make a pad": lambda s: s.alice.post("/api/pad", json={"display_name": "x", "data": {"a": 1}}),
    "make a pad from a template": lambda s: s.alice.post("/api/pad/from-template/default"),
    "rename": lambda s: s.alice.patch(s.pad, json={"display_name": "x"}),
    "export": lambda s: s.alice.get(f"{s.pad}/export"),
    "import": lambda s: s.alice.post("/api/pad/import", data=b'{"elements": []}'),
    "make a link": lambda s: s.alice.post(f"{s.pad}/links"),
    "list links": lambda s: s.alice.get(f"{s.pad}/links"),
    "end a link": lambda s: s.alice.delete(s.link),
    "end all links": lambda s: s.admin.delete(f"/api/users/{NOBODY}/links"),
    "back up": lambda s: s.alice.post(f"{s.pad}/backups"),
    "label a backup": lambda s: s.alice.patch(s.backup, json={"label": "x"}),
    "delete a backup": lambda s: s.alice.delete(s.backup),
    "restore": lambda s: s.alice.post(f"{s.backup}/restore"),
    "restore an element": lambda s: s.alice.post(f"{s.backup}/restore", json={"elements": ["i"]}),
    "read the history of an element": lambda s: s.alice.get(f"{s.pad}/elements/i/history"),
    "read a picture": lambda s: s.alice.get(f"{s.pad}/pictures/{DIGEST}"),
    "delete a pad": lambda s: s.alice.delete(s.pad),
    "list the trash": lambda s: s.alice.get("/api/pad/trash?data=true"),
    "restore a pad": lambda s: s.alice.post(f"{s.trashed}/restore"),
    "delete a pad for good": lambda s: s.alice.delete(s.trashed),
    "empty the trash": lambda s: s.alice.delete("/api/pad/trash"),
}


@pytest.mark.parametrize("ask", SINGLE.values(), ids=SINGLE)
def test_one_statement_and_one_command(tap: Tap, scenery: Scenery, ask: Ask) -> None:
    with tap.listen() as traffic:
        assert ask(scenery).status_code in (200, 201, 304)
    assert traffic.statements == 1, traffic.messages
    assert "Query" not in traffic.messages, "neither BEGIN nor COMMIT nor anything else"
    assert traffic.commands == ["GETEX"]


#: For links the requests are counted, per address and per link; there is no session.
_COUNTED = 2 * ["MULTI", "INCRBY", "EXPIRE", "EXEC"]

#: How many statements, and which commands.
OTHERS: dict[str, tuple[Ask, int, list[str]]] = {
    "open a link": (lambda s: s.alice.get(s.shared), 1, _COUNTED),
    # The password first, which may be wrong.
    "open a link with a password": (
        lambda s: s.alice.post(s.shared, json={"password": "x"}),
        2,
        _COUNTED,
    ),
    "read a picture behind a link": (
        lambda s: s.alice.get(f"{s.shared}/pictures/{DIGEST}"),
        1,
        _COUNTED,
    ),
    # The user, the list of pads; then one for the pad and one for each of its backups, in whose
    # scenes there are two pictures.
    "take everything out": (lambda s: s.alice.get(PATH), 6, ["GETEX"]),
    # The user; a transaction for the pad: itself, its backups with pictures and savepoints.
    "bring nothing new in": (lambda s: send(s.alice, s.takeout), 8, ["GETEX"]),
    # Whether there is such a user comes first.
    "count what a user has": (
        lambda s: s.admin.get(f"/api/users/{s.ids['alice']}/usage"),
        2,
        ["GETEX"],
    ),
    # Both users, the list of pads, and each pad, one of which is in the trash.
    "move all pads": (
        lambda s: s.admin.post(
            f"/api/users/{s.ids['alice']}/pads/move", json={"to": s.ids["admin"]}
        ),
        5,
        ["GETEX"],
    ),
    "end all sessions": (
        lambda s: s.admin.delete(f"/api/users/{NOBODY}/sessions"),
        0,
        ["GETEX", "ZRANGEBYLEX", "ZSCAN"],
    ),
}


@pytest.mark.parametrize(("ask", "statements", "commands"), OTHERS.values(), ids=OTHERS)
def test_few_statements_and_commands(
    tap: Tap, scenery: Scenery, ask: Ask, statements: int, commands: list[str]
) -> None:
    with tap.listen() as traffic:
        answer = ask(scenery)
        assert answer.status_code == 200
        assert answer.data  # of a takeout, which is made while it is read
    assert traffic.statements == statements, traffic.messages
    assert [each for each in traffic.commands if each != "HELLO"] == commands


#: What is about users and templates, which seldom change, and what tests below are about.
UNCOUNTED = {
    *("app", "pages", "api-docs", "workspace"),
    *("users.count_sessions", "users.list_online_users"),
    *("users.create_user", "users.update_user", "users.delete_user", "tokens.delete_token"),
    *("templates.create_template", "templates.update_template"),
    *("templates.update_template_data", "templates.delete_template"),
}


class Noting:
    """A client that sends nothing."""

    def __init__(self, adapter: MapAdapter):
        self._adapter = adapter

    def __getattr__(self, method: str) -> Callable[..., str]:
        """The endpoint of a request that is made by this method."""
        return lambda path, **_: self._adapter.match(path.partition("?")[0], method)[0]


def test_every_route_is_counted(app: Flask) -> None:
    """One that is added later, too."""
    client: Any = Noting(app.url_map.bind(""))
    texts = {field.name: f"/api/pad/{NOBODY}" for field in fields(Scenery)}
    paths = {
        "backup": f"/api/pad/{NOBODY}/backups/{NOBODY}",
        "trashed": f"/api/pad/trash/{NOBODY}",
        "link": f"/api/pad/{NOBODY}/links/{NOBODY}",
        "shared": "/api/shared/x",
        "ids": {"alice": NOBODY, "admin": NOBODY},
    }
    noting = Scenery(**{**texts, **paths, "alice": client, "admin": client})
    counted = {ask(noting) for ask in (*SINGLE.values(), *(ask for ask, *_ in OTHERS.values()))}
    routes = {rule.endpoint for rule in app.url_map.iter_rules() if rule.rule.startswith("/api/")}
    uncounted = {each for each in routes - counted if each.partition(".")[0] not in UNCOUNTED}
    assert uncounted <= UNCOUNTED


def test_a_statement_that_is_run_often_is_prepared(tap: Tap, scenery: Scenery) -> None:
    """Then it is only bound and executed; PostgreSQL does not parse or plan it again."""
    for _ in range(8):
        scenery.alice.get(scenery.pad)
    with tap.listen() as traffic:
        ok(scenery.alice.get(scenery.pad))
    assert traffic.messages == ["Execute"]


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/healthz",
        "/api/app/config",
        "/api/app/build-info",
        "/api/docs",
        "/api/docs/problems",
        "/api/openapi.json",
        "/pages/page.css",
        "/shared/x",
        "/nowhere",
    ],
)
def test_what_needs_nobody_asks_nobody(tap: Tap, scenery: Scenery, path: str) -> None:
    """Not even about the session."""
    with tap.listen() as traffic:
        assert scenery.alice.get(path).status_code in (200, 404)
    assert (traffic.messages, traffic.commands) == ([], [])


@pytest.mark.parametrize("path", ["/api/pad", "/api/users/me", "/api/workspace/state"])
def test_nobodys_request_reaches_no_database(
    tap: Tap, app: Flask, scenery: Scenery, path: str
) -> None:
    with tap.listen() as traffic:
        assert app.test_client().get(path).status_code == 401
    assert (traffic.messages, traffic.commands) == ([], [])


def test_the_workspace_is_asked_every_five_seconds_and_costs_one_command(
    tap: Tap, scenery: Scenery
) -> None:
    with tap.listen() as traffic:
        ok(scenery.alice.get("/api/workspace/state"))
    assert (traffic.messages, traffic.commands) == ([], ["GETEX"])


def test_a_refused_body_reaches_no_database(tap: Tap, scenery: Scenery) -> None:
    with tap.listen() as traffic:
        for answer in (
            scenery.alice.patch(scenery.pad, json={}),
            scenery.alice.post("/api/pad", json={"display_name": ""}),
            scenery.alice.post(scenery.pad, data="x"),
            scenery.alice.post(scenery.pad, json={}, headers={"If-Match": "x"}),
            scenery.alice.patch(f"{scenery.pad}/data", json={}, headers={"If-Match": "x"}),
            scenery.alice.patch(f"{scenery.pad}/data", data="x"),
            scenery.alice.get("/api/pad/recent?limit=0"),
            scenery.alice.get("/api/users"),
        ):
            assert 400 <= answer.status_code < 500
    assert traffic.messages == []


@pytest.mark.parametrize("path", ["/api/users/count", "/api/users/online"])
def test_sessions_are_counted_without_a_look_at_every_key(
    tap: Tap, scenery: Scenery, redis_client: redis.Redis, path: str
) -> None:
    for number in range(50):
        redis_client.set(f"other:{number}", "x")
    ok(scenery.admin.get(path))
    with tap.listen() as traffic:
        ok(scenery.admin.get(path))
    assert traffic.statements == (1 if path.endswith("online") else 0)
    assert not {"KEYS", "SCAN", "DBSIZE"} & set(traffic.commands)
    assert len(traffic.commands) <= 8


def test_the_tap_hears_what_it_should(tap: Tap, app: Flask, scenery: Scenery) -> None:
    """The counts above mean something only if nothing escapes it."""
    services = app.extensions["padws"]
    services.redis.ping()  # connected, which takes commands of its own
    with tap.listen() as traffic:
        with services.database.transaction() as connection:
            connection.execute("SELECT 1")
        services.redis.get("x")
        services.redis.ping()
    assert traffic.messages.count("Query") + traffic.messages.count("Execute") == 3
    assert traffic.commands == ["GET", "PING"]
