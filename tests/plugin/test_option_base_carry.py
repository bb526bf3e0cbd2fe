"""--sdperf-base-carry and --sdperf-base-run: what the base's tree gets besides its revision."""

import pytest


@pytest.fixture
def gated(project, make_repository):
    (project.path / ".gitignore").write_text("__pycache__\n")
    make_repository(path=project.path).commit("first")
    (project.path / "README.md").write_text("new")
    return project


def said(result):
    return result.stdout.str() + result.stderr.str()


def test_the_command_line_goes_before_the_ini(gated):
    gated.ini(base_carry="from-ini*", base_run="exit 7")
    from_ini = gated.run("--sdperf-baselines-from=HEAD")
    assert "'from-ini*' matches no file of the working tree" in said(from_ini)
    given = gated.run("--sdperf-baselines-from=HEAD", "--sdperf-base-carry=given*")
    assert "'given*' matches no file of the working tree" in said(given)


def test_a_command_that_fails_is_an_error_of_the_run(gated):
    result = gated.run("--sdperf-baselines-from=HEAD", "--sdperf-base-run=echo no compiler; exit 3")
    assert result.ret != 0
    assert "--sdperf-base-run ended with exit code 3 in the tree of HEAD (" in said(result)
    assert "no compiler" in said(result)


def test_a_pattern_that_leads_out_of_the_repository_is_refused(gated):
    result = gated.run("--sdperf-base-carry=../x")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "'../x' is not a pattern of files in the repository" in said(result)
