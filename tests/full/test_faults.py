"""Real faults, each put in for real: the claim breaks by name, while latency and picture say nothing."""

from __future__ import annotations

import pytest

from pytest_sdperf.hardware.checks import check
from pytest_sdperf.hardware.cpu import native_isa
from pytest_sdperf.hardware.detection import detect
from pytest_sdperf.report.finding_text import details, sentence
from pytest_sdperf.verdict.status import Status

pytestmark = pytest.mark.full

CONFTEST = '''
"""The project under test: the built-in variants, each with one thing wrong."""

import dataclasses

from pytest_sdperf import Launch
from pytest_sdperf.variants import fp32, ipex_bf16, openvino, openvino_static, torch_bf16, tuned
from pytest_sdperf.variants.tuned import TUNED_LAUNCH

LOWERED = {"ONEDNN_MAX_CPU_ISA": "AVX512_CORE"}


def broken(variant, name, **changes):
    return dataclasses.replace(variant, name=name, **changes)


def with_env(launch, env):
    return dataclasses.replace(launch, env={**launch.env, **env})


def pytest_sdperf_variants():
    without_libiomp = dataclasses.replace(TUNED_LAUNCH, preload=("jemalloc",))
    # Set past our own check of preload files, as a wrapper script or a Dockerfile would.
    without_jemalloc = dataclasses.replace(
        with_env(TUNED_LAUNCH, {"LD_PRELOAD": "/nowhere/libjemalloc.so.2"}), preload=("libiomp5",)
    )
    return [
        broken(tuned.VARIANT, "preload_missing", launch=without_jemalloc),
        broken(tuned.VARIANT, "kmp_without_libiomp", launch=without_libiomp),
        broken(torch_bf16.VARIANT, "torch_lowered", launch=Launch(env=LOWERED)),
        broken(ipex_bf16.VARIANT, "ipex_lowered", launch=with_env(TUNED_LAUNCH, LOWERED)),
        broken(openvino.VARIANT, "openvino_lowered", launch=Launch(env=LOWERED)),
        broken(openvino_static.VARIANT, "reshape_forgets_images", factory="faulty:reshape_forgets_images"),
        broken(torch_bf16.VARIANT, "autocast_left_out", factory="faulty:autocast_left_out"),
        broken(openvino.VARIANT, "precision_left_to_f32", params={"precision": "f32"}),
    ]
'''

FAULTY = '''
"""Factories with a fault in them."""

from pytest_sdperf.variants import torch_bf16
from pytest_sdperf.variants.optimum_pipeline import load_optimum_pipeline


def reshape_forgets_images(context):
    pipeline = load_optimum_pipeline(context, dynamic_shapes=False)
    height, width = context.sizes[0]
    pipeline.reshape(batch_size=1, height=height, width=width)
    pipeline.compile()
    return pipeline


def autocast_left_out(context):
    return torch_bf16.build(context).pipeline
'''


FAULTS = {
    "preload_missing": ("allocator(jemalloc)", "libc.so.6"),
    "kmp_without_libiomp": ("openmp_runtime(libiomp5)", "libgomp"),
    "torch_lowered": ("kernel_isa({best}, at least 90 %)", "avx512_core"),
    "ipex_lowered": ("kernel_isa({best}, at least 90 %)", "avx512_core"),
    "openvino_lowered": ("kernel_isa({best}, at least 90 %)", "gemm_bf16"),
    "reshape_forgets_images": ("static_shapes", "?"),
    "autocast_left_out": ("kernel_precision(bf16, at least 95 %)", "in f32"),
    "precision_left_to_f32": ("kernel_precision(bf16, at least 95 %)", "_f32"),
}
"""Faulty variant -> the claim that must break, and what must be told to have run instead. ``best``: instruction set."""

NEED_BF16 = FAULTS.keys() - {"preload_missing", "kmp_without_libiomp", "reshape_forgets_images"}
"""The others can be seen on any CPU."""


@pytest.fixture(scope="module")
def shown():
    """The faults that this machine can show."""
    return [name for name in FAULTS if name not in NEED_BF16 or check("isa:avx512_bf16") is None]


@pytest.fixture(scope="module")
def run(gate, shown):
    return gate(CONFTEST, FAULTY, shown)


@pytest.mark.parametrize("variant", FAULTS)
def test_a_fault_that_neither_picture_nor_latency_shows(run, shown, variant):
    if variant not in shown:
        pytest.skip(check("isa:avx512_bf16").reason)
    claim, seen = FAULTS[variant]
    claim = claim.format(best=native_isa(detect()))
    verdict = run.outcome(variant).verdict
    assert [f.part for f in verdict.failures] == ["proof"], verdict
    assert verdict.picture.status is Status.PASSED
    (broken,) = verdict.failures
    assert sentence(broken).startswith(("broken claim", "broken claims"))
    assert claim in sentence(broken)
    assert seen in "\n".join([sentence(broken), *details(broken)])
    assert f"FAILED {variant}: proof BROKEN: broken claim" in run.text


def test_the_run_fails_and_records_nothing(run, shown):
    assert run.returncode == 1
    assert f"{len(shown)} failed" in run.text
    assert run.baselines == []
