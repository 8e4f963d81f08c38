"""`padws users`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO
from uuid import UUID

import click

from padws.new_file import new_file
from padws.queries import links, quotas, tokens, users
from padws.recovery.progress import Progress
from padws.shell.printing import as_json, counted, print_row, print_rows
from padws.shell.tools import Tools, dry_run, open_tools, record, user_argument
from padws.takeout.archive import Archive
from padws.takeout.bounds import sizes
from padws.takeout.bringing_in import ImportOptions, ImportResult, bring_in
from padws.takeout.leaving import delete_barred_user
from padws.takeout.writing import Takeout

_PAGE = 1000
_COLUMNS = ("id", "username", "email", "name", "created_at")
_SKIPPED = 3


_HELP = """\
\b
Examples:
  padws users usage alice
  padws users export alice alice.zip
  padws users import bob@example.org alice.zip --dry-run
  padws users list --json | jq -r .email

\b
Exit codes:
  0  done
  1  not done: no such user, not confirmed, or no answer from the database or Redis
  2  the command was called in a wrong way
  3  import: some of it was skipped, and is listed
"""


@click.group("users", epilog=_HELP)
def users_group() -> None:
    """Users: what they have, and ending what they may do.

    USER is an id, a username, or an address. These commands work with the database and Redis
    that the service's settings name, and may run while it does. Changes are in the log, with who
    has made them.
    """


@users_group.command("list")
@as_json
def list_all(as_json: bool) -> None:
    """List all users, in the order of their ids."""
    with open_tools() as tools:
        print_rows(_all(tools), _COLUMNS, as_json=as_json)


def _all(tools: Tools) -> Iterator[users.User]:
    after = UUID(int=0)
    while True:
        with tools.database.connection() as conn:
            page = users.list_users(conn, after=after, limit=_PAGE)
        yield from page
        if len(page) < _PAGE:
            return
        after = page[-1].id


@users_group.command("show")
@user_argument
@as_json
def show(user: str, as_json: bool) -> None:
    """Show a user's row."""
    with open_tools() as tools:
        print_row(tools.user(user), as_json=as_json)


@users_group.command("usage", short_help="Count what a user has.")
@user_argument
@as_json
def usage(user: str, as_json: bool) -> None:
    """Count what a user has: pads, and the bytes that they, their backups and pictures take."""
    with open_tools() as tools:
        found = tools.user(user)
        with tools.database.connection() as conn:
            print_row(quotas.get_usage(conn, owner_id=found.id), as_json=as_json)


@users_group.command("end-sessions", short_help="End a user's sessions, everywhere.")
@user_argument
@dry_run
def end_sessions(user: str, dry_run: bool) -> None:
    """End a user's sessions: they must sign in again, everywhere."""
    with open_tools() as tools:
        found = tools.user(user)
        if dry_run:
            number = sum(user_id == found.id for user_id, _ in tools.sessions.active())
            click.echo(f"{counted(number, 'session')} of {found.username} would be ended.")
            return
        ended = tools.sessions.end_all_of(found.id)
        record("%s of user %s ended", counted(ended, "session"), found.id)
        click.echo(f"{counted(ended, 'session')} of {found.username} ended.")


@users_group.command("revoke-tokens", short_help="Revoke a user's access tokens.")
@user_argument
@dry_run
def revoke_tokens(user: str, dry_run: bool) -> None:
    """Revoke all of a user's personal access tokens."""
    with open_tools() as tools:
        found = tools.user(user)
        with tools.database.connection() as conn:
            if dry_run:
                number = len(tokens.list_tokens(conn, user_id=found.id))
                click.echo(f"{counted(number, 'token')} of {found.username} would be revoked.")
                return
            revoked = len(tokens.delete_tokens(conn, user_id=found.id))
        record("%s of user %s revoked", counted(revoked, "token"), found.id)
        click.echo(f"{counted(revoked, 'token')} of {found.username} revoked.")


@users_group.command("end-links", short_help="End all share links of a user.")
@user_argument
@dry_run
def end_links(user: str, dry_run: bool) -> None:
    """End all links by which a user's pads are shared."""
    with open_tools() as tools:
        found = tools.user(user)
        with tools.database.connection() as conn:
            if dry_run:
                number = links.count_links_of_user(conn, owner_id=found.id)
                click.echo(f"{counted(number, 'link')} of {found.username} would be ended.")
                return
            ended = links.delete_links_of_user(conn, owner_id=found.id)
        record("%s of user %s ended", counted(ended, "link"), found.id)
        click.echo(f"{counted(ended, 'link')} of {found.username} ended.")


