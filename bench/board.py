"""How fast the board is, in the machine's Chromium: `.venv/bin/python -m bench.board`."""

from __future__ import annotations

import itertools
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
        _print_frames(Person(browser.new_context(), stand.url, "frames"))
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
#: The frames' times, and from when to when each save was under way.
_FRAMES = """() => [
  window.frames_,
  performance.getEntriesByType('resource').filter(entry => entry.name.endsWith('/data'))
    .map(entry => [entry.startTime, entry.responseEnd]),
]"""
_MARGIN = 30  # milliseconds before and after a request, in which it is made and its answer taken


def _print_frames(person: Person) -> None:
    """Draw, saving in the middle of each stroke; compare the frames of that time with others."""
    pad = person.api.new_pad()
    person.save(pad, elements=[_box(i) for i in range(300)])
    tab = person.open(pad)
    tab.page.evaluate(_WATCH_FRAMES)
    for _ in range(10):
        tab.begin_stroke(line((300, 300), (600, 330), 8))
        for step in range(120):
            if step == 60:
                tab.hurry()
            tab.page.mouse.move(600 + 200 * math.sin(step / 9), 400 + 150 * math.cos(step / 7))
        tab.page.mouse.up()
    tab.has_status("saved")
    frames, saves = tab.page.evaluate(_FRAMES)
    during, else_ = _late(frames, saves)
    click.echo(
        f"Frames later than 1/30 s, while drawing on 300 elements: {during:.1%} of those while "
        f"one of {len(saves)} saves was under way, {else_:.1%} of the others"
    )
    person.context.close()


def _late(frames: list[float], saves: list[list[float]]) -> tuple[float, float]:
    """The share of frames that came late: while a save was under way, and at other times."""
    counts: dict[bool, list[bool]] = {True: [], False: []}
    for before, after in itertools.pairwise(frames):
        during = any(begin - _MARGIN < after and before < end + _MARGIN for begin, end in saves)
        counts[during].append(after - before > 1_000 / 30)
    return tuple(sum(each) / max(1, len(each)) for each in (counts[True], counts[False]))  # type: ignore[return-value]


def _box(number: int) -> dict[str, Any]:
    place = {"x": number % 20 * 60, "y": number // 20 * 45, "width": 50, "height": 35}
    return {"id": f"box-{number}", "type": "rectangle", **place}


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
