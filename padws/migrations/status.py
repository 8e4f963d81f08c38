"""`flask db-status`: which migrations a database has, who applied them, and who holds the locks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime

from redis.exceptions import RedisError

from padws.config import Settings
from padws.migrations import broken_constraints, functions
from padws.migrations.advisory_lock import holder_of_lock
from padws.migrations.errors import one_line
from padws.migrations.files import known
from padws.migrations.fitness import compression
from padws.migrations.history import SCHEMA, Connection, applied
from padws.migrations.redis_lock import RedisLock, Snapshot, connect

HISTORY = f"""
    SELECT DISTINCT ON (migration_id) migration_id, created_at_utc, username, hostname
    FROM {SCHEMA}._yoyo_log
    WHERE operation = 'apply'
    ORDER BY migration_id, created_at_utc DESC
"""  # noqa: S608


def status(conn: Connection, settings: Settings) -> Iterator[str]:
    """The lines of the status: the database, its migrations, the locks."""
    info = conn.info
    yield (
        f"Database            {info.dbname} on {info.host}:{info.port} as {info.user}, "
        f"PostgreSQL {info.parameter_status('server_version')}"
    )
    yield "Migrations"
    yield from _migrations(conn)
    yield "Functions"
    yield from _functions(conn)
    yield from _storage(conn)
    yield from _locks(conn, settings)


def _migrations(conn: Connection) -> Iterator[str]:
    checksums = applied(conn)
    history = _history(conn) if checksums else {}
    for migration in known():
        if migration.id not in checksums:
            yield f"  pending  {migration.id}"
        elif checksums[migration.id] not in (None, migration.checksum):
            yield f"  CHANGED  {migration.id}  its file was edited after it was applied"
        else:
            yield f"  applied  {migration.id}  {history.get(migration.id, '')}"
    for stranger in sorted(set(checksums) - {each.id for each in known()}):
        yield f"  applied  {stranger}  {history.get(stranger, '')}, by another release"


def _functions(conn: Connection) -> Iterator[str]:
    stored = functions.stored(conn)
    missing = functions.missing(stored)
    for each in missing:
        yield f"  pending  {each.name}"
    for name in sorted(set(stored) - {each.name for each in missing}):
        _, release, applied_at = stored[name]
        yield f"  applied  {name}  {_moment(applied_at.astimezone(UTC))} by padws {release}"


def _storage(conn: Connection) -> Iterator[str]:
    if broken_constraints.ID in applied(conn):
        yield from (f"Rule                {each}" for each in broken_constraints.descriptions(conn))
        used, has_lz4 = compression(conn)
        yield f"Scenes              compressed by {used}{'' if has_lz4 else '; no LZ4 here'}"


def _history(conn: Connection) -> dict[str, str]:
    return {
        migration: f"{_moment(when.replace(tzinfo=UTC))} by {user} on {host}"
        for migration, when, user, host in conn.execute(HISTORY).fetchall()
    }


def _moment(when: datetime) -> str:
    return f"{when:%Y-%m-%d %H:%M:%S} UTC"


def _locks(conn: Connection, settings: Settings) -> Iterator[str]:
    holder = holder_of_lock(conn)
    yield f"PostgreSQL's lock   {'held by ' + holder if holder else 'free'}"
    try:
        with closing(connect(settings)) as redis:
            snapshot = RedisLock(
                redis, settings.migration_lock_ttl, functions.release_target()
            ).look()
    except RedisError as error:
        yield f"Redis               cannot be used: {one_line(error)}"
    else:
        yield from _in_redis(snapshot)


def _in_redis(snapshot: Snapshot) -> Iterator[str]:
    if snapshot.holder:
        yield (
            f"Redis lock          held by {snapshot.holder} for {snapshot.holder.age:.0f} s, "
            f"{snapshot.left:.0f} s left unless renewed"
        )
    else:
        yield "Redis lock          free"
    if snapshot.status:
        run = snapshot.status.run
        began = _moment(datetime.fromtimestamp(run.started, UTC))
        yield f"Last run            {snapshot.status.state}: {run}, begun {began}"
        if snapshot.status.reason:
            yield f"                    {snapshot.status.reason}"
    else:
        yield "Last run            none of these migrations in the last hour"
