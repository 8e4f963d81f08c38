"""The board's files, as the service hands them out; what they do is tried in tests/board."""

from __future__ import annotations

import json
from pathlib import Path

import brotli
import pytest
from flask.testing import FlaskClient

from padws import config
from tests.api.conftest import Configure
from tests.helpers.contract import assert_problem

PAD = "01234567-89ab-cdef-0123-456789abcdef"
PAGE = b"<!doctype html><title>board</title>"


@pytest.fixture
def build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A build in place of the one that may be there."""
    build = tmp_path / "board"
    (build / "assets").mkdir(parents=True)
    (build / "index.html").write_bytes(PAGE)
    (build / "build-info.json").write_text('{"buildHash": "4f2a", "timestamp": 0}')
    (build / "assets" / "index-4f2a.js").write_bytes(b"draw()")
    (build / "assets" / "index-4f2a.js.br").write_bytes(brotli.compress(b"draw()"))
    monkeypatch.setattr(config, "BOARD", build)
    return build


@pytest.fixture
def client(configure: Configure, build: Path) -> FlaskClient:
    return FlaskClient(configure(SERVE_BOARD="true"))


@pytest.mark.parametrize("path", ["/", f"/pads/{PAD}", f"/pads/{PAD}/history", "/account"])
def test_each_view_is_the_same_page(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.data) == (200, PAGE)
    assert answer.headers["Cache-Control"] == "no-cache"
    policy = answer.headers["Content-Security-Policy"]
    assert "script-src 'self';" in policy
    assert "default-src 'none'" in policy
    assert "http" not in policy
    assert answer.headers["X-Frame-Options"] == "DENY"
    again = client.get(path, headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304


def test_the_view_behind_a_share_link_keeps_its_address_to_itself(client: FlaskClient) -> None:
    answer, account = client.get("/shared/x"), client.get("/account")
    assert (answer.status_code, answer.data) == (200, PAGE)
    assert answer.headers.getlist("Referrer-Policy") == ["no-referrer"]
    assert answer.headers.getlist("X-Robots-Tag") == ["noindex, nofollow"]
    same = {"Content-Security-Policy", "X-Frame-Options", "Cache-Control", "ETag"}
    assert {answer.headers[name] for name in same} == {account.headers[name] for name in same}
    assert "X-Robots-Tag" not in account.headers


@pytest.mark.parametrize(
    "path", ["/pads", "/pads/", f"/pads/{PAD}/", "/pads/x", "/shared/", "/accounts"]
)
def test_what_is_no_view_is_not_found(client: FlaskClient, path: str) -> None:
    assert_problem(client.get(path), 404, "not_found")


def test_a_view_cannot_be_written_to(client: FlaskClient) -> None:
    assert client.post("/account").status_code == 404


def test_assets_are_compressed_when_the_board_is_built(client: FlaskClient) -> None:
    answer = client.get("/assets/index-4f2a.js", headers={"Accept-Encoding": "br"})
    assert answer.headers["Content-Encoding"] == "br"
    assert "immutable" in answer.headers["Cache-Control"]


def test_pages_learn_which_build_it_is(client: FlaskClient) -> None:
    assert json.loads(client.get("/api/app/build-info").data)["buildHash"] == "4f2a"


def test_the_api_and_other_pages_are_beside_it(client: FlaskClient) -> None:
    assert_problem(client.get("/api/pad"), 401, "sign_in_required")
    assert client.get("/api/docs").status_code == 200
    assert client.get("/pages/icon.svg").status_code == 200


class TestElse:
    """Something else is served at /."""

    @pytest.fixture
    def other(self, tmp_path: Path) -> Path:
        (tmp_path / "dist").mkdir()
        (tmp_path / "dist" / "index.html").write_text("another")
        return tmp_path / "dist"

    def test_another_front_end_goes_first(
        self, configure: Configure, build: Path, other: Path
    ) -> None:
        client = FlaskClient(configure(SERVE_BOARD="true", STATIC_DIR=str(other)))
        assert client.get("/").text == "another"
        assert client.get("/account").status_code == 404
        assert json.loads(client.get("/api/app/build-info").data)["buildHash"] == "development"

    def test_the_small_page_does_where_it_is_turned_off(
        self, configure: Configure, build: Path
    ) -> None:
        assert "no front end" in FlaskClient(configure(SERVE_BOARD="false")).get("/").text

    def test_the_small_page_does_where_it_is_not_built(
        self, configure: Configure, build: Path
    ) -> None:
        (build / "index.html").unlink()
        client = FlaskClient(configure(SERVE_BOARD="true"))
        assert "no front end" in client.get("/").text
        assert client.get("/account").status_code == 404
