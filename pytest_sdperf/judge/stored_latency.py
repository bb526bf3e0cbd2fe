"""Judge the latency against the recorded runs: a screen that knows, and says, how small a slowdown it can see."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import msgspec

from pytest_sdperf.baseline import RecordedRun, level_s
from pytest_sdperf.diff.changes import machine_changes
from pytest_sdperf.diff.programs import is_same, why_not_same
from pytest_sdperf.judge.without_baseline import missing_as_asked
from pytest_sdperf.measurement import Measurement
from pytest_sdperf.observations import Observations
from pytest_sdperf.options import Options, Thresholds
from pytest_sdperf.program import Program
from pytest_sdperf.stats.disturbance import disturbance, disturbed, explained_slowdown
from pytest_sdperf.stats.intervals import CONFIDENCE, ratio_of
from pytest_sdperf.stats.regime import other_regime
from pytest_sdperf.stats.run_spread import RunSpread, is_watched
from pytest_sdperf.stats.screen import Screened, screen
from pytest_sdperf.stats.sequential import Decision
from pytest_sdperf.verdict.latency_findings import SameProgram, SizeLatency, StoredLatencyFinding, worst_size
from pytest_sdperf.verdict.status import Missing, Status

_STATUS = {
    Decision.REGRESSED: Status.REGRESSED,
    Decision.PASSED: Status.PASSED,
    Decision.FASTER: Status.FASTER,
    Decision.INCONCLUSIVE: Status.INCONCLUSIVE,
}


def judge(seen: Observations, options: Options) -> StoredLatencyFinding | None:
    """The latency compared with the recorded runs; None where it is compared with a base."""
    if seen.comparison is not None:
        return None
    return missing_as_asked(judge_recorded(seen, options), seen, options)


def judge_recorded(seen: Observations, options: Options) -> StoredLatencyFinding:
    """The same whether it is compared with a base or not."""
    recorded = seen.baseline.runs[-1] if seen.baseline and seen.comparable else None
    before, now = recorded and recorded.whole_program, seen.program
    is_same_again = bool(before and now and is_same(before, now))
    # Whatever makes the same program slower, the code is not it: a watch need not see all that a machine does.
    spread = replace(seen.spread, is_watch_enough=False) if is_same_again else seen.spread
    found = judge_stored_latency(
        seen.measurement, seen.comparable, options.thresholds, spread, other_work=seen.other_work
    )
    found = msgspec.structs.replace(found, other_regime=other_regime(seen.measurement.processes, seen.regime))
    if not recorded or not before or not now:
        return found
    if is_same_again:
        return _of_same_program(found, recorded, now, seen)
    because = why_not_same(before, now)
    return msgspec.structs.replace(found, changed_because=because, not_escalated_because=seen.not_escalated_because)


def _of_same_program(
    found: StoredLatencyFinding, recorded: RecordedRun, now: Program, seen: Observations
) -> StoredLatencyFinding:
    """The same program again is as fast as it was: only what is certainly slower is REGRESSED, and all else PASSED."""
    same = SameProgram(
        modules=len(now.modules),
        files=len(now.files) + len(now.outside),
        settings=len(now.settings),
        has_model=bool(now.model_digest),
        machine=machine_changes(recorded.measurement, seen.measurement),
    )
    is_decided = found.status in (Status.REGRESSED, Status.NO_BASELINE)
    return msgspec.structs.replace(found, same=same, status=found.status if is_decided else Status.PASSED)


def judge_stored_latency(
    measurement: Measurement,
    runs: Sequence[Measurement],
    thresholds: Thresholds,
    spread: RunSpread,
    *,
    other_work: str = "",
) -> StoredLatencyFinding:
    """Compare one run with the recorded ones (newest last); the worst size decides.

    REGRESSED is a slowdown significantly above ``thresholds.max_slowdown``, PASSED one significantly below it, FASTER
    a gain that is significantly as large (see ``stats/intervals.py``); all between is INCONCLUSIVE, and so is a
    slowdown measured while something else took the machine, unless it is certainly more than that explains
    (`stats/disturbance.py`). ``spread`` is how far processes differ within runs of this machine,
    ``other_work`` how the recorded ones are of other work: then nothing is compared.
    """
    latency = measurement.latency
    finding = StoredLatencyFinding(
        status=Status.NO_BASELINE,
        median_s=latency.median_s,
        spread=latency.spread,
        limit=thresholds.max_slowdown,
        confidence=CONFIDENCE,
    )
    if other_work:
        return msgspec.structs.replace(finding, status=Status.INVALID_ENVIRONMENT, other_work=other_work)
    if not runs:
        return finding
    doubt = disturbance(measurement)
    found = screen(measurement, runs, thresholds.max_slowdown, spread)
    sizes = [_size_latency(size, one, measurement, runs) for size, one in found.items()]
    explained = explained_slowdown(measurement) if doubt else 1.0
    if doubt:
        sizes = [_doubted(one) if one.status is Status.REGRESSED and _within(one, explained) else one for one in sizes]
    worst = worst_size(sizes)
    return msgspec.structs.replace(
        finding,
        status=worst.status,
        sizes=sizes,
        runs=len(runs),
        processes=min(len(run.processes) for run in runs),
        is_watched=all(is_watched(run, spread.usual) for run in (measurement, *runs)),
        disturbed=disturbed(measurement),
        doubted_because=doubt if worst.status is Status.INCONCLUSIVE else "",
        in_spite_of=doubt if worst.status is Status.REGRESSED else "",
        explained=explained,
        missing=Missing(f"the baseline has no {worst.size}") if worst.status is Status.NO_BASELINE else None,
    )


def _within(one: SizeLatency, explained: float) -> bool:
    """Whether the disturbance may be all there is."""
    return one.lower is None or one.lower <= explained


def _doubted(one: SizeLatency) -> SizeLatency:
    return msgspec.structs.replace(one, status=Status.INCONCLUSIVE, is_doubted=True)


def _size_latency(
    size: str, found: Screened | None, measurement: Measurement, runs: Sequence[Measurement]
) -> SizeLatency:
    median_s = measurement.latency_at(size).median_s
    if found is None:
        return SizeLatency(size=size, status=Status.NO_BASELINE, median_s=median_s)
    diff, detectable = found.difference, ratio_of(found.detectable)
    return SizeLatency(
        size=size,
        status=_STATUS[found.decision],
        median_s=median_s,
        base_s=level_s(runs, size),
        ratio=math.exp(diff.log_ratio),
        lower=ratio_of(diff.lower),
        upper=ratio_of(diff.upper),
        detectable=None if detectable is None else detectable - 1,
    )
