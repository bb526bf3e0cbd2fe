"""What a study of the machine's regimes says, as Markdown: pure, from its raw rows."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import machine
import numpy as np

from pytest_sdperf.measurement import ImageTiming
from pytest_sdperf.stats.regime import FACTOR, UNKNOWN, Usual, usual
from pytest_sdperf.stats.rounds import pair_log_ratio

Picture = list[float]
"""Latency, round trips and wake-ups before and after, ns; of the earlier trace the round trip before only."""

_LONGEST_GAP_S = 15.0
"""Between two probes, for both to be of one spell."""


def readings(picture: Picture) -> list[int]:
    """Its round trips, ns."""
    return [round(ns) for ns in picture[1:3]]


def is_usual(picture: Picture, level: Usual) -> bool:
    return level.includes(ImageTiming(round(picture[0]), round_trip_ns=readings(picture)))


def pictures_of(jobs: Sequence[dict[str, Any]], pairs: Sequence[dict[str, Any]] = ()) -> list[Picture]:
    """All pictures of jobs and pairs."""
    alone = [picture for job in jobs for process in job["processes"] for picture in process]
    return alone + [picture for pair in pairs for side in ("base", "head") for picture in pair[side]]


def level_of(jobs: Sequence[dict[str, Any]], pairs: Sequence[dict[str, Any]] = ()) -> Usual:
    """The machine's usual level, as the gate learns it."""
    return usual([readings(picture)[0] for picture in pictures_of(jobs, pairs)])


def spells(probes: Sequence[Sequence[float]], level: Usual) -> Iterator[tuple[bool, float]]:
    """(whether it was the usual regime, how long it lasted in s) of each stretch of probes (s, ns, …) that agree."""
    begun: float | None = None
    for (at_s, ns, *_), (next_s, next_ns, *_) in pairwise(probes):
        begun = at_s if begun is None else begun
        together = next_s - at_s <= _LONGEST_GAP_S
        if not together or level.includes_ns(ns) != level.includes_ns(next_ns):
            yield level.includes_ns(ns), (next_s if together else at_s) - begun
            begun = next_s if together else None
    if begun is not None:
        yield level.includes_ns(next_ns), next_s - begun


def spread(values: Sequence[float]) -> float | None:
    """Standard deviation of the logs; None of fewer than three."""
    return float(np.std(np.log(values), ddof=1)) if len(values) > 2 else None


def medians(jobs: Sequence[dict[str, Any]], level: Usual) -> tuple[list[float], list[float]]:
    """(medians of processes, medians of jobs over their processes) of the pictures in the usual regime, ns."""
    processes: list[float] = []
    of_jobs: list[float] = []
    for job in jobs:
        kept = [[picture[0] for picture in process if is_usual(picture, level)] for process in job["processes"]]
        own = [statistics.median(latencies) for latencies in kept if latencies]
        processes += own
        of_jobs += [statistics.median(own)] if own else []
    return processes, of_jobs


def log_ratios(pairs: Sequence[dict[str, Any]], level: Usual) -> list[float]:
    """Of each pair with two rounds or more in which both pictures were drawn in the usual regime."""
    found = []
    for pair in pairs:
        rounds = [
            (base[0], head[0])
            for base, head in zip(pair["base"], pair["head"], strict=True)
            if is_usual(base, level) and is_usual(head, level)
        ]
        if len(rounds) > 1:
            found.append(pair_log_ratio(*zip(*rounds, strict=True)))
    return found


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.1%}".replace("%", " %")


def _correlation(pictures: Sequence[Picture]) -> str:
    """Of the log latency and the log of the mean round trip beside it; empty where nothing varies."""
    probed = [(picture[0], statistics.fmean(readings(picture))) for picture in pictures if readings(picture)]
    latencies, round_trips = np.log(np.array(probed).reshape(-1, 2)).T
    varies = len(probed) > 2 and latencies.std() > 0 and round_trips.std() > 0
    return f"{np.corrcoef(latencies, round_trips)[0, 1]:.2f}" if varies else ""


