"""Measure the way between two CPUs: how long a byte takes there and back, and how long a blocked wake-up.

On a virtual machine it changes for seconds to a minute at a time, when the host moves its CPUs apart, or lets somebody
else run on the other thread of their cores. Steal time, load and large kernels show nothing of it, and pictures of
small models, whose threads wait for each other thousands of times, take 25 % to 66 % longer meanwhile (2-core Zen 5,
bundled model, `fp32`, `openvino_static`). No extension is compiled: two Python processes that flip a byte of shared
memory tell the levels apart. CPUs apart: 144 to 183 ns near, 364 to 435 ns far, where C has 85 and 382 (1,215 probes,
Zen 5). A neighbour on a core: 362 to 418 ns, and 520 to 890 ns while a loop on either CPU takes 1.4 to 2.5 times as
long (150 probes, 2-core Cascade Lake): Python's own time is part of each.
"""

from __future__ import annotations

import mmap
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from pytest_sdperf.hardware import round_trip_partner as partner

WAKES = 20


class RoundTripTimes(NamedTuple):
    """Of one probe."""

    spinning_ns: int
    "a cache line there and back, of two processes that spin"
    blocked_ns: int
    "there and back of two processes that sleep until they are woken"


class RoundTrip:
    """One end is this process, the other one that sleeps between probes."""

    def __init__(
        self,
        byte: mmap.mmap,
        process: subprocess.Popen[bytes],
        cpu: int,
        *,
        clock_ns: Callable[[], int] = time.perf_counter_ns,
    ) -> None:
        self._byte, self._process, self._cpu, self._clock_ns = byte, process, cpu, clock_ns
        self.pid = process.pid
        "of the process at the other end"

    def probe(self) -> RoundTripTimes | None:
        """Measure once, in 1 to 3 ms; None where the process at the other end is gone or gets no time.

        Both times are medians, of 40 stretches of 50 flips (18 us each) and of 20 wake-ups. Where something else takes
        one of the CPUs for a slice of a millisecond, a stretch or two lasts long and the medians do not see it.
        """
        before = os.sched_getaffinity(0)
        try:
            os.sched_setaffinity(0, {self._cpu})
            return RoundTripTimes(self._spinning_ns(), self._blocked_ns())
        except (OSError, partner.Stuck):
            return None
        finally:
            os.sched_setaffinity(0, before)

    def _spinning_ns(self) -> int:
        self._byte[0] = 0
        self._tell(partner.SPIN)
        self._hear()  # it spins from now on
        flips = partner.FLIPS_A_STRETCH
        spent_ns = [self._timed_ns(lambda: partner.ask(self._byte, flips)) for _ in range(partner.STRETCHES)]
        return round(statistics.median(spent_ns) / flips)

    def _blocked_ns(self) -> int:
        return round(statistics.median(self._timed_ns(self._wake) for _ in range(WAKES)))

    def _wake(self) -> None:
        self._tell(partner.ECHO)
        self._hear()

    def _timed_ns(self, work: Callable[[], None]) -> int:
        begun_ns = self._clock_ns()
        work()
        return self._clock_ns() - begun_ns

    def _tell(self, what: bytes) -> None:
        assert self._process.stdin is not None  # noqa: S101 - for the type checker
        os.write(self._process.stdin.fileno(), what)

    def _hear(self) -> None:
        assert self._process.stdout is not None  # noqa: S101 - for the type checker
        if not os.read(self._process.stdout.fileno(), 1):
            raise BrokenPipeError


@contextmanager
def round_trip(
    cpus: Sequence[int], *, start: Callable[..., subprocess.Popen[bytes]] = subprocess.Popen
) -> Iterator[RoundTrip | None]:
    """What measures the way between the first two of ``cpus``; None where there is one, or the system is not Linux.

    The process at the other end is gone at the end.
    """
    if len(cpus) < 2 or not hasattr(os, "memfd_create"):
        yield None
        return
    here, there = sorted(cpus)[:2]
    with os.fdopen(os.memfd_create("sdperf"), "r+b") as file:  # no file system writes it back meanwhile
        file.truncate(mmap.PAGESIZE)
        command = [sys.executable, "-S", "-E", str(Path(partner.__file__)), str(file.fileno()), str(there)]
        process = start(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, pass_fds=[file.fileno()])
        try:
            with mmap.mmap(file.fileno(), mmap.PAGESIZE) as byte:
                yield RoundTrip(byte, process, here)
        finally:
            process.kill()
            process.communicate()
