"""Limits of pytest-timeout that end a gate before it can have a verdict."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence

import pytest

from pytest_sdperf.options import Options
from pytest_sdperf.units import format_seconds
from pytest_sdperf.wording import listed


def too_short(config: pytest.Config, items: Sequence[pytest.Item], options: Options) -> str:
    """A note on tests of ours that pytest-timeout ends sooner than they may need; empty where there are none."""
    if not any(map(config.pluginmanager.hasplugin, ("timeout", "pytest_timeout"))):
        return ""
    paired = options.against is not None or options.against_python is not None
    needed_s = options.timeout + (options.budget if paired else 0.0)
    limits_s = {item.nodeid: limit_s for item in items if 0 < (limit_s := _limit_s(config, item)) < needed_s}
    if not limits_s:
        return ""
    pairs = f", and the pairs {format_seconds(options.budget)} (--sdperf-budget)" if paired else ""
    shortest, answer = format_seconds(min(limits_s.values())), format_seconds(options.timeout)
    return (
        f"pytest-timeout ends {listed(limits_s, 2)} after {shortest}, and a gate may take longer: one answer of a "
        f"worker {answer} (--sdperf-timeout){pairs}. What is ended has no verdict: raise that limit for these tests, "
        f"--timeout={math.ceil(needed_s)} or @pytest.mark.timeout({math.ceil(needed_s)})"
    )


def _limit_s(config: pytest.Config, item: pytest.Item) -> float:
    """The test's limit as pytest-timeout finds it: marker, option, PYTEST_TIMEOUT, ini key; 0: none."""
    mark = item.get_closest_marker("timeout")
    of_mark = None if mark is None else mark.kwargs.get("timeout", next(iter(mark.args), None))
    for value in (
        of_mark,
        config.getoption("timeout", None),
        os.environ.get("PYTEST_TIMEOUT"),
        config.getini("timeout"),
    ):
        try:
            if value is not None and value != "":
                return float(value)
        except (TypeError, ValueError):  # pytest-timeout refuses it by itself
            return 0.0
    return 0.0
