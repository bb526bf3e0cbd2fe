"""Judge the order of two variants measured in the same session: this one so many times faster than that."""

from __future__ import annotations

from pytest_sdperf.measurement import Measurement
from pytest_sdperf.observations import Observations
from pytest_sdperf.options import Options
from pytest_sdperf.stats.disturbance import disturbance
from pytest_sdperf.verdict.latency_findings import SizeSpeedup, SpeedupFinding
from pytest_sdperf.verdict.status import Status


def judge(seen: Observations, options: Options) -> SpeedupFinding | None:
    """Both variants as they were measured by themselves; None where no `min_speedup` is promised."""
    wanted = options.thresholds.min_speedup
    return judge_speedup(seen.unpaired, seen.sibling, wanted) if wanted else None


def judge_speedup(
    measurement: Measurement, sibling: Measurement | None, min_speedup: tuple[str, float]
) -> SpeedupFinding:
    """Compare median(sibling) / median(this) with the promised factor; the worst of the shared sizes decides.

    ``sibling`` is the named variant's measurement of the same workload and session; None or no shared
    size: nothing shows the promise, so the finding is NO_BASELINE. A factor that was missed while something else took
    the machine from either is INCONCLUSIVE.
    """
    name, limit = min_speedup
    sizes = [size for size in measurement.sizes if sibling is not None and size in sibling.sizes]
    if sibling is None or not sizes:
        return SpeedupFinding(status=Status.NO_BASELINE, sibling=name, limit=limit)
    found = sorted(
        (SizeSpeedup(s, measurement.latency_at(s).median_s, sibling.latency_at(s).median_s) for s in sizes),
        key=lambda one: one.factor,
    )
    if found[0].factor >= limit:
        return SpeedupFinding(status=Status.PASSED, sibling=name, limit=limit, sizes=found)
    doubt = disturbance(measurement) or disturbance(sibling)
    status = Status.INCONCLUSIVE if doubt else Status.REGRESSED
    return SpeedupFinding(status=status, sibling=name, limit=limit, sizes=found, doubted_because=doubt)
