"""`padws pads`."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import click
from msgspec.structs import asdict

from padws.drawing_files import read_file
from padws.json_complexity import check_complexity
from padws.new_file import new_file
from padws.paging import place_after
from padws.pictures import Drawing, put_back, take_apart, texts, unknown_picture
from padws.queries import backups, pads, takeouts
from padws.queries.pictures import check_references
from padws.queries.trash import TrashedPad, list_trash, restore_pad
from padws.scene_in_picture import drawing_in, is_picture
from padws.schemas.common import readable_name
from padws.shell.printing import as_json, counted, print_rows
from padws.shell.tools import Tools, dry_run, id_of, open_tools, record, user_argument
from padws.uuid7 import uuid7

_COLUMNS = ("id", "display_name", "version", "created_at", "updated_at")
_IN_TRASH = ("id", "display_name", "version", "deleted_at", "purged_at")
_BACKUP = ("id", "timestamp", "reason", "label", "version")


_HELP = """\
\b
Examples:
  padws pads list alice --trash
  padws pads restore alice PAD --backup BACKUP
  padws pads export alice PAD - > drawing.excalidraw
  padws pads import alice drawing.excalidraw --name Plan

\b
Exit codes:
  0  done
  1  not done: no such user or pad, not confirmed, or no answer from the database
  2  the command was called in a wrong way
"""


@click.group("pads", epilog=_HELP)
def pads_group() -> None:
    """Pads of a user.

    USER is an id, a username, or an address; PAD and BACKUP are ids, as `list` and `history` print
    them. Changes are in the log, with who has made them.
    """


@pads_group.command("list")
@user_argument
@click.option("--trash", is_flag=True, help="Those in the trash, newest first.")
@as_json
def list_all(user: str, trash: bool, as_json: bool) -> None:
    """List a user's pads, oldest first."""
    with open_tools() as tools:
        owner = tools.user(user)
        if not trash:
            with tools.database.connection() as conn:
                owned = takeouts.list_owned_pads(conn, owner_id=owner.id)
            print_rows(owned, _COLUMNS, as_json=as_json)
            return
        print_rows(map(_without_scene, _in_trash(tools, owner.id)), _IN_TRASH, as_json=as_json)


def _in_trash(tools: Tools, owner_id: UUID) -> list[TrashedPad]:
    """All pads in a user's trash, without their scenes."""
    with tools.database.connection() as conn:
        return list_trash(
            conn,
            owner_id=owner_id,
            trash_for=tools.settings.trash_for,
            most_pads=None,
            with_data=False,
            with_pictures=False,
            **place_after(None),
        ).rows


def _without_scene(row: TrashedPad) -> dict[str, Any]:
    members = asdict(row)
    return {name: members[name] for name in (*_COLUMNS, "deleted_at", "purged_at")}


@pads_group.command("history")
@user_argument
@click.argument("pad", metavar="PAD")
@as_json
def history(user: str, pad: str, as_json: bool) -> None:
    """List a pad's backups, oldest first."""
    with open_tools() as tools:
        owner = tools.user(user)
        with tools.database.connection() as conn:
            found = takeouts.get_whole_pad(conn, pad_id=id_of(pad), owner_id=owner.id)
        if not found:
            raise click.ClickException(f"There is no pad {pad}.")
        print_rows(found.backups(), _BACKUP, as_json=as_json)


@pads_group.command("restore", short_help="Take a pad out of the trash, or back in time.")
@user_argument
@click.argument("pad", metavar="PAD")
@click.option("--backup", metavar="BACKUP", help="What it was then; by default, out of the trash.")
@dry_run
def restore(user: str, pad: str, backup: str | None, dry_run: bool) -> None:
    """Take a pad out of the trash; or with --backup, make it what it was then.

    What a backup replaces is backed up first.
    """
    with open_tools() as tools:
        owner, pad_id = tools.user(user), id_of(pad)
        if backup:
            way = partial(_restore_backup, tools, owner.id, pad_id, id_of(backup))
        else:
            way = partial(_out_of_trash, tools, owner.id, pad_id)
        if not way(dry_run):
            raise click.ClickException("There is nothing of that id to restore.")
        if dry_run:
            click.echo(f"{pad} of {owner.username} would be restored.")
            return
        record("pad %s of user %s restored from %s", pad_id, owner.id, backup or "the trash")
        click.echo(f"{pad} of {owner.username} is restored.")


def _restore_backup(
    tools: Tools, owner_id: UUID, pad_id: UUID, backup_id: UUID, dry_run: bool
) -> bool:
    """Restore a backup, or only find out whether that can be done; whether it is there."""
    new_pictures = tools.new_pictures
    with tools.database.connection() as conn:
        if dry_run:
            pad = takeouts.get_whole_pad(conn, pad_id=pad_id, owner_id=owner_id)
            return pad is not None and backup_id in {taken.id for taken in pad.backups()}
        saved = backups.restore_backup(
            conn,
            owner_id=owner_id,
            pad_id=pad_id,
            backup_id=backup_id,
            accepted_versions="{(,)}",
            retention=tools.settings.retention,
            new_pictures=new_pictures,
        )
    return saved is not None


