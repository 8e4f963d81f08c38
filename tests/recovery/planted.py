"""A small database, and ways to damage it, each with what is to be found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import md5, sha256
from uuid import UUID

from tests.helpers import databases

# Three users with two pads, a token, a link and a count of what they take each, three backups of
# each pad, a template. Each pad of the second and third has a picture of its own, which its backups
# share; another file has none. A pad of the first is counted, and a backup of each pad, as the
# newest release does it.
ROWS = r"""
    INSERT INTO pad_ws.users (id, username, email, roles)
    SELECT md5('user ' || u)::uuid, 'user ' || u, u || '@example.org', '["admin"]'
    FROM generate_series(1, 3) AS u;

    INSERT INTO pad_ws.pictures (owner_id, digest, content)
    SELECT md5('user ' || (p + 1) / 2)::uuid, sha256(convert_to(text, 'UTF8')), to_json(text)
    FROM generate_series(3, 6) AS p
    CROSS JOIN LATERAL concat('picture ', p, E' \\ \t "漢字"') AS text;

    INSERT INTO pad_ws.pads (
        id, owner_id, display_name, data, pictures, version, last_backup_at,
        created_at, updated_at, counted_at, elements, versions, element_hashes
    )
    SELECT
        md5('pad ' || p)::uuid,
        md5('user ' || (p + 1) / 2)::uuid,
        'Grüße ' || p,
        jsonb_build_object(
            'elements', jsonb_build_array(p, E'\\ \t "漢字"'),
            'files', '{"apart": {}, "without": {}}'::jsonb
        ),
        CASE WHEN p > 2 THEN jsonb_build_object('apart', encode(
            sha256(convert_to(concat('picture ', p, E' \\ \t "漢字"'), 'UTF8')), 'hex'
        )) END,
        p,
        now(),
        now(), now(), CASE WHEN p = 2 THEN now() END, 2, 2, '{-1, 1}'
    FROM generate_series(1, 6) AS p;

    INSERT INTO pad_ws.backups (
        id, source_id, owner_id, data, pictures, created_at, updated_at, elements, digest
    )
    SELECT
        md5('backup ' || pads.version || ' ' || n)::uuid,
        pads.id, pads.owner_id, pads.data, pads.pictures, times.taken_at, times.taken_at,
        CASE WHEN n = 2 THEN 2 END,
        CASE WHEN n = 2 THEN pad_ws.digest_scene(pads.data, pads.pictures) END
    FROM pad_ws.pads AS pads
    CROSS JOIN generate_series(1, 3) AS n
    CROSS JOIN LATERAL (SELECT now() - n * interval '1 hour' AS taken_at) AS times;

    INSERT INTO pad_ws.pad_pictures (owner_id, pad_id, digest)
    SELECT owner_id, id, decode(pictures ->> 'apart', 'hex') FROM pad_ws.pads
    WHERE pictures IS NOT NULL;

    INSERT INTO pad_ws.backup_pictures (owner_id, backup_id, digest)
    SELECT owner_id, id, decode(pictures ->> 'apart', 'hex') FROM pad_ws.backups
    WHERE pictures IS NOT NULL;

    INSERT INTO pad_ws.access_tokens (id, user_id, name, scope, token_digest)
    SELECT
        md5('token ' || u)::uuid, md5('user ' || u)::uuid, 'script', 'read', sha256(u::text::bytea)
    FROM generate_series(1, 3) AS u;

    INSERT INTO pad_ws.links (owner_id, id, pad_id, token_digest, password_hash)
    SELECT
        md5('user ' || u)::uuid, md5('link ' || u)::uuid, md5('pad ' || 2 * u)::uuid,
        sha256(u::text::bytea), 'scrypt:1:1:1$salt$hash'
    FROM generate_series(1, 3) AS u;

    INSERT INTO pad_ws.usage (owner_id, bytes, counted_at)
    SELECT id, 1000, now() FROM pad_ws.users;

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


