"""Find and end everything that a worker started, also after the session that started the worker was killed.

Run as a script (`python process_tree.py PID`) it is the guard of session PID: see `guard`. Only the standard library,
so that it starts in milliseconds without a site folder.
"""

from __future__ import annotations

import os
import re
import select
import shutil
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

VARIABLE = "SDPERF_WORKER"
"""Environment variable of a worker and of all that it starts: the worker's folder for temporary files."""

FOLDER = re.compile(r"sdperf-[a-z0-9_]{8}")
"""Names of folders for temporary files, as `tempfile.mkdtemp(prefix="sdperf-")` makes them."""

_PROC = Path("/proc")
_MOST_ROUNDS = 20
"""A process may start another one while it is looked for; a tree that outruns so many looks is left."""

_LONGEST_S = 5.0
"""Time that the guard waits for killed processes to be gone, before it removes their files."""


def started_at(pid: int) -> str:
    """The process's start in clock ticks (proc_pid_stat(5)): with the number it names one process; empty: unknown."""
    try:
        text = (_PROC / str(pid) / "stat").read_text(errors="replace")
    except OSError:
        return ""
    return text.rpartition(")")[2].split()[19]


def descendants(pid: int) -> list[int]:
    """Processes that ``pid`` started, and theirs. With a subreaper (`adopt_orphans`) also those whose parent ended."""
    found: list[int] = []
    try:
        threads = list((_PROC / str(pid) / "task").iterdir())
    except OSError:
        return found
    for thread in threads:
        with suppress(OSError):  # threads end while they are listed
            for child in map(int, (thread / "children").read_text().split()):
                found += [child, *descendants(child)]
    return found


def marked(folder: str) -> list[int]:
    """Processes whose environment began with `SDPERF_WORKER=folder`, whoever their parents are; not this one."""
    entry = os.fsencode(f"{VARIABLE}={folder}")
    found = []
    for name in [path.name for path in _PROC.iterdir()] if _PROC.is_dir() else ():
        if not name.isdecimal() or int(name) == os.getpid():
            continue
        with suppress(OSError):  # it ended, or belongs to somebody else
            if entry in (_PROC / name / "environ").read_bytes().split(b"\0"):
                found.append(int(name))
    return found


def kill_marked(folder: str) -> None:
    """Kill all that carries the mark of the worker with this folder."""
    for _ in range(_MOST_ROUNDS):
        alive = [pid for pid in marked(folder) if not _is_ended(pid)]
        if not alive:
            return
        for pid in alive:
            _kill(pid)


def kill_descendants(pid: int) -> None:
    """Kill all that ``pid`` has started, not the process itself."""
    for _ in range(_MOST_ROUNDS):
        alive = [child for child in descendants(pid) if not _is_ended(child)]
        if not alive:
            return
        for child in alive:
            _kill(child)


def adopt_orphans() -> bool:
    """Become the parent of every descendant whose own parent ends (PR_SET_CHILD_SUBREAPER); False where that fails.

    A process that turned itself into a daemon is then still found among the descendants, and its time on CPUs with
    theirs.
    """
    import ctypes

    try:
        return bool(ctypes.CDLL(None).prctl(36, 1, 0, 0, 0) == 0)
    except (AttributeError, OSError, TypeError):  # not Linux
        return False


def guard(session: int) -> None:
    """Wait until the session is gone, then end the workers that it had, with all they started, and their files.

    The session writes `PID START FOLDER` for each worker that begins, and `PID` for each that has ended, both with a
    NUL at the end. No signal to a group or a terminal ends the guard, and it needs no worker's interpreter lock.
    """
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, signal.SIG_IGN)
    workers: dict[int, tuple[str, str]] = {}
    for line in _lines_of(session):
        number, _, rest = line.partition(" ")
        if rest:
            start, _, folder = rest.partition(" ")
            workers[int(number)] = (start, folder)
        else:
            workers.pop(int(number), None)
    for pid, (start, folder) in workers.items():
        _end_worker(pid, start, folder)


def _lines_of(session: int, source: int = 0) -> list[str]:
    """What comes on an open file, standard input, until its other end is closed or the session is dead.

    A fork of the session may hold the pipe open, so both are watched.
    """
    poller = select.poll()
    poller.register(source, select.POLLIN)
    wait_ms = None
    try:
        poller.register(os.pidfd_open(session), select.POLLIN)
    except ProcessLookupError:
        wait_ms = 0  # it is gone already: what it has written is there
    except (AttributeError, OSError):  # no pidfd here
        pass
    text = b""
    while True:
        ready = [fd for fd, _ in poller.poll(wait_ms)]
        chunk = os.read(source, 1 << 16) if source in ready else b""
        text += chunk
        if not chunk:
            return [os.fsdecode(line) for line in text.split(b"\0") if line]


def _end_worker(pid: int, start: str, folder: str) -> None:
    if not start or started_at(pid) == start:  # else the number is another process's by now
        kill_descendants(pid)
        with suppress(OSError):
            os.killpg(pid, signal.SIGKILL)
    kill_marked(folder)
    deadline_s = time.monotonic() + _LONGEST_S
    while marked(folder) and time.monotonic() < deadline_s:
        time.sleep(0.01)
    if FOLDER.fullmatch(Path(folder).name):
        shutil.rmtree(folder, ignore_errors=True)


def _kill(pid: int) -> None:
    with suppress(OSError):
        os.kill(pid, signal.SIGKILL)


def _is_ended(pid: int) -> bool:
    """Whether only its exit status is left, which its parent has not asked for."""
    try:
        return (_PROC / str(pid) / "stat").read_text(errors="replace").rpartition(")")[2].split()[0] in "ZX"
    except OSError:
        return True


if __name__ == "__main__":
    guard(int(sys.argv[1]))
