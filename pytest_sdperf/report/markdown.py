"""The report as GitHub-flavoured Markdown, for a pull request's comment and a job's summary."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pytest_sdperf.report import failure, headline
from pytest_sdperf.report.columns import NOT_KNOWN, columns, common_workload
from pytest_sdperf.report.failures import failed_by_error, failures
from pytest_sdperf.report.finding_text import sentence as finding_sentence
from pytest_sdperf.report.outcome import Outcome, Report
from pytest_sdperf.report.plain import plain
from pytest_sdperf.report.rows import Row, rows
from pytest_sdperf.units import format_seconds, format_share
from pytest_sdperf.verdict.latency_findings import ControlFinding, PairedLatencyFinding, worst_size
from pytest_sdperf.verdict.parts import NEED_BASELINE
from pytest_sdperf.verdict.status import WARNING
from pytest_sdperf.wording import plural

NOTHING = "&#8203;"
"""A zero-width space: GitHub looks for mentions, emoji and issues in the finished page, where an escape is gone."""

_SPECIAL = re.compile(r"[\\`*_{}\[\]<>#|~&@:!$^=]|(?<=www)\.|(?<=\bGH)-", re.IGNORECASE)
"""Characters that begin markup, HTML, a table's cell, a formula or a link, wherever they stand in a line."""

_LINKING = re.compile(r"@|#|-|:(?=[\w+-]+:)", re.ASCII)
"""Characters that make a mention, an issue's number or an emoji of the word that follows. The `::` of a test's name
makes none: it must be copied from the page as it is."""

_TICKS = re.compile(r"`+")


def prose(text: str, limit: int = 200) -> str:
    """``text`` on one line, cut to ``limit`` characters, every character of it shown as itself.

    It makes no markup, HTML, image, table cell, link, mention, issue, emoji or formula. Not for the beginning
    of a block, where `1.` and `+` would begin a list.
    """
    return _SPECIAL.sub(_escaped, plain(text, limit))


