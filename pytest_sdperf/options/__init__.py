"""Options of a run and a test: their tables (specs, limits), their values, and what they resolve to."""

from pytest_sdperf.options.limits import Thresholds
from pytest_sdperf.options.resolved import (
    DEFAULT_DEPENDENCY_FILES,
    DEFAULT_ROUNDS,
    Options,
    given_options,
    resolve,
)

__all__ = ["DEFAULT_DEPENDENCY_FILES", "DEFAULT_ROUNDS", "Options", "Thresholds", "given_options", "resolve"]
