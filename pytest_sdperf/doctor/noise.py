"""Measure this machine's noise: pairs of fresh processes that do the same small work in turn."""

from __future__ import annotations

import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from pytest_sdperf.doctor.diagnosis import Noise
from pytest_sdperf.errors import WorkerError
from pytest_sdperf.hardware.cgroup import cpu_quota
from pytest_sdperf.hardware.cpu_times import CpuTimes, cpu_times, passed
from pytest_sdperf.measure.noise_watch import foreign_share
from pytest_sdperf.stats.rounds import pair_log_ratio
from pytest_sdperf.worker.environment import usable_cpus

PAIRS = 8
ROUNDS = 10
"""Eight pairs of ten rounds take 5 to 10 s on two cores; eight show a spread to within a factor of 1.6 either way."""

_WORKER = "pytest_sdperf.doctor.noise_worker"

Work = Callable[[], int]
"""Let a process do its work once; ns."""


def measure_noise(
    pairs: int = PAIRS,
    rounds: int = ROUNDS,
    *,
    report: Callable[[int], None] = lambda _: None,
    cpu_times: Callable[[], CpuTimes] = cpu_times,
) -> Noise:
    """Time ``pairs`` pairs as a comparison does: both processes alive, in turn, first one drawn at random.

    The host's lock must be held. ``report`` takes the number of each pair as it is done. Raises WorkerError where
    a process does not start.
    """
    order = random.Random(0)  # noqa: S311 - the order of two processes is not a secret
    start_s, before, own_s = time.perf_counter(), cpu_times(), _own_and_children_s()
    ratios, medians_s = [], []
    for number in range(1, pairs + 1):
        with worker() as base, worker() as head:
            times_ns = _in_turn([base, head], rounds, order)
        ratios.append(pair_log_ratio(*times_ns))
        medians_s += [statistics.median(ns) / 1e9 for ns in times_ns]
        report(number)
    spent_s, after = max(time.perf_counter() - start_s, 1e-9), cpu_times()
    cpus = usable_cpus()
    machine = passed(before, after, cpus)
    foreign_s = machine.busy_on(cpus) - (_own_and_children_s() - own_s)
    steal = sum(machine.steal_s.values()) / (spent_s * len(cpus))
    foreign = foreign_share(foreign_s, spent_s, len(cpus), cpu_quota())
    return Noise(ratios, medians_s, steal, foreign, spent_s, unseen=machine.hidden_because)


def _in_turn(works: Sequence[Work], rounds: int, order: random.Random) -> tuple[list[int], list[int]]:
    """Ns of each round, of base and head."""
    times: tuple[list[int], list[int]] = [], []
    for _ in range(rounds):
        for side in order.sample((0, 1), 2):
            times[side].append(works[side]())
    return times


@contextmanager
def worker(command: Sequence[str] = (sys.executable, "-m", _WORKER)) -> Iterator[Work]:
    """A fresh process, ready to work; it is ended with the block."""
    package_parent = str(Path(__file__).resolve().parents[2])
    path = os.pathsep.join(filter(None, [package_parent, os.environ.get("PYTHONPATH")]))
    process = subprocess.Popen(
        command,
        env={**os.environ, "PYTHONPATH": path},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            _answer(process)
            yield lambda: _work(process)
        finally:
            process.kill()


def _work(process: subprocess.Popen[str]) -> int:
    assert process.stdin is not None  # noqa: S101 - it was opened as a pipe
    try:
        process.stdin.write("\n")
        process.stdin.flush()
        return int(_answer(process))
    except (OSError, ValueError) as error:
        raise _ended(process) from error


def _answer(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None  # noqa: S101 - it was opened as a pipe
    line = process.stdout.readline()
    if not line:
        raise _ended(process)
    return line


def _ended(process: subprocess.Popen[str]) -> WorkerError:
    process.kill()
    said = process.communicate()[1].strip().splitlines()
    return WorkerError(
        f"a process of the noise measurement ended: {said[-1] if said else 'it printed nothing'}",
        cure="Fix what it says, or leave the measurement out with --no-noise.",
    )


def _own_and_children_s() -> float:
    """Time on CPUs of this process and of those of its children that have ended, s."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system
