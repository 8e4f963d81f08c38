"""What schemas accept and refuse, and that they show what the rows have."""

from __future__ import annotations

import inspect
import pkgutil
from datetime import UTC, datetime
from importlib import import_module
from types import ModuleType, NoneType, UnionType
from typing import Any, get_args, get_type_hints
from uuid import UUID, uuid4

import msgspec
import pytest
from marshmallow import EXCLUDE, Schema, ValidationError, fields

from padws import blueprints, schemas
from padws.json_text import JsonText
from padws.queries import backups, links, pads, quotas, templates, tokens, trash, users
from padws.schemas.app import BuildInfo
from padws.schemas.backups import Backup, BackupsQuery, Limit
from padws.schemas.common import NameField, SceneField, WithData, template_name
from padws.schemas.links import Link, SharedPad
from padws.schemas.pads import FoundPad, NewPad, OptionalPadName, Pad, PadName
from padws.schemas.templates import NewTemplate, Template, TemplateChange
from padws.schemas.tokens import Token
from padws.schemas.trash import TrashedPad
from padws.schemas.users import NewUser, Page, Usage, User, UserChange

#: The rows that each schema shows.
ROWS: dict[type[Schema], list[type[msgspec.Struct]]] = {
    Pad: [pads.Pad, pads.ListedPad],
    TrashedPad: [trash.TrashedPad],
    FoundPad: [pads.FoundPad],
    Backup: [
        backups.Backup,
        backups.RecentBackup,
        backups.TakenBackup,
        backups.ListedBackup,
    ],
    Template: [templates.Template],
    User: [users.User],
    Token: [tokens.Token],
    Link: [links.Link],
    SharedPad: [links.SharedPad],
    Usage: [quotas.Usage],
}

#: What the client sees of a column's type; a column of JSON is a scene or a list of texts.
SHOWN_AS: dict[Any, set[type]] = {
    UUID: {fields.UUID},
    str: {fields.String},
    int: {fields.Integer},
    bool: {fields.Boolean},
    datetime: {fields.AwareDateTime},
    JsonText: {SceneField, fields.List},
    list[str]: {fields.List},
}


def modules_of(package: ModuleType) -> list[ModuleType]:
    found = pkgutil.iter_modules(package.__path__, f"{package.__name__}.")
    return [import_module(each.name) for each in found]


def every_schema() -> list[type[Schema]]:
    values = [value for module in modules_of(schemas) for value in vars(module).values()]
    kinds = {value for value in values if isinstance(value, type) and issubclass(value, Schema)}
    return sorted(kinds - {Schema}, key=lambda kind: kind.__qualname__)


# What goes out


def test_every_schema_that_shows_rows_is_compared_with_them() -> None:
    constants = [value for module in modules_of(blueprints) for value in vars(module).values()]
    assert {type(value) for value in constants if isinstance(value, Schema)} == ROWS.keys()


@pytest.mark.parametrize(
    ("schema", "row"), [(schema, row) for schema, rows in ROWS.items() for row in rows]
)
def test_what_a_schema_shows_is_what_its_row_has(schema: type[Schema], row: type) -> None:
    columns = get_type_hints(row)
    for name, field in schema().fields.items():
        kinds = get_args(columns[name]) if isinstance(columns[name], UnionType) else [columns[name]]
        (kind,) = set(kinds) - {NoneType}
        assert type(field) in SHOWN_AS[kind], name


def fields_of(row: type[msgspec.Struct]) -> tuple[str, ...]:
    return tuple(each.name for each in msgspec.structs.fields(row))


# What comes beside a scene whose pictures are kept apart; shown within the scene.
APART = {"files", "pictures"}


def test_what_rows_have_beside_what_is_shown_is_known() -> None:
    """A new column is shown, or left out on purpose."""
    hidden = {
        row.__name__: set(fields_of(row)) - schema().fields.keys()
        for schema, rows in ROWS.items()
        for row in rows
    }
    assert {name: columns for name, columns in hidden.items() if columns} == {
        "Pad": APART,
        "TrashedPad": APART,
        "ListedPad": APART | {"etag"},
        "FoundPad": APART | {"etag", "key"},
        "Backup": APART,
        "RecentBackup": APART | {"pad_id"},
        "TakenBackup": APART | {"pruned"},
        "ListedBackup": APART | {"pad_name", "created_at"},
        "SharedPad": APART | {"password_hash"},
    }


# What comes in


def arguments_of(query: Any) -> set[str]:
    parameters = inspect.signature(query).parameters.values()
    return {each.name for each in parameters if each.kind is inspect.Parameter.KEYWORD_ONLY}


def test_what_may_be_given_of_a_user_is_what_the_queries_take() -> None:
    assert UserChange().fields.keys() == arguments_of(users.update_user) - {"user_id"}
    renamed = {"user_id" if name == "id" else name for name in NewUser().fields}
    assert renamed == get_type_hints(users.UserRow).keys()


