"""`padws templates`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from padws.new_file import new_file
from padws.queries import templates
from padws.shell.printing import as_json, print_rows
from padws.shell.tools import dry_run, open_tools, record
from padws.template_files import files_to_load, load_templates

_COLUMNS = ("name", "display_name", "created_at", "updated_at")


_HELP = """\
\b
Examples:
  padws templates load my-templates --dry-run
  padws templates export default default.json

\b
Exit codes:
  0  done
  1  not done: no such template, or no answer from the database
  2  the command was called in a wrong way
"""


@click.group("templates", epilog=_HELP)
def templates_group() -> None:
    """Templates, which new pads start from."""


@templates_group.command("list")
@as_json
def list_all(as_json: bool) -> None:
    """List the templates, by name."""
    with open_tools() as tools:
        with tools.database.connection() as conn:
            found = templates.list_templates(conn, with_data=False)
        print_rows(found, _COLUMNS, as_json=as_json)


@templates_group.command("load", short_help="Load the files of a directory.")
@click.argument(
    "directory", type=click.Path(path_type=Path, file_okay=False, exists=True), required=False
)
@dry_run
def load(directory: Path | None, dry_run: bool) -> None:
    """Load the files of DIRECTORY (by default of TEMPLATES_DIR) as templates.

    As a start of the service does: what an administrator has edited is kept, and a file that cannot
    be read is named and stops nothing else.
    """
    with open_tools() as tools:
        source = directory or tools.settings.templates_dir
        files = files_to_load(source, {})
        if dry_run:
            for file in files:
                click.echo(f"{file} would be loaded.")
            return
        with tools.database.connection() as conn:
            load_templates(conn, files)
        record("templates of %s loaded", source)


@templates_group.command("export", short_help="Write a template to a file.")
@click.argument("name")
@click.argument("path", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True))
def export(name: str, path: Path) -> None:
    """Write a template's scene to PATH (-: to standard output), as a file that can be loaded."""
    with open_tools() as tools:
        with tools.database.connection() as conn:
            template = templates.get_template(conn, name=name)
        if not template or not template.data:
            raise click.ClickException(f"There is no template {name}.")
        if path == Path("-"):
            sys.stdout.buffer.write(bytes(template.data.json))
        else:
            with new_file(path) as file:
                file.write(bytes(template.data.json))
