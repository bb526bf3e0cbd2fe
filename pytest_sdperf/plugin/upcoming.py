"""The variants of the tests that come next, so that their workers can import while something else is built."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pytest

from pytest_sdperf.errors import SdperfError
from pytest_sdperf.plugin.markers import requirement_of

if TYPE_CHECKING:
    from pytest_sdperf.plugin.run import Run
    from pytest_sdperf.variant import Variant

_MAY_NOT_RUN = ("skip", "skipif", "xfail")
"""Markers of tests of which nobody knows here whether they will measure anything."""


def upcoming(run: Run, current: pytest.Item | None, most: int) -> list[Variant]:
    """The first variant of each of the next tests, at most so many, that will measure as far as that shows now."""
    found: list[Variant] = []
    for item in _after(current):
        if len(found) == most:
            break
        names = run.variants_of(item)
        if names and _will_measure(run, item, names):
            found.append(run.registry[names[0]])
    return found


def _after(current: pytest.Item | None) -> Sequence[pytest.Item]:
    items = current.session.items if current else []
    return items[items.index(current) + 1 :] if current in items else []


def _will_measure(run: Run, item: pytest.Item, names: Sequence[str]) -> bool:
    from pytest_sdperf.hardware.checks import check, flags

    chosen = run.options.variants
    if any(item.get_closest_marker(name) for name in _MAY_NOT_RUN) or (chosen and names[0] not in chosen):
        return False
    needs = [need for name in names for need in run.registry[name].requirements]
    try:
        needs += [need for mark in item.iter_markers() if (need := requirement_of(mark))]
        # Whether AMX works may take a process to find out; a test that needs it finds out itself.
        return not any(check(need, amx_unmet=flags) for need in needs)
    except SdperfError:  # the test itself says so
        return False
