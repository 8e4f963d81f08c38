"""Fields that several schemas share."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar

from marshmallow import Schema, ValidationError, fields
from marshmallow.validate import Length, OneOf, Range, Regexp

from padws.errors import TITLES
from padws.json_text import JsonText
from padws.paging import AnyCursor, read_cursor


class Answer(Schema):
    """What is sent: every member is always there, except those in `sometimes`."""

    sometimes: ClassVar[tuple[str, ...]] = ()

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:
        """Mark the members that a client can count on, for the OpenAPI document."""
        field_obj.required = field_name not in self.sometimes


class SceneField(fields.Field[JsonText]):
    """A scene, passed on as it is: PostgreSQL checks it (`pad_ws.is_scene`)."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> JsonText:
        if not isinstance(value, JsonText):
            raise ValidationError("Not a scene.")
        return value


class BoundedListField(fields.List[Any]):
    """A list of which one that is too long is refused before each item is looked at."""

    def __init__(self, item: fields.Field[Any], length: Length, **kwargs: Any):
        self._length = length
        super().__init__(item, validate=length, **kwargs)

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> list[Any]:
        if isinstance(value, list):
            self._length(value)
        return super()._deserialize(value, *args, **kwargs)


# Characters that cannot be seen: those that Unicode lets programs ignore
# (Default_Ignorable_Code_Point), and others that are drawn as a blank.
_INVISIBLE = frozenset(
    chr(code)
    for first, last in (
        (0x00AD, 0x00AD),
        (0x034F, 0x034F),
        (0x061C, 0x061C),
        (0x115F, 0x1160),
        (0x17B4, 0x17B5),
        (0x180B, 0x180F),
        (0x200B, 0x200F),
        (0x202A, 0x202E),
        (0x2060, 0x206F),
        (0x2800, 0x2800),  # of braille, without a dot
        (0x3164, 0x3164),
        (0xFE00, 0xFE0F),
        (0xFEFF, 0xFEFF),
        (0xFFA0, 0xFFA0),
        (0xFFF0, 0xFFFB),
        (0x13440, 0x13440),
        (0x16FE4, 0x16FE4),
        (0x1BCA0, 0x1BCA3),
        (0x1D159, 0x1D159),  # a note without a head
        (0x1D173, 0x1D17A),
        (0xE0000, 0xE0FFF),
    )
    for code in range(first, last + 1)
)

# These show a text in another order than it is stored: `gpj.exe` is shown as `exe.jpg`.
_OVERRIDES = frozenset("\u202d\u202e")


class NameField(fields.String):
    """A name that a person gives: trimmed, not invisible, without control characters."""

    def __init__(self, *, longest: int = 100, **kwargs: Any):
        super().__init__(validate=Length(1, longest), **kwargs)
        self._longest = longest

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> str:
        name = str(super()._deserialize(value, attr, data, **kwargs)).strip()
        if len(name) <= self._longest:  # else it is refused, and need not be searched
            _check_characters(name)
        return name


def _check_characters(name: str) -> None:
    """Raise ValidationError for a name that cannot be seen, or is shown as something else."""
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in name):
        raise ValidationError("Control characters are not allowed.")
    if not _OVERRIDES.isdisjoint(name):
        raise ValidationError("Characters that override the direction of text are not allowed.")
    if name and all(character in _INVISIBLE or character.isspace() for character in name):
        raise ValidationError("Has no visible character.")


def readable_name(name: str) -> str:
    """A name that somebody else has given, as one may be here; empty if it cannot be."""
    name = name.strip()[:100].strip()
    try:
        _check_characters(name)
    except ValidationError:
        return ""
    return name


LARGEST_PAGE = 100


class CountField(fields.Integer):
    """A number of things, at least one, in digits; int() would take `1_0` as well."""

    def __init__(self, **kwargs: Any):
        super().__init__(validate=Range(1), **kwargs)

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> int:
        if not str(value).removeprefix("-").isdecimal():
            raise self.make_error("invalid")
        return super()._deserialize(value, attr, data, **kwargs)


class CursorField(fields.String):
    """Where a page of a list ended, as the page before says."""

    def __init__(self, kind: type[AnyCursor], **kwargs: Any):
        super().__init__(**kwargs)
        self._kind = kind

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> Any:
        try:
            return read_cursor(str(super()._deserialize(value, attr, data, **kwargs)), self._kind)
        except ValueError:
            raise ValidationError("Not a cursor of this list.") from None


class TimeField(fields.AwareDateTime):
    """A time, in UTC unless it has an offset; fromisoformat() would take one that ends in NUL."""

    def __init__(self, **kwargs: Any):
        super().__init__(format="iso", default_timezone=UTC, **kwargs)

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> datetime:
        if not str(value).isprintable():
            raise self.make_error("invalid", input=value, obj_type=self.OBJ_TYPE)
        time = super()._deserialize(value, attr, data, **kwargs)
        try:
            time.astimezone(UTC)
        except OverflowError:
            raise self.make_error("invalid", input=value, obj_type=self.OBJ_TYPE) from None
        return time


def must_be_in_future(time: datetime) -> None:
    """Raise ValidationError for a time at which something would be over already."""
    if time <= datetime.now(UTC):
        raise ValidationError("Must be in the future.")


def template_name(**kwargs: Any) -> fields.String:
    """The name that addresses a template."""
    # `$` alone would let a final newline through in Python; JSON Schema has no `\Z`.
    pattern = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$(?!\n)"
    return fields.String(validate=Regexp(pattern), **kwargs)


class WithData(Schema):
    """Whether to include scenes."""

    data = fields.Boolean(
        load_default=True,
        truthy={"true", "1"},
        falsy={"false", "0"},
        metadata={"description": "`false` leaves the scenes out"},
    )


class PicturesInside(Schema):
    """Whether scenes have their pictures inside."""

    pictures = fields.Boolean(
        load_default=True,
        truthy={"true", "1"},
        falsy={"false", "0"},
        metadata={
            "description": "`false` leaves out pictures that are kept apart: their files have, "
            "in place of `dataURL`, the address in `picture`"
        },
    )


class WithDataAndPictures(WithData, PicturesInside):
    """Whether to include scenes, and whether they have their pictures inside."""


class Status(Answer):
    """It was done."""

    status = fields.String(validate=OneOf(["success"]))


class Problem(Answer):
    """An error, as RFC 9457 defines it."""

    sometimes = ("errors", "version", "used", "limit")

    type = fields.String(metadata={"description": "Where this kind of error is explained"})
    title = fields.String(metadata={"description": "This kind of error in a few words"})
    status = fields.Integer(metadata={"description": "The status of the response"})
    detail = fields.String(metadata={"description": "What is wrong this time"})
    code = fields.String(
        validate=OneOf(sorted(TITLES)),
        metadata={"description": "A stable word for this kind of error"},
    )
    request_id = fields.String(metadata={"description": "Names the request in the log"})
    errors = fields.Dict(
        keys=fields.String(),
        values=fields.List(fields.String()),
        metadata={"description": "What is wrong with each field of a refused input"},
    )
    version = fields.Integer(metadata={"description": "The current version, with status 412"})
    used = fields.Integer(
        metadata={"description": "What there is or would be, with `quota_exceeded`: pads or bytes"}
    )
    limit = fields.Integer(
        metadata={"description": "What there may be at most, with `quota_exceeded`"}
    )
