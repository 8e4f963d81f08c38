"""JSON that would be too much work is found in time proportional to its size."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import psycopg
import pytest

from padws import json_complexity
from padws.errors import TooLarge, Unprocessable
from padws.json_complexity import MOST_MEMBERS, MOST_VALUES, check_complexity

LIMIT = 1_000_000
LARGE = 20_000_000


def is_accepted(text: bytes, limit: int = LARGE) -> bool:
    """Whether it is taken where MAX_BODY_BYTES is `limit`."""
    try:
        check_complexity(text, limit)
    except (TooLarge, Unprocessable):
        return False
    return True


def numbers(chance: random.Random, number: str, times: int) -> bytes:
    """A scene of that many such numbers: `?` is a digit, `#` one that is not 0."""
    digits = {"?": "0123456789", "#": "123456789"}
    made = ["".join(chance.choice(digits.get(c, c)) for c in number) for _ in range(times)]
    return f'{{"elements": [{",".join(made)}]}}'.encode()


# Numbers written out

BOMBS = ["1e99999", "1E+99999", "-1.5e131000", "1e-16000", "9e000000099999", "1e999", "1e99", "2e9"]


@pytest.mark.parametrize("number", BOMBS)
def test_numbers_that_take_too_much_once_written_out_are_refused(number: str) -> None:
    zeros = int(number.lower().partition("e")[2].lstrip("+-"))
    few = LIMIT // (zeros + 2) // 2
    many = LIMIT // zeros + 1
    assert is_accepted(numbers(random.Random(0), number, few), LIMIT)
    with pytest.raises(TooLarge) as caught:
        check_complexity(numbers(random.Random(0), number, many), LIMIT)
    assert caught.value.code == "body_too_large"


@pytest.mark.parametrize("where", ['{{"a": {{"b": [{}]}}}}', "[{}]", "{}", '{{"a":{}}}'])
def test_a_bomb_is_found_anywhere(where: str) -> None:
    bomb = ",".join(["1e99999"] * 11)
    assert not is_accepted(where.format(bomb).encode(), LIMIT)


@pytest.mark.parametrize("before", range(65_520, 65_540))
def test_a_bomb_is_found_wherever_the_pieces_end_that_are_looked_at(before: int) -> None:
    bomb = b"[" + b" " * before + b",".join([b"1e99999"] * 11) + b"]"
    assert not is_accepted(bomb, LIMIT)


@pytest.mark.parametrize(
    "text",
    [
        b'"' + b"1e99999," * 100_000 + b'"',
        rb'"\"' + b"1e99999," * 100_000 + rb'\\"',
        b"[" + b",".join(b'"%032xe99999"' % n for n in range(20_000)) + b"]",
        b'{"' + b"3e4444" * 100_000 + b'": 1}',
    ],
    ids=["a text", "a text with quotes", "ids", "a key"],
)
def test_digits_in_texts_are_no_numbers(text: bytes) -> None:
    assert is_accepted(text, LIMIT)


def test_noise_of_floating_point_is_no_bomb() -> None:
    """A drawing's coordinates are full of numbers that are almost zero."""
    chance = random.Random(1)
    noise = [chance.gauss(0, 1) * 10.0 ** chance.randint(-17, 17) for _ in range(30_000)]
    text = json.dumps({"elements": [{"x": x, "y": -x} for x in noise[:15_000]]}).encode()
    assert 0.5 * LIMIT < len(text) < LIMIT
    assert is_accepted(text, LIMIT)


SHAPES = [
    "?e?", "?e??", "?e???", "?.??e?", "?.????????e-?", "-?.???e-??", "?e-???", "#?????e+??",
    "?.?e+???", "0.000?e-??", "0.000?e?", "0e???", "?e0???", "?e-00?", "-0", "-0.0", "?.50",
    "1?e????",
]  # fmt: skip


