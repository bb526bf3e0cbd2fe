"""How other tools would judge the same latencies: by their own code where it can be called, else by their rule.

Each is called as rule(base, head), two arrays (processes, rounds) of seconds, and answers whether it reports a
regression. `STORED` and `SIDE_BY_SIDE` say what a tool measures with: most take rounds of one process.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import metadata, util
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Latencies = NDArray[np.float64]
Rule = Callable[[Latencies, Latencies], bool]


def pytest_benchmark(base: Latencies, head: Latencies) -> bool:
    """--benchmark-compare-fail=mean:5%, its own check."""
    from pytest_benchmark.utils import parse_compare_fail

    check: Any = parse_compare_fail("mean:5%")
    return bool(check.fails({"mean": float(head.mean())}, {"mean": float(base.mean())}))


def asv(base: Latencies, head: Latencies, factor: float = 1.05) -> bool:
    """`asv compare --factor 1.05`, its own comparison of medians and samples (its default factor is 1.1)."""
    from asv.commands.compare import _is_result_better
    from asv_runner.statistics import compute_stats

    a, b = base.ravel().tolist(), head.ravel().tolist()
    (value_a, stats_a), (value_b, stats_b) = compute_stats(a, 1), compute_stats(b, 1)
    return bool(_is_result_better(value_a, value_b, (stats_a, a), (stats_b, b), factor))


def pyperf(base: Latencies, head: Latencies) -> bool:
    """`pyperf compare_to`, its own t test over all values, and slower."""
    from pyperf._utils import is_significant

    significant, _ = is_significant(base.ravel().tolist(), head.ravel().tolist())
    return bool(significant and head.mean() > base.mean())


def criterion(base: Latencies, head: Latencies) -> bool:
    """criterion.rs 0.5: p < 0.05 of a bootstrapped t test, and both 95 % intervals, of mean and median, above 1 %.

    Said again from src/analysis/compare.rs, with 2,000 resamples in place of 100,000.
    """
    a, b = base.ravel(), head.ravel()
    rng = np.random.default_rng(0)
    observed = stats.ttest_ind(b, a, equal_var=False).statistic
    pooled = np.concatenate([a, b])
    null = stats.ttest_ind(
        rng.choice(pooled, (2000, len(b))), rng.choice(pooled, (2000, len(a))), equal_var=False, axis=1
    ).statistic
    tail = float((null >= observed).mean())
    if 2 * min(tail, 1 - tail) >= 0.05:
        return False
    drawn_a, drawn_b = rng.choice(a, (2000, len(a))), rng.choice(b, (2000, len(b)))
    changes = (
        drawn_b.mean(axis=1) / drawn_a.mean(axis=1) - 1,
        np.median(drawn_b, axis=1) / np.median(drawn_a, axis=1) - 1,
    )
    return all(float(np.quantile(change, 0.025)) > 0.01 for change in changes)


def hyperfine(base: Latencies, head: Latencies) -> bool:
    """hyperfine's scripts/welch_ttest.py: Welch's t test over runs, p < 0.05, and slower. One run is one process."""
    a, b = base[:, 0], head[:, 0]
    return bool(stats.ttest_ind(b, a, equal_var=False).pvalue < 0.05 and b.mean() > a.mean())


def github_action_benchmark(base: Latencies, head: Latencies, threshold: float = 1.05) -> bool:
    """github-action-benchmark, src/write/findAlerts.ts: ratio of means above alert-threshold (its default is 200 %)."""
    return bool(head.mean() / base.mean() > threshold)


def tango(base: Latencies, head: Latencies) -> bool:
    """tango-bench 0.6, src/lib.rs: z >= 2.6 of paired differences, and more than 0.5 %, slower. Arms run in turn."""
    difference = head.ravel() - base.ravel()
    error = difference.std(ddof=1) / np.sqrt(len(difference))
    mean = difference.mean()
    return bool(error > 0 and mean / error >= 2.6 and mean / base.mean() > 0.005)


STORED: dict[str, tuple[Rule, int, int]] = {
    "pytest-benchmark mean:5%": (pytest_benchmark, 1, 40),
    "asv --factor 1.05": (asv, 2, 20),
    "pyperf compare_to": (pyperf, 7, 3),
    "criterion.rs": (criterion, 1, 100),
    "hyperfine + Welch": (hyperfine, 7, 1),
    "github-action-benchmark 105%": (github_action_benchmark, 1, 40),
}
"""Rules that compare two jobs -> (rule, processes, rounds of each)."""

SIDE_BY_SIDE: dict[str, tuple[Rule, int]] = {"tango": (tango, 100)}
"""Rules that compare two processes side by side -> (rule, rounds)."""

PACKAGES = {
    "pytest-benchmark mean:5%": "pytest-benchmark",
    "asv --factor 1.05": "asv",
    "pyperf compare_to": "pyperf",
}
"""Rules that are called in the tool's own code -> its package."""


def versions() -> dict[str, str | None]:
    """Package of each rule that is called -> its version; None where it is not installed."""
    return {p: metadata.version(p) if util.find_spec(p.replace("-", "_")) else None for p in PACKAGES.values()}
