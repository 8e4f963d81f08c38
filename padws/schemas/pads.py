"""Pads."""

from typing import Any, ClassVar

from marshmallow import Schema, ValidationError, fields, validates_schema
from marshmallow.validate import Length, OneOf

from padws.paging import Cursor
from padws.schemas.common import (
    Answer,
    CountField,
    CursorField,
    NameField,
    SceneField,
    Status,
    WithDataAndPictures,
)

ORDERS = ("created", "updated", "name")


class ListedPad(Answer):
    """A drawing of a user, perhaps without its scene."""

    sometimes: ClassVar[tuple[str, ...]] = ("data",)

    id = fields.UUID()
    owner_id = fields.UUID()
    display_name = fields.String()
    data = SceneField()
    created_at = fields.AwareDateTime()
    updated_at = fields.AwareDateTime()
    version = fields.Integer(
        metadata={"description": "Goes up by one with each change of scene or name"}
    )


class FoundPad(ListedPad):
    """A drawing in a list; with `q`, where the words are in it."""

    sometimes = ("data", "matches")

    matches = fields.List(
        fields.String(),
        metadata={"description": "Up to three of its texts in which any of the words is"},
    )


class PadsQuery(WithDataAndPictures):
    """Which pads, and in which order."""

    limit = CountField(metadata={"description": "How many at most, up to 100; without it, all"})
    cursor = CursorField(
        Cursor,
        metadata={"description": "As in the `Link` of the page before, with the same `sort`"},
    )
    sort = fields.String(
        validate=OneOf([*ORDERS, *(f"-{each}" for each in ORDERS)]),
        metadata={"description": "`created` unless said; with `-` the other way round"},
    )
    q = fields.String(
        validate=Length(0, 200),
        metadata={"description": "Words that must all be in a pad's name or texts"},
    )

    @validates_schema
    def check_cursor(self, query: dict[str, Any], **_: Any) -> None:
        """Refuse a cursor of another order."""
        cursor = query.get("cursor")
        if cursor and cursor.sort != query.get("sort", "created"):
            raise ValidationError("Not a cursor of this list.", "cursor")


class Pad(ListedPad):
    """A drawing of a user."""

    sometimes = ()


class NewPad(Schema):
    """A pad to create."""

    display_name = NameField(required=True)
    data = SceneField(required=True)


class PadName(Schema):
    """A name for a pad."""

    display_name = NameField(required=True)


class OptionalPadName(Schema):
    """A name for a pad, which may be left out."""

    display_name = NameField(
        metadata={"description": "The pad's name; without it, the service's default"}
    )


class Restored(Status):
    """A backup was restored."""

    version = fields.Integer()
    updated_at = fields.AwareDateTime()


class Written(Restored):
    """A scene was written."""

    sometimes: ClassVar[tuple[str, ...]] = ("kept",)

    kept = fields.UUID(
        metadata={"description": "The backup of what was replaced, where that was worth keeping"}
    )


class Saved(Written):
    """A scene was saved."""

    sometimes = ("kept", "overtaken")

    overtaken = fields.Boolean(
        metadata={
            "description": "True where a save that came later was written first: the pad has that "
            "one, and `kept` is the backup of what was sent (none where the pad shows the same)"
        }
    )


class Merged(Written):
    """A scene, or a part of one, was merged."""

    others = fields.Boolean(
        allow_none=True,
        metadata={
            "description": "Whether the pad held changes that `If-Match` did not know: read it, "
            "then; null without `If-Match`"
        },
    )


class Renamed(Status):
    """A pad was renamed."""

    pad = fields.Nested(Pad)
