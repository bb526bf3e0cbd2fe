"""--sdperf-against-python: side by side with another interpreter."""

import os
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

from pytest_sdperf.report.json import read

posix = pytest.mark.skipif(os.name != "posix", reason="workers need POSIX pipes and process groups")
LOOSE = ("--sdperf-ignore=20%", "--sdperf-must-catch=60%", "--sdperf-rounds=3", "--sdperf-json=out.json")


@pytest.fixture
def other(project):
    """Another environment in the project with what this one has; returns its folder."""
    folder = project.path / "next"
    venv.create(folder, with_pip=False, symlinks=True)
    [site] = folder.glob("lib/python*/site-packages")
    ours = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (site / "ours.pth").write_text("\n".join(sorted(ours)) + "\n")
    return folder


@pytest.fixture
def refused(project, weather, told):
    """A run that ends before anything is measured, with these words."""

    def refused(value, text, *args):
        result = project.run(f"--sdperf-against-python={value}", *args)
        assert result.ret == pytest.ExitCode.USAGE_ERROR
        told(result, f"ERROR: {text}")
        assert weather.processes == []

    return refused


@posix
@pytest.mark.usefixtures("real_workers")
def test_what_another_environment_costs_and_has_is_told(project, other, told):
    """The same code, which naps longer under this interpreter; the other one has a package of its own."""
    [site] = other.glob("lib/python*/site-packages")
    (site / "nncf-0.0.1.dist-info").mkdir()
    (site / "nncf-0.0.1.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: nncf\nVersion: 0.0.1\n")
    project.harbour(NAP_S=f"0.01 if __import__('sys').prefix == {str(other)!r} else 0.025")
    version = ".".join(map(str, sys.version_info[:3]))
    result = project.run("--sdperf-against-python=next/bin/python", *LOOSE)
    result.assert_outcomes(failed=1)
    label = f"{other}/bin/python ({version})"
    told(
        result,
        f"sdperf: working tree side by side with {label}",
        "ship: latency REGRESSED: ",
        f"slower than {label}'s ",
        "environment: nncf 0.0.1 -> ",
    )
    [outcome] = read((project.path / "out.json").read_text()).outcomes
    comparison = outcome.comparison
    assert comparison.base.modules == comparison.head.modules
    assert comparison.base.modules["harbour"] == str(project.path / "harbour.py")
    assert comparison.base.environment.packages["nncf"] == "0.0.1"


@posix
def test_with_self_there_is_a_control(project, other, weather, told):
    result = project.run("--sdperf-against-python=next/bin/python", "--sdperf-against=self", "--sdperf-rounds=3")
    result.assert_outcomes(passed=1)
    assert len(weather.pairs) == 16
    told(result, "sdperf: ship: working tree side by side with the same tree")


@posix
def test_a_control_that_finds_a_difference_is_told_and_fails_nothing_by_itself(project, other, weather, told):
    weather.slower["head"] = 1.1
    both = ("--sdperf-against-python=next/bin/python", "--sdperf-against=self", "--sdperf-rounds=3")
    result = project.run(*both)
    result.assert_outcomes(failed=1)
    told(
        result,
        "ship: latency REGRESSED: 5.5 ms is 10.0 % slower than ",
        "control   INVALID ENVIRONMENT (not gated): the head differs from itself: 5.5 ms is 10.0 % slower than the same "
        "tree's 5 ms side by side",
        "; distrust differences of that size here",
    )
    assert "; control" not in result.stdout.str()
    result = project.run(*both, "--sdperf-ignore=20%", "--sdperf-must-catch=40%")
    result.assert_outcomes(passed=1)


@posix
def test_command_line_over_ini(project, other, weather, told):
    project.ini(against_python="no/such/python")
    assert project.run().ret == pytest.ExitCode.USAGE_ERROR
    result = project.run("--sdperf-against-python=next/bin/python", "--sdperf-rounds=3")
    result.assert_outcomes(passed=1)
    told(result, f"side by side with {other}/bin/python (3.")
    project.ini(against_python="next/bin/python")
    project.run("--sdperf-rounds=3").assert_outcomes(passed=1)
    assert len(weather.pairs) == 16


@posix
def test_interpreters_that_cannot_be_compared_with(refused, project, other):
    where = "--sdperf-against-python"
    refused(
        "no/such/python",
        f"there is no interpreter {project.path}/no/such/python [{where}=no/such/python]. Name the python of another "
        "environment.",
    )
    refused("next", f"{other} is a folder [{where}=next]. Name {other}/bin/python.")
    refused(
        sys.executable,
        f"{sys.executable} is of the environment that runs this session ({sys.prefix}): base and head would be the same "
        f"[{where}={sys.executable}]. Name the python of another environment, or write --sdperf-against=self for a control.",
    )
    (project.path / "tool").write_text("#!/bin/sh\necho ahoy; exit 3\n")
    (project.path / "tool").chmod(0o755)
    refused("./tool", f"{project.path}/tool is not a working Python (exit code 3): ahoy [{where}=./tool].")


@posix
def test_an_interpreter_that_lacks_what_workers_need(refused, other):
    for path in other.glob("lib/python*/site-packages/ours.pth"):
        path.unlink()
    python = other / "bin" / "python"
    refused(
        "next/bin/python",
        f"{python} (Python {'.'.join(map(str, sys.version_info[:3]))}) lacks msgspec and numpy, which workers need "
        f"[--sdperf-against-python=next/bin/python]. Install there: {python} -m pip install msgspec numpy.",
    )


def test_no_name(project, told):
    result = project.run("--sdperf-against-python= ")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    told(result, "' ' is not a name or path [--sdperf-against-python]. Write a non-empty text.")


@posix
def test_the_bad_name_of_a_revision_is_told_as_well(refused, other, git_settings):
    refused("next/bin/python", f"{other.parent} is in no git repository [--sdperf-against]. ", "--sdperf-against=main")
    assert Path(other, "bin", "python").exists()
