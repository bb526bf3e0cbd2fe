"""Write a file whole or not at all, one writer at a time."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
from pathlib import Path

from pytest_sdperf.errors import BaselineError
from pytest_sdperf.models.cache import cache_dir

_WAIT_S = 60.0
"""A write takes milliseconds: a lock held longer belongs to a process that hangs."""


def write_atomically(path: Path, data: bytes) -> None:
    """Replace ``path`` by ``data``; readers see the old file or the new one, never a part.

    Written beside its place, flushed to disk, then renamed. Raises BaselineError where that fails (disk
    full, no permission): the old file is then untouched and nothing is left behind.
    """
    from filelock import FileLock, Timeout

    temporary = path.with_name(f".{path.name[:100]}.{os.getpid()}.{secrets.token_hex(4)}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = lock_path(path)
        lock.parent.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(lock, timeout=_WAIT_S):
                _write(temporary, data)
                temporary.replace(path)
                _flush_folder(path.parent)
        finally:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
    except Timeout as error:
        raise BaselineError(
            f"another process has been writing for {_WAIT_S:.0f} s", where=str(path), cure=f"End it (lock {lock})."
        ) from error
    except OSError as error:
        raise BaselineError(
            f"writing failed: {error.strerror or error}; what was stored before is unchanged",
            where=str(path),
            cure="Make room or give write permission, then run the same command again.",
        ) from error


def lock_path(path: Path) -> Path:
    """The lock of one stored file; kept in the user's cache, for locks would litter a folder under review."""
    digest = hashlib.sha256(os.fsencode(path.absolute())).hexdigest()[:24]
    return cache_dir() / "locks" / f"{digest}.lock"


def _write(path: Path, data: bytes) -> None:
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _flush_folder(folder: Path) -> None:
    """Make the rename itself durable, where the system can open folders (not on Windows)."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
