"""What it saves that pictures are kept apart and that small saves send what has changed alone."""

from __future__ import annotations

from bench.editors import SMALL, WHOLE, WITH_PICTURES, figure_at_target
from bench.hour import figures_of_an_hour
from bench.machine import describe, sizes
from bench.report import Report
from bench.stand import serving, started_servers
from bench.starting import figures_of_memory
from bench.table import SECONDS, rounds
from bench.works import ILLUSTRATORS, SAVINGS


def run() -> Report:
    """Measure all of it. Raises ClickException if a round is void."""
    with started_servers() as servers:
        with serving(servers) as stand:
            report = Report("Pictures, small saves, many people", describe(stand), "bare SQL")
            results = rounds(stand, SAVINGS, SECONDS)
            for work in SAVINGS:
                report.add_work(work, results[work.name])
            report.add(*figures_of_an_hour(stand))
            report.notes.append(sizes(stand))
            report.add(*(figure_at_target(stand, each) for each in (WHOLE, SMALL, WITH_PICTURES)))
        report.add(*figures_of_memory(servers, ILLUSTRATORS))
    return report
