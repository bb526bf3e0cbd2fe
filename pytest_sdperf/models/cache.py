"""Where files worth keeping between sessions lie, and how a folder gets there in one piece."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pytest_sdperf.errors import ModelError
from pytest_sdperf.file_lock import LockHeldError, NoLockError, file_lock

VARIABLE = "PYTEST_SDPERF_CACHE"
_LOCK_TIMEOUT_S = 1800.0


def cache_dir() -> Path:
    """The folder named by PYTEST_SDPERF_CACHE, else the user's cache folder of this platform. May not exist yet."""
    named = os.environ.get(VARIABLE)
    if named:
        return Path(named).expanduser().absolute()
    import platformdirs

    return Path(platformdirs.user_cache_dir("pytest-sdperf", appauthor=False))


@contextmanager
def locked(target: Path, timeout_s: float = _LOCK_TIMEOUT_S) -> Iterator[None]:
    """Hold the lock of ``target`` between processes; its parent folder is made. Raises ModelError."""
    lock_file = target.with_name(f"{target.name}.lock")
    try:
        with file_lock(lock_file, timeout_s):
            yield
    except NoLockError as error:
        raise ModelError(
            f"cache folder {target.parent} cannot be used: {error}",
            cure=f"Name a folder on a local disk that can be written in the environment variable {VARIABLE}.",
        ) from error
    except LockHeldError:
        raise ModelError(
            f"another process has held {lock_file} for {timeout_s:.0f} s",
            cure="Wait for the other session, or end it if it hangs.",
        ) from None
    except OSError as error:
        if not _is_of(error, target.parent):
            raise
        raise ModelError(
            f"cache folder {target.parent} cannot be written ({error})",
            cure=f"Free space or name another folder in the environment variable {VARIABLE}.",
        ) from error


def _is_of(error: OSError, folder: Path) -> bool:
    """Whether an error is of a full disk, or names the folder, one above or something in it."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return True
    place = Path(os.fsdecode(error.filename)) if isinstance(error.filename, str | bytes) else None
    return place is not None and (place.is_relative_to(folder) or folder.is_relative_to(place))


def sweep(folder: Path) -> None:
    """Remove what killed processes left half-made below the cache ``folder``, and nothing whose lock is taken."""
    for leftover in [*folder.glob("*/.*-*"), *folder.glob("*/*.partial")]:
        target = leftover.name.removesuffix(".partial").lstrip(".")
        target = target if leftover.name.endswith(".partial") else target.rpartition("-")[0]
        lock_file = leftover.with_name(f"{target}.lock")
        if not leftover.is_dir() or not lock_file.exists():  # whatever that is, it was not made here
            continue
        with suppress(LockHeldError, NoLockError, OSError), file_lock(lock_file, 0):
            shutil.rmtree(leftover, ignore_errors=True)


def publish(target: Path, build: Callable[[Path], None]) -> None:
    """Replace the folder ``target`` by what ``build(temporary)`` makes; never by a part of it.

    Call it inside `locked(target)`. Where ``build`` raises, ``target`` stays as it was. Folders
    that an earlier, killed process left half-built next to ``target`` are removed.
    """
    prefix = f".{target.name}-"
    for leftover in target.parent.glob(f"{prefix}*"):
        shutil.rmtree(leftover, ignore_errors=True)
    workspace = Path(tempfile.mkdtemp(prefix=prefix, dir=target.parent))
    try:
        fresh = workspace / "new"
        fresh.mkdir()
        build(fresh)
        if target.exists():
            target.rename(workspace / "old")
        fresh.rename(target)
    finally:
        shutil.rmtree(workspace, ignore_errors=True)
