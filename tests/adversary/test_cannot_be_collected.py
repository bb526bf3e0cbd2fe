"""A file that cannot be collected: its tests are in no list, and every report names the file as an error."""

import pytest

from pytest_sdperf.report.json import read

GOOD = "def test_good(sd_ship):\n    sd_ship.check(num_inference_steps=2)\n"
BAD = "import no_such_rope\n\ndef test_bad(sd_boat):\n    sd_boat.check(num_inference_steps=2)\n"
ON = "--continue-on-collection-errors"
WAYS = {
    "import": (BAD, "ModuleNotFoundError: No module named 'no_such_rope'"),
    "raise": (BAD.replace("import no_such_rope", "raise OSError('no dock')"), "OSError: no dock"),
    "syntax": (BAD.replace("import no_such_rope", "def :"), "SyntaxError: invalid syntax"),
    "skip": (BAD.replace("import no_such_rope", "import pytest\npytest.skip('no')"), "skip"),
    "helper": ("from rigging import *\n", "ModuleNotFoundError: No module named 'no_such_rope'"),
    "parameters": (
        "import pytest\n@pytest.mark.parametrize('wind', [1])\ndef test_bad(sd_boat):\n    sd_boat.check()\n",
        "uses no argument 'wind'",
    ),
}


@pytest.fixture
def fleet(project, monkeypatch):
    """A project with one good test, recorded, and a case of a boat that is recorded, too."""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(project.path))
    project.test(GOOD + BAD.replace("import no_such_rope", ""))
    project.record()
    project.test(GOOD)
    (project.path / "rigging.py").write_text(BAD)
    return project


@pytest.mark.parametrize("way", WAYS)
def test_it_is_an_error_of_every_report(fleet, told, way):
    source, sentence = WAYS[way]
    fleet.pytester.makepyfile(test_bad=source)
    result = fleet.run(ON, "--sdperf-json=out.json", "--sdperf-markdown=out.md", "--sdperf-html=out.html")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    report = read((fleet.path / "out.json").read_text())
    [error] = report.errors
    assert (error.nodeid, error.file, error.variant) == ("test_bad.py", "test_bad.py", "")
    assert sentence in error.sentence
    assert report.unfinished == {"test_bad.py": []}
    assert [outcome.verdict.passed for outcome in report.outcomes] == [True]
    assert any(line.startswith("FAILED test_bad.py: it cannot be collected: ") for line in result.outlines)
    [annotation] = [line for line in result.outlines if line.startswith("::error")]
    assert annotation.startswith("::error file=test_bad.py,line=1,title=sdperf%3A test_bad.py ERROR::")
    assert (fleet.path / "out.md").read_text().startswith("## ❌ sdperf: 1 test failed in an error\n")
    assert "1 test failed in an error: test_bad.py." in (fleet.path / "out.html").read_text()
    assert "stored here but not used" not in result.stdout.str(), "the boat's may be of the file"


def test_a_run_that_stops_there_reports_it_too(fleet):
    fleet.pytester.makepyfile(test_bad=BAD)
    result = fleet.run("--sdperf-json=out.json", "--sdperf-markdown=out.md")
    assert result.ret == pytest.ExitCode.INTERRUPTED
    [error] = read((fleet.path / "out.json").read_text()).errors
    assert "no_such_rope" in error.sentence
    assert "1 test failed in an error" in (fleet.path / "out.md").read_text()


def test_a_class_of_tests_that_cannot_be_collected(fleet):
    fleet.test(
        GOOD
        + "\n\nimport pytest\nclass TestBad:\n    @pytest.mark.parametrize('x', [1])\n    def test_bad(self, sd_boat): pass\n"
    )
    fleet.run(ON, "--sdperf-json=out.json")
    [error] = read((fleet.path / "out.json").read_text()).errors
    assert (error.nodeid, error.file) == ("test_it.py::TestBad", "test_it.py")


def test_without_the_flag_nothing_is_reported(fleet):
    fleet.pytester.makepyfile(test_bad=BAD)
    result = fleet.run(ON, "--sdperf-json=out.json", sdperf=False)
    assert not (fleet.path / "out.json").exists()
    assert result.ret == pytest.ExitCode.TESTS_FAILED


@pytest.mark.parametrize("option", ["--sdperf-baselines-from=trunk", "--sdperf-against=trunk"])
def test_tests_of_the_base_in_it_are_named(trunk, project, told, option):
    trunk.commit(test=GOOD, past=False)
    project.pytester.makepyfile(test_bad=BAD.replace("import no_such_rope", ""))
    project.record()
    trunk.repository.commit("recorded")
    trunk.repository.git("branch", "--force", "trunk")
    project.pytester.makepyfile(test_bad=BAD)
    result = trunk.run(ON, "--sdperf-gate=picture", option=option)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    told(
        result,
        f"NOTE tests of {trunk.label} that this run did not judge, because they cannot be collected here: "
        "test_bad.py::test_bad\n",
    )
