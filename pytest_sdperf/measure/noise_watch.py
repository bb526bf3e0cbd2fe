"""Watch what else the machine does while pictures are timed, and time a kernel of our own between those of a pair."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, NamedTuple, Protocol

from pytest_sdperf.hardware.cgroup import cpu_quota, throttled_s
from pytest_sdperf.hardware.cpu_times import CpuTimes, cpu_times, frequencies_mhz, passed
from pytest_sdperf.launch.process_counts import Waits
from pytest_sdperf.measurement import Disturbance, Usage
from pytest_sdperf.units import format_seconds
from pytest_sdperf.wording import listed
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


_OWN_BEYOND = 1.5
_OWN_BEYOND_S = 0.2
"""The kernel samples what a CPU does 100 to 1000 times a second, and counts a process's own time exactly: the two
differ by some per cent. Where our own processes used half as much again as their CPUs were busy, and 0.2 s more, the
counters are of other CPUs."""


_UNCERTAIN = 0.05
"""Share of the CPUs' work by which the two differ: what others took is known no better."""

_KNOWN_SHARE = 0.9
"""Of the processes' time on CPUs. What is left is that of threads that ended, and the kernel forgets their waiting."""


class Watched(Protocol):
    """The part of a worker that the watch asks."""

    def cpu_ns(self) -> int | None: ...

    def waits(self) -> Waits | None: ...

    def cpus(self) -> frozenset[int]: ...


def foreign_share(taken_s: float, window_s: float, cpus: int, quota: float | None, waited_s: float = 0.0) -> float:
    """``taken_s`` of CPU time that others took, as a share of the time that is ours to use on ``cpus`` of them.

    Under a quota the CPUs beyond it are others' to use: their load there is taken from us only as far as we
    ``waited_s`` for a CPU.
    """
    ours = float(cpus) if quota is None else min(quota, cpus)
    beyond_s = window_s * (cpus - ours)
    taken_s = max(taken_s, 0.0)
    return max(taken_s - beyond_s, min(taken_s, waited_s) if beyond_s else 0.0) / (window_s * ours)


def own_cpu_s() -> float:
    """Time on CPUs of this process, s."""
    spent = os.times()
    return spent.user + spent.system


def frequency_mhz() -> float | None:
    """Mean achieved frequency of the usable CPUs, MHz; None where the system does not say."""
    every = frequencies_mhz()
    found = [every.get(cpu, 0.0) for cpu in usable_cpus()]
    return statistics.fmean(found) if found and all(found) else None


def calibration_kernel() -> None:
    """The same work on one core each time: slower only where the machine is."""
    import numpy as np  # late: a plugin start must stay light

    np.sort(_numbers())


@cache
def _numbers() -> NDArray[np.float64]:
    import numpy as np

    return np.random.default_rng(0).random(_KERNEL_NUMBERS)


def falls_quiet(
    process: CpuNs,
    *,
    within_s: float,
    clock_ns: Callable[[], int] = time.perf_counter_ns,
    sleep: Callable[[float], None] = time.sleep,
) -> bool:
    """Wait until a process has stopped computing; False where it does not in time, True where nobody can tell."""
    before_ns = process()
    deadline_ns = clock_ns() + int(within_s * 1e9)
    while before_ns is not None and clock_ns() < deadline_ns:
        sleep(_QUIET_STEP_S)
        now_ns = process()
        if now_ns is None or now_ns - before_ns <= _QUIET_SHARE * _QUIET_STEP_S * 1e9:
            return True
        before_ns = now_ns
    return before_ns is None


