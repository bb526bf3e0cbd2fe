"""What would other settings and statistics of the A/B verdict do? One is changed at a time. Nothing is timed."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import boundaries
import machine
import numpy as np
from noise_profiles import HEAVY_TAILED, PROFILES, RECORDED, Latencies, Machine, Recorded
from scipy.stats import t, trim_mean

from pytest_sdperf.options import FEWEST_PAIRS
from pytest_sdperf.stats import boundary
from pytest_sdperf.stats.pair import TRIMMED
from pytest_sdperf.stats.sequential import Plan

START_S, ROUND_S = 8.0, 0.6
"""Of a pair, and of a round of it, as `gate_power.py` has them."""

PLAN = Plan()


def _of_ratios(centre: Callable[[Latencies], Latencies]) -> Callable[[Latencies, Latencies], Latencies]:
    return lambda base, head: centre(np.log(head / base))


def _hodges_lehmann(ratios: Latencies) -> Latencies:
    first, second = np.triu_indices(ratios.shape[1])
    medians = [np.median((r[:, first] + r[:, second]) / 2, axis=1) for r in np.array_split(ratios, 50)]
    return np.concatenate(medians)


def _of_arms(share: float) -> Callable[[Latencies, Latencies], Latencies]:
    return lambda base, head: np.log(np.quantile(head, share, axis=1) / np.quantile(base, share, axis=1))


STATISTICS: dict[str, Callable[[Latencies, Latencies], Latencies]] = {
    "trimmed mean of ratios": _of_ratios(lambda r: trim_mean(r, TRIMMED, axis=1)),
    "Hodges-Lehmann of ratios": _of_ratios(_hodges_lehmann),
    "median of ratios": _of_ratios(lambda r: np.median(r, axis=1)),
    "mean of ratios": _of_ratios(lambda r: r.mean(axis=1)),
    "ratio of medians": _of_arms(0.5),
    "ratio of lower quartiles": _of_arms(0.25),
    "ratio of minima": _of_arms(0.0),
}
"""(pairs, rounds) of base and head -> (pairs,) log ratios."""


@dataclass(frozen=True)
class Choice:
    """A verdict; the defaults are the package's own."""

    label: str = "as it is"
    rounds: int = 12
    max_pairs: int = PLAN.max_pairs
    first_look: int = FEWEST_PAIRS
    statistic: str = "trimmed mean of ratios"
    robust: bool = False
    "Yuen's t test: the largest and the smallest pair left out, the spread winsorised"
    prior_pairs: int = 0
    "degrees of freedom of a prior of the spread (moderated t: Smyth, SAGMB 3(1), 2004)"
    prior_error: float = 1.0
    "the prior spread over the true one"


CHOICES = (
    Choice(),
    *(Choice(f"{r} rounds", rounds=r) for r in (5, 10, 20, 40)),
    *(Choice(f"at most {n} pairs", max_pairs=n) for n in (12, 16, 20, 32)),
    *(Choice(f"first look at {n} pairs", first_look=n) for n in (5, 6)),
    *(Choice(name, statistic=name) for name in list(STATISTICS)[1:]),
    Choice("robust t, first look at 5 pairs", first_look=5, robust=True),
    *(
        Choice(f"prior of {d} degrees, {e:g} x true spread", prior_pairs=d, prior_error=e)
        for d in (3, 6)
        for e in (0.5, 1.0, 2.0)
    ),
)


@lru_cache
def level(rate: float, max_pairs: int, first_look: int) -> float:
    """The package's own; simulated for another first look."""
    if first_look == FEWEST_PAIRS:
        return boundary.level(rate, max_pairs)
    return float(np.quantile(_smallest(max_pairs, first_look), rate))


@lru_cache
def _smallest(max_pairs: int, first_look: int) -> Latencies:
    return boundaries.smallest_p_values(np.random.default_rng(0), 400_000, max_pairs, first_look)


def decide(pairs: Latencies, choice: Choice, spread: float) -> tuple[Latencies, Latencies, Latencies]:
    """(gates, max_pairs) log ratios -> REGRESSED, PASSED and pairs used, each (gates,); ``spread`` is the true one."""
    ignore, must_catch = np.log1p(PLAN.ignore), np.log1p(PLAN.must_catch)
    fail, good = (level(rate, choice.max_pairs, choice.first_look) for rate in (PLAN.alpha, PLAN.beta))
    regressed, passed = np.zeros((2, len(pairs)), bool)
    used = np.full(len(pairs), choice.max_pairs)
    for n in range(choice.first_look, choice.max_pairs + 1):
        mean, error, degrees = _centre_and_error(pairs[:, :n], choice, spread)
        going = ~(regressed | passed)
        above = going & (mean - t.isf(fail, degrees) * error > ignore) & (mean > PLAN.middle)
        below = going & (mean + t.isf(good, degrees) * error < must_catch) & (mean < PLAN.middle)
        regressed, passed = regressed | above, passed | below
        used[above | below] = n
    return regressed, passed, used


