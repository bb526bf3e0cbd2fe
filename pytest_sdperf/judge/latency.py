"""Judge the latency against a stored baseline: a screen that respects the spread of the processes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from pytest_sdperf.judge.noise import CONFIDENCE, Difference, difference
from pytest_sdperf.judge.stages import cold_start_changes, stage_changes
from pytest_sdperf.judge.verdict import Finding, Status
from pytest_sdperf.judge.wording import plain_share, share_apart
from pytest_sdperf.measurement import Measurement
from pytest_sdperf.options import Thresholds
from pytest_sdperf.units import format_seconds, format_share

_WORST_FIRST = (Status.REGRESSED, Status.NO_BASELINE, Status.INCONCLUSIVE, Status.PASSED, Status.FASTER)
"""Of the sizes: a case is FASTER only where every size is."""

_SENSELESS = 30.0
"""A log ratio of 30 is a factor of 10^13."""

ONE_JOB = "the baseline is one job, so drift between jobs is not in these figures"


@dataclass(frozen=True)
class SizeResult:
    """One size of the workload, judged."""

    size: str
    status: Status
    sentence: str
    figures: dict[str, float | str | None]
    excess: float
    "log ratio above the limit, for telling which of two equally judged sizes is worse"


def judge_latency(measurement: Measurement, baseline: Measurement | None, thresholds: Thresholds) -> Finding:
    """Compare medians of process medians, size by size, with ``thresholds.max_slowdown``; the worst decides.

    REGRESSED needs a slowdown that the spread of the processes does not explain (see ``judge/noise.py``);
    slower than the limit but not surely is INCONCLUSIVE; surely faster by as much is FASTER.
    """
    if baseline is None:
        return no_baseline("latency", latency_text(measurement))
    results = [_judge_size(size, measurement, baseline, thresholds) for size in measurement.sizes]
    worst = min(results, key=lambda r: (_WORST_FIRST.index(r.status), -r.excess))
    several = len(results) > 1
    details = [f"{r.size}: {r.status.value}: {r.sentence}" for r in results if several and r is not worst]
    for size in measurement.sizes:
        if size in baseline.sizes:
            where = f" at {size}" if several else ""
            details += [f"stage{where}: {line}" for line in stage_changes(baseline, measurement, size)]
    details += [f"cold start (not judged): {line}" for line in cold_start_changes(baseline, measurement)]
    sentence = (f"at {worst.size}: " if several else "") + worst.sentence
    return Finding(part="latency", status=worst.status, sentence=sentence, details=details, figures=worst.figures)


def latency_text(measurement: Measurement) -> str:
    """``2.31 s ±3.0 %``: the median at the first size with the spread of the processes."""
    latency = measurement.latency
    return f"{format_seconds(latency.median_s)} ±{latency.spread * 100:.1f} %"


def no_baseline(part: str, measured: str) -> Finding:
    """The finding of a part that has nothing stored to be compared with."""
    sentence = f"{measured}, but no baseline is stored for this case and machine; record it with --sdperf-update=new"
    return Finding(part=part, status=Status.NO_BASELINE, sentence=sentence)


def _judge_size(size: str, measurement: Measurement, baseline: Measurement, thresholds: Thresholds) -> SizeResult:
    head = measurement.latency_at(size)
    if size not in baseline.sizes:
        sentence = f"the baseline has no {size}; record it again with --sdperf-update=all"
        return SizeResult(size, Status.NO_BASELINE, sentence, {"median_s": head.median_s, "size": size}, 0.0)
    base = baseline.latency_at(size)
    diff = difference(base.process_medians_s, head.process_medians_s)
    limit, comparisons = math.log1p(thresholds.max_slowdown), len(measurement.sizes)
    status = _status(diff, limit, comparisons)
    detectable = math.expm1(_finite(diff.detectable(limit, comparisons)))
    figures: dict[str, float | str | None] = {
        "size": size,
        "median_s": head.median_s,
        "base_median_s": base.median_s,
        "ratio": math.exp(diff.log_ratio),
        "lower": _ratio(diff.lower),
        "upper": _ratio(diff.upper),
        "limit": 1 + thresholds.max_slowdown,
        "detectable": detectable if math.isfinite(detectable) else None,
        "confidence": CONFIDENCE,
    }
    pair = (head.median_s, base.median_s)
    sentence = _sentence(status, diff, thresholds.max_slowdown, pair, detectable)
    return SizeResult(size, status, sentence, figures, diff.log_ratio - limit)


def _status(diff: Difference, limit: float, comparisons: int) -> Status:
    if diff.surely_above(limit, comparisons):
        return Status.REGRESSED
    if diff.log_ratio > limit:
        return Status.INCONCLUSIVE
    return Status.FASTER if diff.surely_below(limit, comparisons) else Status.PASSED


def _sentence(status: Status, diff: Difference, limit: float, medians_s: Sequence[float], detectable: float) -> str:
    head, base = map(format_seconds, medians_s)
    change = math.expm1(diff.log_ratio)
    processes = "{}+{} processes".format(*diff.processes)
    slower = f"{head} is {share_apart(change, limit)} slower than the baseline's {base} (limit {plain_share(limit)}"
    sees = f"{processes} see slowdowns above {plain_share(detectable)}"
    if diff.standard_error is None:
        sees = "how sure that is, is unknown: one process on each side shows no spread"
    if status is Status.REGRESSED:
        least = plain_share(math.expm1(diff.lower))
        told = f"{slower}; at {CONFIDENCE:.0%} confidence at least {least} slower, {processes})"
    elif status is Status.INCONCLUSIVE:
        told = f"{slower}), but not by more than the noise explains; {sees}"
    elif status is Status.FASTER:
        least = plain_share(-math.expm1(diff.upper))
        told = (
            f"{head} is {-change * 100:.1f} % faster than the baseline's {base}, at {CONFIDENCE:.0%} confidence at "
            f"least {least} ({processes}); accept it as the new baseline with --sdperf-update=all"
        )
    else:
        told = f"{head} is {format_share(change)} from the baseline's {base} (limit +{plain_share(limit)}); {sees}"
    return f"{told}; {ONE_JOB}"


def _finite(log_ratio: float) -> float:
    """Cut off where it has lost its sense: a spread so wide that it detects nothing."""
    return log_ratio if log_ratio < _SENSELESS else math.inf


def _ratio(log_ratio: float) -> float | None:
    """exp, or None where the bound is unknown or beyond any sense, for JSON has no infinity."""
    return math.exp(log_ratio) if abs(log_ratio) < _SENSELESS else None
