"""Writes docs/configuration.md: `python -m tools.settings_page > docs/configuration.md`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from padws.config import ROOT, SettingsSchema

INTRODUCTION = """\
# Configuration

padws is configured by environment variables; the names are pad.ws's own where it has one. A file
`.env` in the directory padws starts in may set them too (start from
[.env.example](../.env.example)); the environment takes precedence. A variable that is empty counts
as not set. All mistakes are reported together, before anything is started.

`OIDC_ISSUER` (or `OIDC_SERVER_URL` and `OIDC_REALM`) and `OIDC_CLIENT_ID` are needed to serve, but
not to migrate.

This page is written by `python -m tools.settings_page`; a test compares it with the code.
"""

# The first variable of each section, in the order of SettingsSchema.
SECTIONS = {
    "DATABASE_URL": "PostgreSQL",
    "REDIS_URL": "Redis",
    "OIDC_ISSUER": "Sign-in and sessions",
    "STATIC_DIR": "Front end and templates",
    "MAX_BODY_BYTES": "Drawings and backups",
    "MIGRATION_LOCK_TTL": "Migrations, log and metrics",
    "HOST": "Processes",
}

#: What is read where it is needed, not by SettingsSchema: default and meaning.
ELSEWHERE = {
    "OTEL_EXPORTER_OTLP_ENDPOINT": (
        "",
        "OpenTelemetry collector to send spans to, such as http://localhost:4318; needs the extra "
        "`otel`. Without it, no spans",
    ),
    "OTEL_SERVICE_NAME": ("padws", "What the service is called in spans"),
    "PADWS_DATA_DIR": (".data", "Where `make run` keeps the data of the servers it starts"),
}


def lines() -> Iterator[str]:
    """The page, line by line."""
    yield INTRODUCTION.rstrip()
    for name, variable in SettingsSchema().fields.items():
        if name in SECTIONS:
            yield from _heading(SECTIONS[name])
        yield _row(name, _shown(variable.load_default), variable.metadata["description"])
    yield from _heading(
        "Elsewhere",
        "These are not settings of the service itself. OpenTelemetry's come only from the "
        "environment, not from `.env`.",
    )
    for name, (default, meaning) in ELSEWHERE.items():
        yield _row(name, default, meaning)


def _heading(title: str, *paragraphs: str) -> Iterator[str]:
    for paragraph in (f"## {title}", *paragraphs):
        yield from ("", paragraph)
    yield from ("", "| variable | default | meaning |", "| --- | --- | --- |")


def _row(name: str, default: str, meaning: str) -> str:
    shown = f"`{default}`" if default else ""
    return f"| `{name}` | {shown} | {meaning.replace('|', chr(92) + '|')} |"


def _shown(default: Any) -> str:
    """A default as it is written in the environment; nothing where there is none."""
    if default is None:
        return ""
    if isinstance(default, tuple):
        return ",".join(default)
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, Path):
        return str(default.relative_to(ROOT))
    return f"{default:g}" if isinstance(default, float) else str(default)


if __name__ == "__main__":
    sys.stdout.writelines(f"{line}\n" for line in lines())
