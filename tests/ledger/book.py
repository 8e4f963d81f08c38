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

FIVE_MINUTES, _ONE_MINUTE = 300.0, 60.0
_CLOCKS_DIFFER_BY = 2.0  # seconds: between the service's note and ours
_NEWEST, _REPLACED, _REPLACED_FOR = 10, 20, 30 * 86_400.0
MOST_LABELS = 20


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
    label: str | None = None


@dataclass
class Book:
    """What there is to know of one pad."""

    scene: Scene
    version: int
    saved_at: float
    overwritten_at: float = 0.0  # when an old copy may last have been the only reason to keep one
    entries: list[Entry] = field(default_factory=list)  # all that there are, the newest first
    promised: set[str] = field(default_factory=set)

    @property
    def newest(self) -> Entry | None:
        """The newest backup."""
        return self.entries[0] if self.entries else None

    def age(self, seconds: float) -> None:
        """Let everything have happened so much earlier."""
        self.saved_at -= seconds
        self.overwritten_at -= seconds
        for entry in self.entries:
            entry.at -= seconds

    def take(self, new: list[Entry], there: Set[str]) -> tuple[list[Entry], list[Entry]]:
        """Note what was taken, and what has gone; what may not have gone, and not have stayed."""
        self.entries = [*new, *self.entries]
        kept = self._kept(_surely_newest) if new else self.promised
        missing = [each for each in self.entries if each.id in kept - there]
        may_stay = self._kept(_perhaps_newest, -_CLOCKS_DIFFER_BY) if new else there
        surplus = [each for each in self.entries if each.id in there - may_stay]
        self.entries = [each for each in self.entries if each.id in there]
        self.promised = kept & there
        return missing, surplus

    def _kept(self, newest_of_each: _NewestOfEach, margin: float = _CLOCKS_DIFFER_BY) -> set[str]:
        """What stays when the newest entry is taken."""
        now = self.entries[0].at + margin
        kept = {each.id for each in self.entries if each.label}
        kept |= {each.id for each in self.entries[:_NEWEST]}
        for reason in ("replaced", "merge"):
            some = [each for each in self.entries if each.reason == reason][:_REPLACED]
            kept |= {each.id for each in some if each.at > now - _REPLACED_FOR}
        others = [each for each in self.entries if each.reason not in ("replaced", "merge")]
        kept |= {each.id for each in others[:_NEWEST]}
        return kept.union(*(newest_of_each(self.entries, now, *tier) for tier in _TIERS))

    def label(self, entry: Entry, label: str | None) -> None:
        """Name a backup, which stays then, or take its name away."""
        entry.label = label
        if label:
            self.promised.add(entry.id)

    @property
    def labelled(self) -> int:
        """How many backups have a name."""
        return sum(1 for each in self.entries if each.label)

    def save_must_keep(self, new: Scene, now: float) -> bool:
        """Whether saving this scene must keep the one that it replaces."""
        return not self._newest_holds_it() and (
            self._is_worth_keeping(new, now)
            or (_versions(new) < _versions(self.scene) and not self._was_overwritten(now))
        )

    def merge_must_keep(self, part: Scene, base: int, now: float) -> bool:
        """Whether merging this part, drawn at version `base`, must keep what it changes."""
        return not self._newest_holds_it() and (
            self._is_worth_keeping(merged(self.scene, part), now)
            or (base < self.version and _replaces_any(self.scene, part))
        )

    def written(self, new: Scene, version: int, now: float, taken: Iterable[Entry]) -> None:
        """Note a save or a merge, and what it has taken."""
        is_older = not self._is_worth_keeping(new, now)
        if is_older and any(each.reason == "replaced" for each in taken):
            self.overwritten_at = now
        self.scene, self.version, self.saved_at = new, version, now

    def _newest_holds_it(self) -> bool:
        return bool(self.newest and self.newest.scene == self.scene)

    def _is_worth_keeping(self, new: Scene, now: float) -> bool:
        rested = now - self.saved_at > FIVE_MINUTES + _CLOCKS_DIFFER_BY
        return rested or _loses_much(self.scene, new) or _loses_a_picture(self.scene, new)

    def _was_overwritten(self, now: float) -> bool:
        return now - self.overwritten_at < _ONE_MINUTE + _CLOCKS_DIFFER_BY

    def interval_is_due(self, now: float) -> bool:
        """Whether a save must take a backup of what it saves."""
        return not self.newest or now - self.newest.at > FIVE_MINUTES + _CLOCKS_DIFFER_BY


