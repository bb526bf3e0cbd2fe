"""Measurements and pictures made of plain numbers."""

import numpy as np
import pytest

from pytest_sdperf.measurement import Environment, Evidence, ImageTiming, KernelTime, Measurement, ProcessRun


def make_measurement(
    process_medians_s=(1.0, 1.01, 1.02),
    *,
    size="64x64",
    more_sizes=None,
    unet_s=None,
    peak=1_000_000_000,
    libraries=None,
    seen=(),
    startup_s=None,
    variant="fp32",
    **fields,
):
    """One picture per process and size, so that the process's median is the number given."""
    samples = {size: process_medians_s, **(more_sizes or {})}
    processes = []
    for i in range(len(process_medians_s)):
        images = {}
        for name, medians in samples.items():
            total = round(medians[i] * 1e9)
            stages = {} if unet_s is None else {"unet": [round(unet_s * 1e9 / 2)] * 2}
            images[name] = [ImageTiming(total_ns=total, stages_ns=stages)]
        processes.append(
            ProcessRun(
                images=images,
                warmup_ns={},
                startup_ns={k: round(v * 1e9) for k, v in (startup_s or {}).items()},
                peak_rss_bytes=peak,
                library_rss_bytes=libraries,
                threads=1,  # no way between CPUs to watch
                seen=seen[i] if seen else None,
            )
        )
    given = {
        "case_id": "fp32-tiny-64x64-4steps",
        "variant": variant,
        "model": "synthetic:tiny",
        "model_digest": "a" * 64,
        "scheduler": "PNDMScheduler",
        "workload": {"num_inference_steps": 4},
        "evidence": Evidence(),
        "environment": Environment(machine_key="zen5-2c-avx512_bf16"),
        **fields,
    }
    return Measurement(processes=processes, **given)


@pytest.fixture
def measured():
    return make_measurement


@pytest.fixture
def kernel():
    def make(implementation, precision="bf16", time_ms=1.0, operation="convolution"):
        return KernelTime(
            operation=operation, implementation=implementation, precision=precision, calls=1, time_ms=time_ms
        )

    return make


@pytest.fixture
def picture():
    """A sane picture, (16, 24, 3) float32, the same every time."""

    def make(size=(16, 24), seed=0):
        return np.random.default_rng(seed).random((*size, 3), dtype=np.float32)

    return make
