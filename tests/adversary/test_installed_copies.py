"""Both sides run an installed copy of what the repository has: the comparison of two revisions is one of a thing with itself."""

import os
import sys
import textwrap
import zipfile

import pytest

from pytest_sdperf.report.json import read

pytestmark = [
    pytest.mark.usefixtures("real_workers"),
    pytest.mark.skipif(sys.platform != "linux", reason="opened files are seen by inotify"),
]

CONFTEST = """
from pytest_sdperf import Variant

def pytest_sdperf_variants():
    return [Variant("ship", "svc_factory:build", reference=None, needs_model=False)]
"""

SVC = """
import numpy as np

class Ship:
    def __call__(self, *, prompt, num_inference_steps, height, width, latents, **_):
        grown = np.kron(latents[0, :3], np.ones((8, 8), np.float32)).transpose(1, 2, 0) + sum(map(ord, prompt)) / 999
        return (1 / (1 + np.exp(-grown)))[None]

SLOW = {0}
"""

AGAINST = ("--sdperf-against=main", "--sdperf-budget=1ms", "--sdperf-rounds=1", "--sdperf-json=out.json")


@pytest.fixture
def monorepo(make_repository, project, tmp_path, monkeypatch):
    """A branch that makes a package slower, which is installed as another copy: ``tree`` and ``site`` are its files."""

    def monorepo(tree, site, *, module, change=None):
        (project.path / "harbour.py").unlink()
        place = tmp_path.resolve() / "site"
        for root, name, text in (
            (project.path, ".gitignore", "__pycache__\nout.json\n"),
            (project.path, "conftest.py", CONFTEST),
            (project.path, "svc_factory.py", f"from {module} import Ship\ndef build(context):\n    return Ship()\n"),
            (project.path, tree, SVC.format(1)),
            (place, site, SVC.format(1)),
        ):
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text))
        monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [str(place), os.environ.get("PYTHONPATH")])))
        repository = make_repository(path=project.path)
        repository.git("add", "--all")
        repository.git("commit", "--quiet", "--message", "first")
        repository.git("checkout", "--quiet", "-b", "head")
        changed = project.path / (change or tree)
        changed.write_text(SVC.format(2))
        return place / site

    return monorepo


@pytest.mark.parametrize(
    ("tree", "site", "module"),
    [
        ("packages/svc/src/svc/__init__.py", "svc/__init__.py", "svc"),
        ("libs/acme/svc/__init__.py", "acme/svc/__init__.py", "acme.svc"),
        ("vendor/one/svc.py", "svc.py", "svc"),
        ("engine/core.py", "svc/core.py", "svc.core"),
    ],
    ids=["src-layout", "namespace", "single-module", "renamed"],
)
def test_installed_code_in_place_of_the_revisions_is_no_comparison(project, monorepo, told, tree, site, module):
    file = monorepo(tree, site, module=module)
    result = project.run(*AGAINST)
    result.assert_outcomes(failed=1)
    told(
        result,
        f"ship: latency INVALID ENVIRONMENT: base and head run installed code in place of the revisions': {module} ({file}) "
        "[--sdperf-against]. Install the project in editable mode (pip install -e .)",
    )


def test_an_installed_copy_of_what_both_have_is_no_fault(project, monorepo):
    monorepo("packages/svc/src/svc/__init__.py", "svc/__init__.py", module="svc", change="other.md")
    project.run(*AGAINST).assert_outcomes(passed=1)
    [outcome] = read((project.path / "out.json").read_text()).outcomes
    assert outcome.verdict.latency.identical.modules == 1, "the factory; what is installed is the same for both"


FAULT = "ship: latency INVALID ENVIRONMENT: base and head run installed code in place of the revisions': svc ("


def test_another_clone_on_the_path_is_an_installed_copy(project, monorepo, told, tmp_path, monkeypatch):
    """As an editable install of a clone that lies elsewhere, which the job forgot."""
    monorepo("packages/svc/src/svc/__init__.py", "clone/packages/svc/src/svc/__init__.py", module="svc")
    monkeypatch.setenv(
        "PYTHONPATH", f"{tmp_path / 'site/clone/packages/svc/src'}{os.pathsep}{os.environ['PYTHONPATH']}"
    )
    result = project.run(*AGAINST)
    result.assert_outcomes(failed=1)
    told(result, FAULT)


def test_a_zipped_copy_is_one_too(project, monorepo, told, tmp_path, monkeypatch):
    file = monorepo("packages/svc/src/svc/__init__.py", "svc/__init__.py", module="svc")
    archive = tmp_path / "svc.zip"
    with zipfile.ZipFile(archive, "w") as zipped:
        zipped.write(file, "svc/__init__.py")
    file.unlink()
    monkeypatch.setenv("PYTHONPATH", f"{archive}{os.pathsep}{os.environ['PYTHONPATH']}")
    result = project.run(*AGAINST)
    result.assert_outcomes(failed=1)
    told(result, FAULT)


def test_a_change_of_data_that_is_installed_is_no_comparison(project, monorepo, told):
    """The code of both is the installed one; what the change alters is a file next to it."""
    site = monorepo("packages/svc/src/svc/__init__.py", "svc/__init__.py", module="svc", change="other.md")
    (site.parent / "sizes.json").write_text("1")
    (project.path / "packages/svc/src/svc/sizes.json").write_text("2")
    result = project.run(*AGAINST)
    result.assert_outcomes(failed=1)
    told(result, FAULT)
