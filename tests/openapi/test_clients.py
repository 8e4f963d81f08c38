"""The OpenAPI document passes a strict linter; clients, curl too, work as the docs say."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from ast import literal_eval
from pathlib import Path

import pytest

from padws.config import ROOT
from padws.embedded.temporary import Service
from tests.conftest import StartService
from tests.helpers import npm
from tests.helpers.browser import signed_in
from tests.helpers.documented import document
from tests.helpers.programs import program

HERE = Path(__file__).parent
VIRTUAL_ENVIRONMENT = Path(sys.executable).parent

#: The blocks of docs/api.md, in their order.
TO_TYPESCRIPT, TYPESCRIPT, TO_PYTHON, PYTHON = re.findall(
    r"```\w+\n(.*?)```", (ROOT / "docs" / "api.md").read_text(encoding="utf-8"), re.DOTALL
)

BOX = {"id": "box-1", "type": "rectangle", "x": 10, "y": 10, "width": 120, "height": 40}


@pytest.fixture
def running(service: StartService, environment: dict[str, str]) -> Service:
    return service(environment)


@pytest.fixture
def from_npm(tmp_path: Path) -> Path:
    """A directory in which the packages of package.json are found."""
    if reason := npm.missing(HERE):
        pytest.skip(f"linting and TypeScript were not run: {reason}")
    (tmp_path / "node_modules").symlink_to(HERE / "node_modules")
    (tmp_path / "npx").symlink_to(npm.NPX)
    return tmp_path


def run(*command: str | Path, within: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run a program, with those of this environment and node on its PATH."""
    path = f"{within}:{VIRTUAL_ENVIRONMENT}:{npm.NODE.parent}:{os.environ.get('PATH', os.defpath)}"
    both = {**os.environ, "PATH": path, **environ}
    return subprocess.run(command, cwd=within, env=both, capture_output=True, text=True)


def succeed(*command: str | Path, within: Path, **environ: str) -> str:
    """What a program prints; asserts that it succeeds."""
    done = run(*command, within=within, **environ)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def generate(command: str, service: Service, within: Path) -> None:
    """Run a command of docs/api.md unchanged, except for the port."""
    succeed("sh", "-c", command.replace("http://127.0.0.1:8000", service.url), within=within)


def test_the_linter_has_nothing_to_say(from_npm: Path) -> None:
    (from_npm / "openapi.json").write_text(json.dumps(document()))
    redocly = ("npx", "redocly", "lint", f"--config={HERE / 'redocly.yaml'}", "--format=json")
    unwatched = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true"}
    done = run(*redocly, "openapi.json", within=from_npm, **unwatched)
    found = [
        f"{each['ruleId']} at {each['location'][0]['pointer']}: {each['message']}"
        for each in json.loads(done.stdout)["problems"]
    ]
    assert found == []
    assert done.returncode == 0
    assert "warning" not in done.stderr.lower().replace("0 warnings", ""), done.stderr


#: Parts of the program, and mistakes to replace them with.
MISTAKES = {
    "pad.display_name": "pad.displayName",
    "pads.map((pad) => pad.display_name)": "pads.map((pad) => pad.data.elements.join())",
    "return saved.version": "return saved.updated_at",
    '"stale_version"': '"stale_versions"',
    "problem.request_id": "problem.errors.name",
}


def test_typescript_knows_right_from_wrong(running: Service, from_npm: Path) -> None:
    generate(TO_TYPESCRIPT, running, from_npm)
    (from_npm / "right.ts").write_text(TYPESCRIPT)
    for number, (right, wrong) in enumerate(MISTAKES.items()):
        assert right in TYPESCRIPT
        (from_npm / f"wrong{number}.ts").write_text(TYPESCRIPT.replace(right, wrong))
    programs = [path.name for path in sorted(from_npm.glob("*.ts"))]
    tsc = ("npx", "tsc", "--strict", "--noEmit", "--target", "es2022", "--pretty", "false")
    done = run(*tsc, *programs, within=from_npm)
    mistaken = set(re.findall(r"^(\S+)\(\d+,\d+\): error", done.stdout, re.MULTILINE))
    assert mistaken == {f"wrong{number}.ts" for number in range(len(MISTAKES))}, done.stdout


def test_every_line_with_curl_works(running: Service, tmp_path: Path) -> None:
    """The session of README.md, and what other pages do with its token."""
    session, lines = (
        "\n".join(re.findall(r"```sh\n(.*?)```", (ROOT / name).read_text("utf-8"), re.DOTALL))
        for name in ("README.md", "docs/takeout.md")
    )
    search = re.findall(r"^curl .*$", (ROOT / "docs/front-end.md").read_text("utf-8"), re.MULTILINE)
    script = "\n".join([session, lines, *search])
    for address in ("http://127.0.0.1:8000", "https://pads.example.org"):
        assert address in script
        script = script.replace(address, running.url)
    program("curl")
    bash = ("bash", "-e", "-o", "pipefail", "-O", "expand_aliases", "-c")
    out = succeed(*bash, script, within=tmp_path)
    codes = re.findall(r'"code":"(\w+)"', out)
    assert codes == ["stale_version"]
    assert out.count('"status":"success"') == 4
    assert '"skipped":[]' in out
    assert out.rstrip().splitlines()[-1] == "[]"


def test_a_generated_python_client_draws(running: Service, tmp_path: Path) -> None:
    generate(TO_PYTHON, running, tmp_path)
    package = tmp_path / "padws-client"
    program = package / "program.py"
    program.write_text(PYTHON)
    succeed("mypy", "--strict", "--follow-imports=silent", program, within=package)
    alice = signed_in(running.url, "alice")
    made = alice.post("/api/users/me/tokens", json={"name": "script", "scope": "write"}).json()
    stale, drawing, names = succeed(
        "python", program, within=package, PADWS_URL=running.url, PADWS_TOKEN=made["token"]
    ).splitlines()
    (pad,) = alice.get("/api/pad").json()
    assert stale == "stale_version 2"
    assert literal_eval(drawing) == pad["data"]
    assert pad["data"]["elements"] == [BOX]
    assert literal_eval(names) == [pad["display_name"]] == ["Plan"]
