"""Settings: what the environment may say, what it means, and how mistakes are reported."""

from __future__ import annotations

import string
from datetime import timedelta
from pathlib import Path

import pytest
import redis
from marshmallow import fields
from psycopg.conninfo import conninfo_to_dict

from padws.config import (
    ROOT,
    ConfigurationError,
    SettingsSchema,
    load_settings,
)
from padws.migrations import MigrationError
from padws.release import upgrade
from padws.setting_kinds import Sentinels

SECRET = "p@ss:w/rd?#%[]&=+ 'x'\"\\$ä😀" + string.punctuation


def mistakes_of(**environ: str) -> dict[str, list[str]]:
    with pytest.raises(ConfigurationError) as caught:
        load_settings(environ)
    return caught.value.mistakes


# Addresses of padws itself


@pytest.mark.parametrize(
    "address",
    [
        "http://localhost:8000/auth/callback",
        "https://pad.example.org/pads/auth/callback",
        "https://pad.example.org/apis/auth/callback",
        "https://pad.example.org/auth/callback?x=1",
    ],
)
def test_a_way_back_may_have_a_prefix(address: str) -> None:
    assert load_settings({"REDIRECT_URI": address}).redirect_uri == address


@pytest.mark.parametrize(
    "address",
    [
        "https://pad.example.org/api/auth/callback",
        "https://pad.example.org/pads/api/auth/callback",
        "https://pad.example.org",
        "https://pad.example.org/",
        "https://pad.example.org/callback",
        "https://pad.example.org/auth/callback/",
        "https://pad.example.org/auth/callback2",
        "https://pad.example.org/Auth/Callback",
        "https://pad.example.org//auth/callback",
        "https://pad.example.org/?/auth/callback",
        "https://pad.example.org/auth/callback#x",
    ],
)
def test_a_way_back_that_leads_nowhere_is_a_mistake(address: str) -> None:
    (text,) = mistakes_of(REDIRECT_URI=address)["REDIRECT_URI"]
    assert "/auth/callback" in text


# Defaults


def test_without_any_variable_everything_has_its_default() -> None:
    settings = load_settings({})
    assert settings.database_url == "postgresql://postgres:postgres@localhost:5432/pad"
    assert settings.migration_database_url == settings.database_url
    assert settings.redis_url == "redis://localhost:6379/0"
    assert settings.backup_interval == timedelta(minutes=5)
    assert (settings.max_backups_per_user, settings.min_interval_minutes) == (10, 5)
    assert (settings.migration_lock_ttl, settings.migration_max_wait) == (120, 300)
    assert settings.max_body_bytes == 20_000_000
    assert settings.templates_dir == ROOT / "templates"
    assert (settings.static_dir, settings.assets_dir) == (None, None)
    assert settings.oidc_roles_claim == "realm_access.roles"
    assert settings.on_migration_failure == "stop"
    assert settings.cors_origins == ()


@pytest.mark.parametrize("nothing", ["", " ", "\t\n"])
def test_a_variable_that_is_set_to_nothing_counts_as_not_set(nothing: str) -> None:
    assert load_settings(dict.fromkeys(SettingsSchema().fields, nothing)) == load_settings({})


def test_variables_of_others_are_left_alone() -> None:
    others = {"HOME": "/root", "CODER_API_KEY": "x", "database_url": "y", "APP_PORT": "9090"}
    assert load_settings(others) == load_settings({})


def test_the_environment_goes_before_the_env_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in SettingsSchema().fields:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("OIDC_REALM=file\nOIDC_CLIENT_ID='a # b'\nPOSTGRES_DB=\nNAME\n")
    monkeypatch.setenv("OIDC_REALM", "environment")
    monkeypatch.setenv("OIDC_SERVER_URL", "https://id.example.org")
    settings = load_settings()
    assert settings.oidc_issuer == "https://id.example.org/realms/environment"
    assert settings.oidc_client_id == "a # b"
    assert settings.database_url.endswith("/pad")


# The names of pad.ws


