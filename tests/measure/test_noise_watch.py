"""What else the machine did: arithmetic on told counts, and one look at the real ones."""

import os
from types import SimpleNamespace

import pytest

from pytest_sdperf.measure import noise_watch
from pytest_sdperf.measure.noise_watch import CpuTimes, NoiseWatch
from pytest_sdperf.measurement import Disturbance, Usage

MS = 1_000_000
"ns"


class Told:
    """A machine of four CPUs whose counts are set; its clock moves by sleeping and by the kernel."""

    def __init__(self):
        self.busy_s, self.steal_s, self.own_s = 1000.0, 50.0, 7.0
        self.now_ns = 12345
        self.kernel_ns = []
        self.mhz = 3100.0
        self.slept_s = []

    def run_kernel(self):
        self.now_ns += self.kernel_ns.pop(0)

    def sleep(self, seconds):
        self.slept_s.append(seconds)
        self.now_ns += round(seconds * 1e9)

    def watch(self, spare=0.0):
        return NoiseWatch(
            cpu_times=lambda: CpuTimes(self.busy_s, self.steal_s),
            own_s=lambda: self.own_s,
            frequency=lambda: self.mhz,
            kernel=self.run_kernel,
            clock_ns=lambda: self.now_ns,
            sleep=self.sleep,
            cpus=4,
            spare=spare,
        )


@pytest.fixture
def told():
    return Told()


@pytest.fixture
def counts():
    """Time on CPUs of two arms, ns."""
    return {"base": 3_000 * MS, "head": 2_000 * MS}


@pytest.fixture
def watching(told, counts):
    """A watch that has begun."""
    watch = told.watch()
    watch.begin([lambda: counts["base"], lambda: counts["head"]])
    return watch


def test_shares_are_of_all_cpus_time_without_what_is_ours(watching, told, counts):
    told.now_ns += 10_000 * MS
    told.steal_s += 0.8
    told.busy_s += 30.0
    told.own_s += 1.0
    counts["base"] += 12_000 * MS
    counts["head"] += 13_000 * MS
    assert watching.end([Usage(3, 1), Usage(4, 2)]) == Disturbance(
        window_s=10.0,
        steal=pytest.approx(0.8 / 40),
        foreign=pytest.approx((30 - 1 - 12 - 13) / 40),
        involuntary_switches=7,
        major_faults=3,
        kernel_ns=0.0,
        frequency_mhz=3100.0,
    )


def test_counts_that_do_not_fit_together_are_never_negative(watching, told, counts):
    """The machine's are rounded to hundredths of a second, and steal can run backwards after a migration."""
    told.now_ns += 1_000 * MS
    told.busy_s += 1.0
    told.steal_s -= 3.0
    counts["head"] += 1_004 * MS
    seen = watching.end([])
    assert (seen.steal, seen.foreign) == (0.0, 0.0)
    assert (seen.involuntary_switches, seen.major_faults) == (0, 0)


@pytest.mark.parametrize(("others_s", "foreign"), [(20.0, 0.0), (20.1, 0.1 / 20), (30.0, 0.5)])
def test_under_a_quota_others_may_have_the_cpus_beyond_it(told, others_s, foreign):
    """Two of four CPUs for ten seconds: 20 s are others' to use, and 20 s ours."""
    watch = told.watch(spare=2.0)
    watch.begin([])
    told.now_ns += 10_000 * MS
    told.busy_s += others_s
    told.steal_s += 4.0
    seen = watch.end([])
    assert seen.foreign == pytest.approx(foreign)
    assert seen.steal == pytest.approx(0.1)


@pytest.mark.parametrize(("quota", "spare"), [(None, 0.0), (1.5, 2.5), (4.0, 0.0), (64.0, 0.0)])
def test_what_a_quota_leaves_to_others(monkeypatch, quota, spare):
    monkeypatch.setattr(noise_watch, "usable_cpus", lambda: [0, 1, 2, 3])
    monkeypatch.setattr(noise_watch, "cpu_quota", lambda: quota)
    assert noise_watch.spare_cpus() == spare


def test_a_window_of_no_time_divides_nothing_by_zero(watching, told):
    told.busy_s += 1.0
    assert watching.end([]).window_s == 1e-9


@pytest.mark.parametrize("unknown", ["at the beginning", "at the end"])
def test_where_the_arms_own_time_is_unknown_nobody_is_blamed_for_it(told, unknown):
    counts = [None, 5 * MS] if unknown == "at the beginning" else [5 * MS, None]
    watch = told.watch()
    watch.begin([lambda: counts.pop(0), lambda: 1])
    told.now_ns += 1_000 * MS
    told.busy_s += 4.0
    told.steal_s += 0.4
    seen = watch.end([])
    assert seen.foreign == 0.0
    assert seen.steal == pytest.approx(0.1)


