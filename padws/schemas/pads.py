"""Pads."""

from marshmallow import Schema, fields

from padws.schemas.common import NameField, SceneField


class Pad(Schema):
    """A drawing of a user."""

    id = fields.UUID()
    owner_id = fields.UUID()
    display_name = fields.String()
    data = SceneField(
        metadata={
            "type": "object",
            "description": "The scene; appState.pad has the pad's id (uniqueId) and displayName",
        }
    )
    created_at = fields.AwareDateTime()
    updated_at = fields.AwareDateTime()
    version = fields.Integer(
        metadata={"description": "Goes up by one with each change of scene or name"}
    )


class NewPad(Schema):
    """A pad to make."""

    display_name = NameField(required=True)
    data = SceneField(required=True, metadata={"type": "object", "minProperties": 1})


class PadName(Schema):
    """A name for a pad."""

    display_name = NameField(required=True)


class OptionalPadName(Schema):
    """A name for a pad, or none."""

    display_name = NameField()


class Saved(Schema):
    """A scene was saved."""

    status = fields.String()
    version = fields.Integer()
    updated_at = fields.AwareDateTime()


class Renamed(Schema):
    """A pad was renamed."""

    status = fields.String()
    pad = fields.Nested(Pad)
