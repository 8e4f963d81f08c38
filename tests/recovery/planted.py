"""A small database, and ways to damage it, each with what is to be found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import md5
from uuid import UUID

from tests.helpers import databases

# Three users with two pads and a token each, three backups of each pad, a template.
ROWS = r"""
    INSERT INTO pad_ws.users (id, username, email, roles)
    SELECT md5('user ' || u)::uuid, 'user ' || u, u || '@example.org', '["admin"]'
    FROM generate_series(1, 3) AS u;

    INSERT INTO pad_ws.pads (id, owner_id, display_name, data, version, last_backup_at)
    SELECT
        md5('pad ' || p)::uuid,
        md5('user ' || (p + 1) / 2)::uuid,
        'Grüße ' || p,
        jsonb_build_object('elements', jsonb_build_array(p, E'\\ \t "漢字"')),
        p,
        now()
    FROM generate_series(1, 6) AS p;

    INSERT INTO pad_ws.backups (id, source_id, owner_id, data, created_at, updated_at)
    SELECT
        md5('backup ' || pads.version || ' ' || n)::uuid,
        pads.id, pads.owner_id, pads.data, times.taken_at, times.taken_at
    FROM pad_ws.pads AS pads
    CROSS JOIN generate_series(1, 3) AS n
    CROSS JOIN LATERAL (SELECT now() - n * interval '1 hour' AS taken_at) AS times;

    INSERT INTO pad_ws.access_tokens (id, user_id, name, scope, token_digest)
    SELECT
        md5('token ' || u)::uuid, md5('user ' || u)::uuid, 'script', 'read', sha256(u::text::bytea)
    FROM generate_series(1, 3) AS u;

    INSERT INTO pad_ws.template_pads (id, name, display_name, data)
    VALUES (md5('template 1')::uuid, 'default', 'Default', '{"elements": []}');
"""

# jsonb whose first bytes say neither object nor array: as after a fault of disk or memory.
_UNREADABLE = r"""
    CREATE CAST (bytea AS jsonb) WITHOUT FUNCTION;
    UPDATE pad_ws.{table} SET data = '\x00000000'::bytea::jsonb WHERE {row};
    DROP CAST (bytea AS jsonb);
