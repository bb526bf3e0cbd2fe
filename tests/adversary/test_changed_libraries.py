"""The libraries are what a change touches: a version bump in a dependency file is measured, or said not to be measured.

uv makes real environments here, from a folder of tiny wheels: `inkwell`, whose version 2 naps longer, and `quill`,
which nothing imports.
"""

import functools
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest
import uv
from inner_session import PIPELINES
from wheels import make_wheel, unpack_wheel

from pytest_sdperf.base.environment import of_base
from pytest_sdperf.launch import launcher
from pytest_sdperf.measure import code_fault, comparer, engine
from pytest_sdperf.report.json import read

pytestmark = pytest.mark.skipif(os.name != "posix", reason="workers need POSIX pipes and process groups")

INKWELL = "import time\n\ndef dip():\n    time.sleep({})\n"
LOOSE = ("--sdperf-ignore=20%", "--sdperf-must-catch=60%", "--sdperf-rounds=3", "--sdperf-json=out.json")
BUILD = ("--sdperf-against=main", "--sdperf-base-env=build", *LOOSE)
PINS = "--no-index\n--find-links {folder}\ninkwell=={version}\nquill\n"
CONFTEST = """
from pytest_sdperf import Variant

def pytest_sdperf_variants():
    return [Variant("ship", "harbour:build", reference=None, needs_model=False)]
"""


class Shipyard:
    """A project whose `main` pins inkwell 1.0, in a repository; the working tree is on a branch."""

    def __init__(self, project, repository, wheels):
        self.project, self.repository, self.wheels = project, repository, wheels
        self.path = project.path

    def pins(self, version="2.0", name="requirements.txt", more=""):
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(PINS.format(folder=self.wheels, version=version) + more)

    def pipeline(self, imports, call):
        """Let each step of the pipeline make a call of a library, and nap."""
        source = PIPELINES.replace("import numpy as np\n", f"import numpy as np\n{imports}\n")
        source = source.replace("        return latents * (", f"        {call}\n        return latents * (")
        (self.path / "harbour.py").write_text(source.replace("NAP_S = 0\n", "NAP_S = 0.01\n"))

    def trunk(self, **files):
        """Commit what is there as `main`, and go on on a branch."""
        for name, text in files.items():
            (self.path / name.replace("__", ".")).write_text(text)
        self.repository.commit("main")
        self.repository.git("checkout", "--quiet", "-b", "head")

    @property
    def label(self):
        return f"main ({self.repository.git('rev-parse', 'main')[:10]})"

    def environments(self):
        """Folders in the cache, complete or not."""
        folder = Path(os.environ["PYTEST_SDPERF_CACHE"]) / "environments"
        return sorted(p.name for p in folder.iterdir() if p.is_dir()) if folder.is_dir() else []

    def notes(self):
        return read((self.path / "out.json").read_text()).notes


@pytest.fixture
def yard(make_repository, project, tmp_path, monkeypatch):
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))
    # Workers in this process all run the head's code; those that are processes are in `today`.
    monkeypatch.setattr(comparer, "code_fault", lambda *args, **keywords: "")
    for name in [n for n in os.environ if n.startswith("UV_") and n != "UV_CACHE_DIR"]:
        monkeypatch.delenv(name)
    wheels = tmp_path / "wheels"
    make_wheel(wheels, "inkwell", "1.0", INKWELL.format(0.0))
    make_wheel(wheels, "inkwell", "2.0", INKWELL.format(0.02))
    make_wheel(wheels, "quill", "1.0", "")
    repository = make_repository(path=project.path)
    (project.path / ".gitignore").write_text("__pycache__\nout.json\n")
    project.conftest(CONFTEST)
    return Shipyard(project, repository, wheels)


@pytest.fixture
def today(yard, real_workers, monkeypatch, tmp_path):
    """Workers are real processes of an environment that has inkwell 2.0, which the pipeline uses; its site-packages."""
    folder = tmp_path / "today"
    venv.create(folder, with_pip=False, symlinks=True)
    [site] = folder.glob("lib/python*/site-packages")
    ours = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (site / "ours.pth").write_text("\n".join(sorted(ours)) + "\n")
    unpack_wheel(yard.wheels / "inkwell-2.0-py3-none-any.whl", site)
    monkeypatch.setattr(comparer, "code_fault", code_fault.code_fault)
    python = str(folder / "bin" / "python")
    monkeypatch.setattr(engine, "Launcher", functools.partial(launcher.Launcher, interpreter=python))
    yard.pipeline(imports="import inkwell", call="inkwell.dip()")
    return site


