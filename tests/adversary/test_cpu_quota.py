"""A container's CPU quota: threads that it stops, cores that two containers share, speed-ups that are only throttling."""

import os

import pytest

from pytest_sdperf.hardware import cgroup, resources
from pytest_sdperf.hardware import cpu_times as counters
from pytest_sdperf.hardware.cpu_times import CpuTime, CpuTimes
from pytest_sdperf.launch.process_counts import Waits
from pytest_sdperf.measure import engine, noise_watch
from pytest_sdperf.report import json as report_json

PIPELINE = """
import os
import numpy as np

class Ship:
    def sdperf_facts(self):
        return {"threads": os.environ.get("OMP_NUM_THREADS", "all"), "cpus": ",".join(map(str, sorted(os.sched_getaffinity(0))))}
    def __call__(self, *, prompt, latents, **_):
        grown = np.kron(np.tanh(latents[0, :3] + len(prompt) / 100), np.ones((8, 8), np.float32)).transpose(1, 2, 0)
        return (0.5 + 0.4 * grown)[None]

def build(context):
    return Ship()
"""

CONFTEST = """
    from pytest_sdperf import Claim, Launch, Variant

    def pytest_sdperf_variants():
        own = dict(factory="harbour:build", needs_model=False, reference=None)
        return [
            Variant("ship", **own, claims=(Claim("fact", "threads=%s"),)),
            Variant("boat", **own, claims=(Claim("fact", "cpus=%s"), Claim("affinity")), launch=Launch(pin=True)),
        ]
"""


@pytest.fixture
def quota(monkeypatch):
    """Give the inner session a CPU quota."""

    def quota(cpus):
        monkeypatch.setattr(cgroup, "cpu_quota", lambda root=None: cpus)
        monkeypatch.setattr(noise_watch, "cpu_quota", lambda: cpus)

    return quota


@pytest.fixture
def four_cpus(monkeypatch):
    """An affinity of four CPUs on four cores, whatever this machine has."""
    monkeypatch.setattr(resources, "allowed_cpus", lambda: (0, 1, 2, 3))
    monkeypatch.setattr(resources, "physical_cores", lambda cpus, root=None: [(cpu,) for cpu in cpus])


@pytest.mark.usefixtures("real_workers", "four_cpus")
@pytest.mark.parametrize(
    ("cpus", "threads"), [(2.0, "2"), (1.5, "1"), (0.5, "1"), (4.0, "all"), (64.0, "all"), (None, "all")]
)
def test_an_unpinned_worker_computes_with_the_threads_that_the_quota_feeds(
    project, quota, told, monkeypatch, cpus, threads
):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    quota(cpus)
    (project.path / "harbour.py").write_text(PIPELINE)
    project.conftest(CONFTEST % (threads, "0"))
    result = project.run("--sdperf-update=new", "--sdperf-processes=1", "--sdperf-gate=proof")
    result.assert_outcomes(passed=1)
    note = f"NOTE a CPU quota of {cpus or 0:g} limits this session to less than its CPUs: workers compute with"
    assert (note in result.stdout.str()) is (threads != "all")


V2 = "31 23 0:28 {root} /sys/fs/cgroup rw,relatime - cgroup2 cgroup2 rw\n"
V1 = "32 31 0:29 {root} /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct\n"


def v2(own, **quotas):
    return own, V2, {f"sys/fs/cgroup/{name}/cpu.max": text for name, text in quotas.items()}


def v1(own, **quotas):
    files = {}
    for name, text in quotas.items():
        files[f"sys/fs/cgroup/cpu,cpuacct/{name}/cpu.cfs_quota_us"], period = text.split()
        files[f"sys/fs/cgroup/cpu,cpuacct/{name}/cpu.cfs_period_us"] = period
    return own, V1, files


@pytest.fixture
def container(quota, tree):
    """Give the inner session the quota that cgroup files say."""
    real = cgroup.cpu_quota

    def container(own, mount, files, root="/"):
        line = f"0::{own}\n" if "cgroup2" in mount else f"4:cpu,cpuacct:{own}\n0::/\n"
        quota(real(tree({"proc/self/mountinfo": mount.format(root=root), "proc/self/cgroup": line, **files})))

    return container


