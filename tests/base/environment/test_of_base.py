"""Which libraries the base runs with. What uv does of it is in tests/adversary/test_changed_libraries.py."""

import platform

import pytest

from pytest_sdperf.base.environment import of_base as module
from pytest_sdperf.base.environment.kept_environment import KeptEnvironment
from pytest_sdperf.base.environment.of_base import Libraries, libraries_of_base
from pytest_sdperf.base.environment.uv_program import UvError
from pytest_sdperf.errors import ComparisonError, ModelError

pytestmark = pytest.mark.usefixtures("git_settings")

HERE = platform.python_version()


@pytest.fixture
def libraries(tmp_path, make_repository, monkeypatch):
    """The libraries for two trees of files; ``libraries.asked`` is what was to be built."""
    asked = {}

    def kept_environment(plan, base, tree, **keywords):
        asked.update(plan=plan, **keywords)
        return KeptEnvironment(tmp_path / "env" / "bin" / "python", {"inkwell": "1.0"}, asked.get("built_s"))

    monkeypatch.setattr(module, "kept_environment", kept_environment)
    monkeypatch.setattr(module, "installed_versions", lambda: {"inkwell": "2.0", "quill": "1.0"})

    def libraries(base, head, **wanted):
        trees = []
        for name, files in (("base", base), ("head", head)):
            tree = make_repository(name).path
            for file, text in files.items():
                (tree / file).write_text(text)
            trees.append(tree)
        return libraries_of_base(
            Libraries(**{"base_env": "build", **wanted}),
            label="main",
            trees=(trees[0], trees[1]),
            rootdirs=(trees[0], trees[1]),
            environ={},
            show=print,
        )

    libraries.asked = asked
    return libraries


OLD, NEW = {"requirements.txt": "inkwell==1.0\n"}, {"requirements.txt": "inkwell==2.0\n"}


def test_an_environment_of_its_own(libraries, tmp_path):
    found = libraries(OLD, NEW)
    assert found.environment.versions == {"inkwell": "1.0"}
    assert found.notes == (
        f"main ran with libraries of its own, from requirements.txt (kept from before: {tmp_path / 'env'})",
    )
    assert libraries.asked["preferred"] == {"inkwell": "2.0", "quill": "1.0"}
    libraries.asked["built_s"] = 90.0
    assert "(built in 90 s: " in libraries(OLD, NEW).notes[0]


def test_extras_are_those_that_are_installed_or_asked_for(libraries):
    project = (
        "[project]\nname = 'yard'\ndependencies = ['inkwell=={}']\n"
        "[project.optional-dependencies]\nfeather = ['quill']\nsteel = ['nib']\n"
    )
    old, new = ({"pyproject.toml": project.format(version)} for version in ("1.0", "2.0"))
    libraries(old, new)
    assert libraries.asked["plan"].extras == ("feather",)
    libraries(old, new, extras=("steel",))
    assert libraries.asked["plan"].extras == ("steel",)
    libraries(old, new, extras=("none",))
    assert libraries.asked["plan"].extras == ()


def test_the_lock_decides(libraries):
    project = {"pyproject.toml": "[project]\nname = 'yard'\ndependencies = []\n", "uv.lock": ""}
    altered = {**project, "pyproject.toml": project["pyproject.toml"] + "[build-system]\nrequires = ['hatchling']\n"}
    found = libraries(project, altered)
    assert found.environment is None
    assert found.notes == (
        "--sdperf-base-env=build: pyproject.toml differs from main, but the lock does not, so both use this environment",
    )


@pytest.mark.parametrize(
    ("pin", "note"),
    [
        ("3.4\n", f"main pins Python 3.4 (.python-version); its environment was made with {HERE}"),
        ("cpython-3.4.1", f"main pins Python 3.4.1 (.python-version); its environment was made with {HERE}"),
        (HERE, None),
        (HERE.rpartition(".")[0], None),
        ("pypy", None),
    ],
)
def test_another_python_that_the_base_pins(libraries, pin, note):
    assert libraries({**OLD, ".python-version": pin}, NEW).notes[1:] == (() if note is None else (note,))


class TestWhatCannotBe:
    def refused(self, libraries, base=OLD, head=NEW):
        with pytest.raises(ComparisonError) as raised:
            libraries(base, head)
        return raised.value

    def test_a_base_of_another_python(self, libraries):
        project = "[project]\nname = 'yard'\nrequires-python = '<3'\ndependencies = ['inkwell=={}']\n"
        old, new = ({"pyproject.toml": project.format(version)} for version in ("1.0", "2.0"))
        assert str(self.refused(libraries, old, new)) == (
            f"main wants Python <3, and this is {HERE} [--sdperf-base-env=build]. Run pytest with a Python that both "
            "allow, or name the base's with --sdperf-against-python."
        )

    def test_an_environment_that_is_not_the_heads(self, libraries):
        assert str(self.refused(libraries, NEW, OLD)) == (
            "this environment is not the head's: inkwell 2.0 is installed, requirements.txt asks for inkwell==1.0 "
            "[--sdperf-base-env=build]. Install what the head's files ask for, then run again."
        )

    @pytest.mark.parametrize(
        ("printed", "cure"),
        [
            (
                "error: Failed to fetch: `https://index.example/x/`",
                "Look whether the network and the index that uv uses",
            ),
            ("error: there is no x", "Look into requirements.txt of main, or measure both in this environment with"),
        ],
    )
    def test_what_uv_cannot_make(self, libraries, monkeypatch, printed, cure):
        def fail(*args, **keywords):
            raise UvError("there is no x", printed)

        monkeypatch.setattr(module, "kept_environment", fail)
        error = self.refused(libraries)
        assert error.what == "uv cannot make the environment of main from requirements.txt: there is no x"
        assert error.cure.startswith(cure)
        assert error.cure.endswith("--sdperf-base-env=same.")
        assert error.log_tail == printed

    @pytest.mark.parametrize(("where", "shown"), [("", "--sdperf-base-env=build"), ("/cache", "/cache")])
    def test_a_cache_that_cannot_be_used(self, libraries, monkeypatch, where, shown):
        def fail(*args, **keywords):
            raise ModelError("the disk is full", where=where, cure="Make room.")

        monkeypatch.setattr(module, "kept_environment", fail)
        assert str(self.refused(libraries)) == f"the disk is full [{shown}]. Make room."
