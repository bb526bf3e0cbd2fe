"""A container's CPU quota: threads that it stops, cores that two containers share, speed-ups that are only throttling."""

import os

import pytest

from pytest_sdperf.hardware import cgroup, resources
from pytest_sdperf.hardware.cpu_times import CpuTime, CpuTimes
from pytest_sdperf.launch.process_counts import Waits
from pytest_sdperf.measure import noise_watch

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
    result = project.run("--sdperf-gate=latency")
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
