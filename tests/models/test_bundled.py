"""What the bundled model is checked for before anything is unpacked; the unpacking itself is in tests/full."""

from __future__ import annotations

import hashlib
import json
import sys
from types import ModuleType

import pytest

from pytest_sdperf.errors import ModelError
from pytest_sdperf.models.bundled import BUNDLE, DIGESTS, build, recipe
from pytest_sdperf.models.configurations import native_size
from pytest_sdperf.models.folder import check_folder


@pytest.fixture
def bundle(toy):
    """The toy, with its digests."""
    files = [p for p in toy.rglob("*") if p.is_file()]
    _list(toy, {p.relative_to(toy).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files})
    return toy


def _list(bundle, digests):
    (bundle / DIGESTS).write_text(json.dumps(digests))


def _listed(bundle):
    return json.loads((bundle / DIGESTS).read_text())


def refused(bundle, destination):
    """The message of the ModelError; nothing has been written."""
    with pytest.raises(ModelError) as caught:
        build(str(destination), str(bundle))
    assert not destination.exists()
    return str(caught.value)


def test_another_list_of_digests_is_another_recipe(bundle):
    before = recipe(bundle)
    assert before == recipe(bundle) == hashlib.sha256((bundle / DIGESTS).read_bytes()).hexdigest()
    _list(bundle, {**_listed(bundle), "more.json": "0" * 64})
    assert recipe(bundle) != before


def test_none_in_this_installation(tmp_path):
    with pytest.raises(ModelError) as caught:
        recipe(tmp_path)
    assert str(caught.value) == (
        f"this installation carries no trained model ({tmp_path / DIGESTS} is missing) [--sdperf-model=bundled]. "
        "Use synthetic:tiny, or a folder in diffusers' layout."
    )


def test_one_changed_byte(bundle, tmp_path):
    file = bundle / "unet" / "diffusion_pytorch_model.safetensors"
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    wanted = _listed(bundle)["unet/diffusion_pytorch_model.safetensors"]
    assert refused(bundle, tmp_path / "new") == (
        "the bundled model is damaged: unet/diffusion_pytorch_model.safetensors has sha256 "
        f"{hashlib.sha256(content).hexdigest()}, not {wanted}. "
        "Install pytest-sdperf again: pip install --force-reinstall --no-deps pytest-sdperf"
    )


def test_a_missing_file(bundle, tmp_path):
    (bundle / "vae" / "config.json").unlink()
    message = refused(bundle, tmp_path / "new")
    assert message.startswith("the bundled model is incomplete: vae/config.json cannot be read (")
    assert "Install pytest-sdperf again" in message


@pytest.mark.parametrize("content", ["{", '["a"]', '{"a": 1}'])
def test_a_damaged_list(bundle, tmp_path, content):
    (bundle / DIGESTS).write_text(content)
    message = refused(bundle, tmp_path / "new")
    assert message.startswith(f"{bundle / DIGESTS} is damaged (")
    assert "Install pytest-sdperf again" in message


@pytest.mark.parametrize("name", ["../outside.json", "/etc/hostname"])
def test_a_list_that_leads_out(bundle, tmp_path, name):
    (tmp_path / "outside.json").write_text("{}")
    _list(bundle, {name: hashlib.sha256(b"{}").hexdigest()})
    assert f"names {name!r}, outside of the model" in refused(bundle, tmp_path / "new")


def test_the_packages_own_is_whole_and_small():
    files = {p.relative_to(BUNDLE).as_posix(): p for p in BUNDLE.rglob("*") if p.is_file() and p.name != DIGESTS}
    assert _listed(BUNDLE) == {name: hashlib.sha256(p.read_bytes()).hexdigest() for name, p in files.items()}
    check_folder(BUNDLE)
    assert native_size(BUNDLE) == (128, 128)
    weights = [p.stat().st_size for p in files.values() if p.suffix == ".safetensors"]
    assert len(weights) == 3
    assert sum(weights) <= 16_000_000


def test_weights_become_float32_and_the_rest_is_copied(bundle, tmp_path, monkeypatch):
    import numpy as np

    files = {}

    def load_file(path):
        return {"a": np.ones((2, 3), np.float16), "b": np.zeros(4, np.float16)}

    def save_file(tensors, path, metadata):
        files[path.relative_to(tmp_path / "new").as_posix()] = ({str(t.dtype) for t in tensors.values()}, metadata)
        path.touch()

    monkeypatch.setitem(sys.modules, "safetensors", ModuleType("safetensors"))
    numpy = ModuleType("safetensors.numpy")
    numpy.load_file, numpy.save_file = load_file, save_file
    monkeypatch.setitem(sys.modules, "safetensors.numpy", numpy)
    assert build(str(tmp_path / "new"), str(bundle)) == {
        "parameters": dict.fromkeys(("unet", "vae", "text_encoder"), 10)
    }
    assert set(files) == {name for name in _listed(bundle) if name.endswith(".safetensors")}
    assert all(written == ({"float32"}, {"format": "pt"}) for written in files.values())
    copied = {p.relative_to(tmp_path / "new").as_posix() for p in (tmp_path / "new").rglob("*") if p.is_file()}
    assert copied == set(_listed(bundle))
    assert (tmp_path / "new/vae/config.json").read_bytes() == (bundle / "vae/config.json").read_bytes()
