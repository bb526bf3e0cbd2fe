"""One case as the page shows it: texts, charts and its tables, ready for the template."""

from __future__ import annotations

import math
from dataclasses import dataclass

from pytest_sdperf.claims import CheckedClaim
from pytest_sdperf.report import finding_text
from pytest_sdperf.report.changes_text import change_lines
from pytest_sdperf.report.columns import NOT_KNOWN
from pytest_sdperf.report.failure import sentence
from pytest_sdperf.report.html.case_tables import (
    Table,
    chain_table,
    environment_table,
    kernels_table,
    stages_of,
    stages_table,
)
from pytest_sdperf.report.html.chain_view import chain_figure
from pytest_sdperf.report.html.charts import latency_chart, stages_chart
from pytest_sdperf.report.html.compared import Compared, compared
from pytest_sdperf.report.html.marks import Mark, mark_of, mark_of_outcome
from pytest_sdperf.report.outcome import Outcome, ShownPicture
from pytest_sdperf.report.plain import plain
from pytest_sdperf.units import format_bytes, format_seconds, format_share
from pytest_sdperf.verdict.case_verdict import AnyFinding, Verdict
from pytest_sdperf.verdict.proof_finding import ProofFinding
from pytest_sdperf.verdict.status import Status
from pytest_sdperf.wording import plural

_LONGEST_NAME = 80
_LONGEST_LINE = 500
_LONGEST_PROMPT = 300


@dataclass(frozen=True)
class Part:
    """One finding."""

    name: str
    mark: Mark
    gated: bool
    sentence: str
    details: list[str]


@dataclass(frozen=True)
class PictureView:
    """A picture next to its reference."""

    prompt: str
    what: str
    "size and seed"
    picture: str
    "names of images; empty: there is none"
    reference: str
    difference: str
    scores: str
    scale: str


@dataclass(frozen=True)
class CaseView:
    """All of a case."""

    anchor: str
    variant: str
    mark: Mark
    sentence: str
    "why it failed; empty: it did not"
    facts: list[tuple[str, str]]
    parts: list[Part]
    reference: str
    pictures: list[PictureView]
    left_out: str
    latency: str
    "SVG, like the next ones; empty: there is nothing to draw"
    latency_caption: str
    stages: str
    stages_table: Table
    chain: str
    chain_caption: str
    chain_table: Table | None
    claims: list[tuple[Mark, str]]
    kernels: Table | None
    kernel_changes: list[str]
    environment: Table
    environment_changes: list[str]
    base_label: str


def case_view(outcome: Outcome, number: int) -> CaseView:
    """The view of the ``number``-th case of the page."""
    anchor, verdict, measured = f"case-{number}", outcome.verdict, outcome.measurement
    base = compared(outcome)
    variant = plain(measured.variant, _LONGEST_NAME)
    proof = verdict.proof if verdict else None
    chain, chain_caption = chain_figure(verdict.chain if verdict else None, anchor, variant)
    return CaseView(
        anchor=anchor,
        variant=variant,
        mark=mark_of_outcome(outcome),
        sentence=sentence(outcome) if outcome.failed else "",
        facts=_facts(outcome),
        parts=[_part(f, outcome) for f in verdict.findings] if verdict else [],
        reference=_reference(verdict),
        pictures=[_picture(p) for p in outcome.pictures],
        left_out=_left_out(outcome.pictures_left_out),
        latency=latency_chart(
            base.processes,
            base.ticks,
            base.change,
            name=f"{anchor}-latency",
            text=f"Latency of each process of {variant}. {_latency_text(base)}",
        ),
        latency_caption=_latency_caption(base),
        stages=_stages(base, anchor, variant),
        stages_table=stages_table(base),
        chain=chain,
        chain_caption=chain_caption,
        chain_table=chain_table(verdict.chain if verdict else None),
        claims=[_claim(one) for one in (proof.claims if proof else [])],
        kernels=kernels_table(measured),
        kernel_changes=[plain(line, _LONGEST_LINE) for line in base.kernel_changes],
        environment=environment_table(measured.environment),
        environment_changes=[plain(line, _LONGEST_LINE) for line in base.environment_changes],
        base_label=base.base_label,
    )


