"""Environments in the cache: built once, whole or not at all, under a digest of all that they are made from."""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from pytest_sdperf.base.environment import kept_environment as module
from pytest_sdperf.base.environment.dependency_files import DependencyFile
from pytest_sdperf.base.environment.install_plan import Plan
from pytest_sdperf.base.environment.uv_program import UvError
from pytest_sdperf.errors import ComparisonError, ModelError

pytestmark = pytest.mark.usefixtures("git_settings")

PINS = DependencyFile("requirements.txt", "inkwell==1.0\n")


class Uv:
    """Stands for uv: makes a folder like an environment, with inkwell in it."""

    def __init__(self):
        self.commands, self.fails_at, self.direct_url = [], "", ""

    def __call__(self, uv, arguments, *, cwd, environ, settings):
        self.commands.append(arguments)
        folder = Path(settings["UV_PROJECT_ENVIRONMENT"])
        if arguments[0] == "venv":
            (folder / "bin").mkdir()
            (folder / "bin" / "python").write_text("")
            site = folder / "lib/python3.11/site-packages/Ink_well-1.0.dist-info"
            site.mkdir(parents=True)
            (site / "METADATA").write_text("Metadata-Version: 2.1\nName: Ink_well\nVersion: 1.0\n")
            if self.direct_url:
                (site / "direct_url.json").write_text(self.direct_url)
        if self.fails_at and self.fails_at in arguments:
            raise UvError("no", "")


@pytest.fixture
def uv(monkeypatch):
    uv = Uv()
    monkeypatch.setattr(module, "run_uv", uv)
    return uv


@pytest.fixture
def kept(uv, tmp_path):
    def kept(*files, extras=(), environ=None, preferred=None, find=lambda: Path("uv")):
        files = files or (PINS,)
        given = tuple(file for file in files if not file.is_included)
        return module.kept_environment(
            Plan(given, extras),
            {file.name: file for file in files},
            tmp_path,
            uv=find,
            environ=environ or {},
            preferred=preferred or {},
            show=uv.commands.append,
        )

    return kept


def folders():
    return sorted(p.name for p in Path(os.environ["PYTEST_SDPERF_CACHE"], "environments").iterdir() if p.is_dir())


def test_built_once(kept, uv):
    first = kept()
    assert first.built_s is not None
    assert first.versions == {"ink-well": "1.0"}
    assert first.python.exists()
    assert uv.commands[0] == "building the base's environment from requirements.txt with uv"
    assert [command[:2] for command in uv.commands[1:]] == [["venv", "--quiet"], ["pip", "compile"], ["pip", "install"]]
    uv.commands.clear()

    def find():
        raise ComparisonError("there is no uv", cure="")

    again = kept(find=find)
    assert (again.python, again.versions, again.built_s) == (first.python, first.versions, None)
    assert uv.commands == []


def test_what_makes_another_environment(kept):
    included = DependencyFile("pins.txt", "quill==1", is_included=True)
    kept()
    same = [
        lambda: kept(DependencyFile("requirements.txt", "inkwell==1.0  # black\n")),
        lambda: kept(environ={"UV_CACHE_DIR": "/elsewhere"}),
    ]
    for make in same:
        make()
    assert len(folders()) == 1
    others = [
        lambda: kept(DependencyFile("requirements.txt", "inkwell==1.1\n")),
        lambda: kept(PINS, included),
        lambda: kept(PINS, DependencyFile("pins.txt", "quill==2", is_included=True)),
        lambda: kept(extras=("fast",)),
        lambda: kept(preferred={"quill": "1.0"}),
        lambda: kept(environ={"UV_DEFAULT_INDEX": "https://index.example/simple"}),
    ]
    for number, make in enumerate(others, 2):
        make()
        assert len(folders()) == number
    kept(environ={"UV_DEFAULT_INDEX": "https://user:of-this-job@index.example/simple"})
    assert len(folders()) == len(others) + 1, "a new password is no other index"


def test_a_lock_leaves_no_choice(kept):
    lock = DependencyFile("uv.lock", "")
    kept(lock, preferred={"quill": "1.0"})
    kept(lock, preferred={"quill": "2.0"})
    assert len(folders()) == 1


def test_a_wheel_of_the_tree_that_is_built_anew(kept, make_repository, tmp_path):
    repository = make_repository(path=tmp_path)
    (tmp_path / "inkwell-1.0-py3-none-any.whl").write_text("old")
    repository.commit("old")
    kept()
    (tmp_path / "inkwell-1.0-py3-none-any.whl").write_text("new, under the same version")
    repository.commit("new")
    kept()
    assert len(folders()) == 2


def test_a_failure_leaves_nothing(kept, uv):
    uv.fails_at = "install"
    with pytest.raises(UvError):
        kept()
    assert folders() == []
    uv.fails_at = ""
    assert kept().built_s is not None


def test_what_is_not_complete_is_built_again(kept):
    first = kept()
    (first.folder / "sdperf_environment.json").write_text("{}")
    assert kept().built_s is not None
    first.python.unlink()
    assert kept().built_s is not None, "its interpreter is gone"


def test_packages_of_the_tree_are_taken_out_again(kept, uv, tmp_path):
    """Their code comes from the base's tree by the import path; the folder is gone after the session."""
    uv.direct_url = f'{{"url": "{tmp_path.as_uri()}/service", "dir_info": {{"editable": true}}}}'
    kept()
    assert uv.commands[-1][:2] == ["pip", "uninstall"]
    assert uv.commands[-1][-1] == "Ink_well"


@pytest.mark.parametrize(
    "direct_url",
    [
        '{"url": "file:///elsewhere/service", "dir_info": {}}',
        '{"url": "https://forge.example/a.git", "vcs_info": {"vcs": "git"}}',
    ],
)
def test_other_folders_and_addresses_stay(kept, uv, direct_url):
    uv.direct_url = direct_url
    kept()
    assert uv.commands[-1][:2] == ["pip", "install"]


def test_environments_that_nobody_uses_go(kept):
    old = kept()
    long_ago_s = time.time() - 31 * 86_400
    os.utime(old.folder / "sdperf_environment.json", (long_ago_s, long_ago_s))
    kept(extras=("fast",))
    assert not old.folder.exists()


def test_a_cache_that_cannot_be_written(kept, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("PYTEST_SDPERF_CACHE", str(tmp_path / "file"))
    with pytest.raises(ModelError, match="cannot be used"):
        kept()


def test_two_sessions_at_once_build_it_once(kept, uv):
    """The second one waits for the first, and finds it."""
    both = Barrier(2, timeout=20)

    def session(_):
        both.wait()
        return kept()

    with ThreadPoolExecutor(2) as pool:
        found = [*pool.map(session, range(2))]
    assert sorted(one.built_s is None for one in found) == [False, True]
    assert found[0].python == found[1].python
    assert [command[0] for command in uv.commands if not isinstance(command, str)] == ["venv", "pip", "pip"]
