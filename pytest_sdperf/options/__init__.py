"""What a run and a test may ask for: the table of options (specs), their values, and what they resolve to."""

from pytest_sdperf.options.resolved import DEFAULT_ROUNDS, Options, Thresholds, given_options, resolve

__all__ = ["DEFAULT_ROUNDS", "Options", "Thresholds", "given_options", "resolve"]
