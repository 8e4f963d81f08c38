"""What is measured: a request to the service, and the SQL statement that is its floor.

The statement is the service's own, from sql/, with values that make it do the same to the same
rows: one person for each connection, on both sides.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import orjson

from bench.client import RISING, Request
from bench.filling import Group, Owner, OwnPad
from padws.config import load_settings
from padws.scene_counts import count_scene
from padws.statements import SQL_DIR

DRAWERS = Group("drawer", 16, (62_000,) * 10)
SKETCHERS = Group("sketcher", 16, (10_000,))
PAINTERS = Group("painter", 4, (1_000_000, 5_000_000))
ILLUSTRATORS = Group("illustrator", 4, (5_000_000,) * 2, images=10)
CURATORS = Group("curator", 2, (5_000_000,) * 10, images=10)

Values = Mapping[str, str]

_DIGITS = b"1" * len(RISING)  # in place of RISING while JSON is made


@dataclass(frozen=True)
class Work:
    """One row of the table.

    `requests` gives the variants that a person's connection sends in turn, and `values` those of
    the parameters of `statement`; both get the ETag of the answer when `conditional`, else "".
    `rows` is how many rows the statement gives. With `writes`, each answer has raised one version
    by one. `by_hand`: the floor is no statement of the service, but what a user would write in its
    place, on a table of its own; it is in this directory. `varying` are parameters of the statement
    that get another value each time, as the variants do: an expression of pgbench's for each.
    """

    name: str
    group: Group
    requests: Callable[[Owner, str], list[Request]]
    statement: str = ""
    values: Callable[[Owner, str], Values] = lambda owner, etag: {}
    rows: int = 1
    writes: bool = False
    conditional: bool = False
    varying: Mapping[str, str] = field(default_factory=dict)
    by_hand: bool = False
    least_ratio: float | None = None
    most_app_ms: float | None = None

    @property
    def path(self) -> Path:
        """The file of the floor's statement."""
        directory = Path(__file__).parent if self.by_hand else SQL_DIR
        return directory / f"{self.statement}.sql"


def _get(path: str) -> Callable[[Owner, str], list[Request]]:
    """Read `path`, in which `{pad}` is the first pad's id; with If-None-Match, given an ETag."""

    def requests(owner: Owner, etag: str) -> list[Request]:
        headers = {"If-None-Match": etag} if etag else {}
        where = path.format(pad=owner.pads[0].id)
        return [Request("GET", where, owner.person.cookie, headers=headers)]

    return requests


