"""What is typed into a search box becomes patterns that find it and nothing else."""

from __future__ import annotations

import re

import pytest

from padws.search import words_of

FOUND = [
    ("plan", "The PLAN of it"),
    ("PLAN", "planning"),
    ("Größe", "GRÖSSE"),
    ("grösse", "Größe"),
    ("gro\u0308ße", "größe"),
    ("größe", "gro\u0308ße"),
    ("ÉCOLE", "école"),
    ("σοφος", "ΣΟΦΟΣ"),
    ("ΣΟΦΟΣ", "σοφος"),
    ("fi", "ﬁle"),
    ("ǆ", "ǅ"),
    ("İ", "i\u0307"),
    ("שלום", "אמר שלום"),
    ("سلام", "السلام"),
    ("漢字", "これは漢字です"),
    ("🎉", "party 🎉🎉"),
    ("👩‍💻", "x👩‍💻y"),
    ("100%", "at 100%"),
    (r"\d", r"\d+"),
    ("a.b*", "A.B*C"),
    ("[x](y|z){2}^$", "[X](Y|Z){2}^$"),
    ("-", "a-b"),
    ("'';--", "x'';--"),
]
NOT_FOUND = [
    ("plan", "p l a n"),
    ("ecole", "école"),
    ("%", "anything"),
    ("_", "anything"),
    (".", "anything"),
    (r"\d", "7"),
    ("a.b", "axb"),
    ("a|b", "a"),
    ("[ab]", "a"),
]


@pytest.mark.parametrize(("query", "text"), FOUND)
def test_a_word_is_found_in_any_case(query: str, text: str) -> None:
    (pattern,) = words_of(query)
    assert re.search(pattern, text)


@pytest.mark.parametrize(("query", "text"), NOT_FOUND)
def test_nothing_in_a_word_means_anything(query: str, text: str) -> None:
    (pattern,) = words_of(query)
    assert not re.search(pattern, text)


def test_words_are_told_apart_and_bounded() -> None:
    assert len(words_of(" one\ttwo\0three\u2003one ")) == 3
    assert words_of(" \0\n") == []
    assert len(words_of(" ".join(map(str, range(100))))) == 10
