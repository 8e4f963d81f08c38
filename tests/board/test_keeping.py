"""What is drawn arrives at the service, whatever happens on the way."""

from __future__ import annotations

from contextlib import suppress
from itertools import count
from typing import Any

import psycopg
import pytest
from playwright.sync_api import Error, Page, expect

from tests.board.conftest import NewPerson, ProviderPart
from tests.helpers.chromium import Watch
from tests.helpers.parts import Part
from tests.helpers.person import (
    CANVAS,
    DROP_PICTURE,
    Element,
    Person,
    Tab,
    agree,
    boxes,
    drawn,
    like,
    line,
)
from tests.helpers.waiting import wait_until

FIRST = line((400, 300), (700, 360))
SECOND = line((420, 500), (860, 440))
THIRD = line((300, 200), (500, 240))
FOURTH = line((700, 220), (900, 180))


def test_what_is_drawn_is_saved(alice: Person, pad: str) -> None:
    watch, tab, sent = Watch(alice.context), alice.open(pad), list[Any]()
    tab.page.on("request", lambda request: sent.append(request.post_data_json))
    tab.has_status("saved")
    tab.stroke(FIRST)
    alice.finds(pad, lambda elements: len(elements) == 1)
    tab.page.keyboard.press("r")
    tab.page.mouse.move(300, 500)
    tab.page.mouse.down()
    tab.page.mouse.move(420, 580, steps=4)
    tab.page.mouse.up()
    stroke, box = alice.finds(pad, lambda elements: len(elements) == 2)
    assert like(FIRST, stroke)
    assert (box["type"], round(box["width"]), round(box["height"])) == ("rectangle", 120, 80)
    tab.has_status("saved")
    assert tab.on_screen() == alice.stored(pad)
    assert {len(each["elements"]) for each in sent if each} == {1}  # what has changed alone

    version = alice.api.get(f"/api/pad/{pad}").json()["version"]
    tab.page.reload()
    tab.is_ready()
    tab.shows({stroke["id"], box["id"]})
    tab.has_status("saved")
    assert alice.api.get(f"/api/pad/{pad}").json()["version"] == version  # as it was only opened
    assert watch.complaints(alice.url) == []


def test_what_lies_above_what_is_saved_even_where_nothing_said_it_before(
    alice: Person, pad: str
) -> None:
    alice.save(pad, elements=boxes(3, apart=20))
    tab = alice.open(pad)
    tab.shows({"box-0", "box-1", "box-2"})
    tab.select(tab.on_screen()[0])
    tab.page.keyboard.press("Control+Shift+]")
    tab.hurry()
    alice.finds(
        pad, lambda elements: [each["id"] for each in elements] == ["box-1", "box-2", "box-0"]
    )
    tab.has_status("saved")
    tab.page.reload()
    tab.is_ready()
    tab.shows({"box-0", "box-1", "box-2"})
    assert [each["id"] for each in tab.on_screen()] == ["box-1", "box-2", "box-0"]


def test_what_a_client_without_versions_has_moved_is_shown(alice: Person, pad: str) -> None:
    alice.save(pad, elements=boxes(1))
    tab = alice.open(pad)
    tab.shows({"box-0"})
    alice.save(pad, elements=[{**boxes(1)[0], "x": 70}])
    tab.hurry()
    wait_until(lambda: [each["x"] for each in tab.on_screen()] == [70], "where it is now")


def test_a_tab_that_dies_in_mid_stroke_loses_nothing(alice: Person, pad: str) -> None:
    tab = alice.open(pad)
    alice.context.set_offline(True)
    tab.begin_stroke(FIRST)
    wait_until(lambda: drawn([FIRST], drafted(tab)), "the stroke, kept in the browser")
    crash(tab)
    alice.context.set_offline(False)
    again = alice.open(pad)
    again.says("Changes from last time")
    (stroke,) = alice.finds(pad, lambda elements: len(elements) == 1)
    assert like(FIRST, stroke)
    again.shows({stroke["id"]})
    again.has_status("saved")
    wait_until(lambda: drafted(again) == [], "nothing left to be saved")


def crash(tab: Tab) -> None:
    """End the process that draws the page, as the kernel would."""
    with tab.page.expect_event("crash"), suppress(Error):
        tab.page.goto("chrome://crash", timeout=5_000)
    tab.page.close()


def drafted(tab: Tab) -> list[Element]:
    """The elements that are not saved, as the browser's database has them."""
    found: list[Element] = tab.page.evaluate(
        """() => new Promise(resolve => {
          const opened = indexedDB.open('padws');
          opened.onsuccess = () => {
            const read = opened.result.transaction('drafts').objectStore('drafts').getAll();
            read.onsuccess = () => {
              opened.result.close();
              resolve(read.result.flatMap(draft => draft.elements));
            };
          };
        })"""
    )
    return found


