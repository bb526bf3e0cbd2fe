"""The table of `speedups.py` as Markdown, and the figures it derives; pure."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from typing import Any

from machine import render_header, table

from pytest_sdperf.units import format_bytes

GEMM_KINDS = ("matmul", "convolution_1x1")
"""What counts as a matrix product: the same one, by two libraries."""

FULL_STEPS = 20

BLOG_S = {
    "fp32": 32.3,
    "tuned": 11.8,
    "ipex_bf16": 5.4,
    "ipex_bf16_dpm": 5.05,
    "openvino": 16.7,
    "openvino_static": 4.7,
}
"""Seconds a picture, 512 px, 20 steps, on 32 cores of Sapphire Rapids with AMX, trained weights: Hugging Face,
"Accelerating Stable Diffusion Inference on Intel CPUs", 2023, https://huggingface.co/blog/stable-diffusion-inference-intel
"""

_DASH = "-"


def limit_gflop_per_s(limits: Sequence[dict[str, Any]]) -> dict[str, float]:
    """Precision -> the best rate of a matrix product in the whole run."""
    found: dict[str, float] = {}
    for limit in limits:
        for precision, kinds in limit["gflop_per_s"].items():
            best = max(rate for kind in GEMM_KINDS for rate in kinds[kind])
            found[precision] = max(found.get(precision, 0.0), best)
    return found


def share_of_limit(case: dict[str, Any], flop: dict[str, int], limits: dict[str, float]) -> float | None:
    """Operations of a UNet call / its seconds / the limit of the variant's precision; None where unknown."""
    limit = limits.get(case["precision"])
    if not limit or not case["unet_call_s"]:
        return None
    unet_call_s: float = case["unet_call_s"]
    return sum(flop.values()) / unet_call_s / (limit * 1e9)


def full_latency_s(case: dict[str, Any]) -> float | None:
    """What the picture would take in 20 steps, computed: the stages of a step repeated, the others once.

    None where no stage is called `unet`.
    """
    calls, steps, stages = case["unet_calls"], case["num_inference_steps"], case["stages_s"]
    if not calls or "unet" not in stages:
        return None
    per_call_s = (stages["unet"] + stages["rest"]) / calls
    once_s = sum(s for name, s in stages.items() if name not in ("unet", "rest"))
    return float(once_s + per_call_s * (calls - steps + FULL_STEPS))


def render(document: dict[str, Any]) -> str:
    """The whole result."""
    lines = [
        f"# Speed-ups, {document['model']}",
        "",
        *render_header(document),
        (
            f"- order: passes through the variants: {document['passes']}, every second one backwards; processes of a "
            f"variant in a pass, one after the other: {document['processes']}; timed pictures of a process: "
            f"{document['rounds']}, after two warm-up ones; then, in the last process of a pass, one for the proof"
        ),
        f"- prompt: {document['prompt']}; guidance 7.5, so the UNet draws in batches of 2",
    ]
    if not document["complete"]:
        lines += ["", "**Not complete: the run has not ended, or was cut off.**"]
    workloads = dict.fromkeys((c["size"], c["num_inference_steps"]) for c in document["cases"])
    for size, steps in workloads:
        cases = [c for c in document["cases"] if (c["size"], c["num_inference_steps"]) == (size, steps)]
        lines += ["", f"## {size}, {steps} steps", ""]
        lines += _workload(cases, size, steps, document)
    return "\n".join([*lines, "", *_limits(document), ""])


def _workload(cases: list[dict[str, Any]], size: str, steps: int, document: dict[str, Any]) -> Iterator[str]:
    measured = [c for c in cases if "measurement" in c]
    limits, flop = limit_gflop_per_s(document["limits"]), document["unet_flop"][size]
    fp32 = next((c for c in measured if c["variant"] == "fp32"), None)
    fewer = steps != FULL_STEPS
    if fewer:
        yield f"Fewer steps than the {FULL_STEPS} of the other tables, for time. The column of {FULL_STEPS} steps is"
        yield "computed: UNet and scheduler of a step times the steps, text encoder and VAE once."
        yield ""
    headings = ["variant", "latency s", "spread", "vs fp32"]
    headings += [f"{FULL_STEPS} steps s (computed)", "vs fp32 (computed)"] if fewer else []
    headings += ["blog s (512, 20)", "blog vs fp32", "UNet call s", "of GEMM limit", "SSIM", "PSNR dB", "peak", "proof"]
    yield from table(headings, [_row(c, fp32, flop, limits, fewer=fewer) for c in measured])
    yield ""
    stages = list(dict.fromkeys(name for c in measured for name in c["stages_s"]))
    if stages:
        rows = [
            [c["variant"], str(c["unet_calls"]), *(f"{c['stages_s'].get(s, 0):.3f}" for s in stages)] for c in measured
        ]
        yield "Seconds of a picture by stage (medians; `rest` is scheduler, Python and copies):"
        yield ""
        yield from table(["variant", "UNet calls", *stages], rows)
        yield ""
    yield from _notes(cases, fp32, flop, limits)


