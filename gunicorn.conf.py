"""gunicorn's settings; https://docs.gunicorn.org/en/stable/settings.html explains the names.

What can be set is in padws/config.py, HOST, PORT and WEB_CONCURRENCY included.
"""

import contextlib
import fcntl
import gc
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any, NoReturn

from dotenv import dotenv_values

_METRICS = "padws-metrics-"


def _metrics_directory() -> str:
    """Make the directory in which this gunicorn's workers count; the same after a reload.

    It stays locked while any process of this gunicorn lives. Unlocked ones were left behind by
    gunicorns that were killed, and are removed.
    """
    before, ours = os.environ.get("PROMETHEUS_MULTIPROC_DIR", ""), f"{_METRICS}{os.getpid()}-"
    if Path(before).name.startswith(ours):
        return before
    in_memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else tempfile.gettempdir()  # noqa: S108
    named = {**dotenv_values(".env"), **os.environ}.get("METRICS_DIR") or ""
    parent = Path(named.strip() or in_memory)
    for left in parent.glob(f"{_METRICS}*"):
        with contextlib.suppress(OSError):
            _remove_unless_locked(left)
    made = Path(tempfile.mkdtemp(prefix=f".{ours}", dir=parent))
    _lock(os.open(made, os.O_RDONLY))
    return str(made.rename(parent / made.name.removeprefix(".")))


def _lock(descriptor: int) -> None:
    """Lock a directory for as long as it is open. Raises OSError if another process holds it."""
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _remove_unless_locked(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        _lock(descriptor)
        shutil.rmtree(directory)
    finally:
        os.close(descriptor)


def _remove_metrics() -> None:
    if directory := os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        shutil.rmtree(directory, ignore_errors=True)


def _refuse(message: str) -> NoReturn:
    """Exit before anything has been started."""
    _remove_metrics()
    sys.exit(f"Error: {message}")


# prometheus_client reads this variable when it is imported, as padws does below.
metrics_error: OSError | None = None
try:
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = _metrics_directory()
except OSError as error:
    os.environ.pop("PROMETHEUS_MULTIPROC_DIR", None)
    metrics_error = error  # reported together with other mistakes

from prometheus_client.multiprocess import mark_process_dead  # noqa: E402

from padws.config import ConfigurationError, load_settings  # noqa: E402
from padws.doctor import starting  # noqa: E402
from padws.migrations import MigrationError, MigrationFailed, WaitedTooLong  # noqa: E402
from padws.observability import traces  # noqa: E402
from padws.observability.logs import GunicornLogger  # noqa: E402
from padws.release import upgrade  # noqa: E402

try:
    settings = load_settings(to_serve=True)
except ConfigurationError as error:
    _refuse(str(error))

if metrics_error:
    _refuse(f"METRICS_DIR cannot be used: {metrics_error}")

bind = settings.bind
workers = settings.web_concurrency
worker_class = "padws.worker.Worker"  # gthread, whose threads slow clients do not hold up
threads = settings.web_threads
worker_connections = 8192  # or fewer, if file descriptors are short
keepalive = 75
# A head is limited as a whole (padws.client_connection.LONGEST_HEAD); any one part may take all
# of it.
limit_request_line = 0
limit_request_field_size = 65_536
http_parser = "python"  # the one that padws.client_connection builds on
sendfile = False  # which would wait for slow readers without a deadline
# TRUSTED_PROXIES alone decides which forwarded headers count: gunicorn by itself would believe
# everybody on this machine.
secure_scheme_headers: dict[str, str] = {}
forwarder_headers = ""
forwarded_allow_ips = "*"  # nobody may set any of these, so no address need be checked
timeout = 60
graceful_timeout = 25
accesslog = None  # padws.access logs more
logger_class = GunicornLogger
control_socket_disable = True  # it is a file in the home directory, which instances would share
loglevel = settings.log_level
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: PTH112, S108


def on_starting(server: Any) -> None:
    """Report what looks wrong and bring the schema up to date, before any worker is forked."""
    if server.cfg.is_ssl:  # padws.client_connection would bypass it
        _refuse("padws does not speak TLS itself; put a proxy in front that does.")
    try:
        starting.announce(settings, server.log)
        _upgrade(server)
    except (MigrationError, starting.LoginRefused) as error:
        server.log.error("%s", error)
        _remove_metrics()
        sys.exit(getattr(error, "exit_code", 1))


def _upgrade(server: Any) -> None:
    try:
        upgrade(settings, server.log.info)
    except (MigrationFailed, WaitedTooLong) as error:
        if settings.on_migration_failure != "continue":
            raise
        server.log.warning("%s Starting anyway; /readyz reports not ready.", error)


def post_worker_init(worker: Any) -> None:
    """Start watching a worker that has just been forked."""
    worker.wsgi.extensions["padws"].sampler.start()
    if worker.age == 1:  # one worker's check is enough
        starting.look_at_provider(settings, worker.log)
    traces.start(worker.wsgi)
    # What has been loaded stays, so the garbage collector need not scan it again.
    gc.collect()
    gc.freeze()


def child_exit(_server: Any, worker: Any) -> None:
    """Drop a dead worker's gauges; its counters stay."""
    mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]


def on_exit(_server: Any) -> None:
    """Leave nothing behind."""
    _remove_metrics()
