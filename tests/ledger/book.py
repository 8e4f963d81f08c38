"""The ledger: which states of a drawing the contract promises to keep, and for how long.

Written from the rules that users read, and from nothing else. Where a time is so close to the end
of an hour that the service may count it to the next one, nothing is promised by that hour.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Set
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

Scene = dict[str, Any]

FIVE_MINUTES = 300.0
_CLOCKS_DIFFER_BY = 2.0  # seconds: between the service's note and ours
_NEWEST, _REPLACED, _REPLACED_FOR = 10, 20, 30 * 86_400.0


def _hour(time: datetime) -> datetime:
    return time.replace(minute=0, second=0, microsecond=0)


def _day(time: datetime) -> datetime:
    return _hour(time).replace(hour=0)


def _week(time: datetime) -> datetime:
    return _day(time) - timedelta(days=time.weekday())


#: The beginning of a time's bucket, how long one is, and of how many the newest is kept.
_TIERS: tuple[tuple[Callable[[datetime], datetime], timedelta, int], ...] = (
    (_hour, timedelta(hours=1), 24),
    (_day, timedelta(days=1), 30),
    (_week, timedelta(weeks=1), 52),
)


@dataclass
class Entry:
    """A backup: when it was taken (seconds since 1970), why, and what it must show."""

    id: str
    at: float
    reason: str
    scene: Scene


@dataclass
class Book:
    """What there is to know of one pad."""

    scene: Scene
    version: int
    saved_at: float
    entries: list[Entry] = field(default_factory=list)  # all that there are, the newest first
    promised: set[str] = field(default_factory=set)

    @property
    def newest(self) -> Entry | None:
        """The newest backup."""
        return self.entries[0] if self.entries else None

    def age(self, seconds: float) -> None:
        """Let everything have happened so much earlier."""
        self.saved_at -= seconds
        for entry in self.entries:
            entry.at -= seconds

    def take(self, new: list[Entry], there: Set[str], now: float) -> list[Entry]:
        """Note what was taken at this time, and what has gone; what may not have gone."""
        self.entries = [*new, *self.entries]
        if new:
            self.promised = self._promised(now)
        missing = [each for each in self.entries if each.id in self.promised - there]
        self.entries = [each for each in self.entries if each.id in there]
        self.promised &= there
        return missing

    def _promised(self, now: float) -> set[str]:
        replaced = [each for each in self.entries if each.reason == "replaced"][:_REPLACED]
        return {
            *(each.id for each in self.entries[:_NEWEST]),
            *(each.id for each in replaced if each.at > now - _REPLACED_FOR + _CLOCKS_DIFFER_BY),
            *(id_ for tier in _TIERS for id_ in _newest_of_each(self.entries, now, *tier)),
        }

    def must_keep(self, new: Scene, now: float) -> bool:
        """Whether saving this scene must keep the one that it replaces."""
        if self.newest and self.newest.scene == self.scene:
            return False
        rested = now - self.saved_at > FIVE_MINUTES + _CLOCKS_DIFFER_BY
        return rested or _loses_much(self.scene, new) or _loses_a_picture(self.scene, new)

    def interval_is_due(self, now: float) -> bool:
        """Whether a save must take a backup of what it saves."""
        return not self.newest or now - self.newest.at > FIVE_MINUTES + _CLOCKS_DIFFER_BY


def _newest_of_each(
    entries: Iterable[Entry],
    now: float,
    bucket_of: Callable[[datetime], datetime],
    length: timedelta,
    number: int,
) -> Iterable[str]:
    """The newest entry of each of so many buckets, the present one included."""
    taken: set[datetime] = set()
    oldest = bucket_of(_time(now + _CLOCKS_DIFFER_BY)) - (number - 1) * length
    for entry in entries:
        ends = entry.at - _CLOCKS_DIFFER_BY, entry.at + _CLOCKS_DIFFER_BY
        buckets = {bucket_of(_time(end)) for end in ends}
        if len(buckets) == 1 and not buckets & taken and min(buckets) >= oldest:
            yield entry.id
        taken |= buckets


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _alive(scene: Scene) -> set[str]:
    return {each["id"] for each in scene["elements"] if not each.get("isDeleted")}


def _loses_much(old: Scene, new: Scene) -> bool:
    before, after = _alive(old), _alive(new)
    gone = before - after
    return (2 * len(gone) >= len(before) and len(gone) >= 10) or (bool(before) and gone == before)


def _loses_a_picture(old: Scene, new: Scene) -> bool:
    texts = [{each["dataURL"] for each in scene["files"].values()} for scene in (old, new)]
    return not texts[0] <= texts[1]


def merged(stored: Scene, part: Scene) -> Scene:
    """Excalidraw's own rule, element by element; all that we draw has an index."""
    elements = {each["id"]: each for each in stored["elements"]}
    for each in part["elements"]:
        held = elements.get(each["id"])
        if not held or _rank(each) > _rank(held):
            elements[each["id"]] = each
    ordered = sorted(elements.values(), key=lambda each: (each["index"].encode(), each["id"]))
    return {**stored, "elements": ordered, "files": {**stored["files"], **part.get("files", {})}}


def _rank(element: dict[str, Any]) -> tuple[int, int]:
    return element["version"], -element["versionNonce"]
