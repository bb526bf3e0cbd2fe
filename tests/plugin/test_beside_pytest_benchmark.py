"""pytest-benchmark, where it is installed: our durations in its table and JSON, by its public interface."""

import json

import pytest

pytest.importorskip("pytest_benchmark", reason="is about pytest-benchmark")

TEST = """
    import pytest

    @pytest.mark.benchmark(group="fleet")
    def test_ship(sd_ship):
        sd_ship.measure(num_inference_steps=2)

    def test_two(sd_ship, sd_boat):
        sd_ship.measure(num_inference_steps=2)
        sd_boat.measure(num_inference_steps=2)

    def test_own(sd_ship, benchmark):
        sd_ship.measure(num_inference_steps=2)
        benchmark.pedantic(int, rounds=2)
"""


def test_our_durations_are_in_its_json(project, told):
    project.test(TEST)
    result = project.run_beside_others("--benchmark-json=bench.json")
    result.assert_outcomes(passed=3)
    told(result, "benchmark 'fleet': 1 tests", "test_two")
    benchmarks = {b["name"]: b for b in json.loads((project.path / "bench.json").read_text())["benchmarks"]}
    assert sorted(benchmarks) == ["test_own", "test_ship", "test_two"]
    ship = benchmarks["test_ship"]
    assert ship["group"] == "fleet"
    assert ship["stats"]["rounds"] == 15
    assert ship["stats"]["data"][:6] == [0.005] * 5 + [0.005005]
    assert ship["stats"]["median"] == 0.005
    assert ship["extra_info"]["sdperf_case"] == "ship-own-64x64-2steps"
    assert ship["extra_info"]["sdperf_process_medians_s"] == [0.005, 0.005005, 0.004995]
    assert benchmarks["test_two"]["extra_info"]["sdperf_case"] == "ship-own-64x64-2steps"
    assert benchmarks["test_own"]["extra_info"] == {}


def test_a_verdict_is_told_too(project):
    project.run_beside_others("--benchmark-json=bench.json", "--sdperf-missing=record").assert_outcomes(passed=1)
    [benchmark] = json.loads((project.path / "bench.json").read_text())["benchmarks"]
    assert benchmark["extra_info"]["sdperf_verdict"] == "PASSED"


@pytest.mark.parametrize("args", [("-p", "no:benchmark"), ("--benchmark-skip",), ("--benchmark-disable",)])
def test_without_it_the_case_is_measured_all_the_same(project, args):
    project.run_beside_others("--sdperf-missing=record", *args).assert_outcomes(passed=1)
    assert project.baseline.exists()


def test_codspeed_keeps_its_own_fixture(project, monkeypatch):
    monkeypatch.setenv("CODSPEED_ENV", "runner")
    result = project.run_beside_others("--sdperf-missing=record")
    assert "Legend:" not in result.stdout.str()
