"""Which of the base's files uv is given, and how."""

from pathlib import Path

import pytest

from pytest_sdperf.base.environment.dependency_files import DependencyFile
from pytest_sdperf.base.environment.install_plan import Plan, check_extras, plan_for
from pytest_sdperf.errors import ComparisonError

PROJECT = """
[project]
name = "yard"
dependencies = ["inkwell"]
[project.optional-dependencies]
openvino = ["openvino"]
[dependency-groups]
test = ["pytest"]
openvino = ["nncf"]
"""
PYTHON, PINS = Path("/env/bin/python"), Path("/env/preferred.txt")
TO = ["--python", "/env/bin/python"]


def files(**texts):
    return {n.replace("__", "."): DependencyFile(n.replace("__", "."), text) for n, text in texts.items()}


def planned(base, differing=None):
    return plan_for(base, differing or sorted(base), "main", "--sdperf-base-env=build")


def commands(base, extras=(), differing=None):
    plan = planned(base, differing)
    return Plan(plan.files, tuple(extras)).commands(PYTHON, PINS)


def refused(base, text, differing=None):
    with pytest.raises(ComparisonError) as error:
        planned(base, differing)
    assert text in str(error.value)


def test_requirements_constraints_and_project_are_used_together():
    base = files(
        constraints__txt="a<2", pyproject__toml=PROJECT, requirements__txt="quill", requirements_dev__txt="nib"
    )
    asked = ["-r", "./requirements.txt", "-r", "./requirements_dev.txt", "-r", "./pyproject.toml"]
    extras = ["--extra=openvino", "--group=./pyproject.toml:test", "--group=./pyproject.toml:openvino"]
    compile_, install = commands(base, ["test", "openvino"])
    assert install == ["pip", "install", *TO, *asked, *extras, "-c", "./constraints.txt", "-c", str(PINS)]
    quiet = ["--quiet", "--no-header", "--no-annotate"]
    sources = [part for part in asked if part != "-r"]
    assert compile_ == ["pip", "compile", *TO, *quiet, *sources, *extras, "-c", "./constraints.txt", "-o", str(PINS)]


def test_a_project_with_groups_only_is_no_project_of_its_own():
    base = files(pyproject__toml="[dependency-groups]\ntest = ['pytest']\n")
    assert commands(base, ["test"])[1] == ["pip", "install", *TO, "--group=./pyproject.toml:test", "-c", str(PINS)]


def test_uv_lock_stands_alone():
    base = files(uv__lock="", pyproject__toml=PROJECT, requirements__txt="quill", poetry__lock="")
    flags = ["--frozen", "--no-install-project", "--no-install-workspace", "--no-default-groups"]
    assert commands(base, ["openvino"]) == [
        ["sync", *flags, "--project", ".", *TO, "--extra=openvino", "--group=openvino"]
    ]
    workspace = {
        **files(uv__lock=""),
        "services/render/pyproject.toml": DependencyFile("services/render/pyproject.toml", PROJECT),
    }
    [command] = commands(workspace)
    assert command[command.index("--project") + 1] == "services/render"


def test_pylock_stands_alone():
    assert commands(files(pylock__toml="", requirements__txt="quill")) == [
        ["pip", "sync", *TO, "--preview", "./pylock.toml"]
    ]


def test_requirements_with_hashes_are_a_lock():
    base = files(requirements__txt="quill==1 --hash=sha256:aa", pyproject__toml=PROJECT)
    assert commands(base) == [["pip", "install", *TO, "-r", "./requirements.txt"]]


def test_names_for_people():
    plan = planned(files(requirements__txt="quill", pyproject__toml=PROJECT))
    assert plan.names == "requirements.txt and pyproject.toml"
    assert Plan(plan.files, ("test",)).names == "requirements.txt and pyproject.toml (test)"


def test_what_cannot_be_planned():
    refused(files(), "main has none of the dependency files requirements.txt, so its", differing=["requirements.txt"])
    refused(
        files(uv__lock="", pylock__toml=""),
        "main has several locks: uv.lock, pylock.toml [--sdperf-base-env=build]. Name the one that you install from, "
        "--sdperf-dependency-files=uv.lock say.",
    )
    refused(
        files(poetry__lock=""), "uv cannot read poetry.lock of main [--sdperf-base-env=build]. Export it and commit"
    )
    refused(
        files(environment__yml=""), "uv cannot read environment.yml of main [--sdperf-base-env=build]. Leave it out"
    )
    refused(files(constraints__txt="a<2"), "main has constraints only (constraints.txt), and asks for no library")


def test_the_files_that_count_must_be_those_that_differ():
    base = files(uv__lock="", pyproject__toml=PROJECT, requirements__txt="quill")
    refused(
        base,
        "requirements.txt differs, but the environment of main would be made from uv.lock, pyproject.toml, which does not "
        "[--sdperf-base-env=build]. Name the files that you install from: --sdperf-dependency-files=requirements.txt, say.",
        differing=["requirements.txt"],
    )
    assert planned(base, ["pyproject.toml"]) is None, "the lock is the same, and so are the libraries"
    assert planned(base, ["pylock.toml"]).files[0].name == "uv.lock", "a file that only the head has"


def test_extras_that_are_asked_for():
    base, head = files(pyproject__toml=PROJECT), files(pyproject__toml=PROJECT.replace("test =", "tests ="))
    assert check_extras(["openvino", "tests"], base, head, "main") == ["openvino"]
    with pytest.raises(ComparisonError, match="'nope' is no extra and no dependency group of main or of the head"):
        check_extras(["nope"], base, head, "main")


def test_names_are_never_options():
    """Files and extras are called as the base likes."""
    project = "[project]\nname = 'a'\ndependencies = []\n[project.optional-dependencies]\n'--index-url=evil' = ['x']\n"
    base = {"--pip.txt": DependencyFile("--pip.txt", "x"), **files(pyproject__toml=project)}
    for command in commands(base, ["--index-url=evil"]):
        assert {part for part in command if part.startswith("--")} <= {
            *("--python", "--quiet", "--no-header", "--no-annotate", "--extra=--index-url=evil"),
        }
