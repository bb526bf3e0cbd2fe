"""The command as people call it, in a folder of its own, with baselines and reports that are made up."""

import msgspec
import numpy as np
import pytest
from click.testing import CliRunner

from pytest_sdperf.baseline import Baseline, RecordedRun
from pytest_sdperf.baselines.store import BaselineStore
from pytest_sdperf.baselines.stored_pictures import ReferenceKey, save_reference
from pytest_sdperf.cli.command import sdperf
from pytest_sdperf.measurement import Environment, Evidence, ImageTiming, KernelTime, Measurement, ProcessRun
from pytest_sdperf.report import json
from pytest_sdperf.report.outcome import Outcome, Report
from pytest_sdperf.verdict.case_verdict import Verdict
from pytest_sdperf.verdict.picture_finding import PictureFinding, PictureScore
from pytest_sdperf.verdict.status import Status

MACHINE = "spr-8cores-amx"
PROMPT = "a ship"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Where the command is run."""
    monkeypatch.chdir(tmp_path)
    for name in ("COLUMNS", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def run(folder):
    """Run the command; its exit code must be the expected one."""

    def run(*arguments, code=0, stdin=None, columns=None, **env):
        more = {"COLUMNS": None if columns is None else str(columns), **env}
        result = CliRunner(env=more).invoke(sdperf, list(arguments), input=stdin, prog_name="sdperf")
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
        assert result.exit_code == code, result.output
        return result

    return run


def measurement(variant="fp32", *, seconds=(1.0, 1.02, 1.04), machine=MACHINE, **fields):
    stages = {"unet": [400_000_000, 400_000_000]}
    given = {
        "case_id": f"{variant}-bundled-64x64-2steps",
        "variant": variant,
        "model": "bundled",
        "model_digest": "a" * 64,
        "scheduler": "PNDMScheduler",
        "workload": {
            "prompts": [PROMPT], "num_inference_steps": 2, "guidance_scale": 7.5, "sizes": [[64, 64]], "seeds": [0],
        },
        "processes": [
            ProcessRun(
                images={"64x64": [ImageTiming(round(s * 1e9), stages)] * 2},
                warmup_ns={"64x64": [1]},
                startup_ns={"import": 3_000_000_000},
                peak_rss_bytes=900 * 2**20,
                library_rss_bytes=100 * 2**20,
            )
            for s in seconds
        ],
        "evidence": Evidence(
            kernels=[KernelTime("convolution", f"brg:{i}", "f32", 2, 12.0 - i) for i in range(12)],
            kernel_source="oneDNN verbose", allocator="libjemalloc.so", openmp_runtime="libiomp5.so", threads=8,
            input_shapes={"unet.sample": "[2,4,8,8]"}, stage_calls={"unet": 2}, facts={"port": "80"},
        ),
        "environment": Environment(
            machine_key=machine, cpu_model="Xeon", python="CPython 3.11.7", packages={"torch": "2.8.0"},
            variables={"OMP_NUM_THREADS": "8"}, threads=8, cpus=[0, 1],
        ),
    }  # fmt: skip
    return Measurement(**{**given, **fields})


@pytest.fixture
def measure():
    return measurement


@pytest.fixture
def store(folder):
    """Store runs of one case under ./baselines, with the picture that they are compared with."""

    def store(*jobs, picture=True):
        jobs = jobs or (measurement(),)
        stored = Baseline([RecordedRun(f"2026-11-{day:02}T12:00:00Z", job) for day, job in enumerate(jobs, 1)])
        root = folder / "baselines"
        path = BaselineStore(root, jobs[0].environment.machine_key).save(stored)
        if picture:
            draw(root)
        return path

    return store


def draw(root, prompt=PROMPT):
    key = ReferenceKey(
        variant="fp32", model_digest="a" * 64, scheduler="default", prompt=prompt, num_inference_steps=2,
        guidance_scale=7.5, seed=0, size=(64, 64),
    )  # fmt: skip
    return save_reference(root, key, np.random.default_rng(0).random((64, 64, 3)), threads=2, packages={})


@pytest.fixture
def draw_picture(folder):
    return lambda prompt: draw(folder / "baselines", prompt)


@pytest.fixture
def write_report(folder):
    """Write a JSON report of these measurements."""

    def write_report(name, *measurements, ssim=0.99):
        score = PictureScore(key="64x64/0", prompt=PROMPT, seed=0, ssim=ssim, psnr_db=40.0)
        finding = PictureFinding(
            status=Status.PASSED, pictures=[score], reference="fp32", min_ssim=0.9, min_psnr_db=35.0
        )
        outcomes = [Outcome(f"test_x.py::test_{m.variant}", m, Verdict([finding], ["picture"])) for m in measurements]
        (folder / name).write_text(json.render(Report(outcomes)))
        return name

    return write_report


@pytest.fixture
def replace():
    return msgspec.structs.replace
