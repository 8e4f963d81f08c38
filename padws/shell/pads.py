"""`padws pads`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any
from uuid import UUID

import click
from msgspec.structs import asdict

from padws.queries import backups, takeouts
from padws.queries.trash import TrashedPad, list_trash, restore_pad
from padws.shell.printing import as_json, print_rows
from padws.shell.tools import Tools, dry_run, id_of, record, tools, user_argument
from padws.takeout.files import new_file
from padws.takeout.writing import Takeout

_COLUMNS = ("id", "display_name", "version", "created_at", "updated_at")
_IN_TRASH = ("id", "display_name", "version", "deleted_at", "purged_at")
_BACKUP = ("id", "timestamp", "reason", "label", "version")


@click.group("pads")
def pads_group() -> None:
    """Pads of a user.

    USER is an id, a username, or an address; PAD is an id.
    """


@pads_group.command("list")
@user_argument
@click.option("--trash", is_flag=True, help="Those in the trash, newest first.")
@as_json
def list_all(user: str, trash: bool, as_json: bool) -> None:
    """List a user's pads, oldest first."""
    with tools() as each:
        owner = each.user(user)
        with each.database.connection() as conn:
            if not trash:
                print_rows(
                    takeouts.list_owned_pads(conn, owner_id=owner.id), _COLUMNS, as_json=as_json
                )
                return
            found = list_trash(
                conn, owner_id=owner.id, trash_for=each.settings.trash_for, with_data=False
            )
        print_rows(map(_without_scene, found.rows), _IN_TRASH, as_json=as_json)


def _without_scene(row: TrashedPad) -> dict[str, Any]:
    members = asdict(row)
    return {name: members[name] for name in (*_COLUMNS, "deleted_at", "purged_at")}


@pads_group.command("history")
@user_argument
@click.argument("pad", metavar="PAD")
@as_json
def history(user: str, pad: str, as_json: bool) -> None:
    """List a pad's backups, oldest first."""
    with tools() as each:
        owner = each.user(user)
        with each.database.connection() as conn:
            found = takeouts.get_whole_pad(conn, pad_id=id_of(pad), owner_id=owner.id)
        if not found:
            raise click.ClickException(f"There is no pad {pad}.")
        print_rows(found.backups(), _BACKUP, as_json=as_json)


@pads_group.command("restore")
@user_argument
@click.argument("pad", metavar="PAD")
@click.option("--backup", metavar="BACKUP", help="What it was then; by default, out of the trash.")
@dry_run
def restore(user: str, pad: str, backup: str | None, dry_run: bool) -> None:
    """Take a pad out of the trash; or with --backup, make it what it was then.

    What a backup replaces is backed up first.
    """
    with tools() as each:
        owner, pad_id = each.user(user), id_of(pad)
        if dry_run:
            click.echo(f"{pad} of {owner.username} would be restored.")
            return
        if backup:
            restored = _restore_backup(each, owner.id, pad_id, id_of(backup))
        else:
            restored = _out_of_trash(each, owner.id, pad_id)
        if not restored:
            raise click.ClickException("There is nothing of that id to restore.")
        record("pad %s of user %s restored from %s", pad_id, owner.id, backup or "the trash")
        click.echo(f"{pad} of {owner.username} is restored.")


def _restore_backup(each: Tools, owner_id: UUID, pad_id: UUID, backup_id: UUID) -> bool:
    new_pictures = each.new_pictures
    with each.database.connection() as conn:
        saved = backups.restore_backup(
            conn,
            owner_id=owner_id,
            pad_id=pad_id,
            backup_id=backup_id,
            accepted_versions="{(,)}",
            retention=each.settings.retention,
            new_pictures=new_pictures,
        )
    return saved is not None


def _out_of_trash(each: Tools, owner_id: UUID, pad_id: UUID) -> bool:
    with each.database.connection() as conn:
        found = restore_pad(
            conn, owner_id=owner_id, pad_id=pad_id, trash_for=each.settings.trash_for
        )
    return bool(found.rows)


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
