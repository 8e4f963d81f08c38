"""The trash."""

from typing import ClassVar

from marshmallow import fields

from padws.paging import TimeCursor
from padws.schemas.common import Answer, CountField, CursorField, PicturesInside, SceneField


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


class TrashQuery(PicturesInside):
    """Which part of the trash, and whether to include the scenes of what is in it."""

    data = fields.Boolean(
        load_default=False,
        truthy={"true", "1"},
        falsy={"false", "0"},
        metadata={"description": "`true` includes the scenes"},
    )
    limit = CountField(metadata={"description": "How many at most, up to 100; without it, all"})
    cursor = CursorField(
        TimeCursor, metadata={"description": "As in the `Link` of the page before"}
    )
