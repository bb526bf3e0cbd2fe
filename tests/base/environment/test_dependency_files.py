"""Which files of a tree count, and which differ."""

import pytest

from pytest_sdperf.base.environment.dependency_files import DependencyFile, Kind, described, differing, find_files
from pytest_sdperf.options import DEFAULT_DEPENDENCY_FILES


@pytest.fixture
def found(tmp_path):
    def found(files, *, rootdir=".", patterns=DEFAULT_DEPENDENCY_FILES, ignored=()):
        top = tmp_path / "tree"
        (top / rootdir).mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (top / name).parent.mkdir(parents=True, exist_ok=True)
            (top / name).write_text(text)
        return find_files(
            top, top / rootdir, patterns, ignored=lambda names: [name for name in names if name in ignored]
        )

    return found


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("uv.lock", Kind.UV_LOCK),
        ("a/pylock.toml", Kind.PYLOCK),
        ("pylock.cpu.toml", Kind.PYLOCK),
        ("requirements-dev.txt", Kind.REQUIREMENTS),
        ("deps/pins.in", Kind.REQUIREMENTS),
        ("constraints.txt", Kind.CONSTRAINTS),
        ("my-constraints-3.11.txt", Kind.CONSTRAINTS),
        ("pyproject.toml", Kind.PROJECT),
        ("setup.cfg", Kind.PROJECT),
        ("poetry.lock", Kind.FOREIGN),
        ("environment.yml", Kind.FOREIGN),
    ],
)
def test_kinds(name, kind):
    assert DependencyFile(name, "").kind is kind


def test_every_default_pattern_finds_its_files(found):
    names = [
        "uv.lock",
        "pylock.toml",
        "poetry.lock",
        "requirements.txt",
        "requirements-dev.txt",
        "requirements/prod.txt",
        "constraints.txt",
    ]
    project = {"pyproject.toml": "[project]\nname = 'a'\ndependencies = []\n"}
    assert set(found({**dict.fromkeys(names, ""), **project, "notes.txt": ""})) == {*names, *project}


def test_of_each_pattern_the_files_nearest_to_the_rootdir_count(found):
    files = {
        "requirements.txt": "",
        "uv.lock": "",
        "services/render/requirements.txt": "",
        "services/render/pyproject.toml": "[tool.pytest]\n",
        "services/print/requirements.txt": "",
        "pyproject.toml": "[project]\nname = 'a'\ndependencies = []\n",
    }
    assert set(found(files, rootdir="services/render")) == {
        "services/render/requirements.txt",
        "uv.lock",
        "pyproject.toml",
    }
    assert set(found({}, rootdir="services/print/tests")) == {
        "services/print/requirements.txt",
        "uv.lock",
        "pyproject.toml",
    }


def test_files_that_are_included_belong_to_them(found):
    files = {
        "requirements.txt": "-r deploy/pins.txt\n-r missing.txt\n-r https://pins.example/all.txt\n",
        "deploy/pins.txt": "-c ../limits.txt\n-r pins.txt\n",
        "limits.txt": "inkwell<2\n",
    }
    files = found(files)
    assert {name: file.is_included for name, file in files.items()} == {
        "requirements.txt": False,
        "deploy/pins.txt": True,
        "limits.txt": True,
    }


def test_ignored_files_and_other_patterns(found):
    files = {"requirements.txt": "", "requirements-mine.txt": "", "deploy/gpu.lock": ""}
    assert set(found(files, ignored=["requirements-mine.txt"])) == {"requirements.txt"}
    assert set(found({}, patterns=["deploy/*.lock"])) == {"deploy/gpu.lock"}


def test_what_differs():
    def files(**texts):
        return {f"{name}.txt": DependencyFile(f"{name}.txt", text) for name, text in texts.items()}

    base, head = files(a="x==1", b="y  # old", c="z"), files(a="x==2", b="# new\ny", d="")
    names = differing(base, head)
    assert names == ["a.txt", "c.txt", "d.txt"]
    assert described(names, base, head) == ["a.txt", "c.txt (only in the base)", "d.txt (only in the head)"]
