"""A report with everything in it: cases side by side and after stored jobs, pictures, kernels, drift, and faults."""

import math
import random
from functools import lru_cache

import msgspec
import numpy as np
import pytest

from pytest_sdperf.baseline import Baseline, RecordedRun
from pytest_sdperf.comparison import Comparison, Pair, Side
from pytest_sdperf.judge.chains import judge_chains
from pytest_sdperf.judge.link_limits import link_limits
from pytest_sdperf.judge.paired_latency import judge_paired_latency
from pytest_sdperf.judge.picture import judge_picture
from pytest_sdperf.measurement import (
    Disturbance,
    Environment,
    Evidence,
    ImageTiming,
    KernelTime,
    Measurement,
    ProcessRun,
)
from pytest_sdperf.observations import References
from pytest_sdperf.options import Thresholds
from pytest_sdperf.picture_chain import Chains, PictureChain, StageLinks
from pytest_sdperf.report.outcome import Outcome, Report
from pytest_sdperf.report.rows import fp32_latencies
from pytest_sdperf.report.thumbnails import with_pictures
from pytest_sdperf.verdict.case_verdict import Verdict
from pytest_sdperf.verdict.chain_finding import ChainFinding
from pytest_sdperf.verdict.status import Status
from pytest_sdperf.workload import DEFAULT_PROMPTS, Workload, picture_key

SECONDS = {"fp32": 35.5, "tuned": 31.1, "torch_bf16": 18.2, "ipex_bf16": 17.4, "ipex_bf16_dpm": 17.2, "openvino": 13.3,
           "openvino_static": 9.6}  # fmt: skip
ENVIRONMENT = Environment(
    machine_key="zen5-2c-avx512_bf16", cpu_model="AMD EPYC 9B45", kernel="6.1.0", python="3.11.9",
    packages={"torch": "2.8.0", "diffusers": "0.39.0", "openvino": "2026.4.1"}, variables={"OMP_NUM_THREADS": "2"},
    threads=2, cpus=[0, 1],
)  # fmt: skip
KERNELS = [
    KernelTime("convolution", "brg_conv_fwd:avx512_core_bf16", "bf16", 61, 212.5),
    KernelTime("matmul", "brgemm:avx512_core_bf16", "bf16", 120, 140.1),
    KernelTime("softmax", "jit:avx512_core", "f32", 32, 18.3),
]


LARGE = 256
"""Pixels from which on pictures are shown and not judged."""


@lru_cache
def painted(seed, side):
    """Something like a photo: soft shapes, edges, and a little grain."""
    rng = np.random.default_rng(seed)
    down, across = np.mgrid[0:side, 0:side] / side
    picture = np.zeros((side, side, 3))
    for _ in range(24):
        centre, radius, colour = rng.random(2), 0.04 + 0.2 * rng.random(), rng.random(3)
        inside = np.hypot(down - centre[0], across - centre[1]) < radius
        shade = 0.7 + 0.3 * np.sin(9 * across + 7 * down * rng.random())
        picture[inside] = (colour * shade[..., None])[inside]
    picture += 0.25 * down[..., None] + 0.015 * rng.standard_normal((side, side, 1))
    return np.clip(picture, 0, 1).astype(np.float32)


