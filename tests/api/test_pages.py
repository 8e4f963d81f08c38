"""The pages for people, and the front end's build, as the real app serves them."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient

from padws.embedded.startup import free_port
from tests.api.conftest import Configure
from tests.helpers.contract import Client, assert_problem

PAGES = ["/", "/api/docs", "/api/docs/problems"]
IMPORT = re.compile(r'(?:from|import)\s*"([^"]+)"')


class References(HTMLParser):
    """What a page links and loads."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.update(value or "" for name, value in attrs if name in ("href", "src"))


@pytest.mark.parametrize("page", PAGES)
class TestPages:
    def test_it_is_a_page(self, anyone: Client, page: str) -> None:
        answer = anyone.get(page)
        assert answer.status_code == 200
        assert answer.headers["Content-Type"] == "text/html; charset=utf-8"

    def test_all_it_refers_to_is_here_and_works(self, anyone: Client, page: str) -> None:
        waiting, seen = [page], set[str]()
        while waiting:
            address = waiting.pop()
            seen.add(address)
            waiting += [each for each in self.references(anyone, address) if each not in seen]
        assert len(seen) > 3

    def references(self, client: Client, address: str) -> list[str]:
        parts = urlsplit(address)
        assert not parts.netloc, f"{address} is elsewhere"
        answer = client.get(address)
        assert answer.status_code in (200, 302), address
        kind = answer.headers["Content-Type"]
        if kind.startswith("text/html") and answer.status_code == 200:
            found = References(answer.text).found
        elif kind.startswith("text/javascript") and "/pages/" in address:
            found = set(IMPORT.findall(answer.text))
        else:
            found = set()
        return [urljoin(parts.path, each).partition("#")[0] for each in found if each[0] != "#"]


def test_the_start_page_says_what_this_is_and_links_the_rest(anyone: Client) -> None:
    page = anyone.get("/")
    assert "padws" in page.text
    linked = {reference.partition("?")[0] for reference in References(page.text).found}
    assert linked >= {"/api/docs", "/auth/login", "/healthz", "/readyz"}


def test_signing_in_at_the_documentation_leads_back_there(anyone: Client) -> None:
    assert "/auth/login?next=/api/docs" in References(anyone.get("/api/docs").text).found


#: What browsers send when they follow a link.
A_PAGE = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


