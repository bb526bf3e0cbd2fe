import ast
import os
import stat
import subprocess
import sys
import venv
from pathlib import Path

import pytest

import pytest_sdperf
from pytest_sdperf.base import interpreter as module
from pytest_sdperf.base.interpreter import (
    NEEDED,
    Interpreter,
    folder_with_our_package,
    foreign_environment,
    foreign_path,
    other_interpreter,
    this_interpreter,
)
from pytest_sdperf.errors import ComparisonError

NAME_ONE = "Name the python of another environment."


@pytest.fixture
def fake(tmp_path):
    """An executable script in an interpreter's place."""

    def fake(script, name="python", shebang="#!/bin/sh"):
        path = tmp_path / name
        path.write_text(f"{shebang}\n{script}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return path

    return fake


def answers(version, missing="{}", prefix="/other"):
    answer = f'{{"version": {version}, "prefix": "{prefix}", "libraries": ["{prefix}/lib"], "missing": {missing}}}'
    return f"echo noise\necho 'sdperf-interpreter {answer}'"


def look(value, rootdir, **environ):
    return other_interpreter(str(value), rootdir, {"PATH": os.environ["PATH"], **environ})


def refused(value, rootdir, **environ):
    with pytest.raises(ComparisonError) as caught:
        look(value, rootdir, **environ)
    place = f" [--sdperf-against-python={value}]"
    assert place in str(caught.value)
    return str(caught.value).replace(place, "")


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    """A fresh virtual environment with nothing in it."""
    folder = tmp_path_factory.mktemp("venv") / "bare"
    venv.create(folder, with_pip=False, symlinks=True)
    return folder


def test_a_fresh_environment_lacks_what_workers_need(bare, tmp_path):
    python = bare / "bin" / "python"
    version = ".".join(map(str, sys.version_info[:3]))
    assert refused(python, tmp_path) == (
        f"{python} (Python {version}) lacks msgspec and numpy, which workers need. "
        f"Install there: {python} -m pip install msgspec numpy."
    )


def test_an_environment_that_has_it(bare, tmp_path):
    """Stand-ins, for it is only asked whether they can be imported."""
    packages = tmp_path / "packages"
    for name in NEEDED:
        (packages / name).mkdir(parents=True)
        (packages / name / "__init__.py").touch()
    found = look(bare / "bin" / "python", tmp_path, PYTHONPATH=str(packages), PYTHONHOME="/nowhere")
    assert found.path == bare / "bin" / "python"
    assert found.version == ".".join(map(str, sys.version_info[:3]))
    assert found.label == f"{bare}/bin/python ({found.version})"
    assert found.prefix == bare
    assert any(library.name == "site-packages" and library.is_relative_to(bare) for library in found.libraries)
    assert found.own == (bare, *found.libraries)
    (packages / "numpy" / "__init__.py").write_text("raise ImportError('built for another Python')")
    assert refused(bare / "bin" / "python", tmp_path, PYTHONPATH=str(packages)) == (
        f"{found.path} (Python {found.version}) cannot import numpy (ImportError: built for another Python). "
        "Fix it there, and look whether PYTHONPATH leads to packages of another Python: "
        f"{found.path} -m pip install --force-reinstall numpy."
    )


def test_our_package_alone_is_found_through_a_folder(bare, tmp_path):
    folder = folder_with_our_package(tmp_path / "a" / "b")
    assert folder_with_our_package(folder) == folder
    assert [path.name for path in folder.iterdir()] == ["pytest_sdperf"]
    code = "import pytest_sdperf, sys; print(pytest_sdperf.__version__, 'numpy' in sys.modules); import msgspec"
    done = subprocess.run(
        [bare / "bin" / "python", "-B", "-c", code],
        env={"PYTHONPATH": str(folder)}, cwd="/", capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.stdout == f"{pytest_sdperf.__version__} False\n"
    assert "No module named 'msgspec'" in done.stderr


def test_the_ways_to_name_it(fake, tmp_path):
    path = fake(answers("[3, 12, 1]"))
    for value, environ in [
        (path, {}), ("python", {}), ("./python", {}), ("other", {"PATH": f"{tmp_path}/bin:{os.environ['PATH']}"}),
    ]:  # fmt: skip
        if value == "other":
            (tmp_path / "bin").mkdir()
            path = path.rename(tmp_path / "bin" / "other")
        assert look(value, tmp_path, **environ) == Interpreter(path, "3.12.1", Path("/other"), (Path("/other/lib"),))


def test_home_is_written_short(fake, tmp_path, monkeypatch):
    fake(answers("[3, 10, 0]"))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert look("~/python", Path("/")).version == "3.10.0"


@pytest.mark.parametrize(
    ("script", "message"),
    [
        (answers("[3, 9, 19]"), "{0} is Python 3.9.19. Name one of 3.10 or newer: workers need that."),
        (
            "echo 'sdperf-interpreter {\"version\": [2, 7, 18]}'",
            "{0} is Python 2.7.18. Name one of 3.10 or newer: workers need that.",
        ),
        ("echo oh; echo dear >&2; exit 3", "{0} is not a working Python (exit code 3): dear. " + NAME_ONE),
        ("echo hello", "{0} is not a working Python (exit code 0): hello. " + NAME_ONE),
        ("true", "{0} is not a working Python (exit code 0). " + NAME_ONE),
        (
            answers("[3, 13, 0]", '{"numpy": ""}'),
            "{0} (Python 3.13.0) lacks numpy, which workers need. Install there: {0} -m pip install numpy.",
        ),
        (
            answers("[3, 13, 0]", prefix=sys.prefix),
            "{0} is of the environment that runs this session (" + sys.prefix + "): base and head would be the same. "
            "Name the python of another environment, or write --sdperf-against=self for a control.",
        ),
    ],
)
def test_an_interpreter_that_will_not_do(fake, tmp_path, script, message):
    path = fake(script)
    assert refused(path, tmp_path) == message.format(path)


def test_no_such_file(tmp_path):
    assert refused("gone/python", tmp_path) == f"there is no interpreter {tmp_path}/gone/python. {NAME_ONE}"


def test_a_folder(tmp_path, bare):
    assert refused(tmp_path, tmp_path) == f"{tmp_path} is a folder. Name the python in it."
    assert refused(bare, tmp_path) == f"{bare} is a folder. Name {bare}/bin/python."


def test_not_executable(tmp_path):
    (tmp_path / "python").touch()
    assert refused("python", tmp_path / ".") == (
        f"{tmp_path}/python is not executable. Name an interpreter, or give it permission."
    )


def test_not_a_program(fake, tmp_path):
    path = fake("", shebang="#!/no/such/program")
    assert refused(path, tmp_path) == f"{path} cannot be run: No such file or directory. {NAME_ONE}"


def test_one_that_does_not_answer(fake, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_TIMEOUT_S", 0.1)
    path = fake(f"exec cat {tmp_path}/fifo")
    os.mkfifo(tmp_path / "fifo")
    assert refused(path, tmp_path) == f"{path} did not answer within 0.1 s. {NAME_ONE}"


def test_the_environment_of_another_interpreter():
    given = {"PYTHONHOME": "x", "VIRTUAL_ENV": "x", "__PYVENV_LAUNCHER__": "x", "PYTHONPATH": "y", "PATH": "z"}
    assert foreign_environment(given) == {"PYTHONPATH": "y", "PATH": "z"}


def test_the_import_path_of_another_interpreter():
    here = this_interpreter()
    user_site = str(here.libraries[-1])
    assert foreign_path(("/repo/src", user_site, str(here.libraries[0] / "lib-dynload")), here) == ("/repo/src",)


def test_this_interpreter():
    here = this_interpreter()
    assert here.path == Path(sys.executable)
    assert Path(pytest.__file__).parents[1] in here.libraries
    assert Path(os.__file__).parent in here.libraries


def test_what_workers_need_is_what_their_modules_import():
    """Everything a worker may import of ours, followed by reading; torch and OpenVINO are the variant's own."""
    package = Path(pytest_sdperf.__file__).parent
    seen, found, left = set(), set(), ["pytest_sdperf.worker.main"]
    while left:
        name = left.pop()
        path = package.parent.joinpath(*name.split("."))
        source = next((p for p in (path.with_suffix(".py"), path / "__init__.py") if p.is_file()), None)
        if name in seen or source is None or not name.startswith("pytest_sdperf."):
            continue
        seen.add(name)
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                left += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
                found.add(node.module.partition(".")[0])
            elif isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
    others = found - set(sys.stdlib_module_names) - {"pytest_sdperf"}
    assert others - {"torch", "openvino"} == set(NEEDED)
