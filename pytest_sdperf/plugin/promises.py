"""Promises that nothing was compared with: sdperf markers on tests that measure nothing. A plugin of its own."""

from __future__ import annotations

from collections.abc import Generator, Iterator

import pytest

from pytest_sdperf.options.specs import SPECS
from pytest_sdperf.plugin.fail_or_skip import fail
from pytest_sdperf.plugin.results import Results
from pytest_sdperf.wording import listed

_LIMITS = frozenset(spec.name for spec in SPECS if spec.is_threshold)


class Promises:
    """Fails a test whose own limits nothing was compared with, and notes other markers without effect."""

    def __init__(self, results: Results) -> None:
        self._results = results
        self._markers: dict[tuple[str, str], bool] = {}
        "(where a marker stands, as written) -> whether a test that bears it measured anything, or failed"

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, None, None]:
        yield  # a test that fails or skips by itself raises here
        if not _measures_in_fixture(item):
            self._look(item)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Generator[None, None, None]:
        yield
        if _measures_in_fixture(item) and item.nodeid not in self._results.unfinished:
            self._look(item)

    def _look(self, item: pytest.Item) -> None:
        """Raises pytest's failure for a test that promises something and measured nothing."""
        measured = self._has_measured(item.nodeid)
        for node, mark in item.iter_markers_with_node("sdperf"):
            key = node.nodeid, _written(mark)
            self._markers[key] = self._markers.get(key, False) or measured
            if node is item and not measured and _LIMITS & set(mark.kwargs):
                del self._markers[key]
                fail(
                    f"{_written(mark)} promises something of the cases of this test, and it measured none. Let it call "
                    "check or measure of a variant's fixture, let it skip where it cannot, or remove the limits."
                )

    def _has_measured(self, nodeid: str) -> bool:
        results = self._results
        return nodeid in {*(o.nodeid for o in results.outcomes), *(e.nodeid for e in results.errors)}

    def notes(self) -> list[str]:
        """Notes on markers of which no test that ran to its end measured anything, as sentences."""
        idle: dict[str, list[str]] = {}
        for (place, written), has_effect in self._markers.items():
            if not has_effect:
                idle.setdefault(written, []).append(place or "the whole session")
        return [
            f"{written} has no effect, because none of its tests measured anything: {listed(places)}"
            for written, places in idle.items()
        ]


def _measures_in_fixture(item: pytest.Item) -> bool:
    """Whether a fixture of the user's uses a variant, so that it may measure until it is torn down."""
    info = getattr(item, "_fixtureinfo", None)
    if info is None:
        return False
    return any(name.startswith("sd_") and name not in info.argnames for name in info.names_closure) or any(
        "request" in definition.argnames
        for definitions in info.name2fixturedefs.values()
        for definition in definitions
        if not (definition.func.__module__ or "").startswith(("_pytest.", "pytest_sdperf", "pytest_"))
    )


def _written(mark: pytest.Mark) -> str:
    return f"@pytest.mark.sdperf({', '.join(_keywords(mark))})"


def _keywords(mark: pytest.Mark) -> Iterator[str]:
    return (f"{name}={value!r}" for name, value in mark.kwargs.items())
