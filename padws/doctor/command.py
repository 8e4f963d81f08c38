"""`padws doctor` and `padws version`."""

from __future__ import annotations

import json
import platform
import sys
from collections.abc import Iterator
from dataclasses import asdict

import click
import psycopg
import redis

from padws.config import ConfigurationError, environment, load_settings
from padws.doctor.findings import Finding, error


@click.command("doctor", short_help="Check all that padws needs.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object for each line.")
def doctor(as_json: bool) -> None:
    """Check the configuration and everything that padws needs; suggest what to do.

    Changes nothing: whatever is written as a test is rolled back or deleted.
    Exit code: 0 without an error, 1 with one.
    """
    failed = False
    for finding in _looks():
        failed |= finding.outcome == "error"
        click.echo(json.dumps(asdict(finding)) if as_json else _line(finding))
    sys.exit(int(failed))


def _looks() -> Iterator[Finding]:
    # Here, so that other commands do not load what they do not need.
    from padws.doctor import files, postgresql, provider, redis_server, variables

    try:
        settings = load_settings(to_serve=True)
    except ConfigurationError as mistakes:
        for name, texts in sorted(mistakes.mistakes.items()):
            yield error("configuration", f"{name}: {' '.join(texts)}")
        return
    yield from variables.look(environment(), settings)
    for each in (postgresql, redis_server, provider, files):
        yield from each.look(settings)


def _line(finding: Finding) -> str:
    return f"{finding.outcome:<8} {finding}"


@click.command("version")
def version() -> None:
    """Print the versions of padws and of its main parts."""
    from padws.version import VERSION

    click.echo(f"padws     {VERSION}")
    click.echo(f"Python    {platform.python_version()}")
    click.echo(f"libpq     {_dotted(psycopg.pq.version())}")
    click.echo(f"psycopg   {psycopg.__version__} ({psycopg.pq.__impl__})")
    click.echo(f"redis-py  {redis.__version__}")


def _dotted(number: int) -> str:
    """PostgreSQL's version 180001 as people write it."""
    return f"{number // 10_000}.{number % 10_000}"
