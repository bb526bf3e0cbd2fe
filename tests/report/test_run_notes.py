"""Notes that a run reports once, apart from its cases."""

import msgspec
import pytest

from pytest_sdperf.comparison import Comparison, Side
from pytest_sdperf.measurement import Disturbance, Environment
from pytest_sdperf.report.outcome import Outcome
from pytest_sdperf.report.run_notes import run_notes
from pytest_sdperf.verdict.status import Status

KEY = "zen5-2c-avx512_bf16"


def notes(*outcomes, unused=(), foreign=(), quota=None):
    return run_notes(outcomes, unused=unused, foreign=foreign, machine=KEY, quota=quota)


@pytest.fixture
def outcome(make_measurement):
    """An outcome whose worker computed with so many threads, and whose first process was watched so."""

    def outcome(variant="ship", *, threads=1, seen=None, **more):
        m = make_measurement(variant)
        first = msgspec.structs.replace(m.processes[0], seen=seen)
        environment = msgspec.structs.replace(m.environment, threads=threads)
        m = msgspec.structs.replace(m, environment=environment, processes=[first, *m.processes[1:]])
        return Outcome("t", m, None, **more)

    return outcome


def test_there_may_be_none(outcome):
    assert notes(outcome()) == []


def test_files_that_were_left_alone():
    assert notes(unused=["a.json", "b.json"], foreign=["old.json"]) == [
        "2 stored here but not used by this run, and left as they are: a.json, b.json",
        f"1 in the baselines folder but not of this machine ({KEY}), and left alone: old.json",
    ]


class TestQuota:
    def test_it_is_named_with_the_threads_that_it_leaves(self):
        [note] = notes(quota=2.5)
        assert note == (
            "a CPU quota of 2.5 limits this session to less than its CPUs: workers compute with 2 threads at most unless "
            "OMP_NUM_THREADS says otherwise, and pinned variants keep all CPUs, because another container may be on the "
            "first ones"
        )

    def test_less_than_one_cpu_leaves_one_thread(self, outcome):
        [note] = notes(outcome(threads=1), quota=0.5)
        assert "workers compute with 1 thread at most" in note

    @pytest.mark.parametrize(("threads", "is_named"), [(2, False), (3, True)])
    def test_a_variant_with_more_threads_is_stopped_in_each_period(self, outcome, threads, is_named):
        found = notes(outcome(threads=threads), quota=2.5)[1:]
        assert found == [
            f"ship computes with {threads} threads under a CPU quota of 2.5, which stops them for a part of each period: "
            "a speed-up over it is not comparable; set OMP_NUM_THREADS=2, or raise the quota"
        ] * is_named  # fmt: skip


class TestLoadThatCannotBeSeen:
    SAID = (
        "ship: load of other processes cannot be seen, because /proc is hidden; none of its measurements counts as "
        "disturbed by it"
    )

    def test_of_processes_measured_alone(self, outcome):
        hidden = Disturbance(window_s=1.0, unseen="/proc is hidden")
        assert notes(outcome(seen=hidden), outcome("boat", seen=Disturbance(window_s=1.0))) == [self.SAID]

    def test_of_pairs(self, outcome, make_pair):
        pairs = [make_pair(), make_pair(unseen="/proc is hidden")]
        side = Side("main", Environment(machine_key=KEY))
        comparison = Comparison(side, side, pairs)
        assert notes(outcome(comparison=comparison)) == [self.SAID]


class TestFasterThanRecorded:
    @pytest.fixture
    def judged(self, make_outcome, make_measurement, make_finding):
        def judged(latency):
            return make_outcome(make_measurement("ship"), latency)

        return judged

    def test_recorded_runs_that_are_outrun_let_slowdowns_pass(self, judged, make_finding):
        faster = make_finding("paired", recorded=make_finding("latency", Status.FASTER))
        assert notes(judged(faster)) == [
            "ship is significantly faster than its recorded runs, which let later slowdowns pass: accept it with "
            "--sdperf-update=all"
        ]

    def test_not_where_they_agree_or_decide_by_themselves(self, judged, make_finding):
        same = make_finding("paired", recorded=make_finding("latency", Status.PASSED))
        alone = make_finding("latency", Status.FASTER)
        assert notes(judged(same), judged(alone), judged(make_finding("paired"))) == []
