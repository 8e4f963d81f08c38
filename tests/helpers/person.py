"""People who draw: each with a browser profile of their own, and what they see."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from playwright.sync_api import BrowserContext, Page, expect

from tests.helpers import browser as http
from tests.helpers.waiting import wait_until

Point = tuple[float, float]
Element = dict[str, Any]

#: Excalidraw's component, found from the DOM.
CANVAS = """() => {
  const node = document.querySelector('.excalidraw');
  let fiber = node[Object.keys(node).find(key => key.startsWith('__reactFiber$'))];
  while (!fiber.stateNode?.getSceneElementsIncludingDeleted) fiber = fiber.return;
  return fiber.stateNode;
}"""
_ON_SCREEN = f"""() => {{
  if (!document.querySelector('.excalidraw')) return [];
  const elements = ({CANVAS})().getSceneElementsIncludingDeleted();
  return JSON.parse(JSON.stringify(elements.filter(each => !each.isDeleted)));
}}"""
#: Drops a square of all colours onto the drawing: as a file too large to stay in the scene.
DROP_PICTURE = """async () => {
  const canvas = Object.assign(document.createElement('canvas'), {width: 40, height: 40});
  const pixels = new ImageData(40, 40);
  let noise = 1;
  pixels.data.forEach((_, at) => {
    noise = (noise * 48271) % 2147483647;
    pixels.data[at] = at % 4 === 3 ? 255 : noise % 256;
  });
  canvas.getContext('2d').putImageData(pixels, 0, 0);
  const blob = await new Promise(resolve => canvas.toBlob(resolve));
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File([blob], 'square.png', {type: 'image/png'}));
  const at = {dataTransfer, clientX: 500, clientY: 400, bubbles: true, cancelable: true};
  document.querySelector('.excalidraw canvas.interactive').dispatchEvent(new DragEvent('drop', at));
}"""

#: Members that a client sets anew for what it has read, without that being a change.
_NOT_DRAWN = {
    "version",
    "versionNonce",
    "updated",
    "index",
    "boundElements",
    "lastCommittedPoint",
}


def line(start: Point, end: Point, steps: int = 6) -> list[Point]:
    """A wavy line of the hand."""
    (x, y), (to_x, to_y) = start, end
    return [
        (x + (to_x - x) * i / steps, y + (to_y - y) * i / steps + 6 * math.sin(i))
        for i in range(steps + 1)
    ]


def boxes(number: int, apart: int = 150) -> list[Element]:
    """Elements as another client may save them: with what they need, and no more."""
    return [
        {"id": f"box-{i}", "type": "rectangle", "x": apart * i, "y": 0, "width": 100, "height": 80}
        for i in range(number)
    ]


class Person:
    """Somebody at a browser, signed in."""

    def __init__(self, context: BrowserContext, url: str, name: str):
        self.url = url
        self.who = name
        self.api = http.signed_in(url, name)
        self.context = context
        self.come_back()

    def come_back(self) -> None:
        """Have a session in the browser: that of `api`."""
        cookie = {"name": http.COOKIE, "value": str(self.api.cookie), "url": self.url}
        self.context.add_cookies([cookie])  # type: ignore[list-item]

    def tab(self, path: str = "/") -> Tab:
        """A new tab at an address of the board."""
        page = self.context.new_page()
        page.goto(f"{self.url}{path}")
        return Tab(self, page)

    def open(self, pad_id: str) -> Tab:
        """A new tab with a pad, ready to be drawn on."""
        tab = self.tab(f"/pads/{pad_id}")
        tab.is_ready()
        return tab

    def stored(self, pad_id: str) -> list[Element]:
        """The elements of a pad as the service has them, without deleted ones."""
        pad = self.api.get(f"/api/pad/{pad_id}").json()
        return [each for each in pad["data"]["elements"] if not each.get("isDeleted")]

    def save(self, pad_id: str, **scene: Any) -> None:
        """Save a scene, as another client would."""
        answer = self.api.save(pad_id, **scene)
        assert answer.status_code == 200, answer.text

    def finds(self, pad_id: str, condition: Callable[[list[Element]], object]) -> list[Element]:
        """The stored elements, once they are as expected."""
        wait_until(lambda: condition(self.stored(pad_id)), "as it was drawn, at the service")
        return self.stored(pad_id)


class Tab:
    """A page of the board."""

    def __init__(self, person: Person, page: Page):
        self.person = person
        self.page = page

    def is_ready(self) -> None:
        """Wait until one can draw."""
        self.page.locator(".excalidraw canvas.interactive").wait_for()

    def has_status(self, *statuses: str) -> None:
        """Wait until the board says this about saving."""
        names = ", ".join(f'.save-status[data-status="{each}"]' for each in statuses)
        self.page.locator(names).wait_for()

    def on_screen(self) -> list[Element]:
        """The elements on the canvas."""
        elements: list[Element] = self.page.evaluate(_ON_SCREEN)
        return elements

    def shows(self, ids: set[str]) -> None:
        """Wait until exactly these elements are on the canvas."""
        wait_until(lambda: {each["id"] for each in self.on_screen()} == ids, "on the screen")

    def hurry(self) -> None:
        """Have what has changed saved now, and look what others have changed, by Ctrl+S."""
        self.page.keyboard.press("Control+s")

    def stroke(self, points: Sequence[Point]) -> None:
        """Draw a line with the pen."""
        self.begin_stroke(points)
        self.page.mouse.up()

    def select(self, element: Element) -> None:
        """Click on an element's upper left corner."""
        x, y = self.page.evaluate(
            f"""({{x, y}}) => {{
              const {{scrollX, scrollY, zoom, offsetLeft, offsetTop}} = ({CANVAS})().state;
              const place = (at, scroll, offset) => (at + scroll) * zoom.value + offset;
              return [place(x, scrollX, offsetLeft), place(y, scrollY, offsetTop)];
            }}""",
            element,
        )
        self.page.keyboard.press("v")
        self.page.mouse.click(x + 15, y)

    def begin_stroke(self, points: Sequence[Point]) -> None:
        """Draw a line, and leave the pen on the paper."""
        mouse = self.page.mouse
        self.page.keyboard.press("p")
        mouse.move(*points[0])
        mouse.down()
        for point in points[1:]:
            mouse.move(*point)

    @contextmanager
    def in_stroke(self, points: Sequence[Point]) -> Iterator[None]:
        """Draw a line, and keep the pen on the paper for as long as the block lasts."""
        self.begin_stroke(points)
        yield
        self.page.mouse.up()

    def says(self, words: str) -> None:
        """Wait until the board tells the person this."""
        expect(self.page.get_by_text(words).first).to_be_visible()


