"""Probes for some seconds, and what stored baselines know."""

import contextlib

from pytest_sdperf.doctor.regimes import measure_regimes, stored_runs
from pytest_sdperf.hardware.round_trip import RoundTripTimes


class Way:
    pid = 17

    def __init__(self, *told):
        self.told = list(told)

    def probe(self):
        return self.told.pop(0)


def test_probes_with_pauses():
    slept = []
    way = Way(*[RoundTripTimes(100 + n, 12_000) for n in range(3)])
    found = measure_regimes([], 3, between=lambda cpus: contextlib.nullcontext(way), sleep=slept.append)
    assert (found.round_trips_ns, found.wake_ups_ns) == ([100, 101, 102], [12_000] * 3)
    assert slept == [0.1] * 3
    assert (found.stored_ns, found.stored, found.cost) == (None, 0, None)


def test_an_end_that_is_gone_and_one_cpu():
    for way in (Way(None), None):
        found = measure_regimes([], 3, between=lambda cpus, way=way: contextlib.nullcontext(way))
        assert found.round_trips_ns == []


def test_a_folder_without_baselines(tmp_path):
    assert stored_runs(tmp_path / "none") == []
