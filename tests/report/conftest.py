"""A session's report as nine variants would leave it, and the pieces to build others."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from pytest_sdperf.claims import CheckedClaim
from pytest_sdperf.measurement import Environment, Evidence, ImageTiming, Measurement, ProcessRun
from pytest_sdperf.report.outcome import Outcome, Report
from pytest_sdperf.report.rows import fp32_latencies
from pytest_sdperf.verdict.case_verdict import AnyFinding, Verdict
from pytest_sdperf.verdict.chain_finding import BrokenLink, ChainFinding, LinkScore
from pytest_sdperf.verdict.latency_findings import (
    ControlFinding,
    PairedLatencyFinding,
    SizeLatency,
    SizeSpeedup,
    SpeedupFinding,
    StoredLatencyFinding,
)
from pytest_sdperf.verdict.memory_finding import MemoryFinding
from pytest_sdperf.verdict.picture_finding import PictureFinding, PictureScore
from pytest_sdperf.verdict.proof_finding import ProofFinding
from pytest_sdperf.verdict.status import Missing, Status

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


RATIOS = {
    Status.REGRESSED: (1.091, 1.06, 1.12),
    Status.INCONCLUSIVE: (1.06, 0.98, 1.15),
    Status.PASSED: (1.012, 0.99, 1.03),
    Status.FASTER: (0.92, 0.9, 0.94),
}
"""Ratio, lower and upper bound of a latency of each status; the other statuses have none."""

MISSING = Missing("there is no baseline for this case and machine yet")


def size_latency(
    status: Status = Status.PASSED, *, size: str = "256x256", median_s: float = 12.0, **fields: Any
) -> SizeLatency:
    """One size of a latency that was compared; ``ratio``, ``lower`` and ``upper`` suit the status."""
    ratio, lower, upper = RATIOS.get(status, (None, None, None))
    known = {"ratio": ratio, "lower": lower, "upper": upper, "detectable": 0.0831, **fields}
    base_s = median_s / known["ratio"] if known["ratio"] else None
    return SizeLatency(size=size, status=status, median_s=median_s, **{"base_s": base_s, **known})


def _sizes(status: Status, more: dict[str, Any]) -> list[SizeLatency]:
    """``sizes`` where they are given, else one of that status, whose fields are taken out of ``more``."""
    if "sizes" in more or status not in RATIOS:
        found: list[SizeLatency] = more.pop("sizes", [])
        return found
    return [size_latency(status, **{n: more.pop(n) for n in list(more) if n in SizeLatency.__struct_fields__})]


def stored(status: Status = Status.PASSED, **more: Any) -> StoredLatencyFinding:
    """Latency against recorded runs; fields of the finding, or of its one size."""
    sizes = _sizes(status, more)
    known: dict[str, Any] = {"median_s": sizes[0].median_s if sizes else 12.0, "spread": 0.012, "limit": 0.05}
    if sizes:
        known |= {"runs": 2, "processes": 5}
    if status in (Status.NO_BASELINE, Status.NOT_JUDGED):
        known["missing"] = MISSING if status is Status.NO_BASELINE else Missing(MISSING.what, "record")
    if status is Status.INVALID_ENVIRONMENT:
        known["other_work"] = "model aaaa, this is bbbb"
    return StoredLatencyFinding(status=status, sizes=sizes, **{**known, **more})


def paired(status: Status = Status.PASSED, **more: Any) -> PairedLatencyFinding:
    """Latency side by side; fields of the finding, or of its one size."""
    sizes = _sizes(status, more)
    known: dict[str, Any] = {
        "base": "main (1a2b3c4d5e)", "head": "working tree at 5e4d3c2b1a", "median_s": 12.0, "spread": 0.012,
        "ignore": 0.01, "must_catch": 0.05, "fewest_pairs": 4, "pairs": 4,
    }  # fmt: skip
    if status is Status.NO_BASELINE:
        known["missing"] = Missing("main declares no variant 'ship'")
    if status is Status.INVALID_ENVIRONMENT:
        known["invalid"] = "the base runs code of the working tree: ship (/head/ship.py)."
    return PairedLatencyFinding(status=status, sizes=sizes, **{**known, **more})


def control(status: Status = Status.PASSED, **more: Any) -> ControlFinding:
    """The head against itself; INVALID ENVIRONMENT: it seems slower than itself."""
    differs = status is Status.INVALID_ENVIRONMENT
    latency: PairedLatencyFinding = more.pop("latency", None) or paired(Status.REGRESSED if differs else status, **more)
    return ControlFinding(status=status, latency=latency)


def speedup(status: Status = Status.PASSED, *, limit: float = 1.5, **more: Any) -> SpeedupFinding:
    """Faster than fp32 by the factor that is promised, or not."""
    factor = limit if status is Status.PASSED else 1.21
    sizes = [] if status is Status.NO_BASELINE else [SizeSpeedup("256x256", 1.0, factor)]
    return SpeedupFinding(status=status, **{"sibling": "fp32", "limit": limit, "sizes": sizes, **more})


def score(ssim: float | None = 0.99, psnr_db: float | None = 40.0, number: int = 0, **more: Any) -> PictureScore:
    """One picture of the workload."""
    known = {"key": f"256x256/{number}", "prompt": "a ship", "seed": 0, "ssim": ssim, "psnr_db": psnr_db}
    return PictureScore(**{**known, **more})


def picture(
    status: Status = Status.PASSED, ssim: float | None = None, psnr_db: float | None = None, **more: Any
) -> PictureFinding:
    """The pictures, one unless ``pictures`` are given."""
    far = status is Status.BROKEN
    given = (0.9123, 21.0) if far and ssim is None else (ssim, psnr_db)
    known: dict[str, Any] = {
        "pictures": [score(*given)], "reference": "" if given[0] is None else "fp32", "min_ssim": 0.98, "min_psnr_db": 35.0,
    }  # fmt: skip
    if status in (Status.NO_BASELINE, Status.NOT_JUDGED):
        then = "fail" if status is Status.NO_BASELINE else "record"
        known["missing"] = Missing("no earlier picture of this variant is stored", then)
    known["is_reference"] = status is Status.PASSED and given[0] is None
    return PictureFinding(status=status, **{**known, **more})


def chain(status: Status = Status.PASSED, **more: Any) -> ChainFinding:
    """Link by link; BROKEN in the UNet."""
    broken = [BrokenLink("64x64/0", "output", "unet", 3, 31.2, 45.0)] if status is Status.BROKEN else []
    links = [LinkScore("unet", "output", "64x64/0", 3, 50.04, 45.0, 60.0)]
    return ChainFinding(status=status, **{"reference": "fp32", "broken": broken, "links": links, **more})


def claim(name: str, **more: Any) -> CheckedClaim:
    """A claim as it reads, `allocator(jemalloc)`, that holds."""
    kind, _, want = name.partition("(")
    return CheckedClaim(
        **{"kind": kind, "want": want.removesuffix(")"), "at_least": 1.0, "holds": True, "seen": "as claimed", **more}
    )


def proof(status: Status = Status.PASSED, claims: list[CheckedClaim] | None = None) -> ProofFinding:
    """The claims; where none are given, one that suits the status."""
    lost = claim("kernel_isa(avx512_bf16)", at_least=0.9, holds=False, seen="2 % of kernel time (limit 90 %)")
    known = {Status.NOT_JUDGED: [], Status.BROKEN: [lost]}.get(status, [claim("threads")])
    return ProofFinding(status=status, claims=known if claims is None else claims)


def held(*claims: str, broken: tuple[str, ...] = (), **shares: float) -> ProofFinding:
    """A proof finding of claims that hold and of broken ones; `shares` are of kernel_precision claims."""
    made = [
        *(claim(f"kernel_precision({precision})", share=share) for precision, share in shares.items()),
        *map(claim, claims),
        *(claim(name, holds=False, seen="lost") for name in broken),
    ]
    return proof(Status.BROKEN if broken else Status.PASSED, made)


def memory(status: Status = Status.PASSED, **more: Any) -> MemoryFinding:
    """Peak memory against the baseline's."""
    known: dict[str, Any] = {"peak_bytes": 2**32, "base": "the baseline", "base_bytes": 2**32, "max_growth": 0.1}
    if status is Status.BROKEN:
        known["base_bytes"] = 3 * 2**30
    if status in (Status.NO_BASELINE, Status.NOT_JUDGED):
        then = "fail" if status is Status.NO_BASELINE else "record"
        known |= {"base": "", "base_bytes": None, "missing": Missing(MISSING.what, then)}
    if status is Status.INVALID_ENVIRONMENT:
        known |= {"base": "", "base_bytes": None, "is_base_unmeasured": True}
    return MemoryFinding(status=status, **{**known, **more})


