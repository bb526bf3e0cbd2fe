"""Judge the latency of base and head, measured side by side pair by pair, with the error rates that were promised."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import chain

import msgspec

from pytest_sdperf.comparison import Comparison, Pair
from pytest_sdperf.judge.stored_latency import judge_recorded
from pytest_sdperf.judge.without_baseline import missing_as_asked
from pytest_sdperf.measurement import Latency, Measurement
from pytest_sdperf.observations import Observations
from pytest_sdperf.options import Options, Thresholds
from pytest_sdperf.stats.boundary import FEWEST_PAIRS
from pytest_sdperf.stats.disturbance import MOST_EXPLAINED, dropped_clause, explained, too_many_dropped
from pytest_sdperf.stats.intervals import ratio_of
from pytest_sdperf.stats.looks import looks, ratios_of_rounds
from pytest_sdperf.stats.regime import other_regime
from pytest_sdperf.stats.sequential import CONFIDENCE, Decision, Look
from pytest_sdperf.verdict.latency_findings import (
    ControlFinding,
    DroppedPair,
    IdenticalProgram,
    PairedLatencyFinding,
    SizeLatency,
    worst_size,
)
from pytest_sdperf.verdict.status import Missing, Status

_STATUS = {
    Decision.REGRESSED: Status.REGRESSED,
    Decision.PASSED: Status.PASSED,
    Decision.FASTER: Status.FASTER,
    Decision.INCONCLUSIVE: Status.INCONCLUSIVE,
    Decision.GO_ON: Status.INCONCLUSIVE,  # the budget ended first
}


def judge(seen: Observations, options: Options) -> PairedLatencyFinding | None:
    """The latency compared with the base's, and with the recorded runs where there are some; None without a base."""
    if seen.comparison is None:
        return None
    found = judge_paired_latency(seen.comparison, seen.measurement, options.thresholds)
    processes = [run for pair in seen.comparison.kept for run in (pair.base, pair.head)]
    found = msgspec.structs.replace(found, other_regime=other_regime(processes, seen.regime))
    if seen.earlier:
        found = msgspec.structs.replace(found, recorded=judge_recorded(seen, options))
    return missing_as_asked(found, seen, options)


def judge_head(seen: Observations, options: Options) -> ControlFinding | None:
    """The head compared with itself; None where that was not asked for."""
    return judge_control(seen.control, seen.measurement, options.thresholds) if seen.control else None


def judge_paired_latency(comparison: Comparison, head: Measurement, thresholds: Thresholds) -> PairedLatencyFinding:
    """REGRESSED, PASSED, FASTER, INCONCLUSIVE, or INVALID ENVIRONMENT where nothing may be compared.

    Where both are the same program, it is PASSED without a pair.
    ``head`` is the head's measurement, whose case base and head drew; the worst size decides.
    """
    latency = head.latency
    finding = PairedLatencyFinding(
        status=Status.INVALID_ENVIRONMENT,
        base=comparison.base.label,
        head=comparison.head.label,
        median_s=latency.median_s,
        spread=latency.spread,
        pairs=len(comparison.kept),
        dropped=[DroppedPair(n, pair.dropped) for n, pair in enumerate(comparison.pairs, 1) if pair.dropped],
        ignore=thresholds.ignore,
        must_catch=thresholds.must_catch,
        confidence=CONFIDENCE,
        fewest_pairs=FEWEST_PAIRS,
        spent_s=comparison.spent_s,
        out_of_budget=bool(comparison.ended_by),
        in_turn=not comparison.side_by_side,
        invalid=comparison.invalid,
        models=comparison.models,
        measured_because=comparison.measured_because,
    )
    if comparison.identical:
        same = IdenticalProgram(
            len(comparison.identical.modules), len(comparison.identical.files), bool(comparison.identical.model_digest)
        )
        return msgspec.structs.replace(finding, status=Status.PASSED, identical=same)
    if comparison.missing:
        return msgspec.structs.replace(finding, status=Status.NO_BASELINE, missing=Missing(comparison.missing))
    if comparison.invalid:
        return finding
    if too_many_dropped(comparison.pairs) or not comparison.kept:
        in_spite = _beyond_disturbance(comparison, finding, thresholds)
        return in_spite or msgspec.structs.replace(finding, too_busy=too_many_dropped(comparison.pairs))
    sizes = _sizes(comparison.pairs, thresholds)
    found = msgspec.structs.replace(finding, status=worst_size(sizes).status, sizes=sizes)
    if found.status is Status.INCONCLUSIVE:  # too few may be left, and those that do not count tell enough
        return _beyond_disturbance(comparison, finding, thresholds) or found
    return found


