"""The cron lines and the systemd unit: run as they stand, on a checkout elsewhere."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from padws.config import ROOT
from tests.helpers import databases
from tests.helpers.programs import program, run, search_path, shell_environment

PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
UNIT = (ROOT / "deploy" / "padws-drill.service").read_text(encoding="utf-8")
BIN = Path(sys.executable).parent
CHECKED = "SELECT name FROM pad_ws.checks WHERE faults = 0 ORDER BY name"


@pytest.fixture
def environ(url: str, tmp_path: Path) -> dict[str, str]:
    """Where the dumps have their directory, and programs are of the server's version."""
    return {**shell_environment(url), "PATH": search_path(url), "STATE_DIRECTORY": str(tmp_path)}


def placed(command: str, url: str, directory: Path) -> str:
    """A command with this checkout and the test's files in place of the deployed ones."""
    settings = directory / "padws.env"
    settings.write_text(f"DATABASE_URL={url}\n")
    for there, here in (
        ("/opt/padws/.venv/bin", str(BIN)),
        (" .venv/bin", f" {BIN}"),
        ('".venv/bin', f'"{BIN}'),
        ("/opt/padws", str(ROOT)),
        ("/etc/padws/padws.env", str(settings)),
        ("/var/backups/padws", str(directory)),
    ):
        command = command.replace(there, here)
    return command


def test_the_cron_lines(url: str, environ: dict[str, str], tmp_path: Path) -> None:
    (table,) = re.findall(r"^```cron\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    lines = [line for line in table.splitlines() if not line.startswith("#")]
    for line in lines:
        *when, command = line.split(maxsplit=5)
        assert len(when) == 5
        assert not re.search(r"(?<!\\)%", command), "cron takes it for a line break"
        run("sh", "-c", placed(command.replace("\\%", "%"), url, tmp_path), environ=environ)
    assert databases.query(url, CHECKED) == [("db-drill",), ("db-verify",)]
    assert len(list(tmp_path.glob("????-??-??.dump"))) == 1


def test_the_commands_of_the_unit(url: str, environ: dict[str, str], tmp_path: Path) -> None:
    old = tmp_path / "old.dump"
    old.write_text("")
    run("touch", "-d", "40 days ago", old)
    commands = re.findall(r"^ExecStart=(.*)$", UNIT.replace("\\\n", ""), re.MULTILINE)
    assert len(commands) == 3
    for command in commands:
        shell = placed(command.replace("%%", "%"), url, tmp_path)
        run("sh", "-c", shell, environ={**environ, "DATABASE_URL": url})
    assert databases.query(url, CHECKED) == [("db-drill",), ("db-verify",)]
    assert len(list(tmp_path.glob("*.dump"))) == 1, "the new one"


def test_systemd_takes_unit_and_timer(tmp_path: Path) -> None:
    analyze = program("systemd-analyze")
    unit, timer = tmp_path / "padws-drill.service", tmp_path / "padws-drill.timer"
    unit.write_text(UNIT.replace("/opt/padws/.venv/bin/flask", "/bin/sh"))
    timer.write_text((ROOT / "deploy" / "padws-drill.timer").read_text())
    assert run(analyze, "verify", unit, timer) == ""
    exposure = run(analyze, "security", "--offline=true", "--threshold=20", unit)
    assert "Overall exposure level" in exposure
    (when,) = re.findall(r"^OnCalendar=(.*)$", timer.read_text(), re.MULTILINE)
    assert "Next elapse" in run(analyze, "calendar", when)
