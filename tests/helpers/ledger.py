"""The ledger outside the service: what was sent, what was acknowledged, what must be there.

Each pad has one writer, who sends one save after the other, numbered. A save that was answered with
200 is acknowledged and has a version. One whose answer failed, or never came, is open: it may have
been written or not, and of a frozen server even later on.
"""

from __future__ import annotations

import hashlib
import random
import threading
from base64 import b64encode
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from tests.helpers.drawings import without_mark

Scene = dict[str, Any]

#: So many that PostgreSQL keeps a scene in pieces, outside the table.
_ELEMENTS = 12


def scene(name: str, number: int) -> Scene:
    """The scene of a pad's save: its number at both ends, and a checksum of what lies between."""
    keys = [hashlib.sha512(f"{name} {number} {n}".encode()).hexdigest() for n in range(_ELEMENTS)]
    middle = [{"id": key, "type": "text", "text": key[::-1]} for key in keys]
    checksum = hashlib.sha256(str(middle).encode()).hexdigest()
    end = {"type": "text", "save": number, "checksum": checksum}
    return {"elements": [{"id": "first"} | end, *middle, {"id": "last"} | end], "files": {}}


#: The sizes (bytes) of a pad's pictures. Some are shown; after a few saves one goes and another
#: comes, so that each comes back when no backup has needed it for a while.
_SIZES = (4_000, 200_000, 15_000, 60_000, 2_500, 90_000, 30_000, 8_000)
_SHOWN, _SAVES_WITH_THEM = 3, 12


@cache
def picture(name: str, number: int) -> str:
    """The text of one of a pad's pictures."""
    content = random.Random(f"{name} {number}").randbytes(_SIZES[number])
    return picture_of(content)


def picture_of(content: bytes) -> str:
    """The text of the picture with that content."""
    return f"data:image/png;base64,{b64encode(content).decode()}"


def digest_of(text: str) -> str:
    """By what a picture with that text is known."""
    return hashlib.sha256(text.encode()).hexdigest()


def with_pictures(name: str, number: int) -> Scene:
    """The scene of a save, with pictures; one of them twice, under ids that change."""
    first = number // _SAVES_WITH_THEM
    shown = [(first + n) % len(_SIZES) for n in range(_SHOWN)]
    ids = {f"picture {each}": each for each in shown} | {f"again in {number // 2}": shown[0]}
    files = {id_: {"id": id_, "dataURL": picture(name, each)} for id_, each in ids.items()}
    return scene(name, number) | {"files": files}


#: As many elements has a pad that is saved in parts: they are saved in turn. Of so many saves one
#: brings a picture, under so many ids in turn.
_SLOTS, _FOR_A_PICTURE, _IDS = 40, 4, 3


