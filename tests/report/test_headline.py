"""The verdict of a run in a sentence, whatever came of it."""

import msgspec
import pytest

from pytest_sdperf.report.headline import failed, headline
from pytest_sdperf.report.outcome import Outcome, Report
from pytest_sdperf.verdict.case_verdict import Verdict
from pytest_sdperf.verdict.status import Status


@pytest.fixture
def told(make_measurement, make_outcome, make_finding):
    """The headline of cases, each given by the status of its latency, or None where it was only measured."""

    def told(*statuses, gate=("latency",), **more):
        outcomes = [
            make_outcome(make_measurement(f"boat{i}"), make_finding("latency", status), gate=gate, **more)
            if status
            else Outcome("test", make_measurement(f"boat{i}"), None)
            for i, status in enumerate(statuses)
        ]
        return headline(Report(outcomes))

    return told


def test_nothing():
    assert headline(Report([])) == "Nothing was measured."
    assert headline(Report([], ["a"], warnings=["a"])) == (
        "Nothing was measured. Tests of the base were not judged: see the notes."
    )


def test_all_passed(told):
    assert told(Status.PASSED) == "The case passed."
    assert told(Status.PASSED, Status.FASTER) == "All 2 cases passed."


def test_failures_are_named_with_their_parts(report, told):
    assert headline(report) == (
        "3 of 9 cases failed: ipex_bf16_dpm (proof BROKEN), openvino_static (latency REGRESSED), "
        "openvino_static_f32 (latency NO BASELINE). 1 is INCONCLUSIVE: openvino."
    )
    assert told(Status.REGRESSED) == "1 of 1 case failed: boat0 (latency REGRESSED)."
    assert told(*[Status.REGRESSED] * 5) == (
        "5 of 5 cases failed: boat0 (latency REGRESSED), boat1 (latency REGRESSED), boat2 (latency REGRESSED) and 2 more."
    )
    assert len(failed(report)) == 3


def test_what_did_not_fail_and_did_not_simply_pass(told):
    assert told(Status.INCONCLUSIVE, Status.INCONCLUSIVE) == "None of 2 cases failed. 2 are INCONCLUSIVE: boat0, boat1."
    assert told(Status.REGRESSED, gate=("picture",)) == (
        "The case did not fail. 1 breaks a promise that is not gated: boat0."
    )
    assert told(Status.NOT_JUDGED, skip_reason="no baseline") == (
        "The case did not fail. 1 was skipped for want of a baseline: boat0."
    )
    assert told(Status.NOT_JUDGED, recorded=True) == (
        "The case did not fail. 1 was recorded as new baseline, with latency and memory not judged."
    )
    assert told(Status.PASSED, None) == "None of 2 cases failed. 1 was only measured."
    assert told(None, None) == "2 were only measured."


def test_an_inconclusive_case_that_fails(make_measurement, make_finding):
    verdict = Verdict([make_finding("latency", Status.INCONCLUSIVE)], ["latency"], inconclusive="fail")
    outcome = Outcome("test", make_measurement("boat"), verdict)
    assert headline(Report([outcome])) == "1 of 1 case failed: boat (latency INCONCLUSIVE)."


def test_hostile_names_are_plain(make_measurement, make_outcome, make_finding):
    named = msgspec.structs.replace(make_measurement(), variant="\u202eboat\n" + "x" * 10_000)
    told = headline(Report([make_outcome(named, make_finding("latency", Status.REGRESSED))]))
    assert told.startswith("1 of 1 case failed: \\u202eboat\\nxxx")
    assert len(told) < 100
