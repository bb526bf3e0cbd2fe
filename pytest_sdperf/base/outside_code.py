"""Code and files that a program loads from outside of its tree: two runs at different times need not find the same."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable, Mapping

from pytest_sdperf.base.kept_digests import kept_digests
from pytest_sdperf.base.tree_walk import digest_of_file
from pytest_sdperf.base.trees import Trees
from pytest_sdperf.models.cache import cache_dir

_OF_THE_START = ("__main__", "_distutils_hack")


def installed_code(modules: Mapping[str, str], trees: Trees) -> dict[str, str]:
    """Top-level package or module -> sha256 over the names and contents of what was loaded of it outside of the tree.

    ``modules`` are all that a worker loaded, by file. A package that was built anew under the same version differs; a
    library that its C code loads is no module, and does not count. Neither do modules that every process gets from how
    it is started.
    """
    found: dict[str, list[str]] = {}
    digests = kept_digests(cache_dir() / "digests" / f"installed-{_digest(sys.prefix)[:12]}.json")
    for name, file in sorted(modules.items()):
        package = name.partition(".")[0]
        if file and package not in _OF_THE_START and trees.home(file) == "elsewhere":
            found.setdefault(package, []).append(f"{name} {digests.of(file)}")
    digests.keep()
    return {name: _digest("\n".join(lines)) for name, lines in found.items()}


def outside_files(paths: Iterable[str]) -> dict[str, str]:
    """File -> sha256, of those that are there."""
    return {path: digest for path in sorted(paths) if (digest := digest_of_file(path))}


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()
