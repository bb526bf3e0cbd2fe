"""What became of each test: collected, deselected, skipped, run. Registered as a plugin of its own under --sdperf."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_sdperf.plugin.asks import asks_of
from pytest_sdperf.plugin.command_line import invocation
from pytest_sdperf.policy.unjudged import FINE, GONE, MEASURED, PARTLY, RAN, selected, uncalled, unjudged

if TYPE_CHECKING:
    from pytest_sdperf.base.declaration import Asks


class Fates:
    """The hooks that see it."""

    def __init__(self, config: pytest.Config, measures: Callable[[pytest.Item], bool]) -> None:
        self._config = config
        self._measures = measures
        "whether a test shows before it runs that it uses a variant"
        self.rootdir = config.rootpath
        self.is_collected = False
        "whether pytest is done with collecting, without a usage error"
        self._collected: set[str] = set()
        self._deselected: set[str] = set()
        self._kept: dict[str, pytest.Item] = {}
        self._uncollected: set[str] = set()
        "files and classes whose collection failed"
        self._ended: dict[str, str] = {}
        "node id -> `passed`, `failed`, or why it was skipped, as a clause"

    @property
    def is_narrowed(self) -> bool:
        """Whether the command line chooses among the tests of its files."""
        called = invocation(self._config)
        return any("::" in path for path in called.paths) or any(
            o[0] in ("-k", "-m", "--deselect") for o in called.options
        )

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        self._collected = {item.nodeid for item in items}

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self._uncollected.add(report.nodeid)

    def pytest_deselected(self, items: Sequence[pytest.Item]) -> None:
        self._deselected |= {item.nodeid for item in items}

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self._kept = {item.nodeid: item for item in session.items}

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self) -> None:
        self.is_collected = True

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        before = self._ended.get(report.nodeid)
        if report.failed:
            self._ended[report.nodeid] = "failed"
        elif report.skipped and before != "failed":
            self._ended[report.nodeid] = _skip_reason(report)
        elif before is None and report.when == "call":
            self._ended[report.nodeid] = "passed"

    def notes(
        self, awaited: Mapping[str, Asks], label: str, measured: Collection[str], judged: Collection[str]
    ) -> list[str]:
        """Notes on those of the base's tests that were not judged.

        ``awaited`` are the base's tests, ``label`` names it; ``measured`` and ``judged`` are the node ids of the tests
        with a case that was only measured, and with a verdict.
        """
        wanted = {nodeid: awaited[nodeid] for nodeid in selected(awaited, self._arguments())}
        return unjudged(wanted, {n: self._fate(n, measured, judged) for n in wanted}, label)

    def own_notes(self, measured: Collection[str], judged: Collection[str], known: Collection[str]) -> list[str]:
        """Notes on tests that came to no `check`, though their code has one; those of the base, ``known``, have theirs.

        Nor has one with our marker, which fails where it measures nothing.
        """
        fates = {
            nodeid: self._fate(nodeid, measured, judged)
            for nodeid, item in self._kept.items()
            if nodeid not in known and (nodeid in measured or self._measures(item))
        }
        asks = {
            nodeid: asks_of(item, is_ours=self._measures(item))
            for nodeid, fate in fates.items()
            if fate in (MEASURED, RAN) and (item := self._kept[nodeid]).get_closest_marker("sdperf") is None
        }
        return uncalled(asks, fates)

    def _fate(self, nodeid: str, measured: Collection[str], judged: Collection[str]) -> str:
        ended = self._ended.get(nodeid)
        if ended == "failed":
            return FINE
        if nodeid in judged:
            return PARTLY if nodeid in measured else FINE
        if ended is not None:
            return (MEASURED if nodeid in measured else RAN) if ended == "passed" else ended
        return self._why_not_run(nodeid)

    def _why_not_run(self, nodeid: str) -> str:
        if nodeid not in self._collected:
            broken = selected([nodeid], self._uncollected) if self._uncollected else []
            return "because they cannot be collected here" if broken else GONE
        if nodeid in self._kept:
            return "because the run ended before them"
        if nodeid in self._deselected:
            return "because settings or a conftest of this change deselect them"
        return "because a conftest or plugin takes them out of the collection"

    def _arguments(self) -> list[str]:
        """The paths of the command line as node ids begin."""
        called, root = invocation(self._config), self.rootdir
        found = []
        for argument in called.paths:
            path, colons, names = argument.partition("::")
            relative = os.path.relpath(Path(os.path.normpath(called.cwd / path)), root)
            found.append(
                "" if relative == "." or relative.startswith("..") else f"{Path(relative).as_posix()}{colons}{names}"
            )
        return found


def _skip_reason(report: pytest.TestReport) -> str:
    if hasattr(report, "wasxfail"):
        return f"because it is marked as expected to fail ({report.wasxfail or 'no reason given'})"
    said = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr or "")
    return f"because they were skipped ({said.removeprefix('Skipped: ') or 'no reason given'})"
