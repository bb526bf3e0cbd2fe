"""The result of `good_from_broken` as Markdown: worst honest change against mildest fault, metric by metric.

`python benchmarks/good_from_broken_table.py results/good_from_broken.json` writes it again, for the limits of today.
"""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import Any

import machine

from pytest_sdperf.options import Thresholds

METRICS = {"ssim": "SSIM", "psnr_db": "PSNR dB"}
RUNGS = {"text_encoder": "text dB", "unet": "UNet call dB", "vae_decode": "decode dB"}
ALL = {**METRICS, **RUNGS}

DEFAULTS = Thresholds()
LIMITS = {"ssim": DEFAULTS.min_ssim, "psnr_db": DEFAULTS.min_psnr, **DEFAULTS.min_stage_psnr}
"""What a verdict goes by where a user says nothing."""


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
        "worst does. It `fails` where one of the default limits breaks.",
        "",
    ]
    for kind, title in (("honest", "Honest changes"), ("fault", "Faults")):
        chosen = [v for v in measured if v["kind"] == kind]
        lines += [f"## {title}", "", *_table(chosen, floor, fault=kind == "fault"), ""]
    lines += ["## Default limits", "", *_limits(measured, floor), ""]
    missed = [v["summary"] for v in measured if v["kind"] == "fault" and not _failing(v)]
    lines += [f"No default limit tells: {'; '.join(missed)}." if missed else "Every fault breaks a default limit.", ""]
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
        *(["told by", "fails"] if fault else []),
    ]
    rows = []
    for variant in variants:
        values = [_number(pick(_values(variant, key))) for key in METRICS for pick in (min, max)]
        rungs = [_number(_rung(variant, key)) for key in RUNGS]
        rows.append(
            [
                variant["summary"] or variant["name"],
                *values,
                *rungs,
                *([_told_by(variant, floor), _failing(variant) or "**no**"] if fault else []),
            ]
        )
    return machine.table(headings, rows)


def _limits(measured: list[dict[str, Any]], floor: dict[str, float]) -> list[str]:
    """Each limit between the worst honest change and the mildest of the faults that break it."""
    rows = []
    for key, name in ALL.items():
        broken = [worst for v in measured if v["kind"] == "fault" and (worst := _worst(v, key)) < LIMITS[key]]
        rows.append([name, _number(floor[key]), _number(LIMITS[key]), _number(max(broken, default=math.inf))])
    return machine.table(["metric", "worst honest", "default limit", "mildest fault that breaks it"], rows)


def _failing(variant: dict[str, Any]) -> str:
    """The metrics whose default limit breaks; empty: none."""
    if any(p["fault"] for p in variant["pictures"]):
        return "not a picture"
    return ", ".join(name.removesuffix(" dB") for key, name in ALL.items() if _worst(variant, key) < LIMITS[key])


def _worst(variant: dict[str, Any], key: str) -> float:
    """What a verdict goes by: the worst picture, or the one rung."""
    return _rung(variant, key) if key in RUNGS else min(_values(variant, key))


def _floors(honest: list[dict[str, Any]]) -> dict[str, float]:
    """The worst that an honest change did to each metric."""
    return {key: min((_worst(v, key) for v in honest), default=math.inf) for key in ALL}


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


def main() -> None:
    path = Path(sys.argv[1])
    path.with_suffix(".md").write_text(render(json.loads(path.read_text(encoding="utf-8"))), encoding="utf-8")


if __name__ == "__main__":
    main()
