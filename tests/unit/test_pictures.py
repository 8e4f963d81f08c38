"""Pictures are taken out of scenes, and put back, without changing what a scene means."""

from __future__ import annotations

import json
from collections.abc import Callable
from hashlib import sha256
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from padws.errors import Unprocessable
from padws.json_text import JsonText
from padws.pictures import Drawing, PutBack, addresses, put_back, take_apart, texts
from tests.helpers.drawings import SCENES, exact

Scene = dict[str, Any]

LONG, OTHER = "data:image/png;base64," + "A" * 3_000, "data:image/png;base64," + "B" * 3_000
PAD = UUID(int=7)


def digest_of(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def apart(text: str | bytes, *, new_pictures: bool = True) -> Drawing:
    """A scene taken apart; nothing is too complex."""
    as_bytes = text.encode() if isinstance(text, str) else text
    return take_apart(as_bytes, lambda _: None, lambda: new_pictures)


def rest_of(drawing: Drawing) -> Scene:
    scene: Scene = exact(bytes(drawing.scene.json))
    return scene


def put_together(drawing: Drawing, member_for: PutBack | None = None) -> Any:
    """What PostgreSQL and `put_back` make of a drawing again."""
    scene = rest_of(drawing)
    if not drawing.pictures:
        return scene
    files = scene.pop("files")
    contents = {digest: JsonText(text) for digest, text in drawing.contents.items()}
    contents.setdefault(digest_of(LONG), JsonText(json.dumps(LONG).encode()))
    parts = [JsonText(json.dumps(part, default=float).encode()) for part in (scene, files)]
    whole = put_back(parts[0], parts[1], drawing.pictures, member_for or texts(contents))
    return exact(b"".join(whole.pieces))


def file(text: object, **members: object) -> Scene:
    return {"id": "x", "dataURL": text, "created": 1, **members}


def scene_of(*files: Scene) -> Scene:
    return {"elements": [], "files": {f"file {n}": each for n, each in enumerate(files)}}


# What is taken out


def test_long_pictures_are_taken_out_and_known_by_their_text() -> None:
    drawing = apart(json.dumps(scene_of(file(LONG), file("data:,short"), file(OTHER))))
    assert drawing.digests == {"file 0": digest_of(LONG), "file 2": digest_of(OTHER)}
    assert {each: json.loads(bytes(text)) for each, text in drawing.contents.items()} == {
        digest_of(LONG): LONG,
        digest_of(OTHER): OTHER,
    }
    assert rest_of(drawing)["files"] == {
        "file 0": {"id": "x", "created": 1},
        "file 1": file("data:,short"),
        "file 2": {"id": "x", "created": 1},
    }


def test_one_text_under_many_ids_is_one_picture() -> None:
    drawing = apart(json.dumps(scene_of(file(LONG), file(LONG))))
    assert drawing.digests == dict.fromkeys(("file 0", "file 1"), digest_of(LONG))
    assert drawing.contents.keys() == {digest_of(LONG)}


@pytest.mark.parametrize("length", [2_047, 2_048, 2_049])
@pytest.mark.parametrize("character", ["A", "ü", "/"])
def test_from_two_kilobytes_of_text_on(length: int, character: str) -> None:
    """However long its spelling is."""
    text = character * (length // len(character.encode())) + "A" * (
        length % len(character.encode())
    )
    for spelling in (json.dumps(text), json.dumps(text, ensure_ascii=False)):
        spelling = spelling.replace("/", r"\/")
        drawing = apart(f'{{"files": {{"f": {{"dataURL": {spelling}}}}}}}')
        assert bool(drawing.digests) == (length > 2_048)
        assert put_together(drawing) == scene_with(text)


def scene_with(text: str) -> Scene:
    return {"files": {"f": {"dataURL": text}}}


def test_a_text_is_known_whatever_its_spelling() -> None:
    text = 'data:image/svg+xml,<svg a="ü">' + "/" * 3_000
    spellings = {
        json.dumps(text),
        json.dumps(text, ensure_ascii=False),
        json.dumps(text).replace("/", r"\/"),
        '"' + "".join(f"\\u{ord(each):04x}" for each in text) + '"',
    }
    assert len(spellings) == 4
    for spelling in spellings:
        drawing = apart(f'{{"files": {{"f": {{"dataURL": {spelling}}}}}}}')
        assert drawing.digests == {"f": digest_of(text)}
        assert put_together(drawing) == scene_with(text)


def test_without_leave_for_new_pictures_they_stay() -> None:
    text = json.dumps(scene_of(file(LONG)))
    assert apart(text, new_pictures=False) == Drawing(JsonText(text.encode()))


class _Unsearched(bytes):
    """A text in which nothing may be looked for."""

    def rfind(self, *_: object) -> int:
        raise AssertionError


@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": ")])
def test_a_scene_that_ends_without_files_is_not_searched(separators: tuple[str, str]) -> None:
    earlier = f'{{"files": {{"a": {{"dataURL": "{LONG}"}}}}, '
    scene = json.dumps({"elements": [], "files": {}}, separators=separators)
    for text in (scene, earlier + scene[1:]):
        assert bytes(apart(_Unsearched(text.encode())).scene.json) == text.encode()


