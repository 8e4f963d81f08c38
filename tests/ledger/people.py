"""Simulated people, who draw, keep old tabs open, restore, delete and undelete."""

from __future__ import annotations

import random
import time
from base64 import b64encode
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from datetime import UTC, datetime
from hashlib import sha1
from typing import Any

import psutil
import psycopg
import requests

from tests.helpers.drawings import without_mark
from tests.helpers.people import Person
from tests.helpers.waiting import wait_until
from tests.ledger.book import MOST_LABELS, Book, Entry, Scene, merged, with_elements_of
from tests.ledger.place import APPLICATION_NAME

_MINUTE, _HOUR, _DAY = 60.0, 3600.0, 86_400.0
#: How long somebody does something else, in seconds; how often, against one another.
_PAUSES = {0.0: 8, 6 * _MINUTE: 6, _HOUR: 4, 5 * _HOUR: 3, _DAY: 2, 3 * _DAY: 1, 9 * _DAY: 1}
_IN_TRASH_FOR = (0.0, _DAY, 29 * _DAY)
_OLD_TABS = 4
_ERASED = 0.05  # of the strokes that change something

_AGE = """
    SELECT format(
        'UPDATE pad_ws.%I SET %s WHERE %I = $1',
        table_name,
        string_agg(format('%1$I = %1$I - make_interval(secs => $2)', column_name), ', '),
        CASE table_name WHEN 'pads' THEN 'id' ELSE 'source_id' END
    )
    FROM information_schema.columns
    WHERE table_schema = 'pad_ws' AND table_name IN ('pads', 'backups')
    AND data_type = 'timestamp with time zone'
    GROUP BY table_name
"""

#: The processes of the service that PostgreSQL has a connection of, as it names them there.
_ASKING = """
    SELECT split_part(application_name, '/', 3)::int
    FROM pg_stat_activity
    WHERE datname = current_database() AND application_name ~ '^padws/[^/]*/[0-9]+/'
"""


class Lost(AssertionError):
    """Something is not there that must be."""


