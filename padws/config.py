"""Every setting, read from the environment, typed and checked once.

`Settings` declares them: a setting's variable is its name in capitals, and its description goes
into docs/configuration.md. All mistakes are reported together.
"""
# ruff: noqa: RUF009 - the functions of setting_kinds declare fields, as dataclasses.field does

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import quote

import orjson
from dotenv import dotenv_values
from marshmallow import EXCLUDE, Schema, ValidationError, post_load, pre_load, validates_schema
from marshmallow import fields as m
from marshmallow.validate import Length, Regexp

from padws import redis_url
from padws.json_text import JsonText
from padws.misspelt_variables import is_of_others, suggestions
from padws.setting_kinds import (
    Sentinels,
    callback_url,
    choice,
    directory,
    flag,
    libpq_url,
    listening_addresses,
    number,
    origins,
    parsed,
    plain_number,
    rate,
    redis_server_url,
    seconds,
    sentinels,
    tcp_port,
    text,
    web_url,
)

_PACKAGE = Path(__file__).resolve().parent
#: Where sql/, migrations/, templates/, wsgi.py and gunicorn.conf.py are: beside the package in a
#: checkout, inside it in an installed wheel.
ROOT = _PACKAGE / "share" if (_PACKAGE / "share").is_dir() else _PACKAGE.parent
#: Where `make board` puts the board's build.
BOARD = _PACKAGE / "board"

#: What is read where it is needed, not by SettingsSchema.
READ_ELSEWHERE = frozenset(("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_SERVICE_NAME", "PADWS_DATA_DIR"))


