"""Templates: sql/templates/."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from msgspec import Struct

from padws.database import Connection
from padws.json_text import JsonText
from padws.statements import from_file


class Template(Struct, frozen=True):
    """A row of pad_ws.template_pads; `data` is None when the scene was left out."""

    id: UUID
    name: str
    display_name: str
    data: JsonText | None
    created_at: datetime
    updated_at: datetime


@from_file
def list_templates(conn: Connection, *, with_data: bool) -> list[Template]:
    """All templates, by name."""


@from_file
def get_template(conn: Connection, *, name: str) -> Template | None:
    """One template."""


@from_file
def insert_template(
    conn: Connection, *, template_id: UUID, name: str, display_name: str, scene: JsonText
) -> Template:
    """A new template. Violates the unique index on name when that is taken."""


@from_file
def update_template(
    conn: Connection,
    *,
    name: str,
    new_name: str | None,
    display_name: str | None,
    scene: JsonText | None,
) -> Template | None:
    """The template after the given fields were changed. May violate the unique index on name."""


@from_file
def delete_template(conn: Connection, *, name: str) -> UUID | None:
    """Delete a template; `None` if there is no such template."""


@from_file
def load_template(
    conn: Connection,
    *,
    template_id: UUID,
    name: str,
    display_name: str,
    scene: JsonText,
    file_digest: str,
) -> str:
    """Load a template's file: `added`, `replaced`, `unchanged`, or `kept` as an administrator's."""
