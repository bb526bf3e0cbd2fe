"""--sdperf-update: the only other way that a baseline is written; judge first, write second."""

import json
import re

import msgspec
import pytest

from pytest_sdperf.baseline import Baseline
from pytest_sdperf.baselines.file_format import encode
from pytest_sdperf.workload import DEFAULT_PROMPTS

TWO = """
    def test_ship(sd_ship):
        sd_ship.check(num_inference_steps=2)

    def test_boat(sd_boat):
        sd_boat.check(num_inference_steps=2)
"""


def test_by_default_nothing_is_written(project):
    project.run().assert_outcomes(failed=1)
    assert not (project.path / "baselines").exists()


def test_new_writes_only_what_is_absent(project, weather, told):
    project.record()
    [kept] = project.folder.iterdir()
    before = kept.read_bytes()
    weather.step_ns["ship"] = 1_010_000
    project.test(TWO)
    result = project.run("--sdperf-update=new")
    result.assert_outcomes(passed=2)
    told(result, "RECORDED 1 new baseline")
    assert kept.read_bytes() == before
    assert sorted(p.name.split("-")[0] for p in project.folder.iterdir()) == ["boat", "ship"]


def test_new_records_and_says_so_and_the_second_run_gates(project, weather, told):
    first = project.run("--sdperf-update=new")
    first.assert_outcomes(passed=1)
    told(first, "RECORDED 1 new baseline: latency and memory were NOT judged for these. Run again to gate.")
    stored = project.stored()
    second = project.run("--sdperf-update=new", "--sdperf-max-slowdown=50%")
    second.assert_outcomes(passed=1)
    told(second, "PASSED")
    assert "RECORDED" not in second.stdout.str()
    assert project.stored() == stored
    weather.step_ns["ship"] = 2_000_000
    third = project.run("--sdperf-update=new")
    third.assert_outcomes(failed=1)
    told(third, "ship: latency REGRESSED", "100.0 % slower", "(limit 5 %")
    assert project.stored() == stored


@pytest.mark.parametrize("fault", ["nan", "black", "more calls"])
def test_new_records_nothing_broken(project, monkeypatch, fault, told):
    monkeypatch.setenv("SHIP_FAULT", fault)
    for _ in range(2):
        result = project.run("--sdperf-update=new")
        result.assert_outcomes(failed=1)
        assert "RECORDED" not in result.stdout.str()
        told(result, "BROKEN")
    assert not (project.path / "baselines").exists()


def test_new_still_gates_what_is_there(project, weather, told):
    project.record()
    weather.step_ns["ship"] = 2_000_000
    before = project.stored()
    for _ in range(2):
        result = project.run("--sdperf-update=new")
        result.assert_outcomes(failed=1)
        told(result, "ship: latency REGRESSED")
    assert project.stored() == before


def test_all_accepts_a_slower_result_begins_anew_and_says_so(project, weather, told):
    project.record()
    weather.step_ns["ship"] = 2_000_000
    result = project.run("--sdperf-update=all")
    result.assert_outcomes(passed=1)
    told(
        result,
        "REPLACED baselines/",
        ".json: latency 5 ms -> 10 ms (+100.0 %); significantly slower than the 1 recorded run, so this run begins a new baseline",
    )
    [headline] = json.loads(project.baseline.read_bytes())["headline"]
    assert headline["64x64"]["median_s"] == 0.01
    result = project.run("--sdperf-max-slowdown=50%")
    result.assert_outcomes(passed=1)
    told(result, "PASSED")


def test_all_accepts_a_faster_result_begins_anew_and_says_so(project, weather, told):
    project.record_with_a_past()
    weather.step_ns["ship"] = 900_000
    result = project.run("--sdperf-update=all")
    told(
        result,
        "latency 5 ms -> 4.5 ms (-10.0 %); significantly faster than the 10 recorded runs, so this run begins a new baseline",
    )
    assert len(project.jobs()) == 1


