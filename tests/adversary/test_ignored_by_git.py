"""What git ignores is in the working tree and not in a fresh checkout of the base: built, generated, downloaded files."""

import os
import textwrap

import pytest

from pytest_sdperf.report.json import read

pytestmark = [
    pytest.mark.usefixtures("real_workers"),
    pytest.mark.skipif(os.name != "posix", reason="workers need POSIX pipes and process groups"),
]

CONFTEST = """
import pytest
from pytest_sdperf import Variant

def pytest_sdperf_variants():
    return [Variant("ship", "pkg:build", reference=None, needs_model=False)]
"""

PKG = """
import os
import time
import numpy as np
{0}

class Ship:
    def __call__(self, *, prompt, num_inference_steps, height, width, latents, **_):
        latents = denoise(latents)
        grown = np.kron(latents[0, :3], np.ones((8, 8), np.float32)).transpose(1, 2, 0) + sum(map(ord, prompt)) / 999
        return (1 / (1 + np.exp(-grown)))[None]

def build(context):
    return Ship()
"""

FAST = "def denoise(x):\n    return x\n"

FALLBACK = """
try:
    from pkg._fast import denoise
except ImportError:
    def denoise(x):
        time.sleep(0.02)
        return x
"""

TABLE = """
TABLE = os.path.join(os.path.dirname(__file__), "table.npy")
def denoise(x):
    if os.path.exists(TABLE):
        return x * np.load(TABLE)
    time.sleep(0.02)
    return x
"""

AGAINST = ("--sdperf-against=main", "--sdperf-budget=1ms", "--sdperf-rounds=1", "--sdperf-json=out.json")


@pytest.fixture
def package(make_repository, project, monkeypatch):
    """A package in `src` on a branch of main; ``ignored`` are files that git ignores."""

    def package(source, *, ignored, conftest=CONFTEST):
        repository = make_repository(path=project.path)
        (project.path / "harbour.py").unlink()
        files = {
            ".gitignore": "__pycache__\nout.json\n" + "".join(f"{name}\n" for name in ignored),
            "conftest.py": conftest,
            "pytest.ini": "[pytest]\npythonpath = src\n",
            "src/pkg/__init__.py": source,
            **ignored,
        }
        for name, content in files.items():
            path = project.path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content) if isinstance(content, bytes) else path.write_text(textwrap.dedent(content))
        repository.git("add", "--all")
        repository.git("commit", "--quiet", "--message", "first")
        repository.git("checkout", "--quiet", "-b", "head")
        with (project.path / "src/pkg/__init__.py").open("a") as file:
            file.write("\nSAILS = 3\n")
        for name in [n for n in __import__("sys").modules if n.partition(".")[0] == "pkg"]:
            monkeypatch.delitem(__import__("sys").modules, name)
        return repository

    return package


def latency(project):
    [outcome] = read((project.path / "out.json").read_text()).outcomes
    return outcome.verdict.latency


@pytest.mark.parametrize(
    ("source", "ignored", "loaded"),
    [
        (FALLBACK, {"src/pkg/_fast.py": FAST}, "loaded pkg._fast (src/pkg/_fast.py)"),
        (
            FALLBACK.replace("pkg._fast", "built.core"),
            {"src/built/__init__.py": "", "src/built/core.py": FAST},
            "loaded built (src/built/__init__.py), built.core (src/built/core.py)",
        ),
        (TABLE, {"src/pkg/table.npy": b"\x93NUMPY\x01\x00v\x00" + b"{'descr': '<f4', 'fortran_order': False, 'shape': (), }".ljust(117) + b"\n\0\0\x80?"}, "read src/pkg/table.npy"),
    ],
    ids=["module", "package", "data"],
)  # fmt: skip
def test_a_fallback_of_the_base_is_no_comparison(project, package, told, source, ignored, loaded):
    package(PKG.format(source), ignored=ignored)
    result = project.run(*AGAINST)
    result.assert_outcomes(failed=1)
    told(
        result,
        f"ship: latency INVALID ENVIRONMENT: the head {loaded}; git ignores ",
        "so main (",
        "Carry what is built for every revision alike: --sdperf-base-carry=src/",
        "build what depends on it there: --sdperf-base-run=COMMAND",
    )
    name = ",".join(ignored)
    project.run(*AGAINST, f"--sdperf-base-carry={name}").assert_outcomes(passed=1)
    assert not latency(project).invalid


def test_a_command_builds_in_the_bases_tree(project, package):
    package(PKG.format(FALLBACK), ignored={"src/pkg/_fast.py": FAST})
    command = "printf 'def denoise(x):\\n    return x\\n' > src/pkg/_fast.py"
    project.run(*AGAINST, f"--sdperf-base-run={command}").assert_outcomes(passed=1)
    assert not latency(project).invalid


