from __future__ import annotations

import json
from pathlib import Path

import pytest

from pytest_sdperf.errors import ModelError
from pytest_sdperf.models import bundled, synthetic
from pytest_sdperf.models.digest import model_digest
from pytest_sdperf.models.prepare import MANIFEST, prepare
from pytest_sdperf.models.source import ModelSource

TINY = ModelSource("synthetic", "tiny")
BUNDLED = ModelSource("bundled", "bundled")


class Worker:
    """Stands for the worker process: remembers what it was asked, builds a toy."""

    def __init__(self, fill):
        self.calls = []
        self.fill = fill

    def __call__(self, function, kwargs):
        self.calls.append((function, dict(kwargs)))
        if function in ("pytest_sdperf.models.synthetic:build", "pytest_sdperf.models.bundled:build"):
            self.fill(Path(kwargs["destination"]))
            return {"parameters": {}}
        return {"path": str(self.snapshot)}


@pytest.fixture
def worker(fill):
    return Worker(fill)


def test_folder(toy, worker, tmp_path):
    prepared = prepare(ModelSource("folder", "toy", path=toy), worker, tmp_path / "cache")
    assert (prepared.path, prepared.digest, prepared.built) == (toy, model_digest(toy), False)
    assert worker.calls == []


def test_a_bad_folder_is_refused(toy, worker, tmp_path):
    (toy / "model_index.json").unlink()
    with pytest.raises(ModelError, match=r"has no model_index\.json"):
        prepare(ModelSource("folder", "toy", path=toy), worker, tmp_path / "cache")


def test_hub(toy, worker, tmp_path):
    worker.snapshot = toy
    prepared = prepare(ModelSource("hub", "org/name", revision="main"), worker, tmp_path / "cache")
    assert (prepared.path, prepared.digest, prepared.built) == (toy, model_digest(toy), False)
    assert worker.calls == [("pytest_sdperf.models.hub:download", {"repo_id": "org/name", "revision": "main"})]


def test_a_bad_download_is_refused(toy, worker, tmp_path):
    worker.snapshot = toy
    (toy / "net.py").touch()
    with pytest.raises(ModelError, match="Remote code is never run"):
        prepare(ModelSource("hub", "org/name"), worker, tmp_path / "cache")


def test_synthetic_is_built_once(worker, tmp_path, toy):
    first = prepare(TINY, worker, tmp_path)
    second = prepare(TINY, worker, tmp_path)
    assert (first.built, second.built) == (True, False)
    assert first.path == second.path == tmp_path / "models" / f"synthetic-tiny-{synthetic.recipe('tiny')[:12]}"
    assert first.digest == second.digest == model_digest(toy)
    ((function, kwargs),) = worker.calls
    assert function == "pytest_sdperf.models.synthetic:build"
    assert kwargs["kind"] == "tiny"
    assert Path(kwargs["destination"]) != first.path


def test_bundled_is_unpacked_once(worker, tmp_path, toy, monkeypatch):
    monkeypatch.setattr(bundled, "recipe", lambda: "b" * 64)
    first, second = (prepare(BUNDLED, worker, tmp_path) for _ in range(2))
    assert (first.built, second.built) == (True, False)
    assert first.path == second.path == tmp_path / "models" / "bundled-bbbbbbbbbbbb"
    assert first.digest == second.digest == model_digest(toy)
    ((function, kwargs),) = worker.calls
    assert (function, list(kwargs)) == ("pytest_sdperf.models.bundled:build", ["destination"])


def test_another_recipe_is_another_model(worker, tmp_path, monkeypatch):
    first = prepare(TINY, worker, tmp_path)
    monkeypatch.setattr(synthetic, "recipe", lambda kind: "f" * 64)
    second = prepare(TINY, worker, tmp_path)
    assert second.built
    assert second.path != first.path
    assert first.path.exists()


def _truncate(folder):
    file = folder / "unet" / "diffusion_pytorch_model.safetensors"
    file.write_bytes(file.read_bytes()[:-1])


def _flip(folder):
    file = folder / "unet" / "diffusion_pytorch_model.safetensors"
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)


def _manifest(**changes):
    def damage(folder):
        content = json.loads((folder / MANIFEST).read_text())
        (folder / MANIFEST).write_text(json.dumps({**content, **changes}))

    return damage


@pytest.mark.parametrize(
    "damage",
    [
        _truncate,
        _flip,
        lambda folder: (folder / MANIFEST).unlink(),
        lambda folder: (folder / MANIFEST).write_text("{"),
        lambda folder: (folder / "vae" / "config.json").unlink(),
        _manifest(digest="0" * 64),
        _manifest(recipe="0" * 64),
        _manifest(more=1),
    ],
    ids=[
        "truncated",
        "flipped bit",
        "no manifest",
        "broken manifest",
        "no config",
        "digest",
        "recipe",
        "unknown field",
    ],
)
def test_a_damaged_entry_is_built_anew(worker, tmp_path, damage):
    first = prepare(TINY, worker, tmp_path)
    damage(first.path)
    second = prepare(TINY, worker, tmp_path)
    assert (second.built, second.digest, len(worker.calls)) == (True, first.digest, 2)
    assert not prepare(TINY, worker, tmp_path).built


def test_a_failed_build_keeps_nothing(tmp_path):
    def run(function, kwargs):
        Path(kwargs["destination"], "half").touch()
        raise ModelError("no torch here", cure="Install it.")

    with pytest.raises(ModelError, match="no torch here"):
        prepare(TINY, run, tmp_path)
    assert [p.name for p in (tmp_path / "models").iterdir() if not p.name.endswith(".lock")] == []


def test_an_incomplete_build_is_not_published(tmp_path):
    with pytest.raises(ModelError, match=r"has no model_index\.json"):
        prepare(TINY, lambda function, kwargs: {}, tmp_path)
    assert [p.name for p in (tmp_path / "models").iterdir() if not p.name.endswith(".lock")] == []
