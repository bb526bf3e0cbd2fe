"""Every variant for real: it builds, draws fp32's picture, proves its claims, and real faults break them."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import msgspec
import numpy as np
import pytest
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from pytest_sdperf.claims import check_claim
from pytest_sdperf.hardware import checks, libraries, resources
from pytest_sdperf.hardware.cpu import native_isa, native_precision
from pytest_sdperf.hardware.detection import detect
from pytest_sdperf.launch.settings import resolve_launch
from pytest_sdperf.measurement import Evidence
from pytest_sdperf.models.digest import model_digest
from pytest_sdperf.variants.registry import BUILT_IN, Registry
from pytest_sdperf.workload import Workload

pytestmark = pytest.mark.full

STEPS = 4

# Builds one variant, draws, and proves; a process of its own, because importing IPEX changes autocast
# for all of it. `FAULT` stands for what a test breaks.
DRIVER = """
import importlib, json, os, pathlib, sys
told = json.loads(sys.argv[1])
if told["cpus"]:
    os.sched_setaffinity(0, told["cpus"])
import msgspec, numpy as np
from pytest_sdperf.worker.evidence import collect_evidence
from pytest_sdperf.worker.pipeline_call import as_picture, as_wanted, draw_latents, pixels, seeded_generator
from pytest_sdperf.worker.stages import StageTimer, find_stages
from pytest_sdperf.pipeline import BuildContext

def function(name):
    module, _, attribute = name.partition(":")
    return getattr(importlib.import_module(module), attribute)

def draw(height=64, width=64):
    latents = as_wanted(pipeline, draw_latents(0, context.family.latents, height, width))
    keywords = context.family.call(
        prompt="sailing ship in storm by Rembrandt", steps=told["steps"], guidance=7.5,
        height=height, width=width, latents=latents)
    return as_picture(pixels(pipeline(**keywords, **seeded_generator(pipeline, 0)), (height, width)))

context = BuildContext(
    model_dir=pathlib.Path(told["model"]), model_digest=told["digest"], cache_dir=pathlib.Path(told["cache"]),
    sizes=tuple(map(tuple, told["sizes"])), scheduler=told["scheduler"], params=told["params"])
#FAULT BEFORE
if told["prepare"]:
    function(told["prepare"])(context)
pipeline = function(told["factory"])(context)
#FAULT AFTER
first = draw()
shapes = [draw(*size).shape for size in context.sizes[1:]]
with StageTimer(find_stages(pipeline)) as timer:
    pictures = [first, draw()]
calls = {stage: len(calls) for stage, calls in timer.calls_ns.items()}
evidence = collect_evidence(pipeline, draw, calls)
pictures.append(draw())
np.save(told["picture"], first)
answer = {"evidence": msgspec.to_builtins(evidence), "shapes": shapes, "startup": context.startup_ns,
          "repeated": all((picture == first).all() for picture in pictures)}
pathlib.Path(told["answer"]).write_text(json.dumps(answer))
"""


class Run:
    """What one process told."""

    def __init__(self, variant, answer, picture):
        self.variant = variant
        self.evidence = msgspec.convert(answer["evidence"], Evidence)
        self.shapes = answer["shapes"]
        self.startup = answer["startup"]
        self.repeated = answer["repeated"]
        self.picture = picture

    def broken(self):
        """The claims that do not hold, without their shares, each with what was seen."""
        checked = [check_claim(c, self.evidence, Workload(num_inference_steps=STEPS)) for c in self.variant.claims]
        return {f"{c.kind}({c.want})" if c.want else c.kind: c.seen for c in checked if not c.holds}

    def share(self, kind):
        (claim,) = [c for c in self.variant.claims if c.kind == kind]
        return check_claim(claim, self.evidence, Workload()).share


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """The synthetic model, and a cache for its export."""
    folder = tmp_path_factory.mktemp("models")
    code = "import sys; from pytest_sdperf.models.synthetic import build; build('tiny', sys.argv[1])"
    subprocess.run([sys.executable, "-c", code, str(folder / "tiny")], check=True, capture_output=True)
    return folder / "tiny"


@pytest.fixture(scope="module")
def run(tiny, tmp_path_factory):
    """Run one variant in a process launched as declared; skip where the machine cannot."""

    def run(name, *, scheduler=None, env=None, before="", after="", sizes=((64, 64),), preload=None):
        machine = detect()
        variant = Registry()[name].on(precision=native_precision(machine), isa=native_isa(machine))
        for unmet in filter(None, map(checks.check, variant.requirements)):
            pytest.skip(unmet.reason)
        resolved = resolve_launch(
            variant.launch,
            base_env={**os.environ, **(env or {})},
            cpus=resources.pinned_cpus(),
            find_library=libraries.find_library,
        )
        environment = dict(resolved.env)
        if preload is not None:
            environment["LD_PRELOAD"] = preload
        folder = tmp_path_factory.mktemp(name)
        told = {
            "factory": variant.factory,
            "prepare": variant.prepare,
            "params": dict(variant.params),
            "scheduler": scheduler or variant.scheduler,
            "model": str(tiny),
            "digest": model_digest(tiny),
            "cache": str(tiny.parent / "cache"),
            "sizes": sizes,
            "steps": STEPS,
            "cpus": resolved.cpus,
            "picture": str(folder / "picture.npy"),
            "answer": str(folder / "answer.json"),
        }
        code = DRIVER.replace("#FAULT BEFORE", before).replace("#FAULT AFTER", after)
        done = subprocess.run(
            [sys.executable, "-c", code, json.dumps(told)],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
        if done.returncode:
            raise AssertionError(done.stdout[-3000:] + done.stderr[-3000:])
        return Run(variant, json.loads((folder / "answer.json").read_text()), np.load(folder / "picture.npy"))

    return run


@pytest.fixture(scope="module")
def references(run):
    """fp32's picture for each scheduler, drawn when first asked for."""
    drawn = {}

    def reference(scheduler):
        if scheduler not in drawn:
            drawn[scheduler] = run("fp32", scheduler=scheduler)
        return drawn[scheduler]

    return reference


