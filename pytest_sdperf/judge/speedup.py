"""Judge the order of two variants measured in the same session: this one so many times faster than that."""

from __future__ import annotations

from pytest_sdperf.judge.verdict import Finding, Status
from pytest_sdperf.measurement import Measurement
from pytest_sdperf.stats.disturbance import disturbance
from pytest_sdperf.units import format_seconds
from pytest_sdperf.wording import apart


def judge_order(measurement: Measurement, other: Measurement | None, min_speedup: tuple[str, float]) -> Finding:
    """Hold median(other) / median(this) against the promised factor; the worst of the shared sizes decides.

    ``other`` is the named variant's measurement of the same workload and session; None or no shared
    size: nothing shows the promise, so the finding is NO_BASELINE. A factor that was missed while something else took
    the machine from either is INCONCLUSIVE.
    """
    name, factor = min_speedup
    sizes = [size for size in measurement.sizes if other is not None and size in other.sizes]
    if other is None or not sizes:
        sentence = (
            f"{name} was not measured in this session at the same size, so {factor:g}x faster than {name} is not "
            f"shown; select {name} too (--sdperf-variants)"
        )
        return Finding(part="latency", status=Status.NO_BASELINE, sentence=sentence)
    ratios = {s: other.latency_at(s).median_s / measurement.latency_at(s).median_s for s in sizes}
    worst = min(sizes, key=lambda size: ratios[size])
    ratio = ratios[worst]
    medians_s = measurement.latency_at(worst).median_s, other.latency_at(worst).median_s
    where = f" at {worst}" if len(sizes) > 1 else ""
    word = "faster than" if ratio > 1 else "as fast as"
    sentence = f"{apart(ratio, factor, 2)}x {word} {name}{where} (limit {factor:g}x)"
    status = Status.PASSED if ratio >= factor else Status.REGRESSED
    seen = disturbance(measurement) or disturbance(other)
    if status is Status.REGRESSED and seen:
        status, sentence = Status.INCONCLUSIVE, f"{sentence}, but {seen}"
    return Finding(
        part="latency",
        status=status,
        sentence=sentence,
        details=[
            f"{size}: {format_seconds(measurement.latency_at(size).median_s)}, {name} "
            f"{format_seconds(other.latency_at(size).median_s)}: {apart(ratios[size], factor, 2)}x"
            for size in sizes
        ],
        figures={
            "size": worst,
            "than": name,
            "speed_up": ratio,
            "limit": factor,
            "median_s": medians_s[0],
            "other_median_s": medians_s[1],
        },
    )
