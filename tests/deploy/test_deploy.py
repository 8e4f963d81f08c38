"""The files in deploy/ and the Containerfile fit the service, and the programs that read them."""

from __future__ import annotations

import configparser
import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from padws.config import ROOT, SettingsSchema, load_settings
from padws.embedded import ends_with_parent, temporary
from padws.embedded.startup import free_port
from tests.helpers.programs import program, run
from tests.helpers.waiting import wait_until
from tools import settings_page

DEPLOY = ROOT / "deploy"
DEFAULTS = load_settings({})
GUNICORN = (ROOT / "gunicorn.conf.py").read_text(encoding="utf-8")
PAGES = [
    *(ROOT / "docs" / name for name in ("operations.md", "scaling.md", "dba.md")),
    *(DEPLOY / name for name in ("nginx.conf", "Caddyfile")),
]
#: Names in capitals that are not settings of padws.
OTHERS = {
    *("PGHOST", "PGDATABASE", "PGUSER", "PGPASSWORD", "USER_ID", "SCRATCH", "RESTORED"),
}


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


# Settings


@pytest.mark.parametrize("path", PAGES, ids=lambda each: each.name)
def test_every_setting_that_is_named_exists(path: Path) -> None:
    named = set(re.findall(r"\b[A-Z]{2,}(?:_[A-Z]+)+\b", path.read_text(encoding="utf-8")))
    known = SettingsSchema().fields.keys() | settings_page.ELSEWHERE.keys() | OTHERS
    assert named - known == set()


# systemd


@pytest.fixture
def unit() -> configparser.RawConfigParser:
    parsed = configparser.RawConfigParser(strict=False)
    parsed.optionxform = str  # type: ignore[assignment,method-assign]
    parsed.read_string(text_of("deploy/padws.service"))
    return parsed


def test_the_unit_starts_what_the_procfile_starts(unit: configparser.RawConfigParser) -> None:
    (web,) = re.findall(r"^web: (.*)$", text_of("Procfile"), re.MULTILINE)
    service = unit["Service"]
    assert service["ExecStart"] == f"{service['WorkingDirectory']}/.venv/bin/{web}"


def test_the_unit_waits_long_enough(unit: configparser.RawConfigParser) -> None:
    (graceful,) = re.findall(r"^graceful_timeout = (\d+)$", GUNICORN, re.MULTILINE)
    assert int(unit["Service"]["TimeoutStopSec"]) > int(graceful)
    minutes = int(unit["Service"]["TimeoutStartSec"].removesuffix("min"))
    assert minutes * 60 > DEFAULTS.migration_max_wait


def test_systemd_takes_the_unit_for_good_and_safe(tmp_path: Path) -> None:
    analyze = program("systemd-analyze")
    here = tmp_path / "padws.service"
    here.write_text(
        text_of("deploy/padws.service").replace("/opt/padws/.venv/bin/gunicorn", "/bin/sh")
    )
    assert run(analyze, "verify", here) == ""
    exposure = run(analyze, "security", "--offline=true", "--threshold=20", here)
    assert "Overall exposure level" in exposure


# The container image


CONTAINERFILE = text_of("Containerfile")
FINAL = CONTAINERFILE.rpartition("FROM ")[2]


def test_the_image_is_of_the_python_that_is_locked_and_not_for_root() -> None:
    bases = re.findall(r"^FROM \S+/python:([\d.]+)-slim", CONTAINERFILE, re.MULTILINE)
    (first,) = re.findall(r"^PYTHONS := python([\d.]+) ", text_of("Makefile"), re.MULTILINE)
    assert set(bases) == {first}
    assert "--require-hashes" in CONTAINERFILE
    (user,) = re.findall(r"^USER (\d+):(\d+)$", FINAL, re.MULTILINE)
    assert min(map(int, user)) > 0


def test_the_image_has_all_that_the_service_needs(
    environment: dict[str, str], tmp_path: Path
) -> None:
    """What it copies, started by its command, with its health check."""
    for line in re.findall(r"^COPY (?!--from)(.*)$", FINAL, re.MULTILINE):
        *sources, target = line.split()
        for source in sources:
            copy = shutil.copytree if (ROOT / source).is_dir() else shutil.copy
            copy(ROOT / source, tmp_path / target)
    (command,) = re.findall(r"^CMD (\[.*\])$", FINAL, re.MULTILINE)
    (check,) = re.findall(r"^    CMD (\[.*\])$", FINAL, re.MULTILINE)
    environ = {**temporary.environment(environment), "PORT": str(free_port())}
    web = [sys.executable, "-m", *json.loads(command)]
    assert shlex.join(json.loads(command)) in text_of("Procfile")
    probe = [sys.executable, *json.loads(check)[1:]]
    server = ends_with_parent.start(
        "gunicorn", web, environ=environ, directory=tmp_path, log=tmp_path / "log"
    )
    try:
        wait_until(lambda: subprocess.run(probe, env=environ, capture_output=True).returncode == 0)
    finally:
        server.stop()
    assert subprocess.run(probe, env=environ, capture_output=True).returncode != 0