@dataclass
class NoiseWatch:
    """Watches one pair, or one process that is measured by itself, from its first picture to its last.

    The functions that it reads are passed in, so that tests can set them.
    """

    cpu_times: Callable[[], CpuTimes] = cpu_times
    own_s: Callable[[], float] = own_cpu_s
    frequency: Callable[[], float | None] = frequency_mhz
    kernel: Callable[[], None] = calibration_kernel
    clock_ns: Callable[[], int] = time.perf_counter_ns
    sleep: Callable[[float], None] = time.sleep
    cpus: Callable[[], Sequence[int]] = usable_cpus
    quota: Callable[[], float | None] = cpu_quota
    throttled_s: Callable[[], float | None] = throttled_s
    helper_ns: CpuNs = lambda: 0
    "of a process of our own that works beside the pictures"

    def begin(self, processes: Sequence[Watched]) -> None:
        """The pictures begin; ``processes`` are those that are timed."""
        self._processes = processes
        self._usable = frozenset(self.cpus())
        self._start_ns = self.clock_ns()
        self._before = self._look()
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
        quiet = falls_quiet(process, within_s=_LONGEST_WAIT_S, clock_ns=self.clock_ns, sleep=self.sleep)
        self._restless += not quiet

    def end(self, usages: Sequence[Usage]) -> Disturbance:
        """The rounds are done; ``usages`` are those that the workers saw of their pictures."""
        window_s = max((self.clock_ns() - self._start_ns) / 1e9, 1e-9)
        before, now = self._before, self._look()
        usable = self._usable | set(self.cpus())
        machine = passed(before.times, now.times, usable)
        ours = frozenset().union(*(process.cpus() for process in self._processes)) & usable or usable
        own_s, waited_s = now.own_s - before.own_s, _waited_s(before, now)
        processes_s = _grown(before.processes_s, now.processes_s)
        stolen_s, withheld_s = sum(machine.steal_s.values()), _grown(before.throttled_s, now.throttled_s) or 0.0
        hidden, used, quota = machine.hidden_because, sum(usages, start=Usage()), self.quota()
        unknown, foreign = _unknown_because(before, now), 0.0  # without the processes' own share, nor is others' known
        if processes_s is not None:
            busy_s = machine.busy_on(usable) + stolen_s
            if not hidden and own_s + processes_s > _OWN_BEYOND * busy_s + _OWN_BEYOND_S:
                hidden = (
                    f"the counters of CPUs {listed(sorted(usable), 8)} show {format_seconds(busy_s)} of work, and this "
                    f"session's own processes took {format_seconds(own_s + processes_s)}"
                )
            # Of all usable CPUs, or of those that the timed processes are bound to, whichever is more.
            foreign = max(
                foreign_share(machine.busy_on(cpus) - own_s - processes_s, window_s, len(cpus), quota, waited_s or 0.0)
                for cpus in (usable, ours)
            )
            if waited_s is not None and not (unknown or self._restless or machine.switched):
                # The rest of the time they waited for each other: that is the pipeline's own doing.
                taken_s = max(machine.busy_on(usable) - own_s - processes_s, 0.0)
                waited_s = min(waited_s, taken_s + _UNCERTAIN * busy_s + _OWN_BEYOND_S)
        unseen = hidden or unknown
        return Disturbance(
            window_s=window_s,
            steal=0.0 if hidden else stolen_s / (window_s * len(usable)),
            foreign=0.0 if unseen else foreign,
            restless=self._restless,
            involuntary_switches=used.involuntary_switches,
            major_faults=used.major_faults,
            kernel_ns=statistics.median(self._kernel_ns) if self._kernel_ns else 0.0,
            frequency_mhz=self.frequency(),
            throttled=withheld_s / (window_s * quota) if quota else 0.0,
            switched_cpus=machine.switched,
            lost_s=None if waited_s is None or hidden else waited_s + stolen_s + withheld_s,
            unseen=unseen,
            unseen_steal=not (hidden or machine.has_steal),
        )

    def _look(self) -> _Counters:
        processes_ns = [process.cpu_ns() for process in self._processes]
        waits = [process.waits() for process in self._processes]
        waited_ns, ran_ns = ([one and one[i] for one in waits] for i in (0, 1))
        return _Counters(
            self.cpu_times(),
            self.own_s() + (self.helper_ns() or 0) / 1e9,
            _sum_s(processes_ns),
            _sum_s(waited_ns),
            _sum_s(ran_ns),
            self.throttled_s(),
            forgets_children=any(one and one.forgets_children for one in waits),
        )


class _Counters(NamedTuple):
    """All counters at one moment, s; None where the system does not say."""

    times: CpuTimes
    own_s: float
    processes_s: float | None
    waited_s: float | None
    ran_s: float | None
    throttled_s: float | None
    forgets_children: bool


def _unknown_because(before: _Counters, now: _Counters) -> str:
    """Why it is not known how long the processes computed, as a clause; empty: it is known."""
    if before.processes_s is None or now.processes_s is None:
        return "the system does not say how long the pipeline's own processes computed"
    if before.forgets_children or now.forgets_children or now.processes_s < before.processes_s:
        return "a process of the pipeline ignores SIGCHLD, and then the time of its children is lost when they end"
    return ""


def _waited_s(before: _Counters, now: _Counters) -> float | None:
    """Time that the processes waited for a CPU; None where much of their work was that of threads that have ended."""
    used_s, ran_s = _grown(before.processes_s, now.processes_s), _grown(before.ran_s, now.ran_s)
    if used_s is None or ran_s is None or ran_s < _KNOWN_SHARE * used_s - _OWN_BEYOND_S:
        return None
    return _grown(before.waited_s, now.waited_s)


def _sum_s(counts_ns: Sequence[int | None]) -> float | None:
    known_ns = [count_ns for count_ns in counts_ns if count_ns is not None]
    return sum(known_ns) / 1e9 if len(known_ns) == len(counts_ns) else None


def _grown(before_s: float | None, now_s: float | None) -> float | None:
    """What a counter has grown by: not less than nothing, for it forgets what has ended."""
    return None if before_s is None or now_s is None else max(now_s - before_s, 0.0)
