"""Measurements side by side: pairs of processes of base and head, raw; every figure is derived."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from pytest_sdperf.measurement import Disturbance, Environment, Evidence, Measurement, ProcessRun
from pytest_sdperf.model_difference import ModelDifference
from pytest_sdperf.program import Program

BASE, HEAD = "base", "head"


class Pair(msgspec.Struct, frozen=True):
    """Two fresh processes, one of the base and one of the head, that drew in turn."""

    base: ProcessRun
    head: ProcessRun
    seen: Disturbance
    started_first: str
    "`base` or `head`, drawn at random"
    drew_first: dict[str, list[str]] = {}
    "size -> side (`base` or `head`) that drew first in each round, drawn at random"
    kernel_ns: dict[str, dict[str, list[int]]] = {}
    "size -> side -> time of the calibration kernel just before its picture, ns, round by round"
    dropped: str = ""
    "why the pair does not count, decided without looking at its difference; empty: it counts"
    spent_s: dict[str, float] = {}
    "where the time of the pair went: `start` (to the end of warming up), `rounds`, `end`"


class Side(msgspec.Struct, frozen=True):
    """One side, as people read of it."""

    label: str
    "`main (1a2b3c4d5e)`, `working tree at 1a2b3c4d5e`, `python3.12`"
    environment: Environment
    evidence: Evidence = Evidence()
    modules: dict[str, str] = {}
    "the factory's module and those of the compared trees -> file"
    model: str = ""
    "what the side calls its model"
    model_digest: str = ""
    "sha256 of weights and configurations; empty where the variant brings its own"


class Comparison(msgspec.Struct, frozen=True):
    """Base and head of one case, measured side by side."""

    base: Side
    head: Side
    pairs: list[Pair]
    "in the order they were measured, dropped ones included"
    side_by_side: bool = True
    "False: memory is too small for both, so one ran after the other"
    ended_by: str = ""
    "why no further pair was measured although nothing was decided: `budget`; empty: it was decided, or the pairs ended"
    invalid: str = ""
    "why base and head must not be compared at all, as a sentence; empty: they may be"
    missing: str = ""
    "what the base lacks to be compared with, as a clause; empty: nothing"
    identical: Program | None = None
    "the program that both are, so that nothing was timed; None: they are not, or that is not certain"
    measured_because: str = ""
    "why they are not known to be the same program, as a clause; empty: nobody asked, or they are"
    spent_s: float = 0.0
    "wall time of everything, preparing the base included"
    models: ModelDifference | None = None
    "how the two models differ; None: they do not"

    @property
    def kept(self) -> list[Pair]:
        """The pairs that count."""
        return [pair for pair in self.pairs if not pair.dropped]

    def measurement_of_base(self, head: Measurement) -> Measurement:
        """The base as a measurement: the head's case in the base's processes, for stages, memory and kernels."""
        return msgspec.structs.replace(
            head,
            model=self.base.model or head.model,
            model_digest=self.base.model_digest if self.models else head.model_digest,
            processes=[pair.base for pair in self.kept],
            evidence=self.base.evidence,
            environment=self.base.environment,
            preparation_ns={},
        )

    def measurement_of_head(self, head: Measurement) -> Measurement:
        """The head's measurement with the processes that were measured side by side in place of its own.

        It is left as it is where no pair counts. With them come versions of packages that differ from the base's.
        """
        if not self.kept:
            return head
        packages = {**head.environment.packages, **self.head.environment.packages}
        environment = msgspec.structs.replace(head.environment, packages=packages)
        return msgspec.structs.replace(head, processes=[pair.head for pair in self.kept], environment=environment)


def latencies_s(process: ProcessRun, size: str) -> Sequence[float]:
    """Latencies of one process at one size, s, round by round."""
    return [timing.total_ns / 1e9 for timing in process.images[size]]
