"""Time that each CPU was busy or stolen, and its frequency, by the CPU's number; and whether that can be known."""

from __future__ import annotations

import os
import random
import re
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from pytest_sdperf.wording import listed

_ROOT = Path("/")

_CPU = re.compile(r"^cpu(\d+)((?:[ \t]+\d+){3,})[ \t]*$", re.MULTILINE)
"""A CPU that is online has a line in /proc/stat. Its number is in its name: psutil's list has only the order."""


_STEAL = 7
"""Column of /proc/stat."""


class CpuTime(NamedTuple):
    """Of one CPU, since the machine started."""

    busy_s: float
    steal_s: float = 0.0
    "that the hypervisor gave to others; known on Linux only"


@dataclass(frozen=True)
class CpuTimes:
    """One reading."""

    by_number: Mapping[int, CpuTime] = field(default_factory=dict)
    hidden_because: str = ""
    "why these are not the times of this machine's CPUs, as a clause; empty: they are"
    has_steal: bool = True
    "False where no column says what a hypervisor took: old kernels, and files that only look like the kernel's"


@dataclass(frozen=True)
class Passed:
    """What some CPUs did between two readings."""

    busy_s: Mapping[int, float]
    steal_s: Mapping[int, float]
    switched: list[int]
    "CPUs that were switched on or off meanwhile"
    hidden_because: str = ""
    has_steal: bool = True

    def busy_on(self, cpus: Iterable[int]) -> float:
        """Seconds of work on these CPUs."""
        return sum(self.busy_s.get(cpu, 0.0) for cpu in cpus)


def cpu_times(root: Path = _ROOT) -> CpuTimes:
    """The counters of every CPU that is online; ``root`` is where `/proc` is looked for."""
    if not (root / "proc").is_dir():
        return _by_psutil()
    if _is_replaced(root):
        return CpuTimes(hidden_because="/proc/stat is not the kernel's here (lxcfs?) and shows other CPUs or their use")
    try:
        text = (root / "proc/stat").read_text(encoding="ascii", errors="replace")
    except OSError as error:
        return CpuTimes(hidden_because=f"/proc/stat cannot be read ({error.strerror or error})")
    tick_s = 1 / os.sysconf("SC_CLK_TCK")
    found, has_steal = {}, True
    for line in _CPU.finditer(text):
        # user nice system idle iowait irq softirq steal guest guest_nice (proc_stat(5)); guests are in user and nice
        columns = [*map(int, line[2].split())]
        user, nice, system, _, _, irq, softirq, steal, *_ = [*columns, *[0] * 8]
        found[int(line[1])] = CpuTime((user + nice + system + irq + softirq) * tick_s, steal * tick_s)
        has_steal &= len(columns) > _STEAL
    return CpuTimes(found, "" if found else "/proc/stat shows no CPUs", has_steal)


def passed(before: CpuTimes, after: CpuTimes, cpus: Iterable[int]) -> Passed:
    """What ``cpus`` did between two readings. Counters that ran backwards count as standing still, each by itself."""
    numbers = sorted(cpus)
    first, last = before.by_number, after.by_number
    both = [cpu for cpu in numbers if cpu in first and cpu in last]
    hidden = before.hidden_because or after.hidden_because
    missing = [str(cpu) for cpu in numbers if cpu not in first and cpu not in last]
    if missing and not hidden:
        plural = "s" if len(missing) > 1 else ""
        hidden = f"/proc/stat does not show CPU{plural} {listed(missing, 8)}, which this process may use (lxcfs?)"
    return Passed(
        busy_s={cpu: max(last[cpu].busy_s - first[cpu].busy_s, 0.0) for cpu in both},
        steal_s={cpu: max(last[cpu].steal_s - first[cpu].steal_s, 0.0) for cpu in both},
        switched=[] if hidden else [cpu for cpu in numbers if cpu not in both],
        hidden_because=hidden,
        has_steal=before.has_steal and after.has_steal,
    )


def idle_first(cpus: Sequence[int], *, wait_s: float = 0.1, root: Path = _ROOT) -> list[int]:
    """``cpus``, the idlest of the last tenth of a second first; of equally idle ones chance decides.

    Two containers that choose at the same moment then rarely choose the same.
    """
    before = cpu_times(root)
    time.sleep(wait_s)
    busy_s = passed(before, cpu_times(root), cpus).busy_s
    shuffled = random.sample(list(cpus), len(cpus))
    return sorted(shuffled, key=lambda cpu: busy_s.get(cpu, 0.0) > wait_s / 2)


def frequencies_mhz(root: Path = _ROOT) -> dict[int, float]:
    """Achieved frequency of every CPU that says it, by number."""
    try:
        text = (root / "proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        text = ""
    found = {}
    for block in text.split("\n\n"):
        number = re.search(r"^processor\s*: (\d+)$", block, re.MULTILINE)
        mhz = re.search(r"^cpu MHz\s*: ([\d.]+)$", block, re.MULTILINE)
        if number and mhz:
            found[int(number[1])] = float(mhz[1])
    if found:
        return found
    for file in root.glob("sys/devices/system/cpu/cpu*/cpufreq/scaling_cur_freq"):  # processors that are not x86
        number = re.fullmatch(r"cpu(\d+)", file.parent.parent.name)
        with suppress(OSError, ValueError):
            if number:
                found[int(number[1])] = int(file.read_text(encoding="ascii")) / 1000
    return found


def _is_replaced(root: Path) -> bool:
    """Whether another file lies over /proc/stat, or over all of /proc: lxcfs shows a container its own CPUs, from 0 on.

    Of several mounts at one point the last one is seen.
    """
    try:
        mounts = (root / "proc/self/mountinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return False
    kinds: dict[str, str] = {}
    for mount in mounts:
        before, _, after = mount.partition(" - ")
        if len(fields := before.split()) > 4:
            kinds[fields[4]] = after.split(" ")[0]
    return "/proc/stat" in kinds or kinds.get("/proc", "proc") != "proc"


def _by_psutil() -> CpuTimes:
    """Off Linux, where no CPU is switched off while others have higher numbers."""
    import psutil

    found = {}
    for cpu, times in enumerate(psutil.cpu_times(percpu=True)):
        busy_s = times.user + times.system + sum(getattr(times, name, 0.0) for name in ("nice", "irq", "softirq"))
        found[cpu] = CpuTime(busy_s, getattr(times, "steal", 0.0))
    return CpuTimes(found)
