"""Every status has words, a symbol and a kind; what fails looks bad, what only could have does not."""

import pytest

from pytest_sdperf.report.html.marks import mark_of, mark_of_error, mark_of_outcome
from pytest_sdperf.report.outcome import ErrorOutcome, Outcome
from pytest_sdperf.verdict.status import Status


@pytest.mark.parametrize("status", list(Status))
def test_every_status(status):
    mark = mark_of(status)
    assert mark.words == status.value
    assert (mark.kind, mark.symbol) in {("good", "✓"), ("bad", "✗"), ("unsure", "?"), ("none", "·")}


def test_kinds():
    assert [mark_of(s).kind for s in (Status.FASTER, Status.NO_BASELINE, Status.INCONCLUSIVE, Status.NOT_JUDGED)] == [
        "good", "bad", "unsure", "none"
    ]  # fmt: skip


def test_of_a_case(make_measurement, make_outcome, make_finding):
    def kind(status, **more):
        mark = mark_of_outcome(make_outcome(make_measurement(), make_finding("latency", status), **more))
        return mark.kind, mark.words

    assert kind(Status.PASSED) == ("good", "PASSED")
    assert kind(Status.REGRESSED) == ("bad", "REGRESSED")
    assert kind(Status.REGRESSED, gate=("picture",)) == ("unsure", "REGRESSED (not gated)")
    assert kind(Status.NOT_JUDGED, skip_reason="none") == ("none", "SKIPPED (no baseline)")
    assert mark_of_outcome(Outcome("test", make_measurement(), None)).kind == "none"
    assert mark_of_outcome(Outcome("test", make_measurement(), None, error="the disk is full")).kind == "bad"


def test_of_an_error():
    measured, own = ErrorOutcome("test", "it sank", "ship"), ErrorOutcome("test", "it sank")
    assert [mark_of_error(error).words for error in (measured, own)] == ["NOT MEASURED", "ERROR"]
    assert mark_of_error(own).kind == "bad"