def process(seconds, rng, size):
    """One process of five pictures."""
    timings = []
    for _ in range(5):
        total = round(seconds * 1e9 * rng.gauss(1, 0.006))
        timings.append(
            ImageTiming(total, {"text_encoder": [total // 80], "unet": [total // 23] * 21, "vae_decode": [total // 16]})
        )
    return ProcessRun(images={size: timings}, warmup_ns={}, startup_ns={"load": 10**9}, peak_rss_bytes=5_200_000_000)


def measured(variant, seconds, rng, size, prompts):
    return Measurement(
        case_id=f"{variant}-sd15-{size}-20steps", variant=variant, model="synthetic:sd15", model_digest="ab12",
        scheduler="PNDMScheduler",
        workload={"prompts": list(prompts), "num_inference_steps": 20, "guidance_scale": 7.5, "seeds": [0]},
        processes=[process(seconds, rng, size) for _ in range(3)],
        evidence=Evidence(kernels=KERNELS, kernel_source="oneDNN verbose"), environment=ENVIRONMENT,
    )  # fmt: skip


def compared(measurement, seconds, rng, size):
    """Six pairs against a base that was 12 % faster, one of them dropped."""
    pairs = [
        Pair(
            base=process(seconds * 0.88, rng, size), head=process(seconds, rng, size), seen=Disturbance(1.0),
            started_first="base", dropped="other processes took 12.0 % of the CPUs' time (limit 10 %)" if i == 2 else "",
        )
        for i in range(6)
    ]  # fmt: skip
    before = Evidence(
        kernels=[msgspec.structs.replace(KERNELS[0], implementation="jit:avx512_core_amx_bf16"), *KERNELS[1:]]
    )
    older = msgspec.structs.replace(ENVIRONMENT, packages={**ENVIRONMENT.packages, "torch": "2.7.1"})
    base = Side("main (1a2b3c4d5e)", older, before)
    return Comparison(base, Side("working tree at 5e4d3c2b1a", ENVIRONMENT), pairs, spent_s=300.0)


def followed(key):
    """A picture of 20 steps in bf16, link by link."""
    times = [1000.0 - 50 * i for i in range(20)]
    unet = StageLinks(
        "unet", 20, 20, latents_db=[None] * 20, conditioning_db=[80.0] * 20, output_db=[66 + 8 * math.log10(t / 1000) for t in times],
        gains=[1e-4] * 20, mean_errors=[0.0] * 20, times=times,
    )  # fmt: skip
    text = StageLinks("text_encoder", 2, 2, output_db=[79.0, None])
    return PictureChain(key, [text, unet, StageLinks("vae_decode", 1, 1, latents_db=[None], output_db=[55.2])])


def outcome_of(variant, seconds, images, make_finding, make_proof, *, side, prompts):
    rng = random.Random(variant)
    size = f"{side}x{side}"
    workload = Workload(prompts=tuple(prompts), sizes=((side, side),))
    truth = {picture_key((side, side), i): painted(i, side) for i in range(len(prompts))}
    own = truth
    chains = None
    if variant != "fp32":
        grain = np.random.default_rng(len(variant))
        own = {
            key: np.clip(p + 0.0015 * (1 + i) * grain.standard_normal(p.shape), 0, 1).astype(np.float32)
            for i, (key, p) in enumerate(truth.items())
        }
        chains = Chains("fp32", [followed(key) for key in truth])
    m = measured(variant, seconds, rng, size, prompts)
    thresholds = Thresholds()
    comparison = compared(m, seconds, rng, size) if variant == "openvino_static" else None
    if comparison:
        latency = judge_paired_latency(comparison, m, thresholds)
    else:
        status = Status.INCONCLUSIVE if variant == "openvino" else Status.PASSED
        latency = make_finding(
            "latency", status, size=size, median_s=seconds, ratio=1.012, lower=0.99, upper=1.08, limit=0.05
        )
    truths = References(truth, is_reference=variant == "fp32")
    judged = own if side <= LARGE else {}  # SSIM takes longer than all else
    picture = judge_picture(judged, truths, thresholds, workload)
    if side > LARGE:
        pictures = [msgspec.structs.replace(p, fault="", ssim=0.99, psnr_db=41.5) for p in picture.pictures]
        picture = msgspec.structs.replace(picture, status=Status.PASSED, pictures=pictures, reference="fp32")
    proof = make_proof(bf16=0.97)
    links = [judge_chains(chains, link_limits("bf16", thresholds), precision="bf16")] if chains else []
    verdict = Verdict(
        [latency, picture, *links, proof, make_finding("memory")],
        ["latency", "picture", "proof", "memory"],
    )
    past = Baseline([RecordedRun("2026-11-23T12:00:00Z", measured(variant, seconds * 0.99, rng, size, prompts))] * 2)
    outcome = Outcome(
        f"tests/perf/test_variants.py::test_{variant}",
        m,
        verdict,
        past,
        f"baselines/{m.case_id}.json",
        comparison=comparison,
    )
    return with_pictures(outcome, workload, own, References(truth), images)


@pytest.fixture(scope="session")
def make_whole(make_finding, make_proof):
    """Make a report of every feature: make_whole(variant -> s, side=pixels, prompts=…)."""

    def made(variants=SECONDS, *, side=64, prompts=DEFAULT_PROMPTS):
        images = {}
        outcomes = [
            outcome_of(v, s, images, make_finding, make_proof, side=side, prompts=prompts) for v, s in variants.items()
        ]
        return Report(
            outcomes, ["1 stored here but not used by this run, and left as they are: baselines/old.json"],
            fp32_latencies(o.measurement for o in outcomes), images, "2026-11-24T12:00:00Z", "0.1.0",
        )  # fmt: skip

    return made


@pytest.fixture(scope="session")
def whole(make_whole):
    return make_whole()


HOSTILE = [
    "<script>document.title='owned'</script>",
    '"><img src=x onerror=alert(1)>',
    "'; DROP TABLE ships; --",
    "two\nlines\r\n\tand tabs",
    "\u202egnp.exe\u2066",
    "&lt;b&gt; &amp; $x^2$ {{ 7 * 7 }} {% raw %} #000010",
    "x" * 10_000,
    "帆船 в шторме ⛵ \ud800",
]


@pytest.fixture(scope="session")
def hostile(make_whole, make_finding, make_score, make_claim):
    """The same with names that want to be more than text."""
    report = make_whole(
        {"fp32": 2.0, "openvino_static": 1.0}, prompts=tuple(f"p{i} {name}" for i, name in enumerate(HOSTILE[:4]))
    )

    def renamed(outcome, name):
        m = outcome.measurement
        environment = msgspec.structs.replace(m.environment, packages={name: name}, machine_key=name, cpu_model=name)
        evidence = msgspec.structs.replace(
            m.evidence, kernels=[KernelTime(name, name, name, 1, 2.0)], kernel_source=name
        )
        stages = [{name: [10], "unet": [20]}]
        runs = [
            msgspec.structs.replace(p, images={s: [ImageTiming(10**9, stages[0])] for s in p.images})
            for p in m.processes
        ]
        stage = StageLinks(name, 1, 1, latents_db=[1.0], output_db=[2.0])
        chain = judge_chains(
            Chains(name, [PictureChain(name, [stage])], name), link_limits("bf16", Thresholds()), precision=name
        )
        findings = [
            make_finding("paired", Status.INVALID_ENVIRONMENT, base=name, head=name, invalid=name),
            make_finding("picture", Status.BROKEN, reference=name, pictures=[make_score(prompt=name, fault=name)]),
            chain,
            *(f for f in outcome.verdict.findings if not isinstance(f, ChainFinding)),
            make_finding("proof", Status.BROKEN, claims=[make_claim("fact", want=name, holds=False, seen=name)]),
        ]
        changed = msgspec.structs.replace(
            m, variant=name, model=name, case_id=name, scheduler=name, environment=environment, evidence=evidence, processes=runs,
        )  # fmt: skip
        comparison = outcome.comparison and msgspec.structs.replace(
            outcome.comparison, base=msgspec.structs.replace(outcome.comparison.base, label=name)
        )
        return msgspec.structs.replace(
            outcome, nodeid=name, measurement=changed, baseline_path=name, verdict=msgspec.structs.replace(outcome.verdict, findings=findings),
            comparison=comparison, skip_reason=name,
        )  # fmt: skip

    outcomes = [renamed(report.outcomes[-1], name) for name in HOSTILE]
    return msgspec.structs.replace(
        report, outcomes=outcomes, notes=list(HOSTILE), begun_at=HOSTILE[0], plugin_version=HOSTILE[1]
    )
