"""Docs agree with the code: settings, their example, the codes of errors, and where things are."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from html import unescape
from pathlib import Path

import click
import pytest
from dotenv import dotenv_values

from padws.cli import main
from padws.config import ROOT, SettingsSchema, known_variables, load_settings
from padws.errors import CONSTRAINTS, TITLES, NotFound, Problem
from padws.html import PAGES
from padws.schemas.common import Problem as ProblemSchema
from tools import settings_page

EXAMPLE = ROOT / ".env.example"
PAGES_OF_DOCS = sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md"))
SOURCES = [ROOT / "wsgi.py", ROOT / "gunicorn.conf.py", *sorted((ROOT / "padws").rglob("*.py"))]
# What the system sets for every process, so that padws need not explain it.
OF_THE_SYSTEM = {"PATH", "NO_PROXY", "DYNO", "TERM", "SUDO_USER"}
# What gunicorn.conf.py tells prometheus_client; an operator sets METRICS_DIR.
BETWEEN_OURSELVES = {"PROMETHEUS_MULTIPROC_DIR"}


ERRORS = ROOT / "padws" / "errors.py"


@cache
def nodes(*paths: Path) -> list[ast.AST]:
    """Every node of the given files, or of every file of the program."""
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in paths or SOURCES]
    return [node for tree in trees for node in ast.walk(tree)]


def texts_in(node: ast.AST) -> list[str]:
    """Every string constant in a node."""
    return [
        each.value
        for each in ast.walk(node)
        if isinstance(each, ast.Constant) and isinstance(each.value, str)
    ]


# CONTRIBUTING.md

CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def test_every_module_and_every_helper_is_in_the_tables_of_contributing() -> None:
    entries = [
        each for each in (ROOT / "padws").iterdir() if not each.name.startswith(("__p", "."))
    ]
    rooms = {f"padws/{each.name}{'/' if each.is_dir() else ''}" for each in entries}
    helpers = {each.name for each in (ROOT / "tests" / "helpers").glob("*.py")}
    folders = {f"tests/{each.parent.name}/" for each in (ROOT / "tests").glob("*/*.py")}
    names = (rooms | helpers | folders) - {"padws/py.typed", "padws/board/"}  # where it is built
    assert [name for name in sorted(names) if f"`{name}`" not in CONTRIBUTING] == []


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", *PAGES_OF_DOCS])
def test_every_file_that_a_page_names_exists(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    folders = r"(?:padws|tests|docs|sql|migrations|deploy|templates|tools|bench)/"
    named = re.findall(rf"`({folders}[\w./-]*)`", text)
    assert [name for name in named if not (ROOT / name).exists() and "YYYY" not in name] == []


# Commands

CODE = re.compile(r"^```.*?^```|(?<=\n\n)(?: {4,}\S[^\n]*\n)+|`[^`\n]+`", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(
    r"(?:^ *|[`/(=] ?|&& |-- )(?:padws|flask) (?!flask |\S*…)([a-z][^\n`|&;#)\"]*)", re.MULTILINE
)


def epilogs(group: click.Group) -> Iterator[str]:
    """What the help of a group's commands says at its end."""
    for command in group.commands.values():
        yield command.epilog or ""
        if isinstance(command, click.Group):
            yield from epilogs(command)


def wrong_word(words: list[str], command: click.Command = main) -> str | None:
    """The first command or option that does not exist."""
    while isinstance(command, click.Group) and words:
        name, *words = words
        if name not in command.commands:
            return name
        command = command.commands[name]
    options = {"--help"}.union(*(each.opts for each in command.params))
    given = (each.partition("=")[0] for each in words if each.startswith("--"))
    return next((each for each in given if each not in options), None)


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", *PAGES_OF_DOCS, "the help"])
def test_every_command_that_a_page_names_exists(page: str) -> None:
    if page == "the help":
        code = "\n".join(epilogs(main))
    else:
        code = "\n".join(CODE.findall((ROOT / page).read_text(encoding="utf-8")))
    found = {command: wrong_word(command.split()) for command in COMMAND.findall(code)}
    assert {command: wrong for command, wrong in found.items() if wrong} == {}
    if page in ("docs/shell.md", "docs/operations.md", "the help"):
        assert len(found) > 7, "the search for commands no longer finds them"
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    named = re.findall(r"(?:^ *|`)make ([a-z-]+)", code, re.MULTILINE)
    assert set(named) - set(targets) == set()


# Settings


def variables_read() -> dict[str, list[str]]:
    """Variables that the code looks up by name, each with its default if that stands there."""
    calls = [node for node in nodes() if isinstance(node, ast.Call) and node.args]
    looked_up = [
        texts_in(call)
        for call in calls
        if isinstance(call.func, ast.Attribute)
        and call.func.attr in ("get", "getenv")
        and re.search(r"environ|getenv|^named\b", ast.unparse(call.func))
    ]
    subscripts = [node for node in nodes() if isinstance(node, ast.Subscript)]
    looked_up += [
        texts_in(node.slice) for node in subscripts if "environ" in ast.unparse(node.value)
    ]
    return {texts[0]: texts[1:] for texts in looked_up if texts}


def test_the_page_of_settings_is_what_the_code_reads() -> None:
    page = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    made = "".join(f"{line}\n" for line in settings_page.lines())
    assert page == made, "run: python -m tools.settings_page > docs/configuration.md"


