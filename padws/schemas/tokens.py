"""Personal access tokens."""

from marshmallow import Schema, fields, validate

from padws.schemas.common import Answer, NameField, TimeField, must_be_in_future

_SCOPES = ("read", "write")
_SCOPE = "`read`, or `write`, which includes reading"


class Token(Answer):
    """A personal access token, without the token itself."""

    sometimes = ("expires_at", "last_used_at")

    id = fields.UUID()
    name = fields.String()
    scope = fields.String(validate=validate.OneOf(_SCOPES), metadata={"description": _SCOPE})
    created_at = fields.AwareDateTime()
    expires_at = fields.AwareDateTime(metadata={"description": "Left out if it does not expire"})
    last_used_at = fields.AwareDateTime(
        metadata={"description": "To the minute; left out if it was never used"}
    )


class CreatedToken(Token):
    """A personal access token, shown this once."""

    token = fields.String(
        metadata={"description": "To send as `Authorization: Bearer …`, its owner's id in it"}
    )


class NewToken(Schema):
    """A personal access token to create."""

    name = NameField(required=True)
    scope = fields.String(
        load_default="read",
        validate=validate.OneOf(_SCOPES),
        metadata={"description": _SCOPE},
    )
    expires_at = TimeField(
        load_default=None,
        allow_none=True,
        validate=must_be_in_future,
        metadata={"description": "Without it, the token is valid until it is revoked"},
    )
