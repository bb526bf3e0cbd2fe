"""Judge the peak memory: against an absolute limit and against the stored jobs' peak."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_sdperf.judge.latency import no_baseline
from pytest_sdperf.judge.verdict import Finding, Status
from pytest_sdperf.measurement import Measurement
from pytest_sdperf.options import Thresholds
from pytest_sdperf.units import format_bytes, format_share
from pytest_sdperf.wording import share_apart


def judge_memory(
    measurement: Measurement, jobs: Sequence[Measurement], thresholds: Thresholds, *, of: str = "the baseline's"
) -> Finding:
    """The largest process's own peak memory must stay under both limits; BROKEN where it does not.

    Its own is what is resident without the pages of the libraries' files, of which the kernel keeps as many as it
    likes. Where a stored job does not tell these, they stay in on both sides.
    Growth is counted from the largest peak of the stored jobs: each of them was accepted, so an update that
    accepts more holds at once, and one job with a lucky low peak fails nobody.
    Without a baseline a peak over ``max_memory`` is still BROKEN; one under it is NO_BASELINE, for the
    growth cannot be judged. ``of`` says whose the jobs are.
    """
    peak, *stored = peaks_counted_alike([measurement, *jobs])
    most = thresholds.max_memory
    over = most is not None and peak > most
    figures: dict[str, float | str | None] = {
        "peak_bytes": float(peak),
        "limit_bytes": None if most is None else float(most),
    }
    told = f"peak {_exactly(peak, most)}"
    if not stored:
        if not over:
            return no_baseline("memory", told)
        return Finding(part="memory", status=Status.BROKEN, sentence=f"{told} ({_limit(most)})", figures=figures)
    base, limit = max(stored), thresholds.max_memory_growth
    growth = peak / base - 1
    grown = peak - base > limit * base  # the quotient would round a peak exactly at the limit above it
    figures.update(base_peak_bytes=float(base), growth=growth, growth_limit=limit)
    change = f"+{share_apart(growth, limit)}" if grown else format_share(growth)
    sentence = f"{told}, {change} against {of} {format_bytes(base)} (limit {format_share(limit)})"
    if most is not None:
        sentence += f", {_limit(most)}"
    status = Status.BROKEN if over or grown else Status.PASSED
    return Finding(part="memory", status=status, sentence=sentence, figures=figures)


def peaks_counted_alike(measurements: Sequence[Measurement]) -> list[int]:
    """Peak memory of each in bytes: the processes' own where all tell it, else all that was resident."""
    own = [m.peak_own_bytes for m in measurements if m.peak_own_bytes is not None]
    return own if len(own) == len(measurements) else [m.peak_rss_bytes for m in measurements]


def _exactly(peak: int, most: int | None) -> str:
    """The peak in binary units, in bytes as well where rounding would hide on which side of the limit it is."""
    text = format_bytes(peak)
    return f"{text} ({peak} bytes)" if most is not None and peak > most and text == format_bytes(most) else text


def _limit(most: int | None) -> str:
    return f"absolute limit {format_bytes(most or 0)}"