def test_an_outage_is_said_and_outlived(alice: Person, pad: str, gunicorn: Part) -> None:
    tab = alice.open(pad)
    tab.stroke(FIRST)
    gunicorn.kill()
    tab.stroke(SECOND)
    tab.hurry()
    tab.says("The service cannot be reached")
    expect(tab.page.get_by_text("Not saved", exact=True)).to_be_visible()
    tab.stroke(THIRD)
    gunicorn.start()
    tab.has_status("saved")
    expect(tab.page.get_by_role("alert")).to_have_count(0)
    assert drawn((FIRST, SECOND, THIRD), agree(pad, tab))


def test_a_pad_that_is_left_during_an_outage_is_marked_and_saved_later(
    alice: Person, pad: str, gunicorn: Part
) -> None:
    tab = alice.tab()
    tab.page.get_by_role("link", name="Plan").click()
    tab.is_ready()
    alice.context.set_offline(True)
    tab.stroke(FIRST)
    tab.page.get_by_role("link", name="All pads").click()
    alice.context.set_offline(False)
    tab.says("Unsaved changes on this device")
    tab.page.get_by_role("link", name="Plan").click()
    tab.is_ready()
    tab.has_status("saved")
    assert drawn([FIRST], agree(pad, tab))


def test_a_session_that_ends_is_begun_again_over_the_open_drawing(
    person: NewPerson,
) -> None:
    alice, bob = person("carla"), person("dora")
    (pad, *_) = [each["id"] for each in alice.api.get("/api/pad?data=false").json()]
    before = len(alice.stored(pad))
    tab = alice.open(pad)
    alice.api.post("/auth/logout")
    tab.stroke(FIRST)
    tab.hurry()
    tab.says("Your session has ended")
    sign_in(tab, "dora")
    tab.says("Somebody else is signed in")
    tab.stroke(SECOND)
    alice.context.clear_cookies()
    sign_in(tab, "carla")
    tab.has_status("saved")
    alice.api.sign_in("carla")
    assert len(alice.stored(pad)) == before + 2
    assert len(bob.api.get("/api/pad?data=false").json()) == 1


def sign_in(tab: Tab, name: str) -> None:
    with tab.page.expect_popup() as opened:
        tab.page.get_by_role("button", name="Sign in").click()
    sign_in_at(opened.value, name)


def sign_in_at(popup: Page, name: str) -> None:
    with popup.expect_event("close"):
        popup.locator("input[name=sub]").fill(name)
        popup.keyboard.press("Enter")


def test_the_provider_is_away_for_a_while(person: NewPerson, provider: ProviderPart) -> None:
    alice = person("frieda")
    pad = alice.api.new_pad()
    tab = alice.open(pad)
    with tab.page.expect_popup() as opened, provider.frozen():
        tab.stroke(FIRST)
        tab.hurry()
        tab.has_status("saved")  # a session needs no provider
        alice.api.post("/auth/logout")
        tab.stroke(SECOND)
        tab.hurry()
        tab.says("Your session has ended")
        tab.page.get_by_role("button", name="Sign in").click()
        tab.stroke(THIRD)
    sign_in_at(opened.value, "frieda")
    tab.has_status("saved")
    alice.api.sign_in("frieda")
    assert drawn((FIRST, SECOND, THIRD), agree(pad, tab))


def test_two_people_draw_at_once_and_both_see_everything(
    alice: Person, pad: str, person: NewPerson
) -> None:
    one, two = alice.open(pad), person(alice.who).open(pad)
    hand = line((300, 250), (600, 280))
    places, further = count(200, 25), [(620, 300), (640, 320)]
    with one.in_stroke(hand):
        for _ in range(2):  # while the other's pen is on the paper
            two.stroke(line((650, next(places)), (900, next(places))))
            two.hurry()
        wait_until(lambda: len(one.on_screen()) == 3, "what the other has drawn")
        for point in further:
            one.page.mouse.move(*point)
    for _ in range(3):
        one.stroke(line((300, next(places)), (600, next(places))))
        two.stroke(line((650, next(places)), (900, next(places))))
    alice.finds(pad, lambda elements: len(elements) == 9)
    # By themselves. A stroke may have been saved before its end, and moved among the others' since.
    stored = agree(pad, one, two)
    assert len(stored) == 9
    assert any(like([*hand, *further], each) for each in stored)  # it went on under what came in


def test_a_picture_reaches_the_other(alice: Person, pad: str, person: NewPerson) -> None:
    one, two = alice.open(pad), person(alice.who).open(pad)
    one.page.evaluate(DROP_PICTURE)
    (image,) = alice.finds(pad, lambda elements: len(elements) == 1)
    stored = alice.api.get(f"/api/pad/{pad}").json()["data"]["files"]
    assert stored[image["fileId"]]["dataURL"].startswith("data:image/png;base64,")
    two.hurry()
    two.shows({image["id"]})
    shown = f"({CANVAS})().files['{image['fileId']}']?.dataURL"  # which comes after its element
    wait_until(lambda: two.page.evaluate(shown), "the picture")


