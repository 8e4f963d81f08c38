"""The report: one table in Markdown, the same as JSON with every run, and a plot."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import orjson

from bench.figures import (
    Figure,
    of_work,
    services,
    share_idle,
    share_of_load,
    share_of_others,
    spread,
)
from bench.measuring import Measured, Round
from bench.plot import plot
from bench.works import Work

# Of the CPU that a run takes; with more, it is the load generator that is measured.
_MOST_LOAD = 1 / 3
_NOTEWORTHY = 0.1  # of the machine's CPU


@dataclass
class Report:
    """Rows of a table and what they were measured on; `baseline` names the column beside them."""

    title: str
    notes: list[str]
    baseline: str = "floor"
    figures: list[Figure] = field(default_factory=list)
    runs: dict[str, Sequence[Round]] = field(default_factory=dict)

    def add(self, *figures: Figure) -> None:
        """Append rows."""
        self.figures += figures

    def add_work(self, work: Work, rounds: Sequence[Round]) -> None:
        """Append the rows of one kind of work."""
        self.runs[work.name] = rounds
        self.add(*of_work(work, rounds))

    def void(self) -> list[str]:
        """The figures that measure the load generator instead of the service."""
        return self._where(share_of_load, _MOST_LOAD)

    def markdown(self) -> str:
        """The table, and what it was measured on."""
        head = f"| figure | measured | {self.baseline} | ratio | target | |"
        rows = [_row(each) for each in self.figures]
        notes = [f"- {note}" for note in [*self.notes, *self._circumstances()]]
        ruler = "| --- | --- | --- | --- | --- | --- |"
        return "\n".join([f"# {self.title}", "", head, ruler, *rows, "", *notes, ""])

    def write(self, directory: Path) -> None:
        """Write report.md and report.json, and report.svg where there are runs to plot."""
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "report.md").write_text(self.markdown())
        (directory / "report.json").write_bytes(self._json())
        if self.runs:
            (directory / "report.svg").write_text(plot(self.runs))

    def _json(self) -> bytes:
        content = {
            "title": self.title,
            "notes": [*self.notes, *self._circumstances()],
            "figures": [asdict(each) for each in self.figures],
            "void": self.void(),
            "runs": {
                name: [
                    {"service": asdict(each.service), "floor": each.floor and asdict(each.floor)}
                    for each in rounds
                ]
                for name, rounds in self.runs.items()
            },
        }
        return orjson.dumps(content, option=orjson.OPT_INDENT_2)

    def _circumstances(self) -> list[str]:
        """What a reader needs to know to trust the runs, or not."""
        if not self.runs:
            return []
        kinds: Mapping[str, Callable[[Measured], float]] = {
            "taken by other programs": share_of_others,
            "idle, as if waiting for the disk": share_idle,
        }
        return [
            f"More than {_NOTEWORTHY:.0%} of the machine {kind} during: "
            f"{', '.join(self._where(share, _NOTEWORTHY)) or 'nothing'}."
            for kind, share in kinds.items()
        ] + [f"VOID, because wrk took that much of the CPU: {each}." for each in self.void()]

    def _where(self, share: Callable[[Measured], float], limit: float) -> list[str]:
        """The kinds of work in whose runs a share is above a limit, with the share."""
        shares = {
            name: spread(services(rounds), share).median for name, rounds in self.runs.items()
        }
        return [f"{name} ({each:.0%})" for name, each in shares.items() if each > limit]


def _row(figure: Figure) -> str:
    ratio = "" if figure.ratio is None else f"{figure.ratio:.2f}"
    verdict = {None: "", True: "met", False: "**missed**"}[figure.met]
    cells = (figure.name, figure.measured, figure.floor, ratio, figure.target, verdict)
    return f"| {' | '.join(cells)} |"
