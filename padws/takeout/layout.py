"""What is where in a takeout, and what its JSON looks like. docs/takeout.md describes it."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from uuid import UUID

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

FORMAT, VERSION = "padws-takeout", 1

MANIFEST, README = "manifest.json", "README.txt"

#: The files of a pad, and of its history.
PAD_FILE = re.compile(
    r"pads/(?P<id>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/"
    r"(?P<name>pad\.json|drawing\.excalidraw|history/[A-Za-z0-9.-]{1,100}\.excalidraw)"
)
PAD, DRAWING = "pad.json", "drawing.excalidraw"

README_TEXT = """\
Your drawings, as they were when you took them out.

pads/<id>/drawing.excalidraw   a drawing, with its pictures
pads/<id>/history/             what it was earlier: the time (UTC), and why it was kept
pads/<id>/pad.json             its name, its times, and what each file of its history is
manifest.json                  the SHA-256 of every file

Files that end in .excalidraw can be opened at https://excalidraw.com, and by every other program
that reads Excalidraw's files.

To bring everything into padws again, here or elsewhere, upload this ZIP as it is. What is there
already is left alone, so that it does no harm to do that twice.
"""


class Manifest(Struct, frozen=True):
    """The last file: a takeout that has it is whole."""

    format: str
    version: int
    made_at: str
    made_by: str
    user: dict[str, str]
    files: dict[str, str]  # path -> SHA-256, in hexadecimal


def path_of(pad_id: UUID, name: str) -> str:
    """Where a file of a pad is."""
    return f"pads/{pad_id}/{name}"


def history_name(taken_at: datetime, reason: str | None, number: int) -> str:
    """The name of a file of a pad's history; the `number`-th of this time and reason, from 1."""
    time = taken_at.astimezone(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    suffix = "" if number == 1 else f"-{number}"
    return f"history/{time}-{reason or 'unknown'}{suffix}.excalidraw"


# In front of a scene it makes an .excalidraw file. `jsonb` prints its members in another order, so
# that no scene begins like this by itself.
_HEAD = b'{"type": "excalidraw", "version": 2, "source": "padws", '


class _Own(Struct):
    type: Raw | UnsetType = UNSET
    version: Raw | UnsetType = UNSET
    source: Raw | UnsetType = UNSET


def head_of(scene: memoryview) -> bytes:
    """What an .excalidraw file has in front of the rest of a scene, in place of its first brace.

    A scene that is one already, or is no object, stays as it is.
    """
    try:
        own = msgspec.json.decode(scene, type=_Own)
    except (msgspec.ValidationError, RecursionError):
        return bytes(scene[:1])
    is_plain = own.type is UNSET and own.version is UNSET and own.source is UNSET
    return _HEAD if is_plain and len(scene) > len("{}") else bytes(scene[:1])


def scene_of(text: bytes) -> bytes:
    """The scene in an .excalidraw file, without what `head_of` has put in front of it."""
    return b"{" + text[len(_HEAD) :] if text.startswith(_HEAD) else text
