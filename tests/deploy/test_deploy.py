"""The files in deploy/ and the Containerfile fit the service, and the programs that read them."""

from __future__ import annotations

import configparser
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from padws import create_app, settings_page, tether
from padws.config import ROOT, SettingsSchema, load_settings
from padws.embedded import temporary
from padws.embedded.running import LOOPBACK, free_port
from tests.conftest import StartService
from tests.servers import wait_until

DEPLOY = ROOT / "deploy"
DEFAULTS = load_settings({})
GUNICORN = (ROOT / "gunicorn.conf.py").read_text(encoding="utf-8")
PAGES = [
    *(ROOT / "docs" / name for name in ("operations.md", "scaling.md", "dba.md")),
    *(DEPLOY / name for name in ("nginx.conf", "Caddyfile")),
]
#: Names in capitals that are no settings of padws.
OTHERS = {
    *("PGHOST", "PGDATABASE", "PGUSER", "PGPASSWORD", "USER_ID", "SCRATCH", "RESTORED"),
}


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def program(name: str) -> str:
    """The path of a program; skips the test where it is not there."""
    path = os.pathsep.join([*os.get_exec_path(), "/usr/sbin", "/sbin"])
    found = shutil.which(name, path=path)
    if not found:
        pytest.skip(f"no {name} on the PATH")
    return found


def run(*command: str | Path, environ: Mapping[str, str] | None = None) -> str:
    """What a command prints; it has to succeed."""
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=60, env=environ, stdin=subprocess.DEVNULL
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


# Settings


@pytest.mark.parametrize("path", PAGES, ids=lambda each: each.name)
def test_every_setting_that_is_named_exists(path: Path) -> None:
    named = set(re.findall(r"\b[A-Z]{2,}(?:_[A-Z]+)+\b", path.read_text(encoding="utf-8")))
    known = SettingsSchema().fields.keys() | settings_page.ELSEWHERE.keys() | OTHERS
    assert named - known == set()


# systemd


@pytest.fixture
def unit() -> configparser.RawConfigParser:
    parsed = configparser.RawConfigParser(strict=False)
    parsed.optionxform = str  # type: ignore[assignment,method-assign]
    parsed.read_string(text_of("deploy/padws.service"))
    return parsed


def test_the_unit_starts_what_the_procfile_starts(unit: configparser.RawConfigParser) -> None:
    (web,) = re.findall(r"^web: (.*)$", text_of("Procfile"), re.MULTILINE)
    service = unit["Service"]
    assert service["ExecStart"] == f"{service['WorkingDirectory']}/.venv/bin/{web}"


def test_the_unit_waits_long_enough(unit: configparser.RawConfigParser) -> None:
    (graceful,) = re.findall(r"^graceful_timeout = (\d+)$", GUNICORN, re.MULTILINE)
    assert int(unit["Service"]["TimeoutStopSec"]) > int(graceful)
    minutes = int(unit["Service"]["TimeoutStartSec"].removesuffix("min"))
    assert minutes * 60 > DEFAULTS.migration_max_wait


def test_systemd_takes_the_unit_for_good_and_safe(tmp_path: Path) -> None:
    analyze = program("systemd-analyze")
    here = tmp_path / "padws.service"
    here.write_text(
        text_of("deploy/padws.service").replace("/opt/padws/.venv/bin/gunicorn", "/bin/sh")
    )
    assert run(analyze, "verify", here) == ""
    exposure = run(analyze, "security", "--offline=true", "--threshold=20", here)
    assert "Overall exposure level" in exposure


# Proxies


def test_the_proxies_fit_the_service() -> None:
    hidden = {rule.rule for rule in create_app(DEFAULTS).url_map.iter_rules()}
    longest = DEFAULTS.db_pool_timeout + DEFAULTS.db_statement_timeout
    for name, size, waits in (
        ("nginx.conf", r"client_max_body_size (\d+);", r"proxy_read_timeout (\d+)s"),
        ("Caddyfile", r"max_size (\d+MB)", r"response_header_timeout (\d+)s"),
    ):
        text = text_of(f"deploy/{name}")
        assert f"{LOOPBACK}:8000" in text
        (largest,), (seconds,) = re.findall(size, text), re.findall(waits, text)
        assert int(largest.replace("MB", "000000")) == DEFAULTS.max_body_bytes
        assert int(seconds) > longest
        assert {"/metrics", "/readyz"} <= {word.strip(";") for word in text.split()} & hidden


