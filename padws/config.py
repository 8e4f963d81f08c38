"""Every setting, read from the environment, typed and checked once.

`SettingsSchema` is the list: a field's `data_key` is the environment variable, its `load_default`
the default, its description the text in docs/configuration.md. All mistakes are reported together.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import limits
import psycopg
from dotenv import dotenv_values
from marshmallow import EXCLUDE, Schema, ValidationError, post_load, pre_load, validates_schema
from marshmallow import fields as m
from marshmallow.validate import Length, OneOf, Range, Regexp
from psycopg.conninfo import conninfo_to_dict

from padws import redis_url
from padws.misspelt import suggestions
from padws.origins import origin_of
from padws.session_settings import UnusableParameter, named_parameters

_PACKAGE = Path(__file__).resolve().parent
#: Where sql/, migrations/, templates/, wsgi.py and gunicorn.conf.py lie: beside the package in a
#: checkout, inside it where a wheel was installed.
ROOT = _PACKAGE / "share" if (_PACKAGE / "share").is_dir() else _PACKAGE.parent


#: What is read where it is needed, not by SettingsSchema.
READ_ELSEWHERE = frozenset(("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_SERVICE_NAME", "PADWS_DATA_DIR"))


class ConfigurationError(Exception):
    """The environment does not make a configuration; the message names every mistake."""

    def __init__(self, mistakes: Mapping[str, list[str]]):
        self.mistakes = dict(mistakes)
        lines = [f"  {name}: {' '.join(texts)}" for name, texts in sorted(self.mistakes.items())]
        super().__init__("The configuration has mistakes:\n" + "\n".join(lines))


@dataclass(frozen=True)
class Sentinels:
    """Where Redis Sentinel is asked, and for the master of which service."""

    addresses: tuple[tuple[str, int], ...]
    service: str


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The checked configuration; `SettingsSchema` says what each value means."""

    database_url: str = field(repr=False)
    migration_database_url: str = field(repr=False)
    db_pool_min_size: int
    db_pool_max_size: int
    db_pool_timeout: float
    db_statement_timeout: float
    db_lock_timeout: float
    db_transaction_pooler: bool

    redis_url: str = field(repr=False)
    redis_sentinels: Sentinels | None
    redis_sentinel_password: str = field(repr=False)
    redis_timeout: float

    oidc_issuer: str
    oidc_client_id: str
    oidc_client_secret: str = field(repr=False)
    oidc_scopes: str
    oidc_roles_claim: str
    oidc_audience: str
    oidc_timeout: float
    redirect_uri: str
    frontend_url: str
    cors_origins: tuple[str, ...]
    trusted_proxies: int
    login_limit: str
    write_limit: str
    session_idle_minutes: int
    session_max_hours: int

    static_dir: Path | None
    assets_dir: Path | None
    templates_dir: Path
    coder_url: str
    posthog_key: str
    posthog_host: str

    max_body_bytes: int
    large_bytes: int
    large_bytes_per_user: int
    max_backups_per_user: int
    min_interval_minutes: int
    default_pad_name: str
    default_template_name: str

    migration_lock_ttl: float
    migration_max_wait: float
    on_migration_failure: str
    log_level: str
    log_format: str
    access_log: bool
    slow_request_ms: int
    sql_comments: bool
    metrics_token: str = field(repr=False)

    host: tuple[str, ...]
    port: int
    web_concurrency: int
    web_threads: int
    client_timeout: float
    connections_per_address: int
    metrics_dir: str

    @property
    def bind(self) -> list[str]:
        """What gunicorn listens on."""
        return [
            f"[{each}]:{self.port}" if ":" in each else f"{each}:{self.port}" for each in self.host
        ]

    @property
    def backup_interval(self) -> timedelta:
        """How old a pad's newest backup has to be before a save takes another."""
        return timedelta(minutes=self.min_interval_minutes)


_WHOLE_NUMBERS = {
    "connect_timeout",
    "keepalives",
    "keepalives_count",
    "keepalives_idle",
    "keepalives_interval",
    "tcp_user_timeout",
}


