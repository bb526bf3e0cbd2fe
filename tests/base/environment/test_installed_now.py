"""What this environment has of what files ask for."""

import platform

import pytest

from pytest_sdperf.base.environment.dependency_files import DependencyFile
from pytest_sdperf.base.environment.installed_now import (
    chosen_extras,
    extras_of,
    installed_versions,
    not_installed,
    python_refused,
)

PROJECT = """
[project]
name = "yard"
dependencies = ["inkwell"]
[project.optional-dependencies]
torch = ["torch>=2.4"]
openvino = ["Yard[torch]", "openvino>=2026"]
ipex = ["torch==2.8.0", "ipex"]
gpu = ["torch==2.8.0+cu128"]
none = []
[dependency-groups]
test = ["pytest", {include-group = "lint"}]
lint = ["ruff", {include-group = "test"}]
torch = ["safetensors"]
"""


def files(**texts):
    return {name.replace("__", "."): DependencyFile(name.replace("__", "."), text) for name, text in texts.items()}


def test_extras_with_those_that_they_name():
    assert extras_of(PROJECT) == {
        "torch": ["torch>=2.4", "safetensors"],
        "openvino": ["torch>=2.4", "openvino>=2026"],
        "ipex": ["torch==2.8.0", "ipex"],
        "gpu": ["torch==2.8.0+cu128"],
        "none": [],
        "test": ["pytest", "ruff"],
        "lint": ["ruff", "pytest"],
    }
    assert extras_of("[project") == {}


def test_extras_that_this_environment_has():
    here = {"torch": "2.8.0+cpu", "openvino": "2026.4.1", "safetensors": "0.5", "pytest": "9", "ruff": "1"}
    assert chosen_extras(PROJECT, PROJECT, here) == ["lint", "openvino", "test", "torch"]
    del here["ruff"]
    assert chosen_extras(PROJECT, PROJECT, here) == ["openvino", "torch"]
    assert chosen_extras(PROJECT, None, here) == ["gpu", "openvino", "torch"], "without the head's, names must do"


def test_a_bump_that_is_not_installed_leaves_the_extra_chosen():
    """Then it is the bump that is missing, and that is said."""
    here = {"torch": "2.8.0+cpu", "openvino": "2026.3.1", "safetensors": "0.5"}
    bumped = PROJECT.replace("openvino>=2026", "openvino>=2026.4")
    assert chosen_extras(PROJECT, bumped, here) == ["openvino", "torch"]
    base, head = files(pyproject__toml=PROJECT), files(pyproject__toml=bumped)
    assert not_installed(base, head, ["openvino"], here) == [
        "openvino 2026.3.1 is installed, pyproject.toml asks for openvino>=2026.4"
    ]
    assert not_installed(base, head, [], here) == []


def test_only_what_the_head_asks_for_anew_must_be_installed():
    here = {"inkwell": "1.0", "quill": "1.0", "torch": "2.8.0+cpu"}
    base = files(requirements__txt="inkwell==1.0\nquill==3\n")
    head = files(requirements__txt="inkwell==2.0\nquill==3\nnib==1\n", constraints__txt="torch==2.8.0\nquill<1\n")
    assert not_installed(base, head, [], here) == [
        "inkwell 1.0 is installed, requirements.txt asks for inkwell==2.0",
        "quill 1.0 is installed, constraints.txt asks for quill<1",
    ]


@pytest.mark.parametrize("name", ["uv.lock", "pylock.toml"])
def test_locks(name):
    def lock(version):
        table = "package" if name == "uv.lock" else "packages"
        text = (
            f'[[{table}]]\nname = "Ink_Well"\nversion = "{version}"\n[[{table}]]\nname = "torch"\nversion = "2.8.0"\n'
        )
        return {name: DependencyFile(name, text)}

    here = {"ink-well": "1.0", "torch": "2.8.0+cpu"}
    assert not_installed(lock("1.0"), lock("2.0"), [], here) == [f"Ink_Well 1.0 is installed, {name} has 2.0"]
    assert not_installed({}, lock("1.0"), [], here) == []
    assert not_installed(lock("1.0"), lock("2.0"), [], {"ink-well": "2.0"}) == []


def test_the_python_that_the_base_wants():
    def project(python):
        return files(pyproject__toml=f"[project]\nname='a'\ndependencies=[]\nrequires-python='{python}'\n")

    assert python_refused(project(">=3.10")) == ""
    assert python_refused(project("<3")) == "<3"
    assert python_refused(project("whatever")) == ""
    assert python_refused(project(f"=={platform.python_version()}")) == ""
    assert python_refused(files(pyproject__toml="[project")) == ""


def test_what_is_installed_here():
    found = installed_versions()
    assert found["pytest"] == pytest.__version__
    assert "pytest-sdperf" not in found or found["pytest-sdperf"], "an editable install is no library"
