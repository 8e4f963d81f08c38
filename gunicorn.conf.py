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

    It is locked for as long as any of its processes lives. An unlocked one was left behind by a
    gunicorn that was killed, and is removed.
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
    """Lock a directory for as long as it is open. Raises OSError if another process has it."""
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
    """End before anything has been started."""
    _remove_metrics()
    sys.exit(f"Error: {message}")


# prometheus_client asks for it when it is imported, which padws does.
metrics_error: OSError | None = None
try:
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = _metrics_directory()
except OSError as error:
    os.environ.pop("PROMETHEUS_MULTIPROC_DIR", None)
    metrics_error = error  # to be told with whatever else is wrong

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
worker_class = "padws.worker.Worker"  # gthread, on which slow clients have no hold
threads = settings.web_threads
worker_connections = 8192  # or as many as there are descriptors for
keepalive = 75
# A head is limited as a whole (padws.client_connection.LONGEST_HEAD); any one part may take all
# of it.
limit_request_line = 0
limit_request_field_size = 65_536
http_parser = "python"  # the one that padws.client_connection builds upon
sendfile = False  # which would wait for slow readers without a deadline
# Who is asking for what under which name is for TRUSTED_PROXIES to say: gunicorn itself would
# believe everybody on this machine.
secure_scheme_headers: dict[str, str] = {}
forwarder_headers = ""
forwarded_allow_ips = "*"  # whoever it is may set none of these: the address need not be looked at
timeout = 60
graceful_timeout = 25
accesslog = None  # padws.access says more
logger_class = GunicornLogger
control_socket_disable = True  # a file in the home directory, which instances would share
loglevel = settings.log_level
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: PTH112, S108


def on_starting(server: Any) -> None:
    """Say what is amiss and bring up the schema, before any worker is forked."""
    if server.cfg.is_ssl:  # padws.client_connection receives past it
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
        server.log.warning("%s Starting all the same; /readyz says not ready.", error)


def post_worker_init(worker: Any) -> None:
    """Begin to watch a worker that has just been forked."""
    worker.wsgi.extensions["padws"].sampler.start()
    if worker.age == 1:  # the first one speaks for all
        starting.look_at_provider(settings, worker.log)
    traces.start(worker.wsgi)
    # What has been loaded stays: the collector of garbage need not look through it again.
    gc.collect()
    gc.freeze()


def child_exit(_server: Any, worker: Any) -> None:
    """Take what a dead worker was doing out of the sums; what it has counted stays."""
    mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]


def on_exit(_server: Any) -> None:
    """Leave nothing behind."""
    _remove_metrics()