class ConfigurationError(Exception):
    """The environment is not a valid configuration; the message lists every mistake."""

    def __init__(self, mistakes: Mapping[str, list[str]]):
        self.mistakes = dict(mistakes)
        lines = [f"  {name}: {' '.join(texts)}" for name, texts in sorted(self.mistakes.items())]
        super().__init__("The configuration has mistakes:\n" + "\n".join(lines))


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The checked configuration: default and meaning of each setting; numbers with their limits."""

    # PostgreSQL

    database_url: str = libpq_url(
        "The PostgreSQL database, as a libpq URL; without it the POSTGRES_ names are used"
    )
    postgres_user: str = text("postgres", "Database user, without DATABASE_URL")
    postgres_password: str = text(
        "postgres", "Its password, with any characters, without DATABASE_URL", secret=True
    )
    postgres_db: str = text("pad", "Database name, without DATABASE_URL")
    postgres_host: str = text("localhost", "Database host, without DATABASE_URL")
    postgres_port: int = tcp_port(5432, "Database port, without DATABASE_URL")
    migration_database_url: str = libpq_url(
        "The database for migrations where DATABASE_URL goes through a pooler, or where another "
        "role migrates; the default is the service's own"
    )
    db_pool_min_size: int = number(2, 0, 1_000, "Database connections that each worker keeps open")
    db_pool_max_size: int = number(16, 1, 1_000, "Most database connections of each worker")
    db_pool_timeout: float = seconds(
        5, "Seconds a request waits for a connection before it is answered with 503"
    )
    db_statement_timeout: float = seconds(20, "Seconds after which PostgreSQL cancels a statement")
    db_lock_timeout: float = seconds(
        10, "Seconds a statement waits for a row that another one is writing"
    )
    db_transaction_pooler: bool = flag(
        False,
        "True behind a pooler in transaction mode (pgbouncer): no prepared statements, and "
        "time-outs are left to the role's settings",
    )

    # Redis

    redis_url: str = redis_server_url("Redis, as a URL; without it the REDIS_ names are used")
    redis_host: str = text("localhost", "Redis host, without REDIS_URL")
    redis_port: int = tcp_port(6379, "Redis port, without REDIS_URL")
    redis_password: str = text("", "Redis password, without REDIS_URL", secret=True)
    redis_tls_verify: bool = flag(
        True,
        "False accepts any certificate of Redis and of Sentinels (rediss): the connection is "
        "encrypted, but nothing proves that it leads to Redis. For a Redis whose certificate is "
        "self-signed, such as Heroku's",
    )
    redis_sentinels: Sentinels | None = parsed(
        sentinels,
        None,
        "Redis Sentinels and the name of the service, as `host:port,host:port/service`; they name "
        "the master, and of REDIS_URL only user, password, database and TLS (`rediss`) count",
    )
    redis_sentinel_password: str = text(
        "", "The Sentinels' own password, if they have one", secret=True
    )
    redis_timeout: float = seconds(
        2, "Seconds a request waits for Redis before it is answered with 503"
    )

    # Sign-in and sessions

    oidc_issuer: str = web_url("The OpenID provider's issuer")
    oidc_server_url: str = web_url("Keycloak's address; with OIDC_REALM it replaces OIDC_ISSUER")
    oidc_realm: str = text("", "Keycloak's realm")
    oidc_client_id: str = text("", "The client id of padws at the provider")
    oidc_client_secret: str = text("", "Its secret; empty for a public client", secret=True)
    oidc_scopes: str = text(
        "openid profile email",
        "Scopes asked for at sign-in",
        validate=Regexp(r"^(.* )?openid( .*)?$", error="Must contain openid."),
    )
    oidc_roles_claim: str = text(
        "realm_access.roles",
        "Path of the claim that lists a user's roles; `admin` makes administrators",
        validate=Length(min=1),
    )
    oidc_audience: str = text(
        "",
        "Audience that access tokens sent as bearer tokens must name; the default is "
        "OIDC_CLIENT_ID. A token issued to that client (`azp`) is accepted too",
    )
    oidc_timeout: float = seconds(10, "Seconds to wait for an answer from the provider")
    redirect_uri: str = callback_url(
        "Public address of /auth/callback; the default is made from the request's own address"
    )
    frontend_url: str = web_url(
        "Public address of the front end, where people land after signing out; its origin may "
        "write with the session cookie"
    )
    cors_origins: tuple[str, ...] = parsed(
        origins, (), "Further origins that may write with the session cookie"
    )
    trusted_proxies: int = number(
        0, 0, 10, "How many proxies in front set X-Forwarded-For, -Proto and -Host"
    )
    login_limit: str = parsed(
        rate, "600 per minute", "Requests to sign in from one address, across all instances"
    )
    write_limit: str = parsed(
        rate, "20000 per minute", "Changes by one user, counted by each worker for itself"
    )
    link_limit: str = parsed(
        rate, "6000 per minute", "Requests behind one share link, across all instances"
    )
    link_address_limit: str = parsed(
        rate, "1200 per minute", "Requests behind share links from one address, likewise"
    )
    link_password_limit: str = parsed(
        rate,
        "60 per minute",
        "Passwords of share links that are tried from one address, for one link, or given to new "
        "links by one user, likewise",
    )
    session_idle_minutes: int = number(
        720, 1, 525_600, "Minutes without a request after which a session ends"
    )
    session_max_hours: int = number(
        168, 1, 8_760, "Hours after sign-in when a session ends in any case"
    )

    # Front end and templates

    static_dir: Path | None = parsed(
        directory,
        None,
        "Another front end's build, served at / and /static; without it, the board or a small page",
    )
    serve_board: bool = flag(
        True,
        "Serve the board, padws's own front end, at / where it is built and STATIC_DIR names no "
        "other; false: a small page",
    )
    assets_dir: Path | None = parsed(
        directory, None, "Its assets, served at /assets; the default is STATIC_DIR/assets"
    )
    templates_dir: Path = parsed(
        directory,
        ROOT / "templates",
        "Drawings loaded as templates at start-up; the default is templates/",
    )
    coder_url: str = text("", "Handed to the front end")
    posthog_key: str = text("", "Handed to the front end", variable="VITE_PUBLIC_POSTHOG_KEY")
    posthog_host: str = text("", "Handed to the front end", variable="VITE_PUBLIC_POSTHOG_HOST")

    # Drawings and backups

    max_body_bytes: int = number(
        20_000_000,
        1_000,
        200_000_000,
        "Largest request body, and largest scene with its numbers written out",
    )
    large_bytes: int = number(
        200_000_000,
        1_000_000,
        None,
        "Bytes of large bodies and answers (over 256 KB) that each worker has in memory at once; "
        "a request for more waits for up to two seconds and is then answered with 429",
    )
    large_bytes_per_user: int = number(
        50_000_000, 1_000_000, None, "How many of these bytes one user may take up"
    )
    max_backups_per_user: int = number(
        10, 1, 1_000, "Newest backups kept of each pad (the name is pad.ws's)"
    )
    backups_hourly: int = number(
        24, 0, 10_000, "Hours of which the newest backup of each is kept beside them; 0: none"
    )
    backups_daily: int = number(
        30, 0, 10_000, "Days of which the newest backup of each is kept beside them; 0: none"
    )
    backups_weekly: int = number(
        52, 0, 10_000, "Weeks of which the newest backup of each is kept beside them; 0: none"
    )
    backups_replaced_days: int = number(
        30,
        0,
        10_000,
        "Days for which backups of what was replaced are kept beside them, at most 20 of a pad "
        "that saves and 20 that merges made; 0: none",
    )
    min_interval_minutes: int = number(
        5, 0, 525_600, "Minutes between two automatic backups of a pad"
    )
    trash_days: int = number(
        30, 0, 36_500, "Days that a deleted pad is kept in the trash; 0: it is deleted at once"
    )
    max_takeout_bytes: int = number(
        2_000_000_000,
        1_000_000,
        None,
        "Largest takeout that can be brought in; unpacked it may have ten times as many bytes. "
        "Meanwhile it is kept in the system's temporary directory (TMPDIR)",
    )
    takeout_dir: Path | None = parsed(
        directory,
        None,
        "Where a takeout of all that a user has is written before the user is deleted; without it "
        "nothing is kept",
    )
    max_pads_per_user: int = number(1_000, 0, None, "Most pads of one user; 0: any number")
    max_bytes_per_user: int = number(
        1_000_000_000,
        0,
        None,
        "Most bytes that pads, backups, pictures and the trash of one user may take, as they are "
        "stored; 0: any number",
    )
    pictures_apart: str = choice(
        "auto",
        ("auto", "on", "off"),
        "`on` keeps pictures apart from scenes, each once for all drawings and backups of a user; "
        "`off` keeps new ones in scenes; `auto` is `on` in a database that began without drawings. "
        "Before `on`, read docs/migrations.md: earlier releases do not see pictures that are apart",
    )
    default_pad_name: str = text(
        "Untitled", "Name of a pad that is created without one", validate=Length(1, 100)
    )
    default_template_name: str = text(
        "default", "Template that a user's first pad starts from", validate=Length(1, 100)
    )

    # Migrations, log and metrics

    migration_lock_ttl: float = seconds(
        120, "Seconds that the Redis lock of a migration lasts unless it is renewed"
    )
    migration_max_wait: float = seconds(
        300, "Seconds to wait for another instance that migrates, or for a lock"
    )
    on_migration_failure: str = choice(
        "stop",
        ("stop", "continue"),
        "`continue` lets gunicorn start after a failed migration, with a warning",
        variable="PADWS_ON_MIGRATION_FAILURE",
    )
    log_level: str = choice(
        "info", ("debug", "info", "warning", "error"), "Lowest severity that is logged"
    )
    log_format: str = choice(
        "text", ("text", "json"), "`text` for people, `json` for a JSON object on each line"
    )
    access_log: bool = flag(
        True, "A line for every request; `false` keeps only those that failed or were slow"
    )
    slow_request_ms: int = number(
        1_000,
        0,
        86_400_000,
        "Milliseconds from which a request is logged as a warning, without the time its body took "
        "to arrive; 0: never",
    )
    sql_comments: bool = flag(
        False,
        "True puts the request's id before each statement, where pg_stat_activity shows it. "
        "Statements are then not prepared, which costs time: docs/monitoring.md says how much",
    )
    metrics_token: str = text(
        "", "Bearer token that /metrics requires; without one, anyone may read it", secret=True
    )

    # Processes

    host: tuple[str, ...] = parsed(
        listening_addresses,
        ("127.0.0.1",),
        "Addresses of this machine to listen on, separated by commas. Where PORT is set and HOST "
        "is not: 0.0.0.0, all of IPv4. `::` is all of IPv6, and usually of IPv4 as well",
    )
    port: int = tcp_port(8000, "Port to listen on")
    web_concurrency: int = plain_number(2, 1, 9_999, "Worker processes")
    web_threads: int = plain_number(
        400,
        1,
        9_999,
        "Threads of each worker for requests that have arrived, and half as many for large ones "
        "that are still arriving",
    )
    client_timeout: float = seconds(
        30,
        "Seconds a client has to send a request's head. It may pause for as long while it sends a "
        "body or reads an answer, and must average 1,000 bytes per second",
    )
    connections_per_address: int = plain_number(
        250,
        0,
        60_000,
        "Connections that one address (IPv6: a /64) may have to each worker; a further one closes "
        "the one that has waited longest. Not counted with TRUSTED_PROXIES; 0: any number",
    )
    metrics_dir: str = text(
        "",
        "Where the workers keep their common counters, each gunicorn in a directory of its own; "
        "best in memory. The default is /dev/shm, else the system's temporary directory",
    )

    @property
    def bind(self) -> list[str]:
        """What gunicorn listens on."""
        return [
            f"[{each}]:{self.port}" if ":" in each else f"{each}:{self.port}" for each in self.host
        ]

    @property
    def board_dir(self) -> Path | None:
        """The board's build, if that is what is served."""
        is_served = self.serve_board and not self.static_dir and (BOARD / "index.html").is_file()
        return BOARD if is_served else None

    @property
    def limits(self) -> dict[str, int]:
        """What one user may have at most, as the table pad_ws.limits has it; 0: any number."""
        return {"pads": self.max_pads_per_user, "bytes": self.max_bytes_per_user}

    @property
    def backup_interval(self) -> timedelta:
        """How old a pad's newest backup must be before a save takes another."""
        return timedelta(minutes=self.min_interval_minutes)

    @property
    def trash_for(self) -> timedelta:
        """How long a deleted pad is kept in the trash."""
        return timedelta(days=self.trash_days)

    @cached_property
    def retention(self) -> JsonText:
        """Which backups of a pad are kept, for sql/functions/prune_history.sql."""
        return JsonText(
            orjson.dumps(
                {
                    "newest": self.max_backups_per_user,
                    "hourly": self.backups_hourly,
                    "daily": self.backups_daily,
                    "weekly": self.backups_weekly,
                    "replaced_days": self.backups_replaced_days,
                }
            )
        )


