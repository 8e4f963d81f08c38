"""Share links."""

from marshmallow import Schema, fields
from marshmallow.validate import Length

from padws.schemas.common import Answer, SceneField, TimeField, must_be_in_future

LONGEST_PASSWORD = 1_000  # characters


class Link(Answer):
    """A share link, without its address."""

    id = fields.UUID()
    expires_at = fields.AwareDateTime(
        allow_none=True, metadata={"description": "When it ends by itself; null: never"}
    )
    has_password = fields.Boolean()
    created_at = fields.AwareDateTime()


class CreatedLink(Link):
    """A share link, its address told this once."""

    url = fields.URL(metadata={"description": "Whoever has it may look at the pad"})


class NewLink(Schema):
    """A share link to make."""

    expires_at = TimeField(
        load_default=None,
        allow_none=True,
        validate=must_be_in_future,
        metadata={"description": "Without it, the link opens until it is ended"},
    )
    password = fields.String(
        load_default=None,
        allow_none=True,
        validate=Length(1, LONGEST_PASSWORD),
        metadata={"description": "Without it, the address is enough"},
    )


class LinkPassword(Schema):
    """The password of a share link."""

    password = fields.String(required=True, validate=Length(0, LONGEST_PASSWORD))


class SharedPad(Answer):
    """A drawing behind a share link."""

    display_name = fields.String()
    data = SceneField()
    updated_at = fields.AwareDateTime()
    version = fields.Integer(
        metadata={"description": "Goes up by one with each change of scene or name"}
    )