def test_a_slower_version_is_regressed_and_its_versions_are_listed(yard, today, told):
    yard.pins("1.0")
    yard.trunk()
    yard.pins("2.0")
    result = yard.project.run(*BUILD)
    result.assert_outcomes(failed=1)
    told(
        result,
        "ship: latency REGRESSED: ",
        f"slower than {yard.label}'s ",
        "stage: unet ",
        "environment: inkwell 1.0 -> 2.0",
        f"NOTE {yard.label} ran with libraries of its own, from requirements.txt (built in ",
        f"NOTE libraries of {yard.label} -> of the head: inkwell 1.0 -> 2.0",
        "not loaded: 1 more only in the base (quill), ",
        "NOTE ship-own-64x64-2steps with these libraries at 64x64: ",
    )


def test_by_default_the_note_names_the_files_that_differ(yard, told):
    yard.pins("1.0")
    yard.pins("1.0", "requirements/dev.txt")
    (yard.path / "pyproject.toml").write_text("[project]\nname = 'yard'\ndependencies = ['inkwell==1.0']\n")
    yard.trunk()
    yard.pins("2.0")
    (yard.path / "requirements" / "dev.txt").unlink()
    (yard.path / "constraints.txt").write_text("quill<2\n")
    (yard.path / "pyproject.toml").write_text("[project]\nname = 'yard'\ndependencies = ['inkwell==2.0']\n")
    result = yard.project.run("--sdperf-against=main", *LOOSE)
    result.assert_outcomes(passed=1)
    told(
        result,
        "NOTE constraints.txt (only in the head), pyproject.toml, requirements.txt, requirements/dev.txt (only in the "
        f"base) differ from {yard.label}, and both use today's environment: what the libraries cost is not measured. "
        "--sdperf-base-env=build builds the base's",
    )
    assert yard.environments() == []


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("pyproject.toml", "[project]\nname = 'yard'\ndependencies = []\n", "[tool.ruff]\nline-length = 100\n"),
        ("requirements.txt", "quill\n", "# wet ink only\n"),
        ("pyproject.toml", "[tool.ruff]\nline-length = 88\n", "[tool.black]\nline-length = 100\n"),
    ],
)
def test_settings_of_other_tools_and_comments_are_no_change(yard, name, before, after):
    (yard.path / name).write_text(before)
    yard.trunk()
    (yard.path / name).write_text(before + after)
    result = yard.project.run("--sdperf-against=main", *LOOSE)
    result.assert_outcomes(passed=1)
    assert yard.notes() == []


def test_where_nothing_differs_nothing_is_built_and_that_is_said(yard, told):
    yard.pins("1.0")
    yard.trunk()
    (yard.path / "words.md").write_text("")
    result = yard.project.run(*BUILD)
    result.assert_outcomes(passed=1)
    told(
        result,
        f"NOTE --sdperf-base-env=build: the dependency files (requirements.txt) are those of {yard.label}, so nothing was "
        "built and both use this environment",
    )
    assert yard.environments() == []


def test_an_equal_digest_builds_nothing(yard, told):
    yard.pins("1.0")
    yard.trunk()
    yard.pins("2.0")
    result = yard.project.run(*BUILD)
    result.assert_outcomes(passed=1)
    [name] = yard.environments()
    told(result, "from requirements.txt (built in ", f"environments/{name})")
    result = yard.project.run(*BUILD)
    result.assert_outcomes(passed=1)
    told(result, "from requirements.txt (kept from before: ")
    assert "with uv" not in result.stdout.str()
    assert yard.environments() == [name]
    site = next(Path(os.environ["PYTEST_SDPERF_CACHE"]).glob("environments/*/lib/python*/site-packages"))
    assert (site / "inkwell.py").read_text() == INKWELL.format(0.0)


