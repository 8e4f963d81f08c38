"""What gunicorn says when it starts: what it cannot reach, and which settings look mistaken."""

from __future__ import annotations

from pathlib import Path

from padws.embedded.startup import free_port, http_status
from tests.helpers.commands import THIS
from tests.helpers.redis_servers import running_redis
from tests.helpers.waiting import wait_until

SECRET = "hunter2"


def test_a_start_says_what_it_does_not_reach_and_goes_on(
    environment: dict[str, str], tmp_path: Path
) -> None:
    port = free_port()
    settings = {
        **environment,
        "PORT": str(port),
        "REDIS_URL": f"redis://:{SECRET}@127.0.0.1:{free_port()}",
        "REDIS_HOST": "redis.example.org",
        "OIDC_ISSUER": f"http://127.0.0.1:{free_port()}",
        "TRUSTED_PROXY": SECRET,
    }
    with THIS.gunicorn(tmp_path / "log", settings) as server:
        wait_until(lambda: http_status(port, "/healthz") == 200, "healthz")
        server.says("TRUSTED_PROXY is not a setting of padws. Did you mean TRUSTED_PROXIES?")
        server.says("REDIS_HOST ignored, as REDIS_URL is set")
        server.says("Redis: cannot be reached")
        server.says("sign-in provider: http")
        server.says("Listening at: http")
        assert "no variable names a server" not in server.output
        assert SECRET not in server.output
        warnings = [line for line in server.output.splitlines() if " WARNING " in line]
        assert len(warnings) == 3, server.output


def test_a_start_with_all_there_warns_of_nothing(
    environment: dict[str, str], tmp_path: Path
) -> None:
    port = free_port()
    with THIS.gunicorn(tmp_path / "log", {**environment, "PORT": str(port)}) as server:
        wait_until(lambda: http_status(port, "/readyz") == 200, "readyz")
        assert " WARNING " not in server.output


def test_a_redis_that_refuses_the_login_ends_the_start(
    environment: dict[str, str], tmp_path: Path
) -> None:
    with running_redis() as server, server.client() as client:
        client.config_set("requirepass", "right")
        for number, access in enumerate(("", f"password={SECRET}")):
            url = f"{server.url()}&{access}".rstrip("&")
            settings = {**environment, "REDIS_URL": url, "PORT": str(free_port())}
            with THIS.gunicorn(tmp_path / f"log-{number}", settings) as command:
                assert command.wait() == 1, command.output
            assert command.is_one_line
            assert command.complaint.startswith("Redis: the login is refused.")
            assert SECRET not in command.output


def test_a_redis_that_deletes_sessions_when_it_is_full_is_named(
    environment: dict[str, str], tmp_path: Path
) -> None:
    with running_redis() as server, server.client() as client:
        client.config_set("maxmemory", 10**9)
        client.config_set("maxmemory-policy", "volatile-lru")
        settings = {**environment, "REDIS_URL": server.url(), "PORT": str(free_port())}
        with THIS.gunicorn(tmp_path / "log", settings) as command:
            wait_until(lambda: "volatile-lru signs people out" in command.output, "the line")


def test_where_nothing_names_a_server_the_commands_say_so(tmp_path: Path) -> None:
    command = THIS.flask(
        tmp_path / "log", {"DATABASE_ULR": f"postgresql://{SECRET}@h"}, "db-upgrade"
    )
    assert command.wait() == 1
    assert "DATABASE_ULR is not a setting of padws. Did you mean DATABASE_URL?" in command.output
    assert "no variable names a server (DATABASE_URL or POSTGRES_HOST)" in command.output
    assert SECRET not in command.output
