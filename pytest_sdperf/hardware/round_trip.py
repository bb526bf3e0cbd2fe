"""Measure the way between two CPUs: how long a cache line takes there and back, and how long a blocked wake-up.

On a virtual machine it changes for 10 s to a minute at a time, when the host moves its CPUs apart. Steal time, load and
large kernels show nothing of it, and pictures of small models, whose threads wait for each other thousands of times,
take 25 % to 66 % longer meanwhile (2-core Zen 5, bundled model, `fp32`, `openvino_static`). No extension is compiled:
two Python processes that flip a byte of shared memory tell the two levels apart (144 to 183 ns near, 364 to 435 ns far,
where C has 85 and 382; 1,215 probes).
"""

from __future__ import annotations

import mmap
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from pytest_sdperf.hardware import round_trip_partner as partner

FLIPS = 2000
WAKES = 40
"""Under 1 ms and about 2 ms."""

_MODULE = partner.__name__


class RoundTripTimes(NamedTuple):
    """Of one probe, ns."""

    spinning_ns: float
    "mean time of a cache line there and back, of two processes that spin"
    blocked_ns: float
    "mean time there and back of two processes that sleep until they are woken"


class RoundTrip:
    """One end is this process, the other one that sleeps between probes."""

    def __init__(self, byte: mmap.mmap, process: subprocess.Popen[bytes], cpu: int) -> None:
        self._byte, self._process, self._cpu = byte, process, cpu

    def probe(self) -> RoundTripTimes | None:
        """Measure once, in about 3 ms; None where the process at the other end is gone."""
        before = os.sched_getaffinity(0)
        try:
            os.sched_setaffinity(0, {self._cpu})
            return RoundTripTimes(self._spinning_ns(), self._blocked_ns())
        except (OSError, partner.Stuck):
            return None
        finally:
            os.sched_setaffinity(0, before)

    def _spinning_ns(self) -> float:
        self._tell(partner.SPIN)
        self._hear()  # it spins from now on
        begun_ns = time.perf_counter_ns()
        partner.ask(self._byte, FLIPS)
        return (time.perf_counter_ns() - begun_ns) / FLIPS

    def _blocked_ns(self) -> float:
        begun_ns = time.perf_counter_ns()
        for _ in range(WAKES):
            self._tell(partner.ECHO)
            self._hear()
        return (time.perf_counter_ns() - begun_ns) / WAKES

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
    """What measures the way between the first two of ``cpus``; None where there is one, or the system cannot bind.

    The process at the other end is gone at the end.
    """
    if len(cpus) < 2 or not hasattr(os, "sched_setaffinity"):
        yield None
        return
    here, there = sorted(cpus)[:2]
    with tempfile.TemporaryFile() as file:
        file.truncate(mmap.PAGESIZE)
        command = [sys.executable, "-S", "-E", str(Path(partner.__file__)), str(file.fileno()), str(there)]
        process = start(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, pass_fds=[file.fileno()])
        try:
            with mmap.mmap(file.fileno(), mmap.PAGESIZE) as byte:
                yield RoundTrip(byte, process, here)
        finally:
            process.kill()
            process.communicate()
