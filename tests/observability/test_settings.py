"""gunicorn's settings: a mistake is one clear line, and nothing is left behind."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import psutil

from padws.embedded import temporary
from tests.conftest import StartService
from tests.helpers.commands import THIS
from tests.helpers.programs import run


def refusal(settings: dict[str, str]) -> str:
    """What gunicorn says to these settings instead of starting."""
    environ = temporary.environment(settings)
    return run(sys.executable, "-m", "gunicorn", "wsgi:app", environ=environ, code=1)


COMPLETE = {"OIDC_ISSUER": "http://127.0.0.1:9", "OIDC_CLIENT_ID": "padws"}


MISTAKES = {
    "HOST": "everywhere!",
    "LOG_LEVEL": "loud",
    "METRICS_DIR": "/no/such/directory",
    "PORT": "http",
    "WEB_CONCURRENCY": "0",
    "WEB_THREADS": "many",
}


def test_gunicorns_mistakes_are_told_with_all_others(tmp_path: Path) -> None:
    first, *lines = refusal({**COMPLETE, **MISTAKES}).strip().splitlines()
    assert first == "Error: The configuration has mistakes:"
    assert [line.split(":")[0].strip() for line in lines] == sorted(MISTAKES)


def test_a_command_tells_them_too(tmp_path: Path) -> None:
    upgrade = THIS.flask(tmp_path / "log", MISTAKES, "db-upgrade")
    assert upgrade.wait() == 1
    # A command does not need the directory in which workers count.
    of_a_command = sorted(MISTAKES.keys() - {"METRICS_DIR"})
    assert re.findall("^  ([A-Z_]+):", upgrade.complaint, re.MULTILINE) == of_a_command


def test_a_configuration_with_mistakes_leaves_nothing_behind(tmp_path: Path) -> None:
    message = refusal({"LOG_LEVEL": "loud", "METRICS_DIR": str(tmp_path)})
    assert message.startswith("Error: The configuration has mistakes:")
    assert "LOG_LEVEL" in message
    assert "Traceback" not in message
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_takes_nothing_is_told_in_a_line() -> None:
    message = refusal({**COMPLETE, "METRICS_DIR": "/proc"})
    assert "METRICS_DIR" in message.strip().splitlines()[-1]
    assert "Traceback" not in message


def test_what_is_set_to_nothing_is_not_set(
    service: StartService, environment: dict[str, str]
) -> None:
    # gunicorn itself reads WEB_CONCURRENCY, before any file of ours.
    nothing = dict.fromkeys(MISTAKES.keys() - {"WEB_CONCURRENCY"}, " ")
    started = service({**environment, **nothing})
    assert len(psutil.Process(started.server.pid).children()) == 2


def test_gunicorns_own_tls_is_refused() -> None:
    """padws accepts connections without gunicorn: they would be answered in the clear."""
    message = refusal({**COMPLETE, "GUNICORN_CMD_ARGS": "--certfile=certificate.pem"})
    assert message.strip().splitlines()[-1].startswith("Error: padws does not speak TLS itself")
    assert "Traceback" not in message
