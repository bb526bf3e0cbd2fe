"""One call for every pipeline: the same latents in, a picture out, nothing fixed on the way."""

import dataclasses
import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from pytest_sdperf.errors import CaseError
from pytest_sdperf.models.families.family import Latents
from pytest_sdperf.models.families.stable_diffusion import STABLE_DIFFUSION
from pytest_sdperf.worker import pipeline_call
from pytest_sdperf.worker.pipeline_call import (
    as_picture,
    as_wanted,
    check_prompt_length,
    is_filtered,
    pixels,
    seeded_generator,
)


class Pipeline:
    """Gives ``answer`` and remembers how it was asked."""

    def __init__(self, answer=None, **attributes):
        self.answer = np.zeros((1, 8, 16, 3), np.float32) if answer is None else answer
        vars(self).update(attributes)

    def __call__(self, **kwargs):
        self.asked = kwargs
        return self.answer


def draw_latents(seed, height, width):
    return pipeline_call.draw_latents(seed, STABLE_DIFFUSION.latents, height, width)


def call(pipeline, latents=None):
    wanted = as_wanted(pipeline, draw_latents(0, 8, 16) if latents is None else latents)
    keywords = STABLE_DIFFUSION.call(prompt="ship", steps=4, guidance=7.5, height=8, width=16, latents=wanted)
    return as_picture(pixels(pipeline(**keywords), (8, 16)))


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


def test_latents_are_of_the_familys_shape():
    assert pipeline_call.draw_latents(0, Latents(channels=16, scale=4), 8, 12).shape == (1, 16, 2, 3)


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
    module.dtype, module.float32 = Dtype, Dtype()
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


class WordTokenizer:
    """Like one of transformers: a word is a token, and none is cut off unless asked for."""

    def __init__(self, model_max_length=77):
        self.model_max_length = model_max_length
        self.words = ["<start>", "<end>"]

    def __call__(self, text):
        new = text.split()
        self.words += new
        last = len(self.words)
        return SimpleNamespace(input_ids=[0, *range(last - len(new), last), 1])

    def decode(self, ids):
        return " ".join(self.words[i] for i in ids)


SIZE = (8, 16)


@pytest.mark.parametrize("array", [np.zeros((8, 16, 3), np.complex64), np.array([None] * 3), np.array(["a"])], ids=str)
def test_refuses_numbers_and_objects_that_are_no_pixels(array):
    with pytest.raises(CaseError, match=f"instead of a picture .dtype {array.dtype}."):
        pixels(array, SIZE)


class Lazy:
    """Computes when it is read."""

    def __init__(self, array):
        self.array, self.read = array, 0

    def __array__(self, dtype=None, copy=None):
        self.read += 1
        return self.array


def test_what_an_answer_puts_off_is_done_when_its_pixels_are_there():
    lazy = Lazy(np.ones((1, 8, 16, 3)))
    assert pixels(SimpleNamespace(images=lazy), SIZE).sum() == lazy.array.sum()
    assert lazy.read == 1


def test_pixels_are_a_copy():
    array = np.zeros((1, 8, 16, 3), np.float32)
    taken = pixels(array, SIZE)
    array += 1
    assert taken.sum() == 0


@pytest.mark.parametrize("times", [(1, 1), (2, 2), (4, 4)])
def test_a_picture_of_a_wrong_size_is_looked_at(times):
    assert pixels(np.zeros((1, 8 * times[0], 16 * times[1], 3)), SIZE).shape[1:3] == (8 * times[0], 16 * times[1])


@pytest.mark.parametrize("shape", [(1, 40_000, 40_000, 3), (8 * 16 + 1, 16, 3)])
def test_a_huge_picture_is_refused_by_its_shape(shape):
    """A view of one number, that would be made 19 GB."""
    view = np.broadcast_to(np.float32(0.5), shape)
    with pytest.raises(CaseError) as caught:
        pixels(SimpleNamespace(images=view), SIZE)
    assert caught.value.what == f"the pipeline gave a picture of shape {shape}, asked for was (8, 16, 3)"


class Names:
    def __call__(self, *, latents, generator=None):
        pass


class HandsOn(Names):
    def __call__(self, **keywords):
        pass


class Strict(Names):
    def __call__(self, *, latents):
        pass


class Keywords:
    def __call__(self, **keywords):
        pass


@pytest.mark.parametrize(
    ("kind", "takes"), [(Names, True), (HandsOn, True), (Strict, False), (Keywords, False), (object, False)]
)
def test_a_generator_is_given_to_calls_that_name_it(kind, takes):
    assert list(seeded_generator(kind(), 3)) == (["generator"] if takes else [])


