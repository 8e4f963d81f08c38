"""The views around the drawings, and that everybody can use them."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.board.conftest import NewPerson, NewProfile
from tests.helpers import npm
from tests.helpers.chromium import Watch
from tests.helpers.person import CANVAS, DROP_PICTURE, Person, Tab, agree, boxes, line
from tests.helpers.waiting import wait_until
from tools.board import SOURCES

AXE = SOURCES / "node_modules" / "axe-core" / "axe.min.js"


def names_of(person: Person) -> list[str]:
    return sorted(each["display_name"] for each in person.api.get("/api/pad?data=false").json())


def choose(tab: Tab, name: str, action: str) -> None:
    tab.page.get_by_role("button", name=f"More for {name}", exact=True).click()
    tab.page.get_by_role("menuitem", name=action, exact=True).click()


def test_pads_are_made_named_copied_and_deleted(alice: Person, pad: str) -> None:
    alice.save(pad, elements=[PICTURED], files={"red": RED})
    watch, tab = Watch(alice.context), alice.tab()
    page = tab.page
    choose(tab, "Plan", "Rename")
    page.get_by_role("textbox", name="Name").fill("خطة")
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="خطة", exact=True)).to_be_visible()
    with page.expect_request(lambda request: request.method == "POST") as asked:
        choose(tab, "خطة", "Duplicate")
    expect(page.get_by_role("link", name="Copy of خطة")).to_be_visible()
    one, other = alice.api.get("/api/pad").json()
    assert {one["display_name"], other["display_name"]} == {"Copy of خطة", "خطة"}
    assert one["data"]["files"] == other["data"]["files"] == {"red": RED}
    assert RED["dataURL"] not in (asked.value.post_data or "")  # it need not be sent again

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
    page.wait_for_url(f"**/pads/{pad}")
    tab.is_ready()
    assert alice.stored(pad) == boxes(2)
    tab.shows({"box-0", "box-1"})


def test_by_keyboard_elements_of_an_earlier_state_come_back_and_a_name_keeps_it(
    alice: Person, pad: str
) -> None:
    labelled = {
        **boxes(1)[0],
        "id": "label",
        "type": "text",
        "text": "Lager",
        "containerId": "box-1",
    }
    wide = {**boxes(1)[0], "width": 300}
    alice.save(pad, elements=[*boxes(4), labelled])
    alice.save(pad, elements=[wide])
    tab = alice.open(pad)
    page = tab.page
    press(page, "Share this drawing", backwards=True)
    page.get_by_role("dialog").wait_for()
    page.keyboard.press("Escape")
    has_focus(page, "Share this drawing")
    press(page, "History", backwards=True)
    page.locator("h1", has_text="History").wait_for()
    has_focus(page, "History")
    press(page, "just now")
    press(page, "Name it", backwards=True)
    page.keyboard.type("erster Wurf")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="erster Wurf")).to_be_visible()
    has_focus(page, "Name it")
    press(page, "Choose elements")
    tab.is_ready()
    has_focus(page, "Choose elements")  # the group, in which one goes on
    tab.shows({*(f"box-{i}" for i in range(4)), "label"})
    press(page, "Cancel")
    has_focus(page, "Choose elements")
    page.keyboard.press("Enter")
    tab.is_ready()
    tab.shows({*(f"box-{i}" for i in range(4)), "label"})
    names = page.get_by_role("list", name="Elements that are not as they were")
    expect(names.get_by_role("checkbox")).to_have_count(4)
    for name in ("Rectangle “Lager”, middle missing now", "Rectangle, left different now"):
        press(page, name, key="Space")
        expect(names.get_by_role("checkbox", name=name)).to_be_checked()
    expect(page.get_by_role("status").filter(has_text="3 elements are chosen.")).to_have_count(1)
    press(page, "Restore 3 elements")
    page.wait_for_url(f"**/pads/{pad}")
    expected = {"box-0", "box-1", "label"}
    alice.finds(pad, lambda elements: {each["id"] for each in elements} == expected)
    assert {each["width"] for each in alice.stored(pad)} == {100}
    (kept, *_) = alice.api.get(f"/api/pad/{pad}/backups?data=false").json()["backups"][::-1]
    assert kept["label"] == "erster Wurf"


_FOCUSED = """(() => {
  const {ariaLabel, labels, textContent} = document.activeElement;
  return (ariaLabel ?? labels?.[0]?.textContent ?? textContent).trim();
})()"""
#: Whether one sees where the keyboard is.
_IS_MARKED = """['', '::after'].some(part => {
  const style = getComputedStyle(document.activeElement, part);
  return style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0;
})"""


def focused(page: Page) -> str:
    """What the keyboard is on."""
    return str(page.evaluate(_FOCUSED))


def has_focus(page: Page, name: str) -> None:
    """What was done may show before the focus has moved."""
    wait_until(lambda: focused(page) == name, f"{name} has the focus")


def press(page: Page, name: str, *, backwards: bool = False, key: str = "Enter") -> None:
    """Go to a link, a button or a field by the Tab key, and press it."""
    for _ in range(40):
        if focused(page) == name:
            break
        page.keyboard.press("Shift+Tab" if backwards else "Tab")
    has_focus(page, name)
    assert page.evaluate(_IS_MARKED), f"one does not see that {name} has the focus"
    page.keyboard.press(key)


def test_older_states_are_shown_page_by_page(alice: Person, pad: str, board_database: str) -> None:
    with psycopg.connect(board_database) as connection:
        connection.execute(OLDER, {"pad": pad, "number": 130})
    page = alice.tab(f"/pads/{pad}/history").page
    states = page.get_by_role("listitem")
    expect(states).to_have_count(1 + 60 + 1)  # now, a page, and the way to the next one
    show_all(page)
    expect(states).to_have_count(1 + 130)


def show_all(page: Page) -> None:
    """Have more shown, by keyboard, for as long as there is more."""
    items, more = page.get_by_role("listitem"), page.get_by_role("button", name="Show more")
    while shown := more.count() and items.count():
        page.evaluate("document.querySelector('.more')?.focus()")  # it may have gone by itself
        page.keyboard.press("Enter")
        wait_until(partial(has_more, items, shown, more), "more of them")


def has_more(items: Locator, shown: int, button: Locator) -> bool:
    """Whether other items are there than those that were shown, or there are no more."""
    return items.count() != shown or not button.count()


#: Makes backups of an hour's distance.
OLDER = """
INSERT INTO pad_ws.backups (owner_id, source_id, created_at, data)
SELECT owner_id, id, created_at - make_interval(hours => number), data
FROM pad_ws.pads, generate_series(1, %(number)s) AS number
WHERE id = %(pad)s
"""


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


def test_everybody_can_use_every_view(person: NewPerson) -> None:
    if reason := npm.missing(SOURCES):
        pytest.skip(reason)
    somebody = person("admin", reduced_motion="reduce", viewport={"width": 390, "height": 800})
    deleted = somebody.api.new_pad()
    somebody.api.request("DELETE", f"/api/pad/{deleted}")
    (pad,) = [each["id"] for each in somebody.api.get("/api/pad?data=false").json()]
    found = dict(violations(somebody, pad))
    assert {name: each for name, each in found.items() if each} == {}


def violations(person: Person, pad: str) -> Iterator[tuple[str, list[str]]]:
    """What axe finds, view by view."""
    page = person.tab().page
    page.evaluate(AXE.read_text())
    expect(page.locator(".preview img")).to_be_visible()
    yield "gallery", look(page)
    page.get_by_role("button", name="More for Untitled").click()
    yield "menu", look(page)
    page.get_by_role("menuitem", name="Share").click()
    page.get_by_role("button", name="Create a link").click()
    link = page.locator("code").inner_text()
    yield "share", look(page)
    page.get_by_role("button", name="Close").click()
    choose(Tab(person, page), "Untitled", "Rename")
    yield "dialog", look(page)
    page.keyboard.press("Escape")
    for name, path in VIEWS.items():
        page.evaluate(GO, path.format(pad))
        page.locator("h1", has_text=name).wait_for()
        yield name, look(page)
    for name in ("What they use", "Move their pads", "Sign out everywhere"):
        page.get_by_role("button", name="More for").first.click()
        page.get_by_role("menuitem", name=name).click()
        page.get_by_role("dialog").wait_for()
        yield name, look(page)
        page.keyboard.press("Escape")
    page.evaluate(GO, f"/pads/{pad}/history")
    page.get_by_role("button", name="from the template").click()
    page.get_by_role("button", name="Choose elements").click()
    Tab(person, page).is_ready()
    yield "choose", look(page)
    page.evaluate(GO, f"/pads/{pad}")
    page.get_by_role("button", name="Menu").wait_for()
    yield "editor", look(page)
    person.context.set_offline(True)
    Tab(person, page).hurry()
    Tab(person, page).says("The service cannot be reached")
    yield "offline", look(page)
    person.context.set_offline(False)
    person.context.clear_cookies()
    for name, address in {"shared": link, "welcome": person.url}.items():
        page.goto(address)
        page.evaluate(AXE.read_text())
        page.locator("h1").wait_for()
        yield name, look(page)


#: What their headings say, and where they are.
VIEWS = {
    "Trash": "/trash",
    "Account": "/account",
    "There is nothing": "/nowhere",
    "People": "/admin",
}
GO = "path => { history.pushState(null, '', path); dispatchEvent(new PopStateEvent('popstate')); }"


def look(page: Page) -> list[str]:
    """What axe finds: by all its rules on light pages, by those about colours on dark ones."""
    found = run_axe(page, {})
    page.emulate_media(color_scheme="dark")
    is_light = "!!document.querySelector('.excalidraw:not(.theme--dark)')"
    wait_until(lambda: not page.evaluate(is_light), "it is dark")
    found += run_axe(page, {"runOnly": ["color-contrast"]})
    page.emulate_media(color_scheme="light")
    return found


def run_axe(page: Page, rules: dict[str, Any]) -> list[str]:
    result: Any = page.evaluate("rules => axe.run(rules)", rules)
    return [
        f"{each['id']}: {node['html'][:120]} {node['failureSummary'][:200]}"
        for each in result["violations"]
        for node in each["nodes"]
    ]


def test_it_is_used_by_keyboard_alone(alice: Person, pad: str) -> None:
    alice.api.new_pad()
    tab = alice.tab()
    page = tab.page
    page.get_by_role("link", name="Untitled").wait_for()
    press(page, "More for Plan")
    has_focus(page, "Rename")
    page.keyboard.press("Escape")
    has_focus(page, "More for Plan")
    press(page, "More for Plan")
    page.keyboard.press("Enter")
    page.get_by_role("dialog").wait_for()
    page.keyboard.press("Escape")
    has_focus(page, "More for Plan")
    press(page, "More for Plan")
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    tab.says("“Plan” was deleted.")
    has_focus(page, "Untitled")
    page.keyboard.press("Control+z")
    page.get_by_role("link", name="Plan").wait_for()
    press(page, "Plan", backwards=True)
    tab.is_ready()
    tab.stroke(line((400, 300), (600, 320)))
    alice.finds(pad, lambda elements: len(elements) == 1)


#: A red dot, and an element that shows it; long enough to be kept apart.
RED: dict[str, Any] = {
    "id": "red",
    "mimeType": "image/svg+xml",
    "created": 1,
    "dataURL": "data:image/svg+xml;base64,"
    + b64encode(
        b'<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40">'
        b'<circle cx="20" cy="20" r="20" fill="red"/></svg>' + b" " * 3_000
    ).decode(),
}
PICTURED: dict[str, Any] = {
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


def test_the_trash_is_shown_page_by_page(alice: Person, pad: str, board_database: str) -> None:
    alice.save(pad, elements=boxes(2))
    alice.api.request("DELETE", f"/api/pad/{pad}")
    with psycopg.connect(board_database) as connection:
        connection.execute(DELETED, {"pad": pad, "number": 59})
    asked = list[str]()
    page = alice.context.new_page()
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{alice.url}/trash")
    page.locator(".preview img").first.wait_for()
    assert all("limit=24" in url for url in asked if "/api/pad/trash" in url)
    assert len([url for url in asked if "data=true" in url]) == 1  # the scenes of what is in sight
    cards = page.get_by_role("list", name="Trash").get_by_role("listitem")
    show_all(page)
    expect(cards).to_have_count(60)


#: Makes deleted pads of an hour's distance.
DELETED = """
INSERT INTO pad_ws.pads (owner_id, display_name, data, deleted_at)
SELECT owner_id, 'Old ' || number, data, deleted_at - make_interval(hours => number)
FROM pad_ws.pads, generate_series(1, %(number)s) AS number
WHERE id = %(pad)s
"""


def test_a_link_shows_the_drawing_as_it_is_to_whoever_has_its_password(
    alice: Person, pad: str, profile: NewProfile
) -> None:
    alice.save(pad, elements=[*boxes(2), PICTURED], files={"red": RED})
    tab = alice.open(pad)
    page = tab.page
    page.get_by_role("button", name="Share this drawing").click()
    page.get_by_label("Password").fill("grün")
    page.get_by_role("button", name="Create a link").click()
    url = page.locator("code").inner_text()
    guest = profile().new_page()
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
    tab.says("Brought in: 1 pad and")
    (made,) = [each for each in bob.api.get("/api/pad").json() if each["display_name"] == "Plan"]
    assert made["data"]["elements"] == boxes(2)


def test_where_storage_is_full_it_is_said_and_nothing_is_lost(
    alice: Person, pad: str, board_database: str
) -> None:
    tab = alice.tab()
    page = tab.page
    with at_most(board_database, pads=1, bytes=1_000):
        choose(tab, "Plan", "Duplicate")
        tab.says("You have 1 pad, which is as many as you may have.")
        page.get_by_role("link", name="Plan").click()
        tab.is_ready()
        tab.stroke(line((400, 300), (700, 360)))
        page.evaluate(DROP_PICTURE)
        tab.says("What you draw is kept on this device, and saved once there is room.")
        page.get_by_role("link", name="What you use").click()
        expect(page.get_by_text("of 1 pad")).to_be_visible()
        page.get_by_role("link", name="padws").click()
        tab.says("Unsaved changes on this device")
        page.get_by_role("link", name="Plan").click()
        tab.says("Your storage is full: ")
        assert {each["type"] for each in alice.stored(pad)} <= {"freedraw"}
    page.get_by_role("button", name="Try again").click()
    tab.has_status("saved")
    assert {each["type"] for each in agree(pad, tab)} == {"freedraw", "image"}


@contextmanager
def at_most(database: str, **limits: int) -> Iterator[None]:
    """Nobody may have more, for a while."""
    set_limit = "UPDATE pad_ws.limits SET value = %s WHERE name = %s RETURNING value"
    with psycopg.connect(database, autocommit=True) as connection:
        before: dict[str, int] = dict(
            connection.execute("SELECT name, value FROM pad_ws.limits").fetchall()
        )
        for name, value in limits.items():
            assert connection.execute(set_limit, [value, name]).fetchone()
        try:
            yield
        finally:
            for name in limits:
                connection.execute(set_limit, [before[name], name])


def test_an_administrator_looks_after_people(person: NewPerson, alice: Person, pad: str) -> None:
    bob = person()
    link = alice.api.post(f"/api/pad/{pad}/links").json()["url"].removeprefix(alice.url)
    shared = f"/api{link}"
    assert alice.api.get(shared).status_code == 200
    tab = person("admin").tab("/account")
    page = tab.page
    page.get_by_role("link", name="People who use this service").click()
    dialog = page.get_by_role("dialog")

    choose(tab, alice.who, "What they use")
    expect(dialog.get_by_text("1 of 1,000 pads")).to_be_visible()
    page.keyboard.press("Escape")
    choose(tab, alice.who, "End all links")
    dialog.get_by_role("button", name="Cancel").click()
    assert alice.api.get(shared).status_code == 200
    choose(tab, alice.who, "End all links")
    dialog.get_by_role("button", name="End all links").click()
    tab.says(f"1 link of {alice.who} ended.")
    assert alice.api.get(shared).status_code == 404
    choose(tab, alice.who, "Move their pads")
    dialog.get_by_label("To").select_option(label=f"{bob.who} ({bob.api.who()['email']})")
    dialog.get_by_role("button", name="Move the pads").click()
    tab.says(f"1 pad of {alice.who} moved to {bob.who}.")
    assert "Plan" in names_of(bob)
    choose(tab, alice.who, "Sign out everywhere")
    dialog.get_by_role("button", name="Sign out everywhere").click()
    tab.says(f"1 session of {alice.who} ended.")
    assert alice.api.get("/api/users/me").status_code == 401
    choose(tab, alice.who, "Delete")
    dialog.get_by_role("button", name="Delete").click()
    tab.says(f"{alice.who} was deleted.")
    expect(page.get_by_role("button", name=f"More for {alice.who}")).to_have_count(0)
