"""pgbench, which sends the service's own statements to PostgreSQL: the floor."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence

import click
import psutil
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from bench.filling import Owner
from bench.load import Driven, child_cpu_seconds, run_program
from bench.processes import Processes
from bench.works import Values, Work
from padws.database import Connection
from padws.json_text import JsonText
from padws.statements import Statement, load_statement

# Values are read once by each client and sent with each transaction from then on, as a program
# would; a scene is too long for pgbench's command line. They are kept as they are: no time goes
# into compressing them.
_VALUES_TABLE = """
DROP TABLE IF EXISTS padws_bench.floor_values;
CREATE UNLOGGED TABLE padws_bench.floor_values (
    client integer, name text, value text, PRIMARY KEY (client, name)
);
ALTER TABLE padws_bench.floor_values ALTER value SET STORAGE EXTERNAL
"""
# Bare SQL saves a scene whole, with the pictures in it.
_APART = ("pictures", "contents")

_GET_VALUE = (
    "SELECT value AS {name} FROM padws_bench.floor_values "
    "WHERE client = :client_id AND name = '{name}' \\gset"
)


# For work by hand: what a user would make, as the server comes.
_DRAWINGS_TABLE = """
CREATE TABLE IF NOT EXISTS padws_bench.drawings (
    id uuid PRIMARY KEY, owner_id uuid, data jsonb, version bigint, updated_at timestamptz
);
CREATE INDEX IF NOT EXISTS drawings_owner_id_idx ON padws_bench.drawings (owner_id)
"""
_ADD_DRAWING = """
INSERT INTO padws_bench.drawings VALUES (%s, %s, %s::jsonb, 1, now()) ON CONFLICT DO NOTHING
"""


def prepare_by_hand(connection: Connection, owners: Sequence[Owner]) -> None:
    """Put these people's drawings into the table that a user would have made, whole."""
    connection.execute(_DRAWINGS_TABLE)
    for owner in owners:
        for pad in owner.pads:
            connection.execute(_ADD_DRAWING, [pad.id, owner.person.id, JsonText(pad.scene)])


def prepare(connection: Connection, values: Sequence[Values]) -> None:
    """Store the values of each client's parameters."""
    connection.execute(_VALUES_TABLE)
    rows = [
        (client, name, value) for client, own in enumerate(values) for name, value in own.items()
    ]
    connection.cursor().executemany(
        "INSERT INTO padws_bench.floor_values VALUES (%s, %s, %s)", rows
    )


def drive(program: str, url: str, work: Work, clients: int, seconds: int) -> Driven:
    """Run the statement of `work` from so many clients, for a time. Raises ClickException."""
    target, environ = _without_password(url)
    options = ["-n", "-M", "prepared", "-D", "first=1", "-c", str(clients), "-T", str(seconds)]
    with tempfile.NamedTemporaryFile("w", suffix=".sql", prefix="padws-floor-") as script:
        script.write(_script(work))
        script.flush()
        before = child_cpu_seconds()
        output = run_program([program, *options, "-j", "2", "-f", script.name, target], environ)
        cpu = child_cpu_seconds() - before
    if _number(r"failed transactions: (\d+)", output):
        raise click.ClickException(f"pgbench's transactions failed:\n{output}")
    answers = _number(r"actually processed: (\d+)", output)
    return Driven(
        answers=int(answers),
        seconds=answers / _number(r"tps = ([\d.]+)", output),
        cpu=cpu,
    )


def pgbench(postgres: Processes) -> str:
    """The pgbench that came with the server, else the one on the PATH; ClickException if none."""
    try:
        beside = postgres.program().with_name("pgbench")
        if beside.exists():
            return str(beside)
    except psutil.AccessDenied:  # a server of another user
        pass
    found = shutil.which("pgbench")
    if not found:
        raise click.ClickException(
            "pgbench is neither beside the server's own program nor on the PATH. It comes with "
            "PostgreSQL; Debian has it in postgresql-contrib."
        )
    return found


def _script(work: Work) -> str:
    statement = load_statement(work.path)
    stored = [name for name in statement.parameters if name not in _APART]
    once = "\n".join(_GET_VALUE.format(name=name) for name in stored)
    each = "".join(f"\\set {name} {value}\n" for name, value in work.varying.items())
    text = _named(statement)
    return f"\\if :first\n{once}\n\\set first 0\n\\endif\n{each}{text};\n"


def _named(statement: Statement) -> str:
    """The statement with the names of its parameters, which pgbench takes, instead of numbers."""

    def name_of(number: re.Match[str]) -> str:
        name = statement.parameters[int(number[1]) - 1]
        return "NULL" if name in _APART else f":{name}"

    return re.sub(r"\$(\d+)", name_of, statement.text)


def _without_password(url: str) -> tuple[str, dict[str, str]]:
    """A connection string that may be read in a list of processes, and the environment."""
    given: Mapping[str, object] = conninfo_to_dict(url)
    shown = make_conninfo(**{name: value for name, value in given.items() if name != "password"})  # type: ignore[arg-type]
    password = given.get("password")
    return shown, {**os.environ, **({"PGPASSWORD": str(password)} if password else {})}


def _number(pattern: str, output: str) -> float:
    match = re.search(pattern, output)
    if not match:
        raise click.ClickException(f"pgbench's output cannot be read:\n{output}")
    return float(match[1])
