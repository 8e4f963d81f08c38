"""The ids of new rows."""

from __future__ import annotations

import time
from uuid import RFC_4122

from padws.uuid7 import uuid7


def test_an_id_is_of_version_7_and_says_when_it_was_made() -> None:
    before = time.time_ns() // 1_000_000
    made = [uuid7() for _ in range(1000)]
    after = time.time_ns() // 1_000_000
    assert {(each.version, each.variant) for each in made} == {(7, RFC_4122)}
    assert all(before <= each.int >> 80 <= after for each in made)


def test_all_other_bits_are_random() -> None:
    made = [uuid7().int for _ in range(1000)]
    assert len({each & (1 << 62) - 1 for each in made}) == len(made)
    always, ever = (1 << 80) - 1, 0
    for each in made:
        always, ever = always & each, ever | each
    fixed = always | ~ever
    assert fixed & (1 << 80) - 1 == 0xF000 << 64 | 3 << 62