def like(points: Sequence[Point], element: Element) -> bool:
    """Whether an element is the line that was drawn: from its first point to its last.

    Excalidraw takes what the mouse reports in one frame as one point, so points may be missing.
    """
    drawn = element.get("points") or []
    if element["type"] != "freedraw" or not drawn:
        return False
    hand = [(x - points[0][0], y - points[0][1]) for x, y in points]
    nearest = [min(range(len(hand)), key=lambda i: math.dist(hand[i], each)) for each in drawn]
    exact = all(math.dist(hand[i], each) < 1.5 for i, each in zip(nearest, drawn, strict=True))
    whole = nearest[0] == 0 and nearest[-1] == len(hand) - 1
    return exact and whole and nearest == sorted(nearest)


def drawn(hands: Sequence[Sequence[Point]], elements: Sequence[Element]) -> bool:
    """Whether the elements are exactly these lines, in any order."""
    return len(hands) == len(elements) and all(
        any(like(points, each) for each in elements) for points in hands
    )


def agree(pad_id: str, *tabs: Tab) -> list[Element]:
    """Wait until these tabs show what is stored, element by element; it."""
    person = tabs[0].person
    with suppress(AssertionError):  # which does not say in what they differ
        wait_until(lambda: not differences(pad_id, *tabs))
    found = differences(pad_id, *tabs)
    assert not found, found
    return person.stored(pad_id)


def differences(pad_id: str, *tabs: Tab) -> list[str]:
    """In what the screens differ from what is stored."""
    stored = tabs[0].person.stored(pad_id)
    return [found for tab in tabs for found in _differences(tab.on_screen(), stored)]


def _differences(shown: list[Element], stored: list[Element]) -> Iterator[str]:
    if [each["id"] for each in shown] != [each["id"] for each in stored]:
        yield f"{[each['id'] for each in shown]} is shown, {[each['id'] for each in stored]} stored"
    for one, other in zip(shown, stored, strict=False):
        for name in (one.keys() | other.keys()) - _NOT_DRAWN:
            if one.get(name) != other.get(name):
                yield f"{name} of {one['id']}: {one.get(name)} is shown, {other.get(name)} stored"
