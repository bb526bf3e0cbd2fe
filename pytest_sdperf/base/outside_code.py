"""Code and files that a program loads from outside of its tree: two runs at different times need not find the same."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping

from pytest_sdperf.base.tree_walk import digest_of_file
from pytest_sdperf.base.trees import Trees

_OF_THE_START = ("__main__", "_distutils_hack")


def installed_code(modules: Mapping[str, str], trees: Trees) -> dict[str, str]:
    """Top-level package or module -> sha256 over the names and contents of what was loaded of it outside of the tree.

    ``modules`` are all that a worker loaded, by file. A package that was built anew under the same version differs; a
    library that its C code loads is no module, and does not count. Neither do modules that every process gets from how
    it is started.
    """
    found: dict[str, list[str]] = {}
    for name, file in sorted(modules.items()):
        package = name.partition(".")[0]
        if file and package not in _OF_THE_START and trees.home(file) == "elsewhere":
            found.setdefault(package, []).append(f"{name} {_digest(file)}")
    return {name: hashlib.sha256("\n".join(lines).encode()).hexdigest() for name, lines in found.items()}


_digests: dict[tuple[str, ...], str] = {}
"""(file, what the file system says of its state) -> sha256, of this process."""


def _digest(file: str) -> str:
    """sha256 of a file, read once as long as it stays as it is: the modules of torch and diffusers are 3,500 files,
    which take as long as importing them, and a run asks for them with every case.
    """
    try:
        now = os.stat(file)  # noqa: PTH116 -- texts, thousands of them
    except OSError:
        return ""
    state = file, *map(str, (now.st_dev, now.st_ino, now.st_size, now.st_mtime_ns, now.st_ctime_ns))
    if state not in _digests:
        _digests[state] = digest_of_file(file)
    return _digests[state]


def outside_files(paths: Iterable[str]) -> dict[str, str]:
    """File -> sha256, of those that are there."""
    return {path: digest for path in sorted(paths) if (digest := digest_of_file(path))}
