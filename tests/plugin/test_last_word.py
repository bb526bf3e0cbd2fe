"""A failed case fails its test and the run, whatever became of the test: each way it can have ended."""

from types import SimpleNamespace

import pytest

from pytest_sdperf.errors import SdperfError
from pytest_sdperf.plugin.last_word import INSTEAD, XFAIL, LastWord
from pytest_sdperf.plugin.results import RESULTS
from pytest_sdperf.plugin.run import RUN

TEST = "test_it.py::test_ship"
ITEM = SimpleNamespace(nodeid=TEST, location=("test_it.py", 7, "test_ship"), user_properties=[])
SENTENCE = "ship: not measured: the mast broke"


@pytest.fixture
def config(results):
    """A session in which every test is ours that asks for `sd_ship`; what is registered is in `registered`."""
    run = SimpleNamespace(measures=lambda item: item.variants != [], variants_of=lambda item: item.variants)
    registered = {}
    manager = SimpleNamespace(register=lambda plugin, name: registered.update({name: plugin}))
    return SimpleNamespace(stash={RUN: run, RESULTS: results}, pluginmanager=manager, registered=registered)


@pytest.fixture
def last_word(config):
    return LastWord(config)


@pytest.fixture
def outermost(last_word, config):
    """With nothing collected."""
    last_word.pytest_collection_finish(SimpleNamespace(items=[]))
    return config.registered["sdperf-outermost"]


class Reported(SimpleNamespace):
    def __init__(self, outcome="passed", **more):
        super().__init__(outcome=outcome, longrepr=None, **more)

    passed = property(lambda self: self.outcome == "passed")
    failed = property(lambda self: self.outcome == "failed")


def made(outermost, report, *, when="call"):
    """The report of a phase after our hook around pytest's own."""
    hook = outermost.pytest_runtest_makereport(ITEM, SimpleNamespace(when=when))
    next(hook)
    with pytest.raises(StopIteration) as ended:
        hook.send(report)
    assert ended.value.value is report
    return report


def broken(results):
    results.fail(ITEM, "the mast broke", variant="ship")


class TestCollecting:
    def test_only_tests_of_ours_are_expected(self, last_word, results):
        items = [
            SimpleNamespace(nodeid=TEST, variants=["ship"]),
            SimpleNamespace(nodeid="test_it.py::test_other", variants=[]),
        ]
        last_word.pytest_collection_finish(SimpleNamespace(items=items))
        results.finish([item.nodeid for item in items])
        assert results.unfinished == {TEST: ["ship"]}

    def test_a_session_in_another_process_is_refused(self, config, results, monkeypatch):
        monkeypatch.setattr(type(results.home), "is_here", False)
        with pytest.raises(SdperfError, match="its verdict would be lost"):
            LastWord(config)


class TestReports:
    def test_nothing_failed_nothing_changes(self, outermost):
        assert made(outermost, Reported()).passed

    @pytest.mark.parametrize("outcome", ["passed", "skipped"])
    def test_a_failed_case_fails_its_test(self, outermost, results, outcome):
        broken(results)
        report = made(outermost, Reported(outcome))
        assert (report.outcome, report.longrepr) == ("failed", SENTENCE)

    def test_xfail_is_no_excuse_and_the_way_out_is_named(self, outermost, results):
        broken(results)
        report = made(outermost, Reported("skipped", wasxfail="slow"))
        assert report.outcome == "failed"
        assert report.longrepr == f"{XFAIL}{SENTENCE}{INSTEAD}"
        assert not hasattr(report, "wasxfail")

    def test_a_test_that_has_failed_keeps_what_it_says(self, outermost, results):
        broken(results)
        report = made(outermost, Reported("failed", keywords={}))
        assert report.longrepr is None
        assert made(outermost, Reported(), when="teardown").passed, "it has failed once; that is enough"

    def test_a_test_fails_once(self, outermost, results):
        broken(results)
        assert made(outermost, Reported()).failed
        assert made(outermost, Reported(), when="teardown").passed

    def test_a_case_that_fails_while_it_is_torn_down(self, outermost, results):
        made(outermost, Reported())
        broken(results)
        assert made(outermost, Reported(), when="teardown").failed

    def test_a_setup_that_begins_the_test_again_is_left_alone(self, outermost, results):
        broken(results)
        assert made(outermost, Reported(), when="setup").passed
        assert made(outermost, Reported("skipped"), when="setup").failed

    def test_errors_of_forked_processes_count(self, outermost, results, monkeypatch):
        results.home.send(TEST, "the mast broke", "ship", "test_it.py", "8")
        assert made(outermost, Reported()).longrepr == SENTENCE

    def test_also_those_that_come_with_the_last_report(self, last_word, results):
        results.home.send(TEST, "the mast broke", "ship", "test_it.py", "8")
        last_word.pytest_runtest_logreport(SimpleNamespace(nodeid=TEST))
        assert results.failures(TEST) == [SENTENCE]


class TestTheSessionEnds:
    def finished(self, outermost, *, exitstatus=0, items=(), shouldstop=False, shouldfail=False, collectonly=False):
        session = SimpleNamespace(
            config=SimpleNamespace(getoption=lambda name: {"collectonly": collectonly}[name]),
            shouldstop=shouldstop,
            shouldfail=shouldfail,
            exitstatus=exitstatus,
            items=[SimpleNamespace(nodeid=nodeid) for nodeid in items],
        )
        hook = outermost.pytest_sessionfinish(session)
        next(hook)
        with pytest.raises(StopIteration):
            next(hook)
        return session.exitstatus

    def test_all_is_fine(self, outermost):
        assert self.finished(outermost) == 0

    @pytest.mark.parametrize(("before", "after"), [(0, 1), (5, 1), (1, 1), (2, 2), (3, 3)])
    def test_a_failed_case_fails_a_run_that_would_succeed(self, outermost, results, before, after):
        broken(results)
        assert self.finished(outermost, exitstatus=before) == after

    def test_an_error_that_arrives_last(self, outermost, results):
        results.home.send(TEST, "the mast broke", "ship", "test_it.py", "8")
        assert self.finished(outermost) == 1

    def test_a_test_without_a_result_fails_a_whole_run(self, outermost, results):
        results.expect(TEST)
        assert self.finished(outermost, items=[TEST]) == 1

    @pytest.mark.parametrize(
        "early",
        [{"shouldstop": "-x"}, {"shouldfail": "--maxfail"}, {"collectonly": True}, {"exitstatus": 2}],
        ids=["stopped", "failed", "only-collected", "interrupted"],
    )
    def test_a_run_that_ends_early_has_tests_without_result(self, outermost, results, early):
        results.expect(TEST)
        assert self.finished(outermost, items=[TEST], **early) == early.get("exitstatus", 0)
        assert results.errors == []
