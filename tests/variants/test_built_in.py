"""The built-in variants as declared: light to import, well formed, with promises that can be checked."""

import importlib
import json
import subprocess
import sys

import pytest

from pytest_sdperf.claims.kernels import ISA_RANKS
from pytest_sdperf.hardware import requirements
from pytest_sdperf.variants.registry import BUILT_IN, Registry

HEAVY = ("torch", "diffusers", "transformers", "optimum", "openvino", "intel_extension_for_pytorch", "numpy")


@pytest.fixture(params=BUILT_IN)
def variant(request):
    return Registry()[request.param]


def of_kind(variant, kind):
    return [claim.want for claim in variant.claims if claim.kind == kind]


def test_declarations_import_nothing_heavy():
    modules = [f"pytest_sdperf.variants.{module}" for module in set(BUILT_IN.values())]
    code = f"import sys, json, importlib; [importlib.import_module(m) for m in {modules}]; print(json.dumps([*sys.modules]))"
    loaded = json.loads(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)
    assert not set(HEAVY) & set(loaded)


def test_factory_and_prepare_can_be_found(variant):
    for name in filter(None, (variant.factory, variant.prepare, variant.libraries)):
        module, _, function = name.partition(":")
        assert callable(getattr(importlib.import_module(module), function))


def test_what_the_factory_imports_can_be_imported_before(variant):
    assert variant.libraries


def test_requirements_are_understood(variant):
    for requirement in variant.requirements:
        requirements.parse(requirement)


def test_everything_auto_is_resolved(variant):
    for precision, isa in (("bf16", "amx"), ("bf16", "avx512_bf16"), ("f32", "avx2"), ("f32", "base")):
        resolved = variant.on(precision=precision, isa=isa)
        assert "auto" not in resolved.params.values()
        assert not [claim for claim in resolved.claims if claim.want == "auto"]


def test_no_instruction_set_is_claimed_that_the_judge_does_not_know(variant):
    needs_bf16 = "isa:avx512_bf16" in variant.requirements
    for isa in ("amx", "avx512_bf16") if needs_bf16 else ("amx", "avx512_bf16", "avx512_vnni", "avx2", "base"):
        precision = "bf16" if isa in ("amx", "avx512_bf16") else "f32"
        assert set(of_kind(variant.on(precision=precision, isa=isa), "kernel_isa")) <= set(ISA_RANKS)


def test_f32_claims_no_instruction_set():
    openvino = Registry()["openvino"]
    assert of_kind(openvino.on(precision="bf16", isa="amx"), "kernel_isa") == ["amx"]
    assert of_kind(openvino.on(precision="f32", isa="avx512_vnni"), "kernel_isa") == []


def test_every_variant_claims_its_precision(variant):
    (want,) = of_kind(variant.on(precision="bf16", isa="amx"), "kernel_precision")
    in_bf16 = ("openvino", "openvino_static", "torch_bf16", "ipex_bf16", "ipex_bf16_dpm")
    assert want == ("bf16" if variant.name in in_bf16 else "f32")


def test_openvino_states_its_precision_always():
    registry = Registry()
    for name in ("openvino", "openvino_static"):
        assert registry[name].params == {"precision": "auto"}
        assert registry[f"{name}_f32"].params == {"precision": "f32"}
        assert registry[f"{name}_f32"].factory == registry[name].factory


def test_shapes_are_claimed():
    registry = Registry()
    for suffix in ("", "_f32"):
        assert of_kind(registry[f"openvino{suffix}"], "dynamic_shapes") == [""]
        assert of_kind(registry[f"openvino_static{suffix}"], "static_shapes") == [""]


@pytest.mark.parametrize("name", ["tuned", "ipex_bf16", "ipex_bf16_dpm"])
def test_tuned_launch_is_claimed_to_the_last_setting(name):
    variant = Registry()[name]
    set_by_launch = dict(entry.split(":") for entry in variant.launch.env["MALLOC_CONF"].split(","))
    claimed = dict(want.split("=") for want in of_kind(variant, "allocator_setting"))
    assert claimed == {**set_by_launch, "oversize_threshold": "0"}  # how jemalloc reads 1 back
    assert of_kind(variant, "allocator") == ["jemalloc"]
    assert of_kind(variant, "openmp_runtime") == ["libiomp5"]
    assert of_kind(variant, "openmp_setting") == ["blocktime_ms=1", "place_cpus=1"]
    assert of_kind(variant, "threads") == of_kind(variant, "affinity") == [""]
    assert variant.launch.pin
    assert {"library:jemalloc", "library:libiomp5", "os:linux"} <= set(variant.requirements)


@pytest.mark.parametrize("name", ["openvino", "openvino_static", "openvino_f32", "openvino_static_f32"])
def test_openvino_is_launched_plainly(name):
    launch = Registry()[name].launch
    assert not launch.preload  # TBB and another malloc end in `free(): invalid pointer`
    assert "KMP_AFFINITY" not in launch.env  # it binds the main thread, and compiling then uses one CPU


def test_solver_changes_scheduler_and_calls_the_unet_once_a_step():
    variant = Registry()["ipex_bf16_dpm"]
    assert variant.scheduler == "DPMSolverMultistepScheduler"
    assert of_kind(variant, "unet_calls") == ["num_inference_steps"]
    assert variant.factory == Registry()["ipex_bf16"].factory
