from __future__ import annotations

import hashlib
import json
import os
import shutil

import pytest

from pytest_sdperf.errors import ModelError
from pytest_sdperf.models import digest as digest_module
from pytest_sdperf.models.digest import model_digest

WEIGHTS = "unet/diffusion_pytorch_model.safetensors"


@pytest.fixture
def toy(toy, pack):
    """With two tensors in the UNet and the same in the VAE: a digest asks for no more."""
    for component in ("unet", "vae"):
        file = toy / component / "diffusion_pytorch_model.safetensors"
        file.write_bytes(pack({"a.weight": [1.0, 2.0], "b.bias": [0.5]}))
    return toy


def test_is_a_sha256_and_repeats(toy):
    first = model_digest(toy)
    assert len(first) == hashlib.sha256().digest_size * 2
    assert model_digest(toy) == first


def test_does_not_depend_on_the_place(toy, tmp_path):
    shutil.copytree(toy, tmp_path / "other")
    assert model_digest(tmp_path / "other") == model_digest(toy)


@pytest.mark.parametrize(
    "tensors",
    [
        {"a.weight": [1.0, 2.5], "b.bias": [0.5]},
        {"a.weight": [1.0, 2.0], "c.bias": [0.5]},
        {"a.weight": [1.0, 2.0]},
        {"a.weight": [1.0], "b.bias": [2.0, 0.5]},
    ],
    ids=["value", "name", "fewer", "shape"],
)
def test_weights_count(toy, pack, tensors):
    before = model_digest(toy)
    (toy / WEIGHTS).write_bytes(pack(tensors))
    assert model_digest(toy) != before


def test_type_counts(toy, pack):
    before = model_digest(toy)
    (toy / WEIGHTS).write_bytes(pack({"a.weight": [1.0, 2.0], "b.bias": [0.5]}, dtype="I32"))
    assert model_digest(toy) != before


def test_order_in_the_file_and_shards_do_not_count(toy, pack):
    before = model_digest(toy)
    (toy / WEIGHTS).write_bytes(pack({"b.bias": [0.5], "a.weight": [1.0, 2.0]}))
    assert model_digest(toy) == before
    (toy / WEIGHTS).unlink()
    (toy / "unet" / "one.safetensors").write_bytes(pack({"b.bias": [0.5]}))
    (toy / "unet" / "two.safetensors").write_bytes(pack({"a.weight": [1.0, 2.0]}))
    index = {"weight_map": {"a.weight": "two.safetensors", "b.bias": "one.safetensors"}}
    (toy / f"{WEIGHTS}.index.json").write_text(json.dumps(index))
    assert model_digest(toy) == before


def test_same_weights_in_another_component_count(toy, pack):
    (toy / WEIGHTS).write_bytes(pack({"a.weight": [7.0]}))
    one = model_digest(toy)
    (toy / WEIGHTS).write_bytes(pack({"a.weight": [1.0, 2.0], "b.bias": [0.5]}))
    (toy / "vae" / "diffusion_pytorch_model.safetensors").write_bytes(pack({"a.weight": [7.0]}))
    assert model_digest(toy) != one


@pytest.mark.parametrize(
    ("file", "change", "counts"),
    [
        ("unet/config.json", {"norm_eps": 1e-6}, True),
        ("unet/config.json", {"_diffusers_version": "0.99"}, False),
        ("text_encoder/config.json", {"transformers_version": "9"}, False),
        ("text_encoder/config.json", {"_name_or_path": "x"}, False),
        ("scheduler/scheduler_config.json", {"_class_name": "DDIMScheduler"}, True),
        ("scheduler/scheduler_config.json", {"steps_offset": 0}, True),
        ("model_index.json", {"_diffusers_version": "0.99"}, False),
        ("tokenizer/tokenizer_config.json", {"model_max_length": 76}, True),
        ("tokenizer/vocab.json", {"_word": 9}, True),
    ],
)
def test_configurations(toy, edit_json, file, change, counts):
    before = model_digest(toy)
    edit_json(toy / file, **change)
    assert (model_digest(toy) != before) is counts


def test_order_and_layout_of_a_configuration_do_not_count(toy):
    before = model_digest(toy)
    file = toy / "unet" / "config.json"
    file.write_text(json.dumps(dict(reversed(json.loads(file.read_text()).items())), indent=7))
    assert model_digest(toy) == before


def test_merges_count(toy):
    before = model_digest(toy)
    file = toy / "tokenizer" / "merges.txt"
    file.write_text(file.read_text() + "q u\n")
    assert model_digest(toy) != before


def test_other_files_do_not_count(toy):
    before = model_digest(toy)
    (toy / "README.md").write_text("hello")
    (toy / "unet" / "diffusion_pytorch_model.bin").write_bytes(b"x")
    assert model_digest(toy) == before


def test_large_tensors_are_read_in_chunks(toy, pack, monkeypatch):
    (toy / WEIGHTS).write_bytes(pack({"a.weight": [float(i) for i in range(100)]}))
    whole = model_digest(toy)
    monkeypatch.setattr(digest_module, "_CHUNK_BYTES", 7)
    assert model_digest(toy) == whole


def test_file_that_shrinks_meanwhile(toy, monkeypatch):
    tensors = digest_module.component_tensors(toy, "unet", "diffusion_pytorch_model")
    (toy / WEIGHTS).write_bytes(b"")
    monkeypatch.setattr(digest_module, "component_tensors", lambda path, component, stem: tensors)
    with pytest.raises(ModelError, match="became shorter while it was read"):
        model_digest(toy)


@pytest.mark.parametrize("cache", [None, "cache"])
def test_missing_file(toy, tmp_path, cache):
    (toy / "model_index.json").unlink()
    with pytest.raises(ModelError, match=r"model_index\.json is missing"):
        model_digest(toy, cache and tmp_path / cache)


class TestKept:
    @pytest.fixture
    def computed(self, monkeypatch):
        calls = []
        real = digest_module._compute
        monkeypatch.setattr(digest_module, "_compute", lambda *a: calls.append(1) or real(*a))
        return calls

    def test_second_time_is_not_read(self, toy, tmp_path, computed):
        first = model_digest(toy, tmp_path / "cache")
        assert model_digest(toy, tmp_path / "cache") == first
        assert len(computed) == 1

    def test_size_time_and_place_are_keys(self, toy, tmp_path, pack, computed, fill):
        model_digest(toy, tmp_path / "cache")
        os.utime(toy / WEIGHTS, ns=(1, 1))
        model_digest(toy, tmp_path / "cache")
        (toy / WEIGHTS).write_bytes(pack({"a.weight": [9.0]}))
        model_digest(toy, tmp_path / "cache")
        fill(tmp_path / "other")
        model_digest(tmp_path / "other", tmp_path / "cache")
        assert len(computed) == 4

    @pytest.mark.parametrize("content", [b"", b"abc", b"\xff" * 64, b"g" * 64])
    def test_damaged_entry_is_computed_anew(self, toy, tmp_path, computed, content):
        first = model_digest(toy, tmp_path / "cache")
        (entry,) = (tmp_path / "cache" / "digests").iterdir()
        entry.write_bytes(content)
        assert model_digest(toy, tmp_path / "cache") == first
        assert len(computed) == 2
        assert entry.read_text() == first

    def test_a_cache_that_cannot_be_written_only_costs_time(self, toy, tmp_path):
        (tmp_path / "cache").write_text("a file, not a folder")
        assert model_digest(toy, tmp_path / "cache") == model_digest(toy)
