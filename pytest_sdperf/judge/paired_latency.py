"""Judge the latency of two arms measured side by side, pair by pair, with the error rates that were promised."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec

from pytest_sdperf.comparison import Comparison, Pair, latencies_s
from pytest_sdperf.judge.latency import latency_text, no_baseline
from pytest_sdperf.judge.sizes import SizeResult, finding_of_sizes
from pytest_sdperf.judge.verdict import Finding, Status
from pytest_sdperf.measurement import Latency, Measurement
from pytest_sdperf.options import Thresholds
from pytest_sdperf.stats.boundary import FEWEST_PAIRS
from pytest_sdperf.stats.disturbance import too_many_dropped
from pytest_sdperf.stats.intervals import ratio_of
from pytest_sdperf.stats.pair import pair_log_ratio, round_log_ratios
from pytest_sdperf.stats.sequential import CONFIDENCE, Decision, Look, Plan, look
from pytest_sdperf.units import format_seconds, format_share
from pytest_sdperf.wording import plain_share, plural, share_apart

_STATUS = {
    Decision.REGRESSED: Status.REGRESSED,
    Decision.PASSED: Status.PASSED,
    Decision.FASTER: Status.FASTER,
    Decision.INCONCLUSIVE: Status.INCONCLUSIVE,
    Decision.GO_ON: Status.INCONCLUSIVE,  # the budget ended first
}

_TOLD = 3
"""Dropped pairs that are told one by one."""


def plan_of(thresholds: Thresholds, sizes: int) -> Plan:
    """What the test of each of ``sizes`` sizes promises: the chance of a false alarm is shared out (Bonferroni).

    The chance of a wrong PASSED is not: a case passes where every size does.
    """
    return Plan(
        ignore=thresholds.ignore,
        must_catch=thresholds.must_catch,
        alpha=thresholds.alpha / sizes,
        beta=thresholds.beta,
        max_pairs=thresholds.max_pairs,
    )


def looks(pairs: Sequence[Pair], thresholds: Thresholds) -> dict[str, Look]:
    """Size -> what the pairs that count say."""
    kept = [pair for pair in pairs if not pair.dropped]
    sizes = list(pairs[0].head.images) if pairs else []
    plan = plan_of(thresholds, len(sizes) or 1)
    return {
        size: look([pair_log_ratio(latencies_s(p.base, size), latencies_s(p.head, size)) for p in kept], plan)
        for size in sizes
    }


def decided(pairs: Sequence[Pair], thresholds: Thresholds) -> bool:
    """Whether another pair would be too many: a size has regressed, all are decided, or too many were dropped."""
    found = [found.decision for found in looks(pairs, thresholds).values()]
    return bool(found) and (Decision.REGRESSED in found or Decision.GO_ON not in found or too_many_dropped(pairs))


def ratios_of_rounds(pairs: Sequence[Pair], size: str) -> list[list[float]]:
    """log(head / base) of every round of the pairs that count, at one size."""
    return [round_log_ratios(latencies_s(p.base, size), latencies_s(p.head, size)) for p in pairs if not p.dropped]


def judge_side_by_side(comparison: Comparison, head: Measurement, thresholds: Thresholds) -> Finding:
    """The finding for latency: REGRESSED, PASSED, FASTER, INCONCLUSIVE or INVALID ENVIRONMENT; the worst size decides.

    ``head`` is the head's measurement, whose case both arms drew.
    """
    told = [f"base: {comparison.base.label}; head: {comparison.head.label}", *_dropped(comparison)]
    if not comparison.side_by_side:
        told.append("memory is too small for both arms, so one ran after the other: drift between them counts as noise")
    if comparison.missing:
        return no_baseline("latency", latency_text(head), comparison.missing)
    if comparison.invalid:
        return Finding("latency", Status.INVALID_ENVIRONMENT, comparison.invalid, told)
    if too_many_dropped(comparison.pairs):
        dropped = [pair.dropped for pair in comparison.pairs if pair.dropped]
        sentence = (
            f"{len(dropped)} of {plural(len(comparison.pairs), 'pair')} were disturbed, the last because "
            f"{dropped[-1]}: this machine is too busy to compare on"
        )
        return Finding("latency", Status.INVALID_ENVIRONMENT, sentence, told)
    if not comparison.kept:
        sentence = f"the budget ended before a pair was measured undisturbed: {comparison.pairs[-1].dropped}"
        return Finding("latency", Status.INVALID_ENVIRONMENT, sentence, told)
    results = [
        SizeResult(
            size=size,
            status=_STATUS[one.decision],
            sentence=_sentence(one, size, comparison, thresholds),
            figures=_figures(one, size, comparison, thresholds),
            excess=one.log_ratio,
        )
        for size, one in looks(comparison.pairs, thresholds).items()
    ]
    return finding_of_sizes(
        results, comparison.measurement_of_base(head), comparison.measurement_of_head(head), told=told
    )


def _sentence(one: Look, size: str, comparison: Comparison, thresholds: Thresholds) -> str:
    head_s, base_s = (format_seconds(seconds) for seconds in _medians_s(comparison, size))
    base = f"{comparison.base.label}'s {base_s}"
    change = math.expm1(one.log_ratio)
    apart = f"{head_s} is {format_share(change)} from {base} side by side"
    between = f"{CONFIDENCE:.0%} bounds {_bound(one.lower)} and {_bound(one.upper)}, {plural(one.pairs, 'pair')}"
    if one.decision is Decision.REGRESSED:
        slower = share_apart(change, thresholds.ignore)
        ignored = f"up to {plain_share(thresholds.ignore)} is ignored"
        return f"{head_s} is {slower} slower than {base} side by side ({between}; {ignored})"
    if one.decision is Decision.FASTER:
        return f"{head_s} is {-change * 100:.1f} % faster than {base} side by side ({between})"
    if one.decision is Decision.PASSED:
        return f"{apart} ({between}; {plain_share(thresholds.must_catch)} slower is ruled out)"
    if one.pairs < FEWEST_PAIRS:
        return f"{apart}, but the budget ended after {plural(one.pairs, 'pair')}, and a verdict takes {FEWEST_PAIRS}"
    reason = f"the budget ended after {plural(one.pairs, 'pair')}" if comparison.ended_by else "undecided"
    seen = plain_share((ratio_of(one.detectable) or math.inf) - 1)
    return f"{apart} ({between}); {reason}: these pairs would have seen slowdowns above {seen} four times in five"


def _figures(one: Look, size: str, comparison: Comparison, thresholds: Thresholds) -> dict[str, float | str | None]:
    head_s, base_s = _medians_s(comparison, size)
    return {
        "size": size,
        "median_s": head_s,
        "base_median_s": base_s,
        "base": comparison.base.label,
        "ratio": math.exp(one.log_ratio),
        "lower": ratio_of(one.lower),
        "upper": ratio_of(one.upper),
        "ignored": 1 + thresholds.ignore,
        "limit": 1 + thresholds.must_catch,
        "detectable": None if (detectable := ratio_of(one.detectable)) is None else detectable - 1,
        "confidence": CONFIDENCE,
        "pairs": float(one.pairs),
        "pairs_dropped": float(len(comparison.pairs) - one.pairs),
        "processes": float(2 * len(comparison.pairs)),
        "spent_s": comparison.spent_s,
    }


def _dropped(comparison: Comparison) -> list[str]:
    """One line for each pair that does not count; of many, the first ones."""
    lines = [f"pair {number} does not count: {p.dropped}" for number, p in enumerate(comparison.pairs, 1) if p.dropped]
    return lines if len(lines) <= _TOLD else [*lines[:_TOLD], f"and {len(lines) - _TOLD} more do not count"]


def _medians_s(comparison: Comparison, size: str) -> tuple[float, float]:
    """(head, base): median over the processes' medians, s."""
    arms = ([p.head for p in comparison.kept], [p.base for p in comparison.kept])
    head_s, base_s = (Latency([run.median_ns(size) / 1e9 for run in runs]).median_s for runs in arms)
    return head_s, base_s


def _bound(log_ratio: float) -> str:
    ratio = ratio_of(log_ratio)
    return "unknown" if ratio is None else format_share(ratio - 1)


def judge_control(comparison: Comparison, head: Measurement, thresholds: Thresholds) -> Finding:
    """The finding for the head side by side with itself: where a difference is seen, other verdicts are worth less."""
    found = judge_side_by_side(comparison, head, thresholds)
    if found.status in (Status.REGRESSED, Status.FASTER):
        sentence = f"the head differs from itself: {found.sentence}; distrust differences of that size here"
        return Finding("control", Status.INVALID_ENVIRONMENT, sentence, found.details, found.figures)
    return msgspec.structs.replace(found, part="control")
