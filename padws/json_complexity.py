"""How much work a JSON body would be for PostgreSQL, determined before PostgreSQL sees it.

`jsonb` prints `1e99999` with all its zeros, sorts the members of each object with a quicksort that
some orders make quadratic and nothing can stop, and takes over a kilobyte of memory for each `{}`.
Every check here takes time in proportion to the body, whatever is in it, and most bodies need only
the first: how often a character occurs. The bodies need not be JSON. Up to the first mistake this
reads them as PostgreSQL does, and PostgreSQL reads no further. What nests too deeply is refused by
PostgreSQL itself, and by the decoder in `http.bodies.split_object`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from padws.errors import TooLarge, Unprocessable

#: The most members of one object, each counted even if names repeat.
MOST_MEMBERS = 8_000

# No shorter body has markedly more members with different names.
_NEVER_TOO_MANY_MEMBERS = 8 * MOST_MEMBERS

# The most comparisons to sort the members of all objects: a tenth of a second's work.
_MOST_COMPARISONS = 2 * MOST_MEMBERS**2

# Objects with so few members are sorted about as fast as they are read.
_FEW_MEMBERS = 100

#: The most values of a body, where an array counts as three and an object as eight: PostgreSQL
#: takes about 160 bytes for each while it reads them. Twenty megabytes of freehand strokes, with
#: all the digits that a browser gives their points, have 2.6 million.
MOST_VALUES = 3_000_000

# `{},` weighs nine, in three bytes: nothing shorter than this can have too many values.
_NEVER_TOO_MANY_VALUES = MOST_VALUES // 3

_PIECE = 65_536  # bytes that are scanned at once, so that a large body is not copied whole


# Deeper than any server's stack goes: PostgreSQL has refused it by then.
_DEEPEST = 200_000


def check_complexity(text: bytes, limit: int) -> None:
    """Refuse JSON that would take too long to sort, too much memory, or too many bytes printed.

    Raises TooLarge if its numbers, written out, take more than `limit` bytes; else Unprocessable.
    """
    if _may_be_longer(text, limit) and _is_longer(text, limit):
        raise TooLarge("body_too_large", f"Written out, its numbers take more than {limit} bytes.")
    if len(text) > _NEVER_TOO_MANY_VALUES and _values(text) > MOST_VALUES:
        _check_values(text)
    if len(text) > _NEVER_TOO_MANY_MEMBERS and text.count(b":") > MOST_MEMBERS:
        _check_members(text)


# Numbers

_LONGEST_NUMBER = 131_072  # digits that PostgreSQL's numeric has before the point, at most
_DIGITS_AND_EXPONENTS = bytes(
    ord("0") if chr(c) in "0123456789+-" else ord("e") if chr(c) in "eE" else ord(" ")
    for c in range(256)
)
_IN_NUMBERS = b"0123456789eE+-.,:"  # and between them
_EXPONENT = re.compile(rb"[0-9][eE][+-]?0*+([1-9][0-9]*+)")


def _may_be_longer(text: bytes, limit: int) -> bool:
    """Whether it is worth a closer look; usually it is not."""
    at_most = len(text) + _LONGEST_NUMBER * _count(text, b"0e0000")
    # Any other exponent takes at least five bytes for every thousand that it stands for.
    if at_most + 200 * len(text) > limit:
        at_most += 999 * _count(text, b"0e0")
    return at_most > limit


def _count(text: bytes, mark: bytes) -> int:
    """How often `mark` occurs when digits read as 0 and exponents as e; never copies it whole."""
    found = 0
    for at in range(0, len(text), _PIECE):
        piece = text[at : at + _PIECE + len(mark) - 1].translate(_DIGITS_AND_EXPONENTS)
        if piece.rfind(mark) >= 0:  # faster than `count` where there is none
            found += piece.count(mark)
    return found


def _is_longer(text: bytes, limit: int) -> bool:
    """Whether `text` with its exponents written out takes more than `limit` bytes."""
    size = len(text)
    for piece in _outside_strings(text, _IN_NUMBERS):
        for exponent in _EXPONENT.findall(piece):
            size += int(exponent) if len(exponent) < 7 else _LONGEST_NUMBER
        if size > limit:
            return True
    return False


# Values and members

_SMALL_OBJECT = re.compile(rb"\{:{0,%d}+\}" % _FEW_MEMBERS)
_BRACE_OR_COLONS = re.compile(rb"[{}]|:++")


def _check_values(text: bytes) -> None:
    """Raise Unprocessable if there are too many values."""
    values = depth = 0
    for piece in _outside_strings(text, b",[]{}"):
        values += _values(piece)
        if values > MOST_VALUES:
            raise Unprocessable("too_complex", "There are more values than in any drawing.")
        depth += piece.count(b"[") + piece.count(b"{") - piece.count(b"]") - piece.count(b"}")
        if depth > _DEEPEST:
            return


def _values(text: bytes) -> int:
    """An upper bound of the number of values, weighted."""
    return text.count(b",") + 3 * text.count(b"[") + 8 * text.count(b"{")


def _check_members(text: bytes) -> None:
    """Raise Unprocessable if objects have too many members."""
    outer: list[int] = []  # how many members the objects around this one have so far
    members = comparisons = 0
    for mark in _braces_and_colons(text):
        if mark == b"{":
            outer.append(members)
            members = 0
        elif mark != b"}":
            members += len(mark)
        elif not outer:  # not JSON from here on
            return
        else:
            comparisons += members**2 if members > _FEW_MEMBERS else 0
            members = outer.pop()
        if len(outer) > _DEEPEST:
            return
        if members > MOST_MEMBERS or comparisons > _MOST_COMPARISONS:
            raise Unprocessable(
                "too_complex",
                f"An object may have {MOST_MEMBERS} members, and only a few may have so many.",
            )


def _braces_and_colons(text: bytes) -> Iterator[bytes]:
    """The braces, and the colons between them in one; small objects without others are left out."""
    for piece in _outside_strings(text, b"{}:"):
        yield from _BRACE_OR_COLONS.findall(_SMALL_OBJECT.sub(b"", piece))


# Numbers and escapes: a text is not cut within them, or right after.
_UNCUT = re.compile(rb"[\\0-9eE.+-]*+")


def _cut(text: bytes, at: int) -> int:
    """Where a text may be cut, from `at` on: not within an escape or a number."""
    end = max(at, _UNCUT.match(text, at - 1).end())  # type: ignore[union-attr]  # it may be empty
    return end + text.endswith(b"\\", 0, end)


def _outside_strings(text: bytes, kept: bytes) -> Iterator[bytes]:
    """The bytes of a text that are among `kept` and outside strings, in pieces."""
    dropped = bytes(c for c in range(256) if c not in kept + b'"')
    inside = begin = 0
    while begin < len(text):
        end = _cut(text, begin + _PIECE)
        unescaped = text[begin:end].replace(rb"\\", b"").replace(rb"\"", b"")
        if not inside or b'"' in unescaped:  # else all of it is in the middle of a string
            # Between two quotation marks side by side there is nothing, in a string or outside.
            parts = unescaped.translate(None, dropped).replace(b'""', b"").split(b'"')
            yield b"".join(parts[inside::2])
            inside ^= (len(parts) - 1) % 2
        begin = end
