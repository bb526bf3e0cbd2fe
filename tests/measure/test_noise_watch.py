"""What else the machine did: arithmetic on told counts, and one look at the real ones."""

import pytest

from pytest_sdperf.hardware.cpu_times import CpuTime, CpuTimes
from pytest_sdperf.launch.process_counts import Waits
from pytest_sdperf.measure import noise_watch
from pytest_sdperf.measure.noise_watch import NoiseWatch
from pytest_sdperf.measurement import Disturbance, Usage

MS = 1_000_000
"ns"


class Process:
    """A timed process whose counts are set."""

    def __init__(self, cpu_ns=0, waited_ns=0, cpus=()):
        self.used_ns, self.late_ns, self.bound_to = cpu_ns, waited_ns, frozenset(cpus)
        self.forgotten_ns = 0
        self.forgets_children = False

    def cpu_ns(self):
        return self.used_ns

    def waits(self):
        if self.late_ns is None:
            return None
        return Waits(self.late_ns, (self.used_ns or 0) - self.forgotten_ns, self.forgets_children)

    def cpus(self):
        return self.bound_to


class Told:
    """A machine of four CPUs whose counts are set; its clock moves by sleeping and by the kernel."""

    def __init__(self):
        self.busy_s, self.steal_s = dict.fromkeys(range(4), 1000.0), dict.fromkeys(range(4), 50.0)
        self.cpus, self.hidden_because, self.has_steal = [0, 1, 2, 3], "", True
        self.own_s, self.quota, self.throttled_s = 7.0, None, None
        self.now_ns = 12345
        self.kernel_ns = []
        self.mhz = 3100.0
        self.slept_s = []

    def run_kernel(self):
        self.now_ns += self.kernel_ns.pop(0)

    def sleep(self, seconds):
        self.slept_s.append(seconds)
        self.now_ns += round(seconds * 1e9)

    def busy(self, *seconds):
        """So many seconds of work on each CPU in turn."""
        for cpu, more_s in enumerate(seconds):
            self.busy_s[cpu] += more_s

    def cpu_times(self):
        by_number = {cpu: CpuTime(busy_s, self.steal_s[cpu]) for cpu, busy_s in self.busy_s.items()}
        return CpuTimes(by_number, self.hidden_because, self.has_steal)

    def watch(self):
        return NoiseWatch(
            cpu_times=self.cpu_times,
            own_s=lambda: self.own_s,
            frequency=lambda: self.mhz,
            kernel=self.run_kernel,
            clock_ns=lambda: self.now_ns,
            sleep=self.sleep,
            cpus=lambda: self.cpus,
            quota=lambda: self.quota,
            throttled_s=lambda: self.throttled_s,
        )


@pytest.fixture
def told():
    return Told()


@pytest.fixture
def base():
    return Process(3_000 * MS)


@pytest.fixture
def head():
    return Process(2_000 * MS)


@pytest.fixture
def watching(told, base, head):
    """A watch that has begun."""
    watch = told.watch()
    watch.begin([base, head])
    return watch


def test_shares_are_of_all_cpus_time_without_what_is_ours(watching, told, base, head):
    told.now_ns += 10_000 * MS
    told.steal_s[1] += 0.8
    told.busy(20.0, 10.0)
    told.own_s += 1.0
    base.used_ns += 12_000 * MS
    head.used_ns += 13_000 * MS
    base.late_ns += 300 * MS
    assert watching.end([Usage(3, 1), Usage(4, 2)]) == Disturbance(
        window_s=10.0,
        steal=pytest.approx(0.8 / 40),
        foreign=pytest.approx((30 - 1 - 12 - 13) / 40),
        involuntary_switches=7,
        major_faults=3,
        kernel_ns=0.0,
        frequency_mhz=3100.0,
        lost_s=pytest.approx(0.8 + 0.3),
    )


def test_counts_that_do_not_fit_together_are_never_negative(watching, told, head):
    """The machine's are rounded to hundredths of a second, and steal can run backwards after a migration."""
    told.now_ns += 1_000 * MS
    told.busy(1.0)
    told.steal_s[2] -= 3.0
    head.used_ns += 1_004 * MS
    head.late_ns -= 5 * MS
    seen = watching.end([])
    assert (seen.steal, seen.foreign, seen.lost_s, seen.unseen) == (0.0, 0.0, 0.0, "")
    assert (seen.involuntary_switches, seen.major_faults) == (0, 0)


def test_a_cpu_whose_counters_run_backwards_hides_no_other_one(watching, told):
    told.now_ns += 1_000 * MS
    told.steal_s[2] -= 3.0
    told.steal_s[3] += 0.4
    told.busy(-5.0, 0.8)
    seen = watching.end([])
    assert (seen.steal, seen.foreign) == (pytest.approx(0.1), pytest.approx(0.2))


