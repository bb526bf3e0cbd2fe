from __future__ import annotations

import contextlib
import hashlib
import json
import sys
import types
from typing import ClassVar

import numpy as np
import pytest

from pytest_sdperf.errors import ModelError
from pytest_sdperf.models import synthetic
from pytest_sdperf.models.synthetic import build, draw, recipe
from pytest_sdperf.models.synthetic_shapes import SHAPES


def test_unknown_kind(tmp_path):
    with pytest.raises(ModelError, match=r"unknown synthetic model 'sdxl'. Use one of: sd15, tiny."):
        build("sdxl", str(tmp_path / "x"))
    assert not (tmp_path / "x").exists()


def test_recipes_differ_and_repeat():
    assert recipe("tiny") == recipe("tiny") != recipe("sd15")


def test_the_seed_is_part_of_the_recipe(monkeypatch):
    before = recipe("tiny")
    monkeypatch.setattr(synthetic, "SEED", "another")
    assert recipe("tiny") != before


class Network:
    """Stands for a model class of diffusers or transformers: some tensors, in names and shapes only."""

    LAYOUT: ClassVar = {"conv_in.weight": (4, 3), "conv_out.weight": (3, 4), "decoder.conv_out.weight": (3, 4)}
    LAYOUT |= {"decoder.conv_out.bias": (3,), "norm.weight": (4,)}

    def __init__(self, config):
        self.config = config

    config_class = dict
    from_config = classmethod(lambda cls, config: cls(config))

    def state_dict(self):
        return {name: types.SimpleNamespace(shape=shape) for name, shape in self.LAYOUT.items()}


@pytest.fixture
def libraries(monkeypatch):
    """Stand-ins for torch, diffusers, transformers and safetensors; returns what was saved, by path."""
    saved = {}
    modules = {
        "torch": {"device": contextlib.nullcontext},
        "diffusers": {"AutoencoderKL": Network, "UNet2DConditionModel": Network},
        "transformers": {"CLIPTextModel": Network},
        "safetensors": {},
        "safetensors.numpy": {"save_file": lambda tensors, path, metadata: saved.update({path: (tensors, metadata)})},
    }
    for name, content in modules.items():
        module = types.ModuleType(name)
        vars(module).update(content)
        monkeypatch.setitem(sys.modules, name, module)
    return saved


@pytest.mark.parametrize("kind", SHAPES)
def test_build_writes_the_whole_layout(libraries, tmp_path, kind):
    answer = build(kind, str(tmp_path / "m"))
    assert answer == {"parameters": dict.fromkeys(("text_encoder", "unet", "vae"), 12 * 3 + 3 + 4)}
    files = {p.relative_to(tmp_path / "m").as_posix() for p in (tmp_path / "m").rglob("*") if p.is_file()}
    assert files == {
        "model_index.json",
        "scheduler/scheduler_config.json",
        "text_encoder/config.json",
        "tokenizer/merges.txt",
        "tokenizer/special_tokens_map.json",
        "tokenizer/tokenizer_config.json",
        "tokenizer/vocab.json",
        "unet/config.json",
        "vae/config.json",
    }
    assert json.loads((tmp_path / "m" / "unet" / "config.json").read_text()) == SHAPES[kind].configs["unet"]
    assert b"\r" not in (tmp_path / "m" / "tokenizer" / "merges.txt").read_bytes()


def test_output_scales_go_to_the_right_tensors(libraries, tmp_path):
    build("tiny", str(tmp_path))
    outputs = SHAPES["tiny"].outputs
    (text, metadata), (unet, _), (vae, _) = libraries.values()
    assert metadata == {"format": "pt"}
    assert [p.name for p in libraries] == ["model.safetensors", *["diffusion_pytorch_model.safetensors"] * 2]
    plain = draw("tiny/unet", "conv_out.weight", (3, 4))
    assert np.allclose(unet["conv_out.weight"], plain * outputs["unet"]["conv_out.weight"])
    assert np.allclose(vae["decoder.conv_out.bias"], outputs["vae"]["decoder.conv_out.bias"])
    scaled = draw("tiny/vae", "decoder.conv_out.weight", (3, 4), outputs["vae"]["decoder.conv_out.weight"])
    assert np.array_equal(vae["decoder.conv_out.weight"], scaled)
    assert np.array_equal(text["conv_out.weight"], draw("tiny/text_encoder", "conv_out.weight", (3, 4)))


def test_stays_what_it_was():
    """Fails when a kept model would silently become another one: change SEED together with this."""
    tensor = draw("tiny/unet", "conv_in.weight", (3, 5), 1.5)
    assert tensor.dtype == np.float32
    assert (
        hashlib.sha256(tensor.tobytes()).hexdigest()
        == "8c956f0c8de75f9353ce2f2c784fdc916cb895f29e7617c8778eed3245370580"
    )


def test_name_model_and_nothing_else_are_the_seed():
    one = draw("a", "x.weight", (4, 4))
    assert np.array_equal(one, draw("a", "x.weight", (4, 4)))
    assert not np.array_equal(one, draw("b", "x.weight", (4, 4)))
    assert not np.array_equal(one, draw("a", "y.weight", (4, 4)))


@pytest.mark.parametrize("shape", [(64, 512), (32, 64, 3, 3), (7, 3)])
def test_variance_is_the_inverse_of_the_fan_in(shape):
    fan_in = int(np.prod(shape[1:]))
    tensor = draw("m", "w.weight", shape) * np.sqrt(fan_in)
    assert np.abs(tensor).max() <= np.sqrt(3) * (1 + 1e-6)
    if tensor.size > 1000:
        assert tensor.std() == pytest.approx(1, abs=0.02)
        assert tensor.mean() == pytest.approx(0, abs=0.02)


def test_scale():
    assert np.allclose(draw("m", "w.weight", (8, 8), 2.0), 2 * draw("m", "w.weight", (8, 8)))


def test_embeddings_have_unit_variance():
    assert draw("m", "text_model.embeddings.token_embedding.weight", (100, 64)).std() == pytest.approx(1, abs=0.02)


def test_norms_and_biases():
    assert draw("m", "norm1.weight", (3,)).tolist() == [1, 1, 1]
    assert draw("m", "norm1.bias", (2,)).tolist() == [0, 0]
