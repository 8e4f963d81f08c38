"""Takeouts, made by hand and brought in."""

from __future__ import annotations

import io
import json
from contextlib import nullcontext
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4
from zipfile import ZipFile

from padws.database import Connection
from padws.takeout.archive import Archive
from padws.takeout.bringing_in import ImportOptions, ImportResult, bring_in
from tests.helpers.rows import NOON


def taken_out(*scenes: dict[str, Any], pad_id: UUID | None = None) -> Archive:
    """A takeout of one pad: its drawing, and before that its history."""
    folder = f"pads/{pad_id or uuid4()}"
    history = [
        {
            "file": f"history/{number}.excalidraw",
            "id": str(uuid4()),
            "timestamp": NOON.isoformat(),
            "reason": "manual",
        }
        for number in range(len(scenes) - 1)
    ]
    about = {
        "id": folder.removeprefix("pads/"),
        "display_name": "Drawing",
        "created_at": NOON.isoformat(),
        "updated_at": NOON.isoformat(),
        "version": 3,
        "history": history,
    }
    names = [*(each["file"] for each in history), "drawing.excalidraw"]
    files = {f"{folder}/{name}": scene for name, scene in zip(names, scenes, strict=True)}
    texts = {path: json.dumps(content) for path, content in files.items()}
    texts[f"{folder}/pad.json"] = json.dumps(about)
    digests = {path: sha256(text.encode()).hexdigest() for path, text in texts.items()}
    texts["manifest.json"] = json.dumps(
        {
            "format": "padws-takeout",
            "version": 1,
            "made_at": NOON.isoformat(),
            "made_by": "a test",
            "user": {},
            "files": digests,
        }
    )
    made = io.BytesIO()
    with ZipFile(made, "w") as target:
        for path, text in texts.items():
            target.writestr(path, text)
    return Archive(made, most_bytes=10**8, largest_file=10**7)


def bring_it_in(conn: Connection, archive: Archive, owner_id: UUID) -> tuple[int, int]:
    """Bring a takeout in on one connection; how many pads and backups are new."""
    result = ImportResult()
    options = ImportOptions(
        lambda: nullcontext(conn),
        owner_id,
        new_pictures=True,
        largest_scene=10**7,
        default_pad_name="Untitled",
    )
    for _ in bring_in(archive, options, result):
        pass
    assert result.skipped == []
    return result.pads, result.backups