class TestWhatAPersonMeets:
    """Problems of somebody who follows a link are pages, except in the API."""

    @pytest.fixture
    def person(self, app: Flask) -> FlaskClient:
        return FlaskClient(app)

    @pytest.mark.parametrize("path", ["/nowhere", "/pages/nowhere", "/auth/", "/<b>", "/apis"])
    def test_a_wrong_address_is_a_page_with_a_way_on(
        self, anyone: Client, person: FlaskClient, path: str
    ) -> None:
        answer, start = person.get(path, headers=A_PAGE), anyone.get("/")
        assert answer.status_code == 404
        assert "<title>padws: No such page</title>" in answer.text
        assert "There is nothing at this address." in answer.text
        assert "<b>" not in answer.text
        assert answer.headers["X-Request-ID"] in answer.text
        assert answer.headers["Cache-Control"] == "no-store"
        assert "Accept" in answer.headers["Vary"]
        for name in ("Content-Type", "Content-Security-Policy", "X-Frame-Options"):
            assert answer.headers[name] == start.headers[name]
        references = References(answer.text).found
        assert references == {"/", "/pages/icon.svg", "/pages/page.css"}

    def test_its_head_is_that_of_the_page(self, person: FlaskClient) -> None:
        answers = [person.open("/nowhere", method=m, headers=A_PAGE) for m in ("GET", "HEAD")]
        assert answers[0].headers["Content-Length"] == answers[1].headers["Content-Length"]
        assert answers[1].data == b""

    def test_a_wrong_method_is_a_page(self, person: FlaskClient) -> None:
        answer = person.get("/auth/backchannel-logout", headers=A_PAGE)
        assert answer.status_code == 405
        assert "POST" in answer.headers["Allow"]
        assert "The method is not allowed here" in answer.text

    def test_a_form_of_another_site_is_a_page(self, person: FlaskClient) -> None:
        person.set_cookie("session_id", "x")
        from_elsewhere = {**A_PAGE, "Origin": "https://elsewhere.example"}
        answer = person.post("/auth/logout", headers=from_elsewhere)
        assert answer.status_code == 403
        assert "Writing from another site is refused" in answer.text

    def test_what_is_away_is_a_page(self, configure: Configure) -> None:
        app = configure(REDIS_URL=f"redis://127.0.0.1:{free_port()}")
        person = FlaskClient(app)
        person.set_cookie("session_id", "x" * 43)
        answer = person.get("/auth/logout", headers=A_PAGE)
        assert answer.status_code == 503
        assert answer.headers["Retry-After"]
        assert "Redis is not available" in answer.text

    def test_what_fails_is_a_page(
        self, app: Flask, person: FlaskClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(app.view_functions, "pages.index", lambda: str(1 // 0))
        answer = person.get("/", headers=A_PAGE)
        assert answer.status_code == 500
        assert "Something failed here" in answer.text
        assert "Zero" not in answer.text

    @pytest.mark.parametrize("path", ["/api/nowhere", "/api/pad", "/api/docs/nowhere", "/api/"])
    def test_the_api_has_no_such_pages(self, anyone: Client, path: str) -> None:
        answer = anyone.get(path, headers=A_PAGE)
        assert answer.headers["Content-Type"] == "application/problem+json"

    @pytest.mark.parametrize("accept", [None, "*/*", "application/json", "text/html;q=0.1,*/*"])
    def test_programs_get_json_everywhere(self, anyone: Client, accept: str | None) -> None:
        headers = {"Accept": accept} if accept else {}
        assert_problem(anyone.get("/nowhere", headers=headers), 404, "not_found")


class TestFrontEnd:
    @pytest.fixture
    def build(self, tmp_path: Path) -> Path:
        """A front end's build as vite makes one, and a file that is not part of it."""
        build = tmp_path / "dist"
        (build / "assets").mkdir(parents=True)
        (build / "index.html").write_text("<title>whiteboard</title>")
        (build / "robots.txt").write_text("User-agent: *")
        (build / "assets" / "index-4f2a.js").write_text("draw()")
        (tmp_path / "secret.txt").write_text("hidden")
        return build

    @pytest.fixture
    def app(self, configure: Configure, build: Path) -> Flask:
        return configure(STATIC_DIR=str(build))

    @pytest.mark.parametrize(
        ("path", "content"),
        [
            ("/", "<title>whiteboard</title>"),
            ("/robots.txt", "User-agent: *"),
            ("/static/robots.txt", "User-agent: *"),
            ("/assets/index-4f2a.js", "draw()"),
        ],
    )
    def test_its_files_are_served(self, anyone: Client, path: str, content: str) -> None:
        answer = anyone.get(path)
        assert (answer.status_code, answer.text) == (200, content)

    def test_the_api_is_served_beside_it(self, anyone: Client) -> None:
        assert_problem(anyone.get("/api/pad"), 401, "sign_in_required")
        assert anyone.get("/api/docs").status_code == 200
        assert anyone.get("/healthz").status_code == 200

    @pytest.mark.parametrize(
        "path",
        [
            "/secret.txt",
            "/../secret.txt",
            "/static/../secret.txt",
            "/static/..%2fsecret.txt",
            "/assets/%2e%2e/%2e%2e/secret.txt",
            "/static//etc/passwd",
            "/static/nowhere.js",
            "/assets/nowhere.js",
        ],
    )
    def test_what_is_not_of_it_is_not_found(self, anyone: Client, path: str) -> None:
        answer = anyone.get(path)
        assert_problem(answer, 404, "not_found")

    def test_its_assets_may_be_elsewhere(
        self, configure: Configure, build: Path, tmp_path: Path
    ) -> None:
        assets = tmp_path / "other"
        assets.mkdir()
        (assets / "logo.svg").write_text("<svg/>")
        client = configure(STATIC_DIR=str(build), ASSETS_DIR=str(assets)).test_client()
        assert client.get("/assets/logo.svg").text == "<svg/>"
        assert client.get("/").text == "<title>whiteboard</title>"


@pytest.mark.parametrize("path", ["/", "/pages/page.css", "/api/docs/assets/swagger-ui.css"])
@pytest.mark.parametrize(
    "headers",
    [
        {"If-Modified-Since": "Mon, 01 Jan 2024 00:00:00 +99999999999999999999"},
        {"If-Modified-Since": "Mon, 01 Jan 99999999999999999999 00:00:00 GMT"},
        {"If-Range": "Mon, 01 Jan 99999999999999999999 00:00:00 GMT", "Range": "bytes=0-1"},
    ],
    ids=str,
)
def test_a_date_beyond_all_calendars_is_passed_over(
    anyone: Client, path: str, headers: dict[str, str]
) -> None:
    assert anyone.get(path, headers=headers).status_code == 200
