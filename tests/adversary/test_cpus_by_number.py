"""A /proc that shows fewer CPUs, others, or none: each CPU's counters are found by its number, or a NOTE says that none are."""

import sys
from dataclasses import dataclass, field
from functools import partial

import pytest
from inner_session import LONE_SHIP

from pytest_sdperf.hardware.cpu_times import cpu_times
from pytest_sdperf.launch import process_counts
from pytest_sdperf.measure import engine
from pytest_sdperf.measure.noise_watch import NoiseWatch
from pytest_sdperf.report import json as report_json

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux says what its CPUs do")

PIPELINE = """
import numpy as np

class Ship:
    def __call__(self, *, prompt, latents, **_):
        grown = np.kron(np.tanh(latents[0, :3] + len(prompt) / 100), np.ones((8, 8), np.float32)).transpose(1, 2, 0)
        return (0.5 + 0.4 * grown)[None]

def build(context):
    return Ship()
"""

IDLE = "0 0 0 9 0 0 0 0 0 0"
BUSY = "90000 0 0 9 0 0 0 0 0 0"
"""900 s of work between two readings, at a hundred ticks a second."""
STOLEN = "0 0 0 9 0 0 0 90000 0 0"

LXCFS = "400 20 0:50 /proc/stat {point} rw,nosuid - {kind} lxcfs rw\n"


def stat(**cpus):
    """/proc/stat with a line for each of ``cpus``."""
    return "cpu  1 2 3 4 5 6 7 8 9 10\n" + "".join(f"{name} {line}\n" for name, line in cpus.items()) + "intr 1\n"


@dataclass
class Machine:
    """The root of a made-up machine, whose /proc/stat is another one at each reading."""

    tree: object
    readings: list[str] = field(default_factory=list)
    affinities: list[list[int]] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)

    def times(self):
        text = self.readings.pop(0) if len(self.readings) > 1 else self.readings[0]
        return cpu_times(self.tree({"proc/stat": text, **self.files}))

    def usable(self):
        return self.affinities.pop(0) if len(self.affinities) > 1 else self.affinities[0]


@pytest.fixture
def machine(tree):
    return Machine(tree)


@pytest.fixture
def measure(project, real_workers, machine, monkeypatch):
    """One process of a small pipeline on the machine: the result of the run, and what its watch saw."""
    (project.path / "harbour.py").write_text(PIPELINE)
    project.conftest(LONE_SHIP)
    monkeypatch.setattr(
        engine, "NoiseWatch", lambda: NoiseWatch(cpu_times=machine.times, cpus=machine.usable, own_s=lambda: 0.0)
    )

    def measure(affinity, *readings, **files):
        machine.affinities = affinity if isinstance(affinity[0], list) else [affinity]
        machine.readings, machine.files = list(readings), files
        one = ("--sdperf-processes=1", "--sdperf-rounds=1", "--sdperf-gate=latency")
        result = project.run("--sdperf-update=new", "--sdperf-json=out.json", *one)
        result.assert_outcomes(passed=1)
        [run] = report_json.read((project.path / "out.json").read_text()).outcomes[0].measurement.processes
        return result, run.seen

    return measure


@pytest.mark.parametrize("loaded", [0, 2, 3])
def test_a_cpu_in_the_middle_is_off(measure, loaded):
    before = stat(cpu0=IDLE, cpu2=IDLE, cpu3=IDLE)
    result, seen = measure([0, 2, 3], before, before.replace(f"cpu{loaded} {IDLE}", f"cpu{loaded} {BUSY}"))
    assert seen.foreign > 0.1
    assert (seen.unseen, seen.switched_cpus) == ("", [])
    assert "cannot be seen" not in result.stdout.str()


def test_steal_of_a_cpu_behind_one_that_is_off(measure):
    before = stat(cpu0=IDLE, cpu2=IDLE)
    _, seen = measure([0, 2], before, before.replace(f"cpu2 {IDLE}", f"cpu2 {STOLEN}"))
    assert seen.steal > 0.05


@pytest.mark.parametrize(("loaded", "counts"), [(5, False), (6, True), (7, True)])
def test_an_affinity_of_high_numbers_only(measure, loaded, counts):
    """A cpuset of two of eight CPUs: load on the others is nothing to it."""
    before = stat(**{f"cpu{number}": IDLE for number in range(8)})
    _, seen = measure([6, 7], before, before.replace(f"cpu{loaded} {IDLE}", f"cpu{loaded} {BUSY}"))
    assert (seen.foreign > 0.1) is counts
    assert seen.unseen == ""