class Url(m.String):
    """A URL with one of the given schemes; nothing is looked up."""

    def __init__(self, *schemes: str, **kwargs: Any):
        super().__init__(**kwargs)
        self.schemes = schemes

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> str:
        url = str(super()._deserialize(value, *args, **kwargs))
        if not url.startswith(tuple(f"{scheme}://" for scheme in self.schemes)):
            raise ValidationError(f"Not a URL that starts with {' or '.join(self.schemes)}://.")
        try:
            self.check(url)
        except (ValueError, psycopg.ProgrammingError) as error:
            raise ValidationError("Not a readable URL.") from error
        return url

    def check(self, url: str) -> None:
        """Raise ValueError when `url` cannot be taken apart."""
        _ = urlsplit(url).port


class DatabaseUrl(Url):
    """A libpq URL: several hosts and connection parameters are allowed."""

    def __init__(self, **kwargs: Any):
        super().__init__("postgresql", "postgres", **kwargs)

    def check(self, url: str) -> None:
        """Raise psycopg.ProgrammingError when libpq cannot read `url`."""
        given = conninfo_to_dict(url)
        try:
            named_parameters(url)
        except UnusableParameter as error:
            raise ValidationError(str(error)) from error
        for name in _WHOLE_NUMBERS & given.keys():
            if not re.fullmatch(r"\s*-?\d+\s*", str(given[name])):
                raise ValidationError(f"Its parameter {name} is not a whole number.")


class RedisUrl(Url):
    """A URL that redis-py can use."""

    def __init__(self, **kwargs: Any):
        super().__init__("redis", "rediss", "unix", **kwargs)

    def check(self, url: str) -> None:
        """Raise ValidationError when redis-py would refuse it, now or at the first request."""
        mistake = redis_url.mistake_in(url)
        if mistake:
            raise ValidationError(mistake)


class Port(m.Integer):
    """The number of a port."""

    def __init__(self, **kwargs: Any):
        super().__init__(validate=Range(1, 65535), **kwargs)

    def _validated(self, value: Any) -> Any:
        if str(value).startswith("tcp://"):
            raise ValidationError(
                "An address, as Kubernetes sets it for a service of that name; "
                "`enableServiceLinks: false` keeps it from doing so."
            )
        return super()._validated(value)


class RedirectUri(Url):
    """An address at which padws takes people back from the provider, perhaps behind a prefix."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> str:
        url = super()._deserialize(value, *args, **kwargs)
        path = urlsplit(url).path
        ends_well = path.endswith("/auth/callback") and not path.endswith("/api/auth/callback")
        if not ends_well or "//" in path or "#" in url:
            raise ValidationError(
                "Leads nowhere: it has to end with /auth/callback, without /api before that, as in "
                "https://pad.example.org/auth/callback. The provider has to know the same address."
            )
        return url


class SentinelList(m.String):
    """Addresses of Sentinels and a service's name: `host:port,host:port/service`."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Sentinels:  # type: ignore[override]
        text = super()._deserialize(value, *args, **kwargs)
        addresses, _, service = text.partition("/")
        try:
            parts = [urlsplit(f"//{each.strip()}") for each in addresses.split(",")]
            found = [(part.hostname or "", part.port or 26379) for part in parts]
        except ValueError:
            found = [("", 0)]
        if not (re.fullmatch(r"[\w.-]+", service) and all(host for host, _ in found)):
            raise ValidationError(
                "Not Sentinels such as a.example.org:26379,b.example.org/mymaster."
            )
        return Sentinels(tuple(found), service)


