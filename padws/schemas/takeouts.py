"""Takeouts: what a pad's pad.json says, and what came of bringing a takeout in."""

from typing import Any

from marshmallow import EXCLUDE, Schema, fields, validate

from padws.schemas.common import Answer, NameField, TimeField

_LARGEST_VERSION = 2**62


def _version(**options: Any) -> fields.Integer:
    return fields.Integer(strict=True, validate=validate.Range(0, _LARGEST_VERSION), **options)


class _Told(Schema):
    """What another release has written may say more."""

    class Meta(Schema.Meta):
        """Take what is known."""

        unknown = EXCLUDE


class TakenBackup(_Told):
    """A file of a pad's history."""

    file = fields.String(required=True)
    id = fields.UUID(required=True)
    timestamp = TimeField(required=True)
    reason = fields.String(required=True, allow_none=True)
    label = NameField(load_default=None, allow_none=True)
    version = _version(load_default=None, allow_none=True)


class TakenPad(_Told):
    """A pad, apart from its scenes."""

    id = fields.UUID(required=True)
    display_name = NameField(required=True)
    created_at = TimeField(required=True)
    updated_at = TimeField(required=True)
    version = _version(required=True)
    history = fields.List(fields.Nested(TakenBackup), required=True)


class Skipped(Answer):
    """What of a takeout was not brought in."""

    path = fields.String(metadata={"description": "The file that cannot be read"})
    reason = fields.String(metadata={"description": "Why not"})


class BroughtIn(Answer):
    """What came of bringing a takeout in."""

    pads = fields.Integer(metadata={"description": "Pads that are new"})
    backups = fields.Integer(metadata={"description": "Backups that are new"})
    skipped = fields.List(
        fields.Nested(Skipped),
        metadata={"description": "What was not brought in, as far as there is room to say"},
    )
