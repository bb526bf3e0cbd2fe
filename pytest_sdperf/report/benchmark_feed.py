"""Show a measured case in pytest-benchmark: its timer is replaced by one that replays our durations."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from pytest_sdperf.measurement import Measurement
from pytest_sdperf.verdict.case_verdict import Verdict

PLUGIN_NAME = "benchmark"
"""The name under which pytest registers pytest-benchmark (its entry point)."""


class Benchmark(Protocol):
    """The part of pytest-benchmark's ``benchmark`` fixture that is used here: all of it public (5.0 to 5.3)."""

    extra_info: dict[str, object]

    def pedantic(
        self, target: object, *, rounds: int = 1, warmup_rounds: int = 0, iterations: int = 1
    ) -> object: ...  # pragma: no cover - a protocol has no body


class Replay:
    """A timer for ``@pytest.mark.benchmark(timer=...)`` that replays durations loaded later.

    ``pedantic`` with one iteration reads its timer exactly twice a round. The first reading is 0.0 and
    the second the duration, so that the difference is the duration to the bit.
    """

    __name__ = "Replay"
    "pytest-benchmark writes a timer's name into its JSON; without one, its address"

    def __init__(self) -> None:
        self._left: list[float] = []

    def load(self, durations_s: Sequence[float]) -> None:
        """Replay these durations (s) next, in order."""
        self._left = [reading for d in reversed(durations_s) for reading in (d, 0.0)]

    def __call__(self) -> float:
        return self._left.pop()


def can_feed(
    plugin_names: Collection[str],
    numprocesses: int | str | None,
    *,
    codspeed: bool = False,
    skipped: bool = False,
    fixture_names: Collection[str] = (),
) -> bool:
    """Whether a test's durations may be shown in pytest-benchmark.

    ``plugin_names`` are the names of the registered plugins and ``numprocesses`` is xdist's option
    (None where xdist is not installed): with workers, pytest-benchmark turns itself off. ``codspeed``
    says that pytest-codspeed is enabled: it replaces the ``benchmark`` fixture by its own, which times
    the function itself. ``skipped`` is ``--benchmark-skip``: asking for the fixture would skip the test.
    ``fixture_names`` are those the test asks for: one that uses ``benchmark`` itself keeps it.
    """
    return (
        PLUGIN_NAME in plugin_names
        and numprocesses in (None, 0)
        and not codspeed
        and not skipped
        and PLUGIN_NAME not in fixture_names
    )


def marker_keywords(own: Mapping[str, object] | None, replay: Replay) -> dict[str, object]:
    """Keywords for the ``benchmark`` marker: the test's own (its ``group``, say), with our timer."""
    return {**(own or {}), "timer": replay}


def feed(benchmark: Benchmark, replay: Replay, durations_s: Sequence[float], extra_info: Mapping[str, object]) -> None:
    """Show these durations (s, at least one) as the rounds of this test's benchmark.

    ``replay`` must be the timer that ``benchmark`` was made with. Once a test: the fixture itself
    refuses a second use. A disabled ``benchmark`` (``--benchmark-disable``) takes no readings.
    """
    replay.load(durations_s)
    benchmark.extra_info.update(extra_info)
    benchmark.pedantic(_nothing, rounds=len(durations_s), iterations=1, warmup_rounds=0)


def durations_s(measurement: Measurement) -> list[float]:
    """Every timed picture at the (first) size, process after process, in the order drawn, s."""
    size = measurement.sizes[0]
    return [t.total_ns / 1e9 for p in measurement.processes for t in p.images[size]]


def extra_info(measurement: Measurement, verdict: Verdict | None) -> dict[str, object]:
    """Facts of the case that pytest-benchmark's JSON has besides the durations. JSON-ready.

    pytest-benchmark takes every picture for a replicate; the processes' medians are here because
    they are what the verdict rests on.
    """
    size = measurement.sizes[0]
    return {
        "sdperf_case": measurement.case_id,
        "sdperf_size": size,
        "sdperf_process_medians_s": measurement.latency_at(size).process_medians_s,
        "sdperf_peak_rss_bytes": measurement.peak_rss_bytes,
        "sdperf_peak_own_bytes": measurement.peak_own_bytes,
        "sdperf_machine": measurement.environment.machine_key,
        "sdperf_verdict": None if verdict is None else verdict.status.value,
    }


def _nothing() -> None:
    """The body of a replayed round: the work was done, and timed, elsewhere."""