def fenced(text: str) -> str:
    """Lines as a block of code, in which GitHub looks for nothing; the fence is longer than any in them."""
    longest = max((len(ticks) for ticks in _TICKS.findall(text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{text}\n{fence}"


def _escaped(found: re.Match[str]) -> str:
    links = _LINKING.match(found.string, found.start())
    return f"&#{ord(found[0])};{NOTHING if links else ''}"


MOST_COMMENT_BYTES = 65_536
"""GitHub refuses comments of more characters than that; a character takes at least a byte."""

MOST_SUMMARY_BYTES = 2**20
"""GitHub shows nothing of a step whose summary is larger."""

_LONGEST_NAME = 80
_LONGEST_LINE = 1000

_KEPT_FIRST = ("failed", "inconclusive", "table", "side by side", "notes", "details")
"""The order in which sections get the room there is: what is needed to act on comes first, details come last."""

_ROOM_FOR_REMARK = 400
"""Bytes."""


@dataclass(frozen=True)
class _Section:
    """A part of the text that can be shortened item by item."""

    name: str
    "one of _KEPT_FIRST"
    head: str
    "what stands before its first item"
    items: list[str]
    gap: str = "\n"
    "between two items"

    def shown(self, count: int) -> str:
        return self.head + self.gap.join(self.items[:count]) + "\n" if count else ""


def render(report: Report, *, most_bytes: int = MOST_COMMENT_BYTES) -> str:
    """The report as Markdown of at most ``most_bytes`` (UTF-8).

    Parts that do not fit are left out, details first, and the text says so; verdict and title are always there
    (less than 2 kB). Every name is shown as text, whatever it says.
    """
    made = rows(report)
    top = f"## {_title(report)}\n\n{_verdict(report)}\n"
    if title := common_workload(made):
        top += f"\n{prose(title, _LONGEST_LINE)}\n"
    sections = [
        _table(made),
        _failed(report),
        _inconclusive(report.outcomes),
        _side_by_side(report.outcomes),
        _notes(report),
        _details(report),
    ]
    return _fitted(top, sections, most_bytes)


def _fitted(top: str, sections: Sequence[_Section], most_bytes: int) -> str:
    whole = "\n".join([top, *(text for s in sections if (text := s.shown(len(s.items))))])
    if _size(whole) <= most_bytes:
        return whole
    room = most_bytes - _size(top) - _ROOM_FOR_REMARK
    counts = dict.fromkeys(_KEPT_FIRST, 0)
    for section in sorted(sections, key=lambda s: _KEPT_FIRST.index(s.name)):
        room -= _size(section.head) + 2
        for item in section.items:
            room -= _size(item) + len(section.gap)
            if room < 0:
                break
            counts[section.name] += 1
        room = max(room, 0) if counts[section.name] == len(section.items) else 0
    left = [(len(s.items) - counts[s.name], s.name) for s in sections]
    left_out = ", ".join(f"{count} of {name}" for count, name in left if count)
    remark = f"> Shortened to {most_bytes:,} bytes; left out: {left_out}. The report in JSON has all of it.\n"
    return "\n".join([top, remark, *(text for s in sections if (text := s.shown(counts[s.name])))])


def _size(text: str) -> int:
    return len(text.encode())


def _title(report: Report) -> str:
    failed = len(headline.failed(report))
    if failed or report.errors:
        cases = f"{failed} of {plural(headline.case_count(report), 'case')} failed"
        return f"❌ sdperf: {cases if failed else plural(len(report.errors), 'test') + ' failed in an error'}"
    if any(_unsure(outcome) for outcome in report.outcomes):
        return "⚠️ sdperf: nothing failed, and not everything is decided"
    if not report.outcomes:
        return f"{'⚠️ ' if report.warnings else ''}sdperf: nothing was judged"
    if report.warnings:
        return "⚠️ sdperf: nothing failed, and not everything was judged"
    if all(o.verdict is None for o in report.outcomes):
        return f"sdperf: {plural(len(report.outcomes), 'case')} measured, none judged"
    return "✅ sdperf: nothing failed"


def _verdict(report: Report) -> str:
    """``9 cases: 5 PASSED, 1 FASTER, 1 BROKEN, 1 not measured, …``, the recorded ones counted apart."""
    errors = report.errors
    found = Counter(_status(outcome) for outcome in report.outcomes)
    found.update("not measured" for error in errors if error.variant)
    counts = ", ".join(f"{count} {status}" for status, count in found.most_common())
    recorded = sum(1 for outcome in report.outcomes if outcome.recorded)
    loud = f" **{recorded} recorded: {NEED_BASELINE} were not judged for these.**" if recorded else ""
    tests = sum(1 for error in errors if not error.variant)
    by_itself = f" {plural(tests, 'test')} failed in an error." if tests else ""
    return f"{plural(headline.case_count(report), 'case')}{': ' + counts if counts else ''}.{by_itself}{loud}"


def _status(outcome: Outcome) -> str:
    if outcome.error:
        return "not judged"
    return "only measured" if outcome.verdict is None else outcome.verdict.status.value


def _name(outcome: Outcome) -> str:
    return prose(outcome.measurement.variant, _LONGEST_NAME)


def _unsure(outcome: Outcome) -> bool:
    verdict = outcome.verdict
    return verdict is not None and any(f.status in WARNING for f in verdict.findings)


def _table(made: Sequence[Row]) -> _Section:
    shown = columns(made) if made else []
    heads = [prose(column.heading) for column in shown]
    lines = ["---:" if column.right else "---" for column in shown]
    head = f"{_cells(heads)}\n{_cells(lines)}\n"
    by_row = zip(*(column.cells for column in shown), strict=True)
    return _Section("table", head, [_cells([prose(cell, _LONGEST_LINE) for cell in cells]) for cells in by_row])


def _cells(texts: Sequence[str]) -> str:
    return f"| {' | '.join(' '.join(text.split()) for text in texts)} |"


def _failed(report: Report) -> _Section:
    items = [f"- {prose(f.sentence, _LONGEST_LINE)} ({prose(f.source.nodeid)})" for f in failures(report)]
    return _Section("failed", "### Failed\n\n", items)


def _inconclusive(outcomes: Sequence[Outcome]) -> _Section:
    items = [
        f"- {_name(o)}: {f.part} {f.status.value}: {prose(finding_sentence(f), _LONGEST_LINE)}"
        for o in outcomes
        if o.verdict is not None and o.verdict.passed
        for f in o.verdict.findings
        if f.status in WARNING
    ]
    return _Section("inconclusive", "### Not decided\n\n", items)


def _side_by_side(outcomes: Sequence[Outcome]) -> _Section:
    heads = ("variant", "compared with", "base", "head", "change", "bounds", "pairs", "verdict")
    lines = ("---", "---", "---:", "---:", "---:", "---:", "---:", "---")
    head = f"### Side by side\n\n{_cells(heads)}\n{_cells(lines)}\n"
    return _Section("side by side", head, [_cells(cells) for outcome in outcomes for cells in _intervals(outcome)])


def _intervals(outcome: Outcome) -> Iterator[list[str]]:
    """One line for the comparison and one for the control; none where no pair counts."""
    for finding in outcome.verdict.findings if outcome.verdict else []:
        paired = finding.latency if isinstance(finding, ControlFinding) else finding
        if not isinstance(paired, PairedLatencyFinding) or not paired.sizes:
            continue
        worst = worst_size(paired.sizes)
        yield [
            _name(outcome),
            prose(paired.base, _LONGEST_NAME),
            NOT_KNOWN if worst.base_s is None else format_seconds(worst.base_s),
            format_seconds(worst.median_s),
            _change(worst.ratio),
            f"{_change(worst.lower)} to {_change(worst.upper)} ({paired.confidence:.0%})",
            str(paired.pairs),
            finding.status.value,
        ]


def _change(ratio: float | None) -> str:
    return "unknown" if ratio is None else format_share(ratio - 1)


def _notes(report: Report) -> _Section:
    return _Section("notes", "### Notes\n\n", [f"- {prose(note, _LONGEST_LINE)}" for note in report.notes])


def _details(report: Report) -> _Section:
    """Of failures and of cases that are inconclusive: what the terminal has in their sections."""
    items = [
        _folded(_name(o), "NOT JUDGED" if o.verdict is None else o.verdict.status.value, failure.section(o))
        for o in report.outcomes
        if o.failed or _unsure(o)
    ]
    items += [_folded(prose(f.name), f.status, f.section) for f in map(failed_by_error, report.errors)]
    return _Section("details", "### Details\n\n", items)


def _folded(name: str, status: str, section: str) -> str:
    return f"<details><summary>{name}: {status}</summary>\n\n{fenced(section)}\n\n</details>\n"