def test_a_watch_sees_its_own_pair_only(told, counts):
    watch = told.watch()
    told.kernel_ns = [9 * MS, 1 * MS]
    watch.begin([])
    told.busy_s += 100.0
    told.now_ns += 1_000 * MS
    watch.time_kernel()
    watch.begin([])
    told.now_ns += 1_000 * MS
    watch.time_kernel()
    seen = watch.end([])
    assert (seen.window_s, seen.foreign, seen.kernel_ns) == (1.001, 0.0, 1 * MS)


def test_the_kernels_time_is_returned_and_its_median_kept(watching, told):
    told.kernel_ns = [4 * MS, 40 * MS, 5 * MS]
    assert [watching.time_kernel() for _ in range(3)] == [4 * MS, 40 * MS, 5 * MS]
    assert watching.end([]).kernel_ns == 5 * MS


def busy_for(told, steps, used_ns=5 * MS):
    """The count of an arm that computes for so many looks after the first, and then rests."""
    looks = [0]

    def count():
        looks.append(looks[-1] + (used_ns if len(looks) <= steps + 1 else 0))
        return looks[-1]

    return count


@pytest.mark.parametrize("steps", [0, 1, 7])
def test_a_busy_arm_is_waited_for(watching, told, steps):
    watching.wait_until_quiet(busy_for(told, steps))
    assert told.slept_s == [0.005] * (steps + 1)


@pytest.mark.parametrize(("used_ns", "waits"), [(250_000, 1), (250_001, 2)])
def test_both_sides_of_quiet(watching, told, used_ns, waits):
    """A twentieth of one CPU over a step of 5 ms."""
    watching.wait_until_quiet(busy_for(told, 1, used_ns))
    assert len(told.slept_s) == waits


def test_an_arm_that_never_rests_is_waited_for_two_seconds(watching, told):
    watching.wait_until_quiet(busy_for(told, 10**6))
    assert sum(told.slept_s) == pytest.approx(2.0)
    watching.wait_until_quiet(busy_for(told, 1))
    assert watching.end([]).restless == 1


def test_nobody_waits_where_the_system_does_not_say(watching, told):
    watching.wait_until_quiet(lambda: None)
    assert told.slept_s == []
    ends = iter([5, None])
    watching.wait_until_quiet(lambda: next(ends))
    assert len(told.slept_s) == 1
    assert watching.end([]).restless == 0


@pytest.fixture
def system(monkeypatch):
    """What psutil says of four CPUs, of which 0 and 2 are ours, and of CPU 9, which is hidden from it."""
    psutil = pytest.importorskip("psutil")
    monkeypatch.setattr(noise_watch, "usable_cpus", lambda: [0, 2, 9])

    def system(name, answer):
        def ask(*, percpu):
            assert percpu
            if isinstance(answer, Exception):
                raise answer
            return answer

        monkeypatch.setattr(psutil, name, ask)

    return system


def test_only_usable_cpus_count(system):
    linux = [
        SimpleNamespace(user=n, nice=0.1, system=0.2, idle=99.0, iowait=9.0, irq=0.3, softirq=0.4, steal=n / 10)
        for n in (1.0, 20.0, 3.0, 40.0)
    ]
    system("cpu_times", linux)
    assert noise_watch.machine_cpu_times() == CpuTimes(pytest.approx(1.0 + 3.0 + 2 * 1.0), pytest.approx(0.4))
    system("cpu_times", [SimpleNamespace(user=2.0, system=1.0, nice=0.5, idle=9.0)] * 4)  # macOS knows no more
    assert noise_watch.machine_cpu_times() == CpuTimes(7.0, 0.0)


@pytest.mark.parametrize(
    ("answer", "mhz"),
    [
        ([SimpleNamespace(current=f) for f in (3000.0, 1.0, 2000.0, 1.0)], 2500.0),
        ([SimpleNamespace(current=f) for f in (3000.0, 1.0, 0.0, 1.0)], None),
        ([], None),
        (OSError("no sysfs"), None),
        (NotImplementedError(), None),
        (AttributeError(), None),
    ],
)
def test_frequency_is_told_where_the_system_says_it(system, answer, mhz):
    system("cpu_freq", answer)
    assert noise_watch.frequency_mhz() == mhz


def test_this_machine_says_something_sensible():
    watch = NoiseWatch()
    watch.begin([lambda: 0])
    assert watch.cpus == len(os.sched_getaffinity(0))
    assert watch.time_kernel() > 0
    seen = watch.end([Usage(1, 0)])
    assert 0 < seen.window_s < 600
    assert 0 <= seen.steal <= 1
    assert seen.foreign >= 0
    assert seen.kernel_ns > 0
    assert seen.frequency_mhz is None or 100 < seen.frequency_mhz < 10_000


def test_real_counts_only_grow():
    before, own_before = noise_watch.machine_cpu_times(), noise_watch.own_cpu_s()
    noise_watch.calibration_kernel()
    after, own_after = noise_watch.machine_cpu_times(), noise_watch.own_cpu_s()
    assert after.busy_s >= before.busy_s > 0
    assert after.steal_s >= before.steal_s >= 0
    assert own_after >= own_before > 0
