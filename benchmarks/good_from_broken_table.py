"""The result of `good_from_broken` as Markdown: worst honest change against mildest fault, metric by metric."""

from __future__ import annotations

import math
from typing import Any

import machine

METRICS = {"ssim": "SSIM", "psnr_db": "PSNR dB"}
RUNGS = {"text_encoder": "text dB", "unet": "UNet call dB", "vae_decode": "decode dB"}


def render(document: dict[str, Any]) -> str:
    measured = [v for v in document["variants"] if "pictures" in v]
    left_out = [v for v in document["variants"] if "pictures" not in v]
    workload = document["workload"]
    floor = _floors([v for v in measured if v["kind"] == "honest"])
    lines = [
        f"# Good from broken, {document['model']}",
        "",
        *machine.render_header(document),
        (
            f"- {len(workload['prompts'])} prompts x {len(workload['seeds'])} seeds, {workload['num_inference_steps']} "
            "steps; every picture against fp32's from the same latents; the rungs are of the first picture"
        ),
        "",
        "`worst` is the picture that a verdict goes by; `mildest` is the one on which a fault shows least. A fault is",
        "told on every picture where its mildest lies below the worst of all honest changes, over the set where its",
        "worst does.",
        "",
    ]
    for kind, title in (("honest", "Honest changes"), ("fault", "Faults")):
        chosen = [v for v in measured if v["kind"] == kind]
        lines += [f"## {title}", "", *_table(chosen, floor, fault=kind == "fault"), ""]
    told = ", ".join(f"{name} {_number(floor[key])}" for key, name in {**METRICS, **RUNGS}.items())
    lines += [f"Worst of all honest changes: {told}.", ""]
    lines += [f"- `{v['name']}`: {v.get('skipped') or v.get('failed')}" for v in left_out]
    return "\n".join([*lines, ""])


def _table(variants: list[dict[str, Any]], floor: dict[str, float], *, fault: bool) -> list[str]:
    headings = [
        "variant",
        "SSIM worst",
        "mildest",
        "PSNR worst",
        "mildest",
        *RUNGS.values(),
        *(["told by"] if fault else []),
    ]
    rows = []
    for variant in variants:
        values = [_number(pick(_values(variant, key))) for key in METRICS for pick in (min, max)]
        rungs = [_number(_rung(variant, key)) for key in RUNGS]
        rows.append(
            [variant["summary"] or variant["name"], *values, *rungs, *([_told_by(variant, floor)] if fault else [])]
        )
    return machine.table(headings, rows)


def _floors(honest: list[dict[str, Any]]) -> dict[str, float]:
    """The worst that an honest change did to each metric."""
    pictures = {key: min((min(_values(v, key)) for v in honest), default=math.inf) for key in METRICS}
    rungs = {key: min((_rung(v, key) for v in honest), default=math.inf) for key in RUNGS}
    return {**pictures, **rungs}


def _told_by(variant: dict[str, Any], floor: dict[str, float]) -> str:
    if any(p["fault"] for p in variant["pictures"]):
        return "not a picture"
    told = []
    for key, name in METRICS.items():
        values = _values(variant, key)
        if max(values) < floor[key]:
            told.append(f"{name} (every picture)")
        elif min(values) < floor[key]:
            told.append(f"{name} (the set)")
    told += [name.removesuffix(" dB") for key, name in RUNGS.items() if _rung(variant, key) < floor[key]]
    return ", ".join(told) or "**nothing**"


def _values(variant: dict[str, Any], key: str) -> list[float]:
    """Of every picture; what is no picture is as bad as can be, what is identical has an infinite PSNR."""
    return [0.0 if p["fault"] else math.inf if p[key] is None else p[key] for p in variant["pictures"]]


def _rung(variant: dict[str, Any], stage: str) -> float:
    """Infinite where the stage is identical or was not compared."""
    decibel = (variant["ladder"] or {"rungs_db": {}})["rungs_db"].get(stage)
    return math.inf if decibel is None else decibel


def _number(value: float) -> str:
    if math.isinf(value):
        return "-"
    return f"{value:.4f}" if value <= 1 else f"{value:.1f}"
