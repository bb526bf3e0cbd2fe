"""Findings on parts that have nothing to be compared with: they fail, wait for the recording, or are skipped."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from pytest_sdperf.observations import Observations
from pytest_sdperf.options import Options
from pytest_sdperf.verdict.status import Finding, Missing, Status

F = TypeVar("F", bound=Finding)

_NO_BASELINE = "there is no baseline for this case and machine yet"


def missing_as_asked(finding: F, seen: Observations, options: Options) -> F:
    """A finding that is NO_BASELINE, NOT_JUDGED where it is to be recorded, or --sdperf-missing=skip; others as is."""
    if finding.status is not Status.NO_BASELINE:
        return finding
    then = "record" if seen.is_to_be_recorded else options.missing
    missing = msgspec.structs.replace(finding.missing or Missing(_NO_BASELINE), then=then)
    status = Status.NO_BASELINE if then == "fail" else Status.NOT_JUDGED
    return msgspec.structs.replace(finding, status=status, missing=missing)
