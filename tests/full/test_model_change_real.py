"""A change of the model's files with the real libraries: built-in variants, whose code is the same in base and head."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import pytest_sdperf
from pytest_sdperf.models import synthetic
from pytest_sdperf.report import json

pytestmark = pytest.mark.full

WEIGHTS = "unet/diffusion_pytorch_model.safetensors"

TESTS = """
def test_fp32(sd_fp32):
    sd_fp32.check(num_inference_steps=2)

def test_openvino(sd_openvino_f32):
    sd_openvino_f32.check(num_inference_steps=2)
"""


def test_one_bit_of_a_models_weights(tmp_path, make_repository):
    """Both draw with their own model and their own export of it, and each picture has its own fp32."""
    repository = make_repository()
    project = repository.path
    synthetic.build("tiny", str(project / "models" / "ours"))
    (project / "pytest.ini").write_text("[pytest]\nsdperf_model = models/ours\n")
    (project / "test_it.py").write_text(TESTS)
    (project / ".gitignore").write_text("report.json\n__pycache__\n")
    repository.commit("first")
    weights = project / "models" / "ours" / WEIGHTS
    data = bytearray(weights.read_bytes())
    data[-4] ^= 1  # the last bit of a float32's mantissa
    weights.write_bytes(data)
    # Speed is none of this test's business: one pair, which decides nothing, shows all else.
    loose = ["--sdperf-rounds=1", "--sdperf-budget=1s"]
    package = str(Path(pytest_sdperf.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--sdperf", "--sdperf-against=main", *loose, "--sdperf-json=report.json"],
        cwd=project,
        env={**os.environ, "PYTHONPATH": package, "PYTEST_SDPERF_CACHE": str(tmp_path / "cache")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (project / "report.json").exists(), done.stdout + done.stderr
    outcomes = json.read((project / "report.json").read_text()).outcomes
    assert [outcome.measurement.variant for outcome in outcomes] == ["fp32", "openvino_f32"], done.stdout
    for outcome in outcomes:
        models = outcome.comparison.models
        assert models.base_digest != models.head_digest
        assert [one.path for one in models.files] == [WEIGHTS]
        assert outcome.verdict.latency.models == models
        assert not outcome.comparison.invalid, "the same code draws with two models"
        assert outcome.verdict.picture.status.value == "PASSED", done.stdout
    exported = outcomes[1]
    assert exported.verdict.picture.base.status.value == "PASSED"
    assert exported.verdict.picture.base.reference == "fp32"
    kept = sorted(path.name.partition("-")[0] for path in (tmp_path / "cache" / "openvino").iterdir() if path.is_dir())
    models = exported.comparison.models
    assert kept == sorted([models.base_digest[:12], models.head_digest[:12]])
