"""Users."""

from uuid import UUID

from marshmallow import Schema, fields, validate

from padws.schemas.common import (
    LARGEST_PAGE,
    Answer,
    BoundedListField,
    CountField,
    NameField,
    Status,
)

_LONGEST = 254


def _email(**kwargs: object) -> fields.Email:
    return fields.Email(validate=validate.Length(max=_LONGEST), **kwargs)  # type: ignore[arg-type]


def _optional_text(**kwargs: object) -> fields.String:
    return fields.String(
        validate=[validate.Length(max=_LONGEST), validate.ContainsNoneOf("\0")],
        **kwargs,  # type: ignore[arg-type]
    )


def _roles(**kwargs: object) -> BoundedListField:
    return BoundedListField(NameField(longest=_LONGEST), validate.Length(max=100), **kwargs)


class User(Answer):
    """A person who has signed in, or whom an administrator has created."""

    id = fields.UUID()
    username = fields.String()
    email = fields.String()
    email_verified = fields.Boolean()
    name = fields.String()
    given_name = fields.String()
    family_name = fields.String()
    roles = fields.List(fields.String())
    created_at = fields.AwareDateTime()
    updated_at = fields.AwareDateTime()


class Usage(Answer):
    """What a user has, and may have at most; bytes as they are stored."""

    pads = fields.Integer()
    pads_limit = fields.Integer(allow_none=True, metadata={"description": "null: any number"})
    bytes = fields.Integer(
        metadata={"description": "Of pads, backups and pictures, those in the trash included"}
    )
    bytes_limit = fields.Integer(allow_none=True, metadata={"description": "null: any number"})


class NewUser(Schema):
    """A user to create, before the first sign-in."""

    id = fields.UUID(required=True)
    username = NameField(longest=_LONGEST, required=True)
    email = _email(required=True)
    email_verified = fields.Boolean(load_default=False)
    name = _optional_text(load_default="")
    given_name = _optional_text(load_default="")
    family_name = _optional_text(load_default="")
    roles = _roles(load_default=list)


class UserChange(Schema):
    """What to change of a user."""

    username = NameField(longest=_LONGEST)
    email = _email()
    email_verified = fields.Boolean()
    name = _optional_text()
    given_name = _optional_text()
    family_name = _optional_text()
    roles = _roles()


class Page(Schema):
    """A page of users."""

    limit = CountField(
        load_default=LARGEST_PAGE,
        metadata={"description": f"How many at most, and never more than {LARGEST_PAGE}"},
    )
    after = fields.UUID(
        load_default=UUID(int=0),
        metadata={
            "description": "The page begins after the user with this id; see the Link header"
        },
    )


class SessionCount(Answer):
    """How many people are signed in."""

    active_sessions = fields.Integer()


class Ended(Status):
    """Sessions, or share links, were ended."""

    ended = fields.Integer(metadata={"description": "How many"})


class NewOwner(Schema):
    """To whom to give pads."""

    to = fields.UUID(required=True, metadata={"description": "The id of the other user"})


class Moved(Status):
    """Pads were given to another user."""

    pads = fields.Integer(metadata={"description": "How many, those in the trash included"})


class OnlineUsers(Answer):
    """Who is signed in."""

    online_users = fields.List(fields.Nested(User))
    count = fields.Integer()
