"""Folders in which the functions of a conftest's variants are looked for first."""

from __future__ import annotations

import sys
from pathlib import Path

_NAME = "conftest.py"


def conftest_path(plugin: object, rootdir: Path) -> tuple[str, ...]:
    """The folder of the conftest that declares, then those of the conftests above it up to ``rootdir``.

    ``plugin`` is what has the hook: the conftest's module, or an object of a class of its. As in pytest's own import
    modes, the folder of a conftest in a package is the one that the package lies in. Links among the folders are
    resolved, as on the session's import path; a conftest that is a link itself counts where it lies. Empty for
    plugins that are no conftest: their functions are found by what is installed and on the path.
    """
    file = _file(plugin)
    if file is None or file.name != _NAME:
        return ()
    folder, root = file.parent.resolve(), rootdir.resolve()
    above = [place for place in folder.parents if place.is_relative_to(root) and (place / _NAME).is_file()]
    return tuple(dict.fromkeys(str(_outside_of_packages(place)) for place in (folder, *above)))


def _file(plugin: object) -> Path | None:
    module = sys.modules.get(type(plugin).__module__)
    file = getattr(plugin, "__file__", None) or getattr(module, "__file__", None)
    return Path(file) if isinstance(file, str) else None


def _outside_of_packages(folder: Path) -> Path:
    return next(place for place in (folder, *folder.parents) if not (place / "__init__.py").is_file())
