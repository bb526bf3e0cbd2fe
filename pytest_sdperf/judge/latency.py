"""Judge the latency against the stored jobs: a screen that knows, and says, how small a slowdown it can see."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from pytest_sdperf.baseline import level_s
from pytest_sdperf.judge.sizes import SizeResult, finding_of_sizes
from pytest_sdperf.judge.verdict import Finding, Status
from pytest_sdperf.measurement import Measurement
from pytest_sdperf.options import Thresholds
from pytest_sdperf.stats.disturbance import disturbance, disturbed
from pytest_sdperf.stats.intervals import CONFIDENCE, SENSELESS, Difference, ratio_of
from pytest_sdperf.stats.job_spread import JobSpread, difference
from pytest_sdperf.units import format_seconds, format_share
from pytest_sdperf.wording import plain_share, plural, share_apart

_ENOUGH_REPEATS = 10
"""Repeated jobs from which on the machine's own spread outweighs what is assumed (its two degrees) by far."""

ADVICE = "compare side by side with --sdperf-against=REV (a git revision), or record more jobs with --sdperf-update=all"

_WHICH = "whether it is the code or the machine, --sdperf-against=REV (a git revision) tells"


def judge_latency(
    measurement: Measurement, jobs: Sequence[Measurement], thresholds: Thresholds, spread: JobSpread
) -> Finding:
    """Hold one job against the stored ones (newest last) with ``thresholds.max_slowdown``; the worst size decides.

    REGRESSED is a slowdown surely above the limit, PASSED one surely below it, FASTER surely faster by
    as much (see ``stats/intervals.py``); all between is INCONCLUSIVE, and so is a slowdown measured while something
    else took the machine. ``spread`` is how far jobs of this machine differ.
    """
    if not jobs:
        return no_baseline("latency", latency_text(measurement))
    seen = disturbance(measurement)
    results = [_doubted(_judge_size(size, measurement, jobs, thresholds, spread), seen) for size in measurement.sizes]
    told = [f"a process was disturbed: {reason}" for reason in disturbed(measurement)]
    return finding_of_sizes(results, jobs[-1], measurement, told=told)


def _doubted(result: SizeResult, seen: str) -> SizeResult:
    """A slowdown of processes of which half or more were disturbed (``seen``): it is none that is sure."""
    if result.status not in (Status.REGRESSED, Status.INCONCLUSIVE) or not seen:
        return result
    but = "but " if result.status is Status.REGRESSED else ""
    return replace(result, status=Status.INCONCLUSIVE, sentence=f"{result.sentence}; {but}{seen}")


def latency_text(measurement: Measurement) -> str:
    """``2.31 s ±3.0 %``: the median at the first size with the spread of the processes."""
    latency = measurement.latency
    return f"{format_seconds(latency.median_s)} ±{latency.spread * 100:.1f} %"


def no_baseline(part: str, measured: str, lacking: str = "no baseline is stored for this case and machine") -> Finding:
    """The finding of a part that has nothing to be compared with."""
    sentence = f"{measured}, but {lacking}; record it with --sdperf-update=new"
    return Finding(part=part, status=Status.NO_BASELINE, sentence=sentence)


def _judge_size(
    size: str, measurement: Measurement, jobs: Sequence[Measurement], thresholds: Thresholds, spread: JobSpread
) -> SizeResult:
    head_s = measurement.latency_at(size).median_s
    if not all(size in job.sizes for job in jobs):
        sentence = f"the baseline has no {size}; record it again with --sdperf-update=all"
        return SizeResult(size, Status.NO_BASELINE, sentence, {"median_s": head_s, "size": size}, 0.0)
    diff = difference(measurement, jobs, size, spread)
    base_s = level_s(jobs, size)
    limit, comparisons = math.log1p(thresholds.max_slowdown), len(measurement.sizes)
    status = _status(diff, limit, comparisons)
    detectable = math.expm1(_finite(diff.detectable(limit, comparisons)))
    figures: dict[str, float | str | None] = {
        "size": size,
        "median_s": head_s,
        "base_median_s": base_s,
        "ratio": math.exp(diff.log_ratio),
        "lower": ratio_of(diff.lower),
        "upper": ratio_of(diff.upper),
        "limit": 1 + thresholds.max_slowdown,
        "detectable": detectable if math.isfinite(detectable) else None,
        "confidence": CONFIDENCE,
        "stored_jobs": float(len(jobs)),
        "repeated_jobs": float(spread.repeats),
    }
    told = _told(status, diff, thresholds.max_slowdown, (head_s, base_s))
    advice = {
        Status.FASTER: "; accept it as the new baseline with --sdperf-update=all",
        Status.INCONCLUSIVE: f"; {ADVICE}",
        Status.REGRESSED: f"; {_WHICH}",
    }.get(status, "")
    sentence = f"{told}; {_sees(len(jobs), spread.repeats, detectable)}{advice}"
    return SizeResult(size, status, sentence, figures, diff.log_ratio - limit)


def _status(diff: Difference, limit: float, comparisons: int) -> Status:
    if diff.surely_above(limit, comparisons):
        return Status.REGRESSED
    if diff.surely_below(limit, comparisons):
        return Status.FASTER
    return Status.PASSED if diff.within(limit) else Status.INCONCLUSIVE


def _told(status: Status, diff: Difference, limit: float, medians_s: tuple[float, float]) -> str:
    head, base = map(format_seconds, medians_s)
    change = math.expm1(diff.log_ratio)
    slower = f"{head} is {share_apart(change, limit)} slower than the baseline's {base}"
    apart = f"{head} is {format_share(change)} from the baseline's {base}"
    sure = f"at {CONFIDENCE:.0%} confidence"
    if status is Status.REGRESSED:
        return f"{slower} (limit {plain_share(limit)}; {sure} at least {plain_share(math.expm1(diff.lower))} slower)"
    if status is Status.FASTER:
        least = plain_share(-math.expm1(diff.upper))
        return f"{head} is {-change * 100:.1f} % faster than the baseline's {base}, {sure} at least {least}"
    most = plain_share(math.expm1(_finite(diff.upper)))
    if status is Status.PASSED:
        return f"{apart} (limit +{plain_share(limit)}; {sure} less than {most} slower)"
    if diff.log_ratio > math.log1p(limit):
        return f"{slower} (limit {plain_share(limit)}), but not by more than the noise explains"
    return f"{apart}, but the noise hides slowdowns up to {most} (limit +{plain_share(limit)})"


def _sees(jobs: int, repeats: int, detectable: float) -> str:
    """How small a slowdown this screen sees, and how weakly that is founded while few jobs are repeats."""
    seen = f"with {plural(jobs, 'stored job')} slowdowns above {plain_share(detectable)} are seen"
    if repeats == 0:
        return f"{seen} (weak: no repeated job shows yet how far jobs differ here)"
    if repeats < _ENOUGH_REPEATS:
        return f"{seen} (weak: only {plural(repeats, 'repeated job')} {_shows(repeats)} how far jobs differ here)"
    return seen


def _shows(count: int) -> str:
    return "shows" if count == 1 else "show"


def _finite(log_ratio: float) -> float:
    """Cut off where it has lost its sense: a spread so wide that it detects nothing."""
    return log_ratio if log_ratio < SENSELESS else math.inf
