"""One picture followed through its stages, with numpy pipelines."""

import numpy as np
import pytest

from pytest_sdperf.models.families.stable_diffusion import STABLE_DIFFUSION
from pytest_sdperf.worker import trace
from pytest_sdperf.worker.stages import find_stages


class Output:
    """An answer as diffusers and transformers give it: its parts by number."""

    def __init__(self, first):
        self._first = first

    def __getitem__(self, index):
        return (self._first,)[index]


class Ship:
    """Text, three UNet calls in a batch of two, a decoding."""

    def __init__(self, gain=1.0):
        self.gain = gain
        self.drawn = []

    def sdperf_stages(self):
        return {"text_encoder": (self, "read"), "unet": (self, "denoise"), "vae_decode": (self, "decode")}

    def read(self, tokens):
        return Output(tokens.astype(np.float32) * self.gain)

    def denoise(self, latents, step, *, text):
        return (latents * np.float32(0.5) * self.gain + text.sum() + step,)

    def decode(self, latents):
        return latents + np.float32(self.gain)

    def __call__(self):
        latents = np.ones((1, 2, 3), np.float32)
        text = self.read(np.array([1, 2]))[0]
        for step in range(3):
            latents = self.denoise(np.concatenate([latents] * 2), step, text=text)[0][:1]
        picture = self.decode(latents)
        self.drawn.append(picture)
        return picture


def followed(ship, given=()):
    return trace.follow(find_stages(ship), STABLE_DIFFUSION, ship, dict(given))


def test_tells_the_first_call_of_each_stage_and_the_latents_before_every_call():
    ship = Ship()
    seen = followed(ship)
    assert sorted(seen) == [
        "latents", "latents/decoded", "text_encoder/out", "unet/in/0", "unet/in/1", "unet/out", "vae_decode/in/0", "vae_decode/out",
    ]  # fmt: skip
    assert all(a.dtype == np.float32 for a in seen.values())
    np.testing.assert_array_equal(seen["text_encoder/out"], [1, 2])
    np.testing.assert_array_equal(seen["unet/in/1"], [1, 2])
    np.testing.assert_array_equal(seen["unet/out"], np.full((2, 2, 3), 3.5))
    assert seen["latents"].shape == (3, 2, 3)
    np.testing.assert_array_equal(seen["latents"][:, 0, 0], [1, 3.5, 5.75])
    np.testing.assert_array_equal(seen["vae_decode/out"], ship.drawn[0])


def test_stages_are_given_back():
    ship = Ship()
    followed(ship)
    assert not {"read", "denoise", "decode"} & set(vars(ship))


def test_a_stage_answers_for_the_references_inputs_and_the_picture_stays_its_own():
    reference, louder = Ship(), Ship(gain=2.0)
    given = followed(reference)
    seen = followed(louder, given)
    alone = Ship(gain=2.0)
    np.testing.assert_array_equal(louder.drawn[0], alone())
    # It draws with its own text, 2 and 4, but is asked once with the reference's, 1 and 2.
    np.testing.assert_array_equal(seen["unet/in/1"], [2, 4])
    np.testing.assert_array_equal(seen["unet/out"], np.full((2, 2, 3), 4))
    np.testing.assert_array_equal(seen["vae_decode/out"], given["vae_decode/in/0"] + 2)
    np.testing.assert_array_equal(seen["latents"], followed(Ship(gain=2.0))["latents"])


def test_a_sound_stage_is_identical_whatever_came_before():
    class Misread(Ship):
        def read(self, tokens):
            return Output(tokens.astype(np.float32) + 5)

    given = followed(Ship())
    seen = followed(Misread(), given)
    np.testing.assert_array_equal(seen["unet/out"], given["unet/out"])
    np.testing.assert_array_equal(seen["vae_decode/out"], given["vae_decode/out"])
    assert (seen["latents"][1] != given["latents"][1]).all()


def test_inputs_of_other_shapes_are_not_taken():
    given = {**followed(Ship()), "unet/in/0": np.zeros((1, 2, 3), np.float32)}
    np.testing.assert_array_equal(followed(Ship(), given)["unet/out"], followed(Ship())["unet/out"])


def test_half_precision_stays_half():
    class Half(Ship):
        def denoise(self, latents, step, *, text):
            assert latents.dtype == np.float16
            return (latents * text.sum().astype(np.float16),)

        def __call__(self):
            return self.denoise(np.ones((1, 2), np.float16), 0, text=np.ones(2, np.float16))[0]

    given = {"unet/in/0": np.full((1, 2), 3, np.float32), "unet/in/1": np.full(2, 2, np.float32)}
    np.testing.assert_array_equal(followed(Half(), given)["unet/out"], [[12, 12]])


@pytest.mark.parametrize("answer", [None, "a ship", 3.0, {}, [], ["a ship"], np.array([1, 2])])
def test_an_answer_without_numbers_is_left_out(answer):
    class Mute(Ship):
        def read(self, tokens):
            return answer

        def __call__(self):
            self.read(np.array([1]))

    assert followed(Mute()) == {}


def test_latents_that_change_their_shape_are_left_out():
    class Growing(Ship):
        def __call__(self):
            for size in (2, 3):
                self.denoise(np.ones((1, size), np.float32), 0, text=np.ones(1, np.float32))

    assert trace.LATENTS not in followed(Growing())


def test_a_library_may_write_its_next_answer_to_the_same_place():
    class Reusing(Ship):
        buffer = np.zeros(2, np.float32)

        def decode(self, latents):
            self.buffer[:] = latents
            return self.buffer

        def __call__(self):
            return self.decode(np.ones(2, np.float32))

    seen = followed(Reusing(), {"vae_decode/in/0": np.full(2, 7, np.float32)})
    np.testing.assert_array_equal(seen["vae_decode/out"], [7, 7])


def test_a_trace_is_kept_and_read_without_pickle(tmp_path):
    seen = followed(Ship())
    trace.save(tmp_path / "new" / "trace.npz", seen)
    again = trace.load(tmp_path / "new" / "trace.npz")
    assert sorted(again) == sorted(seen)
    assert all((again[k] == seen[k]).all() for k in seen)
    trace.save(tmp_path / "empty.npz", {})
    assert trace.load(tmp_path / "empty.npz") == {}


def test_what_is_decoded_is_kept_whole():
    """A batch, or no batch at all: the drift before the decoding is that of all of it."""

    class Raft(Ship):
        def __call__(self):
            return self.decode(np.arange(24, dtype=np.float32).reshape(2, 3, 4))

    raft = Raft()
    seen = trace.follow(find_stages(raft), STABLE_DIFFUSION, raft, {})
    assert seen[trace.DECODED].shape == (2, 3, 4)
