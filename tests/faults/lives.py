"""A writer that does everything but save: it takes drawings through their lives, one by one.

Each step changes one of them in a way that is known. Once a step is acknowledged, that is so. One
whose answer failed may have been done or not, even later on, and ends the life.
"""

from __future__ import annotations

import http.client
import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

from tests.helpers.ledger import PadLedger, scene
from tests.helpers.writers import Answer, Line, Writer

_TAKEOUT = "/api/users/me/takeout"
_ZIP = {"Content-Type": "application/zip"}


class State(NamedTuple):
    """What is stored of a drawing."""

    in_trash: bool = False
    is_labelled: bool = False  # its only backup
    links: int = 0


@dataclass
class Life:
    """A drawing. `begun` of its steps have been asked for, and `done` have been acknowledged."""

    name: str
    begun: int = 0
    done: int = 0
    has_failed: bool = False
    pad: str = ""
    link: dict[str, str] = field(default_factory=dict)
    takeout: bytes = b""
    wrong: list[str] = field(default_factory=list)  # what was answered


def _import(line: Line, life: Life) -> Answer:
    path = f"/api/pad/import?display_name={quote(life.name)}"
    answer = line.ask("POST", path, scene(life.name, 0))
    if answer.status == HTTPStatus.CREATED:
        life.pad = f"/api/pad/{json.loads(answer.body)['id']}"
    return answer


def _label(line: Line, life: Life) -> Answer:
    answer = line.ask("GET", f"{life.pad}/backups?data=false", None)
    if answer.status != HTTPStatus.OK:
        return answer
    (backup,) = json.loads(answer.body)["backups"]
    return line.ask("PATCH", f"{life.pad}/backups/{backup['id']}", {"label": life.name})


def _share(line: Line, life: Life) -> Answer:
    answer = line.ask("POST", f"{life.pad}/links", {})
    if answer.status == HTTPStatus.CREATED:
        life.link = json.loads(answer.body)
    return answer


def _open(line: Line, life: Life) -> Answer:
    answer = line.ask("GET", f"/api{urlsplit(life.link['url']).path}", None)
    if answer.status == HTTPStatus.OK and json.loads(answer.body)["display_name"] != life.name:
        life.wrong.append("the link leads to another pad")
    return answer


def _unshare(line: Line, life: Life) -> Answer:
    return line.ask("DELETE", f"{life.pad}/links/{life.link['id']}", None)


def _take_out(line: Line, life: Life) -> Answer:
    try:
        answer = line.ask("GET", _TAKEOUT, None)
    except ConnectionResetError as error:  # whether anything of it had come, or not yet
        raise http.client.IncompleteRead(b"") from error
    if answer.status == HTTPStatus.OK:
        life.takeout = answer.body
        with zipfile.ZipFile(io.BytesIO(answer.body)) as found:
            about = json.loads(found.read(f"pads/{life.pad.rpartition('/')[2]}/pad.json"))
            if found.testzip() or [each["label"] for each in about["history"]] != [life.name]:
                life.wrong.append("the takeout is damaged, or has another history")
    return answer


def _delete(line: Line, life: Life) -> Answer:
    return line.ask("DELETE", life.pad, None)


def _undelete(line: Line, life: Life) -> Answer:
    return line.ask("POST", f"{_in_trash(life)}/restore", None)


def _purge(line: Line, life: Life) -> Answer:
    return line.ask("DELETE", _in_trash(life), None)


def _in_trash(life: Life) -> str:
    return life.pad.replace("/api/pad/", "/api/pad/trash/")


def _bring_in(line: Line, life: Life) -> Answer:
    return line.ask("POST", _TAKEOUT, life.takeout, **_ZIP)


def _count(line: Line, _life: Life) -> Answer:
    return line.ask("GET", "/api/users/me/usage", None)


Step = Callable[[Line, Life], Answer]

_LABELLED, _SHARED = State(is_labelled=True), State(is_labelled=True, links=1)
_IN_TRASH = State(in_trash=True, is_labelled=True)

