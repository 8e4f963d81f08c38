"""The samples for nginx and Caddy: what they hide, what they pass on, and restarts behind them."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from padws import create_app
from padws.config import ROOT, load_settings
from padws.embedded import ends_with_parent, temporary
from padws.embedded.servers import Gunicorn
from padws.embedded.startup import LOOPBACK, free_port, wait_until_ready
from tests.helpers import servers
from tests.helpers.ledger import PadLedger
from tests.helpers.people import sign_in_all
from tests.helpers.programs import program, run
from tests.helpers.waiting import wait_until
from tests.helpers.writers import Writer

DEPLOY = ROOT / "deploy"
DEFAULTS = load_settings({})
FIRST, SECOND = "127.0.0.1:8000", "127.0.0.1:8001"

#: Ways to write the addresses that are not for the public.
HIDDEN = [
    *("/metrics", "/metrics/", "/metrics%2f", "/metrics//", "/%6Detrics", "/x/../metrics"),
    *("/readyz", "/readyz/", "/readyz%2F", "/readyz?x=1", "//readyz", "/./readyz"),
]

Sample = Callable[[Path, int, tuple[str, str]], list[str]]


def sample(name: str, replaced: dict[str, str]) -> str:
    """A sample with something of this machine in place of what an operator changes."""
    text = (DEPLOY / name).read_text(encoding="utf-8")
    for old, new in replaced.items():
        assert old in text
        text = text.replace(old, new)
    return text


def certificate(directory: Path) -> tuple[Path, Path]:
    """A certificate that nobody trusts, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "pad.example.org")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=1))
    chain, private = directory / "fullchain.pem", directory / "privkey.pem"
    chain.write_bytes(made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return chain, private


def nginx(directory: Path, listen: str, instances: tuple[str, str]) -> list[str]:
    """The command of an nginx whose only site is the sample, with its `listen` replaced."""
    chain, private = certificate(directory)
    replaced = {
        FIRST: instances[0],
        SECOND: instances[1],
        "/etc/ssl/padws/fullchain.pem": str(chain),
        "/etc/ssl/padws/privkey.pem": str(private),
        "    listen [::]:443 ssl http2;\n": "",
        "listen 443 ssl http2;": f"listen {listen};",
        "    listen [::]:80;\n": "",
        "listen 80;": f"listen {LOOPBACK}:{free_port()};",
    }
    (directory / "site.conf").write_text(sample("nginx.conf", replaced))
    paths = "".join(
        f"{kind}_temp_path {directory}/{kind}; "
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    user = "user root; " if os.geteuid() == 0 else ""
    whole = directory / "nginx.conf"
    whole.write_text(
        f"daemon off; {user}pid {directory}/pid; error_log stderr; events {{}} "
        f"http {{ access_log off; {paths} include {directory}/site.conf; }}\n"
    )
    return [program("nginx"), "-c", str(whole), "-p", str(directory)]


def plain_nginx(directory: Path, port: int, instances: tuple[str, str]) -> list[str]:
    """The same without TLS."""
    return nginx(directory, f"{LOOPBACK}:{port}", instances)


def plain_caddy(directory: Path, port: int, instances: tuple[str, str]) -> list[str]:
    """The command of a Caddy with the sample, without TLS."""
    site = f"http://{LOOPBACK}:{port} {{"
    replaced = {FIRST: instances[0], SECOND: instances[1], "pad.example.org {": site}
    file = directory / "Caddyfile"
    file.write_text("{\n\tadmin off\n}\n\n" + sample("Caddyfile", replaced))
    return [program("caddy"), "run", "--adapter", "caddyfile", "--config", str(file)]


@contextmanager
def proxied(command: list[str], url: str, directory: Path) -> Iterator[str]:
    """A running proxy that leads to a service."""
    home = {"XDG_DATA_HOME": str(directory), "XDG_CONFIG_HOME": str(directory)}
    server = ends_with_parent.start(
        "proxy", command, log=directory / "log", environ={**os.environ, **home}
    )
    try:
        wait_until(lambda: answers(f"{url}/healthz"))
        yield url
    finally:
        server.stop()


def answers(url: str) -> bool:
    try:
        return requests.get(url, verify=False, timeout=60).ok
    except requests.ConnectionError:
        return False


class Instance:
    """An instance of the service on a port of its own, which can be restarted."""

    def __init__(self, stack: ExitStack, settings: dict[str, str], log: Path):
        self.port = free_port()
        self.address = f"{LOOPBACK}:{self.port}"
        self._server = Gunicorn(self.port, temporary.environment(settings), log=log)
        self._running = self._start()
        stack.callback(lambda: self._running.stop())

    def _start(self) -> ends_with_parent.ChildProcess:
        running = self._server.start()
        wait_until_ready(self._server, running)
        return running

    def restart(self) -> None:
        """Stop as a supervisor does, then start again."""
        os.kill(self._running.pid, signal.SIGTERM)
        self._running.wait(60)
        self._running = self._start()


@pytest.fixture(scope="module")
def instances(
    postgres: str,
    template_database: str,
    redis_server: str,
    oidc_issuer: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[list[Instance]]:
    """Two instances, which serve all tests."""
    logs = tmp_path_factory.mktemp("instances")
    with ExitStack() as stack:
        url = stack.enter_context(servers.database(postgres, template_database))
        settings = servers.settings_of(url, redis_server, oidc_issuer)
        settings |= {"TRUSTED_PROXIES": "1", "MIN_INTERVAL_MINUTES": "0"}
        yield [Instance(stack, settings, logs / f"instance-{n}.log") for n in (1, 2)]


def addresses(instances: list[Instance]) -> tuple[str, str]:
    first, second = instances
    return first.address, second.address


def test_the_proxies_fit_the_service() -> None:
    hidden = {rule.rule for rule in create_app(DEFAULTS).url_map.iter_rules()}
    longest = DEFAULTS.db_pool_timeout + DEFAULTS.db_statement_timeout
    for name, size, waits in (
        ("nginx.conf", r"client_max_body_size (\d+);", r"proxy_read_timeout (\d+)s"),
        ("Caddyfile", r"max_size (\d+MB)", r"response_header_timeout (\d+)s"),
    ):
        text = sample(name, {})
        assert FIRST in text
        assert SECOND in text
        (largest,), (seconds,) = re.findall(size, text), re.findall(waits, text)
        assert int(largest.replace("MB", "000000")) == DEFAULTS.max_body_bytes
        assert int(seconds) > longest
        assert {"/metrics", "/readyz"} <= {word.strip(";*") for word in text.split()} & hidden


def test_caddy_takes_its_file(tmp_path: Path) -> None:
    environ = {**os.environ, "XDG_DATA_HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}
    arguments = ("validate", "--adapter", "caddyfile", "--config")
    output = run(program("caddy"), *arguments, DEPLOY / "Caddyfile", environ=environ)
    assert "Valid configuration" in output


@pytest.mark.parametrize("proxy", [plain_nginx, plain_caddy])
def test_what_is_not_for_the_public_stays_inside(
    proxy: Sample, instances: list[Instance], tmp_path: Path
) -> None:
    port = free_port()
    command = proxy(tmp_path, port, addresses(instances))
    with proxied(command, f"http://{LOOPBACK}:{port}", tmp_path) as url:
        seen = {path: status_of(url, path) for path in HIDDEN}
    assert seen == dict.fromkeys(HIDDEN, 404)


def status_of(url: str, path: str) -> int:
    """The status of a path that is sent as it is written."""
    request = requests.Request("GET", url).prepare()
    request.url = f"{url}{path}"
    with requests.Session() as ask:
        return ask.send(request, timeout=60).status_code


def require_caddy_that_asks_another_instance() -> None:
    """Skip the test where Caddy is older than 2.11.2, which could not send a body to another."""
    version = run(program("caddy"), "version").split()[0].removeprefix("v")
    if tuple(map(int, version.split("."))) < (2, 11, 2):
        pytest.skip(f"Caddy {version} answers saves with 502 here; it takes Caddy 2.11.2 or newer")


@pytest.mark.parametrize("proxy", [plain_nginx, plain_caddy])
def test_instances_restarted_one_after_the_other_lose_and_refuse_no_save(
    proxy: Sample, instances: list[Instance], tmp_path: Path
) -> None:
    if proxy is plain_caddy:
        require_caddy_that_asks_another_instance()
    port = free_port()
    command = proxy(tmp_path, port, addresses(instances))
    people = sign_in_all(f"http://{instances[0].address}", ["alice", "bob", "carol", "dave"])
    with proxied(command, f"http://{LOOPBACK}:{port}", tmp_path) as url:
        writers = [
            Writer(PadLedger(f"writer-{n}", careful=n % 2 == 0), person.cookie, (url,))
            for n, person in enumerate(people)
        ]
        for writer in writers:
            writer.start()
        for instance in instances:
            instance.restart()
        for writer in writers:
            writer.stop()
    for writer in writers:
        seen, ledger = writer.forget(), writer.ledger
        assert (seen.failures, seen.bad_answers, ledger.wrong) == ({}, [], [])
        assert ledger.acknowledged == ledger.sent > 100
        assert ledger.version == 1 + ledger.sent


@pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")
def test_the_service_behind_nginx(instances: list[Instance], tmp_path: Path) -> None:
    port = free_port()
    command = nginx(tmp_path, f"{LOOPBACK}:{port} ssl http2", addresses(instances))
    with proxied(command, f"https://{LOOPBACK}:{port}", tmp_path) as url:
        ask = requests.Session()
        ask.verify = False
        ask.trust_env = False  # a bundle of certificates that the environment names overrides it
        begun = ask.get(
            f"{url}/auth/login",
            headers={"Host": "pad.example.org", "X-Forwarded-Host": "evil.example.org"},
            allow_redirects=False,
            timeout=60,
        )
        back = parse_qs(urlsplit(begun.headers["Location"]).query)["redirect_uri"]
        assert back == ["https://pad.example.org/auth/callback"]
        assert "Secure" in begun.headers["Set-Cookie"]
        body = b"x" * (DEFAULTS.max_body_bytes + 1)
        json_body = {"Content-Type": "application/json"}
        large = ask.post(f"{url}/api/pad", data=body, headers=json_body, timeout=60)
        assert large.status_code == 413
        unknown = ask.post(f"{url}/api/pad", data=body[1:], headers=json_body, timeout=60)
        assert unknown.status_code == 401