def test_a_generator_repeats_and_is_another_stream_than_the_latents():
    one, again, other = (seeded_generator(Names(), seed)["generator"].standard_normal(8) for seed in (3, 3, 2**70))
    assert one.tolist() == again.tolist() != other.tolist()
    assert one.astype(np.float32).tolist() != draw_latents(3, 8, 16).ravel()[:8].tolist()


def test_torch_pipelines_get_a_generator_of_torch(torch, monkeypatch):
    seeds = []
    generator = SimpleNamespace(manual_seed=lambda seed: seeds.append(seed) or "seeded")
    monkeypatch.setattr(sys.modules["torch"], "Generator", lambda: generator, raising=False)
    pipeline = Names()
    pipeline.sdperf_latents = "torch"
    assert seeded_generator(pipeline, 2**64 + 5) == {"generator": "seeded"}
    assert seeds == [5]


def words(count):
    return " ".join(f"w{n}" for n in range(1, count + 1))


def check(prompts, **attributes):
    check_prompt_length(SimpleNamespace(**attributes), prompts, STABLE_DIFFUSION)


def test_77_tokens_pass():
    check(["a ship", words(75)], tokenizer=WordTokenizer())


def test_78_tokens_lose_one():
    with pytest.raises(CaseError) as caught:
        check(["a ship", words(76)], tokenizer=WordTokenizer())
    assert str(caught.value) == (
        "prompt 'w1 w2 w3 w4 w5 w6 w7 w8 w9 w10 w11 w12 w13 w14 w15 w16 w17…' has 78 tokens with start and end, "
        "WordTokenizer takes 77: 'w76' would be cut off and not drawn [prompt]. "
        "Shorten the prompt by 1 token or more."
    )


def test_all_that_is_lost_is_quoted():
    lost = [f"w{n}" for n in range(76, 201)]
    with pytest.raises(CaseError) as caught:
        check([words(200)], tokenizer=WordTokenizer())
    assert f"has 202 tokens with start and end, WordTokenizer takes 77: {' '.join(lost)!r} would" in caught.value.what
    assert caught.value.cure == "Shorten the prompt by 125 tokens or more."


def test_the_limit_is_the_tokenizers_own():
    check(["one two three"], tokenizer=WordTokenizer(5))
    with pytest.raises(CaseError) as caught:
        check(["one two three four five"], tokenizer=WordTokenizer(5))
    assert str(caught.value) == (
        "prompt 'one two three four five' has 7 tokens with start and end, WordTokenizer takes 5: "
        "'four five' would be cut off and not drawn [prompt]. Shorten the prompt by 2 tokens or more."
    )


@pytest.mark.parametrize(
    ("letters", "shown"), [(60, "x" * 60), (61, "x" * 59 + "…")], ids=["quoted whole", "quoted in part"]
)
def test_a_quoted_prompt_has_at_most_60_characters(letters, shown):
    with pytest.raises(CaseError, match=f"^prompt '{shown}' has 3 tokens"):
        check(["x" * letters], tokenizer=WordTokenizer(2))


@pytest.mark.parametrize("none", [int(1e30), 1e30, float("inf"), None], ids=str)
def test_a_tokenizer_without_a_limit_takes_everything(none):
    check([words(1000)], tokenizer=WordTokenizer(none))


@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"tokenizer": None},
        {"tokenizer": "clip"},
        {"tokenizer": len},
        {"tokenizer": SimpleNamespace(model_max_length=1)},
    ],
    ids=["none", "None", "text", "a function", "not callable"],
)
def test_a_pipeline_without_such_a_tokenizer_is_not_checked(attributes):
    check([words(1000)], **attributes)


def test_every_tokenizer_of_the_family_is_asked():
    two = dataclasses.replace(STABLE_DIFFUSION, tokenizers=("tokenizer", "tokenizer_2"))
    pipeline = SimpleNamespace(tokenizer=WordTokenizer(), tokenizer_2=WordTokenizer(5))
    check_prompt_length(pipeline, ["one two three"], two)
    with pytest.raises(CaseError, match="WordTokenizer takes 5: 'four' would be cut off"):
        check_prompt_length(pipeline, ["one two three four"], two)


@pytest.mark.parametrize(
    ("said", "filtered"),
    [([True], True), ([False], False), ((False, True), True), (None, False), ([], False), ("x", False)],
)
def test_what_a_safety_checker_says(said, filtered):
    assert is_filtered(SimpleNamespace(images=[], nsfw_content_detected=said)) is filtered
    assert is_filtered(np.zeros((1, 8, 8, 3))) is False