def test_all_adds_a_job_of_the_same_speed(project, weather, told):
    project.record()
    weather.step_ns["ship"] = 1_020_000
    result = project.run("--sdperf-update=all")
    result.assert_outcomes(passed=1)
    told(result, "ADDED run 2 of at most 10 to baselines/", ".json: latency 5.1 ms, recorded 5 ms (+2.0 %)")
    assert "REPLACED" not in result.stdout.str()
    assert [job.measurement.latency.median_s for job in project.jobs()] == [0.005, 0.0051]
    times = [job.recorded_at for job in project.jobs()]
    assert times == sorted(times)
    assert all(re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", time) for time in times)
    told(
        project.run("--sdperf-inconclusive=fail"),
        "with 2 recorded runs of 5 processes, slowdowns above ",
    )


def test_the_oldest_job_falls_off(project, weather, told):
    project.record_with_a_past()
    weather.step_ns["ship"] = 1_010_000
    result = project.run("--sdperf-update=all")
    told(result, "ADDED run 10 of at most 10 to ", "; the oldest fell off")
    assert [job.measurement.latency.median_s for job in project.jobs()] == [0.005] * 9 + [0.00505]


@pytest.mark.parametrize("also", ["--sdperf-inconclusive=fail", "--sdperf-gate=latency"])
def test_a_job_more_is_not_held_against_the_old_ones(project, weather, also):
    project.record()
    weather.step_ns["ship"] = 1_100_000
    project.run("--sdperf-update=all", also).assert_outcomes(passed=1)
    assert len(project.jobs()) == 2, "one stored job cannot tell 10 % from noise"


def test_jobs_of_other_work_are_replaced(project, told):
    project.record()
    [job] = project.jobs()
    job = msgspec.structs.replace(job, measurement=msgspec.structs.replace(job.measurement, scheduler="Euler"))
    project.baseline.write_bytes(encode(Baseline([job, job])))
    told_of = "measured with scheduler Euler, this is "
    told(project.run(), f"the baseline was {told_of}", " or record it again with --sdperf-update=all")
    result = project.run("--sdperf-update=all")
    result.assert_outcomes(passed=1)
    told(result, "REPLACED baselines/", f"; the recorded runs were {told_of}", ", so this run begins a new baseline")
    [job] = project.jobs()
    assert job.measurement.scheduler != "Euler"


def test_a_run_adds_one_job_to_a_case(project, weather, told):
    project.test("""
        def test_ship(sd_ship):
            sd_ship.check(num_inference_steps=2)

        def test_the_same_ship(sd_ship):
            sd_ship.check(num_inference_steps=2)
    """)
    result = project.run("--sdperf-update=all")
    result.assert_outcomes(passed=2)
    told(result, "RECORDED 1 new baseline")
    assert len(project.jobs()) == 1
    assert len(weather.processes) == 5 + 2


@pytest.mark.parametrize(("fault", "part"), [("nan", "picture"), ("other", "picture"), ("more calls", "proof")])
def test_all_accepts_no_broken_promise(project, monkeypatch, told, fault, part):
    project.record()
    before = project.stored()
    monkeypatch.setenv("SHIP_FAULT", fault)
    for _ in range(2):
        result = project.run("--sdperf-update=all")
        result.assert_outcomes(failed=1)
        told(result, f"ship: {part} BROKEN", "no update accepts a broken promise")
        assert "REPLACED" not in result.stdout.str()
        assert "ADDED" not in result.stdout.str()
    assert project.stored() == before


def test_all_accepts_no_broken_promise_that_is_not_gated(project, monkeypatch):
    project.record()
    before = project.stored()
    monkeypatch.setenv("SHIP_FAULT", "nan")
    project.run("--sdperf-update=all", "--sdperf-gate=latency").assert_outcomes(passed=1)
    assert project.stored() == before


def test_all_accepts_no_broken_order(project, told):
    project.test("""
        import pytest
        @pytest.mark.sdperf(min_speedup=("boat", 2))
        def test_ship(sd_ship):
            sd_ship.check(num_inference_steps=2)
    """)
    result = project.run("--sdperf-update=all")
    result.assert_outcomes(failed=1)
    told(result, "1.00x as fast as boat (limit 2x)")
    assert not (project.path / "baselines").exists()


def test_a_failed_run_never_becomes_the_baseline(project, weather, told):
    """The ratchet: the same failing command fails again."""
    project.record()
    before = project.stored()
    weather.step_ns["ship"] = 2_000_000
    for _ in range(2):
        result = project.run()
        result.assert_outcomes(failed=1)
        told(result, "ship: latency REGRESSED", "accept    pytest --sdperf --sdperf-update=all test_it.py::test_ship")
    assert project.stored() == before


def test_a_test_that_fails_by_itself_records_nothing(project):
    project.test("""
        import pytest
        @pytest.mark.sdperf
        def test_ship(sd_ship):
            sd_ship.measure(num_inference_steps=2)
            assert False
    """)
    project.run("--sdperf-update=all").assert_outcomes(failed=1)
    assert not (project.path / "baselines").exists()


def test_the_references_of_a_recorded_case_are_stored_once(project):
    project.test(TWO)
    project.record()
    pictures = [name for name in project.stored() if name.endswith(".png")]
    assert len(pictures) == len(DEFAULT_PROMPTS)
    assert all(name.startswith("references/no-model/ship-64x64-2steps-") for name in pictures)


def test_ini(project):
    project.ini(update="new")
    project.run().assert_outcomes(passed=1)
    assert project.baseline.exists()


def test_command_line_over_ini(project, weather):
    project.record()
    before = project.stored()
    weather.step_ns["ship"] = 2_000_000
    project.ini(update="all")
    project.run("--sdperf-update=new").assert_outcomes(failed=1)
    assert project.stored() == before


def test_bad_values(project, told):
    result = project.run("--sdperf-update=some")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    told(result, "'some' is not a choice [--sdperf-update]. Use one of: new, all.")
    project.ini(update="old")
    told(project.run(), "'old' is not a choice [ini key sdperf_update]. Use one of: new, all.")
