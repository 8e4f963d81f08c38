"""What `flask dev` reads out of the service's log, in both of its formats."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from padws.embedded.terminal import Log
from padws.observability.logs import JsonFormatter, TextFormatter

FORMATTERS = (TextFormatter(), JsonFormatter())


def entry(formatter: logging.Formatter, level: int, logger: str, text: str, status: int = 0) -> str:
    """An entry as the service writes it; with a status one of a request."""
    record = logging.LogRecord(logger, level, "", 0, text, (), None)
    if status:
        record.fields = {"request_id": "8e1b", "route": "/"}
        record.in_message = {"method": "GET", "path": "/", "status": status}
    return formatter.format(record) + "\n"


@pytest.mark.parametrize("formatter", FORMATTERS, ids=["text", "json"])
def test_requests_are_counted_and_what_is_amiss_is_shown(
    tmp_path: Path, formatter: logging.Formatter
) -> None:
    file = tmp_path / "log"
    served = entry(formatter, logging.INFO, "padws.access", "GET / 200", 200)
    failed = entry(formatter, logging.WARNING, "padws.access", "GET / 503", 503)
    slow = entry(formatter, logging.WARNING, "padws.access", "GET / 200", 200)
    warning = entry(formatter, logging.WARNING, "padws", "GET / 503 is no request")
    information = entry(formatter, logging.INFO, "gunicorn.error", "Booting")
    file.write_text(served + served + failed + slow + warning + information)
    log = Log(file)
    assert log.news() == [each.rstrip("\n") for each in (failed, slow, warning)]
    assert (log.requests, log.failed, log.warnings) == (4, 1, 1)


def test_a_line_is_read_once_it_is_complete(tmp_path: Path) -> None:
    file = tmp_path / "log"
    file.touch()
    log = Log(file)
    with file.open("a") as writer:
        for text, news in (("Segmen", []), ("tation fault\nIll", ["Segmentation fault"]), ("", [])):
            writer.write(text)
            writer.flush()
            assert log.news() == news


def test_a_traceback_belongs_to_its_entry(tmp_path: Path) -> None:
    file = tmp_path / "log"
    formatter = TextFormatter()
    error = entry(formatter, logging.ERROR, "padws", "failed") + "    Traceback\n    ValueError\n"
    debug = entry(formatter, logging.DEBUG, "padws", "tried") + "    Traceback\n"
    file.write_text(error + debug)
    assert Log(file).news() == error.splitlines()


def test_json_is_what_the_service_writes() -> None:
    line = entry(FORMATTERS[1], logging.INFO, "padws.access", "GET / 200", 200)
    assert list(json.loads(line))[:3] == ["time", "level", "logger"]
