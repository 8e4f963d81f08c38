"""Files of drawings: what Excalidraw saves, and what an export is called."""

from __future__ import annotations

import codecs
import re
import unicodedata
from typing import NamedTuple
from urllib.parse import quote

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from padws.errors import BadRequest, Unprocessable

MEDIA_TYPE = "application/vnd.excalidraw+json"

# Of a file itself, not of the drawing in it.
_OF_FILE = ("type", "version", "source")
_DRAWINGS = (UNSET, "excalidraw", "excalidraw/clipboard")
_LIBRARY = "excalidrawlib"

# What some system does not allow in the name of a file, or shows as something else.
_NOT_IN_NAMES = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*\u202a-\u202e\u2066-\u2069]')


class _AppState(Struct):
    name: str | UnsetType = UNSET


class _File(Struct):
    type: str | UnsetType = UNSET
    elements: list[Raw] | UnsetType | None = UNSET
    appState: Raw | UnsetType = UNSET  # noqa: N815


class DrawingFile(NamedTuple):
    """The scene in a file, and what its author has called it."""

    scene: bytes
    name: str


def read_file(text: bytes) -> DrawingFile:
    """The drawing in a file. Raises BadRequest if that is no JSON, Unprocessable if no drawing."""
    text = text.removeprefix(codecs.BOM_UTF8)
    try:
        file = msgspec.json.decode(text, type=_File)
        members = msgspec.json.decode(text, type=dict[str, Raw])
    except msgspec.ValidationError as error:
        raise _not_a_drawing() from error
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        detail = f"The file cannot be read as JSON: {error}."
        raise BadRequest("invalid_json", detail) from error
    if file.type == _LIBRARY:
        raise _not_a_drawing("This is a library of shapes: open it in an editor's library.")
    if file.type not in _DRAWINGS or (file.type is UNSET and file.elements is UNSET):
        raise _not_a_drawing()
    for name in _OF_FILE:
        members.pop(name, None)
    if not file.elements:
        members["elements"] = Raw(b"[]")
    return DrawingFile(msgspec.json.encode(members), _name_in(file.appState))


def _not_a_drawing(detail: str = "This is not a file of Excalidraw's.") -> Unprocessable:
    return Unprocessable("not_a_drawing", detail, errors={"file": [detail]})


def _name_in(app_state: Raw | UnsetType) -> str:
    try:
        name = msgspec.json.decode(app_state, type=_AppState).name if app_state else ""
    except (msgspec.DecodeError, UnicodeError, RecursionError):  # whoever stores it says so
        return ""
    return name or ""


def content_disposition(name: str, extension: str) -> str:
    """The header that lets a browser save an answer under a name (RFC 6266, RFC 8187)."""
    name = _NOT_IN_NAMES.sub("_", name).strip(" .") or "drawing"
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    plain = _NOT_IN_NAMES.sub("_", plain).replace("%", "_").strip(" .") or "drawing"
    encoded = quote(f"{name}.{extension}", safe="")
    return f"attachment; filename=\"{plain}.{extension}\"; filename*=UTF-8''{encoded}"
