"""The trash."""

from typing import ClassVar

from marshmallow import Schema, fields

from padws.schemas.common import Answer, SceneField


class TrashedPad(Answer):
    """A deleted drawing, perhaps without its scene."""

    sometimes: ClassVar[tuple[str, ...]] = ("data",)

    id = fields.UUID()
    display_name = fields.String()
    data = SceneField()
    created_at = fields.AwareDateTime()
    updated_at = fields.AwareDateTime()
    deleted_at = fields.AwareDateTime()
    purged_at = fields.AwareDateTime(
        metadata={"description": "Until then it can be restored; after that it is gone"}
    )
    version = fields.Integer(metadata={"description": "The version that it had, and will have"})


class WithTrashedData(Schema):
    """Whether to include the scenes of what is in the trash."""

    data = fields.Boolean(
        load_default=False,
        truthy={"true", "1"},
        falsy={"false", "0"},
        metadata={"description": "`true` includes the scenes, with their pictures"},
    )