def test_leave_is_not_asked_for_where_there_is_no_picture() -> None:
    def never() -> bool:
        raise AssertionError

    assert take_apart(b'{"files": {}}', lambda _: None, never).pictures is None


# What a scene means stays the same

# `%` is a long text, the first or another, and `_` much white space.
NASTY: dict[str, str] = {
    "files twice": '{"files": {"a": {"dataURL": "%"}}, "files": {"b": {"dataURL": "%"}}}',
    "files twice, the last without": '{"files": {"a": {"dataURL": "%"}}, "files": {}}',
    "an id twice": '{"files": {"a": {"dataURL": "%"}, "a": {"dataURL": "%", "x": 1}}}',
    "an id twice, differently spelt": r'{"files": {"a": {"dataURL": "%"}, "\u0061": {"x": 1}}}',
    "dataURL twice": '{"files": {"a": {"dataURL": "%", "dataURL": "%"}}}',
    "dataURL twice, the last short": '{"files": {"a": {"dataURL": "%", "dataURL": "x"}}}',
    "dataURL twice, the first short": '{"files": {"a": {"dataURL": "x", "dataURL": "%"}}}',
    "dataURL twice, the last null": '{"files": {"a": {"dataURL": "%", "dataURL": null}}}',
    "dataURL differently spelt": r'{"files": {"a": {"data\u0055RL": "%"}}}',
    "dataURL twice, the last differently spelt": (
        r'{"files": {"a": {"dataURL": "%", "data\u0055RL": "x"}}}'
    ),
    "dataURL twice, the first differently spelt": (
        r'{"files": {"a": {"data\u0055RL": "x", "dataURL": "%"}}}'
    ),
    "files differently spelt": r'{"f\u0069les": {"a": {"dataURL": "%"}}}',
    "dataURL alone": '{"files": {"a": {"dataURL": "%"}}}',
    "dataURL first": '{"files": {"a": {"dataURL": "%", "x": 1}}}',
    "dataURL last": '{"files": {"a": {"x": 1, "dataURL": "%"}}}',
    "white space": '{ "files"\n:\t{ "a" :\r{ "x" : 1 \n,\t"dataURL"\r: \n"%" \t} } }',
    "much white space": '{"files": {"a": {"x": 1,_"dataURL": "%"}}}',
    "much white space at the beginning": '{"files": {"a": {_"dataURL": "%", "x": 1}}}',
    "much white space behind": '{"files": {"a": {"dataURL":_"%"_, "x": 1}}}',
    "elsewhere": '{"dataURL": "%", "elements": [{"dataURL": "%"}], "files": {}}',
    "deeper": '{"files": {"a": {"b": {"dataURL": "%"}, "dataURL": "%"}}}',
    "files in files": (
        '{"files": {"files": {"dataURL": "%"}}, "a": {"files": {"f": {"dataURL": "%"}}}}'
    ),
    "files is an array": '{"files": [{"dataURL": "%"}]}',
    "files is null": '{"files": null, "dataURL": "%"}',
    "files is a text": '{"files": "%"}',
    "an entry is a text": '{"files": {"a": "dataURL", "b": {"dataURL": "%"}}}',
    "an entry is an array": '{"files": {"a": ["dataURL"], "b": {"dataURL": "%"}}}',
    "an entry is null": '{"files": {"a": null, "b": {"dataURL": "%"}}}',
    "an entry without dataURL": '{"files": {"a": {}, "b": {"dataURL": "%"}}}',
    "dataURL is an array": '{"files": {"a": {"dataURL": ["%"]}}}',
    "dataURL is a number": '{"files": {"a": {"dataURL": 1}, "b": {"dataURL": "%"}}}',
    "odd ids": r'{"files": {"": {"dataURL": "%"}, "\"\\\n\u00e4😀": {"dataURL": "%"}}}',
    "a name that ends in dataURL": r'{"files": {"a": {"my\"dataURL": "%", "x": 1}}}',
    "a text that looks like a member": r'{"files": {"a": {"x": "\"dataURL\": \"%\""}}}',
    "a text before it": r'{"files": {"a": {"x": "\\", "dataURL": "%"}}}',
    "a text that looks like a reference": r'{"a": "\"picture\": \"%\"", "files": {}}',
    "a picture of another kind": '{"files": {"a": {"picture": "mine", "dataURL": "%"}}}',
    "a picture of any type": '{"files": {"a": {"picture": [null], "dataURL": "%"}}}',
    "a picture that could be an address": (
        '{"files": {"a": {"picture": "DIGEST", "dataURL": "%"}}}'
    ),
    "a short text beside a picture": (
        '{"files": {"a": {"picture": "DIGEST", "dataURL": "x"}, "b": {"dataURL": "%"}}}'
    ),
    "a picture outside of files": (
        '{"picture": "mine", "elements": [{"picture": 1, "dataURL": "%"}]}'
    ),
    "deep": '{"a": [' * 300 + "1" + "]}" * 299 + '], "files": {"a": {"dataURL": "%"}}}',
    "large numbers": '{"n": 1e300, "files": {"a": {"dataURL": "%", "n": 123456789012345678901}}}',
    "escaped quotation marks": '{"files": {"a": {"dataURL": "%QUOTES", "x": 1}}}',
    **{
        f"{count} backslashes": '{"files": {"a": {"dataURL": "%' + "\\" * count + '", "x": "%"}}}'
        for count in (1, 2, 62, 63, 64, 65, 66)
    },
}


