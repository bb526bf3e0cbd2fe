"""Have a model ready as a checked folder: build, download or find it; runs in the parent process."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from pytest_sdperf.errors import ModelError
from pytest_sdperf.models import cache
from pytest_sdperf.models.digest import model_digest
from pytest_sdperf.models.folder import check_folder
from pytest_sdperf.models.source import ModelSource
from pytest_sdperf.models.synthetic import recipe as recipe_of

Run = Callable[[str, Mapping[str, Any]], Mapping[str, Any]]
"""Calls `module:function` with keywords in a worker process, which may import torch; returns its answer."""

MANIFEST = "sdperf_manifest.json"


class _Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Written last into a synthetic model's folder: it is complete, and this is what it is."""

    recipe: str
    digest: str


@dataclass(frozen=True)
class Prepared:
    """A model that can be loaded."""

    path: Path
    "folder in diffusers' layout that `check_folder` accepts"
    digest: str
    "sha256 of weights and configurations"
    built: bool
    "True where a synthetic model was built just now"


def prepare(source: ModelSource, run: Run, cache_dir: Path) -> Prepared:
    """Make ``source`` a folder. ``cache_dir`` keeps synthetic models and digests. Raises ModelError."""
    if source.kind == "synthetic":
        return _synthetic(source.name, run, cache_dir)
    if source.kind == "hub":
        answer = run("pytest_sdperf.models.hub:download", {"repo_id": source.name, "revision": source.revision})
        path = Path(answer["path"])
    else:
        path = source.path or Path(source.name)
    check_folder(path)
    return Prepared(path, model_digest(path, cache_dir), built=False)


def _synthetic(kind: str, run: Run, cache_dir: Path) -> Prepared:
    recipe = recipe_of(kind)
    target = cache_dir / "models" / f"synthetic-{kind}-{recipe[:12]}"
    with cache.locked(target):
        if kept := _kept(target, recipe, cache_dir):
            return kept

        def build(folder: Path) -> None:
            run("pytest_sdperf.models.synthetic:build", {"kind": kind, "destination": str(folder)})
            check_folder(folder)
            manifest = _Manifest(recipe=recipe, digest=model_digest(folder))
            (folder / MANIFEST).write_bytes(msgspec.json.encode(manifest))

        cache.publish(target, build)
        return Prepared(target, model_digest(target, cache_dir), built=True)


def _kept(target: Path, recipe: str, cache_dir: Path) -> Prepared | None:
    """The folder built earlier, None where it is absent, of another recipe, incomplete or changed."""
    try:
        manifest = msgspec.json.decode((target / MANIFEST).read_bytes(), type=_Manifest)
        check_folder(target)
        digest = model_digest(target, cache_dir)
    except (OSError, msgspec.MsgspecError, ModelError):
        return None
    return Prepared(target, digest, built=False) if manifest == _Manifest(recipe, digest) else None
