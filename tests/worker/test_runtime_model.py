"""OpenVINO's runtime model, with openvino stood in for."""

import sys
from types import ModuleType, SimpleNamespace

import pytest

from pytest_sdperf.measurement import KernelTime
from pytest_sdperf.worker.runtime_model import (
    capture_kernels,
    compiled_models,
    inference_threads,
    input_shapes,
)


def operation(layer, primitive, precision, spent):
    values = {"layerType": layer, "primitiveType": primitive, "runtimePrecision": precision, "execTimeMcs": spent}
    return SimpleNamespace(get_rt_info=lambda: {key: SimpleNamespace(value=value) for key, value in values.items()})


OPERATIONS = [
    operation("Convolution", "brgconv_avx512_bf16", "BF16", "500"),
    operation("Convolution", "brgconv_avx512_bf16", "bf16", "250"),
    operation("FullyConnected", "gemm_mlas_f32", "f32", "2000"),
    operation("Reshape", "unknown_f32", "f32", "0"),
    operation("Const", "unknown_f32", "f32", "not_executed"),
]


class Port:
    def __init__(self, shape, *names):
        self._shape, self._names = shape, set(names)

    def get_names(self):
        return self._names

    def get_partial_shape(self):
        return self._shape


class Compiled:
    """A CompiledModel."""

    def __init__(self, config=None, threads=2):
        self.config = config
        self.inputs = [Port("[2, 4, 8, 8]", "sample", "7")]
        self._properties = {"INFERENCE_NUM_THREADS": threads, "EXECUTION_DEVICES": ["CPU"]}

    def get_property(self, name):
        return self._properties[name]

    def get_runtime_model(self):
        return SimpleNamespace(get_ops=lambda: OPERATIONS)


class Part:
    """A part of an optimum-intel pipeline: runs on its `request`."""

    def __init__(self):
        self.model = object()
        self.ov_config = {"INFERENCE_PRECISION_HINT": "bf16"}
        self.request = Compiled()
        self.ran_on = []

    def forward(self):
        self.ran_on.append(self.request)
        return "noise"


@pytest.fixture
def openvino(monkeypatch):
    """What was compiled: (model, device, config)."""
    compiled = []

    class Core:
        def compile_model(self, model, device, config):
            compiled.append((model, device, config))
            return Compiled(config)

    module = ModuleType("openvino")
    module.Core = Core
    monkeypatch.setitem(sys.modules, "openvino", module)
    return compiled


def pipeline_of(unet, **others):
    return SimpleNamespace(unet=unet, **others)


def test_models_are_those_of_the_stages():
    unet = Part()
    waiting = Part()
    waiting.request = None
    pipeline = pipeline_of(unet, vae_decoder=waiting, text_encoder=SimpleNamespace(forward=len))
    assert compiled_models(pipeline) == {"unet": unet.request}


def test_models_may_be_declared():
    model = Compiled()
    pipeline = pipeline_of(Part(), sdperf_compiled_models=lambda: {"unet 64x64": model})
    assert compiled_models(pipeline) == {"unet 64x64": model}


def test_a_pipeline_of_something_else_has_none():
    assert compiled_models(object()) == {}
    assert input_shapes({}) == {}
    assert inference_threads({}) == 0


def test_shapes_are_told_without_blanks_under_a_name_that_says_something():
    model = Compiled()
    model.inputs = [Port("[?, 4, ?, ?]", "7", "sample"), Port("[1, 77]", "31"), Port("[]")]
    assert input_shapes({"unet": model}) == {"unet.sample": "[?,4,?,?]", "unet.input1": "[1,77]", "unet.input2": "[]"}


def test_threads_are_those_of_the_widest_model():
    assert inference_threads({"unet": Compiled(threads=8), "vae_decode": Compiled(threads=2)}) == 8


def test_profiles_twins_and_gives_the_models_back(openvino):
    unet, timed = Part(), None
    timed = unet.request

    def draw():
        assert [unet.forward() for _ in range(3)] == ["noise"] * 3

    kernels = capture_kernels(pipeline_of(unet), draw)
    assert openvino == [(unet.model, "CPU", {"INFERENCE_PRECISION_HINT": "bf16", "PERF_COUNT": True})]
    assert kernels == [
        KernelTime("FullyConnected", "gemm_mlas_f32", "f32", calls=3, time_ms=6.0),
        KernelTime("Convolution", "brgconv_avx512_bf16", "bf16", calls=6, time_ms=2.25),
    ]
    assert [request.config["PERF_COUNT"] for request in unet.ran_on] == [True] * 3
    assert unet.request is timed
    assert "forward" not in vars(unet)
    assert unet.ov_config == {"INFERENCE_PRECISION_HINT": "bf16"}


def test_a_part_that_changes_its_model_gets_a_twin_of_each(openvino):
    """Static pipelines of several sizes share their parts."""
    unet = Part()
    sizes = [Compiled(), Compiled()]

    def draw():
        for unet.request in (sizes[0], sizes[1], sizes[0]):
            unet.forward()

    capture_kernels(pipeline_of(unet), draw)
    assert len(openvino) == 2
    assert unet.request is sizes[0]
    assert unet.ran_on[0] is unet.ran_on[2] is not unet.ran_on[1]


def test_gives_everything_back_when_drawing_fails(openvino):
    unet = Part()
    unet.forward = own = lambda: "own"
    vae_decoder = Part()

    def fail():
        raise ValueError("torn sail")

    vae_decoder.forward = fail
    timed = vae_decoder.request

    def draw():
        vae_decoder.forward()

    with pytest.raises(ValueError, match="torn sail"):
        capture_kernels(pipeline_of(unet, vae_decoder=vae_decoder), draw)
    assert unet.forward is own
    assert vae_decoder.forward is fail
    assert vae_decoder.request is timed


def test_what_is_not_compiled_is_left_alone(openvino):
    plain = SimpleNamespace(forward=len)
    assert capture_kernels(pipeline_of(plain), lambda: None) == []
    assert openvino == []
