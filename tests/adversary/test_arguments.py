"""Arguments of pytest that are no paths, or other paths than they seem: the base is collected as pytest means them."""

import shutil
import textwrap

import pytest

CONFTEST = """
from pytest_sdperf import Variant

def pytest_sdperf_variants():
    return [Variant("ship", "mypkg.harbour:build", reference=None, needs_model=False)]
"""
TEST = """
import pytest

@pytest.mark.sdperf(max_slowdown="{0}")
def test_ship(sd_ship):
    sd_ship.check(num_inference_steps=2)
"""


@pytest.fixture
def package(trunk, project, weather, monkeypatch):
    """A package that ships its tests; the change is slower and relaxes its limit."""
    folder = project.path / "src" / "mypkg"
    (folder / "tests").mkdir(parents=True)
    (folder / "__init__.py").touch()
    (folder / "tests" / "__init__.py").touch()
    (folder / "harbour.py").write_text((project.path / "harbour.py").read_text())
    (folder / "tests" / "conftest.py").write_text(CONFTEST)
    for name in ("conftest.py", "test_it.py", "harbour.py"):
        (project.path / name).unlink()
    (project.path / "pytest.ini").write_text("[pytest]\npythonpath = src\nnorecursedirs = links\n")
    (project.path / "links").symlink_to("src/mypkg")
    write = textwrap.dedent(TEST)
    (folder / "tests" / "test_mine.py").write_text(write.format("5%"))
    monkeypatch.syspath_prepend(str(project.path / "src"))
    project.run("src", "--sdperf-update=new").assert_outcomes(passed=1)
    trunk.repository.commit("trunk")
    trunk.repository.git("branch", "--force", "trunk")
    trunk.repository.git("checkout", "--quiet", "-B", "change")
    (folder / "tests" / "test_mine.py").write_text(write.format("900%"))
    weather.step_ns["ship"] = 30_000_000
    return folder


def judged_by_the_base(trunk, result, told, nodeid="src/mypkg/tests/test_mine.py::test_ship"):
    result.assert_outcomes(failed=1)
    told(
        result,
        "ship: latency REGRESSED: ",
        f"this change relaxes max_slowdown 5 % -> 900 %; judged by {trunk.label}'s 5 % (for {nodeid})",
    )
    assert "has no such tests" not in result.stdout.str()
    assert "not collected here" not in result.stdout.str()


@pytest.mark.parametrize(
    "arguments",
    [
        ("--pyargs", "mypkg.tests"),
        ("--pyargs", "mypkg.tests.test_mine::test_ship"),
        ("--pyargs", "mypkg", "src/mypkg/tests"),
        ("src/mypkg/tests/test_mine.py::test_ship",),
        ("src/../src/mypkg/tests",),
        ("@arguments.txt",),
        ("--rootdir=.", "src"),
        ("-c", "pytest.ini", "src"),
        ("--confcutdir=src/mypkg", "src/mypkg/tests"),
        ("-o", "testpaths=src/mypkg/tests"),
        ("--import-mode=importlib", "src"),
        ("--ignore=elsewhere", "-k", "ship", "src"),
        ("--deselect=src/mypkg/tests/test_mine.py::test_other",),
    ],
    ids=" ".join,
)
def test_arguments_reach_the_base(trunk, project, package, told, arguments):
    (project.path / "arguments.txt").write_text("--pyargs\nmypkg.tests\n")
    judged_by_the_base(trunk, trunk.run(*arguments), told)


def test_a_path_through_a_link(trunk, package, told):
    judged_by_the_base(trunk, trunk.run("links/tests"), told, "links/tests/test_mine.py::test_ship")


def test_arguments_of_the_variable(trunk, package, told, monkeypatch):
    monkeypatch.setenv("PYTEST_ADDOPTS", f"--pyargs mypkg.tests --rootdir={package.parents[1]}")
    judged_by_the_base(trunk, trunk.run(), told)


def test_paths_of_the_settings_are_the_bases_own(trunk, project, package, told):
    """The change's `testpaths` leave the tests out; those of the base do not."""
    (project.path / "pytest.ini").write_text("[pytest]\npythonpath = src\nnorecursedirs = links\ntestpaths = other\n")
    (project.path / "other").mkdir()
    (project.path / "other" / "test_other.py").write_text("def test_other(): pass\n")
    result = trunk.run()
    result.assert_outcomes(passed=1)
    told(
        result,
        f"tests of {trunk.label} that are not collected here, so no limit applies: "
        "src/mypkg/tests/test_mine.py::test_ship",
    )


@pytest.mark.usefixtures("real_workers")
def test_side_by_side_by_the_name_of_a_package(trunk, project, package, told):
    harbour = (package / "harbour.py").read_text()
    (package / "harbour.py").write_text(f"{harbour}\nNAP_S = 0.01\n")
    trunk.repository.commit("naps")
    trunk.repository.git("branch", "--force", "trunk")
    (package / "harbour.py").write_text(f"{harbour}\nNAP_S = 0.03\n")
    (project.path / "baselines").rename(project.path.parent / "elsewhere")
    loose = ("--sdperf-ignore=20%", "--sdperf-must-catch=60%", "--sdperf-rounds=3", "--sdperf-missing=skip")
    result = trunk.run("--pyargs", "mypkg.tests", *loose, option="--sdperf-against=trunk")
    result.assert_outcomes(failed=1)
    told(result, "ship: latency REGRESSED: ", f"slower than {trunk.label}'s ")


def test_an_installed_package_that_the_tree_has_too_is_refused(trunk, project, package, tmp_path, monkeypatch, told):
    site = tmp_path / "site"
    shutil.copytree(package, site / "mypkg")
    (project.path / "pytest.ini").write_text("[pytest]\n")
    monkeypatch.syspath_prepend(str(site))
    result = trunk.run("--pyargs", "mypkg.tests")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    told(
        result,
        f"the argument 'mypkg.tests' (--pyargs) leads to {site / 'mypkg/tests'}, which is installed and not the "
        f"repository's own src/mypkg/tests, so that {trunk.label}'s tests cannot be collected by that name "
        "[--sdperf-baselines-from=trunk]. Name the path src/mypkg/tests in place of --pyargs, or install in editable mode",
    )


def test_a_package_that_the_base_lacks_has_limits_of_its_own(trunk, package, told):
    (package / "more").mkdir()
    for name in ("__init__.py", "conftest.py", "test_mine.py"):
        (package / "more" / name).write_text((package / "tests" / name).read_text())
    result = trunk.run("--pyargs", "mypkg.more", "--sdperf-max-slowdown=900%")
    told(
        result,
        f"{trunk.label} has no such tests, so they are judged by their own limits: src/mypkg/more/test_mine.py::",
    )
    assert result.ret != pytest.ExitCode.USAGE_ERROR