@pytest.mark.parametrize("seed", range(20))
def test_no_scene_that_is_taken_is_printed_longer_than_the_limit(postgres: str, seed: int) -> None:
    """The blanks that PostgreSQL puts after commas and colons do not count."""
    chance = random.Random(seed)
    shapes = chance.sample(SHAPES, chance.randint(1, len(SHAPES)))
    made = [numbers(chance, shape, chance.randint(1, 20)) for shape in shapes]
    scenes = [each.replace(b" ", b"") for each in made]
    measure = "SELECT octet_length(replace(%s::jsonb::text, ' ', ''))"
    with psycopg.connect(postgres) as conn:
        for scene in scenes:
            row = conn.execute(measure, [scene.decode()]).fetchone()
            assert row
            assert row[0] <= len(scene) or not is_accepted(scene, row[0] - 1), scene
            assert is_accepted(scene, 200_000_000)


# Members of an object


def object_of(members: int, key: bytes = b"key %06d", value: bytes = b"0") -> bytes:
    """An object with that many members, whose names differ if `key` has a number in it."""
    keys = (key % number if b"%" in key else key for number in range(members))
    return b"{" + b",".join(b'"%b":%b' % (each, value) for each in keys) + b"}"


TOO_MANY = MOST_MEMBERS + 1

