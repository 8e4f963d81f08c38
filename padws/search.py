"""What a person types into a search box, as regular expressions for PostgreSQL.

Its own comparisons of cases depend on the locale that a database was made with; these do not.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from collections import defaultdict
from functools import cache

_MOST_WORDS = 10
_LAST = 0x1E943  # the last letter that has another case
_LONGEST_FOLDED = 3  # letters that one letter becomes when its case is ignored: ß, ﬃ

_BETWEEN_WORDS = re.compile(r"[\s\x00-\x1f\x7f]+")  # among them NUL, which no text contains


def words_of(query: str) -> list[str]:
    """A pattern for each word, in any case: the text contains it."""
    found = [word for word in _BETWEEN_WORDS.split(query) if word]
    return [_pattern(word) for word in dict.fromkeys(found)][:_MOST_WORDS]


def _pattern(word: str) -> str:
    folded = unicodedata.normalize("NFC", word).casefold()
    parts, at = list[str](), 0
    while at < len(folded):
        length, part = _part(folded, at)
        parts.append(part)
        at += length
    return "".join(parts)


def _part(folded: str, at: int) -> tuple[int, str]:
    """A pattern for the next letter of a word, and how many letters of it that stands for."""
    for length in range(_LONGEST_FOLDED, 1, -1):
        piece = folded[at : at + length]
        if len(piece) == length and piece in _cases():
            spelt_out = "".join(map(_letter, piece))
            return length, f"(?:{spelt_out}|[{_cases()[piece]}])"
    return 1, _letter(folded[at])


def _letter(letter: str) -> str:
    """A pattern for a letter in any case, its accent with it or after it."""
    one = f"[{letter}{_cases()[letter]}]" if letter in _cases() else _plain(letter)
    apart = unicodedata.normalize("NFD", letter)
    if apart == letter:
        return one
    marks = "".join(map(_plain, apart[1:]))
    return f"(?:{one}|{_letter(apart[0])}{marks})"


def _plain(character: str) -> str:
    """The character itself; a letter after a backslash would mean something."""
    return character if character.isalnum() or not character.isascii() else f"\\{character}"


@cache
def _cases() -> dict[str, str]:
    """What letters are when case is ignored -> the others that become that."""
    found = defaultdict[str, str](str)
    for letter in map(chr, range(min(_LAST, sys.maxunicode) + 1)):
        folded = letter.casefold()
        if folded != letter:
            found[folded] += letter
    return dict(found)
