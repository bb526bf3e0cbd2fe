"""The plugin that sees how every test of ours ended, whatever became of it."""

from __future__ import annotations

import pytest

from pytest_sdperf.plugin.results import RESULTS
from pytest_sdperf.plugin.run import RUN


class LastWord:
    """Sees how every test of ours ended."""

    def __init__(self, config: pytest.Config) -> None:
        self._run = config.stash[RUN]
        self._results = config.stash[RESULTS]

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        for item in session.items:
            if self._run.measures(item):
                self._results.expect(item.nodeid, self._run.variants_of(item))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._results.ended(report)