def test_the_names_of_pad_ws_are_taken(tmp_path: Path) -> None:
    (tmp_path / "assets").mkdir()
    settings = load_settings(
        {
            "POSTGRES_USER": "pad_user",
            "POSTGRES_PASSWORD": "secret",
            "POSTGRES_DB": "drawings",
            "POSTGRES_HOST": "db.example.org",
            "POSTGRES_PORT": "5433",
            "REDIS_HOST": "redis.example.org",
            "REDIS_PORT": "6380",
            "REDIS_PASSWORD": "other",
            "OIDC_SERVER_URL": "https://id.example.org/",
            "OIDC_REALM": "pad ws",
            "OIDC_CLIENT_ID": "pad",
            "OIDC_CLIENT_SECRET": "third",
            "REDIRECT_URI": "https://pad.example.org/auth/callback",
            "FRONTEND_URL": "https://pad.example.org",
            "STATIC_DIR": str(tmp_path),
            "VITE_PUBLIC_POSTHOG_KEY": "phc",
            "VITE_PUBLIC_POSTHOG_HOST": "https://posthog.example.org",
            "CODER_URL": "https://coder.example.org",
            "MAX_BACKUPS_PER_USER": "7",
            "BACKUPS_DAILY": "0",
            "MIN_INTERVAL_MINUTES": "0",
            "DEFAULT_PAD_NAME": "Neu",
            "DEFAULT_TEMPLATE_NAME": "grid",
        }
    )
    assert settings.database_url == "postgresql://pad_user:secret@db.example.org:5433/drawings"
    assert settings.redis_url == "redis://:other@redis.example.org:6380/0"
    assert settings.oidc_issuer == "https://id.example.org/realms/pad%20ws"
    assert (settings.oidc_client_id, settings.oidc_client_secret) == ("pad", "third")
    assert settings.redirect_uri == "https://pad.example.org/auth/callback"
    assert (settings.static_dir, settings.assets_dir) == (tmp_path, tmp_path / "assets")
    assert (settings.posthog_key, settings.coder_url) == ("phc", "https://coder.example.org")
    assert settings.posthog_host == "https://posthog.example.org"
    assert (settings.max_backups_per_user, settings.backup_interval) == (7, timedelta(0))
    assert (settings.default_pad_name, settings.default_template_name) == ("Neu", "grid")
    assert settings.retention.json == (
        b'{"newest":7,"hourly":24,"daily":0,"weekly":52,"replaced_days":30}'
    )


def test_whole_urls_go_before_their_parts() -> None:
    settings = load_settings(
        {
            "DATABASE_URL": "postgres://whole/db",
            "POSTGRES_HOST": "part",
            "MIGRATION_DATABASE_URL": "postgresql://direct/db",
            "REDIS_URL": "rediss://whole/1",
            "REDIS_HOST": "part",
            "OIDC_ISSUER": "https://whole.example.org",
            "OIDC_SERVER_URL": "https://part.example.org",
            "OIDC_REALM": "part",
        }
    )
    assert settings.database_url == "postgres://whole/db"
    assert settings.migration_database_url == "postgresql://direct/db"
    assert settings.redis_url == "rediss://whole/1"
    assert settings.oidc_issuer == "https://whole.example.org"


# URLs


@pytest.mark.parametrize("text", [SECRET, *"@:/?#%[]'\"\\&=+", "100%", "%41", "a b", " edge "])
def test_passwords_may_have_any_character(text: str) -> None:
    names = ("POSTGRES_USER", "POSTGRES_PASSWORD", "POSTGRES_DB", "REDIS_PASSWORD")
    settings = load_settings(dict.fromkeys(names, text))
    database = conninfo_to_dict(settings.database_url)
    assert (database["user"], database["password"], database["dbname"]) == (text, text, text)
    with redis.Redis.from_url(settings.redis_url) as client:
        arguments = client.connection_pool.connection_kwargs
    assert (arguments["password"], arguments["host"]) == (text, "localhost")


@pytest.mark.parametrize("host", ["db.example.org", "10.0.0.1", "::1", "/var/run/postgresql"])
def test_hosts_of_postgresql(host: str) -> None:
    url = load_settings({"POSTGRES_HOST": host}).database_url
    assert conninfo_to_dict(url)["host"] == host


def test_sentinels_are_addresses_and_a_service() -> None:
    given = {"REDIS_SENTINELS": "a.example.org:26380, b.example.org,[::1]:5/drawings"}
    expected = (("a.example.org", 26380), ("b.example.org", 26379), ("::1", 5))
    assert load_settings(given).redis_sentinels == Sentinels(expected, "drawings")
    assert load_settings({}).redis_sentinels is None


@pytest.mark.parametrize("text", ["a:1", "a:1/", "/drawings", "a:1,,b:2/drawings", "a:x/drawings"])
def test_sentinels_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="REDIS_SENTINELS: Not Sentinels such as"):
        load_settings({"REDIS_SENTINELS": text})


