"""Backups."""

from typing import ClassVar

from marshmallow import Schema, fields
from marshmallow.validate import OneOf

from padws.schemas.common import (
    Answer,
    CountField,
    PicturesInside,
    SceneField,
    TimeField,
    WithDataAndPictures,
)

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
    data = SceneField()


class Backup(ListedBackup):
    """A pad's scene as it was at some time."""

    sometimes = ()


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
        metadata={"description": "How many at most, but never more than are kept of a pad"}
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
