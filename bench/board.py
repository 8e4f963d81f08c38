"""How fast the board is, in the machine's Chromium: `.venv/bin/python -m bench.board`."""

from __future__ import annotations

import itertools
import json
import math
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import click
from playwright.sync_api import Browser

from bench.stand import serving, started_servers
from tests.helpers import chromium
from tests.helpers.person import CANVAS, Person, Tab, line
from tools import board

_RUNS = 3
_WAIT = 5_000  # milliseconds between two strokes in the hour of drawing


@dataclass(frozen=True)
class Times:
    """Seconds."""

    gallery: float
    picture: float
    editor: float
    address: float


@click.command()
@click.option("--strokes", default=240, show_default=True, help="In the hour of drawing.")
@click.option("--many", default=1_000, show_default=True, help="Pads of whoever has many.")
def main(strokes: int, many: int) -> None:
    """Measure the board: its speed, its frames and its saves."""
    board.build()
    with started_servers() as servers, serving(servers) as stand, chromium.running() as browser:
        for number in (10, many):
            _print_times(browser, stand.url, number)
        for elements in (300, 3_000):
            _print_frames(Person(browser.new_context(), stand.url, "frames"), elements)
        _print_hour(Person(browser.new_context(), stand.url, "hour"), strokes)


def _print_times(browser: Browser, url: str, number: int) -> None:
    owner = Person(browser.new_context(), url, f"owner-of-{number}")
    have = len(owner.api.get("/api/pad?data=false").json())
    for i in range(number - have):
        made = owner.api.post("/api/pad/from-template/default", json={"display_name": f"Pad {i}"})
        made.raise_for_status()
    owner.context.close()
    runs = [_times(browser, url, owner.who) for _ in range(_RUNS)]
    median = {name: statistics.median(getattr(run, name) for run in runs) for name in vars(runs[0])}
    click.echo(
        f"{number} pads, empty cache: to the pads {median['gallery']:.2f} s, to the first picture "
        f"{median['picture']:.2f} s; from there to a drawing that can be edited "
        f"{median['editor']:.2f} s; from a drawing's address {median['address']:.2f} s"
    )


def _times(browser: Browser, url: str, name: str) -> Times:
    """Each measured in a browser profile that has seen nothing yet."""
    person = Person(browser.new_context(), url, name)
    page, began = person.context.new_page(), time.perf_counter()
    page.goto(person.url, wait_until="commit")
    page.locator(".card").first.wait_for()
    gallery = time.perf_counter() - began
    page.locator(".preview img").first.wait_for()
    picture = time.perf_counter() - began
    page.wait_for_timeout(2_000)  # a look at the pads, while the editor loads behind them
    began = time.perf_counter()
    page.locator(".card-link").first.click()
    Tab(person, page).is_ready()
    editor = time.perf_counter() - began
    path = page.url.removeprefix(person.url)
    person.context.close()
    other = Person(browser.new_context(), url, name)
    began = time.perf_counter()
    other.open(path.rpartition("/")[2])
    address = time.perf_counter() - began
    other.context.close()
    return Times(gallery, picture, editor, address)


#: Notes when each frame is shown, and asks for the next.
_WATCH_FRAMES = """() => {
  window.frames_ = [];
  const note = time => { window.frames_.push(time); requestAnimationFrame(note); };
  requestAnimationFrame(note);
}"""
#: Has the board save at once, or does as much without that: a key would cost what Excalidraw does
#: at every key. The time, and the same on the trace.
_BEGIN = """name => {
  performance.mark(name);
  const time = performance.now();
  dispatchEvent(new Event(name));
  return time;
}"""
_SAVE, _NOTHING = "online", "nothing"
_REFRESH = 1_000 / 60  # milliseconds
_AFTER = 300  # milliseconds, in which a save is made, answered, and what it leads to is done
_TRACED = ["toplevel", "devtools.timeline", "disabled-by-default-devtools.timeline"]


def _print_frames(person: Person, number: int) -> None:
    """Draw, saving in the middle of every other stroke; compare what follows with the others."""
    pad = person.api.new_pad()
    person.save(pad, elements=[_box(i) for i in range(number)])
    tab, browser = person.open(pad), person.context.browser
    tab.page.evaluate(_WATCH_FRAMES)
    assert browser  # noqa: S101 - for the type checker: it is not a context of its own
    browser.start_tracing(page=tab.page, categories=[*_TRACED, "blink.user_timing"])
    began = [(deed, _draw(tab, deed)) for _ in range(10) for deed in (_SAVE, _NOTHING)]
    tab.has_status("saved")
    tasks = _longest_tasks(json.loads(browser.stop_tracing())["traceEvents"])
    frames = tab.page.evaluate("window.frames_")
    after = [
        f"{_lost(frames, [at for each, at in began if each == deed]):.1%} of the frames were lost, "
        f"the page's longest task took {statistics.median(tasks[deed]):.1f} ms of CPU"
        for deed in (_SAVE, _NOTHING)
    ]
    click.echo(
        f"Drawing on {number} elements, within {_AFTER} ms of a save's beginning: {after[0]}; "
        f"as often without a save: {after[1]}"
    )
    person.context.close()