@users_group.command("export", short_help="Write a user's takeout to a file.")
@user_argument
@click.argument("path", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True))
def export(user: str, path: Path) -> None:
    """Write a user's takeout to PATH (-: to standard output), which must not be there yet.

    It has all pads with their history and pictures, but for the trash. The file is there when it is
    complete, and not before.
    """
    with open_tools() as tools:
        takeout = Takeout(tools.database.connection, tools.user(user))
        progress = Progress()
        if path == Path("-"):
            _write(takeout, sys.stdout.buffer, progress)
        else:
            with new_file(path) as file:
                _write(takeout, file, progress)
        progress.say(_so_far(takeout))


def _write(takeout: Takeout, file: IO[bytes], progress: Progress) -> None:
    for block in takeout:
        file.write(block)
        progress.show(_so_far(takeout))
    progress.done()


def _so_far(takeout: Takeout) -> str:
    pads, backups = counted(takeout.pads, "pad"), counted(takeout.backups, "backup")
    return f"{pads}, {backups}: {takeout.bytes:,} bytes."


@users_group.command("import", short_help="Bring a takeout in for a user.")
@user_argument
@click.argument("path", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@dry_run
@as_json
def import_takeout(user: str, path: Path, dry_run: bool, as_json: bool) -> None:
    """Bring the takeout in PATH in, for USER; what is there already is left as it is.

    Exit code: 0 everything came in, or was there; 3 some of it was skipped, which is listed; 1
    nothing came in.
    """
    with open_tools() as tools, path.open("rb") as file:
        found = tools.user(user)
        archive = Archive(file, **sizes(tools.settings))
        if dry_run:
            number = sum(1 for _ in archive.pads())
            click.echo(f"{counted(number, 'pad')} would be brought in for {found.username}.")
            return
        result = _bring_in(tools, archive, found.id)
        record(
            "takeout %s for user %s: %s, %s",
            *(path, found.id, counted(result.pads, "pad"), counted(result.backups, "backup")),
        )
    _report(result, as_json=as_json)
    sys.exit(_SKIPPED if result.skipped else 0)


def _bring_in(tools: Tools, archive: Archive, user_id: UUID) -> ImportResult:
    result, progress = ImportResult(), Progress()
    options = ImportOptions(
        connections=tools.database.connection,
        owner_id=user_id,
        new_pictures=tools.new_pictures,
        largest_scene=tools.settings.max_body_bytes,
        default_pad_name=tools.settings.default_pad_name,
    )
    for number, _ in enumerate(bring_in(archive, options, result), 1):
        progress.show(f"Pad {number:,}: {result.pads:,} new, {result.backups:,} new backups …")
    progress.done()
    return result


def _report(result: ImportResult, *, as_json: bool) -> None:
    skipped = [{"path": each.path, "reason": each.reason} for each in result.skipped]
    if as_json:
        print_row(
            {"pads": result.pads, "backups": result.backups, "skipped": skipped}, as_json=True
        )
        return
    for each in skipped:
        click.echo(f"Skipped {each['path']}: {each['reason']}")
    click.echo(f"New: {counted(result.pads, 'pad')}, {counted(result.backups, 'backup')}.")


@users_group.command("delete", short_help="Delete a user with all that is theirs.")
@user_argument
@dry_run
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
def delete(user: str, dry_run: bool, yes: bool) -> None:
    """Delete a user with all pads, backups, pictures and tokens, and end the sessions."""
    with open_tools() as tools:
        found = tools.user(user)
        with tools.database.connection() as conn:
            pads = quotas.get_usage(conn, owner_id=found.id).pads
        if dry_run:
            click.echo(f"{found.username} would be deleted, with {counted(pads, 'pad')}.")
            return
        if not yes:
            click.confirm(f"Delete {found.username} with {counted(pads, 'pad')}?", abort=True)
        with tools.database.connection() as conn:
            users.bar_user(conn, user_id=found.id)
        tools.sessions.end_all_of(found.id)
        delete_barred_user(tools.database.connection, found, tools.settings.takeout_dir)
        record("user %s deleted with %s", found.id, counted(pads, "pad"))
        click.echo(f"{found.username} is deleted.")
