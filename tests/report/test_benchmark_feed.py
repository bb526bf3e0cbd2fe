"""Durations replayed through pytest-benchmark come out to the bit; other benchmark plugins are left alone."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from pytest_sdperf.measurement import Measurement
from pytest_sdperf.report.benchmark_feed import Replay, can_feed, durations_s, extra_info, feed, marker_keywords
from pytest_sdperf.verdict.case_verdict import Verdict

pytest_plugins = ["pytester"]


class FakeBenchmark:
    """Reads its timer as pytest-benchmark's `pedantic` does: once before and once after each round."""

    def __init__(self, timer: Replay | None) -> None:
        self.timer = timer
        self.extra_info: dict[str, object] = {"of the test": 1}
        self.rounds_s: list[float] = []

    def pedantic(self, target: object, *, rounds: int = 1, warmup_rounds: int = 0, iterations: int = 1) -> object:
        assert callable(target)
        assert (iterations, warmup_rounds) == (1, 0)
        for _ in range(rounds):
            start = self.timer() if self.timer else 0.0
            assert target() is None
            if self.timer:
                self.rounds_s.append(self.timer() - start)
        return None


def test_durations_come_out_to_the_bit() -> None:
    replay = Replay()
    benchmark = FakeBenchmark(replay)
    awkward_s = [0.1, 0.1 + 0.2, 1 / 3, 1e-9, 3600.000000001]
    feed(benchmark, replay, awkward_s, {"sdperf_case": "fp32"})
    assert benchmark.rounds_s == awkward_s
    assert benchmark.extra_info == {"of the test": 1, "sdperf_case": "fp32"}


def test_a_disabled_benchmark_takes_no_readings() -> None:
    benchmark = FakeBenchmark(None)
    feed(benchmark, Replay(), [1.0], {})
    assert benchmark.rounds_s == []


@pytest.mark.parametrize(
    ("numprocesses", "more", "expected"),
    [
        (None, {}, True),
        (0, {}, True),
        (2, {}, False),
        ("auto", {}, False),
        (None, {"codspeed": True}, False),
        (None, {"skipped": True}, False),
        (None, {"fixture_names": ["sd_fp32", "request"]}, True),
        (None, {"fixture_names": ["benchmark", "sd_fp32"]}, False),
    ],
)
def test_when_it_may_be_fed(numprocesses: int | str | None, more: dict[str, bool], expected: bool) -> None:
    assert can_feed({"benchmark", "xdist"}, numprocesses, **more) is expected  # type: ignore[arg-type]


def test_without_pytest_benchmark_there_is_nothing_to_feed() -> None:
    assert not can_feed({"xdist", "codspeed"}, None)


def test_the_tests_own_marker_keywords_stay_but_for_the_timer() -> None:
    replay = Replay()
    assert marker_keywords({"group": "unet", "timer": print}, replay) == {"group": "unet", "timer": replay}
    assert marker_keywords(None, replay) == {"timer": replay}
    assert replay.__name__ == "Replay"


def test_every_timed_picture_of_the_first_size_is_a_round(make_measurement: Callable[..., Measurement]) -> None:
    m = make_measurement(medians_s=(2.0, 3.5), sizes=("64x64", "128x128"))
    assert durations_s(m) == [2.0, 2.0, 2.0, 3.5, 3.5, 3.5]


def test_extra_info_tells_the_processes_and_the_verdict(make_measurement: Callable[..., Measurement]) -> None:
    m = make_measurement(medians_s=(2.0, 3.5))
    info = extra_info(m, Verdict([], []))
    assert json.loads(json.dumps(info)) == {
        "sdperf_case": "fp32-sd15-256x256-20steps",
        "sdperf_size": "256x256",
        "sdperf_process_medians_s": [2.0, 3.5],
        "sdperf_peak_rss_bytes": 5_200_000_000,
        "sdperf_peak_own_bytes": None,
        "sdperf_machine": "zen5-2c-avx512_bf16",
        "sdperf_verdict": "NOT JUDGED",
    }
    assert extra_info(m, None)["sdperf_verdict"] is None


CONFTEST = """
import pytest
from pytest_sdperf.report.benchmark_feed import Replay, can_feed, feed, marker_keywords

@pytest.fixture
def show(request):
    def show(durations_s):
        config = request.config
        skipped = config.getoption("benchmark_skip", default=False)
        names = [n for n, p in config.pluginmanager.list_name_plugin() if p is not None]
        if not can_feed(names, config.getoption("numprocesses", default=None), skipped=skipped,
                        fixture_names=request.fixturenames):
            return
        own = request.node.get_closest_marker("benchmark")
        replay = Replay()
        marker = pytest.mark.benchmark(**marker_keywords(own and own.kwargs, replay))
        request.node.add_marker(marker, append=False)
        feed(request.getfixturevalue("benchmark"), replay, durations_s, {"sdperf_case": "case"})
    return show
"""

TESTS = """
import pytest

@pytest.mark.benchmark(group="ours")
def test_slow(show):
    show([0.1, 0.30000000000000004, 1 / 3])
    show([7.0])

def test_own(show, benchmark):
    show([5.0])
    benchmark.pedantic(int, rounds=2)
"""


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    pytest.importorskip("pytest_benchmark", reason="shows durations in pytest-benchmark itself")
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(test_show=TESTS)
    return pytester


def stored(project: pytest.Pytester, name: str) -> dict[str, dict[str, object]]:
    document = json.loads((project.path / name).read_text())
    return {b["name"]: b for b in document["benchmarks"]}


def test_in_pytest_benchmark_itself(project: pytest.Pytester) -> None:
    """The first case of a test is shown: the fixture takes one, and then counts as the test's own."""
    result = project.runpytest_inprocess("--benchmark-json=now.json", "--benchmark-save=base", "-W", "error")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["*benchmark 'ours': 1 tests*", "test_slow*100.0000*333.3333*"])
    shown = stored(project, "now.json")
    assert shown["test_slow"]["stats"]["data"] == [0.1, 0.30000000000000004, 1 / 3]  # type: ignore[index]
    assert shown["test_slow"]["extra_info"] == {"sdperf_case": "case"}
    assert shown["test_slow"]["options"]["timer"] == "Replay"  # type: ignore[index]
    assert shown["test_own"]["stats"]["rounds"] == 2  # type: ignore[index]
    compared = project.runpytest_inprocess("--benchmark-compare", "-k", "slow")
    compared.stdout.fnmatch_lines(["test_slow (0001_base)*100.0000 (1.0)*", "test_slow (NOW)*100.0000 (1.0)*"])


@pytest.mark.parametrize(
    ("option", "outcomes"),
    [
        ("--benchmark-skip", {"passed": 1, "skipped": 1}),
        ("--benchmark-disable", {"passed": 2}),
        ("-pno:benchmark", {"passed": 1, "errors": 1}),
    ],
)
def test_no_option_of_pytest_benchmark_stops_a_measured_test(
    project: pytest.Pytester, option: str, outcomes: dict[str, int]
) -> None:
    result = project.runpytest_inprocess(option, "-W", "error")
    result.assert_outcomes(**outcomes)
    assert "test_slow " not in result.stdout.str().replace("test_slow PASSED", "")