def _facts(outcome: Outcome) -> list[tuple[str, str]]:
    m = outcome.measurement
    own = m.peak_own_bytes
    facts = [
        ("test", outcome.nodeid),
        ("case", m.case_id),
        ("model", m.model),
        ("scheduler", m.scheduler),
        (
            "processes",
            f"{len(m.processes)}, {plural(len(m.processes[0].images[m.sizes[0]]), 'timed picture')} in the first",
        ),
        ("peak memory", format_bytes(m.peak_rss_bytes) + (f", of its own {format_bytes(own)}" if own else "")),
    ]
    if outcome.baseline_path:
        stored = plural(len(outcome.baseline.runs), "recorded run") if outcome.baseline else "not there before this run"
        facts.append(("baseline", f"{outcome.baseline_path} ({stored})"))
    if outcome.skip_reason:
        facts.append(("skipped", outcome.skip_reason))
    return [(name, plain(text, _LONGEST_LINE)) for name, text in facts]


def _part(finding: AnyFinding, outcome: Outcome) -> Part:
    is_gated = outcome.verdict is not None and finding.part in outcome.verdict.gate
    # Claims have a list of their own, with a mark each.
    behind = [] if isinstance(finding, ProofFinding) else finding_text.details(finding)
    details = [plain(line, _LONGEST_LINE) for line in (*behind, *change_lines(outcome, finding))]
    name = plain(finding.part, _LONGEST_NAME)
    said = plain(finding_text.sentence(finding), _LONGEST_LINE)
    return Part(name, mark_of(finding.status), is_gated, said, details)


def _reference(verdict: Verdict | None) -> str:
    picture = verdict.picture if verdict else None
    return plain((picture.reference if picture else "") or "the reference", _LONGEST_NAME)


def _picture(shown: ShownPicture) -> PictureView:
    size = shown.key.partition("/")[0]
    scores = "not compared"
    if shown.ssim is not None and shown.psnr_db is not None:
        psnr = "identical" if math.isinf(shown.psnr_db) else f"PSNR {shown.psnr_db:.1f} dB"
        scores = f"SSIM {shown.ssim:.4f}, {psnr}"
    scale = ""
    if shown.difference:
        # From 10 % on whole per cents, below as fine as the scale itself.
        scale = (
            f"black: no difference; brightest: {shown.difference_scale * 100:.2g} % of full scale or more; "
            f"largest {shown.largest_difference * 100:.2g} %"
        )
    return PictureView(
        plain(shown.prompt, _LONGEST_PROMPT), f"{plain(size, 20)}, seed {shown.seed}", shown.picture, shown.reference,
        shown.difference, scores, scale,
    )  # fmt: skip


def _left_out(count: int) -> str:
    if not count:
        return ""
    return (
        f"{plural(count, 'more picture')} came closer to the reference and {'is' if count == 1 else 'are'} not shown."
    )


def _latency_text(case: Compared) -> str:
    head = f"This run: {format_seconds(case.head.latency_at(case.size).median_s)}"
    if case.base is None:
        return f"{head}, nothing to compare with."
    base = format_seconds(case.base.latency_at(case.size).median_s)
    change = case.change
    text = f"{head}; {case.base_label}: {base}."
    return text if change is None else f"{text} {_interval(change.change, change.lower, change.upper)}"


def _interval(change: float, lower: float | None, upper: float | None) -> str:
    bounds = [NOT_KNOWN if bound is None else format_share(bound) for bound in (lower, upper)]
    return f"Change {format_share(change)}, 95 % bounds {bounds[0]} and {bounds[1]}."


def _latency_caption(case: Compared) -> str:
    several = len(case.head.sizes) > 1
    at = f" at {plain(case.size, _LONGEST_NAME)}, the size that decides" if several else ""
    what = f"A dot is the median of one process{at}, its line the range of its pictures."
    if case.base is None:
        return f"{what} {_latency_text(case)}"
    ticks = " Short strokes: the pairs' own ratios." if case.change and case.change.pairs else ""
    crosses = " Crosses: pairs that do not count." if any(not p.counts for p in case.processes) else ""
    return f"{what} Base: {case.base_label}. {_latency_text(case)}{ticks}{crosses}"


def _stages(case: Compared, anchor: str, variant: str) -> str:
    head, base = stages_of(case)
    sides = {**({"base": base} if base else {}), "this run": head}
    text = "; ".join(
        f"{label}: " + ", ".join(f"{plain(s, 30)} {format_seconds(value)}" for s, value in parts.items())
        for label, parts in sides.items()
    )
    return stages_chart(sides, name=f"{anchor}-stages", text=f"Time of a picture by stage of {variant}. {text}.")


def _claim(claim: CheckedClaim) -> tuple[Mark, str]:
    mark = mark_of(Status.PASSED if claim.holds else Status.BROKEN)
    return mark, plain(f"{claim.name}: {claim.seen}", _LONGEST_LINE)
