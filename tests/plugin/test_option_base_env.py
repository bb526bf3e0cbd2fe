"""--sdperf-base-env, --sdperf-base-env-extras and --sdperf-dependency-files: their levels, and values that are refused.

What they do is in tests/adversary/test_changed_libraries.py.
"""

import pytest

from pytest_sdperf.measure import comparer
from pytest_sdperf.report.json import read

pytestmark = pytest.mark.one_python


@pytest.fixture
def repository(make_repository, project, monkeypatch):
    """The working tree alters requirements.txt and pins.lock."""
    monkeypatch.setattr(comparer, "code_fault", lambda *args, **keywords: "")
    repository = make_repository(path=project.path)
    (project.path / ".gitignore").write_text("__pycache__\nout.json\n")
    for name in ("requirements.txt", "pins.txt"):
        (project.path / name).write_text("inkwell==1.0\n")
    repository.commit("main")
    repository.git("checkout", "--quiet", "-b", "head")
    for name in ("requirements.txt", "pins.txt"):
        (project.path / name).write_text("inkwell==2.0\n")
    return repository


@pytest.fixture
def notes(project, repository):
    def notes(*args):
        project.run("--sdperf-against=main", "--sdperf-rounds=3", "--sdperf-json=out.json", *args)
        found = read((project.path / "out.json").read_text()).notes
        # That the ini file is the change's own is another matter.
        return [note.partition(" (")[0] for note in found if not note.startswith("this change sets ")]

    return notes


def test_command_line_over_ini_over_default(project, notes):
    assert [note.split()[0] for note in notes()] == ["requirements.txt"]
    (project.path / "pytest.ini").write_text("[pytest]\nsdperf_dependency_files = p*.txt\n")
    assert [note.split()[0] for note in notes()] == ["pins.txt"]
    assert notes("--sdperf-dependency-files=no-*.txt") == []
    (project.path / "pytest.ini").write_text("[pytest]\nsdperf_base_env = build\n")
    assert notes("--sdperf-dependency-files=no-*.txt") == ["--sdperf-base-env=build: the dependency files"]
    assert notes("--sdperf-dependency-files=no-*.txt", "--sdperf-base-env=same") == []


def test_extras_that_nobody_has(project, repository, told):
    (project.path / "pytest.ini").write_text("[pytest]\nsdperf_base_env_extras = ipex\n")
    for args, name in (((), "ipex"), (("--sdperf-base-env-extras=nope",), "nope")):
        result = project.run("--sdperf-against=main", "--sdperf-base-env=build", *args)
        result.assert_outcomes(failed=1)
        told(
            result,
            f"{name!r} is no extra and no dependency group of main (",
            "[--sdperf-base-env-extras]. Leave the option out: there are none",
        )


@pytest.mark.parametrize(
    ("option", "text"),
    [
        ("--sdperf-base-env=own", "'own' is not a choice [--sdperf-base-env]. Use one of: auto, same, build."),
        ("--sdperf-dependency-files=/etc/pins.txt", "'/etc/pins.txt' is not a pattern of files in the repository"),
        ("--sdperf-dependency-files=a.txt,../b.txt", "'../b.txt' is not a pattern of files in the repository"),
        ("--sdperf-base-env-extras= ", "' ' names nothing [--sdperf-base-env-extras]"),
    ],
)
def test_values_that_are_refused(project, told, option, text):
    result = project.run(option)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    told(result, text)
