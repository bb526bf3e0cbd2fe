"""The tables of `real_gates.py`: verdicts counted, time per verdict, and whether the calibration kernel would help."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Sequence
from typing import Any

import machine

from pytest_sdperf.stats.rounds import pair_log_ratio, round_log_ratios, trimmed_mean
from pytest_sdperf.units import format_seconds

STATUSES = ("REGRESSED", "PASSED", "FASTER", "INCONCLUSIVE", "INVALID ENVIRONMENT")

_TARGETS = {
    0.0: "at most 1 of 40 REGRESSED",
    0.05: "at least 16 of 20 REGRESSED, at most 1 PASSED",
    0.10: "at least 19 of 20 REGRESSED",
}


def render(document: dict[str, Any]) -> str:
    """The result as Markdown."""
    variants = list(dict.fromkeys(gate["variant"] for gate in document["gates"]))
    lines = [
        "# Error rates of the side-by-side verdict, for real",
        "",
        *machine.render_header(document),
        (
            f"- each gate is one run of pytest with --sdperf-against=main and the defaults in a git repository of its "
            f"own: bundled model, 128x128, {document['steps']} steps; the head's UNet is made to burn CPU for a share "
            "of its time, chosen so that the picture takes that much longer; at 0 % only a comment differs"
        ),
        f"- gates of commits {', '.join(_commits(document))}",
        f"- targets: {'; '.join(f'{s:.0%}: {t}' for s, t in _TARGETS.items())}",
        "",
    ]
    for variant in variants:
        lines += [f"## {variant}", "", *_verdicts(document, variant), "", *_time(document, variant), ""]
    return "\n".join([*lines, *_kernel(document, variants), ""])


def _commits(document: dict[str, Any]) -> list[str]:
    return list(dict.fromkeys(gate.get("commit", document["header"]["commit"]) for gate in document["gates"]))


def _verdicts(document: dict[str, Any], variant: str) -> list[str]:
    rows = []
    for slowdown in sorted({gate["slowdown"] for gate in document["gates"]}):
        gates = _of(document, variant, slowdown)
        if not gates:
            continue
        counts = Counter(gate["status"] for gate in gates)
        other = sum(count for status, count in counts.items() if status not in STATUSES)
        ratios = [gate["figures"]["ratio"] - 1 for gate in gates if "ratio" in gate.get("figures", {})]
        named = sum(gate.get("stage") == "unet" for gate in gates if gate["status"] == "REGRESSED")
        rows.append(
            [
                f"{slowdown:.0%}",
                str(len(gates)),
                *(str(counts[status]) for status in STATUSES),
                str(other),
                f"{named} of {counts['REGRESSED']}" if counts["REGRESSED"] else "",
                f"{statistics.fmean(ratios):+.1%}" if ratios else "",
            ]
        )
    return machine.table(["burden", "gates", *STATUSES, "failed", "UNet named", "mean slowdown seen"], rows)


def _time(document: dict[str, Any], variant: str) -> list[str]:
    rows = []
    for slowdown in sorted({gate["slowdown"] for gate in document["gates"]}):
        gates = [gate for gate in _of(document, variant, slowdown) if gate.get("pairs")]
        if not gates:
            continue
        phases = {
            phase: statistics.fmean(sum(pair["spent_s"][phase] for pair in gate["pairs"]) for gate in gates)
            for phase in ("start", "rounds", "end")
        }
        wall_s = statistics.fmean(gate["wall_s"] for gate in gates)
        pairs = [len(gate["pairs"]) for gate in gates]
        rounds = [len(pair["head_ms"]) for gate in gates for pair in gate["pairs"]]
        rows.append(
            [
                f"{slowdown:.0%}",
                f"{statistics.fmean(pairs):.1f} ({min(pairs)} to {max(pairs)})",
                f"{statistics.fmean(rounds):.0f}",
                str(sum(bool(pair["dropped"]) for gate in gates for pair in gate["pairs"])),
                format_seconds(wall_s),
                *(format_seconds(spent) for spent in phases.values()),
                format_seconds(wall_s - sum(phases.values())),
            ]
        )
    headings = ["burden", "pairs", "rounds", "dropped", "wall time", "starting", "rounds drawn", "ending", "the rest"]
    return machine.table(headings, rows)


def _kernel(document: dict[str, Any], variants: Sequence[str]) -> list[str]:
    """The spread of pairs' log ratios without a burden, as they are and with the kernel's own ratio taken off."""
    rows = []
    for variant in variants:
        gates = [gate for gate in _of(document, variant, 0.0) if gate.get("pairs")]
        pairs = [pair for gate in gates for pair in gate["pairs"] if not pair["dropped"]]
        if len(pairs) < 3:
            continue
        ratios = [pair_log_ratio(pair["base_ms"], pair["head_ms"]) for pair in pairs]
        kernels = [pair_log_ratio(pair["kernel_ms"]["base"], pair["kernel_ms"]["head"]) for pair in pairs]
        within = [
            (
                round_log_ratios(p["base_ms"], p["head_ms"]),
                round_log_ratios(p["kernel_ms"]["base"], p["kernel_ms"]["head"]),
            )
            for p in pairs
        ]
        slope = _slope([_centred(k) for _, k in within], [_centred(r) for r, _ in within])
        adjusted = [
            trimmed_mean([r - slope * k for r, k in zip(rounds, kernel, strict=True)]) for rounds, kernel in within
        ]
        rows.append(
            [
                variant,
                str(len(pairs)),
                f"{statistics.stdev(ratios):.2%}",
                f"{statistics.correlation(kernels, ratios):+.2f}",
                f"{slope:+.2f}",
                f"{statistics.stdev(adjusted):.2%}",
            ]
        )
    if not rows:
        return []
    headings = ["variant", "pairs", "sd of pairs", "correlation", "slope within pairs", "sd with the kernel taken off"]
    return ["## The calibration kernel as a covariate, pairs without a burden", "", *machine.table(headings, rows)]


def _slope(xs: Sequence[Sequence[float]], ys: Sequence[Sequence[float]]) -> float:
    """Least squares through the origin over all rounds, each pair's centred."""
    square = math.fsum(x * x for pair in xs for x in pair)
    return math.fsum(x * y for px, py in zip(xs, ys, strict=True) for x, y in zip(px, py, strict=True)) / square


def _centred(values: Sequence[float]) -> list[float]:
    mean = statistics.fmean(values)
    return [value - mean for value in values]


def _of(document: dict[str, Any], variant: str, slowdown: float) -> list[dict[str, Any]]:
    return [g for g in document["gates"] if g["variant"] == variant and g["slowdown"] == slowdown]