"""


def id_of(text: str) -> UUID:
    """The id that ROWS gives a row."""
    return UUID(md5(text.encode()).hexdigest())


@dataclass(frozen=True)
class Damage:
    """What is done to a row past the rules of its table, and what db-verify says of it."""

    table: str
    row: str
    change: str
    faults: str
    owner: str | None = "user 1"
    rule: str = ""  # that stands in the way, and is missing afterwards

    @property
    def finding(self) -> str:
        owner = f", owner {id_of(self.owner)}" if self.owner else ""
        return f"Damaged: {self.table} {id_of(self.row)}{owner}: {self.faults}"

    def plant(self, url: str) -> None:
        """Past foreign keys, and past the rule that stands in the way."""
        if self.rule:
            drop = f"ALTER TABLE pad_ws.{self.table} DROP CONSTRAINT {self.rule} CASCADE"
            databases.execute(url, drop.encode())
        change = self.change.format(table=self.table, row=f"id = '{id_of(self.row)}'")
        databases.execute(url, f"SET session_replication_role = replica; {change}".encode())


def _set(assignments: str) -> str:
    return f"UPDATE pad_ws.{{table}} SET {assignments} WHERE {{row}}"


_FUTURE = "now() + interval '2 days'"
_NOBODY = f"'{id_of('nobody')}'"

DAMAGE: Mapping[str, Damage] = {
    "a scene that is none": Damage(
        "pads", "pad 1", _set("data = '[]'"), "pads_data_is_scene", rule="pads_data_is_scene"
    ),
    "an empty scene": Damage(
        "pads", "pad 1", _set("data = '{{}}'"), "pads_data_is_scene", rule="pads_data_is_scene"
    ),
    "a pad without an owner": Damage(
        "pads",
        "pad 1",
        "DELETE FROM pad_ws.backups WHERE source_id = (SELECT id FROM pad_ws.pads WHERE {row});"
        + _set(f"owner_id = {_NOBODY}"),
        "pads_owner_id_fkey",
        owner="nobody",
    ),
    "a pad without a name": Damage(
        "pads",
        "pad 2",
        _set("display_name = ' '"),
        "pads_display_name_not_blank",
        rule="pads_display_name_not_blank",
    ),
    "a version below 0": Damage(
        "pads",
        "pad 2",
        _set("version = -1"),
        "pads_version_not_negative",
        rule="pads_version_not_negative",
    ),
    "times in the wrong order": Damage(
        "pads",
        "pad 2",
        _set("updated_at = 'epoch'"),
        "pads_times_in_order",
        rule="pads_times_in_order",
    ),
    "a pad of the future": Damage(
        "pads",
        "pad 2",
        _set(f"updated_at = {_FUTURE}"),
        "created_at or updated_at is in the future",
    ),
    "a pad that would not be backed up": Damage(
        "pads", "pad 2", _set(f"last_backup_at = {_FUTURE}"), "last_backup_at is in the future"
    ),
    "several faults in a row": Damage(
        "pads",
        "pad 2",
        _set(f"version = -1, last_backup_at = {_FUTURE}"),
        "pads_version_not_negative; last_backup_at is in the future",
        rule="pads_version_not_negative",
    ),
    "a backup that is no object": Damage(
        "backups",
        "backup 1 1",
        _set("data = '1'"),
        "backups_data_is_object",
        rule="backups_data_is_object",
    ),
    "a backup that is no scene": Damage(
        "backups", "backup 1 1", _set("""data = '{{"appState": 1}}'"""), "data is not a scene"
    ),
    "a backup of no pad": Damage(
        "backups",
        "backup 1 2",
        _set(f"source_id = {_NOBODY}"),
        "backups_source_id_owner_id_fkey",
    ),
    "a backup of somebody else's pad": Damage(
        "backups",
        "backup 1 2",
        _set(f"owner_id = '{id_of('user 2')}'"),
        "backups_source_id_owner_id_fkey",
        owner="user 2",
    ),
    "a backup of nobody": Damage(
        "backups",
        "backup 1 2",
        _set("owner_id = NULL"),
        "backups_owner_id_given",
        owner=None,
        rule="backups_owner_id_given",
    ),
    "a restore that is still to come": Damage(
        "pads", "pad 2", _set("restored_version = 7"), "restored_version is after version"
    ),
    "a backup for an unknown reason": Damage(
        "backups",
        "backup 1 3",
        _set("reason = 'whim'"),
        "backups_reason_known",
        rule="backups_reason_known",
    ),
    "a backup of the future": Damage(
        "backups",
        "backup 1 3",
        _set(f"created_at = {_FUTURE}, updated_at = {_FUTURE}"),
        "created_at or updated_at is in the future",
    ),
    "a user without a name": Damage(
        "users",
        "user 1",
        _set("username = ' '"),
        "users_username_not_blank",
        rule="users_username_not_blank",
    ),
    "roles that are no list of texts": Damage(
        "users",
        "user 1",
        _set("roles = '[1]'"),
        "users_roles_are_texts",
        rule="users_roles_are_texts",
    ),
    "a template that is none": Damage(
        "template_pads",
        "template 1",
        _set("data = '[]'"),
        "template_pads_data_is_scene",
        owner=None,
        rule="template_pads_data_is_scene",
    ),
    "a token of nobody": Damage(
        "access_tokens",
        "token 1",
        _set(f"user_id = {_NOBODY}"),
        "access_tokens_user_id_fkey",
        owner="nobody",
    ),
    "a token of an unknown scope": Damage(
        "access_tokens",
        "token 1",
        _set("scope = 'all'"),
        "access_tokens_scope_known",
        rule="access_tokens_scope_known",
    ),
}

UNREADABLE: Mapping[str, Damage] = {
    table: Damage(table, row, _UNREADABLE, "cannot be read: ", owner=None, rule=rule)
    for table, row, rule in (
        ("pads", "pad 3", "pads_data_is_scene"),
        ("backups", "backup 3 2", "backups_data_is_object"),
    )
}
