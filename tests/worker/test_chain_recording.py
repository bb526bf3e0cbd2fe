"""The reference's chain in a file."""

import json
import shutil
import zipfile

import numpy as np

from pytest_sdperf.picture_chain import PictureChain, StageLinks, StageRounding
from pytest_sdperf.worker.chain_recording import Recorded, keep_rounding, record


def test_the_picture_is_the_same_as_without(tmp_path, boat):
    own, seen = boat(), boat()
    assert np.array_equal(own.draw(), record(seen.sdperf_stages(), seen.draw, tmp_path / "chain.zip"))
    assert "encode" not in vars(seen)  # every stage is given back


def test_each_call_with_what_it_was_given_and_gave(chain_path, boat):
    with Recorded(chain_path) as recorded:
        assert recorded.stages == ["text_encoder", "unet", "vae_decode"]
        assert [recorded.calls(stage) for stage in (*recorded.stages, "other")] == [2, 4, 1, 0]
        [ids] = recorded.given("text_encoder", 1)
        assert ids.tolist() == [[1, 3, 5, 2, 2]]
        latents, time, embeddings = recorded.given("unet", 2)
        assert (latents.shape, float(time), embeddings.shape) == ((2, 12, 16), 750.0, (2, 5, 16))
        [answer] = recorded.answered("unet", 4)
        assert answer.dtype == np.float32
        assert np.array_equal(recorded.picture, boat().draw())


def test_what_stays_the_same_is_kept_once(chain_path):
    with zipfile.ZipFile(chain_path) as file:
        names = file.namelist()
        assert [n for n in names if n.startswith("unet/") and n.endswith("in/2.npy")] == ["unet/1/in/2.npy"]
        assert json.loads(file.read("calls.json"))["unet"] == [[3, 1]] * 4
    with Recorded(chain_path) as recorded:
        assert np.array_equal(recorded.given("unet", 4)[2], recorded.given("unet", 1)[2])


def test_a_stage_that_calls_itself_counts_once(tmp_path):
    class Nested:
        def decode(self, value, deep=True):
            return self.decode(value, deep=False) + 1 if deep else value

    nested = Nested()
    record({"vae_decode": (nested, "decode")}, lambda: nested.decode(np.zeros((2, 2), np.float32)), tmp_path / "c.zip")
    with Recorded(tmp_path / "c.zip") as recorded:
        assert recorded.calls("vae_decode") == 1
        assert recorded.answered("vae_decode", 1)[0].tolist() == [[1, 1], [1, 1]]


def test_what_rounding_does_is_kept_next_to_it(tmp_path, chain_path):
    with Recorded(chain_path) as recorded:
        assert recorded.rounding("unet") is None, "of a pipeline without torch modules"
    own = shutil.copy(chain_path, tmp_path)
    unet = StageLinks("unet", 2, 2, output_db=[60.0, None], gains=[0.5, 0.25], mean_errors=[-1.0, 0.0])
    not_followed = StageLinks("vae_decode", 1, 1, output_db=[1.0], gains=[0.0], mean_errors=[0.0], not_followed="why")
    keep_rounding(own, PictureChain("8x8/0", [StageLinks("text_encoder", 0, 2), unet, not_followed]))
    with Recorded(own) as recorded:
        assert recorded.rounding("unet") == StageRounding([60.0, None], 0.375, -0.5)
        assert recorded.rounding("text_encoder") is recorded.rounding("vae_decode") is None
        assert recorded.calls("unet") == 4
