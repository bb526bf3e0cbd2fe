"""With a stand-in for huggingface_hub: no network, no library."""

from __future__ import annotations

import fnmatch
import sys
import types

import pytest

from pytest_sdperf.errors import ModelError
from pytest_sdperf.models.hub import ALLOWED, IGNORED, download


@pytest.fixture
def hub(monkeypatch):
    """`hub.answer` is what snapshot_download returns, or raises."""
    errors = types.SimpleNamespace()
    errors.HfHubHTTPError = type("HfHubHTTPError", (OSError,), {})
    errors.RepositoryNotFoundError = type("RepositoryNotFoundError", (errors.HfHubHTTPError,), {})
    errors.GatedRepoError = type("GatedRepoError", (errors.RepositoryNotFoundError,), {})
    errors.RevisionNotFoundError = type("RevisionNotFoundError", (errors.HfHubHTTPError,), {})
    errors.LocalEntryNotFoundError = type("LocalEntryNotFoundError", (FileNotFoundError,), {})
    errors.OfflineModeIsEnabled = type("OfflineModeIsEnabled", (ConnectionError,), {})
    module = types.ModuleType("huggingface_hub")
    module.errors = errors
    module.calls = []

    def snapshot_download(repo_id, **kwargs):
        module.calls.append((repo_id, kwargs))
        if isinstance(module.answer, Exception):
            raise module.answer
        return module.answer

    module.snapshot_download = snapshot_download
    monkeypatch.setitem(sys.modules, "huggingface_hub", module)
    return module


def test_asks_for_safe_files_only(hub):
    hub.answer = "/cache/snapshots/abc"
    assert download("org/name", "v1") == {"path": "/cache/snapshots/abc"}
    assert hub.calls == [
        ("org/name", {"revision": "v1", "allow_patterns": list(ALLOWED), "ignore_patterns": list(IGNORED)})
    ]


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("model_index.json", True),
        ("unet/config.json", True),
        ("unet/diffusion_pytorch_model.safetensors", True),
        ("unet/diffusion_pytorch_model-00001-of-00002.safetensors", True),
        ("unet/diffusion_pytorch_model.safetensors.index.json", True),
        ("text_encoder/model.safetensors", True),
        ("tokenizer/merges.txt", True),
        ("tokenizer/vocab.json", True),
        ("scheduler/scheduler_config.json", True),
        ("feature_extractor/preprocessor_config.json", True),
        ("unet/diffusion_pytorch_model.bin", False),
        ("unet/diffusion_pytorch_model.fp16.safetensors", False),
        ("unet/diffusion_pytorch_model.non_ema.safetensors", False),
        ("unet/diffusion_pytorch_model.fp16-00001-of-00002.safetensors", False),
        ("safety_checker/model.safetensors", False),
        ("v1-5-pruned.safetensors", False),
        ("v1-5-pruned.ckpt", False),
        ("pipeline.py", False),
    ],
)
def test_patterns(name, wanted):
    def any_of(patterns):
        return any(fnmatch.fnmatchcase(name, p) for p in patterns)

    assert (any_of(ALLOWED) and not any_of(IGNORED)) is wanted


@pytest.mark.parametrize(
    ("error", "sentence", "cure"),
    [
        ("GatedRepoError", "hub model 'org/name@v1' is gated", "Accept its terms"),
        ("RevisionNotFoundError", "hub model 'org/name' has no revision 'v1'", "Name a branch"),
        ("RepositoryNotFoundError", "hub model 'org/name@v1' does not exist or is private", "Check its spelling"),
        (
            "LocalEntryNotFoundError",
            "is not in the cache and the hub cannot be reached (told so)",
            "use a folder or bundled.",
        ),
        ("OfflineModeIsEnabled", "the hub cannot be reached (told so)", "Connect to the network"),
        ("HfHubHTTPError", "cannot be downloaded (told so)", "Check network and disk space"),
    ],
)
def test_errors(hub, error, sentence, cure):
    hub.answer = getattr(hub.errors, error)("told so.\nand more")
    with pytest.raises(ModelError) as caught:
        download("org/name", "v1")
    assert sentence in caught.value.what
    assert caught.value.cure.startswith(cure) or cure in caught.value.cure


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), RuntimeError()])
def test_any_other_error_names_the_model(hub, error):
    hub.answer = error
    with pytest.raises(ModelError, match=r"hub model 'org/name' cannot be downloaded \((\[Errno 28\]|RuntimeError)"):
        download("org/name")
