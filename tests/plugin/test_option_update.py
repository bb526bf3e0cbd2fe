"""--sdperf-update: the only other way that a baseline is written; judge first, write second."""

import json

import pytest

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


def test_new_still_gates_what_is_there(project, weather, told):
    project.record()
    weather.step_ns["ship"] = 2_000_000
    before = project.stored()
    for _ in range(2):
        result = project.run("--sdperf-update=new")
        result.assert_outcomes(failed=1)
        told(result, "ship: latency REGRESSED")
    assert project.stored() == before


def test_all_accepts_a_slower_result_and_says_old_and_new(project, weather, told):
    project.record()
    weather.step_ns["ship"] = 2_000_000
    result = project.run("--sdperf-update=all")
    result.assert_outcomes(passed=1)
    told(result, "REPLACED baselines/", ".json: latency 5 ms -> 10 ms (+100.0 %)")
    assert json.loads(project.baseline.read_bytes())["headline"]["64x64"]["median_s"] == 0.01
    project.run().assert_outcomes(passed=1)


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
        @pytest.mark.sdperf(faster_than=("boat", 2))
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
