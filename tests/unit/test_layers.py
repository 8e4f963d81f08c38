"""Imports run downwards: a module of padws imports only from layers below its own."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

from padws.config import ROOT

#: From the top to the bottom; a package stands for its modules that are not named themselves.
#: Modules in one line do not import one another; there are no circles inside a package.
LAYERS = [
    ("padws",),  # create_app
    ("padws.cli",),
    ("padws.shell",),
    ("padws.doctor", "padws.embedded", "padws.recovery", "padws.worker"),
    ("padws.blueprints", "padws.client_connection", "padws.gunicorn_command", "padws.front_end"),
    ("padws.readiness", "padws.release", "padws.tidying"),
    ("padws.migrations",),
    ("padws.long_lists",),
    ("padws.http", "padws.html", "padws.template_files"),
    ("padws.auth.cross_site",),
    ("padws.auth.access",),
    ("padws.auth.refresh",),
    ("padws.context",),  # where requests find the parts of the application
    ("padws.auth",),
    ("padws.takeout",),
    ("padws.schemas", "padws.queries"),
    ("padws.statements",),
    (
        "padws.database",
        "padws.bounded_cursor",
        "padws.redis_client",
        "padws.memory_budget",
        "padws.error_handler",
    ),
    ("padws.pictures", "padws.drawing_files", "padws.scene_in_picture"),
    (
        "padws.abandoned_connections",
        "padws.application",
        "padws.json_complexity",
        "padws.scene_counts",
    ),
    ("padws.security_headers", "padws.trusted_proxies"),
    ("padws.observability",),
    ("padws.config",),
    ("padws.setting_kinds",),
    ("padws.redis_url", "padws.origins", "padws.postgres_parameters", "padws.misspelt_variables"),
    ("padws.errors", "padws.json_text", "padws.version", "padws.uuid7", "padws.data_url"),
    ("padws.paging", "padws.search", "padws.new_file"),
]

#: What is imported from above, and why.
EXCEPTIONS: dict[tuple[str, str], str] = {}

LEVELS = {name: level for level, names in enumerate(reversed(LAYERS)) for name in names}


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


PATHS = {module_of(path): path for path in sorted((ROOT / "padws").rglob("*.py"))}


def imported_by(module: str) -> Iterator[str]:
    """The modules of padws that a module imports, anywhere in it."""
    for node in ast.walk(ast.parse(PATHS[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names if each.name in PATHS)
        elif isinstance(node, ast.ImportFrom) and node.module in PATHS:
            for each in node.names:
                name = f"{node.module}.{each.name}"
                yield name if name in PATHS else node.module


IMPORTS = [
    (module, imported)
    for module in PATHS
    for imported in sorted(set(imported_by(module)))
    if (module, imported) not in EXCEPTIONS
]


def place_of(module: str) -> str:
    """The name in LAYERS that a module stands under: its own, or its package's."""
    name = module
    while name not in LEVELS and "." in name:
        name = name.rpartition(".")[0]
    return name


def test_every_module_has_its_layer() -> None:
    strangers = {module for module in PATHS if place_of(module) == "padws"} - {"padws"}
    assert strangers == set(), "name them in LAYERS"
    assert LEVELS.keys() <= PATHS.keys()


def test_imports_run_downwards() -> None:
    places = [
        (module, imported, place_of(module), place_of(imported)) for module, imported in IMPORTS
    ]
    upwards = [
        f"{module} imports {imported}"
        for module, imported, importer, place in places
        if importer != place and LEVELS[importer] <= LEVELS[place]
    ]
    assert upwards == []


def test_no_modules_import_each_other_in_a_circle() -> None:
    graph: dict[str, set[str]] = {module: set() for module in PATHS}
    for module, imported in IMPORTS:
        graph[module].add(imported)
    TopologicalSorter(graph).prepare()  # raises CycleError


def test_exceptions_are_still_needed() -> None:
    imports = {(module, imported) for module in PATHS for imported in imported_by(module)}
    assert EXCEPTIONS.keys() <= imports
