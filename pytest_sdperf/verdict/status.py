"""The outcomes of a part, and what every finding has."""

from __future__ import annotations

from enum import Enum
from typing import ClassVar

import msgspec


class Status(str, Enum):
    """Outcomes that people must be able to distinguish."""

    PASSED = "PASSED"
    FASTER = "FASTER"
    REGRESSED = "REGRESSED"
    BROKEN = "BROKEN"
    "a picture, proof or memory promise is broken"
    DIVERGED = "DIVERGED"
    "a picture ends elsewhere, though every link of its chain agrees: rounding chose another path"
    INCONCLUSIVE = "INCONCLUSIVE"
    "neither significantly slower than the limit nor significantly below it: the noise hides which"
    INVALID_ENVIRONMENT = "INVALID ENVIRONMENT"
    NO_BASELINE = "NO BASELINE"
    NOT_JUDGED = "NOT JUDGED"
    "there is nothing to compare this part with, and that is as declared"


FAILING = frozenset({Status.REGRESSED, Status.BROKEN, Status.INVALID_ENVIRONMENT, Status.NO_BASELINE})

WARNING = frozenset({Status.DIVERGED, Status.INCONCLUSIVE})
"""Reported as warnings, unless somebody asks for them to fail."""

WORST_FIRST = (
    Status.BROKEN,
    Status.REGRESSED,
    Status.INVALID_ENVIRONMENT,
    Status.NO_BASELINE,
    Status.DIVERGED,
    Status.INCONCLUSIVE,
    Status.FASTER,
    Status.PASSED,
    Status.NOT_JUDGED,
)


class Missing(msgspec.Struct, frozen=True):
    """Why a part has nothing to be compared with, and what becomes of it."""

    what: str
    "what is missing, as a clause: `there is no baseline for this case and machine yet`"
    then: str = "fail"
    "`fail`; `record`: this run is about to become the baseline; `skip`: --sdperf-missing=skip"


class Finding(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind"):
    """One judge's finding; each kind adds the fields that its sentence is made of."""

    part: ClassVar[str]
    "the name that --sdperf-gate takes"
    status: Status
    missing: Missing | None = None
    "why there is nothing to compare with; None: there is, or nothing is needed"

    @property
    def is_promise(self) -> bool:
        """Whether a failure does not rest on the baseline, so that another baseline fixes nothing."""
        return self.status is Status.BROKEN

    @property
    def fault(self) -> str:
        """A value that cannot be ordered or divided by, which a finding read from a file may have; empty: none."""
        return ""
