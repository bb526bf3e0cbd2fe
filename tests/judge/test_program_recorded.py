"""Latency where it is known what program was recorded."""

import msgspec
import numpy as np
import pytest

from pytest_sdperf.baseline import Baseline, run_of
from pytest_sdperf.judge.stored_latency import judge_recorded
from pytest_sdperf.observations import Observations, References
from pytest_sdperf.options import Options
from pytest_sdperf.program import Program, workload_texts
from pytest_sdperf.stats.run_spread import RunSpread
from pytest_sdperf.variant import Case, Variant
from pytest_sdperf.verdict.status import Status
from pytest_sdperf.workload import Workload

KNOWN = RunSpread(squares=1000 * 0.01**2, processes=1000)
"""A machine whose processes spread by 1 %."""


@pytest.fixture
def judged(measured):
    """The finding on a run that takes ``times`` what was recorded, of a program with ``changed`` fields."""

    def judged(times, **changed):
        recorded, head = measured([1.0] * 5), measured([times] * 5)
        environment = head.environment
        program = Program(
            modules={"ship": "ab"}, python=environment.python, packages=environment.packages,
            model_digest=head.model_digest, workload=workload_texts(head.workload), settings={"factory": '"ship:build"'},
        )  # fmt: skip
        seen = Observations(
            Case(Variant("ship", "ship:build"), Workload(), "own"),
            head,
            head,
            pictures={},
            other_pictures={},
            references=References({}),
            baseline=Baseline([run_of("", recorded, program)]),
            spread=KNOWN,
            program=msgspec.structs.replace(program, **changed),
            not_escalated_because="there is no git",
        )
        return judge_recorded(seen, Options())

    return judged


@pytest.mark.parametrize("times", [0.5, 0.99, 1.0, 1.04, 1.3, 1.9])
def test_the_same_program_passes_however_the_machine_is(judged, times):
    """As far as machines are known to move: the runs themselves would show less than 20 %."""
    finding = judged(times)
    assert finding.status is Status.PASSED
    assert (finding.same.modules, finding.same.settings, finding.same.has_model) == (1, 1, True)
    assert (finding.changed_because, finding.not_escalated_because) == ("", "")
    assert judged(times, modules={"ship": "cd"}).status is not Status.PASSED or times == pytest.approx(1.0, abs=0.1)


def test_what_no_machine_does_is_regressed_all_the_same(judged):
    finding = judged(20.0)
    assert finding.status is Status.REGRESSED
    assert finding.same is not None


def test_another_program_is_judged_by_the_watch(judged):
    slow = judged(1.5, modules={"ship": "cd"})
    assert (slow.status, slow.same) == (Status.REGRESSED, None)
    assert slow.changed_because == "module ship differs"
    assert slow.not_escalated_because == "there is no git"
    assert slow.sizes[0].detectable < 0.3
    assert judged(1.5).sizes[0].detectable > 1.0


def test_what_is_not_known_is_not_the_same(judged):
    finding = judged(np.exp(0.0), unknown=["its workers were not watched"])
    assert finding.same is None
    assert finding.changed_because == "its workers were not watched"