def _beyond_disturbance(
    comparison: Comparison, finding: PairedLatencyFinding, thresholds: Thresholds
) -> PairedLatencyFinding | None:
    """REGRESSED where all pairs, disturbed or not, show a slowdown that the disturbance cannot explain; else None.

    Both sides of a pair drew in the same minutes, so that load from outside slows both; a head that starts load of its
    own disturbs every pair.
    """
    pairs = [msgspec.structs.replace(pair, dropped="") for pair in comparison.pairs]
    if not pairs:
        return None
    sizes = _sizes(pairs, thresholds)
    if len(pairs) < FEWEST_PAIRS:
        return _beyond_any_disturbance(pairs, finding, sizes)
    most = max(explained(pair.seen) for pair in pairs)
    worst = worst_size(sizes)
    if worst.status is not Status.REGRESSED or worst.lower is None or worst.lower <= most:
        return None
    return msgspec.structs.replace(
        finding,
        status=Status.REGRESSED,
        sizes=sizes,
        pairs=len(pairs),
        in_spite_of=dropped_clause(comparison.pairs),
        explained=most,
    )


def _beyond_any_disturbance(
    pairs: Sequence[Pair], finding: PairedLatencyFinding, sizes: Sequence[SizeLatency]
) -> PairedLatencyFinding | None:
    """REGRESSED where pairs are too few for a test, and every round is slower than anything but the code explains."""
    least = {one.size: min(chain.from_iterable(ratios_of_rounds(pairs, one.size))) for one in sizes}
    if max(least.values()) <= math.log(MOST_EXPLAINED):
        return None
    slower = [
        msgspec.structs.replace(one, status=Status.REGRESSED) if least[one.size] > math.log(MOST_EXPLAINED) else one
        for one in sizes
    ]
    return msgspec.structs.replace(
        finding,
        status=Status.REGRESSED,
        sizes=slower,
        pairs=len(pairs),
        every_round=math.exp(max(least.values())),
        explained=MOST_EXPLAINED,
    )


def _sizes(pairs: Sequence[Pair], thresholds: Thresholds) -> list[SizeLatency]:
    kept = [pair for pair in pairs if not pair.dropped]
    return [_size_latency(size, one, kept) for size, one in looks(pairs, thresholds).items()]


def judge_control(comparison: Comparison, head: Measurement, thresholds: Thresholds) -> ControlFinding:
    """The head side by side with itself: where a difference is seen, the environment is not fit to compare in."""
    found = judge_paired_latency(comparison, head, thresholds)
    differs = found.status in (Status.REGRESSED, Status.FASTER)
    return ControlFinding(status=Status.INVALID_ENVIRONMENT if differs else found.status, latency=found)


def _size_latency(size: str, one: Look, kept: Sequence[Pair]) -> SizeLatency:
    head_s, base_s = _medians_s(kept, size)
    detectable = ratio_of(one.detectable)
    return SizeLatency(
        size=size,
        status=_STATUS[one.decision],
        median_s=head_s,
        base_s=base_s,
        ratio=math.exp(one.log_ratio),
        lower=ratio_of(one.lower),
        upper=ratio_of(one.upper),
        detectable=None if detectable is None else detectable - 1,
    )


def _medians_s(kept: Sequence[Pair], size: str) -> tuple[float, float]:
    """(head, base): median over the processes' medians, s."""
    sides = ([p.head for p in kept], [p.base for p in kept])
    head_s, base_s = (Latency([run.median_ns(size) / 1e9 for run in runs]).median_s for runs in sides)
    return head_s, base_s