BUILDERS: dict[str, Callable[..., AnyFinding]] = {
    "latency": stored, "paired": paired, "control": control, "speedup": speedup, "picture": picture,
    "chain": chain, "proof": proof, "memory": memory,
}  # fmt: skip


def find(kind: str, status: Status = Status.PASSED, **fields: Any) -> AnyFinding:
    """One finding of any kind with that status, as a judge could have made it."""
    return BUILDERS[kind](status, **fields)


def judge(
    measurement: Measurement, *findings: AnyFinding, gate: tuple[str, ...] = tuple(ALL_PARTS), **more: Any
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
    slow = find("latency", Status.REGRESSED)
    unsure = find("latency", Status.INCONCLUSIVE, median_s=13.3)
    none = find("latency", Status.NO_BASELINE, median_s=18.9, spread=0.005)
    fast = find("latency", Status.FASTER, median_s=19.9)
    fine = find("latency")

    lost = held("no_reference_kernels", *tuned, *settings, broken=("kernel_isa(avx512_bf16)",), bf16=0.97)
    outcomes = [
        judge(measure(), fine, find("picture"), held(f32=1.0)),
        judge(
            measure("tuned", medians_s=(31.1, 30.9, 31.3)), fine, picture(ssim=1.0, psnr_db=math.inf), held(*tuned, *settings, f32=1.0)
        ),
        judge(
            measure("ipex_bf16", medians_s=(19.7, 19.9, 20.4)), fast, picture(ssim=0.99968, psnr_db=51.37), held(*bf16, *tuned, *settings, bf16=0.9712)
        ),
        judge(
            measure("ipex_bf16_dpm", medians_s=(118.9, 119.4, 119.0)), fine, picture(ssim=0.99961, psnr_db=50.92), lost,
            find("memory", Status.PASSED),
        ),
        judge(
            measure("openvino", medians_s=(13.3, 12.6, 15.9), peak_rss_bytes=7_300_000_000), unsure, picture(ssim=0.99981, psnr_db=53.0), held("dynamic_shapes", *bf16, bf16=0.9851)
        ),
        judge(
            measure("openvino_static", medians_s=(12.0, 12.1, 12.0), peak_rss_bytes=7_200_000_000), slow, picture(ssim=0.99982, psnr_db=53.1), held("static_shapes", *bf16, bf16=0.9859)
        ),
        judge(
            measure("openvino_f32", medians_s=(19.4, 19.6, 19.5), peak_rss_bytes=9_300_000_000), fine, picture(ssim=0.99999999, psnr_db=132.4), held("dynamic_shapes", f32=1.0)
        ),
        judge(
            measure("openvino_static_f32", medians_s=(18.9, 18.8, 19.0), peak_rss_bytes=9_300_000_000), none, picture(ssim=0.99999999, psnr_db=132.4), held("static_shapes", f32=1.0)
        ),
        judge(
            measure("torch_bf16", medians_s=(23.2, 23.3, 23.1)), fine, picture(ssim=0.9995, psnr_db=48.0), held(*bf16, bf16=0.9633)
        ),
    ]  # fmt: skip
    return Report(
        outcomes,
        notes=["baselines/old.json belongs to no case of this session (foreign file)"],
        fp32_latency_s=fp32_latencies(o.measurement for o in outcomes),
    )


@pytest.fixture(scope="session")
def make_measurement() -> Callable[..., Measurement]:
    return measure


@pytest.fixture(scope="session")
def make_outcome() -> Callable[..., Outcome]:
    return judge


@pytest.fixture(scope="session")
def make_finding() -> Callable[..., AnyFinding]:
    """make_finding("latency", status, **fields): the kinds are those of BUILDERS."""
    return find


@pytest.fixture(scope="session")
def make_size() -> Callable[..., SizeLatency]:
    return size_latency


@pytest.fixture(scope="session")
def make_score() -> Callable[..., PictureScore]:
    return score


@pytest.fixture(scope="session")
def make_claim() -> Callable[..., CheckedClaim]:
    return claim


@pytest.fixture(scope="session")
def make_proof() -> Callable[..., ProofFinding]:
    return held


@pytest.fixture(scope="session")
def kinds() -> list[str]:
    """Of findings, as `make_finding` takes them."""
    return list(BUILDERS)


@pytest.fixture
def report() -> Report:
    return blog_post()
