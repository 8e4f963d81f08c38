"""Bodies that an attacker or a broken program might send: the same for each seed."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from random import Random
from typing import Any

NUMBERS = [
    *(
        "0",
        "-0",
        "-0.0",
        "1e5",
        "1E+5",
        "1e-5",
        "0.1",
        "1e308",
        "1e309",
        "-1e400",
        "5e-324",
        "1e-400",
    ),
    *("9007199254740993", "18446744073709551616", "-9223372036854775809", "0.30000000000000004"),
    *("9" * 400, "0." + "0" * 300 + "1", "1e1000", "1e131071", "1e131072", "1e-16383", "1e-16384"),
    *("01", "+1", ".5", "1.", "1e", "0x1F", "1_000", "NaN", "Infinity", "-Infinity", "-", "--1"),
]
STRINGS = [
    *('""', '" "', '"null"', '"__proto__"', '"ä"', '"漢字"', '"😀"', '"\U0010ffff"', '"\ufeff"'),
    *('"\\ud83d\\ude00"', '"\\uFFFF"', '"\\u2028"', '"\\/"', '"\\u0041"', '"\x7f"', '"\u202e"'),
    *('"\\u0000"', '"\\ud800"', '"\\udc00x"', '"\\ud800\\ud800"', '"\\x41"', '"\\u12"', '"\t"'),
    *('"a\nb"', '"', "'a'", '"\\"', '"%s$1:name"', '"</script>"', '"\'; DROP TABLE x; --"'),
]
WORDS = ["true", "false", "null", "True", "nul", "undefined", "", "//", "/**/", "{}", "[]"]
KEYS = ["elements", "appState", "files", "pad", "uniqueId", "displayName", "id", "", "__proto__"]


def scene_text(random: Random) -> str:
    """The text of something like a scene: often a good one, often nearly one."""
    members = [
        f'"{key}": {_value(random, 3)}' for key in random.choices(KEYS, k=random.randint(0, 5))
    ]
    if random.random() < 0.5:
        members.append(f'"elements": [{_list(random, 2)}]')
    if random.random() < 0.3:
        members.append(f'"appState": {{"pad": {_value(random, 1)}, "zoom": {_value(random, 1)}}}')
    random.shuffle(members)
    return "{" + ", ".join(members) + "}"


def _value(random: Random, depth: int) -> str:
    kind = random.random()
    if depth and kind < 0.25:
        return f"[{_list(random, depth - 1)}]"
    if depth and kind < 0.5:
        pairs = (
            f"{_key(random)}: {_value(random, depth - 1)}" for _ in range(random.randint(0, 4))
        )
        return "{" + ", ".join(pairs) + "}"
    if kind < 0.52:
        return _deep(random)
    if kind < 0.54:
        return (
            '"' + random.choice(["x", "ä", "\\n", "\\u00e9"]) * random.choice([10, 100_000]) + '"'
        )
    # Most are good ones, which come first in their lists: one bad value spoils a whole scene.
    source, good = random.choice([(NUMBERS, 16), (STRINGS, 16), (WORDS, 3)])
    return random.choice(source[:good] if random.random() < 0.97 else source)


def _list(random: Random, depth: int) -> str:
    return ", ".join(_value(random, depth) for _ in range(random.randint(0, 5)))


def _key(random: Random) -> str:
    chance = random.random()
    if chance < 0.9:
        return f'"{random.choice(KEYS)}"'
    if chance < 0.98:
        return random.choice(STRINGS[:16])
    return random.choice(['"' + "k" * 100_000 + '"', "1", "null", "a", '"\\u0000"'])


def _deep(random: Random) -> str:
    levels = random.choice([10, 300, 300, 100_000])
    opening, closing = random.choice([("[", "]"), ('{"a":', "}")])
    inner = "1" if opening != "[" else ""
    return opening * levels + inner + closing * levels


def _cut(random: Random, body: bytes) -> bytes:
    return body[: random.randint(0, len(body))]


def _change(random: Random, body: bytes) -> bytes:
    at = random.randint(0, len(body))
    return body[:at] + random.randbytes(random.randint(1, 3)) + body[at + random.randint(0, 3) :]


def _repeat(random: Random, body: bytes) -> bytes:
    start = random.randint(0, len(body))
    end = min(len(body), start + random.randint(1, 50))
    return body[:end] + body[start:end] * random.randint(1, 3) + body[end:]


def _encode(random: Random, body: bytes) -> bytes:
    codec = random.choice(["utf-16", "utf-32", "utf-8-sig", "latin-1", "utf-7"])
    return body.decode("utf-8").encode(codec, errors="replace")


def _insert(random: Random, body: bytes) -> bytes:
    at = random.randint(0, len(body))
    piece = random.choice(
        [b"\x00", b"\xff", b"\xed\xa0\x80", b"\xc0\x80", b"\xef\xbb\xbf", b"\\u0000"]
    )
    return body[:at] + piece + body[at:]


SPOILERS: list[Callable[[Random, bytes], bytes]] = [_cut, _change, _repeat, _encode, _insert]


def hostile_body(seed: int) -> bytes:
    """A body: as generated in two cases of three, spoilt in the third."""
    random = Random(seed)
    body = scene_text(random).encode("utf-8", errors="surrogatepass")
    return random.choice(SPOILERS)(random, body) if random.random() < 1 / 3 else body


# What should happen to it


def exactly(text: bytes) -> Any:
    """JSON read strictly and without losing a digit, its NULs and lone surrogates refused as well.

    Raises ValueError or RecursionError if it cannot be, also if a member replaces another.
    """
    return json.loads(
        text.decode("utf-8"),
        parse_int=Decimal,
        parse_float=Decimal,
        parse_constant=_refuse,
        object_pairs_hook=_members,
    )


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if not all(can_be_kept(each) for pair in pairs for each in pair):
        raise ValueError("PostgreSQL keeps no such member")
    return dict(pairs)


def _refuse(word: str) -> Any:
    raise ValueError(word)


def is_scene(value: Any) -> bool:
    """The contract's rule for a scene."""
    if not isinstance(value, dict) or not value:
        return False
    app_state = value.get("appState", {})
    return isinstance(app_state, dict) and isinstance(app_state.get("pad", {}), dict)


def can_be_kept(value: Any) -> bool:
    """Whether PostgreSQL keeps it: no character 0, no lone surrogate, no number out of range.

    The contents of an object were checked when it was read.
    """
    if isinstance(value, list):
        return all(map(can_be_kept, value))
    if isinstance(value, str):
        return not any(c == "\0" or 0xD800 <= ord(c) < 0xE000 for c in value)
    if isinstance(value, Decimal):
        _, digits, exponent = value.as_tuple()
        assert isinstance(exponent, int)
        return exponent >= -16_383 and len(digits) + exponent <= 131_072
    return True