@pytest.mark.parametrize("schema", every_schema(), ids=lambda schema: schema.__qualname__)
def test_a_schema_says_what_it_is_and_refuses_what_it_does_not_know(schema: type[Schema]) -> None:
    assert schema.__doc__
    assert schema.__doc__ != Schema.__doc__
    # The front end's own file, and files of other releases, may say more.
    if schema is BuildInfo or schema().unknown == EXCLUDE:
        return
    with pytest.raises(ValidationError) as caught:
        schema().load({"no_such_field": 1})
    assert "no_such_field" in caught.value.messages_dict


A_SCENE = JsonText(b'{"elements": []}')
A_USER = {"id": str(uuid4()), "username": "alice", "email": "alice@example.org"}
REQUIRED: list[tuple[Schema, dict[str, Any]]] = [
    (NewPad(), {"display_name": "Drawing", "data": A_SCENE}),
    (PadName(), {"display_name": "Drawing"}),
    (NewTemplate(), {"name": "grid", "display_name": "Grid", "data": A_SCENE}),
    (NewUser(), A_USER),
]


@pytest.mark.parametrize(("schema", "body"), REQUIRED, ids=lambda each: type(each).__name__)
def test_what_is_required_is_missed(schema: Schema, body: dict[str, Any]) -> None:
    assert schema.load(body)
    for missing in body:
        with pytest.raises(ValidationError) as caught:
            schema.load({name: value for name, value in body.items() if name != missing})
        assert caught.value.messages_dict.keys() == {missing}


@pytest.mark.parametrize("schema", [TemplateChange(), UserChange(), OptionalPadName()])
def test_what_may_be_left_out_is_left_out(schema: Schema) -> None:
    assert schema.load({}) == {}


@pytest.mark.parametrize("schema", [NewPad(), NewTemplate(), TemplateChange(), UserChange()])
def test_null_is_no_value(schema: Schema) -> None:
    nothing = dict.fromkeys(schema.fields)
    with pytest.raises(ValidationError) as caught:
        schema.load(nothing)
    assert caught.value.messages_dict.keys() == nothing.keys()


@pytest.mark.parametrize("value", [{}, {"elements": []}, "{}", b"{}", 1, [A_SCENE]])
def test_a_scene_is_never_taken_apart(value: Any) -> None:
    """A parsed value would mean that a parser had taken it apart."""
    field: Any = SceneField()
    assert field.deserialize(A_SCENE) is A_SCENE
    with pytest.raises(ValidationError):
        field.deserialize(value)


# Names


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("Drawing", "Drawing"),
        ("  Drawing\t\n", "Drawing"),
        ("\u00a0\u2003x\u3000", "x"),
        ("a  b", "a  b"),
        ("日本語 ♞ e\u0301", "日本語 ♞ e\u0301"),
        ("x" * 100, "x" * 100),
        (" " * 50 + "x" * 100 + " " * 50, "x" * 100),
        ("😀" * 100, "😀" * 100),
        ("👩\u200d👩\u200d👧", "👩\u200d👩\u200d👧"),
        ("❤\ufe0f", "❤\ufe0f"),
        ("🏴\U000e0067\U000e0062\U000e007f", "🏴\U000e0067\U000e0062\U000e007f"),
        ("\u200f\u05e9\u05dc\u05d5\u05dd 1\u200e", "\u200f\u05e9\u05dc\u05d5\u05dd 1\u200e"),
        ("\u2067\u05e9\u05dc\u05d5\u05dd\u2069", "\u2067\u05e9\u05dc\u05d5\u05dd\u2069"),
        (
            "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
            "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
        ),
        ("\u0600", "\u0600"),
        ("\u0301", "\u0301"),
        ("\ue000", "\ue000"),
        ("한\u3164", "한\u3164"),
    ],
)
def test_names_are_trimmed(given: str, kept: str) -> None:
    assert NameField().deserialize(given) == kept


NO_NAMES = [
    "", " ", "\n\t", "\u3000", "x" * 101, "😀" * 101, "a\nb", "a\0b", "a\x7fb", "a\x85b", "\ud800",
    None, 1, 1.5, True, ["x"], {"x": 1}, "a\x01b", "a\tb",
    "x" * 20_000_000, "\u202e" * 101,
    "\u200b", "\u2060", "\ufeff", "\u00ad", "\u180e", "\u115f", "\u1160", "\u3164", "\uffa0",
    "\u2800", "\u034f", "\u061c", "\u17b4", "\u180b", "\u200d", "\u200e", "\u202a", "\u2066",
    "\ufe0f", "\ufff9", "\U0001d159", "\U0001d173", "\U000e0001", "\U000e0061", "\U000e0100",
    "\u200b\u2060 \ufeff", "\u2800 \u2800", "\u200b" * 100,
    "exe\u202egpj", "\u202dx",
]  # fmt: skip


@pytest.mark.parametrize("given", NO_NAMES, ids=lambda given: ascii(given)[:40])
def test_names_that_are_none(given: Any) -> None:
    with pytest.raises(ValidationError):
        NameField().deserialize(given)


