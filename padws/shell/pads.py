"""`padws pads`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from padws.queries import takeouts
from padws.shell.printing import as_json, print_rows
from padws.shell.tools import id_of, tools, user_argument
from padws.takeout.files import new_file
from padws.takeout.writing import Takeout

_COLUMNS = ("id", "display_name", "version", "created_at", "updated_at")


@click.group("pads")
def pads_group() -> None:
    """Pads of a user.

    USER is an id, a username, or an address; PAD is an id.
    """


@pads_group.command("list")
@user_argument
@as_json
def list_all(user: str, as_json: bool) -> None:
    """List a user's pads, oldest first."""
    with tools() as each:
        owner = each.user(user)
        with each.database.connection() as conn:
            found = takeouts.list_owned_pads(conn, owner_id=owner.id)
        print_rows(found, _COLUMNS, as_json=as_json)


@pads_group.command("export")
@user_argument
@click.argument("pad", metavar="PAD")
@click.argument("path", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True))
def export(user: str, pad: str, path: Path) -> None:
    """Write a pad as an .excalidraw file to PATH (-: to standard output), with its pictures."""
    with tools() as each:
        drawing = Takeout(each.database.connection, each.user(user)).drawing(id_of(pad))
        if drawing is None:
            raise click.ClickException(f"There is no pad {pad}.")
        if path == Path("-"):
            sys.stdout.buffer.writelines(drawing)
        else:
            with new_file(path) as file:
                file.writelines(drawing)