def test_caddy_takes_its_file(tmp_path: Path) -> None:
    caddy = program("caddy")
    environ = {**os.environ, "XDG_DATA_HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}
    arguments = ("validate", "--adapter", "caddyfile", "--config")
    assert "Valid configuration" in run(caddy, *arguments, DEPLOY / "Caddyfile", environ=environ)


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


def nginx_settings(directory: Path, upstream: str, port: int) -> Path:
    """The sample as the only site of an nginx of our own, its ports, paths and name aside."""
    chain, private = certificate(directory)
    site = text_of("deploy/nginx.conf")
    for old, new in {
        "127.0.0.1:8000": upstream,
        "/etc/ssl/padws/fullchain.pem": str(chain),
        "/etc/ssl/padws/privkey.pem": str(private),
        "listen 443 ssl http2;": f"listen {LOOPBACK}:{port} ssl http2;",
        "listen 80;": f"listen {LOOPBACK}:{free_port()};",
        "    listen [::]:80;\n": "",
        "    listen [::]:443 ssl http2;\n": "",
    }.items():
        assert old in site
        site = site.replace(old, new)
    (directory / "site.conf").write_text(site)
    paths = "".join(
        f"{kind}_temp_path {directory}/{kind}; "
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    whole = directory / "nginx.conf"
    whole.write_text(
        f"daemon off; user root; pid {directory}/pid; error_log stderr; events {{}} "
        f"http {{ access_log off; {paths} include {directory}/site.conf; }}\n"
    )
    return whole


def answers(url: str) -> bool:
    try:
        return requests.get(url, verify=False, timeout=5).ok
    except requests.ConnectionError:
        return False


@pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")
def test_the_service_behind_nginx(
    environment: dict[str, str], service: StartService, tmp_path: Path
) -> None:
    nginx = program("nginx")
    running = service({**environment, "TRUSTED_PROXIES": "1"})
    port = free_port()
    whole = nginx_settings(tmp_path, urlsplit(running.url).netloc, port)
    server = tether.start("nginx", [nginx, "-c", whole, "-p", tmp_path], log=tmp_path / "log")
    try:
        url = f"https://{LOOPBACK}:{port}"
        wait_until(lambda: answers(f"{url}/healthz"))
        ask = requests.Session()
        ask.verify = False
        ask.trust_env = False  # a bundle of certificates that the environment names goes before
        assert ask.get(f"{url}/metrics", timeout=10).status_code == 404
        assert ask.get(f"{url}/readyz", timeout=10).status_code == 404
        begun = ask.get(
            f"{url}/auth/login",
            headers={"Host": "pad.example.org", "X-Forwarded-Host": "evil.example.org"},
            allow_redirects=False,
            timeout=10,
        )
        back = parse_qs(urlsplit(begun.headers["Location"]).query)["redirect_uri"]
        assert back == ["https://pad.example.org/auth/callback"]
        assert "Secure" in begun.headers["Set-Cookie"]
        body = b"x" * (DEFAULTS.max_body_bytes + 1)
        json_body = {"Content-Type": "application/json"}
        large = ask.post(f"{url}/api/pad", data=body, headers=json_body, timeout=30)
        assert large.status_code == 413
        unknown = ask.post(f"{url}/api/pad", data=body[1:], headers=json_body, timeout=30)
        assert unknown.status_code == 401
    finally:
        server.stop()


# The container image


CONTAINERFILE = text_of("Containerfile")
FINAL = CONTAINERFILE.rpartition("FROM ")[2]


def test_the_image_is_of_the_python_that_is_locked_and_not_for_root() -> None:
    bases = re.findall(r"^FROM \S+/python:([\d.]+)-slim", CONTAINERFILE, re.MULTILINE)
    (first,) = re.findall(r"^PYTHONS := python([\d.]+) ", text_of("Makefile"), re.MULTILINE)
    assert set(bases) == {first}
    assert "--require-hashes" in CONTAINERFILE
    (user,) = re.findall(r"^USER (\d+):(\d+)$", FINAL, re.MULTILINE)
    assert min(map(int, user)) > 0


def test_the_image_has_all_that_the_service_needs(
    environment: dict[str, str], tmp_path: Path
) -> None:
    """What it copies, started by its command, with its health check."""
    for line in re.findall(r"^COPY (?!--from)(.*)$", FINAL, re.MULTILINE):
        *sources, target = line.split()
        for source in sources:
            copy = shutil.copytree if (ROOT / source).is_dir() else shutil.copy
            copy(ROOT / source, tmp_path / target)
    (command,) = re.findall(r"^CMD (\[.*\])$", FINAL, re.MULTILINE)
    (check,) = re.findall(r"^    CMD (\[.*\])$", FINAL, re.MULTILINE)
    environ = {**temporary.environment(environment), "PORT": str(free_port())}
    web = [sys.executable, "-m", *json.loads(command)]
    assert shlex.join(json.loads(command)) in text_of("Procfile")
    probe = [sys.executable, *json.loads(check)[1:]]
    server = tether.start(
        "gunicorn", web, environ=environ, directory=tmp_path, log=tmp_path / "log"
    )
    try:
        wait_until(lambda: subprocess.run(probe, env=environ, capture_output=True).returncode == 0)
    finally:
        server.stop()
    assert subprocess.run(probe, env=environ, capture_output=True).returncode != 0
