"""The ledger's short form: few people, some weeks; `python -m tests.ledger` is the long one."""

from __future__ import annotations

import random
from itertools import count
from pathlib import Path

from tests.helpers import people
from tests.ledger.people import Somebody, live
from tests.ledger.place import cut_connections, damaged, kill_a_worker, place_of

_ROUNDS = 12
_FAULTS = {4: kill_a_worker, 8: cut_connections}  # and before which round


def test_every_state_that_is_promised_is_found_and_comes_back(
    environment: dict[str, str], tmp_path: Path
) -> None:
    with place_of(environment["DATABASE_URL"], environment, tmp_path / "log") as place:
        everybody = [
            Somebody(place.url, person, place.database_url, f"short {n}")
            for n, person in enumerate(people.sign_in_all(place.url, ["alice", "bob"]))
        ]
        rounds = count()

        def go_on() -> bool:
            number = next(rounds)
            if number in _FAULTS:
                _FAULTS[number](place, random.Random(number))
            return number < 2 * _ROUNDS

        live(everybody, go_on, threads=2)
        assert damaged(place) == []
    assert [each for somebody in everybody for each in somebody.wrong] == []
    assert sum(somebody.done["states checked"] for somebody in everybody) > 5
