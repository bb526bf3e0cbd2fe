"""A measurement worth storing."""

import pytest

from pytest_sdperf.baseline import Baseline, RecordedRun
from pytest_sdperf.measurement import Environment, Evidence, ImageTiming, KernelTime, Measurement, ProcessRun

CASE_ID = "fp32-tiny-64x64-4steps"
MACHINE = "zen5-2c-avx512_bf16"


def make_measurement(totals_ns=(2_000_000_000, 2_100_000_000, 2_200_000_000), **fields):
    processes = [
        ProcessRun(
            images={
                "64x64": [ImageTiming(total_ns=t, stages_ns={"unet": [t // 3, t // 3], "vae_decode": [t // 10]})] * 2
            },
            warmup_ns={"64x64": [t * 2]},
            startup_ns={"import": 3_000_000_000, "load": 1},
            peak_rss_bytes=800 * 2**20,
            library_rss_bytes=300 * 2**20,
            picture_sha256={"64x64/0": ["ab"]},
            threads=2,
            cpus=[0, 1],
        )
        for t in totals_ns
    ]
    given = {
        "case_id": CASE_ID,
        "variant": "fp32",
        "model": "synthetic:tiny",
        "model_digest": "a" * 64,
        "scheduler": "PNDMScheduler",
        "workload": {"prompts": ["Schiff im Stürm"], "sizes": [[64, 64]], "guidance_scale": 7.5},
        "evidence": Evidence(kernels=[KernelTime("convolution", "brg:avx512_core", "f32", 4, 1.5)], threads=2),
        "environment": Environment(machine_key=MACHINE, packages={"numpy": "2.0", "torch": "2.8.0"}, cpus=[0, 1]),
        "preparation_ns": {"export": 5},
    }
    return Measurement(processes=processes, **{**given, **fields})


@pytest.fixture
def make():
    return make_measurement


@pytest.fixture
def make_stored():
    """Jobs of these measurements, a day apart; of one, where none are given."""

    def make_stored(*measurements):
        times = [f"2026-11-{day:02}T12:00:00Z" for day in range(1, 29)]
        return Baseline(
            [RecordedRun(time, m) for time, m in zip(times, measurements or (make_measurement(),), strict=False)]
        )

    return make_stored


@pytest.fixture
def case_id():
    return CASE_ID


@pytest.fixture
def machine():
    return MACHINE
