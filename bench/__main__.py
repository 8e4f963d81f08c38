"""`make bench`: measure, print the table, and keep it."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from bench import editors, growth, savings, table
from padws.config import ROOT


@click.command()
@click.option("--quick", is_flag=True, help="What has a target, in a minute.")
@click.option("--growth", "grow", is_flag=True, help="A thousand pads against a million.")
@click.option("--editors", "draw", is_flag=True, help="How many people can draw at once.")
@click.option("--small", is_flag=True, help="With --editors: they save what has changed alone.")
@click.option("--pictures", is_flag=True, help="With --editors: their pads have 5 MB of pictures.")
@click.option("--savings", "save", is_flag=True, help="What pictures apart and small saves save.")
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    default=ROOT / ".bench",
    show_default=True,
    help="Where report.md, report.json and report.svg go.",
)
def main(
    quick: bool,
    grow: bool,
    draw: bool,
    small: bool,
    pictures: bool,
    save: bool,
    output: Path,
) -> None:
    """Measure padws beside bare SQL on this machine.

    With --growth, --editors or --savings, that instead. The database is an embedded one unless the
    environment names one, which must be empty. A broken measurement ends with exit code 1; a
    target that is missed does not.
    """
    if not sys.platform.startswith("linux"):
        raise click.ClickException("The benchmark reads CPU times from /proc, so it needs Linux.")
    if grow:
        report = growth.run()
    elif draw:
        with_pictures = editors.WITH_PICTURES if pictures else editors.WHOLE
        report = editors.run(editors.SMALL if small else with_pictures)
    elif save:
        report = savings.run()
    else:
        report = table.run(quick)
    report.write(output)
    click.echo(f"\n{report.markdown()}\nKept in {output}.")
    if report.void():
        sys.exit(1)


if __name__ == "__main__":
    main()
