"""Load that makes a slow case pass: from others, from the pipeline's own daemons, and load that nobody can see."""

import os
import sys

import pytest
from inner_session import LONE_SHIP

from pytest_sdperf.hardware.cpu_times import CpuTime, CpuTimes
from pytest_sdperf.measure import engine, noise_watch
from pytest_sdperf.measure.noise_watch import NoiseWatch
from pytest_sdperf.report import json as report_json

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux says what its CPUs do")

BUSY = {"foreign": 0.51}
"""One core of two is taken."""


@pytest.fixture(autouse=True)
def _three_processes(project, monkeypatch):
    """Of which it is told below how many were disturbed."""
    monkeypatch.setenv("PYTEST_ADDOPTS", "--sdperf-processes=3")


def slower(weather, factor):
    weather.step_ns["ship"] = round(1_000_000 * factor)


class TestLoadOfOthers:
    """What others took explains only so much of a slowdown."""

    def test_a_slowdown_of_seventy_times_stays_regressed(self, project, weather, told):
        project.record()
        slower(weather, 300)
        weather.seen_alone = [BUSY] * 3
        result = project.run("--sdperf-gate=latency", "--sdperf-max-slowdown=5%")
        result.assert_outcomes(failed=1)
        told(
            result,
            "latency REGRESSED",
            "3 of 3 processes were disturbed, the last because other processes took 51.0 % of the CPUs' time (limit 10 %), "
            "which explains at most 10x",
        )

    def test_a_slowdown_that_the_load_may_explain_is_no_verdict(self, project, weather, told):
        project.record_with_a_past()
        slower(weather, 5)
        weather.seen_alone = [BUSY] * 3
        result = project.run("--sdperf-gate=latency")
        result.assert_outcomes(passed=1)
        told(result, "INCONCLUSIVE ship: latency: ", "but 3 of 3 processes were disturbed")

    def test_where_nobody_waited_little_is_explained(self, project, weather, told):
        """The load was on the other core all the time."""
        project.record_with_a_past()
        slower(weather, 5)
        weather.seen_alone = [{**BUSY, "lost_s": 0.02}] * 3
        result = project.run("--sdperf-gate=latency")
        result.assert_outcomes(failed=1)
        told(result, "latency REGRESSED", "which explains at most 2.04x")

    def test_steal_explains_no_more_than_it_took(self, project, weather, told):
        project.record_with_a_past()
        slower(weather, 5)
        weather.seen_alone = [{"steal": 0.2, "lost_s": 0.2}] * 3
        result = project.run("--sdperf-gate=latency")
        result.assert_outcomes(failed=1)
        told(result, "latency REGRESSED", "because the hypervisor took 20.0 %", "which explains at most 2.5x")

    def test_side_by_side_a_head_that_disturbs_each_pair_is_regressed(self, project, weather, told):
        weather.slower["head"] = 30.0
        weather.seen = [BUSY] * 24
        result = project.run("--sdperf-against=self", "--sdperf-gate=latency")
        result.assert_outcomes(failed=1)
        told(result, "which explains at most 10x", "5 of 5 pairs were disturbed")

    def test_side_by_side_a_smaller_slowdown_on_a_busy_machine_is_not_compared(self, project, weather, told):
        weather.slower["head"] = 3.0
        weather.seen = [BUSY] * 24
        result = project.run("--sdperf-against=self", "--sdperf-gate=latency")
        result.assert_outcomes(failed=1)
        told(result, "this machine is too busy to compare on")

    @pytest.mark.parametrize(
        ("seen", "factor", "explained"),
        [
            ({**BUSY, "lost_s": 0.5}, 3, ""),
            ({**BUSY, "lost_s": 0.5}, 6, "4x"),
            (BUSY, 8, ""),
            (BUSY, 14, "10x"),
            ({"steal": 0.4, "lost_s": 0.4}, 2.5, ""),
            ({"steal": 0.4, "lost_s": 0.4}, 5, "3.33x"),
            ({"throttled": 0.9, "lost_s": 0.6}, 4, ""),
            ({"throttled": 0.9, "lost_s": 0.6}, 8, "5x"),
            ({"switched_cpus": [1], "lost_s": 0.5}, 3, ""),
            ({"switched_cpus": [1], "lost_s": 0.5}, 6, "4x"),
            ({"major_faults": 70, "lost_s": 0.0}, 5, ""),
            ({"major_faults": 70, "lost_s": 0.0}, 9, "6.67x"),
        ],
    )
    def test_both_sides_of_what_a_disturbance_explains(self, project, weather, told, seen, factor, explained):
        project.record_with_a_past()
        slower(weather, factor)
        weather.seen_alone = [seen] * 3
        result = project.run("--sdperf-gate=latency", "--sdperf-rounds=1")
        if explained:
            result.assert_outcomes(failed=1)
            told(result, "latency REGRESSED", f"which explains at most {explained}")
        else:
            result.assert_outcomes(passed=1)
            told(result, "INCONCLUSIVE ship: latency: ", "but 3 of 3 processes were disturbed")

    @pytest.mark.parametrize(("busy", "stays"), [(1, True), (2, False)])
    def test_a_busy_minute_of_one_process_excuses_nothing(self, project, weather, told, busy, stays):
        project.record_with_a_past()
        slower(weather, 5)
        weather.seen_alone = [BUSY] * busy + [{}] * (3 - busy)
        result = project.run("--sdperf-gate=latency")
        result.assert_outcomes(**{"failed" if stays else "passed": 1})
        told(result, "latency REGRESSED" if stays else "but 2 of 3 processes were disturbed")

    def test_a_baseline_that_was_recorded_on_a_busy_machine_gets_a_note(self, project, weather, told):
        """Everything is as fast as it: slowdowns of later hours would pass without a word."""
        weather.seen_alone = [BUSY] * 3
        told(
            project.record(),
            "NOTE ship was recorded for the first time, and 3 of 3 processes were disturbed, the last because other "
            "processes took 51.0 % of the CPUs' time (limit 10 %): a slow level lets later slowdowns pass; record it "
            "again with --sdperf-update=all when nothing else runs",
        )
        weather.seen_alone = []
        assert "for the first time" not in project.run("--sdperf-update=all").stdout.str()

    @pytest.mark.parametrize(
        ("seen", "slower", "says"),
        [
            ({"steal": 0.3, "lost_s": 0.6}, 8.0, "which explains at most 5x"),
            ({"steal": 0.3, "lost_s": 0.6}, 4.0, "this machine is too busy to compare on"),
            ({"throttled": 0.3, "lost_s": 0.2}, 3.0, "which explains at most 2.5x"),
            ({"throttled": 0.3, "lost_s": 0.2}, 2.0, "this machine is too busy to compare on"),
            ({"switched_cpus": [1]}, 12.0, "which explains at most 10x"),
            ({"restless": 3}, 12.0, "which explains at most 10x"),
            ({"restless": 3}, 1.0, "this machine is too busy to compare on"),
        ],
    )
    def test_side_by_side_both_sides_of_what_is_explained(self, project, weather, told, seen, slower, says):
        weather.slower["head"] = slower
        weather.seen = [seen] * 24
        result = project.run("--sdperf-against=self", "--sdperf-gate=latency", "--sdperf-rounds=1")
        result.assert_outcomes(failed=1)
        told(result, says)

    @pytest.mark.parametrize("busy", [[], [BUSY]], ids=["quiet", "busy"])
    def test_a_slowdown_that_leaves_time_for_one_pair_stays_regressed(self, project, weather, told, busy):
        """The slower the head, the fewer pairs fit into the budget."""
        weather.slower["head"] = 72.0
        weather.seen = busy
        result = project.run(
            "--sdperf-against=self", "--sdperf-gate=latency", "--sdperf-budget=1ms", "--sdperf-rounds=3"
        )
        result.assert_outcomes(failed=1)
        told(
            result,
            "latency REGRESSED: 360 ms is 7100.0 % slower than the same tree's 5 ms side by side (in every round of 1 pair "
            "at least 72x; no disturbance explains more than 10x)",
        )

    def test_one_pair_of_a_slowdown_that_may_be_explained_is_no_verdict(self, project, weather, told):
        weather.slower["head"] = 9.0
        result = project.run(
            "--sdperf-against=self", "--sdperf-gate=latency", "--sdperf-budget=1ms", "--sdperf-rounds=3"
        )
        result.assert_outcomes(passed=1)
        told(result, "INCONCLUSIVE ship: latency: ", "the budget ended after 1 pair, and a verdict takes 4")

    def test_a_sibling_that_was_disturbed_is_not_outrun(self, project, weather, told):
        """`min_speedup` is not won against a variant that could not compute."""
        project.test("""
            import pytest

            @pytest.mark.sdperf(min_speedup=("ship", "2x"))
            def test_boat(sd_boat):
                sd_boat.check(num_inference_steps=2)
        """)
        weather.step_ns = {"ship": 3_000_000}
        throttled = {"throttled": 1.0}
        weather.seen_alone = [{}] * 3 + [throttled] * 3
        result = project.run("--sdperf-update=new")
        told(result, "faster than ship (limit 2x), but of ship, 3 of 3 processes were disturbed", "a CPU quota stopped")
        assert "INCONCLUSIVE" in result.stdout.str()


