"""The statements of sql/, and for each an example of it on tables full of rows."""

from __future__ import annotations

import json
from datetime import timedelta
from hashlib import md5, sha256
from importlib import import_module
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg

from padws.database import Connection
from padws.json_text import JsonText
from padws.statements import SQL_DIR, load_statement

FUNCTIONS = sorted((SQL_DIR / "functions").glob("*.sql"))
FILES = sorted(set(SQL_DIR.glob("*/*.sql")) - set(FUNCTIONS))
NAMES = [f"{path.parent.name}/{path.stem}" for path in FILES]

_FILL = """
    INSERT INTO pad_ws.users (id, username, email, name, given_name, family_name)
    SELECT md5('user ' || n)::uuid, 'user ' || n, n || '@example.org', '', '', ''
    FROM generate_series(1, 10001) AS n;  -- the last of them without a pad

    INSERT INTO pad_ws.pictures (owner_id, digest, content)
    SELECT
        md5('user ' || n % 10000 + 1)::uuid,
        sha256(convert_to('picture ' || n, 'UTF8')),
        to_json('picture ' || n)
    FROM generate_series(1, 20000) AS n;

    INSERT INTO pad_ws.pictures (owner_id, digest, content)  -- which nothing needs
    VALUES (md5('user 2')::uuid, sha256('unneeded'), to_json('unneeded'::text));

    INSERT INTO pad_ws.pads (id, owner_id, display_name, data, pictures, version, last_backup_at)
    SELECT
        md5('pad ' || n)::uuid,
        md5('user ' || n % 10000 + 1)::uuid,
        'Drawing',
        '{"elements": [], "files": {"file": {"created": 1}}}',
        jsonb_build_object('file', encode(sha256(convert_to('picture ' || n, 'UTF8')), 'hex')),
        1,
        -- As of the newest of the backups below.
        timestamptz '2025-05-01 12:00 UTC' - ((n + 19998) % 20000 + 1) * interval '1 second'
    FROM generate_series(1, 20000) AS n;

    INSERT INTO pad_ws.pads (
        id, owner_id, display_name, data, pictures, version, created_at, updated_at, deleted_at
    )
    SELECT
        md5('trashed pad ' || n)::uuid,
        md5('user ' || n % 10000 + 1)::uuid,
        'Drawing',
        '{"elements": [], "files": {"file": {"created": 1}}}',
        jsonb_build_object('file', encode(sha256(convert_to('picture ' || n, 'UTF8')), 'hex')),
        1,
        now() - interval '2 days',
        now() - interval '1 day',
        CASE WHEN n <> 6 THEN now() - interval '1 day' ELSE 'infinity' END  -- frozen
    FROM generate_series(1, 10000) AS n;

    INSERT INTO pad_ws.pad_pictures (owner_id, pad_id, digest)
    SELECT owner_id, id, decode(pictures ->> 'file', 'hex') FROM pad_ws.pads;

    INSERT INTO pad_ws.backups (id, source_id, owner_id, data, pictures, created_at)
    SELECT
        md5('backup ' || n)::uuid,
        md5('pad ' || n % 20000 + 1)::uuid,
        md5('user ' || (n % 20000 + 1) % 10000 + 1)::uuid,
        '{"elements": [{"id": "gone", "fileId": "file"}], "files": {"file": {"created": 1}}}',
        jsonb_build_object(  -- another one of the same user's
            'file', encode(sha256(convert_to('picture ' || (n + 10000) % 20000 + 1, 'UTF8')), 'hex')
        ),
        timestamptz '2025-05-01 12:00 UTC' - n * interval '1 second'
    FROM generate_series(1, 80000) AS n;

    INSERT INTO pad_ws.backups (id, source_id, owner_id, data, pictures)
    SELECT md5('of ' || id)::uuid, id, owner_id, data, pictures
    FROM pad_ws.pads
    WHERE deleted_at IS NOT NULL;

    INSERT INTO pad_ws.backup_pictures (owner_id, backup_id, digest)
    SELECT owner_id, id, decode(pictures ->> 'file', 'hex') FROM pad_ws.backups;

    -- One who is being deleted, with all that a user may have left.
    INSERT INTO pad_ws.users (id, username, email, deleted_at)
    VALUES (md5('user 10002')::uuid, 'user 10002', '10002@example.org', now());
    INSERT INTO pad_ws.pads (id, owner_id, display_name, data)
    VALUES (md5('last pad')::uuid, md5('user 10002')::uuid, 'Drawing', '{"elements": []}');
    INSERT INTO pad_ws.backups (id, source_id, owner_id, data)
    SELECT md5('last backup')::uuid, id, owner_id, data
    FROM pad_ws.pads WHERE id = md5('last pad')::uuid;

    INSERT INTO pad_ws.template_pads (id, name, display_name, data)
    SELECT
        md5('template ' || n)::uuid,
        'template ' || n,
        'Template',
        CASE n
            WHEN 17 THEN jsonb_build_object(  -- the one of the examples
                'files', jsonb_build_object('f', jsonb_build_object('dataURL', repeat('x', 3000)))
            )
            ELSE '{"elements": []}'
        END
    FROM generate_series(1, 10000) AS n;

    INSERT INTO pad_ws.access_tokens (id, user_id, name, scope, token_digest)
    SELECT
        md5('token ' || n)::uuid,
        md5('user ' || n % 10000 + 1)::uuid,
        'Script',
        'write',
        sha256(convert_to('token ' || n, 'UTF8'))
    FROM generate_series(1, 20000) AS n;

    INSERT INTO pad_ws.links (owner_id, id, pad_id, token_digest, password_hash, expires_at)
    SELECT
        md5('user ' || n % 10000 + 1)::uuid,
        md5('link ' || n)::uuid,
        md5('pad ' || n)::uuid,
        sha256(convert_to('link ' || n, 'UTF8')),
        CASE WHEN n % 3 = 0 THEN 'scrypt:1:1:1$salt$hash' END,
        CASE WHEN n % 7 = 0 THEN now() + interval '1 year' END
    FROM generate_series(1, 20000) AS n;

    -- One row of each is damaged.
    UPDATE pad_ws.users SET updated_at = now() + interval '1 year'
    WHERE id = md5('user 777')::uuid;
    UPDATE pad_ws.pads SET last_backup_at = now() + interval '1 year'
    WHERE id = md5('pad 777')::uuid;
    UPDATE pad_ws.backups SET updated_at = now() + interval '1 year'
    WHERE id = md5('backup 777')::uuid;
    UPDATE pad_ws.template_pads SET updated_at = now() + interval '1 year'
    WHERE id = md5('template 777')::uuid;
    UPDATE pad_ws.access_tokens SET last_used_at = now() + interval '1 year'
    WHERE id = md5('token 777')::uuid;
    UPDATE pad_ws.links SET (created_at, expires_at) = (now() + interval '1 year', NULL)
    WHERE owner_id = md5('user 778')::uuid AND id = md5('link 777')::uuid;
    UPDATE pad_ws.pictures SET created_at = now() + interval '1 year'
    WHERE owner_id = md5('user 778')::uuid AND digest = sha256('picture 777');

    INSERT INTO pad_ws.limits (name, value) VALUES ('pads', 1000), ('bytes', 1000000000)
    ON CONFLICT DO NOTHING;  -- a start of the service has written them
    INSERT INTO pad_ws.usage (owner_id, bytes, counted_at)
    SELECT md5('user ' || n)::uuid, CASE n WHEN 777 THEN -1 ELSE 0 END, now()  -- one is damaged
    FROM generate_series(1, 10001) AS n;

    INSERT INTO pad_ws.checks (name, finished_at, faults) VALUES ('db-drill', now(), 1);
    INSERT INTO pad_ws.tidied (name, number, ran_at) VALUES ('pictures', 1, now());
"""

