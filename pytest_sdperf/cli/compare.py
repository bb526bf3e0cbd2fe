"""`sdperf compare`: two JSON reports."""

from __future__ import annotations

import click

from pytest_sdperf.cli.streams import read_report, screen

_HONEST = (
    "Medians of the processes of each run, bounds from how far these differ within a run. Two runs of one program, at "
    "other hours or on other hosts, differ by more than that: this describes the difference and decides nothing. "
    "To decide, compare side by side: pytest --sdperf --sdperf-against=REV."
)


@click.command(short_help="Compare two JSON reports.")
@click.argument("before", metavar="A.json")
@click.argument("after", metavar="B.json")
def compare(before: str, after: str) -> None:
    """Compare two JSON reports (pytest --sdperf --sdperf-json=PATH), case by case.

    Latency with the bounds of its change, picture, proof, memory, stages, kernels and environment. Cases of another
    machine, model, scheduler or workload are named, and their latency and memory are not compared. `-` is stdin.

    \b
    Examples:
      sdperf compare main.json branch.json
      git show main:results.json | sdperf compare - results.json

    Exit code 1 where not a single case can be compared; a slower case is not an error, for this decides nothing.
    """
    from pytest_sdperf.cli.pages.changes_page import Compared, Sides, render
    from pytest_sdperf.report.two_reports import two_reports

    if before == after == "-":
        raise click.UsageError("Only one of the two can be read from stdin.")
    here = screen()
    found = two_reports(read_report(before), read_report(after))
    sides = Sides(
        before, after, [Compared(c.changes, c.more) for c in found.cases], found.only_before, found.only_after
    )
    here.show(render(sides, honest=_HONEST, width=here.width, colour=here.colour))
    if not sides.comparable:
        click.get_current_context().exit(1)
