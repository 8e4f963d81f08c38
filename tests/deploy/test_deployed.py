"""What is deployed starts: from `requirements.txt` alone, and from the wheel."""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from padws.config import BOARD, ROOT
from padws.embedded import ends_with_parent, temporary
from padws.embedded.startup import LOOPBACK, free_port
from padws.version import VERSION
from tests.helpers.browser import signed_in
from tests.helpers.programs import run
from tests.helpers.waiting import wait_until

DEPLOYED = ROOT / "build" / "deployed"
ELEMENTS = [{"id": "r1", "type": "rectangle"}]
PROCFILE = dict(
    re.findall(r"^(\w+): (.*)$", (ROOT / "Procfile").read_text(encoding="utf-8"), re.MULTILINE)
)


@pytest.fixture(scope="session")
def deployed() -> Path:
    """The programs of an environment made of `requirements.txt` alone."""
    DEPLOYED.parent.mkdir(exist_ok=True)
    with (DEPLOYED.parent / "deployed.lock").open("w") as lock:  # against others beside us
        fcntl.flock(lock, fcntl.LOCK_EX)
        run("make", "--silent", f"{DEPLOYED.relative_to(ROOT)}/.ready")
    return DEPLOYED / "bin"


@pytest.fixture(scope="session")
def installed(deployed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an environment into which the wheel was installed, over what is locked."""
    directory = tmp_path_factory.mktemp("installed")
    run("make", "--silent", "wheel", f"DIST={directory}")
    (wheel,) = directory.glob("padws-*.whl")
    python = directory / "bin" / "python"
    run(deployed / "python", "-m", "venv", "--without-pip", directory)
    (locked,), (own,) = (
        each.glob("lib/python*/site-packages") for each in (deployed.parent, directory)
    )
    (own / "locked.pth").write_text(f"{locked}\n")  # quicker than installing all that once more
    run(python, "-m", "pip", "install", "-qq", "--no-deps", wheel)
    run(python, "-m", "pip", "check")
    return directory / "bin"


def environment_of(programs: Path, settings: Mapping[str, str]) -> dict[str, str]:
    """The environment of a deployed process, out of reach of what development installs."""
    environ = temporary.environment(settings)
    for name in ("PYTHONPATH", "VIRTUAL_ENV"):
        environ.pop(name, None)
    return {**environ, "PATH": f"{programs}:{environ.get('PATH', os.defpath)}"}


@contextmanager
def serving(
    command: list[str], environ: Mapping[str, str], directory: Path, log: Path
) -> Iterator[str]:
    """The address of a web process, once /readyz is 200."""
    port = free_port()
    url = f"http://{LOOPBACK}:{port}"
    server = ends_with_parent.start(
        "web", command, environ={**environ, "PORT": str(port)}, directory=directory, log=log
    )

    def is_ready() -> bool:
        assert server.is_alive(), log.read_text()
        try:
            return requests.get(f"{url}/readyz", timeout=60).ok
        except requests.ConnectionError:
            return False

    try:
        wait_until(is_ready)
        yield url
    finally:
        server.stop()


def save_a_drawing(url: str) -> None:
    """Sign in, save a drawing and read it back."""
    alice = signed_in(url, "alice")
    (first,) = alice.get("/api/pad").json()
    saved = alice.save(first["id"], elements=ELEMENTS)
    assert (saved.status_code, saved.json()["version"]) == (200, 2)
    assert alice.get(f"/api/pad/{first['id']}").json()["data"]["elements"] == ELEMENTS


def test_what_the_procfile_says_runs_on_what_is_locked(
    deployed: Path, empty_database_url: str, environment: dict[str, str], tmp_path: Path
) -> None:
    settings = {**environment, "DATABASE_URL": empty_database_url}
    environ = environment_of(deployed, settings)
    release, web = (PROCFILE[name].split() for name in ("release", "web"))
    assert "done" in run(deployed / release[0], *release[1:], environ=environ)
    command = [str(deployed / web[0]), *web[1:]]
    with serving(command, environ, ROOT, tmp_path / "log") as url:
        save_a_drawing(url)


def test_nothing_of_the_embedded_servers_is_loaded(deployed: Path) -> None:
    look = "import sys, wsgi; print([name for name in sys.modules if 'embedded' in name])"
    environ = environment_of(deployed, {})
    assert run(deployed / "python", "-c", look, environ=environ).strip() == "[]"


def test_dev_says_what_it_lacks(deployed: Path) -> None:
    refusal = run(deployed / "flask", "dev", environ=environment_of(deployed, {}), code=1)
    assert "pip install 'padws-….whl[embedded]'" in refusal


def test_the_wheel_serves(
    installed: Path, empty_database_url: str, environment: dict[str, str], tmp_path: Path
) -> None:
    settings = {**environment, "DATABASE_URL": empty_database_url, "SERVE_BOARD": "true"}
    # gunicorn itself would end with a traceback because of the last one.
    environ = environment_of(installed, settings) | {"WEB_CONCURRENCY": ""}
    padws = installed / "padws"
    run(padws, "db-upgrade", environ=environ, within=tmp_path)
    status = run(padws, "db-status", environ=environ, within=tmp_path)
    assert "20261122_0001_create_schema" in status
    serve = [str(padws), "serve"]
    with serving(serve, environ, tmp_path, tmp_path / "log") as url:
        save_a_drawing(url)
        info = requests.get(f"{url}/api/openapi.json", timeout=60).json()["info"]
        assert (info["title"], info["version"]) == ("padws", VERSION)
        problems = requests.get(f"{url}/api/docs/problems", timeout=60)
        assert 'id="pad_not_found"' in problems.text
        page = requests.get(url, timeout=60).text
        assert ('id="board"' in page) == (BOARD / "index.html").is_file()
    stopped = (tmp_path / "log").read_text()
    assert "Traceback" not in stopped


def test_serve_refuses_a_configuration_with_mistakes(installed: Path, tmp_path: Path) -> None:
    environ = environment_of(installed, {"MAX_BODY_BYTES": "many", "WEB_CONCURRENCY": "abc"})
    refusal = run(installed / "padws", "serve", environ=environ, within=tmp_path, code=1)
    assert "MAX_BODY_BYTES" in refusal
    assert "WEB_CONCURRENCY" in refusal
    assert "Traceback" not in refusal
