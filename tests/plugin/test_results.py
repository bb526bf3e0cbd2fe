"""What fails a run: outcomes and errors, those of forked processes, and tests that pytest lost sight of."""

import os
from types import SimpleNamespace

import pytest

from pytest_sdperf.plugin.results import Results
from pytest_sdperf.report.outcome import ErrorOutcome, Outcome

TEST = "test_it.py::test_ship"


class Item(SimpleNamespace):
    """A test in line 8 of its file; pytest counts from 0."""

    def __init__(self, nodeid=TEST, location=("test_it.py", 7, "test_ship")):
        super().__init__(nodeid=nodeid, location=location, user_properties=[])


def phase(outcome, *, nodeid=TEST, when="call", longrepr="", line=7):
    return SimpleNamespace(
        nodeid=nodeid,
        when=when,
        passed=outcome == "passed",
        failed=outcome == "failed",
        skipped=outcome == "skipped",
        longrepr=longrepr,
        location=("test_it.py", line, "test_ship"),
    )


@pytest.fixture
def outcome(measured):
    def outcome(**more):
        return Outcome(TEST, measured(variant="ship"), None, **more)

    return outcome


class TestKeeping:
    def test_an_outcome_has_its_tests_place_and_is_shown_as_properties(self, results, outcome):
        item = Item()
        kept = results.keep(item, outcome())
        assert (kept.file, kept.line) == ("test_it.py", 8)
        assert results.outcomes == [kept]
        assert ("sdperf_case", kept.measurement.case_id) in item.user_properties
        assert results.failures(TEST) == []
        assert not results.any_failed

    def test_a_test_without_a_line(self, results, outcome):
        assert results.keep(Item(location=("test_it.py", None, "x")), outcome()).line is None

    def test_a_failed_outcome_fails_the_run_with_its_sentence(self, results, outcome):
        results.keep(Item(), outcome(error="the disk is full"))
        results.keep(Item(), outcome(error="the disk is gone"))
        assert results.failures(TEST) == ["ship: not judged: the disk is full", "ship: not judged: the disk is gone"]
        assert results.any_failed

    def test_an_error_of_a_case_that_was_not_measured(self, results):
        item = Item()
        results.fail(item, "the mast broke", variant="ship", case_id="ship-1", log="crack")
        assert results.errors == [
            ErrorOutcome(TEST, "the mast broke", "ship", "ship-1", "crack", file="test_it.py", line=8)
        ]
        assert results.failures(TEST) == ["ship: not measured: the mast broke"]
        assert ("sdperf_verdict", "NOT MEASURED") in item.user_properties

    def test_the_same_error_counts_once(self, results):
        for _ in range(2):
            results.fail(Item(), "the mast broke", variant="ship")
        assert len(results.errors) == len(results.failures(TEST)) == 1

    def test_an_error_without_a_line(self, results):
        results.fail(Item(location=("test_it.py", None, "x")), "the mast broke", variant="ship")
        assert results.errors[0].line is None

    def test_each_addition_changes_the_size(self, results, outcome):
        sizes = [results.size]
        results.keep(Item(), outcome())
        sizes.append(results.size)
        results.fail(Item(), "the mast broke", variant="ship")
        sizes.append(results.size)
        results.expect(TEST)
        results.ended(phase("skipped"))
        sizes.append(results.size)
        assert sizes == [(0, 0, 0), (1, 0, 0), (1, 1, 0), (1, 1, 1)]


class TestForkedProcesses:
    @pytest.mark.parametrize("line", [7, None])
    def test_an_error_reaches_the_process_that_judges(self, results, monkeypatch, line):
        item = Item(location=("test_it.py", line, "test_ship"))
        forked = Results()
        forked.home.close()
        forked.__dict__["home"] = results.home  # what a fork inherits
        with monkeypatch.context() as there:
            there.setattr(os, "getpid", lambda: -1)
            forked.fail(item, "the mast broke", variant="ship", case_id="ship-1")
            results.receive()
            assert results.errors == [], "only the process that judges takes messages"
        results.receive()
        expected = ErrorOutcome(TEST, "the mast broke", "ship", file="test_it.py", line=None if line is None else 8)
        assert results.errors == [expected]
        assert results.failures(TEST) == ["ship: not measured: the mast broke"]

    def test_an_error_of_the_own_process_is_not_sent(self, results):
        results.fail(Item(), "the mast broke", variant="ship")
        assert list(results.home.received()) == []