class Directory(m.String):
    """An existing directory."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Path:  # type: ignore[override]
        path = Path(super()._deserialize(value, *args, **kwargs))
        if not path.is_dir():
            raise ValidationError("No such directory.")
        return path.resolve()


class Count(m.Integer):
    """A whole number in plain digits: what int() takes beside them is a slip of the hand."""

    def __init__(self, lowest: int, highest: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.lowest, self.highest = lowest, highest

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> int:
        if re.fullmatch("[0-9]{1,9}", str(value)) and self.lowest <= int(value) <= self.highest:
            return int(value)
        raise ValidationError(f"Not a whole number from {self.lowest} to {self.highest}.")


class Addresses(m.String):
    """IP addresses of this machine, or localhost, separated by commas or blanks."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> tuple[str, ...]:  # type: ignore[override]
        words = super()._deserialize(value, *args, **kwargs).replace(",", " ").split()
        addresses = tuple(re.sub(r"^\[(.*)\]$", r"\1", word) for word in words)
        try:
            known = [ip_address("::1" if each == "localhost" else each) for each in addresses]
        except ValueError:
            known = []
        if not known:
            raise ValidationError("Not addresses such as 127.0.0.1, 0.0.0.0 or ::.")
        return addresses


class Limit(m.String):
    """How many in which time, such as `300 per minute`."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> str:
        limit = str(super()._deserialize(value, *args, **kwargs))
        try:
            limits.parse(limit)
        except ValueError as error:
            raise ValidationError("Not a limit such as `300 per minute`.") from error
        return limit


class Origins(m.String):
    """Origins (scheme, host and port), separated by commas or blanks; as browsers write them."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> tuple[str, ...]:  # type: ignore[override]
        words = super()._deserialize(value, *args, **kwargs).replace(",", " ").split()
        written = [re.fullmatch(r"(?i)https?://[^/?#@]+/*", word) for word in words]
        origins = [origin_of(each[0]) if each else None for each in written]
        if not all(origins):
            raise ValidationError("Not origins such as https://pad.example.org.")
        return tuple(origin for origin in origins if origin)


_MACHINE = re.compile(r"[A-Za-z][\w-]*(\.[\w-]+)*", re.ASCII)


def _about(description: str) -> dict[str, str]:
    return {"description": description}


_WEB = ("http", "https")
_SECONDS = Range(min=0, min_inclusive=False, max=86_400)