class _Environment(Schema):
    """Rules between the variables, and the settings they make together."""

    class Meta:
        unknown = EXCLUDE

    @pre_load
    def _listen_where_the_platform_says(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        """A platform that sets PORT connects from outside this machine."""
        given = {name: value for name, value in data.items() if not is_of_others(name, value)}
        return {"HOST": "0.0.0.0", **given} if "PORT" in data else given  # noqa: S104

    @validates_schema(skip_on_field_errors=False)
    def _issuer_whole(self, data: dict[str, Any], **_: Any) -> None:
        if data.get("oidc_server_url") and not (data.get("oidc_realm") or data.get("oidc_issuer")):
            raise ValidationError("Missing: OIDC_SERVER_URL needs it.", "OIDC_REALM")

    @validates_schema(skip_on_field_errors=False)
    def _room_for_a_body(self, data: dict[str, Any], **_: Any) -> None:
        if data.get("large_bytes", 10**9) < 2 * data.get("max_body_bytes", 0):
            raise ValidationError("Less than twice MAX_BODY_BYTES.", "LARGE_BYTES")

    @validates_schema(skip_on_field_errors=False)
    def _pool_sizes(self, data: dict[str, Any], **_: Any) -> None:
        if data.get("db_pool_min_size", 0) > data.get("db_pool_max_size", 1000):
            raise ValidationError("More than DB_POOL_MAX_SIZE.", "DB_POOL_MIN_SIZE")

    @post_load
    def _settings(self, data: dict[str, Any], **_: Any) -> Settings:
        """The settings, with the URLs that were not given put together."""
        data["database_url"] = data["database_url"] or _postgres_url(data)
        data["migration_database_url"] = data["migration_database_url"] or data["database_url"]
        data["redis_url"] = data["redis_url"] or _redis_url(data)
        if not data["redis_tls_verify"]:
            data["redis_url"] = redis_url.unverified(data["redis_url"])
        data["oidc_issuer"] = data["oidc_issuer"] or _keycloak_issuer(data)
        data["assets_dir"] = data["assets_dir"] or _assets_of(data["static_dir"])
        return Settings(**data)


def _variables() -> dict[str, m.Field[Any]]:
    """The marshmallow field of each environment variable, leading to the setting it fills."""
    variables = {}
    for setting in fields(Settings):
        variable = setting.metadata["variable"] or setting.name.upper()
        variables[variable] = setting.metadata["field"]
        variables[variable].attribute = setting.name
    return variables


SettingsSchema = _Environment.from_dict(_variables(), name="SettingsSchema")


def _postgres_url(data: Mapping[str, Any]) -> str:
    user, password, name, host = (
        quote(data[f"postgres_{part}"], safe="") for part in ("user", "password", "db", "host")
    )
    return f"postgresql://{user}:{password}@{host}:{data['postgres_port']}/{name}"


def _redis_url(data: Mapping[str, Any]) -> str:
    password = quote(data["redis_password"], safe="")
    access = f":{password}@" if password else ""
    host = f"[{data['redis_host']}]" if ":" in data["redis_host"] else data["redis_host"]  # IPv6
    return f"redis://{access}{host}:{data['redis_port']}/0"


def _keycloak_issuer(data: Mapping[str, Any]) -> str:
    server = data["oidc_server_url"].rstrip("/")
    return f"{server}/realms/{quote(data['oidc_realm'], safe='')}" if server else ""


def _assets_of(static_dir: Path | None) -> Path | None:
    assets = static_dir / "assets" if static_dir else None
    return assets if assets and assets.is_dir() else None


def environment() -> dict[str, str]:
    """The variables that are set, in the environment or in a file `.env`."""
    given = {**{k: v for k, v in dotenv_values(".env").items() if v}, **os.environ}
    return {name: value for name, value in given.items() if value.strip()}


def known_variables() -> frozenset[str]:
    """The names of all variables that padws reads, here or where they are needed."""
    return frozenset(SettingsSchema().fields) | READ_ELSEWHERE


def load_settings(environ: Mapping[str, str] | None = None, *, to_serve: bool = False) -> Settings:
    """The settings from `environ`, or from the process's environment over a `.env` file.

    An empty variable counts as not set. Raises ConfigurationError; with `to_serve`, also if nobody
    could sign in.
    """
    environ = environment() if environ is None else environ
    given = {name: value for name, value in environ.items() if value.strip()}
    mistakes = _unfit_to_serve(given) if to_serve else {}
    try:
        settings: Settings = SettingsSchema().load(given)
    except ValidationError as error:
        mistakes = error.messages_dict | mistakes
    if not mistakes:
        return settings
    for name, meant in suggestions(given, known_variables()).items():
        mistakes[name] = [f"Not a setting of padws; did you mean {meant}?"]
    raise ConfigurationError(mistakes) from None


def _unfit_to_serve(given: Mapping[str, str]) -> dict[str, list[str]]:
    """Mistakes that matter only for serving, not for migrating."""
    mistakes = {}
    if not ("OIDC_ISSUER" in given or "OIDC_SERVER_URL" in given):
        mistakes["OIDC_ISSUER"] = ["Missing (or OIDC_SERVER_URL and OIDC_REALM)."]
    if "OIDC_CLIENT_ID" not in given:
        mistakes["OIDC_CLIENT_ID"] = ["Missing."]
    if "METRICS_DIR" in given and not os.access(given["METRICS_DIR"], os.W_OK | os.X_OK):
        mistakes["METRICS_DIR"] = ["Not a directory in which files can be created."]
    return mistakes