def filled(template: str) -> str:
    text = template.replace("_", " " * 200).replace("DIGEST", digest_of(LONG))
    text = text.replace("QUOTES", r"\"" * 900)
    return text.replace("%", LONG, 1).replace("%", OTHER)


def meaning(text: str) -> Any:
    """What JSON means, or None if it is none."""
    try:
        return exact(text)
    except ValueError:
        return None


@pytest.mark.parametrize("template", NASTY.values(), ids=NASTY)
def test_a_scene_means_the_same_afterwards(template: str) -> None:
    text = filled(template)
    if meaning(text) is None:
        assert apart(text) == Drawing(JsonText(text.encode()))
    else:
        assert put_together(apart(text)) == meaning(text)


@pytest.mark.parametrize("text", SCENES.values(), ids=SCENES)
def test_scenes_without_long_pictures_are_not_touched(text: str) -> None:
    assert apart(text) == Drawing(JsonText(text.encode()))


# JSON of any shape, in which members that matter are frequent.
NAMES = st.sampled_from(["files", "dataURL", "picture", "a", "b", ""])
TEXTS = st.sampled_from([LONG, OTHER, "short", digest_of(LONG), 'q"\\/\n', "ü" * 1_500])
LEAVES = st.none() | st.booleans() | st.integers(-5, 5) | TEXTS
ANYTHING = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)
FILE = st.dictionaries(NAMES, ANYTHING, max_size=4) | st.fixed_dictionaries({"dataURL": TEXTS})
PLAIN = st.fixed_dictionaries(
    {"files": st.dictionaries(NAMES, FILE, max_size=4)}, optional={"elements": ANYTHING}
)
SPELLINGS: list[Callable[[Any], str]] = [
    lambda scene: json.dumps(scene),
    lambda scene: json.dumps(scene, ensure_ascii=False, separators=(",", ":")),
    lambda scene: json.dumps(scene, indent=2).replace("/", r"\/"),
    lambda scene: json.dumps(scene, indent=70, separators=(" \r,", "\t:\n")),
]


