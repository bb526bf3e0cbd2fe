"""The session's end of its guard: a process that ends the workers of a session that was killed."""

from __future__ import annotations

import atexit
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from pytest_sdperf import process_tree

_END_S = 5.0


class Guard:
    """One guard for all sessions of this process, started with the first worker.

    A worker ends itself when its session's pipe closes. One whose main thread holds the interpreter's lock in C
    cannot, nor can it remove its files; and what it started may have left its process group.
    """

    def __init__(self) -> None:
        self.owner = os.getpid()
        read, self._write = os.pipe()
        self._process: subprocess.Popen[bytes] | None = None
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", str(Path(process_tree.__file__)), str(self.owner)],
                stdin=read,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd="/",
                start_new_session=True,
            )
        except OSError:  # no process can be started: that of the worker, which follows, says so
            self._process = None
        finally:
            os.close(read)
        atexit.register(self.close)

    def watch(self, pid: int, folder: Path) -> None:
        """A worker has begun; ``folder`` has its temporary files and marks what it starts."""
        self._say(f"{pid} {process_tree.started_at(pid)} {folder}\0")

    def forget(self, pid: int) -> None:
        """A worker has ended and nothing of it is left."""
        self._say(f"{pid}\0")

    def close(self) -> None:
        """Let the guard end, if this is the process that started it."""
        if os.getpid() != self.owner or self._write < 0:
            return
        os.close(self._write)
        self._write = -1
        if self._process is not None:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_END_S)

    def _say(self, text: str) -> None:
        with suppress(OSError):  # somebody ended the guard: then the worker's own thread is left
            os.write(self._write, os.fsencode(text))


_guards: dict[int, Guard] = {}
"""By process: a fork of the session has a guard of its own."""


def guard() -> Guard:
    """The guard of this process."""
    pid = os.getpid()
    if pid not in _guards:
        _guards[pid] = Guard()
    return _guards[pid]
