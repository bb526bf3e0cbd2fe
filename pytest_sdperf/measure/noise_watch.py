"""Watch what else the machine does while pictures are timed, and time a kernel of our own between those of a pair."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from pytest_sdperf.hardware.cgroup import cpu_quota
from pytest_sdperf.measurement import Disturbance, Usage
from pytest_sdperf.worker.environment import usable_cpus

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

CpuNs = Callable[[], int | None]
"""Time on CPUs of a process so far, ns; None where the system does not say."""

_KERNEL_NUMBERS = 200_000
"""Sorting so many takes 9 ms (2-core Zen 4): far longer than the clock's step, far shorter than a picture. Of four
kernels timed with 200 pictures of `openvino_static` only it went with them (correlation 0.42, medians of ten 0.61);
BLAKE2 of 2 MiB (-0.06) and copies of 8 and 64 MB (-0.04, 0.09) did not while pictures took half as long again."""

_QUIET_STEP_S = 0.005
_QUIET_SHARE = 0.05
"""Of one CPU, over a step: a process that waits for a command uses none at all."""

_LONGEST_WAIT_S = 2.0
"""libiomp5's threads spin for 0.2 s after a picture (KMP_BLOCKTIME); a process busy for longer is restless."""


@dataclass(frozen=True)
class CpuTimes:
    """Seconds since the start of the machine, summed over the usable CPUs."""

    busy_s: float
    steal_s: float


def machine_cpu_times() -> CpuTimes:
    """CPU times that the kernel counts for the usable CPUs; time stolen by the hypervisor is known on Linux only."""
    import psutil

    every = psutil.cpu_times(percpu=True)
    usable = [every[cpu] for cpu in usable_cpus() if cpu < len(every)]
    busy_s = sum(c.user + c.system + sum(getattr(c, n, 0.0) for n in ("nice", "irq", "softirq")) for c in usable)
    return CpuTimes(busy_s, sum(getattr(c, "steal", 0.0) for c in usable))


def spare_cpus() -> float:
    """Usable CPUs beyond what a cgroup's quota lets this process use: others may have them without taking from us."""
    quota = cpu_quota()
    return 0.0 if quota is None else max(len(usable_cpus()) - quota, 0.0)


def foreign_share(taken_s: float, window_s: float, cpus: int, spare: float) -> float:
    """``taken_s`` of CPU time that others took, as a share of the time that is ours to use on ``cpus``.

    ``spare`` of them are others' to use (`spare_cpus`): only what goes beyond these is taken from us.
    """
    return max(taken_s - window_s * spare, 0.0) / (window_s * (cpus - spare))


def own_cpu_s() -> float:
    """Time on CPUs of this process, s."""
    spent = os.times()
    return spent.user + spent.system


def frequency_mhz() -> float | None:
    """Mean achieved frequency of the usable CPUs, MHz; None where the system does not say."""
    import psutil

    try:
        every = psutil.cpu_freq(percpu=True)
    except (OSError, NotImplementedError, AttributeError):
        return None
    found = [every[cpu].current for cpu in usable_cpus() if cpu < len(every)]
    return statistics.fmean(found) if found and all(found) else None


def calibration_kernel() -> None:
    """The same work on one core each time: slower only where the machine is."""
    import numpy as np  # late: a plugin start must stay light

    np.sort(_numbers())


@cache
def _numbers() -> NDArray[np.float64]:
    import numpy as np

    return np.random.default_rng(0).random(_KERNEL_NUMBERS)


@dataclass
class NoiseWatch:
    """Watches one pair, or one process that is measured by itself, from its first picture to its last.

    The functions that it reads are passed in, so that tests can set them.
    """

    cpu_times: Callable[[], CpuTimes] = machine_cpu_times
    own_s: Callable[[], float] = own_cpu_s
    frequency: Callable[[], float | None] = frequency_mhz
    kernel: Callable[[], None] = calibration_kernel
    clock_ns: Callable[[], int] = time.perf_counter_ns
    sleep: Callable[[float], None] = time.sleep
    cpus: int = field(default_factory=lambda: len(usable_cpus()))
    spare: float = field(default_factory=spare_cpus)

    def begin(self, processes: Sequence[CpuNs]) -> None:
        """The pictures begin; ``processes`` are the own counts of the processes that are timed."""
        self._processes = processes
        self._start_ns = self.clock_ns()
        self._times, self._own_s, self._processes_s = self.cpu_times(), self.own_s(), self._processes_so_far_s()
        self._kernel_ns: list[int] = []
        self._restless = 0

    def time_kernel(self) -> int:
        """Run the calibration kernel and return its time, ns."""
        start_ns = self.clock_ns()
        self.kernel()
        self._kernel_ns.append(self.clock_ns() - start_ns)
        return self._kernel_ns[-1]

    def wait_until_quiet(self, process: CpuNs) -> None:
        """Wait until ``process`` has stopped computing, so that it does not disturb the other one's picture.

        One that does not within two seconds is counted: its own time on CPUs is nobody's who is foreign.
        """
        before_ns = process()
        deadline_ns = self.clock_ns() + int(_LONGEST_WAIT_S * 1e9)
        while before_ns is not None and self.clock_ns() < deadline_ns:
            self.sleep(_QUIET_STEP_S)
            now_ns = process()
            if now_ns is None or now_ns - before_ns <= _QUIET_SHARE * _QUIET_STEP_S * 1e9:
                return
            before_ns = now_ns
        self._restless += before_ns is not None

    def end(self, usages: Sequence[Usage]) -> Disturbance:
        """The rounds are done; ``usages`` are those that the workers saw of their pictures."""
        window_s = max((self.clock_ns() - self._start_ns) / 1e9, 1e-9)
        times = self.cpu_times()
        own_s, processes_s = self.own_s() - self._own_s, self._processes_so_far_s()
        foreign_s = 0.0  # where the processes' own share is unknown, others' is not known either
        if processes_s is not None and self._processes_s is not None:
            foreign_s = times.busy_s - self._times.busy_s - own_s - (processes_s - self._processes_s)
        used = sum(usages, start=Usage())
        return Disturbance(
            window_s=window_s,
            steal=max(times.steal_s - self._times.steal_s, 0.0) / (window_s * self.cpus),
            foreign=foreign_share(foreign_s, window_s, self.cpus, self.spare),
            restless=self._restless,
            involuntary_switches=used.involuntary_switches,
            major_faults=used.major_faults,
            kernel_ns=statistics.median(self._kernel_ns) if self._kernel_ns else 0.0,
            frequency_mhz=self.frequency(),
        )

    def _processes_so_far_s(self) -> float | None:
        counts_ns = [process() for process in self._processes]
        known_ns = [count_ns for count_ns in counts_ns if count_ns is not None]
        return sum(known_ns) / 1e9 if len(known_ns) == len(counts_ns) else None
