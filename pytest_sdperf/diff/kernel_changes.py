"""Which kernels appeared, vanished or moved between two measurements."""

from __future__ import annotations

from collections.abc import Iterable

from pytest_sdperf.measurement import Evidence, KernelTime

_MOVED = 0.05
"""Share of kernel time, 5 points, below which a kernel that runs on both sides is not worth a line."""


def kernel_changes(baseline_evidence: Evidence, evidence: Evidence) -> list[str]:
    """One line for each kernel that appeared, vanished or whose share of kernel time moved by 5 points or more."""
    before, after = _shares(baseline_evidence.kernels), _shares(evidence.kernels)
    if before and not after:
        return ["no kernels were seen now; the baseline has them"]
    if after and not before:
        return []  # a baseline without kernel evidence says nothing about what changed
    lines: list[tuple[float, str]] = []
    for name in {**before, **after}:
        old, new = before.get(name), after.get(name)
        if old is None and new is not None:
            lines.append((new, f"appeared: {name}, {new * 100:.1f} % of kernel time"))
        elif new is None and old is not None:
            lines.append((old, f"vanished: {name}, was {old * 100:.1f} % of kernel time"))
        elif old is not None and new is not None and abs(new - old) >= _MOVED:
            lines.append((abs(new - old), f"moved: {name}, {old * 100:.1f} % -> {new * 100:.1f} % of kernel time"))
    return [line for _, line in sorted(lines, key=lambda entry: (-entry[0], entry[1]))]


def _shares(kernels: Iterable[KernelTime]) -> dict[str, float]:
    times: dict[str, float] = {}
    for k in kernels:
        name = f"{k.operation} {k.implementation} {k.precision}"
        times[name] = times.get(name, 0.0) + k.time_ms
    total = sum(times.values())
    return {name: time / total for name, time in times.items()} if total > 0 else {}