_TABLES = """
    pad_ws.users, pad_ws.pads, pad_ws.backups, pad_ws.template_pads, pad_ws.access_tokens,
    pad_ws.pictures, pad_ws.pad_pictures, pad_ws.backup_pictures, pad_ws.links, pad_ws.usage,
    pad_ws.limits
"""


def fill(url: str) -> None:
    """Fill the tables of a database, in one transaction; then vacuum them.

    Autovacuum would do so sooner or later, and change what PostgreSQL plans.
    """
    with psycopg.connect(url) as conn:
        conn.execute("SET LOCAL citus.enable_local_execution = off")  # elsewhere it means nothing
        conn.execute(_FILL.encode())
        conn.commit()
        conn.autocommit = True
        conn.execute(f"VACUUM (ANALYZE) {_TABLES}".encode())


def forget_what_was_rolled_back(url: str) -> None:
    """Take what was rolled back out of the indexes, where the next example would read it."""
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute(f"VACUUM (INDEX_CLEANUP ON, TRUNCATE OFF) {_TABLES}".encode())


_BREAK_REFERENCES = """
    SET session_replication_role = replica;
    INSERT INTO pad_ws.pad_pictures (owner_id, pad_id, digest)
    VALUES (md5('user 778')::uuid, md5('pad 777')::uuid, sha256('nowhere'));
    INSERT INTO pad_ws.backup_pictures (owner_id, backup_id, digest)
    VALUES (md5('user 779')::uuid, md5('backup 777')::uuid, sha256('nowhere'))
"""


