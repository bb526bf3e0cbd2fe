"""Watch one worker process and end it together with everything it started."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import time
import weakref
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from pytest_sdperf.launch import process_counts
from pytest_sdperf.launch.guard import guard
from pytest_sdperf.process_tree import kill_marked

_TICK_S = 0.05
"how often to look for a death where the kernel has no pidfd (macOS, Linux before 5.3)"

_TRACEBACK_S = 0.5
"time for a hanging worker to write where it hangs"

Kill = Callable[[], None]


class ProcessGroup:
    """A process that leads a session of its own; ``folder`` marks it and all that it starts (`process_tree`).

    The leader is reaped only after its group was killed (where the system can look without reaping):
    until then the kernel cannot give its number to a stranger, who would be killed in its place.
    """

    def __init__(self, process: subprocess.Popen[bytes], folder: Path) -> None:
        self._process = process
        self._pidfd = _open_pidfd(process.pid)
        self._strays: list[Kill] = []
        # Runs once: by kill(), when the object is forgotten, or when the interpreter ends.
        self._end = weakref.finalize(self, _end, process, self._pidfd, self._strays, os.getpid(), str(folder))

    def wait(self, deadline: float, *, fd: int | None = None) -> bool:
        """Wait until ``fd`` can be read, the process died or ``time.monotonic()`` passes ``deadline``.

        Returns False when the time is over. Both are watched because a process left behind may hold
        the pipe's other end open, so that no end of file comes.
        """
        poller = select.poll()
        for watched in (fd, self._pidfd):
            if watched is not None:
                poller.register(watched, select.POLLIN)
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            if poller.poll(1000 * (left if self._pidfd is not None else min(left, _TICK_S))) or self.died():
                return True

    def died(self) -> bool:
        """Whether the process ended by itself."""
        return _died(self._process)

    def note_descendants(self) -> None:
        """Remember what the process has started, before it ends: later nothing says whose they are."""
        if not self.died():
            self._strays += _descendants(self._process.pid)

    def cpu_ns(self) -> int | None:
        """Time on CPUs of the process and its descendants so far, ns; None where the system does not say."""
        return process_counts.cpu_ns(self._process.pid)

    def waits(self) -> process_counts.Waits | None:
        """How long their threads waited for a CPU; None where that is not said."""
        return process_counts.waits(self._process.pid)

    def cpus(self) -> frozenset[int]:
        """CPUs that their threads may run on; empty where the system does not say."""
        return process_counts.cpus(self._process.pid)

    def ask_for_traceback(self) -> None:
        """Let a hanging worker write where it hangs into its log (see ``worker.main``)."""
        if not self.died():
            with suppress(ProcessLookupError):
                os.kill(self._process.pid, signal.SIGUSR1)
            self.wait(time.monotonic() + _TRACEBACK_S)

    def kill(self) -> int:
        """Kill what is left of the group, and return how its leader ended. Can be called again."""
        self._end()
        return self._process.wait()


def _open_pidfd(pid: int) -> int | None:
    open_pidfd: Callable[[int], int] | None = getattr(os, "pidfd_open", None)
    if open_pidfd is None:
        return None
    try:
        return open_pidfd(pid)
    except OSError:  # an old kernel, or a sandbox that forbids it
        return None


def _died(process: subprocess.Popen[bytes]) -> bool:
    if process.returncode is not None or not hasattr(os, "waitid"):  # macOS has it from Python 3.13 on
        return process.poll() is not None
    # WNOWAIT looks without reaping.
    return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _end(process: subprocess.Popen[bytes], pidfd: int | None, strays: list[Kill], owner: int, folder: str) -> None:
    if os.getpid() != owner:  # a fork of the session ends: the worker is not its own
        return
    if not _died(process):
        strays += _descendants(process.pid)
    # EPERM is macOS's answer where only a zombie is left in the group.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    for kill in strays:
        kill()
    kill_marked(folder)  # a worker that crashed can no longer say what it had started
    process.wait()
    guard().forget(process.pid)
    if pidfd is not None:
        os.close(pidfd)


def _descendants(pid: int) -> list[Kill]:
    """One kill function for each process started by ``pid``, those that left its group included."""
    import psutil  # late: a plugin start must stay light

    def killer(child: psutil.Process) -> Callable[[], None]:
        def kill() -> None:
            with suppress(psutil.Error):
                child.kill()  # checks first that the number still belongs to the same process

        return kill

    with suppress(psutil.Error):
        return [killer(child) for child in psutil.Process(pid).children(recursive=True)]
    return []
