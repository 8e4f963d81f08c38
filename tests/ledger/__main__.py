"""`python -m tests.ledger`: a hundred people draw for weeks, and nothing promised is lost."""

from __future__ import annotations

import sys
import time
from collections import Counter

import click

from tests.helpers import people
from tests.ledger.people import Somebody, live
from tests.ledger.place import damaged, running_place, trouble

_REPORT_EVERY = 15.0  # seconds


@click.command()
@click.option("--minutes", type=float, default=60.0, show_default=True, help="How long.")
@click.option("--seed", default="1", show_default=True, help="Who does what.")
@click.option("--people", "number", default=100, show_default=True, help="How many draw.")
@click.option(
    "--trouble-every", default=20.0, show_default=True, help="Seconds between two faults."
)
def main(minutes: float, seed: str, number: int, trouble_every: float) -> None:
    """Let people draw while workers are killed and connections cut; then look for every state.

    Rows are aged in the database, so that minutes are weeks. The exit code is 1 if anything that
    the contract promises to keep is missing or came back as something else.
    """
    click.echo("Starting PostgreSQL, Redis, a sign-in provider and padws …")
    with running_place() as place:
        signed_in = people.sign_in_all(place.url, [f"person-{n}" for n in range(number)])
        everybody = [
            Somebody(place.url, person, place.database_url, f"{seed} {n}")
            for n, person in enumerate(signed_in)
        ]
        goes_on = _until(time.monotonic() + minutes * 60, everybody)
        with trouble(place, seed, trouble_every) as faults:
            live(everybody, goes_on)
        wrong = _wrong(everybody) + damaged(place)
    click.echo("\n".join([f"Faults: {dict(Counter(faults))}. {_so_far(everybody)}", *wrong]))
    sys.exit(1 if wrong else 0)


class _until:  # noqa: N801 - read as a function
    """Whether there is time left; says how it goes."""

    def __init__(self, deadline: float, everybody: list[Somebody]):
        self._deadline, self._everybody = deadline, everybody
        self._reported = time.monotonic()

    def __call__(self) -> bool:
        now = time.monotonic()
        if now > self._reported + _REPORT_EVERY:
            self._reported = now
            left = max(0.0, self._deadline - now) / 60
            so_far = f"{left:.1f} minutes left. {_so_far(self._everybody)}"
            click.echo("\n".join([so_far, *_wrong(self._everybody)]))
        return now < self._deadline


def _wrong(everybody: list[Somebody]) -> list[str]:
    return [f"WRONG: {each}" for somebody in everybody for each in somebody.wrong]


def _so_far(everybody: list[Somebody]) -> str:
    done = sum((somebody.done for somebody in everybody), Counter[str]())
    hours = done.pop("hours", 0)
    return f"{hours / 168:.0f} weeks drawn, done: {dict(sorted(done.items()))}"


if __name__ == "__main__":
    main()
