"""Judge the peak memory: against an absolute limit, and against the peak of recorded runs or of the base."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from pytest_sdperf.judge.without_baseline import missing_as_asked
from pytest_sdperf.measurement import Measurement, peaks_counted_alike
from pytest_sdperf.observations import Observations
from pytest_sdperf.options import Options, Thresholds
from pytest_sdperf.verdict.memory_finding import MemoryFinding
from pytest_sdperf.verdict.status import Missing, Status

THE_BASELINE = "the baseline"


def judge(seen: Observations, options: Options) -> MemoryFinding:
    """The peak compared with the base's, where there is one to compare with, else with the recorded runs'."""
    measurement, comparison, thresholds = seen.measurement, seen.comparison, options.thresholds
    if comparison is None:
        found = judge_memory(measurement, seen.comparable, thresholds, other_work=seen.other_work)
    elif comparison.identical:
        found = judge_memory(measurement, [], thresholds, identical_to=comparison.base.label)
    elif comparison.kept and not comparison.invalid:
        base = comparison.measurement_of_base(measurement)
        found = judge_memory(measurement, [base], thresholds, base=comparison.base.label)
    else:
        found = judge_memory(measurement, [], thresholds, is_base_unmeasured=not comparison.missing)
        if comparison.missing:
            found = msgspec.structs.replace(found, missing=Missing(comparison.missing))
    return missing_as_asked(found, seen, options)


def judge_memory(
    measurement: Measurement,
    earlier: Sequence[Measurement],
    thresholds: Thresholds,
    *,
    base: str = THE_BASELINE,
    other_work: str = "",
    is_base_unmeasured: bool = False,
    identical_to: str = "",
) -> MemoryFinding:
    """The largest process's own peak memory must stay under both limits; BROKEN where it does not.

    Its own is what is resident without the pages of the libraries' files, of which the kernel keeps as many as it
    likes. Where an earlier run does not say how many these are, they stay in on both sides.
    Growth is counted from the largest peak of ``earlier`` runs: each of them was accepted, so an update that
    accepts more holds at once, and one run with a lucky low peak fails nobody. ``base`` says whose they are.
    Without any, a peak over ``max_memory`` is still BROKEN; one under it is NO_BASELINE, for the growth cannot be
    judged, and INVALID ENVIRONMENT where that is because of ``other_work`` or ``is_base_unmeasured``. A program
    that is ``identical_to`` the base cannot have grown.
    """
    peak, *earlier_peaks = peaks_counted_alike([measurement, *earlier])
    finding = MemoryFinding(
        status=Status.PASSED,
        peak_bytes=peak,
        max_bytes=thresholds.max_memory,
        base=base if earlier_peaks else "",
        base_bytes=max(earlier_peaks, default=None),
        max_growth=thresholds.max_memory_growth,
        other_work=other_work,
        is_base_unmeasured=is_base_unmeasured,
        identical_to=identical_to,
    )
    if finding.is_over or finding.has_grown:
        return msgspec.structs.replace(finding, status=Status.BROKEN)
    if other_work or is_base_unmeasured:
        return msgspec.structs.replace(finding, status=Status.INVALID_ENVIRONMENT)
    return finding if earlier_peaks or identical_to else msgspec.structs.replace(finding, status=Status.NO_BASELINE)
