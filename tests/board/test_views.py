"""The views around the drawings, and that everybody can use them."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.board.conftest import NewPerson
from tests.helpers import npm
from tests.helpers.chromium import Watch
from tests.helpers.person import CANVAS, Person, Tab, boxes, line
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


def test_pads_are_found_by_their_texts_and_shown_page_by_page(alice: Person, pad: str) -> None:
    words = {**boxes(1)[0], "type": "text", "text": "Überall Möhren", "originalText": "", "y": 90}
    alice.save(pad, elements=[words])
    for number in range(70):
        scene = {"elements": boxes(1)}
        alice.api.post("/api/pad", json={"display_name": f"Sheet {number}", "data": scene})
    page = alice.tab().page
    cards = page.get_by_role("list", name="Your pads").get_by_role("listitem")
    expect(page.get_by_text("The first 60 pads")).to_be_visible()
    page.keyboard.press("End")
    expect(cards).to_have_count(71)
    expect(page.get_by_text("71 pads")).to_be_visible()
    page.get_by_role("searchbox", name="Search").fill("möhren")
    expect(cards).to_have_count(1)
    expect(cards.get_by_text("Überall Möhren")).to_be_visible()
    page.get_by_role("searchbox", name="Search").fill("nowhere")
    expect(page.get_by_text("Nothing was found for “nowhere”.")).to_be_visible()


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
    with tab.page.expect_download() as download:
        choose(tab, "sketch", "Download")
    assert download.value.suggested_filename == "sketch.excalidraw"
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


def test_elements_of_an_earlier_state_come_back_and_a_name_keeps_it(
    alice: Person, pad: str
) -> None:
    alice.save(pad, elements=boxes(3))
    alice.save(pad, elements=boxes(1))
    tab = alice.tab(f"/pads/{pad}/history")
    page = tab.page
    page.get_by_role("button", name="just now").last.click()
    page.get_by_role("button", name="Name it").click()
    page.get_by_role("textbox", name="Name").fill("erster Wurf")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="erster Wurf")).to_be_visible()
    page.get_by_role("button", name="Choose elements").click()
    page.get_by_role("button", name="Select the 2 that are missing now").click()
    page.get_by_role("button", name="Restore 2 elements").click()
    tab.is_ready()
    tab.shows({"box-0", "box-1", "box-2"})
    assert {each["id"] for each in alice.stored(pad)} == {"box-0", "box-1", "box-2"}
    (kept, *_) = alice.api.get(f"/api/pad/{pad}/backups?data=false").json()["backups"][::-1]
    assert kept["label"] == "erster Wurf"


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
        "admin",
        color_scheme=scheme,
        reduced_motion="reduce",
        viewport={"width": 390, "height": 800},
    )
    deleted = somebody.api.new_pad()
    somebody.api.request("DELETE", f"/api/pad/{deleted}")
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
    page.get_by_role("menuitem", name="Share").click()
    page.get_by_role("button", name="Create a link").click()
    link = page.locator("code").inner_text()
    yield "share", look(page, rules)
    page.get_by_role("button", name="Close").click()
    page.get_by_role("button", name="More for Untitled").click()
    page.get_by_role("menuitem", name="Rename").click()
    yield "dialog", look(page, rules)
    for name, path in VIEWS.items():
        page.goto(f"{person.url}{path.format(pad)}")
        page.locator("h1").wait_for()
        if name == "editor":
            Tab(person, page).is_ready()
        yield name, look(page, rules)
    person.context.clear_cookies()
    page.goto(link)
    Tab(person, page).is_ready()
    yield "shared", look(page, rules)
    page.goto(person.url)
    page.get_by_role("link", name="Sign in").wait_for()
    yield "welcome", look(page, rules)


VIEWS = {
    "editor": "/pads/{}",
    "history": "/pads/{}/history",
    "trash": "/trash",
    "account": "/account",
    "admin": "/admin",
}


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


#: A red dot, and an element that shows it; long enough to be kept apart.
RED = {
    "id": "red",
    "mimeType": "image/svg+xml",
    "created": 1,
    "dataURL": "data:image/svg+xml;base64,"
    + b64encode(
        b'<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40">'
        b'<circle cx="20" cy="20" r="20" fill="red"/></svg>' + b" " * 3_000
    ).decode(),
}
PICTURED = {
    **boxes(1)[0],
    "id": "picture",
    "type": "image",
    "fileId": "red",
    "status": "saved",
    "y": 150,
}


def test_a_deleted_pad_is_restored_from_the_trash_or_deleted_for_good(
    alice: Person, pad: str
) -> None:
    alice.save(pad, elements=boxes(2))
    other = alice.api.new_pad()
    for each in (pad, other):
        assert alice.api.request("DELETE", f"/api/pad/{each}").status_code == 200
    tab = alice.tab("/trash")
    page = tab.page
    card = page.get_by_role("listitem").filter(has_text="Plan")
    expect(card.locator(".preview img")).to_be_visible()
    page.get_by_role("button", name="Restore Plan").click()
    tab.says("“Plan” is back.")
    assert alice.stored(pad) == boxes(2)
    page.get_by_role("button", name="Delete for good: Untitled").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete for good").click()
    tab.says("There is nothing in the trash.")
    assert alice.api.get("/api/pad/trash").json() == []


def test_a_link_shows_the_drawing_as_it_is_to_whoever_has_its_password(
    alice: Person, pad: str, chromium: Browser
) -> None:
    alice.save(pad, elements=[*boxes(2), PICTURED], files={"red": RED})
    tab = alice.open(pad)
    page = tab.page
    page.get_by_role("button", name="Share this drawing").click()
    page.get_by_label("Password").fill("grün")
    page.get_by_role("button", name="Create a link").click()
    url = page.locator("code").inner_text()
    with chromium.new_context() as context:
        watch, guest = Watch(context), context.new_page()
        guest.goto(url)
        guest.get_by_label("Password").fill("blue")
        guest.get_by_role("button", name="Open").click()
        expect(guest.get_by_text("That is not the password.")).to_be_visible()
        guest.get_by_label("Password").fill("grün")
        guest.keyboard.press("Enter")
        shown = Tab(alice, guest)
        shown.is_ready()
        shown.shows({"box-0", "box-1", "picture"})
        wait_until(lambda: guest.evaluate(f"({CANVAS})().files.red?.dataURL"), "the picture")
        shown.stroke(line((300, 300), (500, 320)))
        assert len(alice.stored(pad)) == 3  # it is there to be looked at
        page.get_by_role("button", name="End the link").click()
        expect(page.get_by_role("button", name="End the link")).to_have_count(0)
        guest.reload()
        expect(guest.get_by_text("This link does not lead anywhere")).to_be_visible()
        assert watch.elsewhere(alice.url, f"blob:{alice.url}") == []


def test_everything_is_taken_out_and_brought_in(
    alice: Person, pad: str, person: NewPerson, tmp_path: Path
) -> None:
    alice.save(pad, elements=boxes(2))
    page = alice.tab("/account").page
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    takeout = tmp_path / "takeout.zip"
    download.value.save_as(takeout)
    bob = person()
    tab = bob.tab("/account")
    tab.page.get_by_label("Bring in a takeout").set_input_files(takeout)
    tab.says("Brought in: 1 pads")
    (made,) = [each for each in bob.api.get("/api/pad").json() if each["display_name"] == "Plan"]
    assert made["data"]["elements"] == boxes(2)


def test_what_is_used_is_shown(alice: Person, pad: str) -> None:
    page = alice.tab("/account").page
    expect(page.get_by_text("1 of 1,000 pads")).to_be_visible()


def test_an_administrator_sees_people_and_ends_their_sessions(
    person: NewPerson, alice: Person
) -> None:
    tab = person("admin").tab("/account")
    tab.page.get_by_role("link", name="People who use this service").click()
    choose(tab, alice.who, "Sign out everywhere")
    tab.says(f"1 session of {alice.who} ended.")
    assert alice.api.get("/api/users/me").status_code == 401
