"""The result of `good_from_broken` as Markdown: worst honest change against mildest fault, metric by metric.

`python benchmarks/good_from_broken_table.py results/good_from_broken.json.gz` writes it again, for the limits of today.
"""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import Any

import machine

from pytest_sdperf.options import Thresholds
from pytest_sdperf.workload import DEFAULT_PROMPTS

METRICS = {"ssim": "SSIM", "psnr_db": "PSNR dB"}
STAGES = {"text_encoder": "text dB", "unet": "UNet call dB", "vae_decode": "decode dB"}
ALL = {**METRICS, **STAGES}

Limits = dict[str, float]
Variant = dict[str, Any]

DEFAULTS = Thresholds()
LIMITS: Limits = {"ssim": DEFAULTS.min_ssim, "psnr_db": DEFAULTS.min_psnr, **DEFAULTS.min_stage_psnr}
"""What a verdict goes by where a user says nothing."""

JOB: Limits = {**LIMITS, "ssim": 0.985, "psnr_db": 40.0, "unet": 50.0}
"""What this project's own job asks of the bundled model (pyproject.toml)."""


def render(document: dict[str, Any]) -> str:
    measured = [v for v in document["variants"] if "pictures" in v]
    left_out = [v for v in document["variants"] if "pictures" not in v]
    workload = document["workload"]
    lines = [
        f"# Good from broken, {document['model']}",
        "",
        *machine.render_header(document),
        (
            f"- {len(workload['prompts'])} prompts x {len(workload['seeds'])} seeds, {workload['num_inference_steps']} "
            "steps; every picture against fp32's from the same latents; the stages' figures are of the first picture"
        ),
        "",
        "`worst` is the picture that a verdict goes by; `mildest` is the one on which a fault shows least. A fault is",
        "found on every picture where its mildest lies below the worst of all honest changes, over the set where its",
        "worst does.",
        "",
        "# All pictures",
        "",
        *_all_pictures(measured),
    ]
    packaged = [chosen for v in measured if (chosen := _of_packaged_prompts(v))["pictures"]]
    if packaged:
        lines += ["# The packaged prompts, seed 0", "", *_packaged(packaged)]
    lines += [f"- `{v['name']}`: {v.get('skipped') or v.get('failed')}" for v in left_out]
    return "\n".join([*lines, ""])


def _all_pictures(measured: list[Variant]) -> list[str]:
    floor = _floors(_of(measured, "honest"))
    lines = []
    for kind, title in (("honest", "Honest changes"), ("fault", "Faults")):
        more = ["found by"] if kind == "fault" else []
        headings = ["variant", "SSIM worst", "mildest", "PSNR worst", "mildest", *STAGES.values(), *more]
        rows = []
        for variant in _of(measured, kind):
            values = [_number(pick(_values(variant, key))) for key in METRICS for pick in (min, max)]
            stages = [_number(_stage_psnr_db(variant, key)) for key in STAGES]
            rows.append([_name(variant), *values, *stages, *([_found_by(variant, floor)] if more else [])])
        lines += [f"## {title}", "", *machine.table(headings, rows), ""]
    floors = ", ".join(f"{name} {_number(floor[key])}" for key, name in ALL.items())
    return [*lines, f"Worst of all honest changes: {floors}.", ""]


def _packaged(measured: list[Variant]) -> list[str]:
    """What the verdict makes of the pictures that a test without prompts draws."""
    headings = ["variant", *(f"{name}, worst" for name in METRICS.values()), "fails by default", "fails in our job"]
    rows = [
        [
            f"{_name(v)}{'' if v['kind'] == 'honest' else ' (fault)'}",
            *(_number(_worst(v, key)) for key in METRICS),
            _failing(v, LIMITS) or "no",
            _failing(v, JOB) or "no",
        ]
        for v in measured
    ]
    floor = _floors(_of(measured, "honest"))
    limits = [[name, _number(floor[key]), _number(LIMITS[key]), _number(JOB[key])] for key, name in ALL.items()]
    lines = [*machine.table(headings, rows), ""]
    lines += [*machine.table(["metric", "worst honest", "default limit", "our job's limit"], limits), ""]
    for title, chosen in (("default limit", LIMITS), ("limit of our job", JOB)):
        missed = [_name(v) for v in _of(measured, "fault") if not _failing(v, chosen)]
        lines += [f"No {title} tells: {'; '.join(missed)}." if missed else f"Every fault breaks a {title}.", ""]
    return lines


def _of_packaged_prompts(variant: Variant) -> Variant:
    chosen = [p for p in variant["pictures"] if p["prompt"] in DEFAULT_PROMPTS and p["seed"] == 0]
    return {**variant, "pictures": chosen}


def _of(measured: list[Variant], kind: str) -> list[Variant]:
    return [v for v in measured if v["kind"] == kind]


def _name(variant: Variant) -> str:
    return str(variant["summary"] or variant["name"])


def _failing(variant: Variant, limits: Limits) -> str:
    """The metrics whose limit breaks; empty: none."""
    if any(p["fault"] for p in variant["pictures"]):
        return "not a picture"
    return ", ".join(name.removesuffix(" dB") for key, name in ALL.items() if _worst(variant, key) < limits[key])


def _worst(variant: Variant, key: str) -> float:
    """What a verdict goes by: the worst picture, or the one stage."""
    return _stage_psnr_db(variant, key) if key in STAGES else min(_values(variant, key))


def _floors(honest: list[Variant]) -> Limits:
    """The worst that an honest change did to each metric."""
    return {key: min((_worst(v, key) for v in honest), default=math.inf) for key in ALL}


def _found_by(variant: Variant, floor: Limits) -> str:
    if any(p["fault"] for p in variant["pictures"]):
        return "not a picture"
    found = []
    for key, name in METRICS.items():
        values = _values(variant, key)
        if max(values) < floor[key]:
            found.append(f"{name} (every picture)")
        elif min(values) < floor[key]:
            found.append(f"{name} (the set)")
    found += [name.removesuffix(" dB") for key, name in STAGES.items() if _stage_psnr_db(variant, key) < floor[key]]
    return ", ".join(found) or "**nothing**"


def _values(variant: Variant, key: str) -> list[float]:
    """Of every picture; what is no picture is as bad as can be, what is identical has an infinite PSNR."""
    return [0.0 if p["fault"] else math.inf if p[key] is None else p[key] for p in variant["pictures"]]


def _stage_psnr_db(variant: Variant, stage: str) -> float:
    """Infinite where the stage is identical or was not compared."""
    decibel = (variant["stage_parity"] or {"stage_psnr_db": {}})["stage_psnr_db"].get(stage)
    return math.inf if decibel is None else decibel


def _number(value: float) -> str:
    if math.isinf(value):
        return "-"
    return f"{value:.4f}" if value <= 1 else f"{value:.1f}"


def main() -> None:
    path = Path(sys.argv[1])
    path.with_name(path.name.removesuffix(".json.gz") + ".md").write_text(render(machine.read(path)), encoding="utf-8")


if __name__ == "__main__":
    main()