@pytest.mark.parametrize("option", ["--sdperf-against=main", "--sdperf-baselines-from=main"])
def test_a_base_that_misses_a_generated_module_names_it(project, package, told, option):
    conftest = "import pkg\n" + CONFTEST
    package(
        "from pkg import _version\n" + PKG.format("denoise = abs"),
        ignored={"src/pkg/_version.py": ""},
        conftest=conftest,
    )
    result = project.run(option, "--sdperf-rounds=1", "--sdperf-budget=1ms", "--sdperf-missing=skip")
    text = result.stdout.str() + result.stderr.str()
    assert "src/pkg/_version.py is in the working tree, but git ignores it, so main (" in text
    assert "--sdperf-base-carry=src/pkg/_version.py" in text
    assert "--sdperf-base-run=COMMAND" in text
    carried = project.run(
        option, "--sdperf-rounds=1", "--sdperf-budget=1ms", "--sdperf-missing=skip", "--sdperf-base-carry=src/pkg/_*.py"
    )
    assert carried.ret == 0, carried.stdout.str()


def test_a_pipeline_that_misses_a_file_names_it(project, package, told):
    reading = "SCALE = len(open(os.path.join(os.path.dirname(__file__), 'scale.bin')).read())\ndenoise = abs"
    package(PKG.format(reading), ignored={"src/pkg/scale.bin": "1"})
    result = project.run(*AGAINST)
    result.assert_outcomes(failed=1)
    told(
        result,
        "ship: latency INVALID ENVIRONMENT: src/pkg/scale.bin is in the working tree, but git ignores it, so main (",
        "does not have it: the base cannot run: FileNotFoundError: ",
        "--sdperf-base-carry=src/pkg/scale.bin",
    )


ENV = """
ENV = os.path.join(os.path.dirname(__file__), "..", "..", ".env")
def denoise(x):
    if os.path.exists(ENV):
        return x * float(open(ENV).read().split("=")[1])
    time.sleep(0.02)
    return x
"""


@pytest.mark.parametrize("said_in", [".gitignore", ".git/info/exclude", "src/.gitignore", "the user's own file"])
def test_a_file_of_settings_counts_wherever_it_is_ignored(project, package, told, said_in):
    name = "src/sizes.env" if said_in == "src/.gitignore" else ".env"
    source = ENV.replace('"..", "..", ".env"', '"..", "sizes.env"') if said_in == "src/.gitignore" else ENV
    repository = package(PKG.format(source), ignored={name: "SCALE=1"})
    if said_in != ".gitignore":
        (project.path / ".gitignore").write_text("__pycache__\nout.json\n")
        place = project.path / "mine" if said_in == "the user's own file" else project.path / said_in
        place.write_text(f"{name.rpartition('/')[2]}\nmine\nsrc/.gitignore\n.gitignore\n")
        if said_in == "the user's own file":
            repository.git("config", "core.excludesFile", str(place))
    result = project.run(*AGAINST)
    result.assert_outcomes(failed=1)
    told(
        result, f"ship: latency INVALID ENVIRONMENT: the head read {name}; git ignores ", f"--sdperf-base-carry={name}"
    )
    project.run(*AGAINST, f"--sdperf-base-carry={name}").assert_outcomes(passed=1)
    assert not latency(project).invalid


@pytest.mark.parametrize("link", [".env", "settings"])
def test_a_link_that_is_ignored_leads_nowhere_in_the_base(project, package, told, tmp_path, link):
    """To a file, and to a folder."""
    (tmp_path / "away").mkdir()
    (tmp_path / "away/.env").write_text("SCALE=1")
    source = ENV if link == ".env" else ENV.replace('".env")', '"settings", ".env")')
    package(PKG.format(source), ignored={link: ""})
    (project.path / link).unlink()
    (project.path / link).symlink_to(tmp_path / "away" / ("" if link == "settings" else link))
    result = project.run(*AGAINST)
    result.assert_outcomes(failed=1)
    told(
        result,
        f"ship: latency INVALID ENVIRONMENT: the head read {link}; git ignores it, so main (",
        f"Make the same link there: --sdperf-base-run='ln -s TARGET {link}', or name its target in the code",
    )
    command = f"ln -s {tmp_path / 'away'}{'' if link == 'settings' else '/.env'} {link}"
    project.run(*AGAINST, f"--sdperf-base-run={command}").assert_outcomes(passed=1)
    assert not latency(project).invalid