def _out_of_trash(tools: Tools, owner_id: UUID, pad_id: UUID, dry_run: bool) -> bool:
    """Restore a pad, or only find out whether that can be done; whether it is there."""
    if dry_run:
        return pad_id in {row.id for row in _in_trash(tools, owner_id)}
    with tools.database.connection() as conn:
        restored = restore_pad(
            conn, owner_id=owner_id, pad_id=pad_id, trash_for=tools.settings.trash_for
        )
    return bool(restored.rows)


@pads_group.command("export", short_help="Write a pad as an .excalidraw file.")
@user_argument
@click.argument("pad", metavar="PAD")
@click.argument("path", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True))
def export(user: str, pad: str, path: Path) -> None:
    """Write a pad as an .excalidraw file to PATH (-: to standard output), with its pictures.

    It is the file that the route gives: what is drawn, without deleted elements and the pad's id.
    """
    with open_tools() as tools:
        owner, source = tools.user(user), tools.settings.frontend_url.rstrip("/") or "padws"
        with tools.database.connection() as conn:
            found = pads.export_pad(conn, pad_id=id_of(pad), owner_id=owner.id, source=source)
        row = found.row
        if not row:
            raise click.ClickException(f"There is no pad {pad}.")
        drawing = put_back(row.data, row.files, row.pictures, texts(found.contents))
        if path == Path("-"):
            sys.stdout.buffer.writelines(drawing.pieces)
        else:
            with new_file(path) as file:
                file.writelines(drawing.pieces)


@pads_group.command("import", short_help="Make a pad of a file.")
@user_argument
@click.argument("path", type=click.Path(exists=True, path_type=Path, dir_okay=False))
@click.option("--name", help="What to call it; by default, as the file is called.")
@dry_run
def import_pad(user: str, path: Path, name: str | None, dry_run: bool) -> None:
    """Make a pad of a user from a file: .excalidraw, or a PNG or SVG that has the drawing in it."""
    with open_tools() as tools:
        owner, drawing = tools.user(user), _read(tools, path)
        written = name or path.name.split(".")[0]
        name = readable_name(written) or tools.settings.default_pad_name
        if dry_run:
            click.echo(f"{owner.username} would get a pad {name}.")
            return
        pad_id = uuid7()
        with tools.database.connection() as conn:
            most = tools.settings.max_body_bytes
            check_references(conn, drawing, owner_id=owner.id, most=most)
            found = pads.insert_pad(
                conn,
                pad_id=pad_id,
                owner_id=owner.id,
                display_name=name,
                scene=drawing.scene,
                pictures=drawing.pictures,
                contents=drawing.contents_of(drawing.contents),
                reason="import",
            )
        if not found.rows:
            raise unknown_picture(", ".join(drawing.references))
        record("pad %s of user %s made from a file", pad_id, owner.id)
        click.echo(pad_id)


def _read(tools: Tools, path: Path) -> Drawing:
    most = tools.settings.max_body_bytes
    if path.stat().st_size > most:
        raise click.ClickException(f"{path} is larger than MAX_BODY_BYTES, {most:,} bytes.")
    text = path.read_bytes()
    if is_picture(text):
        text = drawing_in(text, most)
    check_complexity(text, most)
    return take_apart(read_file(text).scene, lambda _: None, lambda: tools.new_pictures)


@pads_group.command("move", short_help="Give all pads of a user to another one.")
@user_argument
@click.argument("new_owner", metavar="NEW_OWNER")
@dry_run
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
def move(user: str, new_owner: str, dry_run: bool, yes: bool) -> None:
    """Give all pads of a user to another one, with their history and the trash; links end."""
    with open_tools() as tools:
        old, new = tools.user(user), tools.user(new_owner)
        if old.id == new.id:
            raise click.BadParameter("It must be another user.", param_hint="NEW_OWNER")
        with tools.database.connection() as conn:
            number = len(takeouts.list_owned_pads(conn, owner_id=old.id))
        if dry_run:
            click.echo(f"{counted(number, 'pad')} and the trash would go to {new.username}.")
            return
        if not yes:
            click.confirm(
                f"Give {counted(number, 'pad')} and the trash to {new.username}?", abort=True
            )
        with tools.database.connection() as conn:
            moved = pads.move_pads(conn, owner_id=old.id, new_owner_id=new.id)
        record("%s of user %s moved to %s", counted(moved, "pad"), old.id, new.id)
        click.echo(f"Moved to {new.username}: {counted(moved, 'pad')}.")