#: The steps of a life, and what is stored after each.
STEPS: list[tuple[Step, State | None]] = [
    (_import, State()),
    (_label, _LABELLED),
    (_share, _SHARED),
    (_open, _SHARED),
    (_unshare, _LABELLED),
    (_take_out, _LABELLED),
    (_delete, _IN_TRASH),
    (_undelete, _LABELLED),
    (_delete, _IN_TRASH),
    (_purge, None),
    (_bring_in, _LABELLED),
    (_count, _LABELLED),
    (_delete, _IN_TRASH),
    (_purge, None),
]
STATES: list[State | None] = [None, *(state for _, state in STEPS)]

_STORED = """
    SELECT
        display_name AS name,
        data AS scene,
        deleted_at IS NOT NULL AS in_trash,
        (
            SELECT jsonb_agg(backups.label) FROM pad_ws.backups
            WHERE backups.source_id = pads.id AND backups.owner_id = pads.owner_id
        ) AS labels,
        (
            SELECT count(*) FROM pad_ws.links
            WHERE links.pad_id = pads.id AND links.owner_id = pads.owner_id
        ) AS links
    FROM pad_ws.pads
    WHERE owner_id = (SELECT owner_id FROM pad_ws.pads WHERE id = %s)
"""


_FORGET = """
    DELETE FROM pad_ws.pads
    WHERE
        owner_id = (SELECT owner_id FROM pad_ws.pads WHERE id = %s)
        AND display_name = ANY(%s)
    RETURNING id
"""


class LivesWriter(Writer):
    """Takes drawings through their lives until told to stop; its own pad stays as it is."""

    def __init__(self, name: str, cookie: str, urls: tuple[str, ...]):
        super().__init__(PadLedger(name, careful=False), cookie, urls)
        self._born = 0
        self.lived = 0  # whole lives
        self._lives = dict[str, Life]()
        self._life = self._new_life()

    def _new_life(self) -> Life:
        self._born += 1
        life = Life(f"{self.name}, drawing {self._born}")
        self._lives[life.name] = life
        return life

    def _save(self) -> bool:
        """Take the next step."""
        life = self._life
        step, _ = STEPS[life.done]
        life.begun += 1
        answer = self._answer(partial(step, self._lines[0], life))
        if answer and answer.status in (HTTPStatus.OK, HTTPStatus.CREATED):
            life.done += 1
            self._served()
        else:
            life.has_failed = True
            if answer:  # 429: the takeout whose answer was lost is still being made
                allowed = HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS
                self._refused(answer, *allowed)
        self.lived += life.done == len(STEPS)
        if life.has_failed or life.done == len(STEPS):
            self._life = self._new_life()
        return not life.has_failed

    def lost(self, sql: Callable[..., list[dict[str, Any]]]) -> list[str]:
        """What is wrong with the drawings; those whose lives have ended early are deleted then."""
        done = {life.name: life.done for life in list(self._lives.values())}
        rows = {row["name"]: row for row in sql(_STORED, self.pad_id)}
        wrong = [
            f"{name}: {each}"
            for name, number in done.items()
            for each in wrong_with(self._lives[name], number, rows.get(name))
        ]
        failed = [name for name in done if self._lives[name].has_failed]
        sql(_FORGET, self.pad_id, failed)
        for name in failed:
            del self._lives[name]
        return wrong


def wrong_with(life: Life, done: int, row: dict[str, Any] | None) -> list[str]:
    """What is wrong with what is stored of a drawing, `done` of whose steps were acknowledged."""
    possible = STATES[done : life.begun + 1]
    if not row:
        return life.wrong if None in possible else [*life.wrong, f"lost; {possible} expected"]
    if row["scene"]["elements"] != scene(life.name, 0)["elements"]:
        return [*life.wrong, "another drawing"]
    if row["labels"] not in ([None], [life.name]):
        return [*life.wrong, f"backups with the labels {row['labels']}"]
    found = State(row["in_trash"], row["labels"] == [life.name], row["links"])
    return life.wrong if found in possible else [*life.wrong, f"{found}; {possible} expected"]