class SettingsSchema(Schema):
    """The environment variables padws knows."""

    class Meta:  # noqa: D106
        unknown = EXCLUDE

    DATABASE_URL = DatabaseUrl(
        metadata=_about(
            "The PostgreSQL database, as a libpq URL; without it the POSTGRES_ names are used"
        ),
    )
    POSTGRES_USER = m.String(
        load_default="postgres", metadata=_about("Database user, without DATABASE_URL")
    )
    POSTGRES_PASSWORD = m.String(
        load_default="postgres",
        metadata=_about("Its password, any character, without DATABASE_URL"),
    )
    POSTGRES_DB = m.String(
        load_default="pad", metadata=_about("Database name, without DATABASE_URL")
    )
    POSTGRES_HOST = m.String(
        load_default="localhost", metadata=_about("Database host, without DATABASE_URL")
    )
    POSTGRES_PORT = Port(
        load_default=5432,
        metadata=_about("Database port, without DATABASE_URL"),
    )
    MIGRATION_DATABASE_URL = DatabaseUrl(
        metadata=_about(
            "The database for migrations where DATABASE_URL goes through a pooler, or where "
            "another role migrates; the default is the service's own"
        ),
    )
    DB_POOL_MIN_SIZE = m.Integer(
        load_default=2,
        validate=Range(0, 1000),
        metadata=_about("Database connections that each worker keeps open"),
    )
    DB_POOL_MAX_SIZE = m.Integer(
        load_default=16,
        validate=Range(1, 1000),
        metadata=_about("Most database connections of each worker"),
    )
    DB_POOL_TIMEOUT = m.Float(
        load_default=5.0,
        validate=_SECONDS,
        metadata=_about("Seconds a request waits for a connection before it is answered with 503"),
    )
    DB_STATEMENT_TIMEOUT = m.Float(
        load_default=20.0,
        validate=_SECONDS,
        metadata=_about("Seconds after which PostgreSQL cancels a statement"),
    )
    DB_LOCK_TIMEOUT = m.Float(
        load_default=10.0,
        validate=_SECONDS,
        metadata=_about("Seconds a statement waits for a row another one is writing"),
    )
    DB_TRANSACTION_POOLER = m.Boolean(
        load_default=False,
        metadata=_about(
            "True behind a pooler in transaction mode (pgbouncer): no prepared statements, and "
            "time-outs are left to the role's settings"
        ),
    )

    REDIS_URL = RedisUrl(
        metadata=_about("Redis, as a URL; without it the REDIS_ names are used"),
    )
    REDIS_HOST = m.String(
        load_default="localhost", metadata=_about("Redis host, without REDIS_URL")
    )
    REDIS_PORT = Port(
        load_default=6379,
        metadata=_about("Redis port, without REDIS_URL"),
    )
    REDIS_PASSWORD = m.String(load_default="", metadata=_about("Redis password, without REDIS_URL"))
    REDIS_TLS_VERIFY = m.Boolean(
        load_default=True,
        metadata=_about(
            "False takes any certificate of Redis and of Sentinels (rediss): what goes there is "
            "encrypted, but nobody makes sure that it is Redis. For a Redis whose certificate is "
            "self-signed, such as Heroku's"
        ),
    )
    REDIS_SENTINELS = SentinelList(
        metadata=_about(
            "Redis Sentinels and the name of the service, as `host:port,host:port/service`; they "
            "say which Redis is the master, and of REDIS_URL only user, password, database and "
            "TLS (`rediss`) count"
        ),
    )
    REDIS_SENTINEL_PASSWORD = m.String(
        load_default="", metadata=_about("The Sentinels' own password, where they have one")
    )
    REDIS_TIMEOUT = m.Float(
        load_default=2.0,
        validate=_SECONDS,
        metadata=_about("Seconds a request waits for Redis before it is answered with 503"),
    )

    OIDC_ISSUER = Url(*_WEB, metadata=_about("The OpenID provider's issuer"))
    OIDC_SERVER_URL = Url(
        *_WEB, metadata=_about("Keycloak's address; with OIDC_REALM it makes OIDC_ISSUER")
    )
    OIDC_REALM = m.String(load_default="", metadata=_about("Keycloak's realm"))
    OIDC_CLIENT_ID = m.String(
        load_default="", metadata=_about("The client that padws is at the provider")
    )
    OIDC_CLIENT_SECRET = m.String(
        load_default="", metadata=_about("Its secret; empty for a public client")
    )
    OIDC_SCOPES = m.String(
        load_default="openid profile email",
        validate=Regexp(r"^(.* )?openid( .*)?$", error="Has to contain openid."),
        metadata=_about("Scopes asked for at sign-in"),
    )
    OIDC_ROLES_CLAIM = m.String(
        load_default="realm_access.roles",
        validate=Length(min=1),
        metadata=_about(
            "Path of the claim that lists a user's roles; `admin` makes administrators"
        ),
    )
    OIDC_AUDIENCE = m.String(
        load_default="",
        metadata=_about(
            "Audience that access tokens sent as bearer tokens have to name; the default is "
            "OIDC_CLIENT_ID. A token issued to that client (`azp`) is taken too"
        ),
    )
    OIDC_TIMEOUT = m.Float(
        load_default=10.0,
        validate=_SECONDS,
        metadata=_about("Seconds to wait for an answer of the provider"),
    )
    REDIRECT_URI = RedirectUri(
        *_WEB,
        load_default="",
        metadata=_about(
            "Public address of /auth/callback; the default is made from the request's own address"
        ),
    )
    FRONTEND_URL = Url(
        *_WEB,
        load_default="",
        metadata=_about(
            "Public address of the front end, where people land after signing out; its origin may "
            "write with the session cookie"
        ),
    )
    CORS_ORIGINS = Origins(
        load_default=(), metadata=_about("Further origins that may write with the session cookie")
    )
    TRUSTED_PROXIES = m.Integer(
        load_default=0,
        validate=Range(0, 10),
        metadata=_about("How many proxies in front set X-Forwarded-For, -Proto and -Host"),
    )
    LOGIN_LIMIT = Limit(
        load_default="600 per minute",
        metadata=_about("Requests to sign in from one address, over all instances"),
    )
    WRITE_LIMIT = Limit(
        load_default="20000 per minute",
        metadata=_about("Changes by one user, counted by each worker for itself"),
    )
    SESSION_IDLE_MINUTES = m.Integer(
        load_default=720,
        validate=Range(1, 525_600),
        metadata=_about("Minutes without a request after which a session ends"),
    )
    SESSION_MAX_HOURS = m.Integer(
        load_default=168,
        validate=Range(1, 8_760),
        metadata=_about("Hours after sign-in when a session ends in any case"),
    )

    STATIC_DIR = Directory(
        metadata=_about("The front end's build, served at / and /static; none: a small page")
    )
    ASSETS_DIR = Directory(
        metadata=_about("Its assets, served at /assets; the default is STATIC_DIR/assets")
    )
    TEMPLATES_DIR = Directory(
        load_default=ROOT / "templates",
        metadata=_about("Drawings loaded as templates at start-up; the default is templates/"),
    )
    CODER_URL = m.String(load_default="", metadata=_about("Handed to the front end"))
    VITE_PUBLIC_POSTHOG_KEY = m.String(load_default="", metadata=_about("Handed to the front end"))
    VITE_PUBLIC_POSTHOG_HOST = m.String(load_default="", metadata=_about("Handed to the front end"))

    MAX_BODY_BYTES = m.Integer(
        load_default=20_000_000,
        validate=Range(1_000, 200_000_000),
        metadata=_about("Largest request body, and largest scene with its numbers written out"),
    )
    LARGE_BYTES = m.Integer(
        load_default=200_000_000,
        validate=Range(1_000_000),
        metadata=_about(
            "Bytes of large bodies and answers (over 256 KB) that each worker has in memory at "
            "once; a request for more waits for two seconds and is answered with 429 then"
        ),
    )
    LARGE_BYTES_PER_USER = m.Integer(
        load_default=50_000_000,
        validate=Range(1_000_000),
        metadata=_about("How many of these one user may take up"),
    )
    MAX_BACKUPS_PER_USER = m.Integer(
        load_default=10,
        validate=Range(1, 1000),
        metadata=_about("Newest backups kept of each pad (the name is pad.ws's)"),
    )
    MIN_INTERVAL_MINUTES = m.Integer(
        load_default=5,
        validate=Range(0, 525_600),
        metadata=_about("Minutes between two automatic backups of a pad"),
    )
    DEFAULT_PAD_NAME = m.String(
        load_default="Untitled",
        validate=Length(1, 100),
        metadata=_about("Name of a pad that is made without one"),
    )
    DEFAULT_TEMPLATE_NAME = m.String(
        load_default="default",
        validate=Length(1, 100),
        metadata=_about("Template that a user's first pad starts from"),
    )

    MIGRATION_LOCK_TTL = m.Float(
        load_default=120.0,
        validate=_SECONDS,
        metadata=_about("Seconds the Redis lock of a migration lives unless it is renewed"),
    )
    MIGRATION_MAX_WAIT = m.Float(
        load_default=300.0,
        validate=_SECONDS,
        metadata=_about("Seconds to wait for another instance that migrates, or for a lock"),
    )
    PADWS_ON_MIGRATION_FAILURE = m.String(
        load_default="stop",
        validate=OneOf(["stop", "continue"]),
        metadata=_about("`continue` lets gunicorn start on a failed migration, with a warning"),
    )
    LOG_LEVEL = m.String(
        load_default="info",
        validate=OneOf(["debug", "info", "warning", "error"]),
        metadata=_about("Least severity that is logged"),
    )
    LOG_FORMAT = m.String(
        load_default="text",
        validate=OneOf(["text", "json"]),
        metadata=_about("`text` for people, `json` for a JSON object on each line"),
    )
    ACCESS_LOG = m.Boolean(
        load_default=True,
        metadata=_about("A line for every request; `false` leaves those that failed or were slow"),
    )
    SLOW_REQUEST_MS = m.Integer(
        load_default=1000,
        validate=Range(0, 86_400_000),
        metadata=_about(
            "Milliseconds from which a request is logged as a warning, without the time its body "
            "took to arrive; 0: never"
        ),
    )
    SQL_COMMENTS = m.Boolean(
        load_default=False,
        metadata=_about(
            "True puts the request's id before each statement, to be seen in pg_stat_activity. "
            "Statements are not prepared then, which costs: docs/monitoring.md says how much"
        ),
    )
    METRICS_TOKEN = m.String(
        load_default="",
        metadata=_about("What /metrics wants to see as a bearer token; none: anyone may ask"),
    )

    HOST = Addresses(
        load_default=("127.0.0.1",),
        metadata=_about(
            "Addresses of this machine to listen on, separated by commas. Where PORT is set and "
            "HOST is not: 0.0.0.0, all of IPv4. `::` is all of IPv6, and mostly of IPv4 as well"
        ),
    )
    PORT = Count(1, 65_535, load_default=8000, metadata=_about("Port to listen on"))
    WEB_CONCURRENCY = Count(1, 9_999, load_default=2, metadata=_about("Worker processes"))
    WEB_THREADS = Count(
        1,
        9_999,
        load_default=400,
        metadata=_about(
            "Threads of each worker for requests that are there, and half as many for large ones "
            "that are still on their way"
        ),
    )
    CLIENT_TIMEOUT = m.Float(
        load_default=30.0,
        validate=_SECONDS,
        metadata=_about(
            "Seconds a client has to send a request's head. It may pause as long while it sends a "
            "body or reads an answer, and must average 1,000 bytes a second"
        ),
    )
    CONNECTIONS_PER_ADDRESS = Count(
        0,
        60_000,
        load_default=250,
        metadata=_about(
            "Connections that one address (IPv6: a /64) may have to each worker; a further one "
            "closes the one that has waited longest. Not with TRUSTED_PROXIES; 0: any number"
        ),
    )
    METRICS_DIR = m.String(
        load_default="",
        metadata=_about(
            "Where the workers count together, each gunicorn in a directory of its own; best in "
            "memory. The default is /dev/shm, else the system's temporary directory"
        ),
    )

    @pre_load
    def _listen_where_the_platform_says(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        """A platform that sets PORT connects from outside of this machine."""
        given = {name: value for name, value in data.items() if not is_of_others(name, value)}
        return {"HOST": "0.0.0.0", **given} if "PORT" in data else given  # noqa: S104

    @validates_schema(skip_on_field_errors=False)
    def _issuer_whole(self, data: dict[str, Any], **_: Any) -> None:
        if "OIDC_SERVER_URL" in data and not data.get("OIDC_REALM") and "OIDC_ISSUER" not in data:
            raise ValidationError("Missing: OIDC_SERVER_URL needs it.", "OIDC_REALM")

    @validates_schema(skip_on_field_errors=False)
    def _room_for_a_body(self, data: dict[str, Any], **_: Any) -> None:
        if data.get("LARGE_BYTES", 10**9) < 2 * data.get("MAX_BODY_BYTES", 0):
            raise ValidationError("Less than twice MAX_BODY_BYTES.", "LARGE_BYTES")

    @validates_schema(skip_on_field_errors=False)
    def _pool_sizes(self, data: dict[str, Any], **_: Any) -> None:
        if data.get("DB_POOL_MIN_SIZE", 0) > data.get("DB_POOL_MAX_SIZE", 1000):
            raise ValidationError("More than DB_POOL_MAX_SIZE.", "DB_POOL_MIN_SIZE")

    @post_load
    def _settings(self, data: dict[str, Any], **_: Any) -> Settings:
        """Settings from the variables: the URLs put together, the rest by the same name."""
        values = {name.lower(): value for name, value in data.items()}
        values["database_url"] = data.get("DATABASE_URL") or _postgres_url(data)
        values["migration_database_url"] = (
            data.get("MIGRATION_DATABASE_URL") or values["database_url"]
        )
        values["redis_url"] = data.get("REDIS_URL") or _redis_url(data)
        if not data["REDIS_TLS_VERIFY"]:
            values["redis_url"] = redis_url.unverified(values["redis_url"])
        values["oidc_issuer"] = data.get("OIDC_ISSUER") or _keycloak_issuer(data)
        values["posthog_key"] = data["VITE_PUBLIC_POSTHOG_KEY"]
        values["posthog_host"] = data["VITE_PUBLIC_POSTHOG_HOST"]
        values["on_migration_failure"] = data["PADWS_ON_MIGRATION_FAILURE"]
        values.setdefault("redis_sentinels", None)
        values.setdefault("static_dir", None)
        values.setdefault("assets_dir", _assets_of(values["static_dir"]))
        return Settings(**{each.name: values[each.name] for each in fields(Settings)})


def is_of_others(name: str, value: str) -> bool:
    """Whether a HOST is a name such as shells and compilers export, and no address to listen on."""
    return name == "HOST" and value != "localhost" and bool(_MACHINE.fullmatch(value))


def _postgres_url(data: Mapping[str, Any]) -> str:
    user, password, name, host = (
        quote(data[f"POSTGRES_{part}"], safe="") for part in ("USER", "PASSWORD", "DB", "HOST")
    )
    return f"postgresql://{user}:{password}@{host}:{data['POSTGRES_PORT']}/{name}"


def _redis_url(data: Mapping[str, Any]) -> str:
    password = quote(data["REDIS_PASSWORD"], safe="")
    access = f":{password}@" if password else ""
    host = f"[{data['REDIS_HOST']}]" if ":" in data["REDIS_HOST"] else data["REDIS_HOST"]  # IPv6
    return f"redis://{access}{host}:{data['REDIS_PORT']}/0"


def _keycloak_issuer(data: Mapping[str, Any]) -> str:
    server = data.get("OIDC_SERVER_URL", "").rstrip("/")
    return f"{server}/realms/{quote(data['OIDC_REALM'], safe='')}" if server else ""


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

    A variable that is set to nothing counts as not set. Raises ConfigurationError; `to_serve` also
    where nobody could sign in.
    """
    if environ is None:
        environ = environment()
    given = {name: value for name, value in environ.items() if value.strip()}
    try:
        settings = SettingsSchema().load(given)
    except ValidationError as error:
        mistakes = dict(error.messages_dict)
    else:
        assert isinstance(settings, Settings)  # noqa: S101 - what post_load returns
        if not (to_serve and _unfit_to_serve(given)):
            return settings
        mistakes = {}
    if to_serve:
        mistakes |= _unfit_to_serve(given)
    for name, meant in suggestions(given, known_variables()).items():
        mistakes[name] = [f"No setting of padws; did you mean {meant}?"]
    raise ConfigurationError(mistakes) from None


def _unfit_to_serve(given: Mapping[str, str]) -> dict[str, list[str]]:
    """What serving needs beside a readable configuration; migrating does not."""
    mistakes = {}
    if not ("OIDC_ISSUER" in given or "OIDC_SERVER_URL" in given):
        mistakes["OIDC_ISSUER"] = ["Missing (or OIDC_SERVER_URL and OIDC_REALM)."]
    if "OIDC_CLIENT_ID" not in given:
        mistakes["OIDC_CLIENT_ID"] = ["Missing."]
    if "METRICS_DIR" in given and not os.access(given["METRICS_DIR"], os.W_OK | os.X_OK):
        mistakes["METRICS_DIR"] = ["No directory in which files can be made."]
    return mistakes
