"""Judge one case: every part's finding, assembled into a verdict; pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec

from pytest_sdperf.baseline import other_work
from pytest_sdperf.judge.memory import judge_memory
from pytest_sdperf.judge.paired_latency import judge_control, judge_paired_latency
from pytest_sdperf.judge.picture import judge_picture
from pytest_sdperf.judge.proof import judge_proof
from pytest_sdperf.judge.speedup import judge_speedup
from pytest_sdperf.judge.stage_parity import judge_stage_parity
from pytest_sdperf.judge.stored_latency import judge_stored_latency
from pytest_sdperf.measurement import Measurement
from pytest_sdperf.observations import Observations
from pytest_sdperf.options import Options
from pytest_sdperf.verdict.case_verdict import AnyFinding, Verdict
from pytest_sdperf.verdict.latency_findings import PairedLatencyFinding, StoredLatencyFinding
from pytest_sdperf.verdict.memory_finding import MemoryFinding
from pytest_sdperf.verdict.picture_findings import PictureFinding
from pytest_sdperf.verdict.status import Missing, Status

F = TypeVar("F", StoredLatencyFinding, PairedLatencyFinding, PictureFinding, MemoryFinding)

_NO_BASELINE = "there is no baseline for this case and machine yet"


def judge(seen: Observations, options: Options) -> Verdict:
    """All findings of one case, in the order of the verdict's parts.

    Side by side, latency and memory are judged against the base; else against the recorded runs. Where the result is to
    be recorded it is compared with none of these, and a part without a baseline is NOT_JUDGED, as with
    --sdperf-missing=skip.
    """
    return Verdict(
        findings=[finding for judge_one in _JUDGES if (finding := judge_one(seen, options)) is not None],
        gate=list(options.gate),
        inconclusive=options.thresholds.inconclusive,
    )


def _latency(seen: Observations, options: Options) -> AnyFinding:
    recorded = judge_stored_latency(
        seen.measurement, _runs(seen), options.thresholds, seen.spread, other_work=_other_work(seen)
    )
    if seen.comparison is None:
        return _missing_as_asked(recorded, seen, options)
    paired = judge_paired_latency(seen.comparison, seen.measurement, options.thresholds)
    if _earlier(seen):
        paired = msgspec.structs.replace(paired, recorded=recorded)
    return _missing_as_asked(paired, seen, options)


def _control(seen: Observations, options: Options) -> AnyFinding | None:
    return judge_control(seen.control, seen.measurement, options.thresholds) if seen.control else None


def _speedup(seen: Observations, options: Options) -> AnyFinding | None:
    wanted = options.thresholds.min_speedup
    return judge_speedup(seen.unpaired, seen.sibling, wanted) if wanted else None


def _picture(seen: Observations, options: Options) -> AnyFinding:
    found = judge_picture(
        seen.pictures,
        seen.references,
        options.thresholds,
        seen.case.workload,
        reference_name=seen.case.variant.reference,
        other_pictures=seen.other_pictures,
        is_repeatable=seen.measurement.repeatable,
    )
    # A reference that is another variant's picture is missing for another reason than a baseline.
    return found if seen.case.variant.reference else _missing_as_asked(found, seen, options)


def _stage_parity(seen: Observations, options: Options) -> AnyFinding | None:
    parity = seen.measurement.stage_parity
    return judge_stage_parity(parity, options.thresholds.min_stage_psnr) if parity else None


def _proof(seen: Observations, _: Options) -> AnyFinding:
    return judge_proof(seen.case.variant.claims, seen.measurement.evidence, seen.case.workload)


def _memory(seen: Observations, options: Options) -> AnyFinding:
    measurement, comparison, thresholds = seen.measurement, seen.comparison, options.thresholds
    if comparison is None:
        found = judge_memory(measurement, _runs(seen), thresholds, other_work=_other_work(seen))
    elif comparison.kept and not comparison.invalid:
        base = comparison.measurement_of_base(measurement)
        found = judge_memory(measurement, [base], thresholds, base=comparison.base.label)
    else:
        found = judge_memory(measurement, [], thresholds, is_base_unmeasured=not comparison.missing)
        if comparison.missing:
            found = msgspec.structs.replace(found, missing=Missing(comparison.missing))
    return _missing_as_asked(found, seen, options)


_JUDGES: tuple[Callable[[Observations, Options], AnyFinding | None], ...] = (
    _latency,
    _control,
    _speedup,
    _picture,
    _stage_parity,
    _proof,
    _memory,
)
"""One judge for each kind of finding, in the order in which people read them; None: nothing to judge."""


def _earlier(seen: Observations) -> list[Measurement]:
    """The recorded runs that the verdict rests on, newest last."""
    return [] if seen.baseline is None or seen.is_to_be_recorded else seen.baseline.measurements


def _other_work(seen: Observations) -> str:
    earlier = _earlier(seen)
    return (other_work(earlier[-1], seen.measurement) or "") if earlier else ""


def _runs(seen: Observations) -> Sequence[Measurement]:
    return () if _other_work(seen) else _earlier(seen)


def _missing_as_asked(finding: F, seen: Observations, options: Options) -> F:
    """The finding on a part that has no baseline, as asked: it fails, waits for the recording, or is skipped."""
    if finding.status is not Status.NO_BASELINE:
        return finding
    then = "record" if seen.is_to_be_recorded else options.missing
    missing = msgspec.structs.replace(finding.missing or Missing(_NO_BASELINE), then=then)
    status = Status.NO_BASELINE if then == "fail" else Status.NOT_JUDGED
    return msgspec.structs.replace(finding, status=status, missing=missing)
