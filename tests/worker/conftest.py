"""A pipeline of plain numpy that is called as one of diffusers is: text encoder, UNet in a loop, decoder."""

from types import MappingProxyType

import numpy as np
import pytest

from pytest_sdperf.models.families.stable_diffusion import STABLE_DIFFUSION
from pytest_sdperf.worker.chain_following import follow
from pytest_sdperf.worker.chain_recording import Recorded, record


class Boat:
    """Four steps at 8 x 8; attributes are the places where faults are put in."""

    words = MappingProxyType({"storm": 3, "calm": 4, "Turner": 5})
    steps = 4
    guidance = 7.5
    offset = 1
    scale = 2.0
    rounding = None
    gain = 1.0
    text_gain = 1.0
    decoder_gain = 1.0
    gamma = 1.0

    def __init__(self, **changes):
        rng = np.random.default_rng(0)
        self.weights = rng.standard_normal((16, 16)).astype(np.float32) / 4
        self.table = rng.standard_normal((8, 16)).astype(np.float32)
        for name, value in changes.items():
            assert hasattr(type(self), name) or name == "prompt"
            setattr(self, name, value)

    def sdperf_stages(self):
        return {"text_encoder": (self, "encode"), "unet": (self, "unet"), "vae_decode": (self, "decode")}

    def encode(self, ids, attention_mask=None):
        return {"last_hidden_state": self._rounded(self.table[ids] * self.text_gain)}

    def unet(self, latents, timestep, *, embeddings):
        mixed = np.tanh(latents @ self.weights + embeddings.mean(axis=1, keepdims=True) * timestep / 1000)
        return (self._rounded(mixed.astype(np.float32) * np.float32(self.gain)),)

    def decode(self, latents):
        return self._rounded((np.tanh(latents) / 2 + 0.5) * self.decoder_gain)

    def tokens(self, prompt):
        return np.array([[1, *(self.words[word] for word in prompt.split()), *[2] * (4 - len(prompt.split()))]])

    def draw(self, prompt="storm Turner", seed=0):
        both = [self.encode(self.tokens(p))["last_hidden_state"] for p in (getattr(self, "prompt", prompt), "")]
        embeddings = np.concatenate(both[::-1])
        latents = np.random.default_rng(seed).standard_normal((1, 12, 16)).astype(np.float32)
        for step in range(self.steps):
            time = 1000 - 1000 // self.steps * step - 1 + self.offset
            (answer,) = self.unet(np.concatenate([latents] * 2), time, embeddings=embeddings)
            without, given = answer[:1], answer[1:]
            latents = latents - (without + self.guidance * (given - without)) / self.steps
        picture = self.decode(latents / self.scale).reshape(8, 8, 3)
        return picture**self.gamma

    def _rounded(self, array):
        if self.rounding is None:
            return array.astype(np.float32)
        return (np.round(array * 2**self.rounding) / 2**self.rounding).astype(np.float32)


@pytest.fixture(scope="session")
def boat():
    """The pipeline's class."""
    return Boat


@pytest.fixture(scope="session")
def chain_path(tmp_path_factory):
    """The chain of the sound pipeline."""
    path = tmp_path_factory.mktemp("chains") / "reference.zip"
    boat = Boat()
    record(boat.sdperf_stages(), boat.draw, path)
    return path


def _read(stage, ids):
    return " ".join(map(str, ids))


@pytest.fixture
def followed(chain_path):
    """Follows the sound chain with a changed pipeline, or with ``own``; gives (chain, stages by name)."""

    def run(*, own=None, without="", **changes):
        boat = own or Boat(**changes)
        stages = {name: place for name, place in boat.sdperf_stages().items() if name != without}
        with Recorded(chain_path) as recorded:
            chain = follow("8x8/0", stages, STABLE_DIFFUSION, boat.draw, recorded, read=_read)
        return chain, {stage.stage: stage for stage in chain.stages}

    return run