@pytest.mark.parametrize("host", ["redis.example.org", "10.0.0.1", "::1", "fe80::1%eth0"])
def test_hosts_of_redis(host: str) -> None:
    with redis.Redis.from_url(load_settings({"REDIS_HOST": host}).redis_url) as client:
        arguments = client.connection_pool.connection_kwargs
    assert (arguments["host"], arguments["port"], arguments["db"]) == (host, 6379, 0)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:p@one.example.org:5432,two.example.org:5433/db?target_session_attrs=read-write",
        "postgresql:///db?host=/var/run/postgresql&sslmode=require&application_name=x",
        "postgres://u:p%40%2F@[::1]:5432/db",
        "postgresql://",
    ],
)
def test_urls_of_libpq_are_passed_on_as_they_are(url: str) -> None:
    settings = load_settings({"DATABASE_URL": url, "MIGRATION_DATABASE_URL": url})
    assert (settings.database_url, settings.migration_database_url) == (url, url)


@pytest.mark.parametrize(
    "url",
    [
        "mysql://u:p@localhost/db",
        "postgresql+psycopg://u:p@localhost/db",
        "host=localhost dbname=db",
        "postgresql://u:p@localhost/db?no_such_option=1",
        "postgresql://u:p@[::1/db",
        "localhost",
    ],
)
@pytest.mark.parametrize("name", ["DATABASE_URL", "MIGRATION_DATABASE_URL"])
def test_other_urls_are_no_database(name: str, url: str) -> None:
    assert mistakes_of(**{name: url}).keys() == {name}


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("sslmode=bogus", "sslmode has no such value"),
        ("connect_timeout=soon", "connect_timeout is not a whole number"),
        ("keepalives_idle=hunter2", "keepalives_idle is not a whole number"),
        ("service=nowhere", "is not in the service files"),
        ("sslnegotiation=direct", "libpq refuses one of its parameters"),
    ],
)
def test_what_libpq_would_refuse_later_is_a_mistake(query: str, reason: str) -> None:
    (mistake,) = mistakes_of(DATABASE_URL=f"postgresql://u:hunter2@h/db?{query}")["DATABASE_URL"]
    assert reason in mistake
    assert "hunter2" not in mistake