@pytest.mark.usefixtures("real_workers", "four_cpus")
@pytest.mark.parametrize(
    ("cgroups", "cpus"),
    [
        (v2("/box", box="50000 100000"), "0.5"),
        (v2("/pod/box", pod="150000 100000"), "1.5"),
        (v2("/pod/box", **{"pod": "50000 100000", "pod/box": "200000 100000"}), "0.5"),
        (v2("/pod/box", **{"pod": "max 100000", "pod/box": "100000 50000"}), "2"),
        (v2("/box", box="max 100000"), ""),
        (v1("/box", box="50000 100000"), "0.5"),
        (v1("/docker/box", docker="250000 100000"), "2.5"),
        (v1("/docker/box", **{"docker": "-1 100000", "docker/box": "30000 100000"}), "0.3"),
        (v1("/box", box="-1 100000"), ""),
    ],
)
def test_the_quota_is_found_wherever_it_stands(project, container, told, monkeypatch, cgroups, cpus):
    """cgroup v1 and v2, below one CPU, in the group itself and in one above it."""
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    container(*cgroups)
    (project.path / "harbour.py").write_text(PIPELINE)
    threads = str(max(int(float(cpus)), 1)) if cpus else "all"
    project.conftest(CONFTEST % (threads, "0"))
    result = project.run("--sdperf-update=new", "--sdperf-processes=1", "--sdperf-rounds=1", "--sdperf-gate=proof")
    result.assert_outcomes(passed=1)
    if cpus:
        told(
            result,
            f"NOTE a CPU quota of {cpus} limits this session to less than its CPUs: workers compute with {threads}",
        )
    else:
        assert "a CPU quota" not in result.stdout.str()


@pytest.fixture
def one_cpu():
    """A cpuset of the last CPU; its number."""
    before = os.sched_getaffinity(0)
    last = max(before)
    os.sched_setaffinity(0, {last})
    yield last
    os.sched_setaffinity(0, before)


@pytest.mark.usefixtures("real_workers")
@pytest.mark.parametrize(("cpus", "limits"), [(None, False), (1.0, False), (0.5, True)])
def test_a_cpuset_smaller_than_the_host_is_all_there_is(project, quota, one_cpu, told, cpus, limits):
    """Pinned workers keep the only CPU, whatever its number; a quota of as many CPUs limits nothing."""
    quota(cpus)
    (project.path / "harbour.py").write_text(PIPELINE)
    project.conftest(CONFTEST % ("1", one_cpu))
    project.test("def test_boat(sd_boat): sd_boat.check(num_inference_steps=1)")
    result = project.run("--sdperf-update=new", "--sdperf-processes=1", "--sdperf-rounds=1", "--sdperf-gate=proof")
    result.assert_outcomes(passed=1)
    assert ("NOTE a CPU quota of 0.5" in result.stdout.str()) is limits


BOUND = CONFTEST.replace("Launch(pin=True)", "Launch(pin=True, env={'OMP_PROC_BIND': 'close'})")
"""Its one thread stays where it is put."""


@pytest.fixture
def two_cpus(monkeypatch):
    """The first two CPUs of this process, on cores of their own."""
    found = sorted(os.sched_getaffinity(0))[:2]
    if len(found) < 2:
        pytest.skip("needs two CPUs")
    monkeypatch.setattr(resources, "allowed_cpus", lambda: tuple(found))
    monkeypatch.setattr(resources, "physical_cores", lambda cpus, root=None: [(cpu,) for cpu in cpus])
    return found


@pytest.fixture
def bound_to(project, real_workers, quota, two_cpus, monkeypatch):
    """Run a worker that binds its thread while the other CPU is busy: it must be on this one."""

    def bound_to(cpu, *args):
        [other] = {*two_cpus} - {cpu}
        steps = iter(range(10**6))

        def times(root=None):
            busy_s = float(next(steps))
            return CpuTimes({cpu: CpuTime(0.0), other: CpuTime(busy_s)})

        quota(1.0)
        monkeypatch.setattr(counters, "cpu_times", times)
        (project.path / "harbour.py").write_text(PIPELINE)
        project.conftest(BOUND % ("1", cpu))
        project.test("def test_boat(sd_boat): sd_boat.check(num_inference_steps=1)")
        return project.run("--sdperf-processes=1", "--sdperf-rounds=1", "--sdperf-gate=proof", *args)

    return bound_to


@pytest.mark.parametrize("free", [0, 1])
def test_of_two_containers_that_bind_their_threads_the_second_takes_the_free_core(bound_to, two_cpus, free):
    """The one before has the other core, be it the first of the machine or not."""
    bound_to(two_cpus[free], "--sdperf-update=new").assert_outcomes(passed=1)


