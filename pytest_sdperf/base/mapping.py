"""Where the base runs: the head's folders and import path, mapped into the base's tree."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pytest_sdperf.base.trees import Trees

Exists = Callable[[Path], bool]


@dataclass(frozen=True)
class Place:
    """Settings that a worker of the base starts with."""

    cwd: Path
    rootdir: Path
    sys_path: tuple[str, ...]
    "folders that come first on its import path"
    env: Mapping[str, str]


def map_place(
    trees: Trees,
    *,
    cwd: Path,
    rootdir: Path,
    sys_path: Sequence[str],
    environ: Mapping[str, str],
    exists: Exists = Path.exists,
) -> Place:
    """The base's place for a head that runs in ``cwd`` with these folders and this environment.

    Of the environment only PYTHONPATH and PWD are mapped.
    """
    there = map_folder(trees, cwd, exists)
    env = dict(environ)
    if variable := env.pop("PYTHONPATH", ""):
        # An empty entry is the current folder, and relative ones start there.
        entries = [str(cwd / entry) for entry in variable.split(os.pathsep)]
        if mapped := map_path(trees, entries, exists):
            env["PYTHONPATH"] = os.pathsep.join(mapped)
    if "PWD" in env:
        env["PWD"] = str(there)
    return Place(there, map_folder(trees, rootdir, exists), map_path(trees, sys_path, exists), env)


def map_path(trees: Trees, folders: Sequence[str], exists: Exists = Path.exists) -> tuple[str, ...]:
    """An import path for the base: folders of the head's tree mapped, those that the base lacks dropped.

    Folders outside of the head's tree stay, and so do the interpreter's own folders inside it.
    """
    mapped = []
    for folder in folders:
        there = trees.in_base(folder)
        if there is None:
            mapped.append(folder)
        elif exists(there):
            mapped.append(str(there))
    return tuple(dict.fromkeys(mapped))


def counterpart(trees: Trees, path: Path) -> Path | None:
    """The same place in the base's tree, whether it exists or not; None for what is not of the head's tree.

    Links on the way there are kept where the base has its own of them: pytest names tests by the path as it was given.
    """
    above = next((folder for folder in (path, *path.parents) if trees.is_top(folder)), None)
    if above is not None and trees.home(path) != "elsewhere":
        there = trees.base / path.relative_to(above)
        if trees.home(there) == "base":
            return there
    return trees.in_base(path)


def map_folder(trees: Trees, folder: Path, exists: Exists = Path.exists) -> Path:
    """A folder to be in: mapped if it is of the head's tree, or else the nearest one above that the base has."""
    there = trees.in_base(folder)
    if there is None:
        return folder
    return next((place for place in (there, *there.parents) if exists(place)), there)
