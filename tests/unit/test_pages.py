"""The pages padws serves itself work under a strict content security policy and miss no file."""

import re
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path

import pytest

PAGES = Path(__file__).parents[2] / "padws" / "pages"
HTML_FILES = sorted(PAGES.glob("*.html"))
SCRIPTS = sorted(PAGES.glob("*.js"))
SWAGGER_UI = files("flask_swagger_ui") / "dist"
ROUTES = {"/", "/api/docs", "/api/openapi.json", "/auth/login", "/healthz", "/readyz"}
UNSAFE_WRITES = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b")


class Page(HTMLParser):
    """What a page refers to, and what a content security policy would refuse to run."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.ids: set[str] = set()
        self.references: set[str] = set()
        self.inline: list[str] = []
        self.language: str | None = None
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        self.tags.add(tag)
        self.ids.update(v for name, v in attributes.items() if name == "id")
        self.references.update(v for name, v in attributes.items() if name in {"href", "src"})
        self.inline += [name for name in attributes if name == "style" or name.startswith("on")]
        if tag == "style" or (tag == "script" and "src" not in attributes):
            self.inline.append(tag)
        if tag == "html":
            self.language = attributes.get("lang")


def names_of(paths: list[Path]) -> list[str]:
    return [path.name for path in paths]


def scripts_of(page: Page) -> list[Path]:
    return [PAGES / Path(ref).name for ref in page.references if re.match(r"/pages/.*\.js$", ref)]


def is_served(reference: str) -> bool:
    path = reference.partition("?")[0]
    folder, _, name = path.rpartition("/")
    if folder == "/pages":
        return (PAGES / name).is_file()
    if folder == "/api/docs/assets":
        return (SWAGGER_UI / name).is_file()
    return path in ROUTES


@pytest.mark.parametrize("path", HTML_FILES, ids=names_of(HTML_FILES))
class TestPage:
    def test_says_its_language_and_title(self, path: Path) -> None:
        page = Page(path)
        assert page.language == "en"
        assert "title" in page.tags

    def test_has_nothing_inline(self, path: Path) -> None:
        assert Page(path).inline == []

    def test_refers_only_to_what_this_service_serves(self, path: Path) -> None:
        assert [ref for ref in Page(path).references if not is_served(ref)] == []

    def test_has_the_elements_its_scripts_look_for(self, path: Path) -> None:
        page = Page(path)
        sources = [script.read_text(encoding="utf-8") for script in scripts_of(page)]
        wanted = {
            name
            for source in sources
            for name in re.findall(r'(?:byId|getElementById)\("([^"]+)"\)', source)
        }
        assert wanted - page.ids == set()


@pytest.mark.parametrize("path", SCRIPTS, ids=names_of(SCRIPTS))
def test_script_writes_text_not_html(path: Path) -> None:
    assert UNSAFE_WRITES.findall(path.read_text(encoding="utf-8")) == []


def test_style_sheets_load_nothing() -> None:
    sheets = [path.read_text(encoding="utf-8") for path in PAGES.glob("*.css")]
    assert sheets
    assert [found for sheet in sheets for found in re.findall(r"@import|url\(", sheet)] == []


def test_every_file_is_used() -> None:
    referred = {Path(ref).name for path in HTML_FILES for ref in Page(path).references}
    imported = {
        name
        for path in SCRIPTS
        for name in re.findall(r'from "\./([^"]+)"', path.read_text(encoding="utf-8"))
    }
    assert imported <= {path.name for path in SCRIPTS}
    used = referred | imported | set(names_of(HTML_FILES))
    assert {path.name for path in PAGES.iterdir()} - used == set()
