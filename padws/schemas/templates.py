"""Templates."""

from typing import ClassVar

from marshmallow import Schema, fields

from padws.schemas.common import Answer, NameField, SceneField, Status, template_name


class ListedTemplate(Answer):
    """A drawing that new pads start from, perhaps without its scene."""

    sometimes: ClassVar[tuple[str, ...]] = ("data",)

    id = fields.UUID()
    name = fields.String()
    display_name = fields.String()
    data = SceneField()
    created_at = fields.AwareDateTime()
    updated_at = fields.AwareDateTime()


class Template(ListedTemplate):
    """A drawing that new pads start from."""

    sometimes = ()


class NewTemplate(Schema):
    """A template to create."""

    name = template_name(required=True)
    display_name = NameField(required=True)
    data = SceneField(required=True)


class TemplateChange(Schema):
    """What to change of a template."""

    name = template_name()
    display_name = NameField()
    data = SceneField()


class TemplateDeleted(Status):
    """A template was deleted."""

    message = fields.String()