PIPELINE = """
import os, signal, time
import numpy as np

NAP_S = 0.02
SPIN_S = 0.3

def spin():
    \"\"\"A daemon: its own session, its parent gone; it works for a moment in all.\"\"\"
    done, says = os.pipe()
    if (child := os.fork()) == 0:
        os.setsid()
        if os.fork():
            os._exit(0)
        end = time.process_time() + SPIN_S
        while time.process_time() < end:
            pass
        os.write(says, b"x")
        signal.pause()
    os.waitpid(child, 0)
    os.read(done, 1)

class Ship:
    drawn = 0
    def __call__(self, *, prompt, latents, **_):
        self.drawn += 1
        if os.environ.get("SHIP_DAEMON") and self.drawn == 2:
            spin()
        time.sleep(NAP_S)
        grown = np.kron(np.tanh(latents[0, :3] + len(prompt) / 100), np.ones((8, 8), np.float32)).transpose(1, 2, 0)
        return (0.5 + 0.4 * grown)[None]

def build(context):
    return Ship()
"""


def real_watch(monkeypatch, **told):
    monkeypatch.setattr(engine, "NoiseWatch", lambda: NoiseWatch(**told))


@linux
@pytest.mark.usefixtures("real_workers")
class TestOwnDaemons:
    """Real processes, the real count of their time, and a machine whose CPUs were busy with just that."""

    def test_a_daemon_of_the_pipeline_is_no_foreign_load(self, project, monkeypatch):
        cpus = sorted(os.sched_getaffinity(0))
        busy_s = iter([0.0, 0.3, 10.0, 10.3])
        looks = []

        def times():
            looks.append(next(busy_s))
            return CpuTimes({cpu: CpuTime(looks[-1] / len(cpus)) for cpu in cpus})

        (project.path / "harbour.py").write_text(PIPELINE)
        project.conftest(LONE_SHIP)
        monkeypatch.setenv("SHIP_DAEMON", "1")
        real_watch(monkeypatch, cpu_times=times)
        result = project.run(
            "--sdperf-update=new", "--sdperf-processes=2", "--sdperf-gate=proof", "--sdperf-json=out.json"
        )
        result.assert_outcomes(passed=1)
        report = report_json.read((project.path / "out.json").read_text())
        for run in report.outcomes[0].measurement.processes:
            assert run.seen.unseen == ""
            assert run.seen.foreign < 0.1


