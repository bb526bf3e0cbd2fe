"""Hooks that a project's conftest or plugin may implement."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_sdperf.variant import Variant


@pytest.hookspec
def pytest_sdperf_variants() -> Iterable[Variant]:  # type: ignore[empty-body]  # a hook specification has no body
    """Return the project's own variants; each gets a fixture ``sd_<name>`` and a row in every report."""