def test_a_service_that_is_not_there_is_one_error_without_database_url(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PGSERVICEFILE", str(tmp_path / "services"))
    monkeypatch.setenv("PGSERVICE", "nowhere")
    with pytest.raises(MigrationError, match="is not in the service files of libpq"):
        upgrade(load_settings({}))


@pytest.mark.parametrize(
    "url", ["http://localhost", "redis:localhost", "redis://h:port", "redis://h/0?db=x", "x"]
)
def test_other_urls_are_no_redis(url: str) -> None:
    assert mistakes_of(REDIS_URL=url).keys() == {"REDIS_URL"}


def test_origins_are_separated_by_commas_or_blanks() -> None:
    origins = "https://a.example.org, https://b.example.org\nhttp://localhost:3000"
    assert load_settings({"CORS_ORIGINS": origins}).cors_origins == tuple(
        origins.replace(",", "").split()
    )


def test_an_origin_ends_before_its_path() -> None:
    assert load_settings({"CORS_ORIGINS": "https://a.example.org/"}).cors_origins == (
        "https://a.example.org",
    )


@pytest.mark.parametrize(
    "origins",
    [
        "*",
        "null",
        "a.example.org",
        "https://a.example.org/pad",
        "https://u@a.example",
        "https://a:x",
    ],
)
def test_what_is_no_origin_is_a_mistake(origins: str) -> None:
    assert mistakes_of(CORS_ORIGINS=origins).keys() == {"CORS_ORIGINS"}


# Sign-in


def test_signing_in_needs_an_issuer_and_a_client() -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_settings({"OIDC_REALM": "pad"}, to_serve=True)
    assert caught.value.mistakes.keys() == {"OIDC_ISSUER", "OIDC_CLIENT_ID"}
    with pytest.raises(ConfigurationError) as caught:
        load_settings({"OIDC_ISSUER": "https://id.example.org"}, to_serve=True)
    assert caught.value.mistakes.keys() == {"OIDC_CLIENT_ID"}


def test_keycloaks_address_needs_its_realm() -> None:
    server = "https://id.example.org"
    assert mistakes_of(OIDC_SERVER_URL=server).keys() == {"OIDC_REALM"}
    settings = load_settings(
        {"OIDC_SERVER_URL": server, "OIDC_ISSUER": "https://other.example.org"}
    )
    assert settings.oidc_issuer == "https://other.example.org"


def test_blanks_around_a_servers_port_do_no_harm() -> None:
    settings = load_settings({"POSTGRES_PORT": "5433\n", "REDIS_PORT": " 6380 "})
    assert ":5433/" in settings.database_url
    assert ":6380/" in settings.redis_url


# Mistakes

MISTAKES = {
    "DATABASE_URL": "mysql://localhost",
    "POSTGRES_PORT": "0",
    "MIGRATION_DATABASE_URL": "sqlite://",
    "DB_POOL_MIN_SIZE": "-1",
    "DB_POOL_MAX_SIZE": "0",
    "DB_POOL_TIMEOUT": "0",
    "DB_STATEMENT_TIMEOUT": "nan",
    "DB_LOCK_TIMEOUT": "-3",
    "DB_TRANSACTION_POOLER": "perhaps",
    "REDIS_URL": "memcached://localhost",
    "REDIS_PORT": "65536",
    "REDIS_TLS_VERIFY": "sometimes",
    "REDIS_SENTINELS": "a.example.org:26379",
    "REDIS_TIMEOUT": "soon",
    "OIDC_ISSUER": "id.example.org",
    "OIDC_SERVER_URL": "ftp://id.example.org",
    "OIDC_SCOPES": "profile email",
    "OIDC_TIMEOUT": "inf",
    "REDIRECT_URI": "/auth/callback",
    "FRONTEND_URL": "javascript:alert(1)",
    "CORS_ORIGINS": "null",
    "TRUSTED_PROXIES": "11",
    "LINK_LIMIT": "many",
    "LINK_ADDRESS_LIMIT": "1 per",
    "LINK_PASSWORD_LIMIT": "many",
    "LOGIN_LIMIT": "many",
    "WRITE_LIMIT": "5 per blink",
    "SESSION_IDLE_MINUTES": "0",
    "SESSION_MAX_HOURS": "1.5",
    "STATIC_DIR": "/no/such/directory",
    "ASSETS_DIR": "/no/such/directory",
    "TEMPLATES_DIR": "/no/such/directory",
    "MAX_BODY_BYTES": "20MB",
    "LARGE_BYTES": "0",
    "LARGE_BYTES_PER_USER": "50 MB",
    "MAX_TAKEOUT_BYTES": "2GB",
    "TAKEOUT_DIR": "/no/such/directory",
    "MAX_PADS_PER_USER": "-1",
    "MAX_BYTES_PER_USER": "1GB",
    "MAX_BACKUPS_PER_USER": "0",
    "BACKUPS_HOURLY": "-1",
    "BACKUPS_DAILY": "-1",
    "BACKUPS_WEEKLY": "x",
    "BACKUPS_REPLACED_DAYS": "10001",
    "MIN_INTERVAL_MINUTES": "-5",
    "TRASH_DAYS": "-1",
    "DEFAULT_PAD_NAME": "x" * 101,
    "DEFAULT_TEMPLATE_NAME": "x" * 101,
    "MIGRATION_LOCK_TTL": "0",
    "MIGRATION_MAX_WAIT": "86401",
    "PADWS_ON_MIGRATION_FAILURE": "ignore",
    "LOG_LEVEL": "chatty",
    "LOG_FORMAT": "xml",
    "PICTURES_APART": "true",
    "ACCESS_LOG": "sometimes",
    "SLOW_REQUEST_MS": "-1",
    "SQL_COMMENTS": "some",
    "SERVE_BOARD": "perhaps",
    "HOST": "127.0.0.1:8000",
    "PORT": "70000",
    "WEB_CONCURRENCY": "abc",
    "WEB_THREADS": "0",
    "CLIENT_TIMEOUT": "0",
    "CONNECTIONS_PER_ADDRESS": "-1",
}


def test_every_setting_that_can_be_wrong_has_its_mistake_here() -> None:
    can_be_wrong = {
        name
        for name, each in SettingsSchema().fields.items()
        if not isinstance(each, fields.String) or each.validators
    }
    # A path of claims is at least one character, and a variable without any is not set.
    assert can_be_wrong - {"OIDC_ROLES_CLAIM"} == MISTAKES.keys()


def test_all_mistakes_are_told_at_once_each_in_a_line() -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_settings(MISTAKES)
    assert caught.value.mistakes.keys() == MISTAKES.keys()
    first, *lines = str(caught.value).splitlines()
    assert first == "The configuration has mistakes:"
    assert [line.split(":")[0].strip() for line in lines] == sorted(MISTAKES)
    assert all(line.endswith(".") for line in lines)


@pytest.mark.parametrize("name", MISTAKES)
def test_each_mistake_is_told_alone(name: str) -> None:
    assert mistakes_of(**{name: MISTAKES[name]}).keys() == {name}


def test_an_address_that_kubernetes_sets_is_told_as_such() -> None:
    mistakes = mistakes_of(REDIS_PORT="tcp://10.0.0.1:6379", POSTGRES_PORT="tcp://10.0.0.2:5432")
    assert mistakes.keys() == {"REDIS_PORT", "POSTGRES_PORT"}
    assert "enableServiceLinks" in mistakes["REDIS_PORT"][0]


def test_a_pools_minimum_cannot_exceed_its_maximum() -> None:
    sizes = {"DB_POOL_MIN_SIZE": "5", "DB_POOL_MAX_SIZE": "4"}
    assert mistakes_of(**sizes).keys() == {"DB_POOL_MIN_SIZE"}
    assert mistakes_of(DB_POOL_MAX_SIZE="1").keys() == {"DB_POOL_MIN_SIZE"}
    assert load_settings({**sizes, "DB_POOL_MAX_SIZE": "5"}).db_pool_min_size == 5


# Processes


@pytest.mark.parametrize(
    "text", ["0", "10000", "-1", "+2", "1.5", "1e3", "0x8", "1_0", "two", " 2", "2 ", "٣", "²"]
)
@pytest.mark.parametrize("name", ["WEB_CONCURRENCY", "WEB_THREADS"])
def test_a_number_of_processes_is_written_in_digits_alone(name: str, text: str) -> None:
    assert mistakes_of(**{name: text}) == {name: ["Not a whole number from 1 to 9999."]}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, ["127.0.0.1:8000"]),
        ({"PORT": ""}, ["127.0.0.1:8000"]),
        ({"PORT": "5000"}, ["0.0.0.0:5000"]),
        ({"PORT": "5000", "HOST": " "}, ["0.0.0.0:5000"]),
        ({"HOST": "0.0.0.0"}, ["0.0.0.0:8000"]),
        ({"PORT": "5000", "HOST": "127.0.0.1"}, ["127.0.0.1:5000"]),
        ({"PORT": "5000", "HOST": "::"}, ["[::]:5000"]),
        # What shells and compilers export is not an address.
        ({"HOST": "x86_64-conda-linux-gnu"}, ["127.0.0.1:8000"]),
        ({"PORT": "5000", "HOST": "pad.example.org"}, ["0.0.0.0:5000"]),
        (
            {"HOST": "[::1], 127.0.0.1 localhost"},
            ["[::1]:8000", "127.0.0.1:8000", "localhost:8000"],
        ),
    ],
    ids=str,
)
def test_what_is_listened_on(given: dict[str, str], expected: list[str]) -> None:
    assert load_settings(given).bind == expected


