"""A conftest or a plugin of the tree sets environment variables, and the change is in what it sets."""

import os
import re
import subprocess
import sys

import pytest

from pytest_sdperf.report.json import read

pytestmark = [
    pytest.mark.usefixtures("real_workers", "restored"),
    pytest.mark.skipif(sys.platform != "linux", reason="identical programs are known by inotify"),
]

VARIANTS = """
import os
import pytest
from pytest_sdperf import Variant

{set}

def pytest_sdperf_variants():
    return [Variant("ship", "harbour:build", reference=None, needs_model=False)]
"""

AT_IMPORT = "os.environ['SHIP_NAP_S'] = '{}'"
BY_DEFAULT = "os.environ.setdefault('SHIP_NAP_S', '{}')"
WHEN_CONFIGURED = "def pytest_configure(config):\n    os.environ['SHIP_NAP_S'] = '{}'"
WHEN_COLLECTED = "def pytest_collection_modifyitems(items):\n    os.environ['SHIP_NAP_S'] = '{}'"
FROM_FILE = "import pathlib\nos.environ['SHIP_NAP_S'] = pathlib.Path(__file__).with_name('nap.txt').read_text()"
LOOSE = ("--sdperf-ignore=20%", "--sdperf-must-catch=60%", "--sdperf-rounds=3", "--sdperf-json=out.json")


@pytest.fixture
def restored():
    """What inner sessions set does not outlive them."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def trees(make_repository, project):
    """Main with one conftest, the working tree with another one; further files are the same in both."""

    def trees(main, head, **files):
        repository = make_repository(path=project.path)
        (project.path / ".gitignore").write_text("__pycache__\nout.json\n")
        for name, text in files.items():
            (project.path / f"{name}.py").write_text(text)
        project.conftest(VARIANTS.format(set=main))
        repository.commit("first")
        repository.git("checkout", "--quiet", "-b", "head")
        project.conftest(VARIANTS.format(set=head))
        (project.path / "README.md").write_text("2")
        return repository

    return trees


@pytest.fixture
def run(project, monkeypatch):
    """One run side by side with main: its result and latency."""

    def run(*args):
        result = project.run("--sdperf-against=main", *LOOSE, *args)
        [outcome] = read((project.path / "out.json").read_text()).outcomes
        return result, outcome.verdict.latency

    return run


@pytest.mark.parametrize(
    ("main", "head", "names"),
    [
        (AT_IMPORT.format(0.01), AT_IMPORT.format(0.03), "SHIP_NAP_S"),
        (BY_DEFAULT.format(0.01), BY_DEFAULT.format(0.03), "SHIP_NAP_S"),
        (WHEN_CONFIGURED.format(0.01), WHEN_CONFIGURED.format(0.03), "SHIP_NAP_S"),
        (AT_IMPORT.format(0.01), WHEN_COLLECTED.format(0.03), "SHIP_NAP_S"),
    ],
    ids=["import", "setdefault", "configure", "collection"],
)
def test_a_slower_setting_of_the_head_is_regressed(run, trees, told, main, head, names):
    trees(main, head)
    result, latency = run()
    result.assert_outcomes(failed=1)
    told(result, "ship: latency REGRESSED", "conftests or plugins set, main (", f" -> head: {names}")
    assert latency.measured_because == "the variable SHIP_NAP_S differs"


def test_what_only_the_head_removes_is_regressed(run, trees, told, project, monkeypatch):
    """The job sets the variable, and the base's conftest leaves it."""
    monkeypatch.setenv("SHIP_NAP_S", "0.01")
    project.harbour(NAP_S=0.03)
    trees("", "os.environ.pop('SHIP_NAP_S')")
    result, _ = run()
    result.assert_outcomes(failed=1)
    told(result, "ship: latency REGRESSED", " -> head: SHIP_NAP_S")


def test_what_only_the_base_set_is_regressed(run, trees, told, project):
    project.harbour(NAP_S=0.03)
    trees(AT_IMPORT.format(0.01), "")
    result, _ = run()
    result.assert_outcomes(failed=1)
    told(result, "ship: latency REGRESSED", " -> head: SHIP_NAP_S")


def test_a_file_that_the_conftest_reads_is_regressed(run, trees, told, project):
    (project.path / "nap.txt").write_text("0.01")
    trees(FROM_FILE, FROM_FILE)
    (project.path / "nap.txt").write_text("0.03")
    result, _ = run()
    result.assert_outcomes(failed=1)
    told(result, "ship: latency REGRESSED", " -> head: SHIP_NAP_S")


def test_a_variable_that_steers_threads_is_named_with_its_values(run, trees, told):
    trees("os.environ['OMP_NUM_THREADS'] = '2'", "os.environ['OMP_NUM_THREADS'] = '1'")
    result, latency = run()
    result.assert_outcomes(passed=1)
    told(result, " -> head: OMP_NUM_THREADS (2 -> 1)")
    assert latency.identical is None


@pytest.mark.parametrize("setting", [AT_IMPORT.format(0.01), "os.environ['SHIP_DATA'] = os.path.dirname(__file__)"])
def test_equal_conftests_make_identical_programs(run, trees, told, setting):
    """Also where each sets a path into its own tree."""
    trees(setting, setting)
    result, _ = run()
    result.assert_outcomes(passed=1)
    told(result, "PASSED ship: latency: identical program")
    assert "conftests or plugins set" not in result.stdout.str()


@pytest.mark.parametrize(
    "test",
    [
        "import os\nos.environ['SHIP_NAP_S'] = '0.01'\ndef test_ship(sd_ship):\n    sd_ship.check(num_inference_steps=2)",
        "def test_ship(sd_ship, monkeypatch):\n    monkeypatch.setenv('SHIP_NAP_S', '0.01')\n"
        "    sd_ship.check(num_inference_steps=2)",
    ],
    ids=["module", "fixture"],
)
def test_what_a_test_sets_is_set_for_both(run, trees, told, project, test):
    project.test(test)
    trees(AT_IMPORT.format(0.02), AT_IMPORT.format(0.03))
    result, _ = run()
    result.assert_outcomes(passed=1)
    told(result, "PASSED ship: latency: identical program")


def test_a_plugin_that_is_imported_before_ours_passes_nothing(project, trees, own_process):
    """By `-p` in addopts: imported before any plugin could look at the environment.

    REGRESSED, or INVALID ENVIRONMENT where the machine is busy: the noise watch of a process of its own is real.
    """
    command, environ = own_process("--sdperf-against=main", *LOOSE)
    project.pytester.makeini("[pytest]\naddopts = -p rigging\n")
    trees("", "", rigging="import os\n" + AT_IMPORT.format(0.01))
    (project.path / "rigging.py").write_text("import os\n" + AT_IMPORT.format(0.03))
    done = subprocess.run(command, env=environ, cwd=project.path, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout
    assert re.search("ship: latency (REGRESSED|INVALID ENVIRONMENT)", done.stdout), done.stdout
    assert " -> head: SHIP_NAP_S" in done.stdout
