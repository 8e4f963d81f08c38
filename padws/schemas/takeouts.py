"""Takeouts: what a pad's pad.json says, and what came of bringing a takeout in."""

from typing import Any

from marshmallow import EXCLUDE, Schema, fields, validate

from padws.schemas.common import Answer, TimeField

_LARGEST_VERSION = 2**52  # a browser counts exactly so far, and headers are read up to 18 digits


def _version(**options: Any) -> fields.Integer:
    return fields.Integer(strict=True, validate=validate.Range(0, _LARGEST_VERSION), **options)


class _Description(Schema):
    """What another release has written may say more."""

    class Meta(Schema.Meta):
        """Take what is known."""

        unknown = EXCLUDE


class BackupDescription(_Description):
    """What pad.json says of a file of the pad's history."""

    file = fields.String(required=True)
    id = fields.UUID(required=True)
    timestamp = TimeField(required=True)
    reason = fields.String(required=True, allow_none=True)
    label = fields.String(load_default=None, allow_none=True)
    version = _version(load_default=None, allow_none=True)


class PadDescription(_Description):
    """What pad.json says of a pad. Each entry of the history is read by itself."""

    id = fields.UUID(required=True)
    display_name = fields.String(required=True)
    created_at = TimeField(required=True)
    updated_at = TimeField(required=True)
    version = _version(required=True)
    history = fields.List(fields.Raw(), required=True)


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
