"""Parse what the user calls a model: bundled, synthetic, a folder, or a hub id."""

from __future__ import annotations

import difflib
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pytest_sdperf.errors import ModelError
from pytest_sdperf.models.synthetic_shapes import SHAPES

BUNDLED = "bundled"
"""The trained model that comes with the package."""

SYNTHETIC = tuple(SHAPES)
"""Names after `synthetic:`."""

OWN = "own"
"""The name of the weights that a variant brings itself."""

_HUB_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9])?"
_HUB_ID = re.compile(rf"(?P<name>{_HUB_NAME}/{_HUB_NAME})(?:@(?P<revision>[A-Za-z0-9][A-Za-z0-9._/-]*))?")


@dataclass(frozen=True)
class ModelSource:
    """Where a model comes from."""

    kind: Literal["bundled", "synthetic", "folder", "hub"]
    name: str
    "`bundled`, `tiny` of `synthetic:tiny`, the hub id, or the folder as the user wrote it"
    path: Path | None = None
    "absolute path of a folder; None for the other kinds"
    revision: str | None = None
    "branch, tag or commit of a hub id; None: the repository's default"


def parse_model(text: str, rootdir: Path) -> ModelSource:
    """`bundled`, `synthetic:NAME`, an existing folder (relative to ``rootdir`` or absolute), or `org/name[@revision]`.

    A folder wins over a hub id of the same spelling; one called `bundled` is `./bundled`. Raises
    ModelError that names the value and the cure.
    """
    where = "--sdperf-model"
    if text == BUNDLED:
        return ModelSource("bundled", BUNDLED)
    scheme, colon, name = text.partition(":")
    if colon and scheme.lower() == "synthetic":
        if name not in SYNTHETIC:
            raise ModelError(f"unknown synthetic model {text!r}", where=where, cure=_choices(text))
        return ModelSource("synthetic", name)
    path = Path(rootdir, text).absolute()
    if text.strip() and path.is_dir():
        return ModelSource("folder", text, path=path)
    if text.strip() and path.exists():
        raise ModelError(
            f"model {text!r} is a file",
            where=where,
            cure="Name the folder in diffusers' layout (model_index.json) instead.",
        )
    hub = _HUB_ID.fullmatch(text)
    if hub is None or ".." in text:
        raise ModelError(
            f"model {text!r} is neither bundled nor synthetic, nor a folder, nor a hub id",
            where=where,
            cure=_choices(text),
        )
    return ModelSource("hub", hub["name"], revision=hub["revision"])


def model_name(source: ModelSource, rootdir: Path) -> str:
    """The one name of a model, however it was spelled.

    A folder below ``rootdir``, or elsewhere in its repository, is named from there (`models/ours`), any other by its
    absolute path. Links are not followed: the name is that of the link.
    """
    if source.kind == "hub":
        return f"{source.name}@{source.revision}" if source.revision else source.name
    if source.path is None:
        return f"synthetic:{source.name}" if source.kind == "synthetic" else source.name
    name = _relative(source.path, rootdir)
    return f"./{name}" if name in (BUNDLED, OWN) or name.lower().startswith("synthetic:") else name


def _relative(path: Path, rootdir: Path) -> str:
    # Where a link comes before `..`, only the file system knows what that leads to.
    path = path.resolve() if ".." in path.parts else path
    for place, root in ((path, rootdir), (Path(os.path.realpath(path.parent), path.name), rootdir.resolve())):
        if place.is_relative_to(root):
            return place.relative_to(root).as_posix()
    repository = next((folder for folder in (root, *root.parents) if (folder / ".git").exists()), root)
    if place.is_relative_to(repository):
        return Path(os.path.relpath(place, root)).as_posix()
    return path.as_posix()


def _choices(text: str) -> str:
    known = {BUNDLED: BUNDLED, **{name: f"synthetic:{name}" for name in SYNTHETIC}}
    close = difflib.get_close_matches(text.lower().rpartition(":")[2], known, n=1)
    hint = f"Did you mean {known[close[0]]}? " if close else ""
    names = ", ".join(known.values())
    return f"{hint}Use {names}, an existing folder in diffusers' layout, or a hub id org/name[@revision]."
