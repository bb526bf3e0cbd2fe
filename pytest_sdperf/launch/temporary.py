"""Folders for temporary files that go with their owner, and those that killed runs left, which the next run removes."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pytest_sdperf.process_tree import FOLDER, kill_marked

_PREFIX = "sdperf-"
_LOCK = ".sdperf-lock"

_OLD_S = 24 * 3600.0
"""Age from which on a folder without a lock is a killed run's: a live one has its lock within a moment."""

_swept: set[Path] = set()
"""Folders in which this process has looked for what others left."""


class TemporaryFolder:
    """A new folder below ``parent`` (None: the system's), locked as long as this process lives and keeps it."""

    def __init__(self, parent: Path | None = None) -> None:
        place = Path(parent or tempfile.gettempdir())
        if place not in _swept:
            _swept.add(place)
            sweep(place)
        while True:
            self.path = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=place))
            self._lock: int | None = os.open(self.path / _LOCK, os.O_CREAT | os.O_RDWR, 0o600)
            if not _flock(self._lock, wait=True):  # no locks on this file system: its age is left to tell
                return
            if (self.path / _LOCK).exists():
                return
            os.close(self._lock)  # another session took it for a dead one's before it was locked

    def remove(self) -> None:
        """Delete the folder, and give up its lock. Can be called again."""
        shutil.rmtree(self.path, ignore_errors=True)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """A folder for temporary files, removed with the block, or by the next run where this one is killed."""
    folder = TemporaryFolder()
    try:
        yield folder.path
    finally:
        folder.remove()


def sweep(place: Path) -> None:
    """Remove folders of runs that were killed, and end what still runs of their workers.

    The kernel gives up a lock with its owner, however that ended; the lock of a folder that is in use is not free.
    """
    for path in sorted(place.glob(f"{_PREFIX}*")):
        with suppress(OSError):
            if not FOLDER.fullmatch(path.name) or path.is_symlink() or path.stat().st_uid != os.getuid():
                continue
            if _is_left(path):
                kill_marked(str(path))
                shutil.rmtree(path, ignore_errors=True)


def _is_left(path: Path) -> bool:
    try:
        lock = os.open(path / _LOCK, os.O_RDWR)
    except FileNotFoundError:
        return time.time() - path.stat().st_mtime > _OLD_S
    try:
        return _flock(lock, wait=False)
    finally:
        os.close(lock)


def _flock(lock: int, *, wait: bool) -> bool:
    """Whether the lock could be taken."""
    import fcntl  # not on Windows, where no worker starts

    try:
        fcntl.flock(lock, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
