"""The last word on every test of ours: a failed case fails its test and the run, whatever became of the test."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from pytest_sdperf.plugin.results import RESULTS
from pytest_sdperf.plugin.run import RUN

XFAIL = "xfail does not excuse a gate: "
INSTEAD = (
    " To let a part fail, leave it out of --sdperf-gate, or change the limit in @pytest.mark.sdperf; to leave a test "
    "out, skip it."
)


class LastWord:
    """Sees how every test of ours ended."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._run = config.stash[RUN]
        self._results = config.stash[RESULTS]
        self._results.home.check_process()

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        for item in session.items:
            if self._run.measures(item):
                self._results.expect(item.nodeid, self._run.variants_of(item))
        # Now, so that it is outside of the hooks of every conftest.
        self._config.pluginmanager.register(_Outermost(self._config), "sdperf-outermost")

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        self._results.collected(report)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._results.receive()
        self._results.ended(report)


class _Outermost:
    """The hooks that no conftest's hook is around."""

    def __init__(self, config: pytest.Config) -> None:
        self._results = config.stash[RESULTS]
        self._failed: set[str] = set()
        "node ids of tests of which a phase has failed"

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        self._results.receive()
        sentences = self._results.failures(item.nodeid)
        begins = call.when == "setup" and report.passed
        if not sentences or report.failed or begins or item.nodeid in self._failed:
            self._failed |= {item.nodeid} if report.failed else set()
            return report
        self._failed.add(item.nodeid)
        text = "\n".join(sentences)
        if hasattr(report, "wasxfail"):
            del report.wasxfail
            text = f"{XFAIL}{text}{INSTEAD}"
        report.outcome, report.longrepr = "failed", text
        return report

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None, object, object]:
        self._results.receive()
        only_collected = session.config.getoption("collectonly")
        is_whole = not (session.shouldstop or session.shouldfail or only_collected) and session.exitstatus in (0, 1)
        self._results.finish([item.nodeid for item in session.items] if is_whole else [])
        result = yield
        if self._results.any_failed and session.exitstatus in (
            pytest.ExitCode.OK,
            pytest.ExitCode.NO_TESTS_COLLECTED,
        ):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        return result
