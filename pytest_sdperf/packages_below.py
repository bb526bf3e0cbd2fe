"""Packages of an environment that lies below this one: a `.pth` file leads to them."""

from __future__ import annotations

import site
from collections.abc import Sequence
from pathlib import Path

_PACKAGES = ("site-packages", "dist-packages")
"""Names of folders in which packages are installed."""


def packages_below(path: Sequence[str]) -> list[Path]:
    """Folders of packages on an import path behind the interpreter's own, where `.pth` files have put them."""
    own = {Path(p).resolve() for p in site.getsitepackages()}
    folders = [Path(p or ".").resolve() for p in path]
    first = next((i for i, folder in enumerate(folders) if folder in own), len(folders))
    return [f for f in folders[first:] if f.name in _PACKAGES and f not in own and f.is_dir()]
