"""--sdperf-identical: what becomes of a case whose base and head are the same program."""

import sys

import pytest

from pytest_sdperf.errors import ComparisonError
from pytest_sdperf.measure import comparer

pytestmark = [
    pytest.mark.usefixtures("real_workers"),
    pytest.mark.skipif(sys.platform != "linux", reason="opened files are seen by inotify"),
]

PASSED = "PASSED ship: latency: identical program: "


@pytest.fixture
def same(project, make_repository, monkeypatch):
    """A change of the readme only; where a pair is measured, the run says so."""

    def pair(*_, **__):
        raise ComparisonError("a pair is measured", cure="None.")

    repository = make_repository(path=project.path)
    project.conftest("""
        from pytest_sdperf import Variant
        def pytest_sdperf_variants():
            return [Variant("ship", "harbour:build", reference=None, needs_model=False)]
    """)
    (project.path / ".gitignore").write_text("__pycache__\n")
    (project.path / "README.md").write_text("old")
    repository.commit("first")
    (project.path / "README.md").write_text("new")
    monkeypatch.setattr(comparer, "measure_pairs", pair)
    return project


def test_by_default_it_passes(same, told):
    result = same.run("--sdperf-against=HEAD")
    result.assert_outcomes(passed=1)
    told(result, PASSED)


def test_measure_measures(same, told):
    result = same.run("--sdperf-against=HEAD", "--sdperf-identical=measure")
    result.assert_outcomes(failed=1)
    told(result, "a pair is measured")


def test_the_command_line_goes_before_the_ini(same, told):
    same.ini(identical="measure")
    result = same.run("--sdperf-against=HEAD")
    told(result, "a pair is measured")
    result = same.run("--sdperf-against=HEAD", "--sdperf-identical=pass")
    told(result, PASSED)


def test_another_word_is_refused(same, told):
    result = same.run("--sdperf-against=HEAD", "--sdperf-identical=maybe")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "'maybe' is not" in result.stderr.str() + result.stdout.str()
