"""--sdperf-json: everything measured and judged, in one file."""

import pytest

from pytest_sdperf.report import json as report_json


def test_by_default_no_file(project):
    project.record()
    assert not list(project.path.glob("*.json"))


def test_command_line(project):
    project.record("--sdperf-json=reports/all.json")
    report = report_json.read((project.path / "reports" / "all.json").read_text())
    [outcome] = report.outcomes
    assert (outcome.nodeid, outcome.recorded, outcome.measurement.variant) == ("test_it.py::test_ship", True, "ship")
    assert outcome.measurement.latency.median_s == 0.005


def test_a_failing_run_is_told_too(project):
    project.run("--sdperf-json=all.json").assert_outcomes(failed=1)
    [outcome] = report_json.read((project.path / "all.json").read_text()).outcomes
    assert [f.part for f in outcome.verdict.failures] == ["latency", "picture", "memory"]


def test_a_skipped_case_says_why(project):
    project.run("--sdperf-json=all.json", "--sdperf-missing=skip")
    [outcome] = report_json.read((project.path / "all.json").read_text()).outcomes
    assert outcome.skip_reason.startswith("latency 5 ms ±0.1 %, not judged: there is no baseline")


def test_ini_and_command_line_over_it(project):
    project.ini(json="ini.json")
    project.record()
    assert (project.path / "ini.json").exists()
    (project.path / "ini.json").unlink()
    project.record("--sdperf-json=line.json")
    assert (project.path / "line.json").exists()
    assert not (project.path / "ini.json").exists()


def test_where_nothing_was_measured_the_file_says_so(project, told):
    """An older report is not left to be taken for that of this run."""
    project.test("def test_other(): pass")
    result = project.run("--sdperf-json=all.json")
    result.assert_outcomes(passed=1)
    told(result, "Nothing was measured.")
    assert report_json.read((project.path / "all.json").read_text()).outcomes == []


def test_a_file_that_cannot_be_written_costs_nothing_but_the_exit_code(project, told):
    result = project.run("--sdperf-update=new", "--sdperf-json=baselines")
    result.assert_outcomes(passed=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    told(result, "ERROR: --sdperf-json=baselines cannot be written: ", "RECORDED 1 new baseline")


def test_an_empty_name(project, told):
    result = project.run("--sdperf-json=")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    told(result, "'' is not a name or path [--sdperf-json].")
