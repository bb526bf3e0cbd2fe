"""Differences between two measurements, line by line: where the time moved, which kernels ran, their environment."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping

from pytest_sdperf.measurement import Environment, Evidence, KernelTime, Measurement
from pytest_sdperf.stats.regime import Usual, readings_ns
from pytest_sdperf.units import format_seconds, format_share

_WORTH_A_LINE = 0.01
"""Share of the picture's time by which a stage must move, either way, to be listed."""


def stage_changes(base: Measurement, head: Measurement, size: str) -> list[str]:
    """One line for each stage that moved by at least 1 % of the picture's time, the largest move first.

    Each line has the stage's seconds on both sides, its change, and how many per cent of the base's
    picture time that is.
    """
    before, after = base.stages_s(size), head.stages_s(size)
    total = base.latency_at(size).median_s
    moves = {name: after.get(name, 0.0) - before.get(name, 0.0) for name in {**before, **after}}
    moved = [name for name in sorted(moves, key=lambda n: -abs(moves[n])) if abs(moves[name]) >= _WORTH_A_LINE * total]
    return [
        f"{_stage_line(name, before, after)}, {format_share(moves[name] / total)} of the picture's time"
        for name in moved
    ]


def cold_start_changes(base: Measurement, head: Measurement) -> list[str]:
    """One line for each phase before the first picture, medians over processes; never judged."""
    before, after = _startup_s(base), _startup_s(head)
    return [_stage_line(name, before, after) for name in {**before, **after}]


def _stage_line(name: str, before: Mapping[str, float], after: Mapping[str, float]) -> str:
    old, new = before.get(name), after.get(name)
    if old is None or new is None:
        here, there = ("none" if v is None else format_seconds(v) for v in (old, new))
        return f"{name} {here} -> {there}"
    change = f" ({format_share(new / old - 1)})" if old > 0 else ""
    return f"{name} {format_seconds(old)} -> {format_seconds(new)}{change}"


def _startup_s(measurement: Measurement) -> dict[str, float]:
    names = dict.fromkeys(name for p in measurement.processes for name in p.startup_ns)
    return {n: statistics.median(p.startup_ns.get(n, 0) for p in measurement.processes) / 1e9 for n in names}


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


def environment_changes(base: Environment, head: Environment) -> list[str]:
    """One line for each difference between the baseline's environment and this one: ``torch 2.8.0 -> 2.9.0``."""
    lines = _mapping(base.packages, head.packages, absent="not installed")
    if base.python != head.python:
        lines.append(f"Python {base.python or 'unknown'} -> {head.python or 'unknown'}")
    return lines + _machine_changes(base, head) + _mapping(base.variables, head.variables, absent="not set")


def machine_changes(base: Measurement, head: Measurement) -> list[str]:
    """One line for each difference between the machine then and now: ``kernel 6.1 -> 6.2``."""
    lines = _machine_changes(base.environment, head.environment)
    before, after = _frequency_mhz(base), _frequency_mhz(head)
    if before and after and abs(after / before - 1) >= _MOVED:
        lines.append(f"{before:.0f} MHz -> {after:.0f} MHz")
    then, now = (statistics.median(readings_ns(m.processes) or [0]) for m in (base, head))
    if then and now and not Usual(then).includes_ns(now):
        lines.append(f"a round trip between two CPUs {then:.0f} ns -> {now:.0f} ns")
    return lines


def _frequency_mhz(measurement: Measurement) -> float | None:
    seen = [run.seen.frequency_mhz for run in measurement.processes if run.seen and run.seen.frequency_mhz]
    return statistics.median(seen) if seen else None


def _machine_changes(base: Environment, head: Environment) -> list[str]:
    plain = {
        "machine": (base.machine_key, head.machine_key),
        "CPU": (base.cpu_model, head.cpu_model),
        "kernel": (base.kernel, head.kernel),
        "threads": (str(base.threads), str(head.threads)),
        "CPUs": (_cpus(base.cpus), _cpus(head.cpus)),
    }
    return [f"{name} {old or 'unknown'} -> {new or 'unknown'}" for name, (old, new) in plain.items() if old != new]


def _mapping(base: Mapping[str, str], head: Mapping[str, str], *, absent: str) -> list[str]:
    names = sorted({*base, *head})
    return [
        f"{name} {base.get(name, absent)} -> {head.get(name, absent)}"
        for name in names
        if base.get(name) != head.get(name)
    ]


def _cpus(cpus: list[int]) -> str:
    return ",".join(map(str, cpus))