def test_every_setting_is_explained() -> None:
    silent = [name for name, each in SettingsSchema().fields.items() if not each.metadata]
    assert silent == []
    explained = [each.metadata["description"] for each in SettingsSchema().fields.values()]
    assert [text for text in explained if len(text) < 10 or text.endswith(".")] == []


def test_every_section_begins_with_a_setting() -> None:
    assert settings_page.SECTIONS.keys() <= SettingsSchema().fields.keys()
    assert next(iter(settings_page.SECTIONS)) == next(iter(SettingsSchema().fields))


def test_what_is_read_elsewhere_is_on_the_page_with_its_default() -> None:
    read = variables_read()
    assert {"PADWS_DATA_DIR", "METRICS_DIR"} <= read.keys()
    known = SettingsSchema().fields.keys() | settings_page.ELSEWHERE.keys() | OF_THE_SYSTEM
    assert settings_page.ELSEWHERE.keys() <= known_variables(), "it would count as misspelt"
    known |= BETWEEN_OURSELVES
    assert read.keys() - known == set()
    for name, (default, _) in settings_page.ELSEWHERE.items():
        assert read[name] in ([default], []), name


# The example


def test_the_example_makes_a_configuration() -> None:
    given = {name: value or "" for name, value in dotenv_values(EXAMPLE).items()}
    settings = load_settings(given, to_serve=True)
    assert settings.database_url == "postgresql://pad:change%20me@localhost:5432/pad"
    assert settings.redis_url == "redis://localhost:6379/0"
    assert settings.oidc_issuer == "https://keycloak.example.org/realms/pad"
    assert settings.oidc_client_secret == "change me"


def test_the_example_names_only_what_is_read_and_defaults_as_they_are() -> None:
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
    given = [line.lstrip("#").partition("=") for line in lines if re.match(r"#?[A-Z_]+=", line)]
    assert {name for name, _, _ in given} <= SettingsSchema().fields.keys()
    hints = {
        line[1:].split("=")[0]: line.split("=")[1] for line in lines if re.match("#[A-Z]", line)
    }
    for name in ("MAX_BACKUPS_PER_USER", "MIN_INTERVAL_MINUTES", "DEFAULT_PAD_NAME"):
        assert hints[name] == str(SettingsSchema().fields[name].load_default)


# Codes of errors


def problem_names() -> set[str]:
    """The names of Problem and of every class below it."""

    def below(kind: type[Problem]) -> set[str]:
        return {kind.__name__}.union(*(below(each) for each in kind.__subclasses__()))

    return below(Problem)


def codes_given() -> set[str]:
    """The codes that problems are made with, where they stand in the call."""
    calls = [node for node in nodes() if isinstance(node, ast.Call) and node.args]
    makers = [call for call in calls if ast.unparse(call.func) in problem_names()]
    makers += [
        node
        for node in nodes(ERRORS)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "super().__init__"
    ]
    firsts = [call.args[0] for call in makers]
    return {str(each.value) for each in firsts if isinstance(each, ast.Constant)}


def texts_outside_titles() -> set[str]:
    """Every string constant of the program, those in TITLES left out."""
    texts = [node for node in nodes() if isinstance(node, ast.Constant)]
    assignments = [node for node in nodes() if isinstance(node, ast.Assign)]
    (titles,) = [node for node in assignments if ast.unparse(node.targets[0]) == "TITLES"]
    inside = set(ast.walk(titles))
    return {node.value for node in texts if node not in inside and isinstance(node.value, str)}


def test_every_code_that_is_given_has_a_title() -> None:
    assert codes_given() - TITLES.keys() == set()
    assert {code for _, code, _ in CONSTRAINTS.values()} - TITLES.keys() == set()
    assert len(codes_given()) > len(TITLES) / 2, "the search for codes no longer finds them"


def test_no_other_code_can_be_raised() -> None:
    with pytest.raises(KeyError):
        NotFound("padd_not_found", "There is no such pad.")
    assert ProblemSchema().validate({"code": "padd_not_found"}, partial=True).keys() == {"code"}
    assert [code for code in TITLES if ProblemSchema().validate({"code": code}, partial=True)] == []


def test_every_code_is_explained_under_its_name_and_no_other() -> None:
    page = (PAGES / "problems.html").read_text(encoding="utf-8")
    explained = re.findall(
        r'<section id="(\w+)">\s*<h2><code>(\w+)</code></h2>\s*<p class="lead">(.+)\.</p>'
        r"\s*<p>(.+)</p>\s*<p><strong>What to do:</strong> (.+)</p>\s*</section>",
        page,
    )
    assert {code: unescape(title) for code, _, title, *_ in explained} == TITLES
    assert len(explained) == page.count("<section")
    for code, heading, _, cause, remedy in explained:
        assert heading == code
        assert all(text.endswith(".") and len(text.split()) > 2 for text in (cause, remedy)), code


def test_every_title_is_of_a_code_that_is_used() -> None:
    assert TITLES.keys() - texts_outside_titles() == set()


@pytest.mark.parametrize("code", TITLES)
def test_a_code_is_a_word_with_a_title(code: str) -> None:
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", code)
    assert re.fullmatch(r"[A-Z][^.]*[^.]", TITLES[code])