@pytest.mark.parametrize(("neighbour", "counts"), [("on our CPU", True), ("on the other CPU", False)])
def test_a_neighbour_that_takes_a_whole_cpu(project, bound_to, two_cpus, told, monkeypatch, neighbour, counts):
    """For ten seconds, told; the worker and the CPU that it is bound to are real. The quota leaves the other to others."""
    ours, other = two_cpus
    taken = ours if counts else other
    seconds = iter(range(0, 1000, 10))

    def watch():
        clock = iter([0, 10 * 10**9])
        return noise_watch.NoiseWatch(
            cpu_times=lambda: CpuTimes({cpu: CpuTime(float(now) if cpu == taken else 0.0) for now in [next(seconds)] for cpu in two_cpus}),
            clock_ns=lambda: next(clock), own_s=lambda: 0.0, cpus=lambda: two_cpus, quota=lambda: 1.0, throttled_s=lambda: 0.0,
        )  # fmt: skip

    monkeypatch.setattr(engine, "NoiseWatch", watch)
    bound_to(ours, "--sdperf-update=new", "--sdperf-json=out.json").assert_outcomes(passed=1)
    [run] = report_json.read((project.path / "out.json").read_text()).outcomes[0].measurement.processes
    assert (run.seen.foreign > 0.5) is counts
    assert (run.seen.foreign < 0.1) is not counts


@pytest.mark.usefixtures("real_workers")
def test_a_pinned_worker_is_not_bound_to_the_first_core_of_every_container(project, quota):
    """Two usable CPUs, time for one: the scheduler parts two such containers."""
    every = sorted(os.sched_getaffinity(0))
    if len(every) < 2:
        pytest.skip("needs two CPUs")
    quota(1.0)
    (project.path / "harbour.py").write_text(PIPELINE)
    project.conftest(CONFTEST % ("1", ",".join(map(str, every))))
    project.test("def test_boat(sd_boat): sd_boat.check(num_inference_steps=1)")
    project.run("--sdperf-update=new", "--sdperf-processes=1", "--sdperf-gate=proof").assert_outcomes(passed=1)


def test_threads_beyond_the_quota_are_noted(project, weather, quota, four_cpus, told, monkeypatch):
    """The user says eight threads: that stands, and the run says what it means."""
    quota(2.0)
    monkeypatch.setattr("pytest_sdperf.worker.workbench.library_threads", lambda pipeline: 8)
    result = project.run("--sdperf-update=new")
    told(
        result,
        "NOTE ship computes with 8 threads under a CPU quota of 2, which stops them for a part of each period: a speed-up "
        "over it is not comparable; set OMP_NUM_THREADS=2, or raise the quota",
    )


def test_a_throttled_process_is_disturbed(project, weather, told):
    project.record_with_a_past()
    weather.step_ns["ship"] = 1_500_000
    weather.seen_alone = [{"throttled": 0.9, "lost_s": 0.9}] * 3
    result = project.run("--sdperf-gate=latency", "--sdperf-processes=3")
    result.assert_outcomes(passed=1)
    told(
        result,
        "3 of 3 processes were disturbed, the last because a CPU quota stopped its threads for 90.0 % of the time that it "
        "allows (limit 10 %; compute with fewer threads, OMP_NUM_THREADS, or raise the quota)",
    )


def test_throttled_pairs_do_not_count(project, weather, told):
    weather.seen = [{"throttled": 0.9}] * 24
    result = project.run("--sdperf-against=self", "--sdperf-gate=latency")
    result.assert_outcomes(failed=1)
    told(result, "5 of 5 pairs were disturbed, the last because a CPU quota stopped its threads")


def test_a_neighbour_on_the_cpu_that_a_case_is_bound_to_is_seen():
    """The quota leaves three CPUs to others, but not this one; the counts are told, the arithmetic is the real one."""

    class Bound:
        def cpu_ns(self):
            return 0

        def waits(self):
            return Waits(0, 0)

        def cpus(self):
            return frozenset({2})

    clock = iter(range(0, 10**12, 10**9))
    busy = iter(range(10**6))
    watch = noise_watch.NoiseWatch(
        cpu_times=lambda: CpuTimes({cpu: CpuTime(float(step) if cpu == 2 else 0.0) for step in [next(busy)] for cpu in range(4)}),
        own_s=lambda: 0.0, clock_ns=lambda: next(clock), cpus=lambda: range(4), quota=lambda: 1.0, throttled_s=lambda: 0.0,
    )  # fmt: skip
    watch.begin([Bound()])
    assert watch.end([]).foreign == pytest.approx(1.0)
