"""A lock between processes in a file, or a clear word that none can be had there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


class NoLockError(Exception):
    """No lock can be had in this file, whoever else wants it: a read-only folder, a file system without locks."""

    def __init__(self, path: Path, error: OSError) -> None:
        super().__init__(f"the lock {path} cannot be taken ({error.strerror or error})")
        self.path = path


class LockHeldError(Exception):
    """Another process has held the lock all the time."""


@contextmanager
def file_lock(path: Path, timeout_s: float) -> Iterator[None]:
    """Hold the lock in ``path``, whose folder is made; it ends with the process.

    Raises NoLockError, and LockHeldError where another process holds it for ``timeout_s`` (negative: for ever).
    """
    import filelock  # late: a plugin start must stay light

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        check_locks(path)
        lock = filelock.FileLock(path)
        lock.acquire(timeout=timeout_s)
    except filelock.Timeout as error:
        raise LockHeldError(str(error)) from error
    except OSError as error:
        raise NoLockError(path, error) from error
    try:
        yield
    finally:
        lock.release()


def check_locks(path: Path, *, mode: int = 0o666) -> None:
    """Raise OSError where the file system of ``path``, in a folder that exists, has no locks.

    filelock takes every refusal for a lock that another process has, and waits: NFS without its lock service answers
    ENOLCK, others EOPNOTSUPP or ENOSYS.
    """
    try:
        import fcntl  # not on Windows, where opening is locking
    except ImportError:
        return
    handle = os.open(path, os.O_RDWR | os.O_CREAT, mode)
    try:
        with suppress(BlockingIOError):  # another process has it: then there are locks
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    finally:
        os.close(handle)