#: An object with one member too many, in various disguises.
CROWDED: dict[str, bytes] = {
    "a scene": object_of(TOO_MANY),
    "in an array in an object": b'{"elements":[{},[' + object_of(TOO_MANY) + b"]]}",
    "a value of a member": b'{"a":1,"files":' + object_of(TOO_MANY) + b',"b":2}',
    "one name over and over": object_of(TOO_MANY, key=b"the same"),
    "of objects": object_of(TOO_MANY, value=b'{"a":{},"b":1}'),
    "of lists of objects": object_of(TOO_MANY, value=b'[{},{"a":[{}]}]'),
    "of large objects": object_of(TOO_MANY, value=object_of(120)),
    "of texts that look like JSON": object_of(TOO_MANY, value=rb'"}\"}{\\"'),
    "of names that look like JSON": object_of(TOO_MANY, key=rb"}]\"{%06d}\\"),
    "of names with escapes": object_of(TOO_MANY, key=rb"\u007d%06d\\\\\""),
    "with white space": object_of(TOO_MANY).replace(b":", b" \n:\t").replace(b",", b"\r ,"),
    "after a long text": b'{"a":"' + b"x" * 200_000 + b'","b":' + object_of(TOO_MANY) + b"}",
    "after much nesting": b'{"a":' * 1000 + object_of(TOO_MANY) + b"}" * 1000,
    "followed by no JSON": object_of(TOO_MANY) + b"} and more",
    "not closed": object_of(TOO_MANY)[:-1],
    "inside what is not closed": b'{"elements":[' + object_of(TOO_MANY),
    "followed by an open text": object_of(TOO_MANY) + b',"',
    "many with too many together": b"[" + b",".join([object_of(MOST_MEMBERS - 1)] * 3) + b"]",
    "many with a tenth of it": b"[" + b",".join([object_of(MOST_MEMBERS // 10)] * 201) + b"]",
}


@pytest.mark.parametrize("disguise", CROWDED)
def test_an_object_with_too_many_members_is_found(disguise: str) -> None:
    with pytest.raises(Unprocessable) as caught:
        check_complexity(CROWDED[disguise], LARGE)
    assert caught.value.code == "too_complex"


ELEMENT = object_of(40, value=b'"a text"')

#: As many colons, but little work.
ROOMY: dict[str, bytes] = {
    "as many as are allowed": object_of(MOST_MEMBERS),
    "a large drawing": b'{"elements":[' + b",".join([ELEMENT] * 2000) + b"]}",
    "a text of colons": b'{"a":"' + b":" * 100_000 + b'"}',
    "a text of objects": b'{"a":"' + object_of(TOO_MANY).replace(b'"', rb"\"") + b'"}',
    "texts of objects": b'["' + b'","'.join([b"{a:1,b:{:::}"] * 30_000) + b'"]',
    "members at many depths": (b'{"a":1,"b":' * 500 + b"1" + b"}" * 500 + b",") * 40,
    "objects in members": object_of(MOST_MEMBERS, value=b'{"a":1,"b":[{"c":2}]}'),
    "more after the end": b"}" + object_of(TOO_MANY),
}


@pytest.mark.parametrize("kind", ROOMY)
def test_what_has_as_many_colons_but_no_such_object_is_taken(kind: str) -> None:
    assert ROOMY[kind].count(b":") >= MOST_MEMBERS
    assert is_accepted(ROOMY[kind])


def json_of(chance: random.Random, depth: int) -> Any:
    """Some JSON, with texts that could be mistaken for its structure."""
    kind = chance.random()
    if depth and kind < 0.3:
        return [json_of(chance, depth - 1) for _ in range(chance.randint(0, 6))]
    if depth and kind < 0.7:
        number = chance.choice([0, 1, 3, 5, 120, 200])
        deeper = depth - 1 if number < 10 else 0
        return {text(chance) + str(n): json_of(chance, deeper) for n in range(number)}
    return chance.choice([text(chance), 1.5e-7, None, True, 0])


def text(chance: random.Random) -> str:
    return "".join(chance.choices('{}[]:,"\\ aeé9\n', k=chance.randint(0, 12)))


def most_members(value: Any) -> int:
    """The members of the largest object."""
    if isinstance(value, dict):
        return max([len(value), *map(most_members, value.values())])
    return max(map(most_members, value), default=0) if isinstance(value, list) else 0


@pytest.mark.parametrize("seed", range(20))
def test_members_are_counted_as_a_parser_counts_them(
    monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    chance = random.Random(seed)
    value = [json_of(chance, 5) for _ in range(20)]
    members = most_members(value)
    encoded = json.dumps(value, ensure_ascii=chance.random() < 0.5).encode()
    monkeypatch.setattr(json_complexity, "_NEVER_TOO_MANY_MEMBERS", 0)
    monkeypatch.setattr(json_complexity, "_MOST_COMPARISONS", LARGE**2)
    monkeypatch.setattr(json_complexity, "_PIECE", chance.choice([16, 1000, 65_536]))
    monkeypatch.setattr(json_complexity, "MOST_MEMBERS", members)
    assert is_accepted(encoded)
    if members > json_complexity._FEW_MEMBERS:  # smaller ones are not counted
        monkeypatch.setattr(json_complexity, "MOST_MEMBERS", members - 1)
        assert not is_accepted(encoded)


# Values

#: A few million of these; the more memory PostgreSQL takes for one, the fewer.
SWARMS: dict[str, bytes] = {
    "zeros": b"0,",
    "texts": b'"",',
    "arrays": b"[],",
    "objects": b"{},",
    "white space around them": b"{ } ,",
    "members": b'{"":0},',
    "texts that look like the end": rb'{"\"}":"]"},',
}


@pytest.mark.parametrize("kind", SWARMS)
def test_more_values_than_any_drawing_has_are_refused(kind: str) -> None:
    for frame in (b'{"elements":[%b0]}', b'{"a":{"b":[%b0]}} and more', b"[%b0"):
        scene = frame % (SWARMS[kind] * (MOST_VALUES // json_complexity._values(SWARMS[kind]) + 1))
        with pytest.raises(Unprocessable) as caught:
            check_complexity(scene, LARGE)
        assert caught.value.code == "too_complex"


def test_twenty_megabytes_of_strokes_are_taken() -> None:
    """As a browser writes a pen's points: with all digits, and the pressure at each one."""
    chance = random.Random(2)
    points = [[chance.uniform(-900, 900), chance.uniform(-900, 900)] for _ in range(1000)]
    stroke = {"type": "freedraw", "points": points, "pressures": [p[0] / 900 for p in points]}
    text = json.dumps(stroke, separators=(",", ":")).encode()
    scene = b'{"elements":[' + b",".join([text] * (19_900_000 // len(text))) + b"]}"
    assert 19_000_000 < len(scene) < LARGE
    assert is_accepted(scene)


def test_structure_in_texts_is_no_value() -> None:
    scene = b'{"a":"' + b"[{," * (MOST_VALUES // 3) + b'"}'
    assert is_accepted(scene)


@pytest.mark.parametrize("opening", [b"[", b'{"":', b'[{"":'])
def test_what_is_too_deep_is_left_to_postgresql(opening: bytes) -> None:
    """It refuses at a small fraction of this depth."""
    assert is_accepted(opening * (9_000_000 // len(opening)))


# Linear whatever is in the body

#: What would make an inspection that goes back and forth take for ever.
PUMPED: dict[str, tuple[bytes, bytes]] = {
    "an open text of escaped quotes": (b"[" + b"1e99999," * 100 + b'"', rb"\""),
    "an open text of backslashes": (b"[" + b"1e99999," * 100 + b'"', rb"\\"),
    "an odd number of backslashes": (b"[" + b"1e99999," * 100 + b'"' + b"\\", rb"\\"),
    "quotes": (b"1e99999," * 100, b'"'),
    "empty texts": (b"[" + b"1e99999," * 100, b'"",'),
    "zeros of an exponent": (b"[" + b"1e99999," * 100 + b"1e", b"0"),
    "exponents": (b"[" + b"1e99999," * 100, b"0e0"),
    "digits": (b"[" + b"1e99999," * 100, b"9"),
    "signs and dots": (b"[" + b"1e99999," * 100, b"-.+"),
    "open objects": (b"", b'{"":'),
    "closed objects": (b'{"":' * 50_000, b"}"),
    "braces": (b"", b"{}"),
    "open braces": (b"", b"{"),
    "colons": (b"", b":"),
    "objects with as many members as are not counted": (b"", b"{" + b":" * 100),
    "nearly closed objects": (b"", b'{"":[],'),
    "blanks": (b"[" + b"1e99999," * 100, b" "),
}


@contextmanager
def counted_work() -> Iterator[Callable[[], int]]:
    """Count the lines of `complexity` that run in this thread."""
    lines = 0

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal lines
        if frame.f_code.co_filename != json_complexity.__file__:
            return None
        lines += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        yield lambda: lines
    finally:
        sys.settrace(before)


def work(text: bytes) -> tuple[int, int]:
    """The lines that inspecting a text runs, and the bytes of the pieces that are inspected."""
    looked_at = 0

    class Watched(bytes):
        """Bytes that count what is taken out of them."""

        def __getitem__(self, key: Any) -> Any:
            nonlocal looked_at
            piece = super().__getitem__(key)
            looked_at += len(piece)
            return piece

    with counted_work() as lines:
        is_accepted(Watched(text))
        return lines(), looked_at


@pytest.mark.parametrize("kind", PUMPED)
def test_looking_at_twice_as_much_is_at_most_twice_the_work(kind: str) -> None:
    """Each piece is inspected a few times, and none gets longer with the body."""
    begin, pumped = PUMPED[kind]
    once, twice = (work(begin + pumped * (size // len(pumped))) for size in (1_100_000, 2_200_000))
    assert twice[0] <= 2.1 * once[0] + 100
    assert once[1] <= 6 * 1_300_000
    assert twice[1] <= 2.1 * once[1] + 1_000_000


def test_no_expression_goes_back_and_forth() -> None:
    """Each on 200,000 characters of what it likes best; a quadratic one would take minutes."""
    names = ["_EXPONENT", "_SMALL_OBJECT", "_BRACE_OR_COLONS", "_UNCUT"]
    program = """if True:
        import resource
        from padws import json_complexity
        resource.setrlimit(resource.RLIMIT_CPU, (10, 10))
        for begin, pumped in PUMPED:
            text = begin + pumped * (200_000 // len(pumped))
            for name in NAMES:
                getattr(json_complexity, name).sub(b"", text)
            json_complexity.check_complexity(text[:60_000], 20_000_000)
    """
    for name, value in (("NAMES", names), ("PUMPED", list(PUMPED.values()))):
        program = program.replace(name, repr(value))
    subprocess.run([sys.executable], input=program.encode(), check=True)
