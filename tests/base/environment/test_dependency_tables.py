"""What counts as a change of a TOML file."""

import pytest

from pytest_sdperf.base.environment.dependency_tables import (
    comparable_pyproject,
    comparable_uv_lock,
    dependency_tables,
    locked_versions,
)

PROJECT = """
[project]
name = "yard"
version = "1"
dependencies = ["inkwell==1.0"]
requires-python = ">=3.10"
[project.optional-dependencies]
fast = ["openvino"]
[dependency-groups]
dev = ["pytest"]
[tool.uv]
no-index = true
[tool.ruff]
line-length = 88
"""
LOCK = """
version = 1
revision = 2
[[package]]
name = "inkwell"
version = "1.0"
source = {registry = "https://index.example/simple"}
wheels = [{url = "https://index.example/inkwell-1.0.whl", upload-time = "2026-01-01T00:00:00Z"}]
[[package]]
name = "yard"
version = "0.1"
source = {editable = "."}
dependencies = [{name = "inkwell"}]
"""


@pytest.mark.parametrize(
    ("old", "new", "counts"),
    [
        ("line-length = 88", "line-length = 100", False),
        ('version = "1"', 'version = "2"', False),
        ("inkwell==1.0", "inkwell==2.0", True),
        ('["openvino"]', '["openvino>=2026"]', True),
        ('dev = ["pytest"]', 'dev = ["pytest", "ruff"]', True),
        ("no-index = true", "no-index = false", True),
        (">=3.10", ">=3.11", True),
        ("[tool.ruff]", "[build-system]\nrequires = ['hatchling']\n[tool.ruff]", True),
        ("[tool.ruff]", "[tool.poetry.dependencies]\ninkwell = '^1'\n[tool.ruff]", True),
        ("[tool.ruff]", "[tool.poetry.scripts]\nyard = 'yard:main'\n[tool.ruff]", False),
        ("[tool.ruff]", "[tool.setuptools.dynamic]\ndependencies = {file = ['pins.txt']}\n[tool.ruff]", True),
        ("[tool.ruff]\n", "[tool.ruff\n", True),
    ],
)
def test_which_tables_of_a_project_count(old, new, counts):
    assert old in PROJECT
    assert (comparable_pyproject(PROJECT) != comparable_pyproject(PROJECT.replace(old, new))) is counts


def test_a_project_without_dependencies_declares_nothing():
    assert (
        dependency_tables("[project]\nname = 'yard'\nrequires-python = '>=3.10'\n[build-system]\nrequires = []\n") == {}
    )
    assert dependency_tables("project = 3\ntool = 'none'\n") == {}
    assert dependency_tables("[project]\nname = 'yard'\ndynamic = ['version', 'dependencies']\n") == {
        "name": "yard",
        "dynamic": ["dependencies"],
    }


@pytest.mark.parametrize(
    ("old", "new", "counts"),
    [
        ("revision = 2", "revision = 3", False),
        ("2026-01-01", "2026-02-02", False),
        ('version = "0.1"', 'version = "0.2"', False),
        ('version = "1.0"', 'version = "2.0"', True),
        ("inkwell-1.0.whl", "inkwell-1.0-rebuilt.whl", True),
        ('[{name = "inkwell"}]', "[]", True),
    ],
)
def test_which_parts_of_a_lock_count(old, new, counts):
    assert old in LOCK
    assert (comparable_uv_lock(LOCK) != comparable_uv_lock(LOCK.replace(old, new))) is counts


def test_locked_versions():
    assert locked_versions(LOCK) == {"inkwell": frozenset({"1.0"})}
    assert locked_versions('[[packages]]\nname = "quill"\nversion = "3"\n') == {"quill": frozenset({"3"})}
    assert locked_versions("[[package") == {}
