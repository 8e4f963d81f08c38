"""The views around the drawings, and that everybody can use them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.board.conftest import NewPerson
from tests.board.person import Person, Tab, boxes, line
from tests.helpers import npm
from tests.helpers.chromium import Watch
from tests.helpers.waiting import wait_until
from tools.board import SOURCES

AXE = SOURCES / "node_modules" / "axe-core" / "axe.min.js"


def names_of(person: Person) -> list[str]:
    return sorted(each["display_name"] for each in person.api.get("/api/pad?data=false").json())


def choose(tab: Tab, name: str, action: str) -> None:
    tab.page.get_by_role("button", name=f"More for {name}", exact=True).click()
    tab.page.get_by_role("menuitem", name=action, exact=True).click()


def test_pads_are_made_named_copied_and_deleted(alice: Person, pad: str) -> None:
    watch, tab = Watch(alice.context), alice.tab()
    page = tab.page
    choose(tab, "Plan", "Rename")
    page.get_by_role("textbox", name="Name").fill("خطة")
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="خطة", exact=True)).to_be_visible()
    choose(tab, "خطة", "Duplicate")
    expect(page.get_by_role("link", name="Copy of خطة")).to_be_visible()
    assert names_of(alice) == ["Copy of خطة", "خطة"]

    choose(tab, "خطة", "Delete")
    expect(page.get_by_role("link", name="خطة", exact=True)).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("link", name="خطة", exact=True)).to_be_visible()
    assert len(names_of(alice)) == 2
    choose(tab, "خطة", "Delete")
    page.goto("about:blank")  # whoever leaves has not taken it back
    wait_until(lambda: names_of(alice) == ["Copy of خطة"])

    page.goto(alice.url)
    page.get_by_role("button", name="New pad").click()
    page.get_by_role("menuitem", name="Blank").click()
    tab.is_ready()
    assert len(names_of(alice)) == 2
    assert watch.complaints(alice.url) == []


def test_a_pad_that_was_changed_is_not_deleted(alice: Person, pad: str) -> None:
    tab = alice.tab()
    choose(tab, "Plan", "Delete")
    alice.save(pad)
    tab.page.evaluate("dispatchEvent(new PageTransitionEvent('pagehide'))")
    tab.says("was changed meanwhile")
    assert names_of(alice) == ["Plan"]


def test_dropped_files_become_pads_with_pictures(alice: Person, pad: str) -> None:
    tab = alice.tab()
    expect(tab.page.get_by_role("link", name="Plan")).to_be_visible()
    content = json.dumps({"type": "excalidraw", "elements": boxes(3)})
    tab.page.evaluate(DROP, {"sketch.excalidraw": content, "notes.txt": "not a drawing"})
    tab.says("“notes.txt” is not an Excalidraw drawing.")
    card = tab.page.get_by_role("listitem").filter(has_text="sketch")
    expect(card.locator(".preview img")).to_be_visible()
    (made,) = [each for each in alice.api.get("/api/pad").json() if each["id"] != pad]
    assert made["data"]["elements"] == json.loads(content)["elements"]


DROP = """files => {
  const data = new DataTransfer();
  for (const [name, content] of Object.entries(files)) data.items.add(new File([content], name));
  for (const type of ['dragover', 'drop'])
    window.dispatchEvent(new DragEvent(type, {dataTransfer: data, cancelable: true}));
}"""


def test_an_earlier_state_is_looked_at_and_restored(alice: Person, pad: str) -> None:
    alice.save(pad, elements=boxes(2))
    alice.save(pad, elements=boxes(3))
    tab = alice.tab(f"/pads/{pad}/history")
    page = tab.page
    page.get_by_role("button", name="just now").click()
    expect(page.locator(".look .preview img")).to_be_visible()
    page.get_by_role("button", name="Restore this").click()
    tab.is_ready()
    assert alice.stored(pad) == boxes(2)
    tab.shows({"box-0", "box-1"})


def test_a_token_is_shown_once(alice: Person, pad: str) -> None:
    page = alice.tab("/account").page
    page.get_by_label("Name").fill("script")
    page.get_by_role("button", name="Create a token").click()
    token = page.locator("code").inner_text()
    assert len(token) > 20
    page.reload()
    expect(page.get_by_role("button", name="Revoke script")).to_be_visible()
    expect(page.locator("code")).to_have_count(0)
    page.get_by_role("button", name="Revoke script").click()
    expect(page.get_by_text("You have no tokens.")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_use_every_view(person: NewPerson, scheme: str) -> None:
    if reason := npm.missing(SOURCES):
        pytest.skip(reason)
    somebody = person(
        color_scheme=scheme, reduced_motion="reduce", viewport={"width": 390, "height": 800}
    )
    (pad,) = [each["id"] for each in somebody.api.get("/api/pad?data=false").json()]
    rules = ALL if scheme == "light" else COLOURS  # the others do not depend on it
    found = dict(violations(somebody, pad, rules))
    assert {name: each for name, each in found.items() if each} == {}


def violations(person: Person, pad: str, rules: dict[str, Any]) -> Iterator[tuple[str, list[str]]]:
    """What axe finds, view by view."""
    page = person.tab().page
    expect(page.locator(".preview img")).to_be_visible()
    yield "gallery", look(page, rules)
    page.get_by_role("button", name="More for Untitled").click()
    yield "menu", look(page, rules)
    page.get_by_role("menuitem", name="Rename").click()
    yield "dialog", look(page, rules)
    for name, path in VIEWS.items():
        page.goto(f"{person.url}{path.format(pad)}")
        page.locator("h1").wait_for()
        if name == "editor":
            Tab(person, page).is_ready()
        yield name, look(page, rules)
    person.context.clear_cookies()
    page.goto(person.url)
    page.get_by_role("link", name="Sign in").wait_for()
    yield "welcome", look(page, rules)


VIEWS = {"editor": "/pads/{}", "history": "/pads/{}/history", "account": "/account"}


#: Which of axe's rules are looked at.
ALL: dict[str, Any] = {}
COLOURS = {"runOnly": ["color-contrast"]}


def look(page: Page, rules: dict[str, Any]) -> list[str]:
    page.evaluate(AXE.read_text())
    result: Any = page.evaluate("axe.run", rules)
    return [
        f"{each['id']}: {node['html'][:120]} {node['failureSummary'][:200]}"
        for each in result["violations"]
        for node in each["nodes"]
    ]


def test_it_is_drawn_on_by_keyboard_alone(alice: Person, pad: str) -> None:
    tab = alice.tab()
    page = tab.page
    page.get_by_role("link", name="Plan").wait_for()
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent") == "Plan":
            break
    page.keyboard.press("Enter")
    tab.is_ready()
    tab.stroke(line((400, 300), (600, 320)))
    alice.finds(pad, lambda elements: len(elements) == 1)