def _both(whole: float | None, kept: float | None) -> str:
    return "" if whole is None else f"{_share(whole)} / {_share(kept)}"


def variant_row(name: str, jobs: Sequence[dict[str, Any]], pairs: Sequence[dict[str, Any]], level: Usual) -> list[str]:
    """One variant: its other regime, and the spread with and without it."""
    pictures = pictures_of(jobs, pairs)
    near = [picture[0] for picture in pictures if is_usual(picture, level)]
    off = [picture[0] for picture in pictures if not is_usual(picture, level)]
    slower = statistics.median(off) / statistics.median(near) - 1 if off and near else None
    cells = [name, str(len(jobs)), str(len(pairs)), _share(len(off) / len(pictures)), _share(slower)]
    cells.append(_correlation(pictures))
    for number in (0, 1):
        whole, kept = (spread(medians(jobs, one)[number]) for one in (UNKNOWN, level))
        explained = 1 - (kept / whole) ** 2 if whole and kept is not None else None
        cells += [_both(whole, kept), _share(explained)]
    ratios = [log_ratios(pairs, one) for one in (UNKNOWN, level)]
    whole, kept = (float(np.std(one, ddof=1)) if len(one) > 2 else None for one in ratios)
    return [*cells, _both(whole, kept)]


def spell_lines(probes: Sequence[Sequence[float]], what: str) -> list[str]:
    """How often the machine was in another regime, and for how long."""
    level = usual([round(ns) for _, ns, *_ in probes])
    if level is UNKNOWN:
        low, middle, high = np.percentile([ns for _, ns, *_ in probes], [10, 50, 90])
        line = (
            f"- {what}: {len(probes)} probes, and no level that 2 of 3 lie around (10th, 50th and 90th percentile "
            f"{low:.0f}, {middle:.0f} and {high:.0f} ns)"
        )
        return [line]
    found = list(spells(probes, level))
    lengths = [length for is_near, length in found if not is_near]
    whole = sum(length for _, length in found)
    line = (
        f"- {what}: {len(probes)} probes in {whole / 60:.0f} minutes, usual level {level.round_trip_ns:.0f} ns; "
        f"{_share(sum(lengths) / whole if whole else 0.0)} of the time in another regime"
    )
    if lengths:
        line += f", in spells of {statistics.median(lengths):.1f} s (median), the longest {max(lengths):.0f} s"
    return [line]


def render(document: dict[str, Any]) -> str:
    """The result as Markdown."""
    lines = ["# Regimes of the machine", "", *machine.render_header(document), ""]
    lines += [
        (
            f"A picture is of another regime where the round trip between two CPUs was more than {FACTOR:g} times the "
            "usual level, or less than that part of it, just before and just after. *Spread* is the standard deviation "
            "of the log, of all pictures / of those in the usual regime; *explained* is the share of its variance that "
            "goes with the others. *Correlation* is that of log latencies of all pictures with those of round "
            "trips beside them, whatever level is usual."
        ),
        "",
    ]
    headings = ["variant", "jobs", "pairs", "in another regime", "latency there", "correlation",
                "spread of processes", "explained", "spread of jobs", "explained", "spread of pairs"]  # fmt: skip
    for title, trace in document["traces"].items():
        jobs, pairs = trace["jobs"], trace["pairs"]
        if not jobs:
            continue
        names = list(dict.fromkeys(one["variant"] for one in (*jobs, *pairs)))
        level = level_of(jobs, pairs)
        shown = "none" if level.round_trip_ns is None else f"{level.round_trip_ns:.0f} ns"
        rows = [
            variant_row(
                name,
                [job for job in jobs if job["variant"] == name],
                [pair for pair in pairs if pair["variant"] == name],
                level,
            )
            for name in names
        ]
        lines += [f"## {title}", "", f"Usual level: {shown}.", "", *machine.table(headings, rows), ""]
    lines += ["## How long regimes last", ""]
    for title, trace in document["traces"].items():
        lines += spell_lines(trace["probes"], title) if trace["probes"] else []
    return "\n".join([*lines, ""])
