"""Whether the service lives, and whether it can serve."""

from marshmallow import fields
from marshmallow.validate import OneOf

from padws.schemas.common import Answer


class Health(Answer):
    """The process answers."""

    status = fields.String(validate=OneOf(["ok"]))


class Readiness(Answer):
    """Whether requests can be served, and what each check says."""

    status = fields.String(validate=OneOf(["ready", "not ready"]))
    checks = fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        metadata={"description": "What was looked at, and `ok` or what is wrong"},
    )
