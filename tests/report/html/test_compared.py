"""What a case is compared with: the base, recorded runs, or nothing."""

import msgspec
import pytest

from pytest_sdperf.baseline import Baseline, RecordedRun
from pytest_sdperf.report.html.compared import compared
from pytest_sdperf.report.outcome import Outcome
from pytest_sdperf.verdict.case_verdict import Verdict


def test_side_by_side(whole):
    outcome = whole.outcomes[-1]
    found = compared(outcome)
    assert found.base_label == "main (1a2b3c4d5e)"
    assert found.base.latency.median_s == pytest.approx(9.6 * 0.88, rel=0.02)
    assert [(p.side, p.counts) for p in found.processes[4:6]] == [("base", False), ("head", False)]
    assert [round(p.at, 2) for p in found.processes[:3]] == [0.83, 1.17, 1.83]
    assert found.ticks == {float(n): str(n) for n in range(1, 7)}
    assert len(found.change.pairs) == 5
    assert found.change.change == pytest.approx(1 / 0.88 - 1, rel=0.05)
    assert found.change.limits == {"ignored": pytest.approx(0.01), "limit": pytest.approx(0.05)}
    assert found.kernel_changes[0].startswith("appeared: convolution brg_conv_fwd:avx512_core_bf16")
    assert found.environment_changes == ["torch 2.7.1 -> 2.8.0"]


def test_a_process_is_its_median_and_the_range_of_its_pictures(whole):
    outcome = whole.outcomes[0]
    first = compared(outcome).processes[-3]
    timings = [t.total_ns / 1e9 for t in outcome.measurement.processes[0].images["64x64"]]
    assert (first.side, first.shortest_s, first.longest_s) == ("head", min(timings), max(timings))
    assert first.median_s == sorted(timings)[2]


def test_after_recorded_runs(whole):
    found = compared(whole.outcomes[1])
    assert found.base_label == "recorded run of 2026-11-23T12:00:00Z"
    assert [p.side for p in found.processes] == ["base"] * 6 + ["head"] * 3
    assert list(found.ticks.values()) == ["run 1", "run 2", "now"]
    places = [p.at for p in found.processes]
    assert places == sorted(set(places))
    assert (found.change.lower, found.change.upper) == (pytest.approx(-0.01), pytest.approx(0.08))
    assert found.change.pairs == []


def test_alone(make_measurement):
    found = compared(Outcome("test", make_measurement(), None))
    assert (found.base, found.base_label, found.change) == (None, "", None)
    assert (found.kernel_changes, found.environment_changes) == ([], [])
    assert list(found.ticks.values()) == ["1", "2", "3"]


def test_the_size_that_decides(make_measurement, make_finding):
    m = make_measurement(sizes=("64x64", "128x128"))
    for named, size in (("128x128", "128x128"), ("9x9", "64x64"), (None, "64x64")):
        verdict = Verdict([make_finding("latency", size=named) if named else make_finding("latency", sizes=[])], [])
        assert compared(Outcome("test", m, verdict)).size == size


def test_runs_that_lack_the_size_are_no_base(make_measurement):
    old = Baseline([RecordedRun("", make_measurement(sizes=("64x64",)))])
    assert compared(Outcome("test", make_measurement(sizes=("128x128",)), None, old)).base is None
    same = Baseline([RecordedRun("", make_measurement(sizes=("128x128",)))])
    assert compared(Outcome("test", make_measurement(sizes=("128x128",)), None, same)).base_label == "recorded run"


def test_a_comparison_of_which_no_pair_counts_is_no_base(whole):
    outcome = whole.outcomes[-1]
    dropped = [msgspec.structs.replace(p, dropped="a storm") for p in outcome.comparison.pairs]
    lost = msgspec.structs.replace(outcome.comparison, pairs=dropped)
    assert compared(msgspec.structs.replace(outcome, comparison=lost)).base_label.startswith("recorded run")
    assert compared(msgspec.structs.replace(outcome, comparison=lost, baseline=None)).base is None
