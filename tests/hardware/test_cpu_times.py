"""Counters of CPUs, found by number and not by position; and where they are not this machine's."""

import os
from types import SimpleNamespace

import psutil
import pytest

from pytest_sdperf.hardware import cpu_times as counters
from pytest_sdperf.hardware.cpu_times import CpuTime, CpuTimes, cpu_times, frequencies_mhz, passed

TICK_S = 1 / os.sysconf("SC_CLK_TCK")

STAT = """\
cpu  999999 0 0 0 0 0 0 0 0 0
cpu0 100 1 20 5000 300 3 4 50 90 0
cpu2 700 0 10 5000 0 0 0 6 0 0
cpu10 1 0 0 0 0 0 0 0 0 0
intr 1 2 3
cpufreq 5
"""


def test_each_line_is_the_cpu_of_its_number(tree):
    found = cpu_times(tree({"proc/stat": STAT}))
    assert found.hidden_because == ""
    assert found.by_number == {
        0: (pytest.approx(128 * TICK_S), pytest.approx(50 * TICK_S)),
        2: (pytest.approx(710 * TICK_S), pytest.approx(6 * TICK_S)),
        10: (pytest.approx(1 * TICK_S), 0.0),
    }


def test_old_kernels_count_less(tree):
    assert cpu_times(tree({"proc/stat": "cpu0 100 0 20 5\n"})).by_number == {0: (pytest.approx(120 * TICK_S), 0.0)}


@pytest.mark.parametrize(("columns", "has_steal"), [(3, False), (7, False), (8, True), (10, True)])
def test_steal_is_in_the_eighth_column(tree, columns, has_steal):
    text = f"cpu0 {' '.join('1' * columns)}\ncpu1\t {'1 ' * 10}\n"
    found = cpu_times(tree({"proc/stat": text}))
    assert found.has_steal is has_steal
    assert set(found.by_number) == {0, 1}
    assert passed(found, CpuTimes(), [0]).has_steal is has_steal


@pytest.mark.parametrize("text", ["", "cpu  1 2 3\nintr 1\n", "cpu0 1 2\n"])
def test_no_cpus_are_no_quiet_cpus(tree, text):
    assert cpu_times(tree({"proc/stat": text})) == CpuTimes({}, "/proc/stat shows no CPUs")


def test_an_unreadable_file_says_so(tree):
    root = tree({"proc/self/mountinfo": ""})
    assert cpu_times(root) == CpuTimes({}, "/proc/stat cannot be read (No such file or directory)")


def test_a_file_over_the_kernels_is_not_believed(tree):
    mount = "400 20 0:50 /proc/stat /proc/stat rw,nosuid - fuse.lxcfs lxcfs rw\n"
    found = cpu_times(tree({"proc/stat": STAT, "proc/self/mountinfo": mount}))
    assert found.by_number == {}
    assert found.hidden_because.startswith("/proc/stat is not the kernel's here (lxcfs?)")
    whole = cpu_times(tree({"proc/stat": STAT, "proc/self/mountinfo": mount.replace("/proc/stat", "/proc")}))
    assert whole.hidden_because
    other = mount.replace("/proc/stat /proc/stat", "/proc/uptime /proc/uptime")
    assert cpu_times(tree({"proc/stat": STAT, "proc/self/mountinfo": other})).by_number


def test_off_linux_the_order_is_the_number(tmp_path, monkeypatch):
    every = [SimpleNamespace(user=2.0, system=1.0, nice=0.5, idle=9.0), SimpleNamespace(user=1.0, system=0.0)]
    monkeypatch.setattr(psutil, "cpu_times", lambda percpu: every)
    assert cpu_times(tmp_path / "none").by_number == {0: (3.5, 0.0), 1: (1.0, 0.0)}


def reading(**busy_s):
    return CpuTimes({int(name.removeprefix("cpu")): CpuTime(value, value / 10) for name, value in busy_s.items()})


def test_what_passed_between_two_readings():
    found = passed(reading(cpu0=1.0, cpu1=5.0, cpu2=10.0), reading(cpu0=2.0, cpu1=4.0, cpu2=30.0), [0, 1, 2])
    assert found.busy_s == {0: 1.0, 1: 0.0, 2: 20.0}
    assert found.steal_s == {0: pytest.approx(0.1), 1: 0.0, 2: 2.0}
    assert found.busy_on([1, 2, 7]) == 20.0
    assert (found.switched, found.hidden_because) == ([], "")


@pytest.mark.parametrize(
    ("before", "after", "switched"),
    [(("cpu0", "cpu1"), ("cpu0",), [1]), (("cpu0",), ("cpu0", "cpu1"), [1]), (("cpu0", "cpu1"), ("cpu0", "cpu1"), [])],
)
def test_a_cpu_in_one_reading_only_was_switched(before, after, switched):
    one, other = (reading(**dict.fromkeys(names, 1.0)) for names in (before, after))
    assert passed(one, other, [0, 1]).switched == switched


def test_a_cpu_in_no_reading_hides_what_happened():
    found = passed(reading(cpu0=1.0), reading(cpu0=2.0), [0, 4, 5])
    assert found.hidden_because == "/proc/stat does not show CPUs 4, 5, which this process may use (lxcfs?)"
    assert found.switched == []


def test_the_idlest_come_first_and_chance_decides_between_equals(monkeypatch):
    readings = iter([reading(cpu0=0.0, cpu1=0.0, cpu2=0.0), reading(cpu0=0.1, cpu1=0.01, cpu2=0.0)] * 40)
    monkeypatch.setattr(counters, "cpu_times", lambda root: next(readings))
    monkeypatch.setattr(counters.time, "sleep", lambda seconds: None)
    orders = {tuple(counters.idle_first([0, 1, 2])) for _ in range(40)}
    assert orders == {(1, 2, 0), (2, 1, 0)}


CPUINFO = "processor\t: 0\nmodel name\t: x\ncpu MHz\t\t: 3000.5\n\nprocessor\t: 2\ncpu MHz\t\t: 2000.000\n\n"


def test_frequencies_are_found_by_number(tree):
    assert frequencies_mhz(tree({"proc/cpuinfo": CPUINFO})) == {0: 3000.5, 2: 2000.0}


def test_other_processors_say_it_elsewhere(tree):
    files = {
        f"sys/devices/system/cpu/cpu{cpu}/cpufreq/scaling_cur_freq": text for cpu, text in ((1, "2400000\n"), (3, "x"))
    }
    assert frequencies_mhz(tree(files)) == {1: 2400.0}


def test_no_frequency_is_none(tmp_path):
    assert frequencies_mhz(tmp_path) == {}


def test_this_machine_counts():
    first, cpus = cpu_times(), os.sched_getaffinity(0)
    assert first.hidden_because or set(first.by_number) >= cpus
    assert sum(passed(first, cpu_times(), cpus).busy_s.values()) >= 0
