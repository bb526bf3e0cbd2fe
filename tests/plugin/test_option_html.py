"""--sdperf-html: the report as one page."""

import pytest

from pytest_sdperf.report import formats as renderings
from pytest_sdperf.report import html
from pytest_sdperf.report import json as report_json


def test_by_default_no_page(project):
    project.record()
    assert not list(project.path.rglob("*.html"))


def test_command_line(project):
    project.record("--sdperf-html=reports/all.html")
    page = (project.path / "reports" / "all.html").read_text(encoding="utf-8")
    assert page.startswith("<!DOCTYPE html>")
    assert "1 was recorded as new baseline" in page
    assert page.count("data:image/") == 4  # the packaged prompts, and nothing yet to hold them against


def test_the_same_page_from_the_json_of_that_run(project):
    project.record("--sdperf-html=all.html", "--sdperf-json=all.json")
    report = report_json.read((project.path / "all.json").read_text())
    assert html.render(report) == (project.path / "all.html").read_text(encoding="utf-8")


def test_a_failing_run_is_shown_too_beside_its_reference(project):
    project.test("""
        def test_ship(sd_ship):
            sd_ship.measure(num_inference_steps=2)
        def test_wreck(sd_wreck):
            sd_wreck.check(num_inference_steps=2)
    """)
    project.run("--sdperf-html=all.html", "--sdperf-update=new").assert_outcomes(passed=1, failed=1)
    page = (project.path / "all.html").read_text(encoding="utf-8")
    assert "1 of 2 cases failed: wreck (picture BROKEN). 1 was only measured." in page
    assert "Heat map of the difference" in page


def test_ini_and_command_line_over_it(project):
    project.ini(html="ini.html")
    project.record()
    assert (project.path / "ini.html").exists()
    (project.path / "ini.html").unlink()
    project.record("--sdperf-html=line.html")
    assert (project.path / "line.html").exists()
    assert not (project.path / "ini.html").exists()


def test_no_marker_keyword(project, told):
    project.test("""
        import pytest
        @pytest.mark.sdperf(html="a.html")
        def test_ship(sd_ship):
            sd_ship.check()
    """)
    result = project.run()
    result.assert_outcomes(errors=1)
    told(result, "unknown keyword 'html' [@pytest.mark.sdperf]. Use one of: ")


def test_where_nothing_was_measured_the_file_says_so(project, told):
    """An older report is not left to be taken for that of this run."""
    project.test("def test_other(): pass")
    result = project.run("--sdperf-html=all.html")
    result.assert_outcomes(passed=1)
    told(result, "Nothing was measured.")
    assert "Nothing was measured." in (project.path / "all.html").read_text()


def test_a_file_that_cannot_be_written_costs_nothing_but_the_exit_code(project, told):
    result = project.run("--sdperf-update=new", "--sdperf-html=baselines", "--sdperf-json=all.json")
    result.assert_outcomes(passed=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    told(result, "ERROR: --sdperf-html=baselines cannot be written: ", "RECORDED 1 new baseline")
    assert (project.path / "all.json").exists()


def test_what_it_needs_is_asked_for_before_anything_is_measured(project, told, weather, monkeypatch):
    monkeypatch.setattr(renderings, "_installed", lambda name: name != "jinja2")
    result = project.run("--sdperf-html=all.html")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    told(
        result,
        "'all.html' cannot be written without jinja2 [--sdperf-html]. "
        'Install what it needs: pip install "pytest-sdperf[report]".',
    )
    assert weather.processes == []
    project.run("--sdperf-html=all.html", sdperf=False).assert_outcomes(skipped=1)


def test_one_name_for_two_files(project, told):
    result = project.run("--sdperf-html=all", "--sdperf-json=all")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    told(result, "'all' is named by --sdperf-json, too [--sdperf-html]. Name two different files.")


def test_an_empty_name(project, told):
    result = project.run("--sdperf-html=")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    told(result, "'' is not a name or path [--sdperf-html].")