class TestEnded:
    def test_tests_of_others_are_none_of_ours(self, results):
        results.ended(phase("failed"))
        assert not results.any_failed
        assert results.unfinished == {}
        assert not results.has_failed(TEST)

    def test_a_test_that_passes_leaves_nothing(self, results):
        results.expect(TEST, ["ship"])
        for when in ("setup", "call", "teardown"):
            results.ended(phase("passed", when=when))
        assert (results.unfinished, results.errors) == ({}, [])
        assert not results.has_failed(TEST)

    def test_a_skipped_one_may_have_had_cases(self, results):
        results.expect(TEST, ["ship"])
        results.expect(TEST, ["boat", "ship"])
        results.ended(phase("skipped"))
        assert results.unfinished == {TEST: ["ship", "boat"]}
        assert not results.any_failed

    @pytest.mark.parametrize(
        ("when", "longrepr", "said"),
        [
            ("call", SimpleNamespace(reprcrash=SimpleNamespace(message="AssertionError: no\nassert 0")), "AssertionError: no"),
            ("setup", "  the harbour is closed\nmore", "in its setup: the harbour is closed"),
            ("teardown", SimpleNamespace(reprcrash=SimpleNamespace(message="OSError: x")), "in its teardown: OSError: x"),
            ("call", "", "no reason is known"),
        ],
    )  # fmt: skip
    def test_a_failure_of_the_tests_own_code_is_an_error(self, results, when, longrepr, said):
        results.expect(TEST, ["ship"])
        results.ended(phase("failed", when=when, longrepr=longrepr))
        assert results.errors == [ErrorOutcome(TEST, said, file="test_it.py", line=8)]
        assert results.has_failed(TEST)
        assert results.any_failed

    def test_a_failure_without_a_line(self, results):
        results.expect(TEST)
        results.ended(phase("failed", line=None))
        assert results.errors[0].line is None

    def test_one_that_failed_for_a_case_is_not_counted_twice(self, results):
        results.expect(TEST, ["ship"])
        results.fail(Item(), "the mast broke", variant="ship")
        results.ended(phase("failed", longrepr="ship: not measured: the mast broke"))
        assert len(results.errors) == 1
        assert results.unfinished == {TEST: ["ship"]}

    def test_a_failed_phase_stays_failed(self, results):
        results.expect(TEST)
        results.ended(phase("failed"))
        results.ended(phase("passed", when="teardown"))
        assert results.has_failed(TEST)


class TestHidden:
    def test_failures_that_pytest_does_not_count(self, results):
        results.expect(TEST)
        for reason in ("one", "two"):
            results.fail(Item(), reason, variant="ship")
        results.ended(phase("passed"))
        assert results.hidden() == [
            f"{TEST} does not count as failed for pytest, and this failed the run: ship: not measured: one; "
            "ship: not measured: two"
        ]

    def test_failures_that_it_counts_are_not_repeated(self, results):
        results.expect(TEST)
        results.fail(Item(), "one", variant="ship")
        results.ended(phase("failed"))
        assert results.hidden() == []


class TestTheEnd:
    def test_a_test_without_a_result_is_an_error(self, results):
        results.expect(TEST, ["ship"])
        results.finish([TEST])
        [error] = results.errors
        assert error.sentence.startswith("pytest has no result of this test: a plugin or conftest took it over.")
        assert results.unfinished == {TEST: ["ship"]}
        assert results.hidden()[0].startswith(f"{TEST} does not count as failed for pytest, and this failed the run: ")

    def test_tests_with_a_result_and_tests_of_others_are_not(self, results):
        results.expect(TEST)
        results.ended(phase("passed"))
        results.finish([TEST, "test_it.py::test_other"])
        assert results.errors == []

    def test_one_whose_case_failed_says_that(self, results):
        results.expect(TEST)
        results.fail(Item(), "the mast broke", variant="ship")
        results.finish([TEST])
        assert [error.sentence for error in results.errors] == ["the mast broke"]

    def test_only_what_was_expected_to_run(self, results):
        results.expect(TEST)
        results.finish([])
        assert results.errors == []

    def test_a_case_that_is_still_measured_is_an_error(self, results):
        with results.home.alone("ship-own-64x64", TEST):
            results.finish([])
        assert results.errors == [
            ErrorOutcome(
                TEST,
                "ship-own-64x64 was still being measured in a thread when the run ended. Join the thread in the test.",
                "ship",
            )
        ]
