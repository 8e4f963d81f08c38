"""The log: lines of text for people, or of JSON for machines."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import Any

from gunicorn.glogging import Logger

from padws.config import Settings, load_settings
from padws.observability.current_request import current_request


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    """What an entry has besides its message: the request's id, and what `extra` has."""
    request_id = current_request().id
    given: dict[str, Any] = getattr(record, "fields", {})
    return {"request_id": request_id, **given} if request_id else given


def _printable(text: str) -> str:
    """The text on one line: whatever could end it, or steer a terminal, is escaped."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


class TextFormatter(logging.Formatter):
    """An entry is a line that begins with its time; its traceback is indented below."""

    def format(self, record: logging.LogRecord) -> str:
        """The entry as text."""
        origin = f"{_time(record)} [{record.process}] {record.levelname} {record.name}"
        parts = [f"{origin}: {record.getMessage()}"]
        parts += [f"{name}={value}" for name, value in _fields(record).items() if value != ""]
        lines = [_printable(" ".join(parts))]
        if record.exc_info:
            traceback = self.formatException(record.exc_info).split("\n")
            lines += [f"    {_printable(line)}" for line in traceback]
        return "\n".join(lines)


class JsonFormatter(logging.Formatter):
    """An entry is a JSON object in ASCII on one line, its traceback included.

    A library for this would cost a request fifteen microseconds more.
    """

    _encode = json.JSONEncoder(default=str).encode

    def format(self, record: logging.LogRecord) -> str:
        """The entry as JSON."""
        entry = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            "process": record.process,
            **_fields(record),
            **getattr(record, "in_message", {}),
        }
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return self._encode(entry)


class GunicornLogger(Logger):  # type: ignore[misc]  # untyped
    """gunicorn's log, in padws's format; everything else is logged where gunicorn logs."""

    def setup(self, cfg: Any) -> None:
        """Set the log up; again after a reload."""
        super().setup(cfg)
        _configure(load_settings(), self.error_log.handlers)

    def access(self, *_: Any) -> None:
        """Nothing: padws.access logs more."""


def log_to_stderr(settings: Settings) -> None:
    """Log what commands do in the service's format, to standard error."""
    _configure(settings, [logging.StreamHandler()])


def _configure(settings: Settings, handlers: list[logging.Handler]) -> None:
    """Let all loggers write to `handlers`, those of libraries nothing below INFO.

    Their debug messages are for their own developers, and may contain secrets.
    """
    formatter = JsonFormatter() if settings.log_format == "json" else TextFormatter()
    for handler in handlers:
        handler.setFormatter(formatter)
    # None of these is printed, but each entry would look them up
    # (https://docs.python.org/3.11/howto/logging.html#optimization).
    logging.logThreads = logging.logMultiprocessing = False
    logging._srcfile = None
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    root = logging.getLogger()
    root.handlers[:] = handlers
    root.setLevel(max(level, logging.INFO))
    logging.getLogger("padws").setLevel(level)
    # At INFO the pool tells of each connection that it closes: one after each large scene.
    logging.getLogger("psycopg.pool").setLevel(max(level, logging.WARNING))
    quiet = logging.NOTSET if settings.access_log else logging.WARNING
    logging.getLogger("padws.access").setLevel(max(quiet, level))
    logging.captureWarnings(True)