def _draw(tab: Tab, deed: str) -> float:
    """Draw for a while; when, in milliseconds, the deed was done in the middle of that."""
    tab.begin_stroke(line((300, 300), (600, 330), 8))
    for step in range(120):
        if step == 60:
            time = float(tab.page.evaluate(_BEGIN, deed))
        tab.page.mouse.move(600 + 200 * math.sin(step / 9), 400 + 150 * math.cos(step / 7))
    tab.page.mouse.up()
    return time


def _lost(frames: list[float], began: list[float]) -> float:
    """The share of frames that were not shown in the time after some moments."""
    gaps = [
        round((after - before) / _REFRESH)
        for before, after in itertools.pairwise(frames)
        if any(at < after and before < at + _AFTER for at in began)
    ]
    return 1 - len(gaps) / max(1, sum(gaps))


def _longest_tasks(events: list[dict[str, Any]]) -> dict[str, list[float]]:
    """The longest task of the page's main thread after each deed, in milliseconds of CPU.

    Unlike the time that passes, it does not depend on what else the machine does.
    """
    marks = [each for each in events if each["name"] in (_SAVE, _NOTHING) and "pid" in each]
    thread = {(each["pid"], each["tid"]) for each in marks}
    tasks = [
        (each["ts"], each["dur"], each.get("tdur", 0))
        for each in events
        if each["name"].endswith("RunTask") and (each["pid"], each["tid"]) in thread
    ]
    found: dict[str, list[float]] = {_SAVE: [], _NOTHING: []}
    for mark in marks:
        begin, end = mark["ts"], mark["ts"] + 1_000 * _AFTER
        spent = [cpu for at, length, cpu in tasks if begin < at + length and at < end]
        found[mark["name"]].append(max(spent, default=0) / 1_000)
    return found


def _box(number: int) -> dict[str, Any]:
    """An element as Excalidraw saves it, as far as that matters here."""
    place = {"x": number % 20 * 60, "y": number // 20 * 45, "width": 50, "height": 35}
    states = {"version": 2, "versionNonce": number + 1, "index": f"a{number:05}V"}
    return {"id": f"box-{number}", "type": "rectangle", **place, **states}


#: What pad.ws's front end would send: the whole drawing.
_WHOLE = f"""() => {{
  const canvas = ({CANVAS})();
  const elements = canvas.getSceneElementsIncludingDeleted();
  const whole = {{elements, appState: canvas.state, files: canvas.files}};
  const seen = new WeakSet();
  return JSON.stringify(whole, (_, value) => {{
    if (typeof value === 'function' || value instanceof Node) return undefined;
    if (typeof value !== 'object' || !value) return value;
    if (seen.has(value)) return undefined;
    seen.add(value);
    return value;
  }}).length;
}}"""


def _print_hour(person: Person, strokes: int) -> None:
    """An hour with a stroke now and then, the time between them skipped."""
    pad = person.api.new_pad()
    page = person.context.new_page()
    page.clock.install()
    page.goto(f"{person.url}/pads/{pad}")
    tab = Tab(person, page)
    tab.is_ready()
    sent, whole = list[int](), list[int]()
    for start in _places(strokes):
        tab.stroke(line(start, (start[0] + 160, start[1] + 30), 10))
        with page.expect_response(lambda answer: answer.url.endswith("/data")) as answered:
            page.clock.fast_forward(_WAIT)
        sent.append(len(answered.value.request.post_data_buffer or b""))
        whole.append(page.evaluate(_WHOLE))
    click.echo(
        f"{strokes} strokes, one at a time: {len(sent)} saves of "
        f"{sum(sent) / len(sent) / 1000:.1f} KB, {sum(sent) / 1e6:.2f} MB together; "
        f"whole saves would be {sum(whole) / 1e6:.1f} MB"
    )
    person.context.close()


def _places(number: int) -> Iterator[tuple[float, float]]:
    for i in range(number):
        yield 260 + 37 * i % 700, 140 + 23 * i % 420


if __name__ == "__main__":
    main()
