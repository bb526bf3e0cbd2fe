"""A session's report as nine variants would leave it, and the pieces to build others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pytest_sdperf.judge.verdict import Finding, Status, Verdict

from pytest_sdperf.measurement import Environment, Evidence, ImageTiming, Measurement, ProcessRun
from pytest_sdperf.report.fp32_speedup import fp32_latencies
from pytest_sdperf.report.model import Outcome, Report

WORKLOAD: dict[str, object] = {
    "prompts": ["sailing ship in storm by Rembrandt"],
    "num_inference_steps": 20,
    "guidance_scale": 7.5,
    "sizes": [[256, 256]],
    "seeds": [0],
}
ALL_PARTS = ["latency", "picture", "proof", "memory"]


def measure(
    variant: str = "fp32",
    *,
    medians_s: tuple[float, ...] = (35.5, 35.1, 36.2),
    sizes: tuple[str, ...] = ("256x256",),
    peak_rss_bytes: int = 5_200_000_000,
    unet: bool = True,
    model: str = "synthetic:sd15",
    workload: dict[str, object] | None = None,
) -> Measurement:
    """One measurement whose processes have these median latencies (twice as long at each further size)."""

    def images(median_s: float) -> dict[str, list[ImageTiming]]:
        timed = {}
        for factor, size in enumerate(sizes, 1):
            total_ns = round(median_s * 1e9) * factor
            stages = {"text_encoder": [total_ns // 100], "unet": [total_ns // 23] * 21} if unet else {}
            timed[size] = [ImageTiming(total_ns, stages)] * 3
        return timed

    return Measurement(
        case_id=f"{variant}-sd15-256x256-20steps",
        variant=variant,
        model=model,
        model_digest="ab12",
        scheduler="PNDMScheduler",
        workload=WORKLOAD if workload is None else workload,
        processes=[
            ProcessRun(images=images(m), warmup_ns={}, startup_ns={}, peak_rss_bytes=peak_rss_bytes) for m in medians_s
        ],
        evidence=Evidence(),
        environment=Environment(machine_key="zen5-2c-avx512_bf16"),
    )


def find(part: str, status: Status = Status.PASSED, sentence: str = "as promised", **figures: Any) -> Finding:
    """One finding."""
    return Finding(part=part, status=status, sentence=sentence, figures=figures)


def held(*claims: str, broken: tuple[str, ...] = (), **shares: float) -> Finding:
    """A proof finding of claims that hold and of broken ones; `shares` are of kernel_precision claims."""
    figures: dict[str, float | str | None] = {f"kernel_precision({p})": share for p, share in shares.items()}
    figures |= {f"claim kernel_precision({p})": "holds" for p in shares}
    figures |= {f"claim {c}": "holds" for c in claims} | {f"claim {c}": "broken" for c in broken}
    status = Status.BROKEN if broken else Status.PASSED
    return Finding(part="proof", status=status, sentence=f"broken claim {', '.join(broken)}", figures=figures)


def judge(
    measurement: Measurement, *findings: Finding, gate: tuple[str, ...] = tuple(ALL_PARTS), **more: Any
) -> Outcome:
    """An outcome with these findings."""
    return Outcome(
        nodeid=f"tests/perf/test_blog.py::test_{measurement.variant}",
        measurement=measurement,
        verdict=Verdict(list(findings), list(gate)),
        baseline_path=f"baselines/zen5-2c-avx512_bf16/{measurement.case_id}.json",
        **more,
    )


def blog_post() -> Report:
    """Nine variants, with one of each outcome that needs attention."""
    tuned = ("allocator(jemalloc)", "openmp_runtime(libiomp5)", "affinity", "threads")
    settings = ("openmp_setting(KMP_BLOCKTIME=1)", "allocator_setting(dirty_decay_ms=9000000000)")
    bf16 = ("kernel_isa(avx512_bf16)", "no_reference_kernels")
    slow = find(
        "latency",
        Status.REGRESSED,
        "12.0 s is 9.1 % above the baseline's 11.0 s (limit 5 %)",
        ratio=1.091,
        limit=1.05,
        median_s=12.0,
        base_median_s=11.0,
    )
    unsure = find("latency", Status.INCONCLUSIVE, "13.3 s is 6.0 % above the baseline, and so is its noise (limit 5 %)")
    none = find("latency", Status.NO_BASELINE, "no baseline is stored; record one with --sdperf-update=new")
    fast = find("latency", Status.FASTER, "23.2 s is 8 % below the baseline")
    fine = find("latency")

    def picture(ssim: float, psnr_db: float | None) -> Finding:
        return find("picture", ssim=ssim, psnr_db=psnr_db)

    lost = held("no_reference_kernels", *tuned, *settings, broken=("kernel_isa(avx512_bf16)",), bf16=0.97)
    outcomes = [
        judge(measure(), fine, find("picture"), held("kernel_precision(f32)", f32=1.0)),
        judge(
            measure("tuned", medians_s=(31.1, 30.9, 31.3)), fine, picture(1.0, None), held(*tuned, *settings, f32=1.0)
        ),
        judge(
            measure("ipex_bf16", medians_s=(19.7, 19.9, 20.4)), fast, picture(0.99968, 51.37), held(*bf16, *tuned, *settings, bf16=0.9712)
        ),
        judge(
            measure("ipex_bf16_dpm", medians_s=(118.9, 119.4, 119.0)), fine, picture(0.99961, 50.92), lost,
            find("memory", Status.PASSED),
        ),
        judge(
            measure("openvino", medians_s=(13.3, 12.6, 15.9), peak_rss_bytes=7_300_000_000), unsure, picture(0.99981, 53.0), held("dynamic_shapes", *bf16, bf16=0.9851)
        ),
        judge(
            measure("openvino_static", medians_s=(12.0, 12.1, 12.0), peak_rss_bytes=7_200_000_000), slow, picture(0.99982, 53.1), held("static_shapes", *bf16, bf16=0.9859)
        ),
        judge(
            measure("openvino_f32", medians_s=(19.4, 19.6, 19.5), peak_rss_bytes=9_300_000_000), fine, picture(0.99999999, 132.4), held("dynamic_shapes", f32=1.0)
        ),
        judge(
            measure("openvino_static_f32", medians_s=(18.9, 18.8, 19.0), peak_rss_bytes=9_300_000_000), none, picture(0.99999999, 132.4), held("static_shapes", f32=1.0)
        ),
        judge(
            measure("torch_bf16", medians_s=(23.2, 23.3, 23.1)), fine, picture(0.9995, 48.0), held(*bf16, bf16=0.9633)
        ),
    ]  # fmt: skip
    return Report(
        outcomes,
        notes=["baselines/old.json belongs to no case of this session (foreign file)"],
        fp32_latency_s=fp32_latencies(o.measurement for o in outcomes),
    )


@pytest.fixture
def make_measurement() -> Callable[..., Measurement]:
    return measure


@pytest.fixture
def make_outcome() -> Callable[..., Outcome]:
    return judge


@pytest.fixture
def make_finding() -> Callable[..., Finding]:
    return find


@pytest.fixture
def make_proof() -> Callable[..., Finding]:
    return held


@pytest.fixture
def report() -> Report:
    return blog_post()
