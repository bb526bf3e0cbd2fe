"""A package of somebody else brings its own variants: built as a wheel, installed in a folder, run where no torch is."""

import importlib.util
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

EXAMPLE = Path(__file__).parents[1] / "example_package"


def wheel(folder):
    """The example's wheel, written here as hatchling would: the build needs no network and no backend."""
    stated = tomllib.loads((EXAMPLE / "pyproject.toml").read_text())
    project = stated["project"]
    stem = f"{project['name'].replace('-', '_')}-{project['version']}"
    points = "".join(
        f"[{group}]\n" + "".join(f"{name} = {value}\n" for name, value in named.items())
        for group, named in project["entry-points"].items()
    )
    written = {
        f"{stem}.dist-info/METADATA": f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n",
        f"{stem}.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{stem}.dist-info/entry_points.txt": points,
    }
    for package in stated["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]:
        source = EXAMPLE / package
        written |= {str(p.relative_to(source.parent)): p.read_text() for p in sorted(source.rglob("*.py"))}
    record = f"{stem}.dist-info/RECORD"
    written[record] = "".join(f"{name},,\n" for name in [*written, record])
    path = folder / f"{stem}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in written.items():
            archive.writestr(name, text)
    return path


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """The example, installed by pip where that is at hand; a pure wheel is otherwise only to be unpacked."""
    site = tmp_path / "site"
    built = wheel(tmp_path)
    if importlib.util.find_spec("pip"):
        pip = [
            sys.executable,
            "-m",
            "pip",
            "--disable-pip-version-check",
            "install",
            "--quiet",
            "--no-deps",
            "--no-index",
        ]
        subprocess.run([*pip, "--target", str(site), str(built)], check=True, timeout=120)
    else:
        with zipfile.ZipFile(built) as archive:
            archive.extractall(site)
    monkeypatch.syspath_prepend(site)


@pytest.mark.usefixtures("installed", "real_workers")
def test_its_variants_are_measured_proven_and_judged(project, told):
    project.path.joinpath("test_it.py").unlink()
    project.path.joinpath("conftest.py").unlink()
    shutil.copy(EXAMPLE / "test_ship_server.py", project.path)
    short = ("--sdperf-processes=1", "--sdperf-rounds=2", "--sdperf-gate=picture,proof,memory")
    first = project.run("--sdperf-update=new", *short)
    first.assert_outcomes(passed=2, skipped=1)
    told(first, "RECORDED 2 new baselines", "needs package:ship-server-gpu>=3", "PASSED (recorded)")
    second = project.run(*short)
    second.assert_outcomes(passed=2, skipped=1)
    told(second, "ship_server_tiled", "1.0000")
    [reference] = [name for name in project.stored() if name.endswith(".png")]
    assert reference.startswith("references/no-model/ship_server-64x96-4steps-")


@pytest.mark.usefixtures("installed")
def test_its_fixtures_tell_what_they_are(project, told):
    told(project.run("--fixtures"), "sd_ship_server_tiled", "The variant `ship_server_tiled`")
