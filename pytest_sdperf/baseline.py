"""The baseline of one case: its recorded runs, and whether another measurement is of the same work."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

import msgspec

from pytest_sdperf.measurement import Measurement
from pytest_sdperf.program import Program, workload_texts

MAX_RUNS = 10
"""Runs that a baseline keeps. The test's standard error goes with sqrt(1 + 1/K): ten more would narrow it by 2 %, at
twice the file (a run is 10 to 15 kB), and the older a run is, the less it is of the machine as it is now."""


class RecordedRun(msgspec.Struct, frozen=True):
    """One recording: a whole measurement, of one run."""

    recorded_at: str
    "UTC, ISO 8601 to the second (`2026-11-24T12:00:00Z`); empty where the file was written before it said so"
    measurement: Measurement
    program: Program | None = None
    "the program that was measured, without what the measurement says of it; None: not known"
    revision: str = ""
    "the commit that was checked out, full hash; empty: not known"

    @property
    def whole_program(self) -> Program | None:
        """The program with what the measurement says of it; None: not known."""
        if self.program is None:
            return None
        measurement = self.measurement
        environment = measurement.environment
        return msgspec.structs.replace(
            self.program,
            python=environment.python,
            packages=environment.packages,
            model_digest=measurement.model_digest,
            workload=workload_texts(measurement.workload),
        )


def run_of(recorded_at: str, measurement: Measurement, program: Program | None, revision: str = "") -> RecordedRun:
    """A recording; what the measurement says of the program, too, is not kept twice."""
    kept = program and msgspec.structs.replace(program, python="", packages={}, model_digest="", workload={})
    return RecordedRun(recorded_at, measurement, kept, revision)


class Baseline(msgspec.Struct, frozen=True):
    """The baseline of one case."""

    runs: list[RecordedRun] = msgspec.field(name="jobs")
    "at least one, all of the same work, newest last"

    @property
    def newest(self) -> Measurement:
        """The run that stages, kernels and environment are compared with."""
        return self.runs[-1].measurement

    @property
    def measurements(self) -> list[Measurement]:
        """Of all runs, newest last."""
        return [run.measurement for run in self.runs]

    def with_run(self, run: RecordedRun) -> Baseline:
        """The baseline with one more run; the oldest falls off beyond MAX_RUNS."""
        return Baseline([*self.runs, run][-MAX_RUNS:])


def level_s(runs: Sequence[Measurement], size: str) -> float:
    """The latency that recorded runs stand for at one size: the geometric mean of their medians, s."""
    return math.exp(statistics.fmean(math.log(run.latency_at(size).median_s) for run in runs))


def other_work(stored: Measurement, now: Measurement) -> str | None:
    """How ``stored`` is of other work, in words that follow "measured with"; None where the two compare.

    The work is the model's weights, the scheduler and the workload. A digest is only compared where both
    have one: a variant that brings its own weights has none.
    """
    digests = stored.model_digest, now.model_digest
    if all(digests) and digests[0] != digests[1]:
        return f"model {digests[0][:12]}, this is {digests[1][:12]}"
    if stored.scheduler != now.scheduler:
        return f"scheduler {stored.scheduler}, this is {now.scheduler}"
    old, new = stored.workload, now.workload
    changed = [name for name in sorted({*old, *new}) if _plain(old.get(name)) != _plain(new.get(name))]
    return f"another workload ({', '.join(changed)})" if changed else None


def _plain(value: object) -> bytes:
    """One form for tuples and lists, which a stored file does not distinguish."""
    return msgspec.json.encode(value, order="deterministic")
