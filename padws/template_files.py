"""Templates from files: `templates/<name>.json`, loaded when a release starts."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable, Mapping
from pathlib import Path

import orjson
import psycopg
from marshmallow import ValidationError

from padws.database import Connection, prepare_connection
from padws.json_text import JsonText
from padws.queries.templates import load_template
from padws.schemas.common import NameField, template_name
from padws.uuid7 import uuid7

log = logging.getLogger("padws.templates")

_LARGEST = 200_000_000  # bytes: the most that MAX_BODY_BYTES may be, and less than jsonb can hold


class BrokenTemplate(Exception):
    """A file that is not a template; the message says why."""


def files_to_load(directory: Path, stored: Mapping[str, str | None]) -> list[Path]:
    """The files that are not `stored` as they are now, in the order of their names.

    `stored` has the digest of each template by its name, None where it is an administrator's: those
    are kept, which is logged.
    """
    return [path for path in sorted(directory.glob("*.json")) if _is_due(path, stored)]


def _is_due(path: Path, stored: Mapping[str, str | None]) -> bool:
    if path.stem not in stored:
        return True
    digest = stored[path.stem]
    if digest is None:
        _log(path, "kept")
        return False
    try:
        return _digest_of(_content_of(path)) != digest
    except (BrokenTemplate, OSError):
        return True  # loading reports what is wrong with it


def load_templates(conn: Connection, paths: Iterable[Path]) -> None:
    """Add new files and replace what changed; what an administrator has edited is kept.

    Each file is a transaction of its own: a broken one is named in the log and stops nothing else.
    """
    prepare_connection(conn)
    for path in paths:
        try:
            outcome = _load(conn, path)
        except (BrokenTemplate, OSError, psycopg.DataError, psycopg.IntegrityError) as error:
            log.error("template %s is left out: %s", path.name, str(error).partition("\n")[0])
        else:
            if outcome != "unchanged":
                _log(path, outcome)


_OUTCOMES = {
    "added": "added",
    "replaced": "replaced by the changed file",
    "kept": "kept as an administrator has edited it; the file is not used",
}


def _log(path: Path, outcome: str) -> None:
    log.info("template %s: %s", path.stem, _OUTCOMES[outcome])


def _load(conn: Connection, path: Path) -> str:
    content = _content_of(path)
    outcome = load_template(
        conn,
        template_id=uuid7(),
        name=_name_of(path),
        display_name=_display_name_of(content) or path.stem,
        scene=JsonText(content),
        file_digest=_digest_of(content),
    )
    return str(outcome)


def _content_of(path: Path) -> bytes:
    if not path.is_file():  # a pipe would keep us waiting
        raise BrokenTemplate("it is not a file")
    if path.stat().st_size > _LARGEST:
        raise BrokenTemplate(f"it is larger than {_LARGEST} bytes")
    return path.read_bytes()


def _digest_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _name_of(path: Path) -> str:
    try:
        return str(template_name().deserialize(path.stem))
    except ValidationError as error:
        raise BrokenTemplate("the file's name is not a template's name") from error


def _display_name_of(content: bytes) -> str | None:
    """`appState.pad.displayName`, if it is there and fit to be a name."""
    try:
        scene = orjson.loads(content)
        return str(NameField().deserialize(scene["appState"]["pad"]["displayName"]))
    except orjson.JSONDecodeError as error:
        raise BrokenTemplate(f"it is not JSON: {error}") from error
    except (KeyError, TypeError, ValidationError):
        return None
