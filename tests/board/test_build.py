"""The build: what loads first is light, and its client fits the API."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from padws.config import BOARD, ROOT
from padws.embedded.startup import free_port
from tests.helpers import npm
from tests.helpers.documented import document
from tools import board
from tools.board import SOURCES

MOST = 150_000  # bytes of the gallery's first load, compressed


@pytest.fixture(scope="module")
def node_modules() -> Path:
    if reason := npm.missing(SOURCES):
        pytest.skip(f"the board's sources were not checked: {reason}")
    return SOURCES / "node_modules"


def run(node_modules: Path, script: str, *arguments: str | Path) -> None:
    command = [npm.NODE, node_modules / script, *arguments]
    done = subprocess.run(command, cwd=SOURCES, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_types_are_right(node_modules: Path) -> None:
    run(node_modules, "typescript/bin/tsc", "--noEmit")


def test_the_client_is_that_of_the_api(node_modules: Path, tmp_path: Path) -> None:
    (tmp_path / "openapi.json").write_text(json.dumps(document()))
    schema = tmp_path / "schema.d.ts"
    run(
        node_modules,
        "openapi-typescript/bin/cli.js",
        tmp_path / "openapi.json",
        f"--output={schema}",
    )
    ours = SOURCES / "src" / "api" / "schema.d.ts"
    assert ours.read_text() == schema.read_text(), f"cp {schema} {ours}"


def test_the_first_load_is_light(built: None) -> None:
    manifest: dict[str, Any] = json.loads((BOARD / "manifest.json").read_text())
    waiting, files = ["index.html"], {"index.html"}
    while waiting:
        entry = manifest[waiting.pop()]
        files |= {entry["file"], *entry.get("css", []), *entry.get("assets", [])}
        waiting += [
            name for name in entry.get("imports", []) if manifest[name]["file"] not in files
        ]
    sizes = {name: size_of(BOARD / name) for name in sorted(files)}
    assert any(name.endswith(".woff2") for name in sizes), sizes
    assert sum(sizes.values()) <= MOST, sizes


def size_of(path: Path) -> int:
    """Bytes on the wire."""
    compressed = path.with_name(f"{path.name}.br")
    return (compressed if compressed.exists() else path).stat().st_size


def test_the_lock_names_no_registry() -> None:
    assert '"resolved"' not in (SOURCES / "package-lock.json").read_text()


def test_without_npms_registry_the_small_page_is_served(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    sources = tmp_path / "board"
    shutil.copytree(SOURCES, sources, ignore=shutil.ignore_patterns("node_modules"))
    monkeypatch.setattr(board, "SOURCES", sources)
    monkeypatch.setattr(board, "BOARD", tmp_path / "built")
    monkeypatch.setattr(board, "_MARK", tmp_path / "mark")
    monkeypatch.setenv("npm_config_registry", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("npm_config_fetch_retries", "0")
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "cache"))
    monkeypatch.setattr(sys, "argv", ["board", "--optional"])
    board.main()
    said = capfd.readouterr().err
    assert "npm cannot install the packages of board" in said
    assert "padws serves a small page" in said


def test_texts_are_in_one_file() -> None:
    """No words between tags: they would miss a translation."""
    for path in (ROOT / "board" / "src").rglob("*.tsx"):
        for number, text in enumerate(path.read_text().splitlines(), 1):
            words = text.partition(">")[2].partition("<")[0].strip()
            assert not (words.isalpha() and text.strip().startswith("<")), (
                f"{path}:{number}: {words}"
            )