def _centre_and_error(seen: Latencies, choice: Choice, spread: float) -> tuple[Latencies, Latencies, int]:
    n = seen.shape[1]
    if choice.robust:
        kept = np.sort(seen, axis=1)[:, 1:-1]
        winsorised = np.concatenate([kept[:, :1], kept, kept[:, -1:]], axis=1)
        squares = winsorised.var(axis=1, ddof=1) * (n - 1)
        return kept.mean(axis=1), np.sqrt(squares / ((n - 2) * (n - 3))), n - 3
    degrees = n - 1 + choice.prior_pairs
    prior = choice.prior_pairs * (choice.prior_error * spread) ** 2
    variance = (prior + (n - 1) * seen.var(axis=1, ddof=1)) / degrees
    return seen.mean(axis=1), np.sqrt(variance / n), degrees


def study(noisy: Machine, choice: Choice, gates: int, seed: int) -> dict[str, Any]:
    """One verdict on one machine."""
    found: dict[str, Any] = {}
    statistic = STATISTICS[choice.statistic]
    for slowdown in (0.0, PLAN.ignore, PLAN.must_catch):
        rng = np.random.default_rng([seed, round(slowdown * 1000)])
        base, head = noisy.pairs(rng, 1 + slowdown, gates * choice.max_pairs, choice.rounds)
        pairs = statistic(base, head).reshape(gates, choice.max_pairs)
        regressed, passed, used = decide(pairs, choice, float(pairs.std()))
        found[str(slowdown)] = {
            "regressed": float(regressed.mean()),
            "passed": float(passed.mean()),
            "pairs_mean": float(used.mean()),
            "seconds_mean": float(used.mean() * (START_S + choice.rounds * ROUND_S)),
        }
    return found


def render(document: dict[str, Any]) -> str:
    """The result as Markdown."""
    lines = [
        "# Choices of the A/B verdict, simulated",
        "",
        *machine.render_header(document),
        (
            f"- {document['gates']} gates of each kind; a pair starts in {START_S:g} s, a round takes {ROUND_S:g} s; "
            f"as it is: {Choice.rounds} rounds, looks at pairs {FEWEST_PAIRS} to {PLAN.max_pairs}, trimmed mean of "
            "ratios, plain t test"
        ),
        "- one thing is changed in each row; wrong: REGRESSED at 0 and 1 % (1 % allowed), PASSED at 5 % (5 % allowed)",
        "",
    ]
    for name, rows in document["machines"].items():
        lines += [f"## {name}", ""]
        lines += machine.table(
            ["choice", "REGRESSED at 0 %", "at 1 %", "at 5 %", "PASSED at 5 %", "s at 0 %", "s at 5 %", "pairs at 5 %"],
            [[label, *_cells(found)] for label, found in rows.items()],
        )
        lines += [""]
    return "\n".join(lines)


def _cells(found: dict[str, Any]) -> list[str]:
    none, ignored, caught = found.values()
    return [
        *(f"{entry['regressed']:.2%}" for entry in (none, ignored, caught)),
        f"{caught['passed']:.2%}",
        *(f"{entry['seconds_mean']:.0f}" for entry in (none, caught)),
        f"{caught['pairs_mean']:.1f}",
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--gates", type=int, default=4000, help="simulated gates of each kind")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--traces", type=Path, help="folder of recorded traces (aa_*.json, processes.json)")
    parser.add_argument("--name", default="gate_choices", help="name of the result's files")
    parser.add_argument("--results", default=str(machine.RESULTS), help="folder of the result's files")
    arguments = parser.parse_args()
    machines: list[Machine] = [*PROFILES, *HEAVY_TAILED]
    machines += [Recorded.read(arguments.traces, v) for v in RECORDED] if arguments.traces else []
    document: dict[str, Any] = {
        "benchmark": "gate_choices",
        "version": 1,
        "header": machine.header(),
        "gates": arguments.gates,
        "choices": [dataclasses.asdict(choice) for choice in CHOICES],
        "machines": {noisy.name: {} for noisy in machines},
    }
    for choice in CHOICES:  # machines inside, so that the levels of a choice are computed once
        for noisy in machines:
            found = study(noisy, choice, arguments.gates, arguments.seed)
            document["machines"][noisy.name][choice.label] = found
        machine.tell(f"{choice.label}: done")
    text = render(document)
    machine.write(document, text, arguments.name, Path(arguments.results))
    print(text)


if __name__ == "__main__":
    main()
