"""gunicorn's settings; https://docs.gunicorn.org/en/stable/settings.html explains the names.

PORT and WEB_CONCURRENCY are gunicorn's own environment variables.
"""

import logging
import os
import sys
from typing import Any

from padws.config import ConfigurationError, load_settings
from padws.migrations import MigrationError, MigrationFailed, WaitedTooLong, upgrade

workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
worker_class = "padws.worker.Worker"  # gthread, with a better end
# A thread waits for each client that sends slowly; waiting costs little, and 200 slow clients
# must not keep others waiting.
threads = int(os.environ.get("WEB_THREADS", "400"))
keepalive = 75
# Who is asking for what under which name is for TRUSTED_PROXIES to say: gunicorn itself would
# believe everybody on this machine.
secure_scheme_headers: dict[str, str] = {}
forwarder_headers = ""
timeout = 60
graceful_timeout = 25
accesslog = None
control_socket_disable = True  # a file in the home directory, which instances would share
loglevel = os.environ.get("LOG_LEVEL", "info")
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: PTH112, S108


def on_starting(server: Any) -> None:
    """Check the configuration and bring up the schema, before any worker is forked."""
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    try:
        settings = load_settings()
        settings.require_sign_in()
        _upgrade(settings, server)
    except (ConfigurationError, MigrationError) as error:
        server.log.error("%s", error)
        sys.exit(getattr(error, "exit_code", 1))


def _upgrade(settings: Any, server: Any) -> None:
    try:
        upgrade(settings, server.log.info)
    except (MigrationFailed, WaitedTooLong) as error:
        if settings.on_migration_failure != "continue":
            raise
        server.log.warning("%s Starting all the same; /readyz says not ready.", error)
