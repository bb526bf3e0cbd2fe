"""The one decision on pairs, on both sides of each of its conditions."""

import msgspec
import pytest

from pytest_sdperf.baseline import Baseline, RecordedRun
from pytest_sdperf.measure.when_paired import Pairs, is_screened, pairs_for
from pytest_sdperf.measurement import Environment, Evidence, ImageTiming, Measurement, ProcessRun
from pytest_sdperf.options import Options, Thresholds
from pytest_sdperf.stats.run_spread import NOTHING_RECORDED, RunSpread

OWN = Options(processes=3)


@pytest.mark.parametrize(
    ("options", "facts", "pairs"),
    [
        (OWN, {}, Pairs.YES),
        (OWN, {"has_baseline": True}, Pairs.UNLESS_SCREENED),
        (OWN, {"has_target": False}, Pairs.NO),
        (OWN, {"has_target": False, "has_baseline": True}, Pairs.NO),
        (OWN._replace(update="all"), {}, Pairs.NO),
        (OWN._replace(update="all"), {"has_baseline": True}, Pairs.NO),
        (OWN._replace(update="new"), {}, Pairs.YES),
        (OWN._replace(update="new"), {"has_baseline": True}, Pairs.UNLESS_SCREENED),
        (OWN._replace(gate=("picture", "memory")), {}, Pairs.NO),
        (OWN._replace(gate=("latency",)), {}, Pairs.YES),
    ],
)
def test_before_the_case_is_measured(options, facts, pairs):
    assert pairs_for(options, **{"has_target": True, "has_baseline": False, **facts}) is pairs


def measured(median_ns, **changed):
    runs = [ProcessRun({"8x8": [ImageTiming(median_ns)]}, {}, {}, peak_rss_bytes=1, threads=1)] * 3
    one = Measurement("id", "ship", "own", "", "PNDM", {}, runs, Evidence(), Environment(machine_key="here"))
    return msgspec.structs.replace(one, **changed)


BASELINE = Baseline([RecordedRun("", measured(1_000_000))] * 3)
KNOWN = RunSpread(squares=0.01, processes=1000)


def limits(max_slowdown, must_catch):
    return Options(thresholds=Thresholds(max_slowdown=max_slowdown, must_catch=must_catch))


WIDE = limits(0.5, 0.05)


def test_after_the_case_is_measured_recorded_runs_may_show_that_it_is_fine():
    assert is_screened(measured(1_000_000), BASELINE, WIDE, KNOWN)
    assert not is_screened(measured(1_000_000), BASELINE, WIDE, NOTHING_RECORDED), "the noise hides it"


def test_the_screen_is_as_strict_as_the_pairs():
    assert not is_screened(measured(1_100_000), BASELINE, WIDE, KNOWN)
    assert is_screened(measured(1_100_000), BASELINE, limits(0.5, 0.5), KNOWN)
    assert not is_screened(measured(1_100_000), BASELINE, limits(0.05, 0.5), KNOWN)


def test_runs_of_other_work_screen_nothing():
    assert not is_screened(measured(1_000_000, scheduler="Euler"), BASELINE, WIDE, KNOWN)