def whole_scene(pad: OwnPad) -> bytes:
    """A pad's scene with a stroke in a version that is higher each time.

    As long as nobody draws a save is another work: an equal scene is not written again.
    """
    (element,) = orjson.loads(small_part(pad).replace(RISING, _DIGITS))["elements"]
    scene = orjson.loads(pad.scene)
    scene["elements"][len(scene["elements"]) // 2] = element
    return orjson.dumps(scene).replace(_DIGITS, RISING)


def _save(number: int) -> Callable[[Owner, str], list[Request]]:
    def requests(owner: Owner, _: str) -> list[Request]:
        pad = owner.pads[number]
        return [Request("POST", f"/api/pad/{pad.id}", owner.person.cookie, whole_scene(pad))]

    return requests


def _save_scrolled(number: int) -> Callable[[Owner, str], list[Request]]:
    """Save a scene that differs in what is on the screen alone.

    Ready as they are: wrk takes a third of the CPU if it has to put 5 MB together each time.
    """

    def requests(owner: Owner, _: str) -> list[Request]:
        pad = owner.pads[number]
        scene = orjson.loads(pad.scene)
        variants = [
            scene | {"appState": scene["appState"] | {"scrollX": place}} for place in (100, 200)
        ]
        path = f"/api/pad/{pad.id}"
        return [Request("POST", path, owner.person.cookie, orjson.dumps(each)) for each in variants]

    return requests


def _save_values(number: int) -> Callable[[Owner, str], Values]:
    def values(owner: Owner, _: str) -> Values:
        pad = owner.pads[number]
        return {
            "pad_id": str(pad.id),
            "owner_id": owner.person.id,
            "scene": pad.scene.decode(),
            "accepted_versions": "{(,)}",
            "backup_interval": "1 day",  # its scene is the same each time, but for _ANOTHER
            "waited": "0",
            "retention": bytes(load_settings({}).retention.json).decode(),
            **{name: str(value) for name, value in count_scene(pad.scene).columns().items()},
        }

    return values


def small_part(pad: OwnPad) -> bytes:
    """An element from the middle of a pad's scene, in a version that is higher each time."""
    elements = orjson.loads(pad.scene)["elements"]
    part = {"elements": [elements[len(elements) // 2] | {"version": int(_DIGITS)}]}
    return orjson.dumps(part).replace(_DIGITS, RISING)


def _small_save(owner: Owner, _: str) -> list[Request]:
    """On a pad that is never saved whole: that would save an old copy over a newer one."""
    pad = owner.pads[2]
    return [Request("PATCH", f"/api/pad/{pad.id}/data", owner.person.cookie, small_part(pad))]


def _save_with_new_picture(owner: Owner, _: str) -> list[Request]:
    """The whole scene, in which one of the pictures is another one each time.

    The one that disappears is kept in a backup.
    """
    pad = owner.pads[1]
    before, after = pad.scene.split(b";base64,", 1)
    scene = before + b";base64," + RISING + after[len(RISING) :]
    return [Request("POST", f"/api/pad/{pad.id}", owner.person.cookie, scene)]


def _whole_save_values(number: int) -> Callable[[Owner, str], Values]:
    def values(owner: Owner, _: str) -> Values:
        pad = owner.pads[number]
        return {"pad_id": str(pad.id), "owner_id": owner.person.id, "scene": pad.scene.decode()}

    return values


def _rename(owner: Owner, _: str) -> list[Request]:
    """Two names in turn, so that each rename changes the name of a pad that nobody saves."""
    bodies = [orjson.dumps({"display_name": name}) for name in ("Plan", "Draft")]
    path = f"/api/pad/{owner.pads[1].id}"
    return [Request("PATCH", path, owner.person.cookie, body) for body in bodies]


def _rename_values(owner: Owner, _: str) -> Values:
    pad = {"pad_id": str(owner.pads[1].id), "owner_id": owner.person.id}
    return pad | {"accepted_versions": "{(,)}", "display_name": "Plan"}


def _pad_values(owner: Owner, etag: str) -> Values:
    version = etag.strip('"')
    known = f"{{[{version},{version}]}}" if version else "{}"
    return {
        "pad_id": str(owner.pads[0].id),
        "owner_id": owner.person.id,
        "known_versions": known,
        "with_pictures": "true",
    }


def _list_values(owner: Owner, etag: str) -> Values:
    known = etag.strip('"')
    return {
        "owner_id": owner.person.id,
        "with_data": "true",
        "with_pictures": "true",
        "known_etags": f"{{{known}}}",
    }


def _backups_values(owner: Owner, _: str) -> Values:
    return {
        "pad_id": str(owner.pads[0].id),
        "owner_id": owner.person.id,
        "with_data": "true",
        "with_pictures": "true",
        "from_time": "-infinity",
        "to_time": "infinity",
        "limit": "10",
    }


def _recent_values(owner: Owner, _: str) -> Values:
    return {
        "owner_id": owner.person.id,
        "with_data": "true",
        "with_pictures": "true",
        "limit": "10",
    }


def _me_values(owner: Owner, _: str) -> Values:
    me = owner.person.me
    texts = ("username", "email", "name", "given_name", "family_name")
    return {
        "user_id": owner.person.id,
        "email_verified": str(me["email_verified"]),
        "roles": orjson.dumps(me["roles"]).decode(),
        **{name: str(me[name]) for name in texts},
    }


#: A scene with a higher sum of versions is certainly another one than the pad's.
_ANOTHER = {"versions": ":versions + 1"}


def save(size: str, group: Group, number: int) -> Work:
    """Saving the pad of that number."""
    return Work(
        f"save {size}",
        group,
        _save(number),
        "pads/save_pad",
        _save_values(number),
        writes=True,
        varying=_ANOTHER,
    )


def _by_hand(
    name: str, group: Group, number: int, requests: Callable[[Owner, str], list[Request]]
) -> Work:
    """A save, beside what a user would write by hand: of the whole scene, pictures and all."""
    values = _whole_save_values(number)
    return Work(name, group, requests, "whole_save", values, writes=True, by_hand=True)


SMALL_SAVE = replace(
    _by_hand("small save, beside whole ones of 62 KB", DRAWERS, 2, _small_save),
    least_ratio=1.0,
    most_app_ms=0.9,
)
SAVE_WITH_PICTURES = replace(
    _by_hand("save 5 MB, ten known pictures", ILLUSTRATORS, 0, _save_scrolled(0)), least_ratio=8
)
SAVE_WITH_NEW_PICTURE = _by_hand(
    "save 5 MB, one of ten pictures another", ILLUSTRATORS, 1, _save_with_new_picture
)
LIST = Work(
    "list ten pads",
    DRAWERS,
    _get("/api/pad"),
    "pads/list_pads",
    _list_values,
    rows=10,
    least_ratio=0.8,
    most_app_ms=1.5,
)
LIST_KNOWN = Work(
    "list ten pads, 304",
    DRAWERS,
    _get("/api/pad"),
    "pads/list_pads",
    _list_values,
    rows=1,
    conditional=True,
    most_app_ms=0.7,
)
BACKUPS = Work(
    "ten backups of a pad",
    DRAWERS,
    _get("/api/pad/{pad}/backups"),
    "backups/list_backups",
    _backups_values,
    rows=10,
    least_ratio=0.8,
)
RECENT = Work(
    "recent backups",
    DRAWERS,
    _get("/api/pad/recent"),
    "backups/list_recent_backups",
    _recent_values,
    rows=10,
)
ME = Work(
    "/api/users/me",
    DRAWERS,
    _get("/api/users/me"),
    "users/get_user_if_current",
    _me_values,
    most_app_ms=0.7,
)
TEMPLATE = Work(
    "one template",
    DRAWERS,
    _get("/api/templates/default"),
    "templates/get_template",
    lambda owner, etag: {"name": "default"},
    most_app_ms=0.7,
)
PAD_KNOWN = Work(
    "one pad, 304",
    DRAWERS,
    _get("/api/pad/{pad}"),
    "pads/get_pad",
    _pad_values,
    conditional=True,
    most_app_ms=0.7,
)
LIST_WITH_PICTURES = Work(
    "list ten pads of 5 MB",
    CURATORS,
    _get("/api/pad"),
    "whole_list",
    lambda owner, etag: {"owner_id": owner.person.id},
    by_hand=True,
)
LIST_WITH_ADDRESSES = replace(
    LIST_WITH_PICTURES,
    name="the same with ?pictures=false, beside whole ones",
    requests=_get("/api/pad?pictures=false"),
)
PAD = Work("one pad", DRAWERS, _get("/api/pad/{pad}"), "pads/get_pad", _pad_values)
RENAME = Work(
    "rename",
    DRAWERS,
    _rename,
    "pads/rename_pad",
    _rename_values,
    writes=True,
    varying={"display_name": "random(1, 1000000000)"},
)
HEALTH = Work("/healthz", DRAWERS, _get("/healthz"))

#: Small drawings, so that costs that grow with the tables are not lost among those that do not.
COLLECTORS = Group("collector", 16, (10_000,) * 10)
ADMINISTRATOR = Group("admin", 1, (10_000,))

SAVE = replace(save("62 KB", DRAWERS, 0), least_ratio=0.8, most_app_ms=1.0)

TABLE = (
    save("10 KB", SKETCHERS, 0),
    SAVE,
    SMALL_SAVE,
    save("1 MB", PAINTERS, 0),
    save("5 MB", PAINTERS, 1),
    SAVE_WITH_PICTURES,
    SAVE_WITH_NEW_PICTURE,
    LIST,
    LIST_KNOWN,
    LIST_WITH_PICTURES,
    LIST_WITH_ADDRESSES,
    PAD,
    PAD_KNOWN,
    BACKUPS,
    RENAME,
    ME,
    TEMPLATE,
    HEALTH,
)

#: What pictures apart and small saves are for.
SAVINGS = (
    SAVE,
    SMALL_SAVE,
    SAVE_WITH_PICTURES,
    SAVE_WITH_NEW_PICTURE,
    LIST_WITH_PICTURES,
    LIST_WITH_ADDRESSES,
)

GROWTH = (
    save("10 KB", COLLECTORS, 0),
    replace(LIST, name="list ten pads of 10 KB", group=COLLECTORS),
    replace(BACKUPS, group=COLLECTORS),
    replace(RECENT, group=COLLECTORS),
    replace(ME, group=COLLECTORS),
    Work("a hundred users", ADMINISTRATOR, _get("/api/users")),
    replace(HEALTH, group=COLLECTORS),
)