@pytest.mark.parametrize(
    ("others_s", "waited_s", "foreign"),
    [
        ((20.0,), 0.0, 0.0),
        ((10.0, 10.1), 0.0, 0.1 / 20),
        ((10.0, 10.0, 10.0), 0.0, 0.5),
        ((10.0,), 4.0, 0.2),  # it ran where we wanted to
        ((1.0,), 4.0, 0.05),  # we waited for each other, too
        ((0.0,), 4.0, 0.0),
    ],
)
def test_under_a_quota_others_may_have_the_cpus_beyond_it_where_we_need_not_wait(
    told, base, others_s, waited_s, foreign
):
    """Two of four CPUs for ten seconds: 20 s are others' to use, and 20 s ours."""
    told.quota = 2.0
    watch = told.watch()
    watch.begin([base])
    told.now_ns += 10_000 * MS
    told.busy(*others_s)
    base.late_ns += round(waited_s * 1e9)
    told.steal_s[0] += 4.0
    seen = watch.end([])
    assert seen.foreign == pytest.approx(foreign)
    assert seen.steal == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("others_s", "foreign"), [((0.0, 0.0, 0.0, 10.0), 0.0), ((3.0,), 0.3), ((1.0, 1.0), 0.1), ((0.0, 9.0), 0.9)]
)
def test_load_on_the_cpus_that_a_process_is_bound_to_is_never_forgiven(told, others_s, foreign):
    """A quota of one CPU leaves three to others, but not that one."""
    told.quota = 1.0
    bound = Process(cpus=(0,) if len(others_s) == 1 else (1,) if others_s == (0.0, 9.0) else (0,))
    watch = told.watch()
    watch.begin([bound])
    told.now_ns += 10_000 * MS
    told.busy(*others_s)
    assert watch.end([]).foreign == pytest.approx(foreign)


def test_without_a_quota_load_on_a_bound_processs_cpus_counts_of_these(told):
    bound = Process(cpus=(0, 1))
    watch = told.watch()
    watch.begin([bound])
    told.now_ns += 10_000 * MS
    bound.used_ns += 10_000 * MS
    told.busy(10.0, 10.0)
    assert watch.end([]).foreign == pytest.approx(0.5)


@pytest.mark.parametrize(("quota", "share"), [(None, 0.0), (1.5, 6 / 15), (4.0, 0.15), (64.0, 6 / 640)])
def test_what_a_quota_withheld_is_a_share_of_what_it_allows(told, base, quota, share):
    told.quota, told.throttled_s = quota, 100.0
    watch = told.watch()
    watch.begin([base])
    told.now_ns += 10_000 * MS
    told.throttled_s += 6.0
    seen = watch.end([])
    assert seen.throttled == pytest.approx(share)
    assert seen.lost_s == pytest.approx(6.0)


def test_cpus_that_are_switched_off_or_on_meanwhile_are_named(watching, told):
    del told.busy_s[3]
    told.busy_s[4] = told.steal_s[4] = 10_000.0
    told.cpus = [0, 1, 2, 4]
    told.now_ns += 1_000 * MS
    told.busy(0.4)
    seen = watching.end([])
    assert (seen.switched_cpus, seen.unseen) == ([3, 4], "")
    assert seen.foreign == pytest.approx(0.4 / 5)


def test_cpus_are_found_by_number_where_lower_ones_are_off(told, base):
    """The second of two entries is CPU 2's."""
    told.cpus = [0, 2]
    told.busy_s, told.steal_s = {0: 5.0, 2: 100.0}, {0: 0.0, 2: 0.0}
    watch = told.watch()
    watch.begin([base])
    told.now_ns += 10_000 * MS
    told.busy_s[2] += 10.0
    told.steal_s[2] += 5.0
    seen = watch.end([])
    assert (seen.foreign, seen.steal) == (pytest.approx(0.5), pytest.approx(0.25))


@pytest.mark.parametrize(
    ("change", "unseen"),
    [
        ({"hidden_because": "it is hidden"}, "it is hidden"),
        ({"cpus": [3, 4]}, "/proc/stat does not show CPU 4, which this process may use (lxcfs?)"),
        ({"cpus": [4, 5]}, "/proc/stat does not show CPUs 4, 5, which this process may use (lxcfs?)"),
    ],
)
def test_where_the_counters_are_of_other_cpus_nothing_is_called_quiet(told, base, change, unseen):
    for name, value in change.items():
        setattr(told, name, value)
    watch = told.watch()
    watch.begin([base])
    told.now_ns += 10_000 * MS
    told.busy(10.0, 10.0, 10.0, 10.0)
    told.steal_s[3] += 9.0
    seen = watch.end([])
    assert (seen.foreign, seen.steal, seen.lost_s, seen.unseen) == (0.0, 0.0, None, unseen)


@pytest.mark.parametrize(("used_s", "unseen"), [(1.69, False), (1.72, True)])
def test_counters_that_show_less_than_we_used_ourselves_are_of_other_cpus(watching, told, head, used_s, unseen):
    """Half as much again and 0.2 s are allowed: 1 s of work, 1.7 s of our own."""
    told.now_ns += 10_000 * MS
    told.busy(1.0)
    head.used_ns += round(used_s * 1e9)
    seen = watching.end([])
    assert bool(seen.unseen) is unseen
    if unseen:
        assert seen.unseen == (
            "the counters of CPUs 0, 1, 2, 3 show 1 s of work, and this session's own processes took 1.72 s"
        )


