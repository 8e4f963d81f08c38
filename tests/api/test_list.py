"""The list in pages, in an order, and searched."""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64encode
from contextlib import ExitStack
from typing import Any

import pytest
from flask import Flask

from padws.context import Services
from tests.api.conftest import SqlConnection
from tests.api.pads import make_pad
from tests.helpers.contract import Client, assert_problem, assert_refused, check_pad, ok
from tests.helpers.drawings import drawing

NAMES = ["beta", "Alpha", "gamma", "alpha", "Émile", "delta", "alpha"]
LIST = "/api/pad?data=false"


@pytest.fixture
def pads(alice: Client, sql: SqlConnection) -> list[dict[str, Any]]:
    """Seven pads; those of odd numbers were saved once more, the last ones first."""
    made = [make_pad(alice, name) for name in NAMES]
    for pad in reversed(made[1::2]):
        ok(alice.post(f"/api/pad/{pad['id']}", json=drawing(2)))
    return made


def follow(client: Client, path: str) -> list[list[dict[str, Any]]]:
    """The pages, by their links."""
    pages = []
    while path:
        answer = client.get(path)
        pages.append(ok(answer))
        link = re.fullmatch(r'<(/api/pad\?[^>]*)>; rel="next"', answer.headers.get("Link", "<>"))
        assert link or "Link" not in answer.headers
        path = link[1] if link else ""
    return pages


def names(pads: list[dict[str, Any]]) -> list[str]:
    return [pad["display_name"] for pad in pads]


def texts(*contents: Any, **members: Any) -> dict[str, Any]:
    elements = [
        {"id": f"t{number}", "type": "text", "text": text} | members
        for number, text in enumerate(contents)
    ]
    return {"elements": [{"id": "r", "type": "rectangle"}, *elements]}


# In pages


@pytest.mark.parametrize("limit", [1, 3, 6, 7, 100, 1_000_000])
@pytest.mark.parametrize("sort", ["created", "-created", "updated", "-updated", "name", "-name"])
def test_pages_make_up_the_whole(
    alice: Client, pads: list[dict[str, Any]], limit: int, sort: str
) -> None:
    pages = follow(alice, f"{LIST}&limit={limit}&sort={sort}")
    assert [len(page) for page in pages] == [limit] * (7 // limit) + [7 % limit] * (7 % limit > 0)
    whole = [pad for page in pages for pad in page]
    assert whole == ok(alice.get(f"{LIST}&sort={sort}"))
    keys = {
        "created": lambda pad: pad["created_at"],
        "updated": lambda pad: pad["updated_at"],
        "name": lambda pad: pad["display_name"].lower(),
    }
    order = [keys[sort.removeprefix("-")](pad) for pad in whole]
    if sort.endswith("name"):
        order = [each for each in order if each.isascii()]  # others as the database sorts them
    assert order == sorted(order, reverse=sort.startswith("-"))


def test_a_page_has_what_the_list_has(alice: Client, pads: list[dict[str, Any]]) -> None:
    whole = alice.get("/api/pad")
    (page,) = follow(alice, "/api/pad?limit=100")
    assert page == ok(whole)
    for pad in page:
        check_pad(pad)
    assert alice.get("/api/pad?limit=100").headers["ETag"] == whole.headers["ETag"]
    for path in ("/api/pad?limit=2", "/api/pad?sort=name", "/api/pad?q=alpha", "/api/pad?q=zzz"):
        etag = alice.get(path).headers["ETag"]
        for known in (etag, "*"):
            again = alice.get(path, headers={"If-None-Match": known})
            assert (again.status_code, again.data) == (304, b"")
        ok(alice.get(path, headers={"If-None-Match": '"x"'}))


def test_pages_stay_in_step_while_pads_come_and_go(
    alice: Client, pads: list[dict[str, Any]]
) -> None:
    first = alice.get(f"{LIST}&limit=3&sort=name")
    rest = re.findall(r"<(.*)>", first.headers["Link"])[0]
    for name in ("aaa", "zzz"):
        make_pad(alice, name)
    ok(alice.delete(f"/api/pad/{ok(first)[2]['id']}"))  # the one that the cursor names
    following = [pad for page in follow(alice, rest) for pad in page]
    before = [pad for page in follow(alice, f"{LIST}&sort=name") for pad in page]
    assert names(following) == [
        each["display_name"]
        for each in before
        if each["id"] not in {pad["id"] for pad in ok(first)} and each["display_name"] != "aaa"
    ]


def test_a_link_keeps_the_query(alice: Client, pads: list[dict[str, Any]]) -> None:
    answer = alice.get("/api/pad?q=a%20%26&limit=1&data=0&sort=-name&_external=1&_scheme=x&q=b")
    assert "Link" not in answer.headers
    link = alice.get("/api/pad?q=a&limit=1&data=0&sort=-name&_external=1").headers["Link"]
    assert link.startswith("</api/pad?q=a&limit=1&data=0&sort=-name&_external=1&cursor=")


def test_the_first_pad_is_made_for_whoever_asks_for_a_page(bob: Client) -> None:
    assert names(ok(bob.get("/api/pad?limit=5&data=false"))) == ["Untitled"]
    assert ok(bob.get("/api/pad?q=zzz")) == []
    assert len(ok(bob.get("/api/pad"))) == 1


def encoded(*values: Any) -> str:
    return urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


GOOD = "01234567-89ab-4def-8123-456789abcdef"
HOSTILE = [
    "",
    "x",
    "é",
    "%00",
    "A" * 3_000,
    encoded(),
    encoded("created", "x", "no id"),
    encoded("created", 1, GOOD),
    encoded("created", "\0", GOOD),
    encoded("created", "\ud800", GOOD),
    encoded("name", "x", GOOD),
    encoded("-created", "x", GOOD),
    encoded("created", "x", GOOD, 1)[:-4],
    urlsafe_b64encode(f'["created", "x", "{GOOD}", {"[" * 1_300}'.encode()).decode(),
]


@pytest.mark.parametrize("cursor", HOSTILE)
def test_what_is_no_cursor_is_refused(alice: Client, cursor: str) -> None:
    assert_refused(alice.get("/api/pad", query_string={"cursor": cursor}), "cursor")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("limit", "0"),
        ("limit", "-1"),
        ("limit", "x"),
        ("limit", "1_0"),
        ("sort", "size"),
        ("sort", "--name"),
        ("sort", ""),
        ("q", "x" * 201),
    ],
)
def test_what_cannot_be_meant_is_refused(alice: Client, field: str, value: str) -> None:
    assert_refused(alice.get("/api/pad", query_string={field: value}), field)


