"""Takeouts, out and in."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from tests.helpers.contract import Client, ok

PATH = "/api/users/me/takeout"
Files = dict[str, bytes]


def take_out(client: Client) -> Files:
    answer = client.get(PATH)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/zip"
    assert answer.headers["Content-Disposition"].endswith('.zip"')
    with zipfile.ZipFile(io.BytesIO(answer.data)) as found:
        assert found.testzip() is None
        return {name: found.read(name) for name in found.namelist()}


def zipped(files: Mapping[str, bytes], *, manifest: bool = True) -> bytes:
    """A takeout of these files; by default its manifest is brought in line."""
    if manifest:
        about = json.loads(files["manifest.json"])
        digests = {name: sha256(content).hexdigest() for name, content in files.items()}
        about["files"] = {name: digests[name] for name in digests if name != "manifest.json"}
        files = {**files, "manifest.json": json.dumps(about).encode()}
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in files.items():
            target.writestr(name, content)
    return made.getvalue()


def send(client: Client, content: bytes, media_type: str = "application/zip") -> Any:
    return client.post(PATH, data=content, content_type=media_type)


def bring_in(client: Client, content: bytes) -> tuple[int, int, dict[str, str]]:
    """How many pads and backups are new, and what was skipped, with the reasons."""
    done = ok(send(client, content))
    return done["pads"], done["backups"], {s["path"]: s["reason"] for s in done["skipped"]}
