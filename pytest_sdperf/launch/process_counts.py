"""What the kernel counts for a process and all that it started: time on CPUs, time spent waiting for one."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from pytest_sdperf.process_tree import descendants

_CPUCLOCK_SCHED = 2
"""With a process's number above it, Linux' name of that process's CPU clock: clock_getcpuclockid(3)."""


def cpu_ns(pid: int) -> int | None:
    """Time on CPUs so far, ns; None where the system does not say.

    Of the process's CPU clock: it moves with every nanosecond, and keeps what threads used that have ended.

    /proc/PID/stat counts in hundredths of a second, /proc/PID/task/*/schedstat forgets ended threads. Only what
    children used that have ended is there and nowhere else.
    """
    try:
        total_ns = time.clock_gettime_ns(~pid << 3 | _CPUCLOCK_SCHED) + _ended_children_ns(pid)
        for thread in Path(f"/proc/{pid}/task").iterdir():
            with suppress(FileNotFoundError, ProcessLookupError):  # threads end while they are listed
                children = (thread / "children").read_text().split()
                total_ns += sum(cpu_ns(int(child)) or 0 for child in children)
    except OSError:
        return None
    return total_ns


def _ended_children_ns(pid: int) -> int:
    """``cutime`` and ``cstime`` of /proc/PID/stat (proc_pid_stat(5)); the name before them may hold anything."""
    fields = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    return (int(fields[13]) + int(fields[14])) * 1_000_000_000 // os.sysconf("SC_CLK_TCK")


class Waits(NamedTuple):
    """Of the threads that live now, since each began, ns, summed; and whether time of children that end is kept."""

    waited_ns: int
    "they were ready to run while something else had their CPU"
    ran_ns: int
    "they were on a CPU: less than `cpu_ns` grew by where threads have ended, of whose waiting nothing is known"
    forgets_children: bool = False
    "one of the processes ignores SIGCHLD: what its children used is then added to nobody's time when they end"


def waits(pid: int) -> Waits | None:
    """How long threads waited for a CPU; None where that is not said.

    The first two numbers of schedstat (Documentation/scheduler/sched-stats).
    """
    waited, ran = [], []
    for thread in _threads(pid):
        with suppress(OSError, ValueError):
            ran_ns, waited_ns, *_ = map(int, (thread / "schedstat").read_text().split())
            waited.append(waited_ns)
            ran.append(ran_ns)
    if not ran:
        return None
    return Waits(sum(waited), sum(ran), any(map(_ignores_children, (pid, *descendants(pid)))))


def cpus(pid: int) -> frozenset[int]:
    """CPUs that the threads may run on, all together; empty where the system does not say."""
    found: set[int] = set()
    if hasattr(os, "sched_getaffinity"):
        for thread in _threads(pid):
            with suppress(OSError):
                found |= os.sched_getaffinity(int(thread.name))
    return frozenset(found)


def _ignores_children(pid: int) -> bool:
    """Whether SIGCHLD is among the signals that the process ignores (proc_pid_status(5))."""
    with suppress(OSError):
        ignored = re.search(
            r"^SigIgn:\s*([0-9a-f]+)$", Path(f"/proc/{pid}/status").read_text(errors="replace"), re.MULTILINE
        )
        return bool(ignored and int(ignored[1], 16) >> (signal.SIGCHLD - 1) & 1)
    return False


def _threads(pid: int) -> Iterator[Path]:
    """Folders of the threads of a process and of all that it started."""
    for process in (pid, *descendants(pid)):
        with suppress(OSError):
            yield from Path(f"/proc/{process}/task").iterdir()
