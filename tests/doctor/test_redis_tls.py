"""A Redis with a self-signed certificate is refused unless the operator allows it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import redis

from padws import redis_client
from padws.config import load_settings
from padws.doctor import redis_server
from padws.embedded.startup import free_port
from tests.helpers.programs import program, run
from tests.helpers.waiting import PATIENCE, wait_until


@pytest.fixture
def self_signed(tmp_path: Path) -> Iterator[str]:
    """The URL of a Redis with TLS and a self-signed certificate."""
    server, openssl = program("redis-server"), program("openssl")
    key, certificate, port = tmp_path / "key", tmp_path / "certificate", free_port()
    asked = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=redis"
    run(openssl, *asked.split(), "-keyout", key, "-out", certificate)
    options = {
        "tls-port": port,
        "port": 0,
        "bind": "127.0.0.1",
        "tls-cert-file": certificate,
        "tls-key-file": key,
        "tls-ca-cert-file": certificate,
        "tls-auth-clients": "no",
        "dir": tmp_path,
    }
    command = [part for name, value in options.items() for part in (f"--{name}", str(value))]
    process = subprocess.Popen([server, *command], stdout=subprocess.DEVNULL)
    url = f"rediss://127.0.0.1:{port}"
    try:
        wait_until(lambda: process.poll() is not None or answers(url), "Redis with TLS")
        if process.poll() is not None:
            pytest.skip("this redis-server was built without TLS")
        yield url
    finally:
        process.terminate()
        process.wait()


def answers(url: str, **more: str) -> bool:
    settings = load_settings({"REDIS_URL": url, "REDIS_TLS_VERIFY": "false", **more})
    try:
        with closing(redis_client.connect(settings, within=PATIENCE, retries=0)) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False


def test_it_is_refused_with_the_remedy_that_works(self_signed: str, tmp_path: Path) -> None:
    refused = redis_server.reach(load_settings({"REDIS_URL": self_signed}))
    assert (refused.outcome, refused.text) == ("warning", "its certificate cannot be verified.")
    assert "REDIS_TLS_VERIFY=false" in refused.remedy
    assert answers(self_signed)
    assert answers(f"{self_signed}?ssl_cert_reqs=required&ssl_check_hostname=true")
    assert answers(self_signed, REDIS_TLS_VERIFY="true") is False

    named = f"{self_signed}?ssl_ca_certs={tmp_path / 'certificate'}&ssl_check_hostname=false"
    assert redis_server.reach(load_settings({"REDIS_URL": named})).outcome == "ok"