class TestUnseen:
    """Counters that are of other CPUs do not make a quiet machine."""

    @pytest.mark.parametrize(
        "why", ["/proc/stat does not show CPU 2, which this process may use (lxcfs?)", "/proc/stat shows no CPUs"]
    )
    def test_a_machine_whose_load_cannot_be_seen_gets_a_note(self, project, weather, told, why):
        weather.seen_alone = [{"unseen": why}] * 3
        result = project.run("--sdperf-update=new")
        told(
            result,
            f"NOTE ship: load of other processes cannot be seen, because {why}; none of its measurements counts as "
            "disturbed by it",
        )

    def test_side_by_side_too(self, project, weather, told):
        weather.seen = [{"unseen": "it rains"}] * 24
        result = project.run("--sdperf-against=self", "--sdperf-gate=latency")
        result.assert_outcomes(passed=1)
        told(result, "NOTE ship: load of other processes cannot be seen, because it rains")

    @linux
    @pytest.mark.usefixtures("real_workers")
    @pytest.mark.parametrize(
        ("numbers", "note"),
        [((0, 1), "which this process may use (lxcfs?)"), ((0, 2), "")],
        ids=["renumbered as lxcfs does", "CPU 1 is off"],
    )
    def test_counters_are_those_of_the_numbers(self, project, monkeypatch, told, numbers, note):
        """This process may use CPUs 0 and 2: of two lines, those numbers must be there."""
        (project.path / "harbour.py").write_text(PIPELINE)
        project.conftest(LONE_SHIP)
        monkeypatch.setattr(noise_watch, "usable_cpus", lambda: [0, 2])
        steps = iter(range(100))

        def times():
            step = next(steps)
            return CpuTimes({cpu: CpuTime(100.0 * step if cpu == 2 else 1.0 * step, 0.0) for cpu in numbers})

        real_watch(monkeypatch, cpu_times=times, cpus=lambda: [0, 2])
        result = project.run("--sdperf-update=new", "--sdperf-processes=1", "--sdperf-json=out.json")
        [run] = report_json.read((project.path / "out.json").read_text()).outcomes[0].measurement.processes
        if note:
            told(result, note)
            assert run.seen.foreign == 0.0
        else:
            assert "cannot be seen" not in result.stdout.str()
            assert run.seen.foreign > 1, "the load on CPU 2 is seen"