def with_references_resolved(scene: Scene) -> Scene:
    """What a scene is saved as, if LONG is a picture that is there already."""
    files = scene.get("files")
    if not isinstance(files, dict) or not all(isinstance(each, dict) for each in files.values()):
        return scene
    resolved = {
        file_id: each
        if "dataURL" in each or "picture" not in each
        else {**each, "dataURL": LONG, "picture": None}
        for file_id, each in files.items()
    }
    for file_id, each in resolved.items():
        if each is not files[file_id]:
            del each["picture"]
    return {**scene, "files": resolved}


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(NAMES, ANYTHING, max_size=4) | PLAIN, st.sampled_from(SPELLINGS))
def test_any_scene_means_the_same_afterwards(scene: Scene, spell: Callable[[Any], str]) -> None:
    text = spell(scene)
    try:
        drawing = apart(text)
    except Unprocessable:
        files = scene["files"].values()
        assert any(
            "dataURL" not in each and each.get("picture") != digest_of(LONG) for each in files
        )
        return
    assert put_together(drawing) == exact(spell(with_references_resolved(scene)))


# References


@pytest.mark.parametrize("address", ["", f"/api/pad/{PAD}/pictures/"])
@pytest.mark.parametrize("new_pictures", [True, False])
def test_a_file_may_refer_to_a_picture(address: str, new_pictures: bool) -> None:
    entry = {"id": "x", "picture": address + digest_of(LONG), "created": 1}
    drawing = apart(json.dumps(scene_of(entry)), new_pictures=new_pictures)
    assert drawing.digests == {"file 0": digest_of(LONG)}
    assert rest_of(drawing)["files"] == {"file 0": {"id": "x", "created": 1}}
    assert drawing.references == [digest_of(LONG)]
    with pytest.raises(Unprocessable, match=digest_of(LONG)):
        drawing.contents_of([digest_of(LONG)])


NO_REFERENCES = [
    "mine",
    "",
    digest_of(LONG).upper(),
    digest_of(LONG)[:-1],
    digest_of(LONG) + "0",
    f"https://elsewhere.example/api/pad/{PAD}/pictures/{digest_of(LONG)}",
    f"/api/pad/{PAD}/pictures/",
    f"/api/pads/{PAD}/pictures/{digest_of(LONG)}",
    None,
    5,
    {"a": 1},
]


@pytest.mark.parametrize("picture", NO_REFERENCES)
def test_what_is_no_reference_is_refused(picture: object) -> None:
    with pytest.raises(Unprocessable) as caught:
        apart(json.dumps(scene_of({"picture": picture})))
    assert caught.value.code == "unknown_picture"


def test_the_address_takes_the_place_of_a_picture() -> None:
    drawing = apart(json.dumps(scene_of(file(LONG, picture="mine"), file("short", picture="mine"))))
    assert put_together(drawing, addresses(PAD))["files"] == {
        "file 0": {
            "id": "x",
            "created": 1,
            "picture": f"/api/pad/{PAD}/pictures/{digest_of(LONG)}",
        },
        "file 1": file("short", picture="mine"),
    }


# What is stored by others


@pytest.mark.parametrize(
    "files",
    [
        {"f": {"dataURL": "another by now"}},
        {"f": {"dataURL": None}},
        {"f": "no object"},
        {"g": {"x": 1}},
        {},
        [],
        None,
    ],
)
def test_a_map_that_does_not_fit_the_files_changes_nothing(files: object) -> None:
    pictures = JsonText(json.dumps({"f": digest_of(LONG)}).encode())
    contents = {digest_of(LONG): JsonText(json.dumps(LONG).encode())}
    stored = JsonText(json.dumps(files).encode())
    whole = put_back(JsonText(b'{"a": 1}'), stored, pictures, texts(contents))
    assert json.loads(b"".join(whole.pieces)) == {"a": 1, "files": files}


