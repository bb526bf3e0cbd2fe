"""Let one session at a time measure on this host, and say who is in the way."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timezone
from pathlib import Path

import msgspec

from pytest_sdperf.atomic import write_atomically
from pytest_sdperf.errors import LaunchError
from pytest_sdperf.file_lock import check_locks

_NAME = "pytest-sdperf.lock"
_POLL_S = 0.5


class Holder(msgspec.Struct, frozen=True):
    """Who holds the lock: written next to it for those who wait."""

    pid: int
    started: str
    "ISO 8601, UTC"
    command: str

    def __str__(self) -> str:
        command = "".join(c if c.isprintable() else "?" for c in self.command)
        return f"pid {self.pid}, started {self.started}, {command}"


@contextmanager
def host_lock(report: Callable[[str], None], *, folder: Path | None = None, poll_s: float = _POLL_S) -> Iterator[None]:
    """Hold the host's lock; where another session has it, ``report`` who does and wait.

    Two sessions at once would measure each other. The lock is the kernel's (flock): it ends with its
    holder, however that ends. ``folder`` is where the lock file lies; all users of the host share it.
    Raises LaunchError where it cannot be taken at all, or this process has it.
    """
    import filelock  # late: a plugin start must stay light

    folder = folder or _shared_folder()
    path, sidecar = folder / _NAME, folder / f"{_NAME}.json"
    # Other users must be able to lock the same file.
    lock = filelock.FileLock(path, mode=0o666)
    try:
        try:
            lock.acquire(timeout=0)
        except filelock.Timeout:
            check_locks(path)  # else a file system without locks is taken for another session, and waited for
            raise
    except OSError as error:
        if not isinstance(error, filelock.Timeout):
            raise LaunchError(
                f"the host's lock cannot be taken ({error})",
                where=str(path),
                cure="Make that file writable for all who measure on this host.",
            ) from error
        holder = read_holder(sidecar)
        if holder and holder.pid == os.getpid():
            raise LaunchError(
                "this process holds the host's lock already",
                where=str(path),
                cure="Run the inner session in a process of its own, after this one.",
            ) from None
        who = f" ({holder})" if holder else ""
        report(f"waiting for another sdperf session on this host to end{who}; lock: {path}")
        lock.acquire(poll_interval=poll_s)
    try:
        _write_holder(sidecar)
        yield
    finally:
        with suppress(OSError):
            sidecar.unlink()
        lock.release()


def current_holder(*, folder: Path | None = None) -> Holder | None:
    """Who measures on this host now, as far as it says so; None where nobody does. Never waits."""
    return read_holder((folder or _shared_folder()) / f"{_NAME}.json")


def read_holder(sidecar: Path) -> Holder | None:
    """Who says to hold the lock; None where nobody says so, readably and alive."""
    import psutil

    try:
        holder = msgspec.json.decode(sidecar.read_bytes(), type=Holder)
        return holder if psutil.pid_exists(holder.pid) else None
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError, OverflowError):
        return None


def _write_holder(sidecar: Path) -> None:
    """Let others know who we are. Only for their information, so a failure is no reason to stop."""
    holder = Holder(
        pid=os.getpid(),
        started=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        # Arguments that are not UTF-8 have surrogates, which JSON cannot hold.
        command=" ".join(sys.argv)[:200].encode(errors="replace").decode(),
    )
    with suppress(OSError):
        write_atomically(sidecar, msgspec.json.encode(holder), mode=0o644)


def _shared_folder() -> Path:
    """The host's folder for temporary files: not TMPDIR, which CI systems set for each job."""
    shared = Path("/tmp")  # noqa: S108 -- shared on purpose; the lock opens no link
    return shared if os.name == "posix" and os.access(shared, os.W_OK) else Path(tempfile.gettempdir())
