"""A library is another version than when the baseline was recorded: both are measured next to each other, unasked.

pytest runs in an environment of its own here, with `inkwell` in it; uv installs from a folder of tiny wheels.
"""

import os
import shutil
import subprocess
import sysconfig
import venv

import pytest
from inner_session import PIPELINES
from wheels import make_wheel, unpack_wheel

from pytest_sdperf.report.json import read

pytestmark = [
    pytest.mark.one_python,
    pytest.mark.skipif(os.name != "posix", reason="workers need POSIX pipes and process groups"),
]

INKWELL = "import time\n\ndef dip():\n    time.sleep({})\n"
CONFTEST = """
from pytest_sdperf import Variant
from pytest_sdperf.measure.noise_watch import NoiseWatch
from pytest_sdperf.measurement import Disturbance

NoiseWatch.end = lambda self, usages: Disturbance(1.0)  # other tests run next to this one

def pytest_sdperf_variants():
    return [Variant("ship", "harbour:build", reference=None, needs_model=False)]
"""
LOOSE = ("--sdperf-ignore=20%", "--sdperf-must-catch=60%", "--sdperf-rounds=3", "--sdperf-json=out.json")
BASELINE = ("--sdperf-update=new", "--sdperf-rounds=3", "--sdperf-processes=2")


class Desk:
    """A project whose pipeline uses inkwell, and the environment that its pytest runs in."""

    def __init__(self, project, own_process, site, wheels, environ):
        self.project, self.own_process, self.site = project, own_process, site
        self.wheels, self.environ = wheels, environ

    def install(self, version, *, from_a_folder=False):
        for old in self.site.glob("inkwell*"):
            shutil.rmtree(old) if old.is_dir() else old.unlink()
        shutil.rmtree(self.site / "__pycache__", ignore_errors=True)  # made in the same second, of the same size
        unpack_wheel(self.wheels / f"inkwell-{version}-py3-none-any.whl", self.site)
        if from_a_folder:
            path = self.site / f"inkwell-{version}.dist-info" / "direct_url.json"
            path.write_text('{"url": "file:///srv/inkwell", "dir_info": {"editable": true}}')

    def run(self, *args):
        """(exit code, output) of a run of its pytest."""
        command, environ = self.own_process(*args)
        command[0] = str(self.site.parents[2] / "bin" / "python")
        done = subprocess.run(
            command, cwd=self.project.path, env=environ | self.environ, capture_output=True, text=True, check=False
        )
        return done.returncode, done.stdout + done.stderr

    @property
    def outcome(self):
        [outcome] = read((self.project.path / "out.json").read_text()).outcomes
        return outcome

    @property
    def notes(self):
        return read((self.project.path / "out.json").read_text()).notes


@pytest.fixture
def desk(project, own_process, tmp_path):
    """inkwell 1.0 is installed; 2.0 naps 20 ms a step longer, 3.0 does as 1.0. Nothing is in git."""
    wheels = tmp_path / "wheels"
    for version, nap_s in (("1.0", 0.0), ("2.0", 0.02), ("3.0", 0.0)):
        make_wheel(wheels, "inkwell", version, INKWELL.format(nap_s))
    folder = tmp_path / "today"
    venv.create(folder, with_pip=False, symlinks=True)
    [site] = folder.glob("lib/python*/site-packages")
    ours = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (site / "ours.pth").write_text("\n".join(sorted(ours)) + "\n")
    source = PIPELINES.replace("import numpy as np\n", "import numpy as np\nimport inkwell\n")
    source = source.replace("        return latents * (", "        inkwell.dip()\n        return latents * (")
    (project.path / "harbour.py").write_text(source.replace("NAP_S = 0\n", "NAP_S = 0.01\n"))
    project.conftest(CONFTEST)
    environ = {"UV_CACHE_DIR": str(tmp_path / "uv"), "UV_NO_INDEX": "1", "UV_FIND_LINKS": str(wheels)}
    desk = Desk(project, own_process, site, wheels, environ)
    desk.install("1.0")
    code, output = desk.run(*BASELINE)
    assert code == 0, output
    return desk


def test_a_slower_version_is_regressed_next_to_the_recorded_one(desk):
    desk.install("2.0")
    code, output = desk.run(*LOOSE)
    assert code == 1, output
    assert "ship: latency REGRESSED: " in output
    assert "slower than the recorded inkwell 1.0's " in output
    assert "building the base's environment from inkwell 1.0 with uv" in output
    assert any("inkwell 1.0 -> 2.0" in note for note in desk.notes)
    [at_base] = [line for line in output.splitlines() if line.startswith("NOTE libraries of the recorded inkwell 1.0")]
    assert "quill" not in at_base


def test_one_that_is_as_fast_passes_with_bounds(desk):
    desk.install("3.0")
    code, output = desk.run(*LOOSE)
    assert code == 0, output
    assert desk.outcome.comparison.base.environment.packages["inkwell"] == "1.0"
    assert desk.outcome.comparison.head.environment.packages["inkwell"] == "3.0"
    assert desk.outcome.verdict.latency.status.value in ("PASSED", "FASTER", "INCONCLUSIVE")


def test_an_older_version_than_recorded_is_a_bump_too(desk):
    desk.install("2.0")
    desk.run("--sdperf-update=all", "--sdperf-rounds=3")
    shutil.rmtree(desk.project.path / "baselines")
    desk.run(*BASELINE)
    desk.install("1.0")
    _, output = desk.run(*LOOSE)
    assert "the recorded inkwell 2.0" in output
    assert desk.outcome.comparison.base.environment.packages["inkwell"] == "2.0"


@pytest.mark.parametrize(
    ("args", "version", "because"),
    [
        (("--sdperf-base-env=same",), "2.0", "inkwell 1.0 -> 2.0: --sdperf-base-env=auto installs what was recorded"),
        (("--sdperf-escalate=off",), "2.0", ""),
    ],
)
def test_unless_it_is_switched_off(desk, args, version, because):
    desk.install(version)
    _, output = desk.run(*LOOSE, *args)
    assert desk.outcome.comparison is None
    assert desk.outcome.verdict.latency.not_escalated_because.startswith(because)
    assert because in output


def test_a_version_that_the_index_does_not_have_is_said(desk):
    (desk.wheels / "inkwell-1.0-py3-none-any.whl").unlink()
    shutil.rmtree(desk.environ["UV_CACHE_DIR"], ignore_errors=True)
    desk.install("2.0")
    desk.run(*LOOSE)
    found = desk.outcome.verdict.latency
    assert found.not_escalated_because.startswith("inkwell 1.0 cannot be installed next to today's: ")
    assert found.not_escalated_because.endswith(
        "look whether the index that uv uses has them (UV_DEFAULT_INDEX, uv.toml)"
    )


def test_a_package_from_a_folder_is_never_asked_of_an_index(desk):
    """There that name may be a stranger's."""
    desk.install("2.0", from_a_folder=True)
    _, output = desk.run(*LOOSE)
    assert desk.outcome.comparison is None
    assert desk.outcome.verdict.latency.not_escalated_because.startswith(
        "inkwell 1.0 -> 2.0, and what was recorded cannot be installed again from here"
    )
    assert "building the base's environment" not in output


def test_it_is_built_once(desk):
    desk.install("2.0")
    desk.run(*LOOSE)
    _, output = desk.run(*LOOSE)
    assert "building the base's environment" not in output
    assert desk.outcome.comparison is not None
