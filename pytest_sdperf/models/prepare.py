"""Have a model ready as a checked folder: build, download or find it; runs in the parent process."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from pytest_sdperf.errors import ModelError
from pytest_sdperf.models import bundled, cache, synthetic
from pytest_sdperf.models.digest import model_digest
from pytest_sdperf.models.folder import check_folder
from pytest_sdperf.models.source import ModelSource

Run = Callable[[str, Mapping[str, Any]], Mapping[str, Any]]
"""Calls `module:function` with keywords in a worker process, which may import torch; returns its answer."""

MANIFEST = "sdperf_manifest.json"


class _Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Written last into the folder of a model that was built: it is complete, and this is what it is."""

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
    "True where it was built or unpacked just now"


def prepare(source: ModelSource, run: Run, cache_dir: Path) -> Prepared:
    """Make ``source`` a folder. ``cache_dir`` keeps what is built, and digests. Raises ModelError."""
    if source.kind == "bundled":
        return _built("bundled", bundled.recipe(), lambda to: run(f"{bundled.__name__}:build", to), cache_dir)
    if source.kind == "synthetic":
        kind = source.name
        return _built(
            f"synthetic-{kind}",
            synthetic.recipe(kind),
            lambda to: run(f"{synthetic.__name__}:build", {"kind": kind, **to}),
            cache_dir,
        )
    if source.kind == "hub":
        answer = run("pytest_sdperf.models.hub:download", {"repo_id": source.name, "revision": source.revision})
        path = Path(answer["path"])
    else:
        path = source.path or Path(source.name)
    check_folder(path)
    return Prepared(path, model_digest(path, cache_dir), built=False)


def _built(name: str, recipe: str, make: Callable[[Mapping[str, Any]], object], cache_dir: Path) -> Prepared:
    """The folder ``name`` in the cache; made by ``make({"destination": …})`` where it is not there or not whole."""
    target = cache_dir / "models" / f"{name}-{recipe[:12]}"
    with cache.locked(target):
        if kept := _kept(target, recipe, cache_dir):
            return kept

        def build(folder: Path) -> None:
            make({"destination": str(folder)})
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
