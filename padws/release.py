"""What a release and a starting server do: migrate, then write limits and load the templates."""

from __future__ import annotations

from collections.abc import Mapping

import click

from padws.config import Settings
from padws.migrations import MigrationFailed, functions, migrate
from padws.migrations.history import SCHEMA, TABLE, Connection, missing
from padws.migrations.migrating import NOTHING_TO_DO, session
from padws.migrations.waiting import Report
from padws.queries.quotas import set_limit
from padws.template_files import files_to_load, load_templates

Digests = Mapping[str, str | None]  # of files, by name; of a limit its value

_STATE = f"""
    SELECT 'migration', migration_id, checksum FROM {TABLE}
    UNION ALL
    SELECT 'function', name, digest FROM {functions.TABLE}
    UNION ALL
    SELECT 'limit', name, value::text FROM {SCHEMA}.limits
    UNION ALL
    SELECT 'template', name, file_digest FROM {SCHEMA}.template_pads
"""  # noqa: S608


def upgrade(settings: Settings, report: Report = click.echo) -> None:
    """Migrate, write the limits, load the templates. With nothing to do it is one query."""
    state = _state_if_migrated(settings, report)
    if state is None:
        migrate(settings, report)
        state = {"limit": {}, "template": {}}
    else:
        report(NOTHING_TO_DO)
    files = files_to_load(settings.templates_dir, state["template"])
    stored = state["limit"]
    limits = {n: most for n, most in settings.limits.items() if stored.get(n) != str(most)}
    if files or limits:
        with session(settings, report) as (conn, stop), stop.interruptible():
            for name, most in limits.items():
                set_limit(conn, name=name, value=most)
            load_templates(conn, files)


def _state_if_migrated(settings: Settings, report: Report) -> Mapping[str, Digests] | None:
    """What the database has, if a look shows that there is nothing to migrate.

    None stands for doubt as well, be it for a missing table or for one that somebody has locked:
    `migrate` looks again, is patient, and says what is wrong.
    """
    try:
        with session(settings, report, only_to_look=True) as (conn, stop), stop.interruptible():
            state = _state(conn)
        if missing(state["migration"]) or functions.differing(state["function"]):
            return None
        return state
    except MigrationFailed:
        return None


def _state(conn: Connection) -> Mapping[str, Digests]:
    """The digest of each `migration`, `function` and `template`, and each `limit`; one query.

    A template's digest is None where the template is an administrator's. Raises psycopg.Error where
    a table is missing.
    """
    kinds = ("migration", "function", "limit", "template")
    found: dict[str, dict[str, str | None]] = {kind: {} for kind in kinds}
    for kind, name, digest in conn.execute(_STATE).fetchall():
        found[kind][name] = digest
    return found
