"""What tests share is in tests/helpers."""

from __future__ import annotations

import ast
from pathlib import Path

from padws.config import ROOT

SOURCES = [
    path
    for name in ("tests", "bench", "tools")
    for path in (ROOT / name).rglob("*.py")
    if "node_modules" not in path.parts
]


def imported(path: Path) -> set[str]:
    """The modules that a file imports, and names that could be modules."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def test_nothing_imports_from_a_file_of_tests() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in SOURCES
        for name in imported(path)
        if any(part.startswith("test_") for part in name.split("."))
    ]
    assert not wrong


def test_tests_do_not_import_the_benchmark() -> None:
    tests = [path for path in SOURCES if path.is_relative_to(ROOT / "tests")]
    names = {name.partition(".")[0] for path in tests for name in imported(path)}
    assert "padws" in names
    assert "bench" not in names


#: What several folders import though it is no helper: the types of fixtures.
FIXTURES = "tests.conftest"


def test_what_several_folders_need_is_in_helpers() -> None:
    wrong = []
    for path in SOURCES:
        room = path.relative_to(ROOT).parts[1]
        for name in imported(path):
            package, _, rest = name.partition(".")
            shared = rest.split(".")[0] in (room, "helpers", "providers")
            if package == "tests" and not shared and name.rpartition(".")[0] != FIXTURES:
                wrong.append(f"{path.relative_to(ROOT)}: {name}")
    assert not wrong
