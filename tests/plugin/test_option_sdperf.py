"""--sdperf: without it everything of ours skips, and nothing is measured."""

import pytest

EVERY_KIND = """
    import pytest

    def test_fixture(sd_ship):
        sd_ship.check()

    @pytest.mark.sdperf(max_slowdown="nonsense")
    def test_marker():
        assert False

    @pytest.mark.requires_amx
    @pytest.mark.requires_cores("nonsense")
    def test_requirement(sd_ship):
        sd_ship.check()

    def test_fixture_by_name(request):
        request.getfixturevalue("sd_ship").check()

    def test_of_others():
        pass
"""


def test_without_it_tests_of_ours_skip(project, weather, told):
    project.test(EVERY_KIND)
    result = project.run("-rs", sdperf=False)
    result.assert_outcomes(skipped=4, passed=1)
    told(result, "needs --sdperf")
    assert "sdperf:" not in result.stdout.str()
    assert weather.timeouts_s == []
    assert not (project.path / "baselines").exists()


def test_with_it_the_case_is_measured(project, weather, told):
    told(project.run(), "sdperf: ", ", model bundled, baselines in baselines", "ship: measuring ship-own-64x64")
    assert weather.processes == ["ship"] * 3


def test_quiet_runs_say_nothing_on_the_way(project):
    assert "measuring" not in project.run("-q", "--sdperf-update=new").stdout.str()


def test_progress_is_told_without_capture_too(project, told):
    told(project.run("-p", "no:capture", "--sdperf-update=new"), "ship: measuring", "RECORDED")


def test_without_a_terminal_reporter_it_measures_all_the_same(project, monkeypatch):
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    loaded = ("-p", "pytest_sdperf.plugin.hooks", "-p", "no:terminal")
    assert project.pytester.runpytest_inprocess(*loaded, "--sdperf", "--sdperf-update=new").ret == 0
    assert project.baseline.exists()


def test_ini(project):
    project.ini(sdperf="true")
    project.run(sdperf=False).assert_outcomes(failed=1)
    project.ini(sdperf="off")
    project.run(sdperf=False).assert_outcomes(skipped=1)


def test_command_line_over_ini(project):
    project.ini(sdperf="false")
    project.run(sdperf=True).assert_outcomes(failed=1)


def test_bad_value(project, told):
    project.ini(sdperf="perhaps")
    result = project.run(sdperf=False)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    told(result, "'perhaps' is neither true nor false [ini key sdperf]. Write true or false.")


def test_collect_only_starts_nothing(project, weather):
    result = project.run("--collect-only", "-q")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["test_it.py::test_ship"])
    assert weather.timeouts_s == []
    assert not (project.path / "baselines").exists()


def test_fixtures_say_what_they_are(project, told):
    told(
        project.run("--fixtures"), "sd_ship", "The variant `ship`: .check(…) measures and judges", "sd_openvino_static"
    )


def test_help_has_every_option(project, told):
    from pytest_sdperf.options.specs import SPECS

    told(project.run("--help"), *(spec.flag for spec in SPECS if spec.on_command_line))


def test_markers_are_declared(project, told):
    told(project.run("--markers"), "@pytest.mark.sdperf(max_slowdown", "@pytest.mark.requires_package(spec)")
