"""--sdperf-markdown: a summary for a pull request, in a file; and the job's own, without being asked."""

import re

import pytest

from pytest_sdperf.report import json as report_json


def test_by_default_no_file(project):
    project.record()
    assert not list(project.path.glob("*.md"))


def test_command_line(project):
    project.run("--sdperf-markdown=reports/pr.md").assert_outcomes(failed=1)
    text = (project.path / "reports" / "pr.md").read_text()
    assert text.startswith("## ❌ sdperf: 1 of 1 case failed\n\n1 case: 1 NO BASELINE.\n")
    assert "- ship&#58; latency NO BASELINE&#58; 5 ms ±0.1 %, but there is no baseline" in text


def test_ini_and_command_line_over_it(project):
    project.ini(markdown="ini.md")
    project.record()
    assert (project.path / "ini.md").exists()
    (project.path / "ini.md").unlink()
    project.record("--sdperf-markdown=line.md")
    assert (project.path / "line.md").exists()
    assert not (project.path / "ini.md").exists()


def test_it_is_no_keyword_of_the_marker(project, told):
    project.test("""
        import pytest
        @pytest.mark.sdperf(markdown="x.md")
        def test_ship(sd_ship):
            sd_ship.check(num_inference_steps=2)
    """)
    result = project.run()
    result.assert_outcomes(errors=1)
    told(result, "unknown keyword 'markdown' [@pytest.mark.sdperf]. Use one of: ")


def test_where_nothing_was_measured_the_file_says_so(project, told):
    """An older report is not left to be taken for that of this run."""
    project.test("def test_other(): pass")
    result = project.run("--sdperf-markdown=pr.md")
    result.assert_outcomes(passed=1)
    told(result, "Nothing was measured.")
    assert (project.path / "pr.md").read_text().startswith("## sdperf: nothing was judged\n")


def test_a_file_that_cannot_be_written_costs_the_others_nothing(project, told, monkeypatch, tmp_path):
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    result = project.run("--sdperf-update=new", "--sdperf-markdown=baselines", "--sdperf-json=all.json")
    result.assert_outcomes(passed=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    told(
        result, "ERROR: --sdperf-markdown=baselines cannot be written: ", ". Name a file that can.\n", "RECORDED 1 new"
    )
    assert report_json.read((project.path / "all.json").read_text()).outcomes
    assert (tmp_path / "summary.md").exists()
    result = project.run("--sdperf-json=baselines", "--sdperf-markdown=pr.md")
    told(result, "ERROR: --sdperf-json=baselines cannot be written: ")
    assert (project.path / "pr.md").exists()


def test_an_empty_name(project, told):
    result = project.run("--sdperf-markdown=")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    told(result, "'' is not a name or path [--sdperf-markdown].")


@pytest.fixture
def summary(monkeypatch, tmp_path):
    """The file that GitHub names for a step's summary."""
    path = tmp_path / "summary.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(path))
    return path


def test_the_jobs_summary_is_appended_to(project, summary):
    summary.write_text("what another command wrote\n")
    project.record()
    assert summary.read_text().startswith(
        "what another command wrote\n## ✅ sdperf: nothing failed\n\n1 case: 1 PASSED."
    )
    project.run()
    assert len(re.findall("^## ", summary.read_text(), re.MULTILINE)) == 2


def test_no_summary_without_sdperf_or_without_a_case(project, summary):
    project.run(sdperf=False)
    project.test("def test_other(): pass")
    project.run()
    assert not summary.exists()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("folder", "cannot be written: "),
        ("full", " has 1048576 bytes already, and GitHub shows 1048576 at most. Run pytest in a step of its own."),
    ],
)
def test_a_summary_that_cannot_be_written(project, monkeypatch, tmp_path, told, name, said):
    (tmp_path / "folder").mkdir()
    (tmp_path / "full").write_bytes(b"x" * 2**20)
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / name))
    result = project.run("--sdperf-update=new")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    told(result, f"ERROR: GITHUB_STEP_SUMMARY={tmp_path / name}", said, "RECORDED 1 new baseline")


def test_both_limits_together_are_githubs(project, summary):
    summary.write_bytes(b"x" * (2**20 - 5000))
    project.record()
    assert 2**20 - 5000 < summary.stat().st_size <= 2**20