def test_a_file_that_the_head_deletes_is_the_bases_still(yard, told):
    yard.pins("1.0")
    yard.trunk()
    (yard.path / "requirements.txt").unlink()
    result = yard.project.run(*BUILD)
    result.assert_outcomes(passed=1)
    told(result, f"{yard.label} ran with libraries of its own, from requirements.txt (built in ")


def test_a_file_that_only_the_head_has_builds_nothing(yard, refused):
    yard.trunk(notes__md="")
    yard.pins("2.0")
    refused(
        f"{yard.label} has none of the dependency files requirements.txt, so its libraries are not known "
        "[--sdperf-base-env=build]. Name files that it has (--sdperf-dependency-files=…), or measure both in this "
        "environment with --sdperf-base-env=same"
    )


@pytest.fixture
def refused(yard, told, weather):
    """A run that ends in INVALID ENVIRONMENT with these words, before the base is measured; nothing is kept of it."""

    def refused(*texts, args=BUILD):
        result = yard.project.run(*args)
        result.assert_outcomes(failed=1)
        told(result, "ship: latency INVALID ENVIRONMENT: ", *texts)
        assert weather.pairs == []
        assert yard.environments() == []
        return result

    return refused


def test_requirements_that_nothing_satisfies(yard, refused):
    yard.pins("1.5")
    yard.trunk()
    yard.pins("2.0")
    refused(
        f"uv cannot make the environment of {yard.label} from requirements.txt: No solution found when resolving "
        "dependencies: Because there is no version of inkwell==1.5 and you require inkwell==1.5",
        f"[--sdperf-base-env=build]. Look into requirements.txt of {yard.label}, or measure both in this environment "
        "with --sdperf-base-env=same",
    )


def test_without_a_network_the_index_is_named(yard, refused, monkeypatch):
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://user:secret@127.0.0.1:9/simple")
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    (yard.path / "requirements.txt").write_text("inkwell==1.0\n")
    yard.trunk()
    (yard.path / "requirements.txt").write_text("inkwell==2.0\n")
    result = refused(
        f"uv cannot make the environment of {yard.label} from requirements.txt: ",
        "127.0.0.1:9/simple/inkwell/",
        "Look whether the network and the index that uv uses can be reached (UV_DEFAULT_INDEX, uv.toml), or measure both",
    )
    assert "secret" not in result.stdout.str()


def test_without_uv(yard, refused, monkeypatch, tmp_path):
    yard.pins("1.0")
    yard.trunk()
    yard.pins("2.0")
    git = shutil.which("git")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "git").symlink_to(git)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setitem(sys.modules, "uv", None)
    refused(
        "uv, which makes the base's environment, is neither installed here nor on PATH [--sdperf-base-env=build]. Install "
        'it: pip install "pytest-sdperf[base-env]", or measure both in this environment with --sdperf-base-env=same'
    )


@pytest.mark.parametrize(
    ("name", "cure"), [("poetry.lock", "poetry export -f "), ("Pipfile.lock", "pipenv requirements")]
)
def test_a_lock_that_uv_cannot_read(yard, refused, told, name, cure):
    files = "--sdperf-dependency-files=*.lock,requirements.txt"
    (yard.path / name).write_text("inkwell 1.0")
    yard.pins("1.0")
    yard.trunk()
    (yard.path / name).write_text("inkwell 2.0")
    yard.pins("2.0")
    refused(f"uv cannot read {name} of {yard.label} [--sdperf-base-env=build]. Export it ", cure, args=[*BUILD, files])
    result = yard.project.run(*BUILD, "--sdperf-dependency-files=requirements.txt")
    result.assert_outcomes(passed=1)
    told(result, "ran with libraries of its own, from requirements.txt (built in ")


def test_two_interpreters_for_one_base(yard, told):
    yard.trunk(notes__md="")
    python = yard.path / "next" / "bin" / "python"
    venv.create(python.parents[1], with_pip=False, symlinks=True, system_site_packages=True)
    [site] = python.parents[1].glob("lib/python*/site-packages")
    (site / "ours.pth").write_text(sysconfig.get_path("purelib"))
    result = yard.project.run(*BUILD, f"--sdperf-against-python={python}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    told(
        result,
        f"the base would have two environments: that of {python}, and one that is built [--sdperf-against-python",
    )


