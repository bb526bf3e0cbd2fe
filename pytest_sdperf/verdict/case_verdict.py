"""All findings of one case, and which of them fail the test."""

from __future__ import annotations

from functools import reduce
from operator import or_
from pkgutil import resolve_name
from typing import TYPE_CHECKING, TypeAlias

import msgspec

from pytest_sdperf.verdict.chain_finding import ChainFinding
from pytest_sdperf.verdict.latency_findings import PairedLatencyFinding, StoredLatencyFinding
from pytest_sdperf.verdict.parts import KINDS
from pytest_sdperf.verdict.picture_finding import PictureFinding
from pytest_sdperf.verdict.proof_finding import ProofFinding
from pytest_sdperf.verdict.status import FAILING, WORST_FIRST, Finding, Status

if TYPE_CHECKING:
    AnyFinding: TypeAlias = Finding
else:  # msgspec reads and writes the kinds that there are
    AnyFinding = reduce(or_, (resolve_name(f"pytest_sdperf.{kind.finding}") for kind in KINDS))


class Verdict(msgspec.Struct, frozen=True):
    """All findings of one case; the latency part never hides the others."""

    findings: list[AnyFinding]
    gate: list[str]
    "the parts that may fail the test"
    inconclusive: str = "warn"
    "`fail` where an INCONCLUSIVE finding of a gated part fails the test, too"
    diverged: str = "warn"
    "the same of a DIVERGED one"

    @property
    def failures(self) -> list[AnyFinding]:
        """Findings that fail the test, in the order they were judged."""
        return [f for f in self.findings if f.status in self.failing and f.part in self.gate]

    @property
    def failing(self) -> frozenset[Status]:
        """The statuses that fail the test where their part is gated."""
        asked = {Status.INCONCLUSIVE: self.inconclusive, Status.DIVERGED: self.diverged}
        return FAILING | {status for status, then in asked.items() if then == "fail"}

    @property
    def passed(self) -> bool:
        return not self.failures

    @property
    def status(self) -> Status:
        """The worst status of all parts, gated or not."""
        found = {f.status for f in self.findings}
        return next((s for s in WORST_FIRST if s in found), Status.NOT_JUDGED)

    @property
    def latency(self) -> StoredLatencyFinding | PairedLatencyFinding | None:
        """The finding on latency, against recorded runs or the base."""
        found = (f for f in self.findings if isinstance(f, StoredLatencyFinding | PairedLatencyFinding))
        return next(found, None)

    @property
    def picture(self) -> PictureFinding | None:
        """The finding on the whole pictures."""
        return next((f for f in self.findings if isinstance(f, PictureFinding)), None)

    @property
    def chain(self) -> ChainFinding | None:
        """The finding on the pictures' chains."""
        return next((f for f in self.findings if isinstance(f, ChainFinding)), None)

    @property
    def proof(self) -> ProofFinding | None:
        """The finding on the claims."""
        return next((f for f in self.findings if isinstance(f, ProofFinding)), None)

    def worst(self, part: str) -> AnyFinding | None:
        """The worst finding of one part, None where the part was not judged."""
        of_part = [f for f in self.findings if f.part == part]
        return min(of_part, key=lambda f: WORST_FIRST.index(f.status), default=None)