@pytest.mark.parametrize(
    ("before", "after", "affinities"),
    [
        (("cpu0", "cpu1"), ("cpu0",), [[0, 1], [0]]),
        (("cpu0",), ("cpu0", "cpu1"), [[0], [0, 1]]),
        (("cpu0", "cpu1"), ("cpu0",), [[0, 1]]),
    ],
    ids=["off", "on", "off, and the affinity still has it"],
)
def test_a_cpu_that_is_switched_between_two_readings_disturbs(measure, before, after, affinities):
    _, seen = measure(affinities, stat(**dict.fromkeys(before, IDLE)), stat(**dict.fromkeys(after, BUSY)))
    assert (seen.switched_cpus, seen.unseen) == ([1], "")


@pytest.mark.parametrize(
    ("numbers", "says"),
    [
        ((0, 1), "/proc/stat does not show CPUs 6, 7, which this process may use (lxcfs?)"),
        ((6,), "/proc/stat does not show CPU 7, which this process may use (lxcfs?)"),
        ((), "/proc/stat shows no CPUs"),
    ],
)
def test_fewer_lines_than_the_affinity_has_numbers(measure, told, numbers, says):
    text = stat(**{f"cpu{number}": IDLE for number in numbers})
    result, seen = measure([6, 7], text, text.replace(IDLE, BUSY))
    told(result, f"NOTE ship: load of other processes cannot be seen, because {says}; none of its measurements counts")
    assert seen.foreign == 0.0


@pytest.mark.parametrize(
    ("point", "kind", "hidden"),
    [
        ("/proc/stat", "fuse.lxcfs", True),
        ("/proc", "fuse.lxcfs", True),
        ("/proc", "proc", False),
        ("/proc/uptime", "fuse.lxcfs", False),
    ],
)
def test_a_proc_that_is_not_the_kernels(measure, told, point, kind, hidden):
    """As many lines as CPUs, numbered from 0 as they are: only the mount tells that the counters are others'."""
    text = stat(cpu0=IDLE, cpu1=IDLE)
    mounts = "22 1 0:20 / /proc rw - proc proc rw\n" + LXCFS.format(point=point, kind=kind)
    result, seen = measure([0, 1], text, text.replace(IDLE, BUSY), **{"proc/self/mountinfo": mounts})
    if hidden:
        told(result, "NOTE ship: load of other processes cannot be seen, because /proc/stat is not the kernel's here")
    assert (seen.foreign > 0.1) is not hidden


@pytest.mark.parametrize(
    ("columns", "has_steal"), [(3, False), (4, False), (7, False), (8, True), (10, True), (14, True)]
)
def test_missing_columns(measure, told, columns, has_steal):
    """Load is seen with the first three; what a hypervisor took is in the eighth."""

    def line(text):
        return " ".join([*text.split(), *"0000"][:columns])

    text = stat(cpu0=line(IDLE), cpu1=line(IDLE))
    result, seen = measure([0, 1], text, stat(cpu0=line(BUSY), cpu1=line(IDLE)))
    assert seen.foreign > 0.1
    assert seen.unseen_steal is not has_steal
    note = (
        "NOTE ship: time that a hypervisor took cannot be seen, because /proc/stat has no column of it here; none of its "
        "measurements counts as disturbed by it"
    )
    if has_steal:
        assert "cannot be seen" not in result.stdout.str()
    else:
        told(result, note)


@pytest.mark.parametrize("text", ["", "cpu0\n", "cpu0 x y z\n", "\x00\xff", "cpu0 1 2\ncpu1 1 2\n"])
def test_a_file_of_something_else(measure, told, text):
    result, _ = measure([0, 1], text)
    told(result, "NOTE ship: load of other processes cannot be seen, because /proc/stat shows no CPUs")


def test_an_unreadable_file(measure, machine, told, tmp_path):
    (tmp_path / "root/proc").mkdir(parents=True)
    machine.times = partial(cpu_times, tmp_path / "root")
    result, _ = measure([0, 1], "")
    told(
        result,
        "cannot be seen, because /proc/stat cannot be read (No such file or directory); none of its measurements",
    )


def test_a_system_that_hides_how_long_a_process_computed(measure, told, monkeypatch):
    monkeypatch.setattr(process_counts, "cpu_ns", lambda pid: None)
    text = stat(cpu0=IDLE, cpu1=IDLE)
    result, seen = measure([0, 1], text, text.replace(IDLE, BUSY))
    told(
        result,
        "NOTE ship: load of other processes cannot be seen, because the system does not say how long the pipeline's own "
        "processes computed; none",
    )
    assert seen.foreign == 0.0