def test_two_tabs_of_one_browser_keep_what_each_has_drawn(alice: Person, pad: str) -> None:
    one, two = alice.open(pad), alice.open(pad)
    two.stroke(FIRST)
    one.page.bring_to_front()
    one.stroke(SECOND)
    for tab in (one, two):
        tab.hurry()
        tab.has_status("saved")
    one.hurry()
    assert drawn((FIRST, SECOND), agree(pad, one, two))


@pytest.mark.parametrize("deed", ["drawn on", "restored"])
def test_an_hour_offline_while_another_draws_or_restores(
    alice: Person, pad: str, person: NewPerson, board_database: str, deed: str
) -> None:
    one = alice.open(pad)
    one.stroke(FIRST)
    one.hurry()
    one.has_status("saved")
    first = alice.api.post(f"/api/pad/{pad}/backups").json()["id"]
    alice.context.set_offline(True)
    one.stroke(SECOND)
    one.hurry()
    one.says("The service cannot be reached")
    an_hour_passes(board_database, pad)
    two = person(alice.who).open(pad)
    two.stroke(THIRD)
    two.hurry()
    two.has_status("saved")
    if deed == "restored":
        alice.api.post(f"/api/pad/{pad}/backups/{first}/restore")
    one.stroke(FOURTH)
    wait_until(lambda: drawn([SECOND, FOURTH], drafted(one)), "both, kept in the browser")
    crash(one)
    alice.context.set_offline(False)
    one = alice.open(pad)
    one.has_status("saved")
    two.hurry()
    expected = [FIRST, SECOND, FOURTH, *([THIRD] if deed == "drawn on" else [])]
    assert drawn(expected, agree(pad, one, two))


def an_hour_passes(database: str, pad: str) -> None:
    """All that is stored of a pad is an hour older."""
    with psycopg.connect(database) as connection:
        for statement in AGE:
            connection.execute(statement, [pad])


AGE = [
    f"""UPDATE pad_ws.{table}
           SET created_at = created_at - interval '1 hour',
               updated_at = updated_at - interval '1 hour'
         WHERE {column} = %s"""
    for table, column in (("pads", "id"), ("backups", "source_id"))
]


@pytest.mark.parametrize("is_purged", [False, True])
def test_a_pad_that_another_deletes_is_brought_back_or_kept(
    alice: Person, pad: str, is_purged: bool
) -> None:
    tab = alice.open(pad)
    tab.stroke(FIRST)
    tab.hurry()
    tab.has_status("saved")
    assert alice.api.request("DELETE", f"/api/pad/{pad}").status_code == 200
    tab.stroke(SECOND)
    tab.hurry()
    tab.says("This pad was deleted elsewhere")
    if is_purged:
        assert alice.api.request("DELETE", f"/api/pad/trash/{pad}").status_code == 200
    tab.page.get_by_role("button", name="Bring the pad back").click()
    if is_purged:
        tab.says("deleted for good")
        tab.page.get_by_role("button", name="Keep as a new pad").click()
        tab.page.wait_for_url(lambda url: pad not in url)
    tab.has_status("saved")
    assert drawn((FIRST, SECOND), agree(tab.page.url.rpartition("/")[2], tab))


def test_a_pad_that_another_renames_and_restores(alice: Person, pad: str) -> None:
    tab = alice.open(pad)
    tab.stroke(FIRST)
    tab.hurry()
    tab.has_status("saved")
    backup = alice.api.post(f"/api/pad/{pad}/backups").json()["id"]
    tab.stroke(SECOND)
    tab.hurry()
    tab.has_status("saved")
    alice.api.request("PATCH", f"/api/pad/{pad}", json={"display_name": "Renamed"})
    tab.hurry()
    tab.says("Renamed")
    with tab.in_stroke(THIRD):
        alice.api.post(f"/api/pad/{pad}/backups/{backup}/restore")
        tab.hurry()
        tab.says("put back to an earlier state")
    tab.has_status("saved")
    assert drawn((FIRST, THIRD), agree(pad, tab))


def test_what_others_had_changed_is_in_the_history_where_it_was_replaced(
    alice: Person, pad: str
) -> None:
    alice.save(pad, elements=boxes(1))
    tab = alice.open(pad)
    tab.shows({"box-0"})
    tab.select(tab.on_screen()[0])
    alice.context.set_offline(True)
    for _ in range(4):
        tab.page.keyboard.press("ArrowRight")
    theirs = {**alice.stored(pad)[0], "version": 2, "versionNonce": 7, "width": 300}
    answer = alice.api.request("PATCH", f"/api/pad/{pad}/data", json={"elements": [theirs]})
    assert answer.status_code == 200
    alice.context.set_offline(False)
    tab.says("Somebody else had changed the same elements.")
    tab.page.get_by_role("status").get_by_role("link", name="History").click()
    tab.page.get_by_role("button", name="before others' changes").wait_for()
