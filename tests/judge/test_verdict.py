import pytest

from pytest_sdperf.judge.verdict import FAILING, Finding, Status, Verdict

GATE = ["latency", "picture", "proof", "memory"]


def found(part, status):
    return Finding(part=part, status=status, sentence="s")


@pytest.mark.parametrize("status", list(Status))
def test_only_failing_statuses_of_gated_parts_fail(status):
    assert Verdict([found("latency", status)], GATE).passed is (status not in FAILING)
    assert Verdict([found("latency", status)], ["picture"]).passed


def test_inconclusive_fails_where_it_was_asked_for():
    unsure = [found("latency", Status.INCONCLUSIVE)]
    assert Verdict(unsure, GATE).passed
    assert Verdict(unsure, GATE).failing == FAILING
    strict = Verdict(unsure, GATE, inconclusive="fail")
    assert strict.failures == unsure
    assert strict.failing == {*FAILING, Status.INCONCLUSIVE}
    assert Verdict(unsure, ["picture"], inconclusive="fail").passed


def test_the_worst_status_is_told_gated_or_not():
    findings = [found("latency", Status.FASTER), found("picture", Status.BROKEN), found("proof", Status.PASSED)]
    assert Verdict(findings, []).status is Status.BROKEN
    assert Verdict(findings[::2], []).status is Status.FASTER
    assert Verdict([], []).status is Status.NOT_JUDGED


def test_the_worst_finding_of_a_part():
    findings = [found("latency", Status.PASSED), found("latency", Status.REGRESSED)]
    assert Verdict(findings, GATE).finding("latency") is findings[1]
    assert Verdict(findings, GATE).finding("memory") is None
    assert Verdict(findings, GATE).failures == [findings[1]]
