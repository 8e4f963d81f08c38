"""REDIS_URL: what redis-py cannot use is found out before it connects to anything."""

from __future__ import annotations

import pytest

from padws import redis_client
from padws.config import ConfigurationError, load_settings

GOOD = [
    "redis://",
    "redis://h/3",
    "redis://:p%40%3F%25@h:1/3",
    "redis://user:p@h?db=3&client_name=padws&max_connections=5",
    "redis://h?health_check_interval=30&socket_timeout=1.5&socket_keepalive=true&protocol=3",
    "unix:///run/redis.sock?db=3",
    "redis://h/0/?encoding=utf-8&encoding_errors=strict",
    "redis://h//",
    "rediss://h?ssl_cert_reqs=none",
    "rediss://h?ssl_check_hostname=false&ssl_min_version=771",
]
BAD = {
    "redis://h?family=0": "family is not one of its parameters",
    "redis://h?tls=true": "tls is not one of its parameters. TLS is rediss:// here.",
    "redis://h?ssl=true": "TLS is rediss:// here",
    "redis://h?decode_responses=true": "decode_responses is not one of its parameters",
    "redis://h?retry_on_error=ConnectionError": "retry_on_error is not one of its parameters",
    "redis://h?encoding=utf-16": "encoding has a value that cannot be used",
    "redis://h?timeout=3": "timeout is not one of its parameters",
    "redis://h?ssl_validate_ocsp=true": "ssl_validate_ocsp is not one of its parameters",
    "redis://h?db=abc": "db has a value that cannot be used",
    "redis://h?db=-1": "db has a value",
    "redis://h?protocol=9": "protocol has a value",
    "redis://h?socket_timeout=x": "socket_timeout has a value",
    "redis://h?socket_timeout=0": "socket_timeout has a value",
    "redis://h?socket_timeout=nan": "socket_timeout has a value",
    "redis://h?max_connections=-1": "max_connections has a value",
    "redis://h?ssl_ca_certs=/nowhere": "is only for rediss://",
    "unix:///run/redis.sock?ssl_cert_reqs=none": "ssl_cert_reqs has a value",
    "rediss://h?ssl_cert_reqs=CERT_NONE": "REDIS_TLS_VERIFY=false",
    "rediss://h?ssl_ca_certs=/nowhere": "The value of ssl_ca_certs cannot be used",
    "rediss://h?ssl_certfile=/nowhere&ssl_keyfile=/nowhere": "ssl_certfile and ssl_keyfile",
    "rediss://h?ssl_ciphers=none-such": "ssl_ciphers",
    "rediss://h?ssl_min_version=7": "ssl_min_version",
    "redis://h/drawings": "the number of a database",
    "redis://h/0/1": "the number of a database",
    "redis://:hunter?2=hunter2@h": "must be escaped in a password",
}
SENTINELS = {"REDIS_SENTINELS": "a.example.org/drawings"}


@pytest.mark.parametrize("more", [{}, SENTINELS, {"REDIS_TLS_VERIFY": "false"}])
@pytest.mark.parametrize("url", GOOD)
def test_what_passes_makes_a_connection(url: str, more: dict[str, str]) -> None:
    settings = load_settings({"REDIS_URL": url, **more})
    with redis_client.connect(settings, within=1, retries=0) as client:
        client.connection_pool.make_connection()


@pytest.mark.parametrize(("url", "reason"), BAD.items())
def test_what_cannot_be_used_is_a_mistake(url: str, reason: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_settings({"REDIS_URL": url})
    assert caught.value.mistakes.keys() == {"REDIS_URL"}
    assert reason in str(caught.value)
    assert "hunter" not in str(caught.value)


@pytest.mark.parametrize("more", [{}, SENTINELS])
@pytest.mark.parametrize("query", ["", "?ssl_cert_reqs=required&db=3&ssl_check_hostname=true"])
def test_without_verifying_every_client_takes_any_certificate(
    query: str, more: dict[str, str]
) -> None:
    given = {"REDIS_URL": f"rediss://:p%40@h{query}", "REDIS_TLS_VERIFY": "false", **more}
    with redis_client.connect(load_settings(given), within=1, retries=0) as client:
        pool = client.connection_pool
        connection = pool.make_connection()
        assert (connection.cert_reqs, connection.check_hostname) == (0, False)
        assert connection.password == "p@"
        if more:
            (sentinel,) = pool.sentinel_manager.sentinels
            asked = sentinel.connection_pool.make_connection()
            assert (asked.cert_reqs, asked.check_hostname) == (0, False)
