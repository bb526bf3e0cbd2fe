"""Measure the regime of the machine for some seconds, and read what stored baselines know of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from itertools import chain
from pathlib import Path

from pytest_sdperf.baselines.store import BaselineStore
from pytest_sdperf.doctor.diagnosis import Regimes
from pytest_sdperf.hardware.detection import detect
from pytest_sdperf.hardware.machine import machine_key
from pytest_sdperf.hardware.round_trip import RoundTripTimes, round_trip
from pytest_sdperf.measure.regime_watch import Between
from pytest_sdperf.measurement import Measurement
from pytest_sdperf.stats.regime import cost_of_other_regime, readings_ns, usual
from pytest_sdperf.worker.environment import usable_cpus

PROBES = 40
_STEP_S = 0.1
"""40 probes take 4 s: no regime is seen to end, but one that changes from picture to picture shows."""


def stored_runs(root: Path) -> list[Measurement]:
    """The recorded runs of this machine in a folder of baselines; none where there is no such folder."""
    return list(chain.from_iterable(BaselineStore(root, machine_key(detect())).variants()))


def measure_regimes(
    runs: Sequence[Measurement],
    probes: int = PROBES,
    *,
    between: Between = round_trip,
    sleep: Callable[[float], None] = time.sleep,
) -> Regimes:
    """Probe now; ``runs`` are recorded on this machine. The host's lock must be held."""
    start_s = time.perf_counter()
    found: list[RoundTripTimes] = []
    with between(usable_cpus()) as way:
        while way is not None and len(found) < probes:
            if (times := way.probe()) is None:
                break
            found.append(times)
            sleep(_STEP_S)
    stored_ns = readings_ns(chain.from_iterable(run.processes for run in runs))
    level = usual(stored_ns)
    return Regimes(
        [times.spinning_ns for times in found],
        [times.blocked_ns for times in found],
        time.perf_counter() - start_s,
        stored_ns=level.round_trip_ns,
        stored=len(stored_ns),
        cost=cost_of_other_regime(runs, level),
    )
