"""The pages of `sdperf baselines diff` and `sdperf compare`: what differs between two measurements of a case."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from pytest_sdperf.cli.pages.text_page import Page
from pytest_sdperf.diff.measurements import Changes, LatencyChange
from pytest_sdperf.stats.intervals import CONFIDENCE
from pytest_sdperf.units import format_bytes, format_seconds, format_share

_MOST_LINES = 8
"""Of one kind; the largest come first."""


@dataclass(frozen=True)
class Compared:
    """A case that is on both sides."""

    changes: Changes
    more: list[tuple[str, str]] = field(default_factory=list)
    "what else is known of it, name and text"
    unchanged: bool = False
    "both sides are the same to the bit"


@dataclass(frozen=True)
class Sides:
    """Two collections of cases."""

    before: str
    "what people call the first: a file, a folder, a revision"
    after: str
    cases: list[Compared]
    only_before: list[str]
    only_after: list[str]
    problems: list[str] = field(default_factory=list)
    "files that could not be trusted, as sentences"

    @property
    def comparable(self) -> bool:
        """Whether a single case could be compared."""
        return any(not case.changes.not_comparable for case in self.cases)


def render(sides: Sides, *, honest: str, width: int | None, colour: bool) -> str:
    """A table of latencies, then what else changed, case by case; ``honest`` says what the figures rest on."""
    page = Page(width=width, colour=colour)
    page.title(f"{sides.before} -> {sides.after}")
    rows = [row for case in sides.cases if not case.unchanged for row in _rows(case.changes)]
    if rows:
        headings = ("case", "before", "after", "change", f"{CONFIDENCE * 100:.0f} % bounds")
        page.table(headings, rows, right=headings[1:])
        page.line(honest, style="dim")
    for case in sides.cases:
        if case.unchanged:
            continue
        lines = list(_lines(case))
        page.title(case.changes.case_id)
        if lines:
            page.pairs(lines)
        else:
            page.line("nothing else differs", indent=2)
    unchanged = [case.changes.case_id for case in sides.cases if case.unchanged]
    for title, ids in (
        ("the same on both sides", unchanged),
        (f"only in {sides.before}", sides.only_before),
        (f"only in {sides.after}", sides.only_after),
    ):
        if ids:
            page.title(f"{title}: {', '.join(ids)}")
    for problem in sides.problems:
        page.title(f"NOT TRUSTED {problem}")
    if not sides.cases:
        page.title("no case is on both sides")
    return page.text()


def _rows(changes: Changes) -> Iterator[tuple[str, ...]]:
    for one in changes.latencies:
        several = len(changes.latencies) > 1
        name = f"{changes.case_id} at {one.size}" if several else changes.case_id
        yield name, format_seconds(one.base_s), format_seconds(one.head_s), format_share(one.ratio - 1), _bounds(one)


def _bounds(one: LatencyChange) -> str:
    if one.bounds is None:
        return "-"
    return " to ".join(format_share(bound - 1) for bound in one.bounds)


def _lines(case: Compared) -> Iterator[tuple[str, str]]:
    changes = case.changes
    if changes.not_comparable:
        yield "cannot be compared", f"the first was {changes.not_comparable}"
    yield from case.more
    if changes.memory_bytes and changes.memory_bytes[0] != changes.memory_bytes[1]:
        before, after = changes.memory_bytes
        yield "memory", f"{format_bytes(before)} -> {format_bytes(after)} ({format_share(after / before - 1)})"
    for name, lines in (
        ("stage", changes.stages),
        ("kernel", changes.kernels),
        ("environment", changes.environment),
    ):
        yield from _shortened(name, lines)
    if changes.cold_start:
        yield "cold start", "; ".join(changes.cold_start)


def _shortened(name: str, lines: Sequence[str]) -> Iterator[tuple[str, str]]:
    for number, line in enumerate(lines[:_MOST_LINES]):
        yield "" if number else name, line
    if len(lines) > _MOST_LINES:
        yield "", f"and {len(lines) - _MOST_LINES} more"
