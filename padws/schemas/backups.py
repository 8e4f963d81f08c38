"""Backups."""

from typing import ClassVar

from marshmallow import Schema, fields
from marshmallow.validate import Length, OneOf

from padws.json_text import JsonText
from padws.paging import TimeCursor
from padws.schemas.common import (
    Answer,
    BoundedListField,
    CountField,
    CursorField,
    NameField,
    PicturesInside,
    SceneField,
    TimeField,
    WithDataAndPictures,
)


class ElementField(fields.Field[JsonText]):
    """An element of a scene, passed on as it is."""


REASONS = ("interval", "manual", "restore", "replaced", "merge", "template", "import")


class ListedBackup(Answer):
    """A pad's scene as it was at some time, perhaps without the scene itself."""

    sometimes: ClassVar[tuple[str, ...]] = ("data",)

    id = fields.UUID()
    timestamp = fields.AwareDateTime()
    reason = fields.String(
        allow_none=True,
        validate=OneOf(REASONS),
        metadata={"description": "Why it was taken; null: not known"},
    )
    label = fields.String(
        allow_none=True,
        metadata={
            "description": "What somebody has called it: it is kept until that is taken away"
        },
    )
    version = fields.Integer(
        allow_none=True,
        metadata={"description": "The pad's version that it shows; null: not known"},
    )
    elements = fields.Integer(
        allow_none=True,
        metadata={"description": "How many elements are not deleted; null: not known"},
    )
    bytes = fields.Integer(
        metadata={
            "description": "What the scene takes as it is stored, without pictures kept apart"
        }
    )
    data = SceneField()


class Backup(ListedBackup):
    """A pad's scene as it was at some time."""

    sometimes = ()


class Label(Schema):
    """What to call a backup."""

    label = NameField(required=True, allow_none=True)


class Restore(Schema):
    """What to restore."""

    elements = BoundedListField(
        fields.String(validate=Length(1, 1_000)),
        Length(1, 10_000),
        metadata={
            "description": "The ids of elements to bring back, with their pictures, into the "
            "drawing as it is; without them, all of it is restored"
        },
    )


class ElementThen(Answer):
    """What an element was."""

    backup_id = fields.UUID(
        allow_none=True, metadata={"description": "The backup that has it; null: the pad itself"}
    )
    timestamp = fields.AwareDateTime()
    version = fields.Integer(
        allow_none=True, metadata={"description": "The pad's version; null: not known"}
    )
    element = ElementField()


class ElementHistory(Answer):
    """What an element was, each time that it changed, newest first."""

    history = fields.List(fields.Nested(ElementThen))


class RecentBackups(Answer):
    """The newest backups across all pads of a user."""

    backups = fields.List(fields.Nested(Backup))


class PadBackups(Answer):
    """The newest backups of a pad."""

    backups = fields.List(fields.Nested(ListedBackup))
    pad_name = fields.String()


class Limit(Schema):
    """How many backups at most."""

    limit = CountField(
        metadata={"description": "How many at most; without it MAX_BACKUPS_PER_USER"}
    )


class RecentQuery(Limit, PicturesInside):
    """How many of the newest backups."""


class BackupsQuery(Limit, WithDataAndPictures):
    """Which backups of a pad."""

    from_time = TimeField(
        data_key="from",
        metadata={"description": "Taken then or later; without an offset it is UTC"},
    )
    to_time = TimeField(
        data_key="to",
        metadata={"description": "Taken before; without an offset it is UTC"},
    )
    cursor = CursorField(
        TimeCursor, metadata={"description": "As in the `Link` of the page before"}
    )