def part(name: str, number: int) -> Scene:
    """What a save of a part sends: one element, in a version that no save before has sent.

    Now and then also a picture, in the place of another one.
    """
    slot, key = number % _SLOTS, hashlib.sha512(f"{name} {number}".encode()).hexdigest()
    element = {"id": f"slot {slot}", "index": f"a{slot:02}", "version": number + 1, "text": key}
    id_ = _picture_id(number)
    if not id_:
        return {"elements": [element]}
    text = picture(name, number // _FOR_A_PICTURE % len(_SIZES))
    return {"elements": [element], "files": {id_: {"id": id_, "dataURL": text}}}


def _picture_id(number: int) -> str | None:
    """Under which id a save of a part brings a picture, if it does."""
    turn, other = divmod(number, _FOR_A_PICTURE)
    return None if other else f"picture {turn % _IDS}"


@dataclass(frozen=True)
class Stored:
    """A pad as PostgreSQL has it, in one snapshot; its backups' scenes, newest first. All whole."""

    version: int
    scene: Scene
    backups: list[Scene]


@dataclass
class PadLedger:
    """What is known of the pad `name`. A `careful` writer sends If-Match with each save.

    `versions` has the number of the save for each acknowledged version, `version` is the latest of
    them, and `basis` the one that the next save starts from. A pad is made with the save 0.
    """

    name: str
    careful: bool
    sent: int = 0
    version: int = 1
    basis: int = 1
    versions: dict[int, int] = field(default_factory=lambda: {1: 0})
    open: set[int] = field(default_factory=set)
    wrong: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def content(self, number: int) -> Scene:
        """What a save sends."""
        return scene(self.name, number)

    @property
    def acknowledged(self) -> int:
        """How many saves were acknowledged."""
        return len(self.versions) - 1

    def begin(self) -> int:
        """The number of a new save; open until its answer comes."""
        with self._lock:
            self.sent += 1
            self.open.add(self.sent)
            return self.sent

    def overtaken(self, number: int, current: int) -> None:
        """A save was answered with 412: it was not written; an open one was, as `current`."""
        with self._lock:
            self.open.discard(number)
            if not self.version < current <= self.version + len(self.open):
                self.wrong.append(f"save {number} was refused for {current}, after {self.version}")
            self.basis = current

    def acknowledge(self, number: int, version: int, etag: str) -> None:
        """A save was answered with 200."""
        with self._lock:
            if etag != f'"{version}"':
                self.wrong.append(f"save {number}: version {version} came with ETag {etag}")
            if version <= self.version:
                self.wrong.append(
                    f"save {number} was acknowledged as version {version}, after {self.version}"
                )
            self.open.discard(number)
            self.versions[version] = number
            self.version = self.basis = version

    def before(self) -> PadLedger:
        """What is known now, to be compared with what is read afterwards."""
        with self._lock:
            versions, still_open = dict(self.versions), set(self.open)
            known = (self.name, self.careful, self.sent, self.version, self.basis)
            return type(self)(*known, versions, still_open)

    def check(self, before: PadLedger, stored: Stored, keep: int) -> list[str]:
        """What is wrong with a pad that was read after `before`; nothing if all is well."""
        with self._lock:
            return [
                f"{self.name}: {each}"
                for each in (
                    *self.wrong,
                    *self._wrong_version(before, stored.version),
                    *self._wrong_scene(before, stored),
                    *self._wrong_backups(stored, keep),
                )
            ]

    def _wrong_version(self, before: PadLedger, version: int) -> list[str]:
        """Each acknowledged save has raised the version by one; nothing but a save has."""
        least, most = 1 + before.acknowledged, 1 + self.acknowledged + len(self.open)
        if version < before.version:
            return [f"version {before.version} was acknowledged, {version} is stored"]
        if not least <= version <= most:
            return [f"version {version} is not between {least} and {most}"]
        return []

    def _wrong_scene(self, before: PadLedger, stored: Stored) -> list[str]:
        number = self._number_of(stored.scene)
        if number is None:
            return [f"version {stored.version} is no scene that was sent"]
        if self.versions.get(stored.version, number) != number:
            expected = self.versions[stored.version]
            return [f"version {stored.version} holds save {number} instead of {expected}"]
        if stored.version not in self.versions and number not in self.open:
            return [f"version {stored.version} holds save {number}, which was refused"]
        latest = before.versions[before.version]
        if number < latest and (self.careful or stored.version == before.version):
            return [f"save {latest} was acknowledged, {number} is stored"]
        return []

    def _wrong_backups(self, stored: Stored, keep: int) -> list[str]:
        """Every save takes a backup here: the newest is the pad itself."""
        expected = min(keep, stored.version - 1)
        if len(stored.backups) != expected:
            return [f"{len(stored.backups)} backups instead of {expected}"]
        if stored.backups and stored.backups[0] != stored.scene:
            return ["the newest backup is not what was saved with it"]
        if any(self._number_of(each) is None for each in stored.backups):
            return ["a backup is no scene that was sent"]
        return []

    def _number_of(self, found: Scene) -> int | None:
        """The number of the save that sent a scene; None if none sent it."""
        bare = without_mark(found)
        try:
            number = int(bare["elements"][0]["save"])
        except (KeyError, IndexError, TypeError, ValueError):
            return None
        return number if number <= self.sent and bare == self.content(number) else None


class PartsLedger(PadLedger):
    """Of a pad that is saved in parts: each save sends one element, some a picture too.

    It is made with the part 0.
    """

    def content(self, number: int) -> Scene:
        """What a save sends."""
        return part(self.name, number)

    def _wrong_scene(self, before: PadLedger, stored: Stored) -> list[str]:
        numbers = self._numbers_of(stored.scene)
        if numbers is None:
            return [f"version {stored.version} has an element that was never sent"]
        refused = set(numbers.values()) - set(self.versions.values()) - self.open
        lost = {
            number
            for number in before.versions.values()
            if numbers.get(f"slot {number % _SLOTS}", -1) < number
        }
        wrong = [f"save {number} was refused, and is stored" for number in sorted(refused)]
        wrong += [f"save {number} was acknowledged, and is lost" for number in sorted(lost)]
        return wrong + self._wrong_pictures(before, stored)

    def _wrong_pictures(self, before: PadLedger, stored: Stored) -> list[str]:
        """Under each id there must be the picture that was acknowledged last, or one sent since."""
        wrong = []
        for id_ in (f"picture {n}" for n in range(_IDS)):
            last = max((v for v, n in before.versions.items() if _picture_id(n) == id_), default=0)
            since = {n for version, n in dict(self.versions).items() if version >= last}
            sent = [self.content(n) for n in since | set(self.open) if _picture_id(n) == id_]
            if last and stored.scene["files"].get(id_) not in [each["files"][id_] for each in sent]:
                wrong.append(f"{id_} is lost, or is another picture")
        return wrong

    def _number_of(self, found: Scene) -> int | None:
        """The number of the latest save in a scene; None if a part of it was never sent."""
        numbers = self._numbers_of(found)
        return max(numbers.values()) if numbers else None

    def _numbers_of(self, found: Scene) -> dict[str, int] | None:
        """By which save each element was sent; None if one was sent by none."""
        elements = without_mark(found).get("elements", [])
        numbers = {each["id"]: int(each["version"]) - 1 for each in elements}
        sent = [self.content(number)["elements"][0] for number in sorted(numbers.values())]
        in_order = sorted(sent, key=lambda each: str(each["index"]))
        return numbers if elements == in_order and max(numbers.values()) <= self.sent else None


class PicturesLedger(PadLedger):
    """Of a pad with pictures."""

    def content(self, number: int) -> Scene:
        """What a save sends."""
        return with_pictures(self.name, number)

    def _wrong_scene(self, before: PadLedger, stored: Stored) -> list[str]:
        sent = {digest_of(picture(self.name, number)) for number in range(len(_SIZES))}
        lost = {
            id_
            for found in (stored.scene, *stored.backups)
            for id_, file in found["files"].items()
            if digest_of(file["dataURL"]) not in sent
        }
        wrong = [f"{id_} is lost, or is another picture" for id_ in sorted(lost)]
        return wrong + super()._wrong_scene(before, stored)
