"""Measure base and head pair by pair until enough is known, pairs or budget end, or they turn out not to compare."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pytest_sdperf import protocol
from pytest_sdperf.comparison import Pair
from pytest_sdperf.diff.package_versions import Installed
from pytest_sdperf.measure.paired import SampledPair
from pytest_sdperf.measure.progress import Progress
from pytest_sdperf.measurement import Evidence, Measurement
from pytest_sdperf.options import Thresholds
from pytest_sdperf.picture_chain import Chains
from pytest_sdperf.stats.disturbance import judged
from pytest_sdperf.stats.looks import decided, looks, ratios_of_rounds
from pytest_sdperf.stats.rounds import rounds_per_pair
from pytest_sdperf.units import format_share
from pytest_sdperf.wording import plural

Sample = Callable[..., SampledPair]
"""`measure.paired.PairSampler.sample`: called as sample(number, rounds, show_base=...)."""

WrongCode = Callable[[SampledPair], str]
"""The fault in the code that the first pair ran, as a sentence; empty: all is well."""


@dataclass
class Paired:
    """The pairs of one case, as they come in."""

    pairs: list[Pair] = field(default_factory=list)
    built: Mapping[str, protocol.Built] = field(default_factory=dict)
    "`base` and `head` -> what it said when it was built, in the first pair"
    modules: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    "`base` and `head` -> module -> file, in the first pair"
    evidence: Evidence = field(default_factory=Evidence)
    "of the base"
    pictures: Mapping[str, Path] = field(default_factory=dict)
    "picture key -> .npy as the base draws it"
    installed: Mapping[str, Installed] = field(default_factory=dict)
    "`base` and `head` -> what is installed there, where they run with libraries of their own"
    chains: Chains | None = None
    "what was found along the chains of the base's reference; None: they were not followed"
    ended_by: str = ""
    invalid: str = ""


@dataclass(frozen=True)
class Limits:
    """How much may be measured."""

    thresholds: Thresholds
    budget_s: float
    rounds: int | None = None
    "of each pair; None: as many as pay"


def measure_pairs(
    sample: Sample,
    head: Measurement,
    limits: Limits,
    *,
    wrong_code: WrongCode,
    progress: Progress,
) -> Paired:
    """Measure pairs of the case of ``head``, whose own cost says how many rounds the first pair should have.

    ``progress`` takes what is going on, and its clock the time that is left.
    """
    begun_s = progress.elapsed_s
    found = Paired()
    size = head.sizes[0]
    while True:
        left_s = limits.budget_s - (progress.elapsed_s - begun_s)
        start_s, round_s = _costs_s(found.pairs, head)
        rounds = limits.rounds or rounds_per_pair(
            ratios_of_rounds(found.pairs, size), start_s=start_s, round_s=round_s, left_s=left_s
        )
        if found.pairs and start_s + rounds * round_s > left_s:
            found.ended_by = "budget"
            return found
        number, most = len(found.pairs) + 1, _most(found.pairs, limits.thresholds)
        pair_s = start_s + rounds * round_s
        ends_s = progress.elapsed_s + min((most - len(found.pairs)) * pair_s, left_s)
        so_far = _so_far(found.pairs, limits.thresholds)
        progress.part(f"pair {number} of at most {most}{so_far}", ends_s=ends_s, at_most=True)
        sampled = sample(number, rounds, show_base=not found.pairs)
        if not found.pairs:
            found.built, found.modules, found.pictures = sampled.built, sampled.modules, sampled.pictures
            found.installed = sampled.installed
            found.evidence, found.chains = sampled.evidence or found.evidence, sampled.chains
            found.invalid = wrong_code(sampled)
        found.pairs.append(judged(sampled.pair, found.pairs))
        progress.done(_line(found.pairs, rounds, limits.thresholds), ends_s=ends_s, at_most=True)
        if found.invalid or decided(found.pairs, limits.thresholds):
            return found


def _costs_s(pairs: list[Pair], head: Measurement) -> tuple[float, float]:
    """(seconds a pair takes besides its rounds, seconds of a round with both)."""
    if not pairs:
        process = head.processes[0]
        # Both start at once, and warm up one after the other
        start_s = (sum(process.startup_ns.values()) + 2 * sum(map(sum, process.warmup_ns.values()))) / 1e9
        return start_s, 2 * sum(head.latency_at(size).median_s for size in head.sizes)
    rounds = sum(len(next(iter(pair.head.images.values()))) for pair in pairs)
    start_s = sum(pair.spent_s["start"] + pair.spent_s["end"] for pair in pairs) / len(pairs)
    return start_s, sum(pair.spent_s["rounds"] for pair in pairs) / rounds


def _line(pairs: list[Pair], rounds: int, thresholds: Thresholds) -> str:
    """``pair 5 of at most 24, 12 rounds: +0.4 % so far``."""
    done = f"pair {len(pairs)} of at most {_most(pairs, thresholds)}, {plural(rounds, 'round')}"
    if pairs[-1].dropped:
        return f"{done}: does not count, {pairs[-1].dropped}"
    return f"{done}: {_change(pairs, thresholds)} so far"


def _so_far(pairs: list[Pair], thresholds: Thresholds) -> str:
    """`` (+0.4 % so far)``; empty before a pair counts."""
    return f" ({_change(pairs, thresholds)} so far)" if any(not pair.dropped for pair in pairs) else ""


def _change(pairs: list[Pair], thresholds: Thresholds) -> str:
    worst = max(looks(pairs, thresholds).values(), key=lambda look: look.log_ratio)
    return format_share(math.expm1(worst.log_ratio))


def _most(pairs: list[Pair], thresholds: Thresholds) -> int:
    """Only pairs that count are limited."""
    return thresholds.max_pairs + sum(bool(pair.dropped) for pair in pairs)
