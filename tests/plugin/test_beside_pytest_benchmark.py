"""pytest-benchmark, where it is installed: our durations in its table and JSON, by its public interface."""

import json
import os
import subprocess
import sys
import xml.etree.ElementTree as ET

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
    project.run_beside_others("--benchmark-json=bench.json", "--sdperf-update=new").assert_outcomes(passed=1)
    [benchmark] = json.loads((project.path / "bench.json").read_text())["benchmarks"]
    assert benchmark["extra_info"]["sdperf_verdict"] == "PASSED"


@pytest.mark.parametrize("args", [("-p", "no:benchmark"), ("--benchmark-skip",), ("--benchmark-disable",)])
def test_without_it_the_case_is_measured_all_the_same(project, args):
    project.run_beside_others("--sdperf-update=new", *args).assert_outcomes(passed=1)
    assert project.baseline.exists()


def test_codspeed_keeps_its_own_fixture(project, monkeypatch):
    monkeypatch.setenv("CODSPEED_ENV", "runner")
    result = project.run_beside_others("--sdperf-update=new")
    assert "Legend:" not in result.stdout.str()


def saved(project):
    """The files of two saved runs."""
    project.run_beside_others("--benchmark-save=first", "--sdperf-update=new").assert_outcomes(passed=1)
    project.run_beside_others("--benchmark-save=second", "--sdperf-max-slowdown=99%").assert_outcomes(passed=1)
    return sorted((project.path / ".benchmarks").rglob("*.json"))


def test_its_compare_shows_our_runs_beside_each_other(project, weather, told):
    first, second = saved(project)
    environ = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    command = [
        sys.executable,
        "-m",
        "pytest_benchmark",
        "compare",
        str(first),
        str(second),
        "--csv=table.csv",
        "--histogram=beside",
    ]
    done = subprocess.run(
        command, cwd=project.path, env=environ, capture_output=True, text=True, check=True, timeout=60
    )
    assert "test_ship (0001_first)" in done.stdout
    assert "test_ship (0002_second)" in done.stdout
    heading, *lines = [line.split(",") for line in (project.path / "table.csv").read_text().splitlines()]
    medians = [float(line[heading.index("median")]) for line in lines]
    assert medians == pytest.approx([0.005, 0.005], rel=0.01)
    assert list(project.path.glob("beside*.svg"))


def test_a_slower_run_is_told_by_its_compare_option(project, weather, told):
    project.run_beside_others("--benchmark-save=first", "--sdperf-update=new").assert_outcomes(passed=1)
    weather.step_ns["ship"] = 1_500_000
    result = project.run_beside_others(
        "--benchmark-compare=0001", "--benchmark-compare-fail=median:20%", "--sdperf-max-slowdown=99%"
    )
    told(result, "test_ship (0001_first)", "test_ship (NOW)", "Performance has regressed")
    assert result.ret != 0


def test_its_histogram_draws_our_runs(project, real_workers, own_process):
    """In processes of their own: pygal replaces a part of importlib, which does not survive being forgotten."""
    loaded = ("-p", "benchmark", "--sdperf-processes=1", "--sdperf-update=new", "--sdperf-gate=proof")
    command, environ = own_process(*loaded, "--benchmark-histogram=drawn/ship")
    subprocess.run(command, cwd=project.path, env=environ, capture_output=True, check=True, timeout=60)
    [picture] = (project.path / "drawn").glob("*.svg")
    assert "test_ship" in "".join(ET.parse(picture).getroot().itertext())
