"""What the front end asks for besides drawings."""

from marshmallow import INCLUDE, fields
from marshmallow.validate import OneOf

from padws.schemas.common import Answer


class FrontEndConfig(Answer):
    """The front end's configuration; empty where nothing is set."""

    coder_url = fields.String(data_key="coderUrl")
    posthog_key = fields.String(data_key="posthogKey")
    posthog_host = fields.String(data_key="posthogHost")


class BuildInfo(Answer):
    """What the front end's build reports about itself."""

    class Meta:
        """Whatever else its file contains is sent, too."""

        unknown = INCLUDE

    sometimes = ("build_hash", "timestamp")

    build_hash = fields.String(data_key="buildHash", metadata={"description": "Names the build"})
    timestamp = fields.Integer(metadata={"description": "When it was built"})


class WorkspaceState(Answer):
    """The state of a workspace that does not exist."""

    id = fields.String(allow_none=True)
    state = fields.String(validate=OneOf(["stopped"]))
    name = fields.String(allow_none=True)
    username = fields.String(metadata={"description": "Who is signed in"})
    base_url = fields.String(allow_none=True)
    agent = fields.String(allow_none=True)