@pytest.mark.parametrize("key", ["", "'", "\U0010ffff", "9999-99-99", "$1 ~ ALL ('{}')"])
def test_a_made_up_cursor_is_a_place_like_any(
    alice: Client, pads: list[dict[str, Any]], key: str
) -> None:
    for sort in ("created", "-created"):
        found = ok(alice.get(f"{LIST}&sort={sort}&cursor={encoded(sort, key, GOOD)}"))
        assert len(found) in (0, 7)


# Searched


SCENES: dict[str, Any] = {
    "Große Pläne": texts("first words", "second WORDS", "שלום עולם", "third words", "last words"),
    "Empty": {"a": 1},
    "Deleted": texts("hidden words", isDeleted=True),
    "Not texts": {"elements": [{"type": "arrow", "text": "arrow"}, 5, None, {"type": "text"}]},
    "Strange": texts(17, None, {"a": "nested"}, ["listed"]),
    "No list": {"elements": {"type": "text", "text": "alone"}},
    "Special": texts(
        "100% a_b c\\d [e] (f|g) h* i+ j? ^k$ 'l' \"m\" 🎉", "x" * 500 + "needle" + "y" * 500
    ),
}
SEARCHES = {
    "words": ["Große Pläne"],
    "WORDS second": ["Große Pläne"],
    "pläne FIRST": ["Große Pläne"],
    "GROSSE": ["Große Pläne"],
    "עולם": ["Große Pläne"],
    "words missing": [],
    "hidden": [],
    "deleted": ["Deleted"],
    "arrow": [],
    "rectangle": [],
    "17": [],
    "listed": ["Strange"],
    "alone": ["No list"],
    "nested": [],
    "%": ["Special"],
    "_": ["Special"],
    "\\": ["Special"],
    "[e] (f|g) h* i+ j? ^k$ 'l' \"m\"": ["Special"],
    ".": [],
    "e.p": [],
    "🎉": ["Special"],
    "nee\0dle": ["Special"],
    "": list(SCENES),
    " \0 ": list(SCENES),
    "{}": [],
    "') OR 1=1 --": [],
}


@pytest.fixture
def drawn(alice: Client) -> None:
    for name, scene in SCENES.items():
        make_pad(alice, name, scene)


@pytest.mark.parametrize("query", SEARCHES)
def test_every_word_is_found_and_nothing_else(alice: Client, drawn: None, query: str) -> None:
    found = ok(alice.get("/api/pad", query_string={"q": query, "data": "0"}))
    assert names(found) == SEARCHES[query]
    assert all(("matches" in each) == bool(query.strip("\0 ")) for each in found)


def test_matches_are_the_first_texts_around_the_word(alice: Client, drawn: None) -> None:
    def matches(query: str) -> list[str]:
        (found,) = ok(alice.get(f"/api/pad?q={query}"))
        texts: list[str] = found["matches"]
        return texts

    assert matches("words") == ["first words", "second WORDS", "third words"]
    assert matches("first last") == ["first words", "last words"]
    assert matches("große") == []
    (around,) = matches("needle")
    assert around == "x" * 40 + "needle" + "y" * 154


def test_a_search_has_pages_too(alice: Client, bob: Client, pads: list[dict[str, Any]]) -> None:
    make_pad(bob, "alpha of bob")
    pages = follow(alice, f"{LIST}&q=ALPHA&limit=2&sort=name")
    assert [len(page) for page in pages] == [2, 1]
    assert {name.lower() for page in pages for name in names(page)} == {"alpha"}


def test_pictures_come_with_the_page_alone(alice: Client) -> None:
    for number in range(3):
        file = {"id": "f", "dataURL": f"data:image/png;base64,{str(number) * 4_000}"}
        make_pad(alice, f"pad {number}", texts(f"n{number}") | {"files": {"f": file}})
    (found,) = ok(alice.get("/api/pad?q=n1"))
    assert found["data"]["files"]["f"]["dataURL"].endswith("1" * 4_000)
    (found,) = ok(alice.get("/api/pad?q=n1&pictures=0"))
    assert found["data"]["files"]["f"].keys() == {"id", "picture"}


# What it costs


def test_few_searches_of_one_user_run_at_once(
    app: Flask, alice: Client, bob: Client, pads: list[dict[str, Any]]
) -> None:
    services: Services = app.extensions["padws"]
    owner_id = pads[0]["owner_id"]
    with ExitStack() as searches:
        for _ in range(2):
            ok(alice.get("/api/pad?q=x"))
            searches.enter_context(services.limits.searching(owner_id))
        assert_problem(alice.get("/api/pad?q=x"), 429, "too_many_requests")
        ok(alice.get(f"{LIST}&limit=1"))
        ok(bob.get("/api/pad?q=x"))
    ok(alice.get("/api/pad?q=x"))