_NewestOfEach = Callable[
    [Iterable[Entry], float, Callable[[datetime], datetime], timedelta, int], set[str]
]


def _surely_newest(
    entries: Iterable[Entry],
    now: float,
    bucket_of: Callable[[datetime], datetime],
    length: timedelta,
    number: int,
) -> set[str]:
    """The newest entry of each of so many buckets, the present one included, where that is sure."""
    found, taken = set[str](), set[datetime]()
    oldest = bucket_of(_time(now)) - (number - 1) * length
    for entry in entries:
        buckets = _buckets(entry, bucket_of)
        if len(buckets) == 1 and not buckets & taken and min(buckets) >= oldest:
            found.add(entry.id)
        taken |= buckets
    return found


def _perhaps_newest(
    entries: Iterable[Entry],
    now: float,
    bucket_of: Callable[[datetime], datetime],
    length: timedelta,
    number: int,
) -> set[str]:
    """Those and every entry that may be one of them."""
    found, taken = set[str](), set[datetime]()
    oldest = bucket_of(_time(now)) - (number - 1) * length
    for entry in entries:
        buckets = _buckets(entry, bucket_of)
        if buckets - taken and max(buckets) >= oldest:
            found.add(entry.id)
        if len(buckets) == 1:
            taken |= buckets
    return found


def _buckets(entry: Entry, bucket_of: Callable[[datetime], datetime]) -> set[datetime]:
    ends = entry.at - _CLOCKS_DIFFER_BY, entry.at + _CLOCKS_DIFFER_BY
    return {bucket_of(_time(end)) for end in ends}


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


def _versions(scene: Scene) -> int:
    return sum(each["version"] for each in scene["elements"])


def _replaces_any(stored: Scene, part: Scene) -> bool:
    held = {each["id"]: each for each in stored["elements"]}
    return any(
        _rank(each) > _rank(held[each["id"]]) for each in part["elements"] if each["id"] in held
    )


def merged(stored: Scene, part: Scene) -> Scene:
    """Excalidraw's own rule, element by element; all that we draw has an index."""
    elements = {each["id"]: each for each in stored["elements"]}
    for each in part["elements"]:
        held = elements.get(each["id"])
        if not held or _rank(each) > _rank(held):
            elements[each["id"]] = each
    files = {**stored["files"], **part.get("files", {})}
    return {**stored, "elements": _ordered(elements), "files": files}


def with_elements_of(stored: Scene, backup: Scene, ids: Set[str], nonces: dict[str, int]) -> Scene:
    """A scene after these elements of a backup came back; of the nonces nothing is promised."""
    elements = {each["id"]: each for each in stored["elements"]}
    chosen = [each for each in backup["elements"] if each["id"] in ids]
    for each in chosen:
        version = max(each["version"], elements.get(each["id"], each)["version"]) + 1
        nonce = nonces.get(each["id"])
        elements[each["id"]] = {**each, "version": version, "versionNonce": nonce}
    shown = {each["fileId"] for each in chosen if "fileId" in each}
    files = {id_: file for id_, file in backup["files"].items() if id_ in shown}
    return {**stored, "elements": _ordered(elements), "files": {**stored["files"], **files}}


def _ordered(elements: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(elements.values(), key=lambda each: (each["index"].encode(), each["id"]))


def _rank(element: dict[str, Any]) -> tuple[int, int]:
    return element["version"], -element["versionNonce"]