class Somebody:
    """A person with pads; what is wrong goes into `wrong`, what was done into `done`."""

    def __init__(self, url: str, person: Person, database_url: str, seed: str):
        self.random = random.Random(seed)
        self.done = Counter[str]()
        self.wrong: list[str] = []
        self._url = url
        self._browser = requests.Session()
        self._browser.headers["Cookie"] = person.header
        self._database_url = database_url
        self._drawn = 0
        self.books: dict[str, Book] = {}
        self._old: dict[str, list[tuple[int, Scene]]] = {}  # what other tabs still show

    # Asking

    def send(self, method: str, path: str, **options: Any) -> requests.Response | None:
        """An answer; none if it did not come, or was that something fails just now."""
        try:
            answer = self._browser.request(method, self._url + path, timeout=60, **options)
        except requests.RequestException:
            return None
        if answer.status_code in (500, 502):
            self.wrong.append(f"{method} {path}: {answer.status_code} {answer.text[:200]}")
        return None if answer.status_code >= 500 else answer

    def ask(self, method: str, path: str, *statuses: int, **options: Any) -> requests.Response:
        """The answer to what can be asked again."""
        found: list[requests.Response] = []

        def answered() -> bool:
            answer = self.send(method, path, **options)
            found.extend([answer] if answer is not None else [])
            return bool(found)

        wait_until(answered, f"{method} {path} is answered")
        if found[0].status_code not in (statuses or (200, 201)):
            raise Lost(f"{method} {path}: {found[0].status_code} {found[0].text[:200]}")
        return found[0]

    # Drawing

    def _element(self, held: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
        self._drawn += 1
        return {
            **(held or more),
            "id": held["id"] if held else f"element-{self._drawn}",
            "index": held["index"] if held else f"a{self._drawn:06}",
            "version": held["version"] + 1 if held else 1,
            "versionNonce": self.random.getrandbits(31),
            "isDeleted": bool(held) and self.random.random() < _ERASED,
            "text": self.random.choice(["Grüße", "漢字", "👩‍👧"]) + str(self._drawn),
        }

    def _changed(self, scene: Scene) -> Scene:
        """The scene after a few strokes."""
        scene = deepcopy(scene)
        for place in range(min(2, len(scene["elements"]))):
            scene["elements"][-1 - place] = self._element(scene["elements"][-1 - place])
        scene["elements"] += [self._element() for _ in range(self.random.randint(1, 4))]
        return scene

    def _picture(self) -> dict[str, Any]:
        content = b64encode(self.random.randbytes(self.random.choice([500, 4_000]))).decode()
        return {"mimeType": "image/png", "dataURL": f"data:image/png;base64,{content}"}

    def new_pad(self) -> None:
        scene = self._changed({"elements": [], "files": {}})
        answer = self.ask("POST", "/api/pad", json={"display_name": "Plan", "data": scene})
        pad = answer.json()
        self.books[pad["id"]] = Book(without_mark(pad["data"]), 1, time.time())
        self._old[pad["id"]] = []

    def _read(self, pad_id: str) -> tuple[int, Scene]:
        pad = self.ask("GET", f"/api/pad/{pad_id}").json()
        return pad["version"], without_mark(pad["data"])

    def _write(
        self, pad_id: str, new: Scene, send: Callable[[], Any], must: Callable[[float], bool]
    ) -> None:
        """Change a pad, and see what has come of it; `must` it keep what it changes?"""
        book, now = self.books[pad_id], time.time()
        before, due = book.scene, book.interval_is_due(now)
        answer = send()
        if answer is None:
            self.done["unanswered"] += 1
            time.sleep(0.5)  # whoever asked PostgreSQL has gone by then, which may still be at it
            wait_until(self._nobody_has_gone, "PostgreSQL knows who has gone")
        elif answer.status_code != 200:
            raise Lost(f"{pad_id}: {answer.status_code} {answer.text[:200]}")
        version, found = self._read(pad_id)
        if version == book.version and (answer is None or new == before):
            self._learn(pad_id, before, found)
            return
        if version != book.version + 1 or found != new:
            raise Lost(f"{pad_id}: version {version} after {book.version}, or another scene")
        self._old[pad_id] = [*self._old[pad_id][1 - _OLD_TABS :], (book.version, before)]
        held, must_keep = book.newest, must(now)
        taken = self._learn(pad_id, before, new)
        book.written(new, version, now, taken)
        if must_keep and not any(each.scene == before for each in taken):
            raise Lost(f"{pad_id}: what version {version} replaced is in no backup")
        if due and not any(each.scene == new for each in (*taken, held) if each):
            raise Lost(f"{pad_id}: no backup of version {version}, which was due")

    def _nobody_has_gone(self) -> bool:
        """Whether PostgreSQL works for processes that are alive, and for nobody else."""
        with psycopg.connect(self._database_url, application_name=APPLICATION_NAME) as conn:
            asking = {pid for (pid,) in conn.execute(_ASKING)}
        found = (each.info for each in psutil.process_iter(["pid", "status"]))
        return asking <= {each["pid"] for each in found if each["status"] != psutil.STATUS_ZOMBIE}

    def _learn(self, pad_id: str, before: Scene, after: Scene) -> list[Entry]:
        """The backups that have come since the last time."""
        book = self.books[pad_id]
        listed = self._all_backups(pad_id, data="false")
        known = {each.id for each in book.entries}
        new = [
            Entry(
                id_,
                datetime.fromisoformat(each["timestamp"]).timestamp(),
                each["reason"],
                after if each["reason"] in ("interval", "manual") else before,
            )
            for id_, each in listed.items()
            if id_ not in known
        ]
        self.done["pruned"] += len(known - listed.keys())
        missing, surplus = book.take(new, listed.keys())
        for each in missing:
            self.wrong.append(f"{pad_id}: {each.reason} of {_text(each.at)} has been pruned")
        for each in surplus:
            self.wrong.append(f"{pad_id}: {each.reason} of {_text(each.at)} has not been pruned")
        return new

    # What people do

    def draw_a_little(self, pad_id: str) -> None:
        """As the board does: what has changed, with the version from which it was changed."""
        book = self.books[pad_id]
        part = {"elements": self._changed(book.scene)["elements"][-4:]}
        self._merge(pad_id, part, book.version)

    def draw_on_another_device(self, pad_id: str) -> None:
        """Which has not seen what was drawn since."""
        version, scene = self.random.choice(self._old[pad_id] or [self._now(pad_id)])
        self._merge(pad_id, {"elements": self._changed(scene)["elements"][-4:]}, version)

    def _now(self, pad_id: str) -> tuple[int, Scene]:
        return self.books[pad_id].version, self.books[pad_id].scene

    def _merge(self, pad_id: str, part: Scene, version: int) -> None:
        path, book, bases = f"/api/pad/{pad_id}/data", self.books[pad_id], [version]

        def send() -> Any:
            headers = {"If-Match": f'"{bases[-1]}"'}
            answer = self.send("PATCH", path, json=part, headers=headers)
            if answer is not None and answer.status_code == 412 and bases == [version]:
                bases.append(book.version)  # restored since: it reads first
                return send()
            return answer

        def must_keep(now: float) -> bool:
            return book.merge_must_keep(part, bases[-1], now)

        self._write(pad_id, merged(book.scene, part), send, must_keep)

    def _save(self, pad_id: str, scene: Scene) -> None:
        path, book = f"/api/pad/{pad_id}", self.books[pad_id]

        def must_keep(now: float) -> bool:
            return book.save_must_keep(scene, now)

        self._write(pad_id, scene, lambda: self.send("POST", path, json=scene), must_keep)

    def draw(self, pad_id: str) -> None:
        self._save(pad_id, self._changed(self.books[pad_id].scene))

    def draw_in_an_old_tab(self, pad_id: str) -> None:
        _, scene = self.random.choice(self._old[pad_id] or [self._now(pad_id)])
        self._save(pad_id, self._changed(scene))

    def clear(self, pad_id: str) -> None:
        self._save(pad_id, {**self.books[pad_id].scene, "elements": []})

    def show_other_pictures(self, pad_id: str) -> None:
        pictures = [self._picture() for _ in range(self.random.randint(0, 2))]
        files = {sha1(each["dataURL"].encode()).hexdigest(): each for each in pictures}
        scene = self._changed(self.books[pad_id].scene)
        scene["elements"] += [self._element(fileId=id_) for id_ in files]
        self._save(pad_id, {**scene, "files": files})

    def switch_tabs(self, pad_id: str) -> None:
        """As pad.ws does it: the canvas that it leaves goes to the pad that it goes to."""
        other = self.random.choice([each for each in self.books if each != pad_id] or [pad_id])
        own = self.books[other].scene
        self._save(other, deepcopy(self.books[pad_id].scene))
        self._save(other, deepcopy(own))

    def save_unchanged(self, pad_id: str) -> None:
        for _ in range(3):
            self._save(pad_id, deepcopy(self.books[pad_id].scene))

    def back_up(self, pad_id: str) -> None:
        book = self.books[pad_id]
        self.send("POST", f"/api/pad/{pad_id}/backups")
        self._learn(pad_id, book.scene, book.scene)

    def label(self, pad_id: str) -> None:
        """Name a copy, or take its name away."""
        book = self.books[pad_id]
        if not book.entries:
            return
        entry = self.random.choice(book.entries)
        label = None if entry.label else f"Copy {self._drawn}"
        path = f"/api/pad/{pad_id}/backups/{entry.id}"
        too_many = label is not None and book.labelled == MOST_LABELS
        self.ask("PATCH", path, 409 if too_many else 200, json={"label": label})
        book.label(entry, None if too_many else label)

    def restore(self, pad_id: str) -> None:
        """Any that is there."""
        if self.books[pad_id].entries:
            entry = self.random.choice(self.books[pad_id].entries)
            self._restore(pad_id, entry, lambda _: entry.scene)

    def restore_elements(self, pad_id: str) -> None:
        """Some, with their pictures, into the drawing as it is."""
        book = self.books[pad_id]
        choice = [each for each in book.entries if each.scene["elements"]]
        if not choice:
            return
        entry, before = self.random.choice(choice), book.scene
        number = self.random.randint(1, 3)
        ids = {each["id"] for each in self.random.choices(entry.scene["elements"], k=number)}

        def expected(found: Scene) -> Scene:
            nonces = {each["id"]: each["versionNonce"] for each in found["elements"]}
            return with_elements_of(before, entry.scene, ids, nonces)

        self._restore(pad_id, entry, expected, json={"elements": [*sorted(ids), "unknown"]})

    def _restore(
        self, pad_id: str, entry: Entry, expected: Callable[[Scene], Scene], **options: Any
    ) -> None:
        """What it replaces is held afterwards."""
        book = self.books[pad_id]
        before, version = book.scene, book.version
        path = f"/api/pad/{pad_id}/backups/{entry.id}/restore"
        answer = self.send("POST", path, **options)
        if answer is not None and answer.status_code != 200:
            raise Lost(f"{pad_id}: {entry.reason} {entry.id}: {answer.status_code}")
        found = self._read(pad_id)
        unchanged = [(version, before)] * (answer is None)
        if found not in [(version + 1, expected(found[1])), *unchanged]:
            raise Lost(f"{pad_id}: {entry.reason} {entry.id} came back as something else")
        book.version, book.scene = found
        book.saved_at = time.time()
        self._learn(pad_id, before, book.scene)
        if found[0] != version and not self._holds(pad_id, before):
            raise Lost(f"{pad_id}: what a restore replaced is in no backup")

    def _holds(self, pad_id: str, scene: Scene) -> bool:
        if any(each.scene == scene for each in self.books[pad_id].entries):
            return True
        return scene in [without_mark(each["data"]) for each in self._all_backups(pad_id).values()]

    def delete_and_undelete(self, pad_id: str) -> None:
        path = f"/api/pad/trash/{pad_id}"
        self.ask("DELETE", f"/api/pad/{pad_id}", 200, 404)
        self.age(pad_id, self.random.choice(_IN_TRASH_FOR))
        if pad_id not in {each["id"] for each in self.ask("GET", "/api/pad/trash").json()}:
            raise Lost(f"{pad_id}: not in the trash")
        self.ask("GET", f"/api/pad/{pad_id}", 404)
        self.ask("POST", f"{path}/restore", 200, 404)
        if self._read(pad_id) != self._now(pad_id):
            raise Lost(f"{pad_id}: came out of the trash as something else")

    def delete_for_good(self, pad_id: str) -> None:
        self.ask("DELETE", f"/api/pad/{pad_id}", 200, 404)
        self.ask("DELETE", f"/api/pad/trash/{pad_id}", 200, 404)
        del self.books[pad_id], self._old[pad_id]
        self.new_pad()

    def pause(self, pad_id: str) -> None:
        self.age(pad_id, self.random.choices([*_PAUSES], [*_PAUSES.values()])[0])

    def age(self, pad_id: str, seconds: float) -> None:
        """Let everything of a pad be so much older."""
        with psycopg.connect(self._database_url, application_name=APPLICATION_NAME) as conn:
            for (statement,) in conn.execute(_AGE).fetchall():
                with psycopg.RawCursor(conn) as cursor:
                    cursor.execute(statement, [pad_id, seconds])
        self.books[pad_id].age(seconds)
        self.done["hours"] += round(seconds / _HOUR)

    # Doing it

    def act(self) -> None:
        """Do something; what is wrong is noted, and the pad given up."""
        while len(self.books) < 2:
            self.new_pad()
        pad_id = self.random.choice([*self.books])
        action = self.random.choices([*_HABITS], [*_HABITS.values()])[0]
        try:
            action(self, pad_id)
            self.done[action.__name__] += 1
        except (Lost, TimeoutError, AssertionError) as error:
            self.wrong.append(f"{action.__name__}: {error}")
            self.books.pop(pad_id, None)

    def check(self) -> None:
        """Look for everything that is promised."""
        for pad_id, book in self.books.items():
            self.done["states checked"] += len(book.entries) + 1
            if self._read(pad_id) != (book.version, book.scene):
                self.wrong.append(f"{pad_id}: another scene than the last one")
            found = self._all_backups(pad_id)
            for entry in book.entries:
                what = f"{pad_id}: {entry.reason} of {_text(entry.at)}"
                if entry.id not in found:
                    self.wrong.append(f"{what} is gone")
                elif without_mark(found[entry.id]["data"]) != entry.scene:
                    self.wrong.append(f"{what} is another scene")
                elif found[entry.id]["label"] != entry.label:
                    self.wrong.append(f"{what} has another label")

    def _all_backups(self, pad_id: str, data: str = "true") -> dict[str, Any]:
        """All backups by id, the newest first, page by page."""
        found: dict[str, Any] = {}
        until = "9999-01-01T00:00:00Z"
        while True:
            asked = {"limit": "100", "to": until, "data": data}
            page = self.ask("GET", f"/api/pad/{pad_id}/backups", params=asked).json()["backups"]
            found |= {each["id"]: each for each in page}
            if len(page) < 100:
                return found
            until = page[-1]["timestamp"]


def _text(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()


_HABITS: dict[Callable[[Somebody, str], None], int] = {
    Somebody.draw_a_little: 30,
    Somebody.draw: 30,
    Somebody.pause: 40,
    Somebody.draw_on_another_device: 15,
    Somebody.draw_in_an_old_tab: 15,
    Somebody.back_up: 15,
    Somebody.switch_tabs: 10,
    Somebody.restore: 10,
    Somebody.restore_elements: 10,
    Somebody.label: 10,
    Somebody.show_other_pictures: 8,
    Somebody.save_unchanged: 5,
    Somebody.clear: 5,
    Somebody.delete_and_undelete: 5,
    Somebody.delete_for_good: 1,
}


def live(people: list[Somebody], goes_on: Callable[[], bool], threads: int = 4) -> None:
    """Let people do things, some at a time, for as long as wanted; then check everything."""

    def lead(mine: list[Somebody]) -> None:
        while goes_on():
            for somebody in mine:
                somebody.act()
        for somebody in mine:
            somebody.check()

    with ThreadPoolExecutor(threads) as pool:
        for each in [pool.submit(lead, people[n::threads]) for n in range(threads)]:
            each.result()
