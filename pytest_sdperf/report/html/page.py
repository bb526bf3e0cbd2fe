"""The whole page as the template takes it: the verdict, the table, the speed-up charts, the images, the cases."""

from __future__ import annotations

import base64
import io
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from pytest_sdperf.report.columns import Column, columns, common_workload
from pytest_sdperf.report.failures import failures
from pytest_sdperf.report.headline import failed, headline
from pytest_sdperf.report.html.case_view import CaseView, case_view
from pytest_sdperf.report.html.charts import Bar, speed_up_chart
from pytest_sdperf.report.html.marks import Mark, mark_of, mark_of_error, mark_of_outcome
from pytest_sdperf.report.outcome import ErrorOutcome, Outcome, Report
from pytest_sdperf.report.plain import plain
from pytest_sdperf.report.rows import Row, rows, workload_key
from pytest_sdperf.report.thumbnails import media_type
from pytest_sdperf.units import format_seconds

_LONGEST_LINE = 1000
_LONGEST_NAME = 40


@dataclass(frozen=True)
class ImageView:
    """One image of the page."""

    uri: str
    width: int
    height: int
    shared: bool
    "shown more than once: its bytes then stand on the page once"


@dataclass(frozen=True)
class TableRow:
    """One row of the first table."""

    anchor: str
    "of the case"
    cells: list[str]
    parts: list[tuple[str, Mark]]
    "each part of the verdict with the worst that was found of it"
    mark: Mark


@dataclass(frozen=True)
class SpeedUp:
    """A chart of cases that may be compared."""

    title: str
    svg: str


@dataclass(frozen=True)
class ErrorView:
    """A test that ended in an error."""

    anchor: str
    name: str
    mark: Mark
    sentence: str
    section: str
    "lines"


@dataclass(frozen=True)
class PageView:
    """All of the page."""

    title: str
    headline: str
    kind: str
    "of the verdict: `good`, `bad`, `unsure` or `none`"
    facts: list[tuple[str, str]]
    headings: list[Column]
    rows: list[TableRow]
    speed_ups: list[SpeedUp]
    notes: list[str]
    images: Mapping[str, ImageView]
    cases: list[CaseView]
    errors: list[ErrorView]


def page_view(report: Report) -> PageView:
    """Everything that the template shows."""
    made = rows(report)
    cases = [case_view(outcome, number) for number, outcome in enumerate(report.outcomes, 1)]
    common = common_workload(made)
    return PageView(
        title=f"sdperf: {common}" if common else "sdperf",
        headline=headline(report),
        kind=_kind(report),
        facts=_facts(report),
        headings=_headings(made),
        rows=_table(report, made, cases),
        speed_ups=_speed_ups(report, made),
        notes=[plain(note, _LONGEST_LINE) for note in report.notes],
        images=_images(report),
        cases=cases,
        errors=_errors(report),
    )


def _kind(report: Report) -> str:
    if failed(report) or report.errors:
        return "bad"
    kinds = {mark_of_outcome(outcome).kind for outcome in report.outcomes}
    return next((kind for kind in ("unsure", "good") if kind in kinds), "none")


def _facts(report: Report) -> list[tuple[str, str]]:
    environments = [o.measurement.environment for o in report.outcomes]
    facts = {
        "machine": {e.machine_key for e in environments},
        "CPU": {e.cpu_model for e in environments},
        "kernel": {e.kernel for e in environments},
        "side by side with": {o.comparison.base.label for o in report.outcomes if o.comparison},
        "begun": {report.begun_at},
        "pytest-sdperf": {report.plugin_version},
    }
    return [(name, plain(", ".join(sorted(values)))) for name, values in facts.items() if any(values)]


def _headings(made: list[Row]) -> list[Column]:
    """All columns but the verdict, which the template sets apart."""
    return columns(made)[:-1] if made else []


def _table(report: Report, made: list[Row], cases: list[CaseView]) -> list[TableRow]:
    cells = list(zip(*(column.cells for column in _headings(made)), strict=True))
    of_rows = [
        (case.anchor, _parts(outcome), case.mark)
        for case, outcome in zip(cases, report.outcomes, strict=True)
        for _ in outcome.measurement.sizes
    ]
    of_rows += [(view.anchor, [], view.mark) for view in _errors(report)]
    return [TableRow(anchor, list(row), parts, mark) for row, (anchor, parts, mark) in zip(cells, of_rows, strict=True)]


def _errors(report: Report) -> list[ErrorView]:
    found = [(failure, failure.source) for failure in failures(report)]
    return [
        ErrorView(f"error-{number}", failure.name, mark_of_error(error), failure.sentence, failure.section)
        for number, (failure, error) in enumerate(found, 1)
        if isinstance(error, ErrorOutcome)
    ]


def _parts(outcome: Outcome) -> list[tuple[str, Mark]]:
    verdict = outcome.verdict
    names = list(dict.fromkeys(f.part for f in verdict.findings)) if verdict else []
    worst = {name: found for name in names if verdict and (found := verdict.worst(name))}
    return [(plain(name, _LONGEST_NAME), mark_of(found.status)) for name, found in worst.items()]


def _speed_ups(report: Report, made: list[Row]) -> list[SpeedUp]:
    """One chart for each workload, in the order of the table."""
    keys = [workload_key(o.measurement, size) for o in report.outcomes for size in o.measurement.sizes]
    measured = [row for row in made if row.median_s is not None]
    charts = []
    for number, key in enumerate(dict.fromkeys(keys), 1):
        group = [row for row, k in zip(measured, keys, strict=True) if k == key]
        bars = [Bar(row.variant, row.median_s, row.speed_up) for row in group if row.median_s is not None]
        text = "; ".join(map(_bar_text, bars))
        svg = speed_up_chart(
            bars, name=f"speed-up-{number}", text=f"Latency, and how many times faster than fp32. {text}."
        )
        charts.append(SpeedUp(common_workload(group), svg))
    return charts


def _bar_text(bar: Bar) -> str:
    factor = f", {bar.factor:.2f} times" if bar.factor else ""
    return f"{plain(bar.variant, _LONGEST_NAME)} {format_seconds(bar.median_s)}{factor}"


def _images(report: Report) -> dict[str, ImageView]:
    """Every image that a case names; what no case names is left out."""
    used = Counter(
        name for o in report.outcomes for p in o.pictures for name in (p.picture, p.reference, p.difference) if name
    )
    return {name: _image(report.images[name], shared=count > 1) for name, count in used.items()}


def _image(data: bytes, *, shared: bool) -> ImageView:
    from PIL import Image

    with Image.open(io.BytesIO(data)) as image:
        width, height = image.size
    return ImageView(f"data:{media_type(data)};base64,{base64.b64encode(data).decode()}", width, height, shared)
