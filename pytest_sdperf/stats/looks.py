"""Looks at the pairs measured so far, size by size, and the decision whether another pair is needed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from pytest_sdperf.comparison import Pair, latencies_s
from pytest_sdperf.stats.disturbance import too_many_dropped
from pytest_sdperf.stats.rounds import pair_log_ratio, round_log_ratios
from pytest_sdperf.stats.sequential import Decision, Look, Plan, look


class Promises(Protocol):
    """The thresholds that side-by-side comparisons keep; `options.Thresholds` is one."""

    @property
    def ignore(self) -> float: ...
    @property
    def must_catch(self) -> float: ...
    @property
    def alpha(self) -> float: ...
    @property
    def beta(self) -> float: ...
    @property
    def max_pairs(self) -> int: ...


def plan_of(promises: Promises, sizes: int) -> Plan:
    """The promises of the test of each of ``sizes`` sizes: the false-alarm rate is shared out (Bonferroni).

    The chance of a wrong PASSED is not: a case passes where every size does.
    """
    return Plan(
        ignore=promises.ignore,
        must_catch=promises.must_catch,
        alpha=promises.alpha / sizes,
        beta=promises.beta,
        max_pairs=promises.max_pairs,
    )


def looks(pairs: Sequence[Pair], promises: Promises) -> dict[str, Look]:
    """Size -> what the pairs that count say."""
    kept = [pair for pair in pairs if not pair.dropped]
    sizes = list(pairs[0].head.images) if pairs else []
    plan = plan_of(promises, len(sizes) or 1)
    return {
        size: look([pair_log_ratio(latencies_s(p.base, size), latencies_s(p.head, size)) for p in kept], plan)
        for size in sizes
    }


def decided(pairs: Sequence[Pair], promises: Promises) -> bool:
    """Whether another pair would be too many: a size has regressed, all are decided, or too many were dropped."""
    found = [found.decision for found in looks(pairs, promises).values()]
    return bool(found) and (Decision.REGRESSED in found or Decision.GO_ON not in found or too_many_dropped(pairs))


def ratios_of_rounds(pairs: Sequence[Pair], size: str) -> list[list[float]]:
    """log(head / base) of every round of the pairs that count, at one size."""
    return [round_log_ratios(latencies_s(p.base, size), latencies_s(p.head, size)) for p in pairs if not p.dropped]