def test_a_window_of_no_time_divides_nothing_by_zero(watching, told):
    told.busy(1.0)
    assert watching.end([]).window_s == 1e-9


@pytest.mark.parametrize("unknown", ["at the beginning", "at the end"])
def test_where_the_processes_own_time_is_unknown_nobody_is_blamed_for_it(told, base, head, unknown):
    base.used_ns = None if unknown == "at the beginning" else 5 * MS
    watch = told.watch()
    watch.begin([base, head])
    base.used_ns = 5 * MS if unknown == "at the beginning" else None
    told.now_ns += 1_000 * MS
    told.busy(4.0)
    told.steal_s[0] += 0.4
    seen = watch.end([])
    assert seen.foreign == 0.0
    assert seen.steal == pytest.approx(0.1)
    assert seen.unseen == "the system does not say how long the pipeline's own processes computed"


@pytest.mark.parametrize("lost", ["a signal is ignored", "time ran backwards"])
def test_where_the_time_of_children_is_lost_nobody_is_blamed_for_it(told, base, lost):
    watch = told.watch()
    watch.begin([base])
    if lost == "a signal is ignored":
        base.forgets_children = True
    else:
        base.used_ns -= 1
    told.now_ns += 1_000 * MS
    told.busy(4.0)
    told.steal_s[0] += 0.4
    seen = watch.end([])
    assert (seen.foreign, seen.steal) == (0.0, pytest.approx(0.1))
    assert seen.unseen.startswith("a process of the pipeline ignores SIGCHLD")


@pytest.mark.parametrize(
    ("change", "lost_s"), [("", 1.0 + 0.2 + 0.05 * 6), ("restless", 8.0), ("switched", 8.0), ("children", 8.0)]
)
def test_time_that_threads_waited_for_each_other_is_nobody_elses(told, base, change, lost_s):
    """Others took 1 s of 6 s; 8 s of waiting cannot all be for them."""
    watch = told.watch()
    watch.begin([base])
    if change == "restless":
        watch.wait_until_quiet(busy_for(told, 10**6))
    if change == "switched":
        del told.busy_s[3]
    base.forgets_children = change == "children"
    told.now_ns += 10_000 * MS
    told.busy(3.0, 3.0)
    base.used_ns += 5_000 * MS
    base.late_ns += 8_000 * MS
    assert watch.end([]).lost_s == pytest.approx(lost_s)


@pytest.mark.parametrize(("has_steal", "hidden"), [(True, ""), (False, ""), (False, "it is hidden")])
def test_a_missing_column_of_steal_is_said(told, base, has_steal, hidden):
    told.has_steal, told.hidden_because = has_steal, hidden
    watch = told.watch()
    watch.begin([base])
    assert watch.end([]).unseen_steal is not (has_steal or bool(hidden))


def test_where_waiting_is_not_counted_what_was_lost_is_unknown(told, base):
    base.late_ns = None
    watch = told.watch()
    watch.begin([base])
    told.now_ns += 1_000 * MS
    assert watch.end([]).lost_s is None


@pytest.mark.parametrize(("forgotten_s", "known"), [(1.15, True), (1.25, False)])
def test_where_threads_ended_their_waiting_is_unknown(told, base, forgotten_s, known):
    """Of 10 s of work, a tenth and 0.2 s may be that of threads that have ended."""
    watch = told.watch()
    watch.begin([base])
    told.now_ns += 20_000 * MS
    told.busy(10.0)
    base.used_ns += 10_000 * MS
    base.forgotten_ns += round(forgotten_s * 1e9)
    base.late_ns += 100 * MS
    assert watch.end([]).lost_s == (pytest.approx(0.1) if known else None)


def test_a_watch_sees_its_own_pair_only(told):
    watch = told.watch()
    told.kernel_ns = [9 * MS, 1 * MS]
    watch.begin([])
    told.busy(100.0)
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


@pytest.mark.parametrize(
    ("every", "mhz"),
    [({0: 3000.0, 1: 1.0, 2: 2000.0}, 2500.0), ({0: 3000.0, 1: 1.0}, None), ({}, None)],
)
def test_frequency_is_the_mean_of_the_usable_cpus(monkeypatch, every, mhz):
    monkeypatch.setattr(noise_watch, "usable_cpus", lambda: [0, 2])
    monkeypatch.setattr(noise_watch, "frequencies_mhz", lambda: every)
    assert noise_watch.frequency_mhz() == mhz


def test_this_machine_says_something_sensible():
    watch = NoiseWatch()
    watch.begin([Process()])
    assert watch.time_kernel() > 0
    seen = watch.end([Usage(1, 0)])
    assert 0 < seen.window_s < 600
    assert 0 <= seen.steal <= 1
    assert seen.foreign >= 0
    assert seen.kernel_ns > 0
    assert seen.frequency_mhz is None or 100 < seen.frequency_mhz < 10_000


def test_own_time_only_grows():
    before_s = noise_watch.own_cpu_s()
    noise_watch.calibration_kernel()
    assert noise_watch.own_cpu_s() >= before_s > 0