def digest_of(pad: int) -> str:
    """The digest of the picture that ROWS gives a pad."""
    return sha256(f'picture {pad} \\ \t "漢字"'.encode()).hexdigest()


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
        row = self.owner if self.owner and self.table == "usage" else self.row
        return f"Damaged: {self.table} {id_of(row)}{owner}: {self.faults}"

    def plant(self, url: str) -> None:
        """Past foreign keys, and past the rule that stands in the way."""
        if self.rule:
            drop = f"ALTER TABLE pad_ws.{self.table} DROP CONSTRAINT {self.rule} CASCADE"
            databases.execute(url, drop.encode())
        key = "owner_id" if self.table == "usage" else "id"
        change = self.change.format(table=self.table, row=f"{key} = '{id_of(self.row)}'")
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
    "a pad that would stay in the trash": Damage(
        "pads", "pad 2", _set(f"deleted_at = {_FUTURE}"), "deleted_at is in the future"
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
    "a label that cannot be read": Damage(
        "backups",
        "backup 1 3",
        _set("label = ' '"),
        "backups_label_not_blank",
        rule="backups_label_not_blank",
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
    "a link of nobody": Damage(
        "links",
        "link 1",
        _set(f"owner_id = {_NOBODY}"),
        "links_owner_id_fkey; links_pad_id_owner_id_fkey",
        owner="nobody",
    ),
    "a link to somebody else's pad": Damage(
        "links",
        "link 1",
        _set(f"pad_id = '{id_of('pad 6')}'"),
        "links_pad_id_owner_id_fkey",
    ),
    "a pad that is frozen": Damage(
        "pads",
        "pad 2",
        _set("deleted_at = 'infinity'"),
        "frozen, though its owner is not being deleted",
    ),
    **{
        f"a count of other {what}": Damage(
            "pads",
            "pad 2",
            _set(change),
            "elements, versions or element_hashes are of another scene",
        )
        for what, change in (
            ("elements", "elements = 3"),
            ("versions", "versions = 3"),
            ("no hashes", "element_hashes = '{{}}'"),
        )
    },
    "a backup with another number of elements": Damage(
        "backups", "backup 1 2", _set("elements = 3"), "elements is another number"
    ),
    "a backup whose digest is another's": Damage(
        "backups", "backup 1 2", _set("digest = digest + 1"), "digest is of another scene"
    ),
    "what a user takes, below nothing": Damage(
        "usage",
        "user 1",
        _set(f"bytes = -1, counted_at = {_FUTURE}"),
        "bytes is below 0; counted_at is in the future",
    ),
    "what nobody takes": Damage(
        "usage",
        "user 1",
        _set(f"owner_id = {_NOBODY}"),
        "usage_owner_id_fkey",
        owner="nobody",
    ),
    "a password that can be read": Damage(
        "links",
        "link 1",
        _set("password_hash = 'swordfish'"),
        "links_password_is_hashed",
        rule="links_password_is_hashed",
    ),
}

UNREADABLE: Mapping[str, Damage] = {
    table: Damage(table, row, _UNREADABLE, "cannot be read: ", owner=None, rule=rule)
    for table, row, rule in (
        ("pads", "pad 3", "pads_data_is_scene"),
        ("backups", "backup 3 2", "backups_data_is_object"),
    )
}

_PAD, PICTURE, _OTHER = id_of("pad 3"), digest_of(3), "ab" * 32
_BACKUPS = [id_of(f"backup 3 {number}") for number in (1, 2, 3)]
_BACKUP = _BACKUPS[0]
_REFERENCES = [
    (f"{table} {row} {PICTURE}", f"{table}_owner_id_digest_fkey")
    for table, rows in (("pad_pictures", [_PAD]), ("backup_pictures", _BACKUPS))
    for row in rows
]
_THIS = f"digest = '\\x{PICTURE}'"
_CONTENT = f"UPDATE pad_ws.pictures SET content = {{content}} WHERE {_THIS};"

#: What is done to the picture of a pad of the second user's, and what is found: rows, and why.
PICTURES: Mapping[str, tuple[str, list[tuple[str, str]]]] = {
    "gone": (f"DELETE FROM pad_ws.pictures WHERE {_THIS}", _REFERENCES),
    "gone, with whatever referred to it": (
        f"""
        DELETE FROM pad_ws.pictures WHERE {_THIS};
        DELETE FROM pad_ws.pad_pictures WHERE {_THIS};
        DELETE FROM pad_ws.backup_pictures WHERE {_THIS}
        """,
        [
            (f"pads {_PAD}", f"pad_pictures lacks {PICTURE}"),
            *((f"backups {each}", f"backup_pictures lacks {PICTURE}") for each in _BACKUPS),
        ],
    ),
    "somebody else's": (
        f"UPDATE pad_ws.pictures SET owner_id = '{id_of('user 3')}' WHERE {_THIS}",
        _REFERENCES,
    ),
    "of another digest": (
        f"UPDATE pad_ws.pictures SET digest = '\\x{_OTHER}' WHERE {_THIS}",
        [(f"pictures {_OTHER}", "content has another digest"), *_REFERENCES],
    ),
    "of other content": (
        _CONTENT.format(content="to_json('picture'::text)"),
        [(f"pictures {PICTURE}", "content has another digest")],
    ),
    "no text": (
        "ALTER TABLE pad_ws.pictures DROP CONSTRAINT pictures_content_is_text;"
        + _CONTENT.format(content="'[]'"),
        [(f"pictures {PICTURE}", "pictures_content_is_text")],
    ),
    "not in what the pad refers to": (
        f"DELETE FROM pad_ws.pad_pictures WHERE pad_id = '{_PAD}'",
        [(f"pads {_PAD}", f"pad_pictures lacks {PICTURE}")],
    ),
    "not in what the backup refers to": (
        f"DELETE FROM pad_ws.backup_pictures WHERE backup_id = '{_BACKUP}'",
        [(f"backups {_BACKUP}", f"backup_pictures lacks {PICTURE}")],
    ),
    "another in the pad's map": (
        f"""UPDATE pad_ws.pads SET pictures = '{{"apart": "{_OTHER}"}}' WHERE id = '{_PAD}'""",
        [(f"pads {_PAD}", f"pad_pictures lacks {_OTHER}")],
    ),
    "another in the backup's map": (
        f"""
        UPDATE pad_ws.backups SET pictures = '{{"apart": "{_OTHER}"}}' WHERE id = '{_BACKUP}'
        """,
        [(f"backups {_BACKUP}", f"backup_pictures lacks {_OTHER}")],
    ),
    "null in the pad's map": (
        f"""UPDATE pad_ws.pads SET pictures = '{{"apart": null}}' WHERE id = '{_PAD}'""",
        [(f"pads {_PAD}", "pad_pictures lacks null")],
    ),
    "in what is no map": (
        f"""
        UPDATE pad_ws.pads SET pictures = '[]' WHERE id = '{_PAD}';
        UPDATE pad_ws.backups SET pictures = 'null' WHERE id = '{_BACKUP}'
        """,
        [
            (f"pads {_PAD}", "pictures is not an object"),
            (f"backups {_BACKUP}", "pictures is not an object"),
        ],
    ),
    "referred to by no pad": (
        f"""
        DELETE FROM pad_ws.backup_pictures WHERE {_THIS};
        DELETE FROM pad_ws.backups WHERE source_id = '{_PAD}';
        DELETE FROM pad_ws.pads WHERE id = '{_PAD}'
        """,
        [(f"pad_pictures {_PAD} {PICTURE}", "pad_pictures_pad_id_owner_id_fkey")],
    ),
    "referred to by no backup": (
        f"DELETE FROM pad_ws.backups WHERE id = '{_BACKUP}'",
        [
            (
                f"backup_pictures {_BACKUP} {PICTURE}",
                "backup_pictures_backup_id_owner_id_fkey",
            )
        ],
    ),
    "of the future": (
        f"UPDATE pad_ws.pictures SET created_at = {_FUTURE} WHERE {_THIS}",
        [(f"pictures {PICTURE}", "created_at or unneeded_since is in the future")],
    ),
}

# JSON with a byte that cannot be in it.
UNREADABLE_PICTURE = (
    "ALTER TABLE pad_ws.pictures DROP CONSTRAINT pictures_content_is_text;"
    "CREATE CAST (bytea AS json) WITHOUT FUNCTION;"
    + _CONTENT.format(content="bytea '\\x220122'::json")
    + "DROP CAST (bytea AS json);"
)

# None of this is damage: what is not needed any more, and a file that never had a picture.
NO_DAMAGE = f"""
    UPDATE pad_ws.pads SET pictures = NULL WHERE id = '{_PAD}';
    UPDATE pad_ws.backups SET pictures = '{{}}' WHERE id = '{_BACKUP}';
    INSERT INTO pad_ws.pictures (owner_id, digest, content, unneeded_since)
    VALUES ('{id_of("user 1")}', sha256('unneeded'), '"unneeded"', now());
"""
