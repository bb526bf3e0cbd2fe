"""Where the time moved: stages of a picture, and the cold start, base against head."""

from __future__ import annotations

import statistics
from collections.abc import Mapping

from pytest_sdperf.measurement import Measurement
from pytest_sdperf.units import format_seconds, format_share

_WORTH_A_LINE = 0.01
"""Share of the picture's time by which a stage must move, either way, to be told."""


def stage_changes(base: Measurement, head: Measurement, size: str) -> list[str]:
    """One line for each stage that moved by at least 1 % of the picture's time, the largest move first.

    Each line has the stage's seconds on both sides, its change, and how many per cent of the base's
    picture time that is.
    """
    before, after = base.stages_s(size), head.stages_s(size)
    total = base.latency_at(size).median_s
    moves = {name: after.get(name, 0.0) - before.get(name, 0.0) for name in {**before, **after}}
    told = [name for name in sorted(moves, key=lambda n: -abs(moves[n])) if abs(moves[name]) >= _WORTH_A_LINE * total]
    return [f"{_line(name, before, after)}, {format_share(moves[name] / total)} of the picture's time" for name in told]


def cold_start_changes(base: Measurement, head: Measurement) -> list[str]:
    """One line for each phase before the first picture, medians over processes; never judged."""
    before, after = _startup_s(base), _startup_s(head)
    return [_line(name, before, after) for name in {**before, **after}]


def _line(name: str, before: Mapping[str, float], after: Mapping[str, float]) -> str:
    old, new = before.get(name), after.get(name)
    if old is None or new is None:
        here, there = ("none" if v is None else format_seconds(v) for v in (old, new))
        return f"{name} {here} -> {there}"
    change = f" ({format_share(new / old - 1)})" if old > 0 else ""
    return f"{name} {format_seconds(old)} -> {format_seconds(new)}{change}"


def _startup_s(measurement: Measurement) -> dict[str, float]:
    names = dict.fromkeys(name for p in measurement.processes for name in p.startup_ns)
    return {n: statistics.median(p.startup_ns.get(n, 0) for p in measurement.processes) / 1e9 for n in names}
