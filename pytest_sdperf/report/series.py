"""Figures of a report for services that follow them over the commits: a name, a latency and a memory a case."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from pytest_sdperf.measurement import Latency
from pytest_sdperf.report.outcome import Outcome, Report
from pytest_sdperf.report.plain import plain
from pytest_sdperf.verdict.status import Status

_LONGEST_NAME = 160
_LONGEST_SIZE = 30
"""Of characters, so that a name with its size stays below the 1024 bytes that Bencher takes."""


@dataclass(frozen=True)
class Followed:
    """One case, as it is followed."""

    name: str
    "the case's id, the same in every run; one of its kind in a report"
    outcome: Outcome

    @property
    def latencies(self) -> dict[str, Latency]:
        """A name for each size (`NAME at 512x512` where there are several) -> latency."""
        measurement = self.outcome.measurement
        several = len(measurement.sizes) > 1
        return {
            f"{self.name} at {plain(size, _LONGEST_SIZE)}" if several else self.name: measurement.latency_at(size)
            for size in measurement.sizes
        }

    @property
    def peak_bytes(self) -> int:
        """Memory of its own at most, without its libraries' pages where they are known."""
        measurement = self.outcome.measurement
        return measurement.peak_bytes


def followed(report: Report) -> list[Followed]:
    """The cases whose figures say something of their variant, in the order of the report.

    Cases of which the picture or the proof is BROKEN, whose environment was INVALID, or that ended in an error, are
    left out: a service compares the next run with this one, and the latency of a black picture is nobody's to reach.
    """
    return list(_named(report))


def _named(report: Report) -> Iterator[Followed]:
    seen: Counter[str] = Counter()
    for outcome in report.outcomes:
        if _says_something(outcome):
            name = plain(outcome.measurement.case_id, _LONGEST_NAME) or "case"
            seen[name] += 1
            # Two tests of a run may measure the same case.
            yield Followed(name if seen[name] == 1 else f"{name} ({seen[name]})", outcome)


def _says_something(outcome: Outcome) -> bool:
    if outcome.error:
        return False
    findings = [] if outcome.verdict is None else outcome.verdict.findings
    return not any(
        f.status is Status.INVALID_ENVIRONMENT or (f.status is Status.BROKEN and f.part in ("picture", "proof"))
        for f in findings
    )