DEEP = '"x": ' + '[{"}": ' * 8_000 + r'"\\\"]{\\"' + "}]" * 8_000
TOO_DEEP = {
    "another file": ('{"f": {"id": 1}, "b\\"": {DEEP}}', '{"f": {NEW, "id": 1}, "b\\"": {DEEP}}'),
    "the file itself": ('{"f": {DEEP}, "g": {}}', '{"f": {NEW, DEEP}, "g": {}}'),
    "with another picture": ('{"f": {DEEP, "dataURL": "mine"}, "g": [1]}', None),
    "no object": ("[{DEEP}]", None),
}


@pytest.mark.parametrize("member", ["dataURL", "picture"])
@pytest.mark.parametrize(("files", "expected"), TOO_DEEP.values(), ids=TOO_DEEP)
def test_pictures_come_back_however_deep_the_rest_is(
    files: str, expected: str | None, member: str
) -> None:
    """Deeper than any parser goes that recurses, and no deeper than PostgreSQL stores."""
    pictures = JsonText(json.dumps({"f": digest_of(LONG)}).encode())
    stored = JsonText(files.replace("DEEP", DEEP).encode())
    whole = put_back(JsonText(b"{}"), stored, pictures, lambda _: [f'"{member}": 1'.encode()])
    new = (expected or files).replace("NEW", f'"{member}": 1').replace("DEEP", DEEP)
    assert b"".join(whole.pieces).decode() == f'{{"files": {new}}}'


def test_an_address_takes_the_place_of_what_is_called_so_however_deep_the_rest_is() -> None:
    pictures = JsonText(json.dumps({"f": digest_of(LONG)}).encode())
    stored = JsonText(f'{{"f": {{{DEEP}, "picture": "mine"}}}}'.encode())
    whole = put_back(JsonText(b"{}"), stored, pictures, addresses(PAD))
    assert b"".join(whole.pieces).decode().count('"picture": "/api/pad/') == 1
    assert b"mine" not in b"".join(whole.pieces)


# Hostile bodies

HOSTILE: dict[str, bytes] = {
    "names and nothing else": b'{"files": {' + b'"dataURL":' * 500_000,
    "references and nothing else": b'{"files": {' + b'"picture":' * 500_000,
    "quotation marks": b'{"files": {"a": {"dataURL": "' + rb"\"" * 1_000_000 + b'"}}}',
    "backslashes": b'{"files": {"a": {"dataURL": "' + b"\\" * 2_000_000 + b'"}}}',
    "white space": b'{"files": {"a": {' + (b" " * 3_000 + b'"dataURL" ') * 1_000,
    "a text without an end": b'{"files": {"a": {"dataURL": "' + b"A" * 5_000_000,
    "members of files": b'{"x": {"dataURL": 1}, "files": {'
    + b",".join(b'"%d":{}' % n for n in range(200_000))
    + b"}}",
    "not UTF-8": b'{"files": {"\xff": {"dataURL": "%b"}}}' % LONG.encode(),
    "a lone surrogate": rb'{"files": {"a": {"dataURL": "\ud800%b"}}}' % LONG.encode(),
    "a NUL": rb'{"files": {"a": {"dataURL": "\u0000%b"}}}' % LONG.encode(),
    "something behind": b'{"files": {"a": {"dataURL": "%b"}}} x' % LONG.encode(),
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_what_is_no_plain_scene_is_left_to_postgresql(text: bytes) -> None:
    seen = list[bytes]()
    assert take_apart(text, seen.append, lambda: True) == Drawing(JsonText(text))
    assert seen[-1] == text


def test_what_is_decoded_is_checked_first() -> None:
    """The size of an object, for one, decides how much memory that takes."""

    def refuse(text: bytes) -> None:
        assert len(text) < 500
        raise Unprocessable("too_complex")

    with pytest.raises(Unprocessable):
        take_apart(json.dumps(scene_of(file(LONG))).encode(), refuse, lambda: True)