@pytest.mark.parametrize("name", BUILT_IN)
def test_variant_draws_the_picture_and_proves_its_claims(name, run, references):
    static = name.startswith("openvino_static")
    sizes = ((64, 64), (32, 96)) if static else ((64, 64),)
    done = references("default") if name == "fp32" else run(name, sizes=sizes)
    assert done.broken() == {}
    assert done.repeated
    assert done.shapes == [[*size, 3] for size in sizes[1:]]
    calls = STEPS if name == "ipex_bf16_dpm" else STEPS + 1  # PNDM, the model's own, takes one more
    assert done.evidence.stage_calls["unet"] == calls
    assert done.evidence.stage_calls["vae_decode"] == 1
    truth = references(done.variant.scheduler).picture
    assert done.picture.shape == truth.shape == (64, 64, 3)
    assert structural_similarity(truth, done.picture, channel_axis=2, data_range=1.0) > 0.99
    if not np.array_equal(truth, done.picture):
        assert peak_signal_noise_ratio(truth, done.picture, data_range=1.0) > 36


def test_export_is_kept(run):
    prepared = "function(told['prepare'])(context); context.startup_ns.clear()"
    assert "export" not in run("openvino", before=prepared).startup


@pytest.mark.parametrize("name", ["torch_bf16", "ipex_bf16", "openvino", "openvino_static"])
def test_lowered_instruction_set_breaks_its_claim_only(name, run):
    done = run(name, env={"ONEDNN_MAX_CPU_ISA": "AVX512_CORE"})
    if done.share("kernel_precision") is None or "kernel_isa" not in {c.kind for c in done.variant.claims}:
        pytest.skip("f32 claims no instruction set")
    assert list(done.broken()) == [f"kernel_isa({native_isa(detect())})"]
    assert done.share("kernel_isa") < 0.1
    assert done.share("kernel_precision") == 1.0  # neither precision nor picture shows it


def test_reshape_without_images_per_prompt_is_not_static(run):
    forget = """
from optimum.intel import OVStableDiffusionPipeline
reshape = OVStableDiffusionPipeline.reshape
OVStableDiffusionPipeline.reshape = (
    lambda self, batch_size, height, width, num_images_per_prompt: reshape(self, batch_size, height, width))
"""
    broken = run("openvino_static", before=forget).broken()
    assert list(broken) == ["static_shapes"]
    assert "unet 64x64.sample [?,4,8,8]" in broken["static_shapes"]


NO_AUTOCAST = "import contextlib; pipeline._autocast = lambda *_, **__: contextlib.nullcontext()"


def test_torch_without_autocast_computes_in_f32(run):
    broken = run("torch_bf16", after=NO_AUTOCAST).broken()
    assert set(broken) == {"kernel_precision(bf16)", f"kernel_isa({native_isa(detect())})"}


def test_ipex_without_autocast_raises(run):
    with pytest.raises(AssertionError, match="RuntimeError: could not create a primitive"):
        run("ipex_bf16", after=NO_AUTOCAST)


def test_preload_files_that_are_missing_are_silent_and_break_the_claims(run):
    done = run("tuned", preload="/nonexistent/libjemalloc.so.2:/nonexistent/libiomp5.so")
    broken = done.broken()
    assert {"allocator(jemalloc)", "openmp_runtime(libiomp5)", "openmp_setting(blocktime_ms=1)"} <= set(broken)
    assert len(broken) == 9  # all of the launch but threads and affinity, which hold without them
    assert not {"threads", "affinity", "kernel_precision(f32)"} & set(broken)


def test_another_size_of_a_static_pipeline_is_an_error(run):
    with pytest.raises(AssertionError, match="no static pipeline was built for 96x32"):
        run("openvino_static", after="draw(96, 32)")
