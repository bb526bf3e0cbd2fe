"""The report for a terminal: one table like the blog post's, then what must be said, then what failed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from io import StringIO
from typing import TYPE_CHECKING

from pytest_sdperf.baseline import MAX_RUNS, Baseline, level_s
from pytest_sdperf.report.columns import GAP, Column, columns, common_workload, fitting
from pytest_sdperf.report.failure import section
from pytest_sdperf.report.failures import failures
from pytest_sdperf.report.finding_text import sentence as finding_sentence
from pytest_sdperf.report.outcome import Outcome, Report
from pytest_sdperf.report.plain import plain
from pytest_sdperf.report.rows import Row, rows
from pytest_sdperf.units import format_seconds, format_share
from pytest_sdperf.verdict.parts import NEED_BASELINE
from pytest_sdperf.verdict.status import FAILING, WARNING, Status

if TYPE_CHECKING:
    from rich.table import Table

_LONGEST_LINE = 1000
_LONGEST_NAME = 80

_STYLES = {
    Status.PASSED: "green",
    Status.FASTER: "bold green",
    **dict.fromkeys(WARNING, "yellow"),
    Status.NOT_JUDGED: "dim",
    **dict.fromkeys(FAILING, "bold red"),
}


def render(report: Report, *, width: int, colour: bool, verbosity: int = 0) -> str:
    """The report as text; no line of the table is wider than ``width`` cells, and no word needs its colour.

    Notes and failures stay on one line each, however long, so that they can be searched for.

    ``verbosity`` is pytest's: below 0 (``-q``) says nothing more of what passed than the table does, but all of what
    failed, is undecided or was recorded; above (``-v``) lists every part of what passed, as a failure's section does.
    """
    from rich.cells import cell_len
    from rich.console import Console
    from rich.text import Text

    # The empty environment keeps NO_COLOR, COLUMNS and their like out: the caller has decided.
    console = Console(
        file=StringIO(), width=width, force_terminal=colour, color_system="standard" if colour else None,
        highlight=False, markup=False, emoji=False, legacy_windows=False, _environ={},
    )  # fmt: skip
    with console.capture() as capture:
        made = rows(report)
        if made:
            title = common_workload(made)
            console.print(
                Text(f"sdperf: {title}" if title else "sdperf", style="bold"), overflow="ellipsis", no_wrap=True
            )
            console.print(_table(made, fitting(columns(made), width, cell_len)))
        else:
            console.print("Nothing was measured.")
        for line in _recorded(report.outcomes):
            console.print(Text(line, style="bold yellow"), soft_wrap=True)
        for status, line in _told(report.outcomes, passed=verbosity == 0):
            console.print(Text(line, style=_STYLES[status]), soft_wrap=True)
        for outcome in report.outcomes if verbosity > 0 else ():
            if outcome.verdict is not None and outcome.verdict.passed:
                console.print(Text(f"\n{section(outcome)}\n"), soft_wrap=True)
        for note in report.notes:
            console.print(Text(f"NOTE {plain(note, _LONGEST_LINE)}", style="yellow"), soft_wrap=True)
        for failed in failures(report):
            line = f"FAILED {failed.sentence} [{plain(failed.source.nodeid)}]"
            console.print(Text(line, style="red"), soft_wrap=True)
    return "\n".join(line.rstrip() for line in capture.get().splitlines()) + "\n"


def _table(made: Sequence[Row], kept: Sequence[Column]) -> Table:
    from rich import box
    from rich.cells import cell_len
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, GAP - 1, 0, 0), header_style="bold")
    for column in kept:
        table.add_column(
            Text(column.heading),
            justify="right" if column.right else "left",
            no_wrap=True,
            overflow="ellipsis",
            min_width=column.width(cell_len),  # they fit, and none makes room for another
        )
    for row, cells in zip(made, zip(*(c.cells for c in kept), strict=True), strict=True):
        style = "bold red" if row.is_error else _STYLES[row.status] if row.status else ""
        table.add_row(*(Text(t, style=style if c.name == "verdict" else "") for c, t in zip(kept, cells, strict=True)))
    return table


def _told(outcomes: Sequence[Outcome], *, passed: bool) -> Iterator[tuple[Status, str]]:
    """Of cases that passed: what stayed undecided, and where ``passed``, what was measured side by side."""
    for outcome in outcomes:
        if outcome.verdict is None or not outcome.verdict.passed:
            continue
        for finding in outcome.verdict.findings:
            is_paired = outcome.comparison is not None and finding.part in ("latency", "control")
            fine = finding.status in (Status.PASSED, Status.FASTER)
            if (is_paired and (passed or not fine)) or finding.status in WARNING:
                name = plain(outcome.measurement.variant, _LONGEST_NAME)
                yield (
                    finding.status,
                    f"{finding.status.value} {name}: {finding.part}: {plain(finding_sentence(finding), _LONGEST_LINE)}",
                )


def _recorded(outcomes: Sequence[Outcome]) -> list[str]:
    """The loud lines: a run that writes baselines does not gate latency, and must not look as if it did."""
    lines = []
    new = [plain(o.baseline_path) for o in outcomes if o.recorded and o.baseline is None]
    if new:
        files = "1 new baseline" if len(new) == 1 else f"{len(new)} new baselines"
        lines.append(
            f"RECORDED {files}: {NEED_BASELINE} were NOT judged for these. Run again to gate. {', '.join(new)}"
        )
    lines += [_written(o, o.baseline) for o in outcomes if o.recorded and o.baseline is not None]
    lines += [
        f"KEPT {plain(o.baseline_path)} as it is: {plain(o.not_recorded_because, _LONGEST_LINE)}; record again when "
        "nothing else runs"
        for o in outcomes
        if o.not_recorded_because
    ]
    return lines


def _written(outcome: Outcome, baseline: Baseline) -> str:
    """The line that says what became of the runs that were recorded before."""
    path, now_s = plain(outcome.baseline_path), outcome.measurement.latency.median_s
    was_s = level_s(baseline.measurements, baseline.newest.sizes[0])
    was, now, change = format_seconds(was_s), format_seconds(now_s), format_share(now_s / was_s - 1)
    if outcome.replaced_because:
        reason = plain(outcome.replaced_because, _LONGEST_LINE)
        return f"REPLACED {path}: latency {was} -> {now} ({change}); {reason}, so this run begins a new baseline"
    full = len(baseline.runs) >= MAX_RUNS
    number = MAX_RUNS if full else len(baseline.runs) + 1
    fell = "; the oldest fell off" if full else ""
    return f"ADDED run {number} of at most {MAX_RUNS} to {path}: latency {now}, recorded {was} ({change}){fell}"
