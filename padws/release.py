"""What a release and a starting server do: migrate, then load the templates."""

from __future__ import annotations

from collections.abc import Mapping

import click

from padws.config import Settings
from padws.migrations import MigrationFailed, functions, migrate
from padws.migrations.history import SCHEMA, TABLE, Connection, missing
from padws.migrations.migrating import NOTHING_TO_DO, session
from padws.migrations.waiting import Report
from padws.template_files import files_to_load, load_templates

Digests = Mapping[str, str | None]  # of files, by name

_STATE = f"""
    SELECT 'migration', migration_id, checksum FROM {TABLE}
    UNION ALL
    SELECT 'function', name, digest FROM {functions.TABLE}
    UNION ALL
    SELECT 'template', name, file_digest FROM {SCHEMA}.template_pads
"""  # noqa: S608


def upgrade(settings: Settings, report: Report = click.echo) -> None:
    """Migrate, then load the templates. With nothing to do it is one query."""
    stored = _templates_if_migrated(settings, report)
    if stored is None:
        migrate(settings, report)
    else:
        report(NOTHING_TO_DO)
    files = files_to_load(settings.templates_dir, stored or {})
    if files:
        with session(settings, report) as (conn, stop), stop.interruptible():
            load_templates(conn, files)


def _templates_if_migrated(settings: Settings, report: Report) -> Digests | None:
    """The digests of the stored templates, if a look shows that nothing else is to do.

    None stands for doubt as well, be it for a missing table or for one that somebody has locked:
    `migrate` looks again, is patient, and says what is wrong.
    """
    try:
        with session(settings, report, only_to_look=True) as (conn, stop), stop.interruptible():
            state = _state(conn)
        if missing(state["migration"]) or functions.differing(state["function"]):
            return None
        return state["template"]
    except MigrationFailed:
        return None


def _state(conn: Connection) -> Mapping[str, Digests]:
    """The digests of each `migration`, `function` and `template` that the database has; one query.

    A template's digest is None where the template is an administrator's. Raises psycopg.Error where
    a table is missing.
    """
    found: dict[str, dict[str, str | None]] = {"migration": {}, "function": {}, "template": {}}
    for kind, name, digest in conn.execute(_STATE).fetchall():
        found[kind][name] = digest
    return found