def break_references(url: str) -> None:
    """Let a pad and a backup of a filled database refer to a picture that is not there."""
    with psycopg.connect(url) as conn:
        conn.execute(_BREAK_REFERENCES)


def md5_id(text: str) -> UUID:
    """The id that `fill` gives a row."""
    return UUID(md5(text.encode()).hexdigest())


def _only_key(**key: UUID | bytes) -> dict[str, UUID | bytes]:
    """The range of keys that has this one alone."""
    return {f"{end}_{column}": value for end in ("first", "last") for column, value in key.items()}


def _only(text: str) -> dict[str, UUID | bytes]:
    """The range of ids that has this one alone."""
    return _only_key(id=md5_id(text))


def _pictures(*contents: bytes) -> JsonText:
    """A map of pictures."""
    digests = {f"file {n}": sha256(each).hexdigest() for n, each in enumerate(contents)}
    return JsonText(json.dumps(digests).encode())


# A user, one of this user's two pads and tokens, one of the pad's four backups, and values that fit
# any parameter of the name; where they do not, ONLY_FOR has others for that one statement.
EXAMPLES: dict[str, Any] = {
    "pad_id": md5_id("pad 1"),
    "owner_id": md5_id("user 2"),
    "user_id": md5_id("user 2"),
    "user_ids": [md5_id("user 2"), md5_id("user 3")],
    "backup_id": md5_id("backup 20000"),
    "scene": JsonText(b'{"elements": [], "files": {"file": {}}}'),
    "pictures": JsonText(b'{"file": "%b"}' % sha256(b"another").hexdigest().encode()),
    "contents": JsonText(b'{"%b": "another"}' % sha256(b"another").hexdigest().encode()),
    "new_pictures": True,
    "with_pictures": True,
    "digest": sha256(b"picture 1").digest(),
    "is_known": False,
    "unneeded_for": timedelta(days=1),
    "trash_for": timedelta(days=30),
    "most": 10,
    "added": 1000,
    "has_new_pad": True,
    "value": 7,
    "text": "user 2",
    "derived_id": md5_id("derived"),
    "version": 3,
    "created_at": "2025-05-01",
    "updated_at": "2025-05-01",
    "last_backup_at": None,
    "reason": "manual",
    "taken_at": "2025-05-01",
    "unless_equal": True,
    "part": JsonText(b'{"elements": [{"id": "box"}]}'),
    "base_versions": "{[0,0]}",
    "most_bytes": 1000,
    "most_values": 1000,
    "display_name": "Drawing",
    "accepted_versions": "{(,)}",
    "known_versions": "{}",
    "known_etags": [],
    "source": "https://padws.example",
    "sort": "name",
    "direction": -1,
    "is_first": False,
    "after_key": "e",
    "after_id": UUID(int=0),
    "most_pads": 2,
    "before": "infinity",
    "expired_for": timedelta(days=-20_000),
    "before_id": UUID(int=0),
    "words": ["[dD]rawing"],
    "any_word": "[dD]rawing",
    "backup_interval": timedelta(0),
    "retention": JsonText(
        b'{"newest": 2, "hourly": 0, "daily": 0, "weekly": 0, "replaced_days": 0}'
    ),
    "elements": 0,
    "versions": 0,
    "element_hashes": "{}",
    "inline_pictures": 0,
    "waited": timedelta(0),
    "element_ids": ["gone"],
    "element_id": "gone",
    "label": "Draft",
    "limit": 2,
    "with_data": True,
    "from_time": "-infinity",
    "to_time": "infinity",
    "name": "template 17",
    "template_name": "template 17",
    "new_name": "another",
    "file_digest": "digest",
    "after": UUID(int=2**127),
    "username": "a new name",
    "email": "new@example.org",
    "email_verified": True,
    "given_name": "",
    "family_name": "",
    "roles": JsonText(b"[]"),
    "template_id": uuid4(),
    "random_part": "random",
    "token_id": md5_id("token 1"),
    "token_digest": sha256(b"token 1").digest(),
    "link_id": md5_id("link 1"),
    "password_hash": "scrypt:1:1:1$salt$hash",
    "with_password": False,
    "scope": "read",
    "expires_at": None,
    "faults": 0,
    "number": 1,
    "new_owner_id": md5_id("user 3"),
}
ONLY_FOR: dict[str, dict[str, Any]] = {
    "pads/insert_first_pad": {"owner_id": md5_id("user 10001")},
    "pads/insert_pad": {"pad_id": uuid4(), "reason": "import"},
    "pads/delete_pad": {"trash_for": timedelta(hours=12)},
    "trash/restore_pad": {"pad_id": md5_id("trashed pad 1")},
    "trash/purge_pad": {"pad_id": md5_id("trashed pad 1")},
    "trash/purge_trash": {"trash_for": timedelta(0)},
    "tidying/record_tidied": {"name": "pads"},
    "takeouts/add_pictures": {
        "pictures": _pictures(b"another"),
    },
    "takeouts/import_pad": {"pad_id": uuid4(), "pictures": _pictures(b"picture 1")},
    "takeouts/keep_pictures": {"pictures": _pictures(b"picture 10001")},
    "takeouts/import_backup": {
        "backup_id": uuid4(),
        "scene": JsonText(b'{"a": 1}'),
        "pictures": _pictures(b"picture 1"),
    },
    "templates/insert_template": {"name": "a new name"},
    # Of others: rolled back, they leave entries that the statements of this one would read.
    "pads/move_pad": {"owner_id": md5_id("user 5"), "new_owner_id": md5_id("user 6")},
    "trash/freeze_pads": {"owner_id": md5_id("user 8")},
    "trash/condemn_pads": {"owner_id": md5_id("user 7"), "pad_ids": [md5_id("trashed pad 6")]},
    "users/lock_barred_user": {"user_id": md5_id("user 10002")},
    "users/delete_user": {"user_id": md5_id("user 10002")},
    "pictures/delete_pictures": {"most": 1},
    "users/is_email_taken": {"email": "4@example.org"},
    "users/get_next_barred_user": {"after": UUID(int=2**124)},
    "users/insert_user": {"user_id": uuid4()},
    "users/get_user_if_current": {
        "username": "user 2",
        "email": "2@example.org",
        "email_verified": False,
        "name": "",
    },
    "tokens/insert_token": {
        "token_id": uuid4(),
        "token_digest": sha256(b"a new token").digest(),
    },
    "links/insert_link": {"link_id": uuid4(), "token_digest": sha256(b"a new link").digest()},
    "links/get_password_hash": {
        "owner_id": md5_id("user 4"),
        "token_digest": sha256(b"link 3").digest(),
    },
    "links/get_shared_pad": {"token_digest": sha256(b"link 1").digest()},
    "links/get_shared_picture": {"token_digest": sha256(b"link 1").digest()},
    "users/release_user_names": {"username": "user 3", "email": "4@example.org"},
    "checks/find_damaged_users": _only("user 777"),
    "checks/find_damaged_pads": _only("pad 777"),
    "checks/find_damaged_backups": _only("backup 777"),
    "checks/find_damaged_template_pads": _only("template 777"),
    "checks/find_damaged_access_tokens": _only("token 777"),
    "checks/find_damaged_links": _only_key(owner_id=md5_id("user 778"), id=md5_id("link 777")),
    "checks/find_damaged_pictures": _only_key(
        owner_id=md5_id("user 778"), digest=sha256(b"picture 777").digest()
    ),
    "checks/find_damaged_pad_pictures": _only_key(
        owner_id=md5_id("user 778"), pad_id=md5_id("pad 777"), digest=sha256(b"nowhere").digest()
    ),
    "checks/find_damaged_backup_pictures": _only_key(
        owner_id=md5_id("user 779"),
        backup_id=md5_id("backup 777"),
        digest=sha256(b"nowhere").digest(),
    ),
    "checks/find_damaged_usage": _only_key(owner_id=md5_id("user 777")),
    "checks/digest_users": _only("user 2"),
}


def example_of(path: Path) -> list[Any]:
    """The values of a statement's example, in the order of its parameters."""
    examples = EXAMPLES | ONLY_FOR.get(f"{path.parent.name}/{path.stem}", {})
    return [examples[name] for name in load_statement(path).parameters]


#: What examples find nothing in that is asked for, as they should.
MISSES_NOTHING = ("add_pictures.sql",)


def found_something(path: Path, found: object) -> bool:
    """Whether an example is one that its statement does its work for."""
    return found not in (None, []) or path.name in MISSES_NOTHING


def run_example(conn: Connection, path: Path) -> object:
    """Run a statement of the service on rows that it finds in tables that `fill` filled."""
    query = getattr(import_module(f"padws.queries.{path.parent.name}"), path.stem)
    return query(conn, **dict(zip(load_statement(path).parameters, example_of(path), strict=True)))
