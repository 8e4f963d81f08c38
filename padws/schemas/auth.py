"""Signing in and out."""

from marshmallow import fields

from padws.schemas.common import Status


class SignedOut(Status):
    """The session has ended here."""

    logout_url = fields.String(metadata={"description": "Where to end it at the provider"})
