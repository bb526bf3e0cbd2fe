"""One latency finding of all the sizes of a case: the worst decides, the others and the stages are told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pytest_sdperf.diff.stage_changes import cold_start_changes, stage_changes
from pytest_sdperf.judge.verdict import Finding, Status
from pytest_sdperf.measurement import Measurement

_WORST_FIRST = (Status.REGRESSED, Status.NO_BASELINE, Status.INCONCLUSIVE, Status.PASSED, Status.FASTER)
"""A case is FASTER only where every size is."""


@dataclass(frozen=True)
class SizeResult:
    """One size of the workload, judged."""

    size: str
    status: Status
    sentence: str
    figures: dict[str, float | str | None]
    excess: float
    "log ratio above what is allowed, for telling which of two equally judged sizes is worse"


def finding_of_sizes(
    results: Sequence[SizeResult], before: Measurement, now: Measurement, *, told: Sequence[str] = ()
) -> Finding:
    """The latency finding of a case: ``told`` first, then the other sizes, then what moved since ``before``."""
    worst = min(results, key=lambda r: (_WORST_FIRST.index(r.status), -r.excess))
    several = len(results) > 1
    details = [*told, *(f"{r.size}: {r.status.value}: {r.sentence}" for r in results if r is not worst)]
    for size in now.sizes:
        if size in before.sizes:
            where = f" at {size}" if several else ""
            details += [f"stage{where}: {line}" for line in stage_changes(before, now, size)]
    details += [f"cold start (not judged): {line}" for line in cold_start_changes(before, now)]
    sentence = (f"at {worst.size}: " if several else "") + worst.sentence
    return Finding(part="latency", status=worst.status, sentence=sentence, details=details, figures=worst.figures)