@pytest.mark.parametrize("host", ["*", "unix:/run/padws.sock", "1.2.3", "a b/c", ",", "[::"])
def test_what_is_no_address_is_a_mistake(host: str) -> None:
    assert mistakes_of(HOST=host).keys() == {"HOST"}


# Secrets


@pytest.mark.parametrize(
    "name", sorted(MISTAKES.keys() - {"DEFAULT_PAD_NAME", "DEFAULT_TEMPLATE_NAME", "HOST"})
)
@pytest.mark.parametrize(
    "value", ["hunter2", "postgresql://u:hunter2@[/db", "redis://:hunter2@localhost:x/0"]
)
def test_no_message_tells_a_value(name: str, value: str) -> None:
    """The value of one variable may hold the password that was meant for another."""
    with pytest.raises(ConfigurationError) as caught:
        load_settings({name: value})
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_passwords_are_not_in_the_settings_text() -> None:
    environ = {
        "MIGRATION_DATABASE_URL": "postgresql://u:hunter2@localhost/db",
        "POSTGRES_PASSWORD": "hunter2",
        "REDIS_PASSWORD": "hunter2",
        "OIDC_CLIENT_SECRET": "hunter2",
    }
    settings = load_settings(environ)
    assert "hunter2" in settings.database_url
    assert "hunter2" not in f"{settings} {settings!r}"
    secret = [name for name, value in vars(settings).items() if "hunter2" in str(value)]
    assert {"migration_database_url", "redis_url", "oidc_client_secret"} < set(secret)


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        load_settings({}).log_level = "debug"  # type: ignore[misc]
