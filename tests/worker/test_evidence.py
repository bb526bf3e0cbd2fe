"""Evidence as a whole: each kind of pipeline tells what it has."""

import sys
from types import ModuleType, SimpleNamespace

import pytest

from pytest_sdperf.errors import CaseError
from pytest_sdperf.measurement import KernelTime
from pytest_sdperf.worker import evidence as collect
from pytest_sdperf.worker.evidence import collect_evidence, library_threads

KERNELS = [KernelTime("convolution", "brg_conv_fwd:avx512_core_bf16", "bf16", calls=1, time_ms=1.0)]


@pytest.fixture
def torch(monkeypatch):
    module = ModuleType("torch")
    module.get_num_threads = lambda: 3
    monkeypatch.setitem(sys.modules, "torch", module)
    monkeypatch.setattr(collect.onednn, "capture_kernels", lambda draw: draw() or KERNELS)


@pytest.fixture
def no_torch(monkeypatch):
    monkeypatch.delitem(sys.modules, "torch", raising=False)


@pytest.fixture
def openvino(monkeypatch):
    monkeypatch.setattr(collect.runtime_model, "compiled_models", lambda pipeline: {"unet": "model"})
    monkeypatch.setattr(collect.runtime_model, "input_shapes", lambda models: {"unet.sample": "[2,4,8,8]"})
    monkeypatch.setattr(collect.runtime_model, "inference_threads", lambda models: 5)
    monkeypatch.setattr(collect.runtime_model, "capture_kernels", lambda pipeline, draw: draw() or KERNELS)


def never():
    pytest.fail("drawn for nothing")


def test_a_plain_pipeline_tells_its_own_facts_and_is_not_drawn(no_torch):
    pipeline = SimpleNamespace(sdperf_facts=lambda: {"paint": "numpy", "coats": 2})
    evidence = collect_evidence(pipeline, never, {"unet": 4})
    assert evidence.facts == {"paint": "numpy", "coats": "2"}
    assert evidence.stage_calls == {"unet": 4}
    assert (evidence.kernels, evidence.kernel_source, evidence.input_shapes, evidence.threads) == ([], "", {}, 0)


def test_torch_tells_its_kernels_and_threads(torch):
    drawn = []
    evidence = collect_evidence(object(), lambda: drawn.append(1), {})
    assert drawn == [1]
    assert (evidence.kernels, evidence.kernel_source, evidence.threads) == (KERNELS, "oneDNN verbose", 3)
    assert evidence.facts == {}


def test_openvino_tells_its_own_even_beside_torch(torch, openvino):
    drawn = []
    evidence = collect_evidence(object(), lambda: drawn.append(1), {})
    assert drawn == [1]
    assert (evidence.kernel_source, evidence.threads) == ("OpenVINO runtime model", 5)
    assert evidence.input_shapes == {"unet.sample": "[2,4,8,8]"}


def test_threads_without_evidence(no_torch):
    assert library_threads(object()) == 0


def test_what_the_launch_asked_for_stands_beside_what_was_seen(no_torch, monkeypatch):
    monkeypatch.setenv("SDPERF_CPUS", "0,1")
    monkeypatch.setenv("SDPERF_THREADS", "2")
    monkeypatch.setattr(collect.process, "cpus_seen", lambda: [0, 1, 2])
    monkeypatch.setattr(collect.process, "allocator", lambda: "/lib/libjemalloc.so.2")
    evidence = collect_evidence(object(), never, {})
    assert (evidence.cpus_asked, evidence.cpus_seen, evidence.threads_asked) == ([0, 1], [0, 1, 2], 2)
    assert evidence.allocator == "libjemalloc.so.2"


def test_facts_must_be_a_dict(no_torch):
    with pytest.raises(CaseError) as error:
        collect_evidence(SimpleNamespace(sdperf_facts=lambda: ["fast"]), never, {})
    assert str(error.value) == """sdperf_facts() gave ['fast']. Return a dict, such as {"version": "1.2"}."""
