"""Templates."""

from marshmallow import Schema, fields

from padws.schemas.common import NameField, SceneField, Status, template_name


class Template(Schema):
    """A drawing that new pads start from."""

    id = fields.UUID()
    name = fields.String()
    display_name = fields.String()
    data = SceneField(metadata={"type": "object"})
    created_at = fields.AwareDateTime()
    updated_at = fields.AwareDateTime()


class NewTemplate(Schema):
    """A template to make."""

    name = template_name(required=True)
    display_name = NameField(required=True)
    data = SceneField(required=True, metadata={"type": "object", "minProperties": 1})


class TemplateChange(Schema):
    """What to change of a template."""

    name = template_name()
    display_name = NameField()
    data = SceneField(metadata={"type": "object", "minProperties": 1})


class TemplateDeleted(Status):
    """A template was deleted."""

    message = fields.String()
