"""What is deployed may be used along with the MIT licence of padws itself."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, metadata

import pytest

from padws.config import ROOT

#: Licences that ask only to be named, or that changes to their own files be passed on.
#: LGPL (psycopg): used as a library that can be replaced, which is what it asks for.
COMPATIBLE = re.compile(
    r"(MIT(-0)?|BSD(-[23]-Clause)?|Apache(-2\.0)?|ISC|PSF(-2\.0)?|MPL-2\.0|LGPL-3\.0(-only)?)"
    r"( License| Software License)?"
    r"|Mozilla Public License 2\.0 \(MPL 2\.0\)"
)

#: Each package that is deployed, and the machines and Pythons it is for, if not all.
LOCKED = dict(
    re.findall(
        r"^([a-z0-9.-]+)==\S+(?: ; (.+?))? \\$",
        (ROOT / "requirements.txt").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
)


def licences_of(package: str) -> list[str]:
    """What a package says about its licence, part by part; every alternative must be acceptable."""
    about = metadata(package)
    if "License-Expression" in about:
        return re.split(r" (?:AND|OR) ", re.sub("[()]", "", about["License-Expression"]))
    classifiers = about.get_all("Classifier") or []
    named = [each.rpartition(" :: ")[2] for each in classifiers if each.startswith("License :: ")]
    return [each for each in named if each != "OSI Approved"] or [about["License"]]


@pytest.mark.parametrize("package", LOCKED)
def test_the_licence_is_compatible(package: str) -> None:
    try:
        licences = licences_of(package)
    except PackageNotFoundError:
        assert LOCKED[package], "it is deployed everywhere"
        pytest.skip(f"{package} is deployed where {LOCKED[package]}; run the tests there as well")
    assert [each for each in licences if not COMPATIBLE.fullmatch(each)] == []


def test_everything_that_is_deployed_is_checked() -> None:
    assert {"flask", "psycopg", "gunicorn", "redis"} <= LOCKED.keys()


@pytest.mark.parametrize("licence", ["GPL-3.0-only", "AGPL-3.0", "Proprietary", "None", "UNKNOWN"])
def test_others_are_noticed(licence: str) -> None:
    assert not COMPATIBLE.fullmatch(licence)
