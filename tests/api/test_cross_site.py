"""Writes that another site makes a browser send are refused; other programs' requests pass."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.conftest import ClientOf, Configure, SqlConnection
from tests.api.pads import make_pad
from tests.helpers.contract import Client, assert_problem, ok
from tests.helpers.drawings import drawing

FOREIGN: list[dict[str, str]] = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": ""},
    {"Origin": "localhost"},
    {"Origin": "https://localhost"},
    {"Origin": "http://localhost:8080"},
    {"Origin": "http://localhost.evil.example"},
    {"Origin": "http://evil.example/http://localhost"},
    {"Origin": "http://localhost@evil.example"},
    {"Origin": "http://evil.example@localhost"},
    {"Origin": "http://localhost:443"},
    {"Origin": "http://localhost:x"},
    {"Origin": "//localhost"},
    {"Origin": "https://evil.example", "Sec-Fetch-Site": "same-origin"},
    {
        "Origin": "https://evil.example",
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Proto": "https",
    },
    {"Origin": "https://evil.example", "Forwarded": "host=evil.example;proto=https"},
]
OWN: list[dict[str, str]] = [
    {},
    {"Sec-Fetch-Site": "same-origin"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "none"},
    {"Origin": "http://localhost"},
    {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"},
    {"Origin": "http://localhost:80"},
    {"Origin": "http://LOCALHOST"},
]


@pytest.fixture
def pad(alice: Client) -> dict[str, Any]:
    return make_pad(alice)


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
def test_a_foreign_write_with_the_cookie_changes_nothing(
    alice: Client, pad: dict[str, Any], headers: dict[str, str], sql: SqlConnection
) -> None:
    path = f"/api/pad/{pad['id']}"
    writes: list[tuple[str, str, Any]] = [
        ("POST", path, drawing(2)),
        ("PUT", path, drawing(2)),
        ("PATCH", path, {"display_name": "x"}),
        ("PATCH", f"{path}/data", drawing(2)),
        ("DELETE", path, None),
        ("POST", "/api/pad", {"display_name": "x", "data": {"a": 1}}),
        ("POST", "/api/pad/from-template/default", None),
        ("POST", f"{path}/backups", None),
        ("POST", "/auth/logout", None),
    ]
    for method, target, body in writes:
        answer = alice.open(target, method=method, json=body, headers=headers)
        assert_problem(answer, 403, "cross_site")
    assert ok(alice.get("/api/pad")) == [pad]
    assert sql.execute("SELECT FROM pad_ws.backups").rowcount == 0


@pytest.mark.parametrize("headers", OWN, ids=str)
def test_a_write_of_this_site_or_of_no_browser_passes(
    alice: Client, pad: dict[str, Any], headers: dict[str, str]
) -> None:
    path = f"/api/pad/{pad['id']}"
    ok(alice.post(path, json=drawing(2), headers=headers))
    ok(alice.patch(path, json={"display_name": "x"}, headers=headers))
    ok(alice.delete(path, headers=headers))


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
def test_reading_is_never_refused_for_where_it_comes_from(
    alice: Client, pad: dict[str, Any], headers: dict[str, str]
) -> None:
    assert ok(alice.get("/api/pad", headers=headers)) == [pad]
    assert alice.head("/api/pad", headers=headers).status_code == 200


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
def test_without_the_cookie_it_is_a_401(anyone: Client, headers: dict[str, str]) -> None:
    answer = anyone.post("/api/pad", json={}, headers=headers)
    assert_problem(answer, 401, "sign_in_required")


def test_an_answer_to_another_origin_carries_no_leave_to_read_it(
    alice: Client, anyone: Client
) -> None:
    for client in (alice, anyone):
        for path in ("/api/pad", "/api/app/config"):
            answer = client.get(path, headers={"Origin": "https://evil.example"})
            assert "Access-Control-Allow-Origin" not in answer.headers
        asked = {"Origin": "https://evil.example", "Access-Control-Request-Method": "PUT"}
        preflight = client.options("/api/pad", headers=asked)
        assert "Access-Control-Allow-Origin" not in preflight.headers


@pytest.mark.parametrize(
    ("settings", "origin"),
    [
        ({"FRONTEND_URL": "https://pad.example/app"}, "https://pad.example"),
        ({"CORS_ORIGINS": "https://a.example, https://b.example:8443"}, "https://a.example"),
        ({"CORS_ORIGINS": "https://a.example, https://b.example:8443"}, "https://b.example:8443"),
        ({"CORS_ORIGINS": "HTTPS://App.Example.org:443/"}, "https://app.example.org"),
        ({"CORS_ORIGINS": "https://[0:0::1]:443"}, "https://[::1]"),
        ({"CORS_ORIGINS": "https://b\u00fccher.example."}, "https://xn--bcher-kva.example"),
        ({"FRONTEND_URL": "https://Pad.Example.org/"}, "https://pad.example.org"),
        ({"FRONTEND_URL": "https://pad.example.org:443/app"}, "https://pad.example.org"),
        ({"FRONTEND_URL": "https://B\u00dccher.example"}, "https://xn--bcher-kva.example"),
        (
            {"REDIRECT_URI": "https://Pad.Example.org:443/auth/callback"},
            "https://pad.example.org",
        ),
    ],
)
def test_an_origin_that_the_operator_names_may_write(
    configure: Configure,
    client_of: ClientOf,
    pad: dict[str, Any],
    settings: dict[str, str],
    origin: str,
) -> None:
    client = client_of(configure(**settings), "alice")
    path = f"/api/pad/{pad['id']}"
    ok(client.post(path, json=drawing(2), headers={"Origin": origin}))
    for other in (f"{origin}.evil.example", origin.replace("https", "http"), f"{origin}1"):
        answer = client.post(path, json=drawing(2), headers={"Origin": other})
        assert_problem(answer, 403, "cross_site")


def test_a_trusted_proxy_tells_this_hosts_name(
    configure: Configure, client_of: ClientOf, pad: dict[str, Any]
) -> None:
    client = client_of(configure(TRUSTED_PROXIES="1"), "alice")
    path = f"/api/pad/{pad['id']}"
    proxied = {"X-Forwarded-Host": "pad.example", "X-Forwarded-Proto": "https"}
    own = {**proxied, "Origin": "https://pad.example"}
    ok(client.post(path, json=drawing(2), headers=own))
    inner = {**proxied, "Origin": "http://localhost"}
    assert_problem(client.post(path, json=drawing(2), headers=inner), 403, "cross_site")