def _row(
    case: dict[str, Any], fp32: dict[str, Any] | None, flop: dict[str, int], limits: dict[str, float], *, fewer: bool
) -> list[str]:
    full_s, fp32_full_s = full_latency_s(case), full_latency_s(fp32) if fp32 else None
    blog_s = BLOG_S.get(case["variant"])
    figures = case["picture"]["figures"]
    compared = "ssim" in figures
    psnr_db = figures.get("psnr_db")
    broken = case["proof"]["status"] == "BROKEN"
    computed = [_number(full_s), _factor(fp32_full_s, full_s)] if fewer else []
    return [
        f"`{case['variant']}`",
        _number(case["latency_s"]),
        _DASH if case["spread"] is None else f"±{case['spread'] * 100:.1f} %",
        _factor(fp32["latency_s"] if fp32 else None, case["latency_s"]),
        *computed,
        _DASH if blog_s is None else f"{blog_s:g}",
        _factor(BLOG_S["fp32"], blog_s),
        _number(case["unet_call_s"]),
        _share(share_of_limit(case, flop, limits), case["precision"]),
        f"{figures['ssim']:.5f}" if compared else _DASH,
        ("identical" if psnr_db is None else f"{psnr_db:.1f}") if compared else _DASH,
        format_bytes(case["peak_rss_bytes"]),
        f"**{case['proof']['sentence']}**" if broken else case["proof"]["status"].lower(),
    ]


def _notes(
    cases: list[dict[str, Any]], fp32: dict[str, Any] | None, flop: dict[str, int], limits: dict[str, float]
) -> Iterator[str]:
    total = sum(flop.values())
    parts = ", ".join(f"{name} {100 * part / total:.0f} %" for name, part in flop.items())
    yield f"- One UNet call is {_number(total / 1e9)} GFLOP in a batch of 2 ({parts})."
    static = next((c for c in cases if c["variant"] == "openvino_static" and "measurement" in c), None)
    if (
        static
        and fp32
        and static["unet_call_s"]
        and fp32["unet_call_s"]
        and {"f32", static["precision"]} <= set(limits)
    ):
        ratio = limits[static["precision"]] / limits["f32"]
        shares = share_of_limit(static, flop, limits), share_of_limit(fp32, flop, limits)
        yield (
            f"- `openvino_static` against `fp32`: {fp32['latency_s'] / static['latency_s']:.2f}x a picture, "
            f"{fp32['unet_call_s'] / static['unet_call_s']:.2f}x a UNet call. That is {ratio:.2f}x from the limit "
            f"({static['precision']} over f32) times the shares of it that they reach "
            f"({shares[0] or 0:.0%} and {shares[1] or 0:.0%})."
        )
    for case in cases:
        name = case["variant"]
        if case.get("measurement") and case["picture"]["status"] != "PASSED":
            yield f"- `{name}`: picture {case['picture']['status']}: {case['picture']['sentence']}."
        if case.get("measurement") and not case["repeatable"]:
            yield f"- `{name}`: its pictures were not the same to the bit in every process."
        for state in ("skipped", "failed", "failed_later"):
            if case.get(state):
                yield f"- `{name}` {state.replace('_', ' ')}: {case[state]}"


def _limits(document: dict[str, Any]) -> Iterator[str]:
    if not document["limits"]:
        return
    side = document["gemm_size"]
    yield "## The machine's limit"
    yield ""
    yield f"GFLOP/s in a worker of its own before each case: {side} x {side} matrix product by torch's matmul, the same"
    yield "product asked of oneDNN as a 1x1 convolution, and a 3x3 convolution. Best of all, and median of the first to"
    yield "the last measurement's own medians with their range: a wide range is a machine whose speed moved."
    yield ""
    rows = []
    for precision, kinds in document["limits"][0]["gflop_per_s"].items():
        for kind in kinds:
            runs = [limit["gflop_per_s"][precision][kind] for limit in document["limits"]]
            medians = [statistics.median(run) for run in runs]
            best = max(max(run) for run in runs)
            moved = f"{min(medians):.0f} to {max(medians):.0f}"
            rows.append([f"{precision} {kind}", f"{best:.0f}", f"{statistics.median(medians):.0f}", moved])
    yield from table(["kind", "best", "median", "range of medians"], rows)
    yield ""
    limits = ", ".join(f"{p} {rate:.0f}" for p, rate in limit_gflop_per_s(document["limits"]).items())
    yield f"The limit that shares refer to is the better of the two matrix products: {limits} GFLOP/s. It bounds"
    yield "convolutions as well: oneDNN and OpenVINO run them as batched matrix products of the same operations, none"
    yield "saved (no Winograd). A share above 1 says that a convolution's kernel beat the matrix product's, or that the"
    yield "machine was faster while the UNet ran."


def _number(value: float | None) -> str:
    return _DASH if value is None else f"{value:.3g}" if value < 100 else f"{value:,.0f}"


def _factor(slow_s: float | None, fast_s: float | None) -> str:
    return f"{slow_s / fast_s:.2f}x" if slow_s and fast_s else _DASH


def _share(share: float | None, precision: str) -> str:
    return _DASH if share is None else f"{share:.0%} of {precision}"
