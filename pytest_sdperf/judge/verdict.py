"""The verdict as a value: one finding for each part, and which of them fail the test."""

from __future__ import annotations

from enum import Enum

import msgspec


class Status(str, Enum):
    """Outcomes that people must be able to tell apart."""

    PASSED = "PASSED"
    FASTER = "FASTER"
    REGRESSED = "REGRESSED"
    BROKEN = "BROKEN"
    "a picture, proof or memory promise does not hold"
    INCONCLUSIVE = "INCONCLUSIVE"
    "neither surely slower than the limit nor surely below it: the noise hides which"
    INVALID_ENVIRONMENT = "INVALID ENVIRONMENT"
    NO_BASELINE = "NO BASELINE"
    NOT_JUDGED = "NOT JUDGED"
    "there is nothing to hold this part against, and that is as declared"


FAILING = frozenset({Status.REGRESSED, Status.BROKEN, Status.INVALID_ENVIRONMENT, Status.NO_BASELINE})

_WORST_FIRST = (
    Status.BROKEN,
    Status.REGRESSED,
    Status.INVALID_ENVIRONMENT,
    Status.NO_BASELINE,
    Status.INCONCLUSIVE,
    Status.FASTER,
    Status.PASSED,
    Status.NOT_JUDGED,
)


class Finding(msgspec.Struct, frozen=True):
    """What one judge says of one part of a case."""

    part: str
    "latency, picture, proof or memory: the names that --sdperf-gate takes"
    status: Status
    sentence: str
    "one sentence with measured value, limit and unit"
    details: list[str] = []
    "lines for the detail section"
    figures: dict[str, float | str | None] = {}
    "the numbers behind the sentence, for tables and reports (`ratio`, `ssim`, `psnr_db` …)"


class Verdict(msgspec.Struct, frozen=True):
    """All findings of one case; the latency part never hides the others."""

    findings: list[Finding]
    gate: list[str]
    "the parts that may fail the test"
    inconclusive: str = "warn"
    "`fail` where an INCONCLUSIVE finding of a gated part fails the test, too"

    @property
    def failures(self) -> list[Finding]:
        """Findings that fail the test, in the order they were judged."""
        return [f for f in self.findings if f.status in self.failing and f.part in self.gate]

    @property
    def failing(self) -> frozenset[Status]:
        """The statuses that fail the test where their part is gated."""
        return FAILING | {Status.INCONCLUSIVE} if self.inconclusive == "fail" else FAILING

    @property
    def passed(self) -> bool:
        return not self.failures

    @property
    def status(self) -> Status:
        """The worst status of all parts, gated or not."""
        found = {f.status for f in self.findings}
        return next((s for s in _WORST_FIRST if s in found), Status.NOT_JUDGED)

    @property
    def latency(self) -> Finding | None:
        """What was found against stored jobs or another arm: not against a sibling, as ``min_speedup`` is."""
        return next((f for f in self.findings if f.part == "latency" and "than" not in f.figures), None)

    def finding(self, part: str) -> Finding | None:
        """The worst finding of one part, None where the part was not judged."""
        of_part = [f for f in self.findings if f.part == part]
        return min(of_part, key=lambda f: _WORST_FIRST.index(f.status), default=None)
