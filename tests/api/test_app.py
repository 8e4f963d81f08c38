"""/api/app and /api/workspace: what the front end needs besides drawings."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.api.conftest import Configure
from tests.helpers import people
from tests.helpers.contract import Client, assert_problem, ok


class TestConfig:
    def test_it_is_empty_strings_when_nothing_is_set(self, anyone: Client) -> None:
        content = ok(anyone.get("/api/app/config"))
        assert content == {"coderUrl": "", "posthogKey": "", "posthogHost": ""}

    def test_it_is_what_is_set(self, configure: Configure) -> None:
        app = configure(
            CODER_URL="https://coder.example",
            VITE_PUBLIC_POSTHOG_KEY="phc_x",
            VITE_PUBLIC_POSTHOG_HOST="https://eu.posthog.example",
        )
        assert ok(app.test_client().get("/api/app/config")) == {
            "coderUrl": "https://coder.example",
            "posthogKey": "phc_x",
            "posthogHost": "https://eu.posthog.example",
        }


class TestBuildInfo:
    def test_it_is_the_same_for_every_worker_without_a_build(
        self, anyone: Client, configure: Configure
    ) -> None:
        content = ok(anyone.get("/api/app/build-info"))
        assert content.keys() == {"buildHash", "timestamp"}
        assert content["buildHash"] == "development"
        assert ok(configure().test_client().get("/api/app/build-info")) == content

    def test_it_is_the_front_ends_when_there_is_one(
        self, configure: Configure, tmp_path: Path
    ) -> None:
        built = {"buildHash": "4f2a", "timestamp": 1_700_000_000_000}
        (tmp_path / "build-info.json").write_text(json.dumps(built))
        app = configure(STATIC_DIR=str(tmp_path))
        assert ok(app.test_client().get("/api/app/build-info")) == built

    @pytest.mark.parametrize("content", [None, "", "{", "\xff"])
    def test_a_build_without_a_good_one_is_no_error(
        self, configure: Configure, tmp_path: Path, content: str | None
    ) -> None:
        if content is not None:
            (tmp_path / "build-info.json").write_text(content, encoding="latin-1")
        app = configure(STATIC_DIR=str(tmp_path))
        content = ok(app.test_client().get("/api/app/build-info"))["buildHash"]
        assert content == "development"


@pytest.mark.parametrize("path", ["/api/app/config", "/api/app/build-info"])
def test_these_never_ask_to_sign_in(anyone: Client, path: str) -> None:
    ok(anyone.get(path))
    anyone.set_cookie(people.COOKIE, "no-session")
    ok(anyone.get(path))


class TestWorkspace:
    def test_the_state_tells_that_somebody_is_signed_in(self, alice: Client) -> None:
        content = ok(alice.get("/api/workspace/state"))
        assert content.keys() == {"id", "state", "name", "username", "base_url", "agent"}
        assert content["state"] == "stopped"
        assert content["id"] is None
        assert content["username"] == "alice"

    def test_and_a_401_that_nobody_is(self, anyone: Client) -> None:
        assert_problem(anyone.get("/api/workspace/state"), 401, "sign_in_required")

    @pytest.mark.parametrize("path", ["/api/workspace/start", "/api/workspace/stop"])
    def test_there_is_no_provider_to_start_or_stop_one(
        self, alice: Client, anyone: Client, path: str
    ) -> None:
        assert_problem(alice.post(path), 501, "no_workspaces")
        assert_problem(alice.post(path, json={"x": 1}), 501, "no_workspaces")
        assert_problem(anyone.post(path), 401, "sign_in_required")
