"""Options of a run and a test: their table (specs), their values, and what they resolve to."""

from pytest_sdperf.options.resolved import DEFAULT_ROUNDS, Options, Thresholds, given_options, resolve

__all__ = ["DEFAULT_ROUNDS", "Options", "Thresholds", "given_options", "resolve"]