@pytest.mark.parametrize("name", ["a", "9", "9-lives", "con", "default", "A.b_c-d", "x" * 100])
def test_names_of_templates(name: str) -> None:
    assert template_name().deserialize(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        ".a",
        "-a",
        "_a",
        "a b",
        "a/b",
        "a\n",
        "\na",
        "ä",
        "a\0",
        "x" * 101,
        "a%2f",
        "٣",
        5,
        None,
        [],
    ],
    ids=ascii,
)
def test_names_that_are_no_templates(name: Any) -> None:
    with pytest.raises(ValidationError):
        template_name().deserialize(name)


# Users


@pytest.mark.parametrize(
    "change",
    [
        {"id": "1"},
        {"id": None},
        {"username": ""},
        {"username": " "},
        {"username": "a\nb"},
        {"username": 5},
        {"username": "x" * 255},
        {"email": ""},
        {"email": "alice"},
        {"email": "alice@example.org\n"},
        {"email": "a" * 250 + "@example.org"},
        {"email_verified": "perhaps"},
        {"email_verified": None},
        {"name": 5},
        {"name": "x" * 255},
        {"name": "a\0b"},
        {"given_name": None},
        {"family_name": ["x"]},
        {"roles": "admin"},
        {"roles": {"admin": True}},
        {"roles": None},
        {"roles": ["x"] * 101},
        {"roles": [" "]},
        {"roles": [1]},
        {"roles": ["x" * 255]},
        {"created_at": "2026-01-01T00:00:00Z"},
        {"password": "x"},
    ],
    ids=lambda change: f"{next(iter(change.items()))!a:.30}",
)
def test_users_that_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as caught:
        NewUser().load(A_USER | change)
    assert caught.value.messages_dict.keys() == change.keys()


def test_a_new_user_has_defaults_for_the_rest() -> None:
    assert NewUser().load(A_USER) == {
        "id": UUID(A_USER["id"]),
        "username": "alice",
        "email": "alice@example.org",
        "email_verified": False,
        "name": "",
        "given_name": "",
        "family_name": "",
        "roles": [],
    }


# Queries


@pytest.mark.parametrize(
    ("given", "wanted"), [({}, True), ({"data": "true"}, True), ({"data": "0"}, False)]
)
def test_whether_scenes_are_wanted(given: dict[str, str], wanted: bool) -> None:
    assert WithData().load(given) == {"data": wanted}


@pytest.mark.parametrize("given", ["", "yes", "TRUE", "TRUE ", "2", "no", "null", "on", "\0"])
def test_what_says_neither_yes_nor_no_is_refused(given: str) -> None:
    with pytest.raises(ValidationError):
        WithData().load({"data": given})


@pytest.mark.parametrize("schema", [Limit(), Page(), BackupsQuery()])
@pytest.mark.parametrize(
    "given", ["0", "-1", "1.5", "1e3", "ten", "", " ", "1_0", "0x10", "NaN", "--1", "1\0"]
)
def test_a_limit_is_a_number_from_one(schema: Schema, given: str) -> None:
    assert schema.load({"limit": "1"})["limit"] == 1
    with pytest.raises(ValidationError):
        schema.load({"limit": given})


@pytest.mark.parametrize(
    ("given", "time"),
    [
        ("2025-05-01T12:30:00Z", datetime(2025, 5, 1, 12, 30, tzinfo=UTC)),
        ("2025-05-01T12:30:00.25+02:00", datetime(2025, 5, 1, 10, 30, 0, 250_000, tzinfo=UTC)),
        ("2025-05-01T12:30:00", datetime(2025, 5, 1, 12, 30, tzinfo=UTC)),
        ("2025-05-01", datetime(2025, 5, 1, tzinfo=UTC)),
    ],
)
def test_a_time_without_an_offset_is_utc(given: str, time: datetime) -> None:
    query = BackupsQuery().load({"from": given, "to": given})
    assert (query["from_time"], query["to_time"]) == (time, time)
    assert query["from_time"].tzinfo is not None


@pytest.mark.parametrize(
    "given",
    [
        *(
            "",
            "yesterday",
            "2025-13-01",
            "2025-05-01T25:00",
            "1746102600",
            "2025-05-01\0",
            "infinity",
        ),
        *("0000-01-01T00:00:00Z", "10000-01-01T00:00:00Z", "-0001-01-01T00:00:00Z", "2026-02-30"),
        *("2026-01-01T00:00:00+25:00", "2026-01-01T00:00:00Z\0", "2026-01-01T00:00:00Z\n", "now()"),
        "2026-01-01T00:00:00" + "0" * 5000,
    ],
    ids=lambda given: ascii(given)[:40],
)
def test_what_is_no_time_is_refused(given: str) -> None:
    with pytest.raises(ValidationError) as caught:
        BackupsQuery().load({"from": given})
    assert caught.value.messages_dict.keys() == {"from"}
