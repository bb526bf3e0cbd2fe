"""Digests of files that hardly ever change: read once as long as they stay as they are, by this run and later ones."""

from __future__ import annotations

import os
from contextlib import suppress
from functools import cache
from pathlib import Path

import msgspec

from pytest_sdperf.atomic import write_atomically
from pytest_sdperf.base.tree_walk import digest_of_file


class KeptDigests:
    """The digests that a file keeps; one that cannot be read or written only costs time.

    The modules of torch and diffusers are 3,500 files, which take as long to read as to import.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[str, tuple[str, str]] = {}
        "file -> (its state, sha256)"
        self._is_new = False
        with suppress(OSError, msgspec.MsgspecError):
            self._known = msgspec.json.decode(path.read_bytes(), type=dict[str, tuple[str, str]])

    def of(self, file: str) -> str:
        """sha256; empty where there is no file."""
        try:
            now = os.stat(file)  # noqa: PTH116 -- texts, thousands of them
        except OSError:
            return ""
        # Of another state, it may have been written; the time of a change of its inode cannot be set back.
        state = f"{now.st_dev} {now.st_ino} {now.st_size} {now.st_mtime_ns} {now.st_ctime_ns}"
        state_then, digest = self._known.get(file, ("", ""))
        if state_then != state:
            digest = digest_of_file(file)
            self._known[file] = state, digest
            self._is_new = True
        return digest

    def keep(self) -> None:
        """Write down what is new."""
        if self._is_new:
            self._is_new = False
            with suppress(OSError, UnicodeEncodeError):
                self._path.parent.mkdir(parents=True, exist_ok=True)
                write_atomically(self._path, msgspec.json.encode(self._known))


@cache
def kept_digests(path: Path) -> KeptDigests:
    """Those that ``path`` keeps; read once."""
    return KeptDigests(path)