def test_this_environment_must_be_the_heads(yard, refused, monkeypatch):
    """The change asks for a version that nobody has installed: base and head would be measured with the old one."""
    monkeypatch.setattr(of_base, "installed_versions", lambda: {"inkwell": "1.0"})
    yard.pins("1.0")
    yard.trunk()
    yard.pins("2.0")
    refused(
        "this environment is not the head's: inkwell 1.0 is installed, requirements.txt asks for inkwell==2.0 "
        "[--sdperf-base-env=build]. Install what the head's files ask for, then run again"
    )


def test_a_kill_while_it_is_built_leaves_nothing_that_is_used(yard, own_process, told):
    """The kill comes while uv runs; what was half built is neither used nor left by the next run."""
    (yard.path / "slow.py").write_text(
        "import os, signal\nfrom pytest_sdperf.base.environment import kept_environment\n"
        "run = kept_environment.run_uv\n"
        "def run_uv(uv, arguments, **keywords):\n"
        "    run(uv, arguments, **keywords)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "kept_environment.run_uv = run_uv\n"
    )
    own_process()  # writes a plugin that the base is collected with, too
    yard.pins("1.0")
    yard.trunk()
    yard.pins("2.0")
    command, environ = own_process("-p", "slow", *BUILD)
    done = subprocess.run(command, cwd=yard.path, env=environ, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL, done.stdout
    [half] = yard.environments()
    assert half.startswith(".")
    result = yard.project.run(*BUILD)
    result.assert_outcomes(passed=1)
    told(result, "from requirements.txt (built in ")
    assert [name for name in yard.environments() if name.startswith(".")] == []


def test_a_requirements_file_that_includes_another(yard, told):
    """Only the included file differs."""
    (yard.path / "requirements.txt").write_text("-r deploy/pins.txt\n")
    yard.pins("1.0", "deploy/pins.txt")
    yard.trunk()
    yard.pins("2.0", "deploy/pins.txt")
    yard.project.run("--sdperf-against=main", *LOOSE).assert_outcomes(passed=1)
    [note] = yard.notes()
    assert note.startswith(f"deploy/pins.txt differs from {yard.label}, and both use today's environment")
    result = yard.project.run(*BUILD)
    result.assert_outcomes(passed=1)
    told(result, "ran with libraries of its own, from requirements.txt (built in ")


def test_the_files_nearest_to_the_rootdir_count(yard, told):
    """A repository of several services: another one's bump is no change of this one."""
    yard.pins("1.0", "services/render/requirements.txt")
    yard.pins("1.0")
    for name in ("conftest.py", "harbour.py", "test_it.py"):
        (yard.path / name).rename(yard.path / "services" / "render" / name)
    (yard.path / "services" / "render" / "pytest.ini").write_text("[pytest]\n")
    yard.trunk()
    yard.pins("2.0")
    here = ("--rootdir=services/render", "-c", "services/render/pytest.ini", "services/render")
    yard.project.run("--sdperf-against=main", *LOOSE, "--sdperf-json=../../out.json", *here).assert_outcomes(passed=1)
    assert yard.notes() == []
    yard.pins("2.0", "services/render/requirements.txt")
    result = yard.project.run("--sdperf-against=main", *LOOSE, "--sdperf-json=../../out.json", *here)
    told(result, f"NOTE services/render/requirements.txt differs from {yard.label}, and both")


def test_files_that_git_ignores_are_no_change(yard):
    (yard.path / ".gitignore").write_text("__pycache__\nout.json\nrequirements-mine.txt\n")
    yard.trunk()
    yard.pins("2.0", "requirements-mine.txt")
    (yard.path / "words.md").write_text("")
    yard.project.run("--sdperf-against=main", *LOOSE).assert_outcomes(passed=1)
    assert yard.notes() == []


UV_PROJECT = """
[project]
name = "yard"
version = "{0}"
requires-python = ">=3.10"
dependencies = ["inkwell=={1}"]
[project.optional-dependencies]
feather = ["quill"]
[tool.uv]
no-index = true
find-links = ["{2}"]
"""


@pytest.fixture
def locked(yard):
    """Write pyproject.toml and uv.lock with this version of inkwell."""

    def locked(version, *, own="0.1"):
        (yard.path / "pyproject.toml").write_text(UV_PROJECT.format(own, version, yard.wheels))
        subprocess.run([uv.find_uv_bin(), "lock", "--quiet", "--offline"], cwd=yard.path, check=True)

    return locked


def test_a_lock_of_uv_is_synced_without_the_project(yard, locked, told):
    locked("1.0")
    yard.trunk()
    locked("1.0", own="0.2")
    yard.project.run("--sdperf-against=main", *LOOSE).assert_outcomes(passed=1)
    assert yard.notes() == [], "the project's own version is no library's"
    locked("2.0")
    result = yard.project.run(*BUILD, "--sdperf-base-env-extras=feather")
    result.assert_outcomes(passed=1)
    told(result, "ran with libraries of its own, from uv.lock and pyproject.toml (feather) (built in ")
    [site] = Path(os.environ["PYTEST_SDPERF_CACHE"]).glob("environments/*/lib/python*/site-packages")
    assert sorted(p.name for p in site.glob("*.dist-info")) == ["inkwell-1.0.dist-info", "quill-1.0.dist-info"]


def test_a_project_without_a_lock(yard, told):
    """Its dependencies, without itself."""
    (yard.path / "pyproject.toml").write_text(UV_PROJECT.format("0.1", "1.0", yard.wheels))
    yard.trunk()
    (yard.path / "pyproject.toml").write_text(UV_PROJECT.format("0.1", "2.0", yard.wheels))
    result = yard.project.run(*BUILD)
    result.assert_outcomes(passed=1)
    told(result, "ran with libraries of its own, from pyproject.toml (built in ")
    [site] = Path(os.environ["PYTEST_SDPERF_CACHE"]).glob("environments/*/lib/python*/site-packages")
    assert [p.name for p in site.glob("*.dist-info")] == ["inkwell-1.0.dist-info"]


def test_a_python_that_the_base_does_not_allow(yard, refused):
    project = UV_PROJECT.replace(">=3.10", "<3.10")
    (yard.path / "pyproject.toml").write_text(project.format("0.1", "1.0", yard.wheels))
    yard.trunk()
    (yard.path / "pyproject.toml").write_text(UV_PROJECT.format("0.1", "2.0", yard.wheels))
    refused(f"{yard.label} wants Python <3.10, and this is 3.", "Run pytest with a Python that both allow")


def test_libraries_before_the_bases_own_on_its_path(yard, today, monkeypatch, told, tmp_path):
    """A folder with another inkwell on PYTHONPATH goes first in the base, too: it did not run with its own."""
    unpack_wheel(yard.wheels / "inkwell-2.0-py3-none-any.whl", tmp_path / "site")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "site"))
    yard.pins("1.0")
    yard.trunk()
    yard.pins("2.0")
    result = yard.project.run(*BUILD)
    result.assert_outcomes(failed=1)
    told(
        result,
        "ship: latency INVALID ENVIRONMENT: the base did not run with the libraries that were built for it: inkwell 2.0 in "
        "place of 1.0 [--sdperf-base-env=build]. Take folders with other packages off PYTHONPATH",
    )


def test_a_variant_of_an_installed_package_is_compared_across_its_versions(yard, today, told):
    """As built-in variants are: its code is no code of the tree, and the libraries are what differs."""
    for version, nap_s in (("1.0", 0.0), ("2.0", 0.02)):
        code = PIPELINES + f"\nimport inkwell\nNAP_S = 0.01 + {nap_s}\n"
        wheel = make_wheel(yard.wheels, "studio", version, code, requires=["inkwell"])
    unpack_wheel(wheel, today)
    yard.project.conftest(CONFTEST.replace("harbour:", "studio:"))
    yard.pins("1.0", more="studio==1.0\n")
    yard.trunk()
    yard.pins("2.0", more="studio==2.0\n")
    result = yard.project.run(*BUILD)
    result.assert_outcomes(failed=1)
    told(result, "ship: latency REGRESSED: ", "environment: inkwell 1.0 -> 2.0", "environment: studio 1.0 -> 2.0")
