"""One call for every pipeline: the same latents in, a picture out, nothing mended on the way."""

import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from pytest_sdperf.errors import CaseError
from pytest_sdperf.worker.pipeline_call import arguments, as_picture, draw_latents


class Pipeline:
    """Gives ``answer`` and remembers how it was asked."""

    def __init__(self, answer=None, **attributes):
        self.answer = np.zeros((1, 8, 16, 3), np.float32) if answer is None else answer
        vars(self).update(attributes)

    def __call__(self, **kwargs):
        self.asked = kwargs
        return self.answer


def call(pipeline, latents=None):
    latents = draw_latents(0, 8, 16) if latents is None else latents
    wanted = arguments(pipeline, prompt="ship", steps=4, guidance=7.5, height=8, width=16, latents=latents)
    return as_picture(pipeline(**wanted))


def test_latents_are_what_they_always_were():
    latents = draw_latents(0, 16, 24)
    assert latents.shape == (1, 4, 2, 3)
    assert latents.dtype == np.float32
    # the stream of RandomState(Philox) is frozen: stored pictures depend on these values
    assert latents.ravel()[:4].tolist() == pytest.approx(FROZEN, abs=1e-6)
    assert draw_latents(0, 16, 24).tobytes() == latents.tobytes()


FROZEN = [-0.8911614, -0.0620192, -0.2462905, 1.4754444]


def test_latents_depend_on_the_seed_and_take_any():
    assert (draw_latents(1, 8, 8) != draw_latents(0, 8, 8)).any()
    assert (draw_latents(2**70, 8, 8) != draw_latents(0, 8, 8)).any()
    assert draw_latents(0, 8, 8, channels=16).shape == (1, 16, 1, 1)


def test_latents_are_unit_normal():
    latents = draw_latents(3, 512, 512)
    assert abs(latents.mean()) < 0.02
    assert abs(latents.std() - 1) < 0.02


def test_asks_with_diffusers_keywords():
    pipeline = Pipeline()
    latents = draw_latents(0, 8, 16)
    call(pipeline, latents)
    assert pipeline.asked.pop("latents") is latents
    assert pipeline.asked == {
        "prompt": "ship",
        "num_inference_steps": 4,
        "guidance_scale": 7.5,
        "height": 8,
        "width": 16,
        "output_type": "np",
    }


class Dtype:
    """A torch.dtype."""

    def __init__(self, is_floating_point=True):
        self.is_floating_point = is_floating_point


class Tensor:
    def __init__(self, array, dtype="as drawn"):
        self.array, self.dtype = array, dtype

    def to(self, dtype):
        return Tensor(self.array, dtype)


@pytest.fixture
def torch(monkeypatch):
    module = ModuleType("torch")
    module.dtype = Dtype
    module.from_numpy = Tensor
    monkeypatch.setitem(sys.modules, "torch", module)


@pytest.fixture
def diffusers(monkeypatch):
    module = ModuleType("diffusers")
    module.DiffusionPipeline = type("DiffusionPipeline", (Pipeline,), {})
    monkeypatch.setitem(sys.modules, "diffusers", module)
    return module


def test_casts_latents_to_the_dtype_of_the_pipeline(torch):
    half = Dtype()
    pipeline = Pipeline(sdperf_latents="torch", dtype=half)
    call(pipeline)
    assert pipeline.asked["latents"].dtype is half


@pytest.mark.parametrize("attributes", [{}, {"dtype": "float32"}, {"dtype": Dtype(is_floating_point=False)}])
def test_keeps_latents_as_drawn_where_the_dtype_says_nothing(torch, attributes):
    pipeline = Pipeline(sdperf_latents="torch", **attributes)
    call(pipeline)
    assert pipeline.asked["latents"].dtype == "as drawn"


def test_diffusers_pipelines_take_torch_unless_they_say_otherwise(torch, diffusers):
    own, numpys = diffusers.DiffusionPipeline(), diffusers.DiffusionPipeline(sdperf_latents="numpy")
    call(own)
    call(numpys)
    assert isinstance(own.asked["latents"], Tensor)
    assert isinstance(numpys.asked["latents"], np.ndarray)


def test_other_pipelines_take_numpy(diffusers):
    pipeline = Pipeline()
    call(pipeline)
    assert isinstance(pipeline.asked["latents"], np.ndarray)


def test_refuses_unknown_latents():
    with pytest.raises(CaseError) as error:
        call(Pipeline(sdperf_latents="jax"))
    assert str(error.value) == 'sdperf_latents is \'jax\'. Use "torch" or "numpy".'


RAMP = np.linspace(-0.5, 1.5, 8 * 16 * 3, dtype=np.float32).reshape(8, 16, 3)


@pytest.mark.parametrize(
    "answer",
    [RAMP, RAMP[None], [RAMP], SimpleNamespace(images=RAMP[None]), SimpleNamespace(images=[RAMP]), RAMP.astype("f8")],
)
def test_gives_the_picture_unclipped(answer):
    picture = call(Pipeline(answer))
    assert picture.dtype == np.float32
    assert picture.shape == (8, 16, 3)
    np.testing.assert_allclose(picture, RAMP)


def test_keeps_what_is_wrong():
    nan = np.full((1, 8, 16, 3), np.nan, np.float32)
    assert np.isnan(call(Pipeline(nan))).all()


def test_scales_bytes_and_only_bytes():
    values = np.array([[[0, 51, 255]]], np.uint8)
    np.testing.assert_allclose(call(Pipeline(values))[0, 0], [0, 0.2, 1], atol=1e-7)
    np.testing.assert_array_equal(call(Pipeline(values.astype(np.int64)))[0, 0], [0, 51, 255])


@pytest.mark.parametrize("shape", [(2, 8, 16, 3), (8, 16), (1, 3, 8, 16), (0, 8, 16, 3), (), (1, 1, 8, 16, 3)])
def test_leaves_wrong_shapes_to_the_judge(shape):
    squeezed = shape[1:] if len(shape) == 4 and shape[0] == 1 else shape
    assert call(Pipeline(np.zeros(shape, np.float32))).shape == squeezed


@pytest.mark.parametrize(
    "answer", ["a ship", object(), SimpleNamespace(images=None), [np.zeros((8, 16, 3)), np.zeros((4, 4, 3))]]
)
def test_refuses_what_is_no_array(answer):
    with pytest.raises(CaseError) as error:
        call(Pipeline(answer))
    kind = type(getattr(answer, "images", answer)).__name__
    assert str(error.value).startswith(f"the pipeline gave {kind} instead of a picture (")
    assert 'Honour output_type="np"' in str(error.value)
