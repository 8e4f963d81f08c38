"""What gunicorn is told: a mistake is one clear line, and nothing is left behind."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from padws.config import ROOT
from padws.embedded import temporary
from tests.migrations.commands import clean_environment


def refusal(settings: dict[str, str]) -> str:
    """What gunicorn says to these settings instead of starting."""
    ended = subprocess.run(
        [sys.executable, "-m", "gunicorn", "wsgi:app"],
        cwd=ROOT,
        env=clean_environment(temporary.environment(settings)),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 1
    return ended.stdout + ended.stderr


COMPLETE = {"OIDC_ISSUER": "http://127.0.0.1:9", "OIDC_CLIENT_ID": "padws"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WEB_CONCURRENCY", "0"),
        ("WEB_THREADS", "many"),
        ("WEB_THREADS", "0"),
        ("WEB_THREADS", "1.5"),
    ],
)
def test_numbers_that_are_none_are_told_in_a_line(tmp_path: Path, name: str, value: str) -> None:
    said = refusal({**COMPLETE, name: value, "METRICS_DIR": str(tmp_path)})
    assert said.strip().splitlines() == [
        f"Error: {name} has to be a number from 1 to 9999, and is {value!r}."
    ]
    assert list(tmp_path.iterdir()) == []


def test_a_configuration_with_mistakes_leaves_nothing_behind(tmp_path: Path) -> None:
    said = refusal({"LOG_LEVEL": "loud", "METRICS_DIR": str(tmp_path)})
    assert said.startswith("Error: The configuration has mistakes:")
    assert "LOG_LEVEL" in said
    assert "Traceback" not in said
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_can_not_be_used_is_told_in_a_line(tmp_path: Path) -> None:
    said = refusal({**COMPLETE, "METRICS_DIR": str(tmp_path / "nowhere")})
    (line,) = said.strip().splitlines()
    assert line.startswith("Error: METRICS_DIR can not be used: ")
