"""Changes of which nothing reaches the pipeline pass without a pair, and no change that does reach it is taken for one."""

import io
import os
import py_compile
import sqlite3
import sys
import textwrap
import zipfile
from pathlib import Path

import pytest

from pytest_sdperf.errors import ComparisonError
from pytest_sdperf.measure import comparer
from pytest_sdperf.report.json import read

pytestmark = [
    pytest.mark.usefixtures("real_workers"),
    pytest.mark.skipif(sys.platform != "linux", reason="opened files are seen by inotify"),
]

CONFTEST = """
from pytest_sdperf import Launch, Variant

def pytest_sdperf_variants():
    return [Variant("ship", "harbour:build", reference=None, needs_model=False, launch=Launch(env={}))]
"""

HARBOUR = """
import os
import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))

def read(name):
    return b""

class Ship:
    def __call__(self, *, prompt, num_inference_steps, height, width, latents, **_):
        read(prompt)
        grown = np.kron(latents[0, :3], np.ones((8, 8), np.float32)).transpose(1, 2, 0) + sum(map(ord, prompt)) / 999
        return (1 / (1 + np.exp(-grown)))[None]

def build(context):
    return Ship()
"""

TEST = """
    def test_ship(sd_ship):
        sd_ship.check(num_inference_steps=2, prompts=["calm", "storm", "fog"])
"""

AGAINST = ("--sdperf-against=main", "--sdperf-max-pairs=5", "--sdperf-rounds=1", "--sdperf-json=out.json")


@pytest.fixture
def harbour(make_repository, project):
    """A repository whose pipeline reads with a given function; the working tree is on a branch of main."""

    def harbour(reading="", *, files=None):
        repository = make_repository(path=project.path)
        project.conftest(CONFTEST)
        project.test(TEST)
        write(
            project,
            {".gitignore": "__pycache__\nout.json\n*.local\n", "harbour.py": HARBOUR + textwrap.dedent(reading)},
        )
        write(project, files or {})
        repository.git("add", "--all")
        repository.git("commit", "--quiet", "--message", "first")
        repository.git("checkout", "--quiet", "-b", "head")
        return repository

    return harbour


def write(project, files):
    """Write files; None removes one, a Path makes it a link."""
    for name, content in files.items():
        path = project.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        if isinstance(content, Path):
            path.symlink_to(content)
        elif isinstance(content, bytes):
            path.write_bytes(content)
        elif content is not None:
            path.write_text(textwrap.dedent(content))


@pytest.fixture
def run(project, monkeypatch):
    """One run side by side with main, up to the first pair: its result and outcome."""

    def pair(*_, **__):
        raise ComparisonError("a pair is measured", cure="None.")

    def run(*args):
        monkeypatch.setattr(comparer, "measure_pairs", pair)
        result = project.run(*AGAINST, *args)
        [outcome] = read((project.path / "out.json").read_text()).outcomes
        return result, outcome

    return run


@pytest.fixture
def passes(run, told):
    """Whether a run takes base and head for the same program, with what it says."""

    def passes(said="", *args):
        result, outcome = run(*args)
        result.assert_outcomes(passed=1)
        told(result, f"PASSED ship: latency: identical program: the same {said}")
        assert not outcome.comparison.pairs
        assert len(outcome.measurement.processes) == 1
        return outcome

    return passes


@pytest.fixture
def is_measured(run):
    """Whether a run measures pairs, and why."""

    def is_measured(because, *args):
        result, outcome = run(*args)
        result.assert_outcomes(failed=1)
        latency = outcome.verdict.latency
        assert latency.identical is None
        assert "a pair is measured" in latency.invalid
        assert because in latency.measured_because

    return is_measured


def test_a_change_of_the_readme_passes_without_a_pair(project, harbour, passes, told):
    repository = harbour(files={"README.md": "old", "docs/a.md": "old", ".github/workflows/ci.yml": "a: 1"})
    at = repository.git("rev-parse", "main")[:10]
    write(project, {"README.md": "new", "docs/b.md": "new", ".github/workflows/ci.yml": "a: 2"})
    outcome = passes(f"1 module of the tree, versions and settings as main ({at})")
    assert [(f.part, f.status.value) for f in outcome.verdict.findings] == [
        ("latency", "PASSED"),
        ("picture", "PASSED"),
        ("proof", "NOT JUDGED"),
        ("memory", "PASSED"),
    ]


READ_CONFIG = """
import json
def read(name):
    return json.load(open(os.path.join(HERE, "config.json")))
"""

THIRD = """
def read(name):
    if name == "fog":
        import foghorn
"""

MAPPED = """
import mmap
def read(name):
    with open(os.path.join(HERE, "data.bin"), "rb") as file:
        return bytes(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
"""

MEMMAP = """
def read(name):
    return np.memmap(os.path.join(HERE, "data.bin"), np.uint8, "r").sum()
"""

C_LIBRARY = """
import ctypes
def read(name):
    libc = ctypes.CDLL(None)
    libc.fopen.restype = ctypes.c_void_p
    assert libc.fopen(os.path.join(HERE, "data.bin").encode(), b"r")
"""

SQLITE = """
import sqlite3
def read(name):
    return sqlite3.connect(f"file:{HERE}/data.db?mode=ro", uri=True).execute("select * from sqlite_master").fetchall()
"""

ON_PATH = """
import sys
def read(name):
    sys.path.insert(0, os.path.join(HERE, "parts"))
    import rigging
"""

FROM_FILE = """
import importlib.util
def read(name):
    spec = importlib.util.spec_from_file_location("anything", os.path.join(HERE, "parts", "rigging.py"))
    spec.loader.exec_module(importlib.util.module_from_spec(spec))
"""

RUN_PATH = """
import runpy
def read(name):
    runpy.run_path(os.path.join(HERE, "parts", "rigging.py"))
"""

EXEC = """
def read(name):
    exec(open("parts/rigging.py").read())
"""

ZIPPED = """
import sys
def read(name):
    sys.path.insert(0, os.path.join(HERE, "parts.zip"))
    import rigging
"""

LISTED = """
def read(name):
    return len(os.listdir(os.path.join(HERE, "masts")))
"""

GLOBBED = """
from pathlib import Path
def read(name):
    return sorted(Path(HERE, "masts").glob("*.local"))
"""

CHILD = """
import subprocess
def read(name):
    return subprocess.run(["cat", os.path.join(HERE, "data.bin")], capture_output=True, check=True).stdout
"""

CHILD_FROM_C = """
import ctypes
def read(name):
    assert ctypes.CDLL(None).system(f"cat {HERE}/data.bin > /dev/null".encode()) == 0
"""

EXISTS = """
from pathlib import Path
def read(name):
    return Path(HERE, "fast.flag").exists()
"""

TRIED = """
def read(name):
    try:
        import rigging
    except ImportError:
        pass
"""

SETTINGS = """
def read(name):
    path = os.path.join(HERE, ".env")
    return open(path).read() if os.path.exists(path) else ""
"""


@pytest.mark.parametrize(
    ("reading", "before", "after", "because"),
    [
        pytest.param("", {}, {"harbour.py": HARBOUR + "SAILS = 3"}, "module harbour differs", id="factory"),
        pytest.param(READ_CONFIG, {"config.json": "1"}, {"config.json": "2"}, "file config.json differs", id="config"),
        pytest.param(SETTINGS, {".env": "A=1"}, {".env": "A=2"}, "file .env differs", id="env-file"),
        pytest.param(SETTINGS, {".gitignore": ".env\nout.json\n__pycache__\n"}, {".env": "A=2"}, "file .env differs", id="ignored"),
        pytest.param(THIRD, {"foghorn.py": "A = 1"}, {"foghorn.py": "A = 2"}, "module foghorn differs", id="third-picture"),
        pytest.param(MAPPED, {"data.bin": "1"}, {"data.bin": "2"}, "file data.bin differs", id="mmap"),
        pytest.param(MEMMAP, {"data.bin": "1"}, {"data.bin": "2"}, "file data.bin differs", id="memmap"),
        pytest.param(C_LIBRARY, {"data.bin": "1"}, {"data.bin": "2"}, "file data.bin differs", id="C"),
        pytest.param(ON_PATH, {"parts/rigging.py": "A = 1"}, {"parts/rigging.py": "A = 2"}, "module rigging differs", id="sys.path"),
        pytest.param(FROM_FILE, {"parts/rigging.py": "A = 1"}, {"parts/rigging.py": "A = 2"}, "file parts/rigging.py differs", id="from-file"),
        pytest.param(RUN_PATH, {"parts/rigging.py": "A = 1"}, {"parts/rigging.py": "A = 2"}, "file parts/rigging.py differs", id="runpy"),
        pytest.param(EXEC, {"parts/rigging.py": "A = 1"}, {"parts/rigging.py": "A = 2"}, "file parts/rigging.py differs", id="exec"),
        pytest.param(LISTED, {"masts/1": ""}, {"masts/2": ""}, "file masts/", id="listdir"),
        pytest.param(GLOBBED, {"masts/1": ""}, {"masts/2.local": ""}, "file masts/", id="glob-of-ignored"),
        pytest.param(CHILD, {"data.bin": "1"}, {"data.bin": "2"}, "file data.bin differs", id="child"),
        pytest.param(CHILD_FROM_C, {"data.bin": "1"}, {"data.bin": "2"}, "file data.bin differs", id="child-of-C"),
        pytest.param(EXISTS, {}, {"fast.flag": ""}, "file fast.flag differs", id="new-flag"),
        pytest.param(EXISTS, {"fast.flag": ""}, {"fast.flag": None}, "file fast.flag differs", id="removed-flag"),
        pytest.param(TRIED, {"rigging.py": ""}, {"rigging.py": None}, "file rigging.py differs", id="removed-module"),
        pytest.param(TRIED, {}, {"rigging.py": ""}, "module rigging differs", id="new-module"),
        pytest.param(
            READ_CONFIG,
            {"config.json": Path("one.json"), "one.json": "1", "two.json": "1"},
            {"config.json": Path("two.json")},
            "file config.json (link)",
            id="link",
        ),
        pytest.param(
            C_LIBRARY,
            {"data.bin": Path("one.bin"), "one.bin": "1", "two.bin": "2"},
            {"data.bin": Path("two.bin")},
            "file data.bin",
            id="link-in-C",
        ),
        pytest.param("", {}, {"conftest.py": CONFTEST.replace("env={}", "env={'A': '1'}")}, "the variant's launch.env.A differs", id="launch"),
        pytest.param("", {}, {"conftest.py": CONFTEST.replace("launch=", "params={'a': 1}, launch=")}, "the variant's params.a differs", id="params"),
    ],
)  # fmt: skip
def test_a_change_that_reaches_the_pipeline_is_measured(project, harbour, is_measured, reading, before, after, because):
    harbour(reading, files={"README.md": "old"} | before)
    write(project, {"README.md": "new"} | after)
    is_measured(because)


def test_a_zip_that_python_imports_from_is_a_file_of_the_tree(project, harbour, is_measured):
    def zipped(source):
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("rigging.py", source)
        return file.getvalue()

    harbour(ZIPPED, files={"parts.zip": zipped("A = 1")})
    write(project, {"parts.zip": zipped("A = 2")})
    is_measured("file parts.zip differs")


def test_a_database_is_a_file_of_the_tree(project, harbour, is_measured):
    with sqlite3.connect(project.path / "data.db") as database:
        database.execute("create table a(b)")
    harbour(SQLITE)
    with sqlite3.connect(project.path / "data.db") as database:
        database.execute("create table c(d)")
    is_measured("file data.db differs")


def test_a_submodule_is_part_of_the_tree(project, harbour, make_repository, is_measured):
    inner = make_repository("inner")
    inner.commit("first", rigging="A = 1")
    repository = harbour(ON_PATH)
    repository.git("checkout", "--quiet", "main")
    repository.git("submodule", "--quiet", "add", str(inner.path), "parts")
    repository.git("commit", "--quiet", "--all", "--message", "parts")
    repository.git("checkout", "--quiet", "-B", "head")
    write(project, {"parts/rigging.py": "A = 2"})
    is_measured("module rigging differs")


def test_a_compiled_copy_that_is_not_its_sources_is_measured(project, harbour, is_measured):
    """Python does not see an edit that keeps size and second: the head would run what the base does not."""
    harbour(THIRD, files={"foghorn.py": "A = 1\n"})
    file = project.path / "foghorn.py"
    file.write_text("A = 2\n")
    py_compile.compile(str(file))
    os.utime(file, (stamp := file.stat().st_mtime, stamp))
    file.write_text("A = 1\n")
    os.utime(file, (stamp, stamp))
    write(project, {"README.md": "new"})
    is_measured("is not compiled from")


def test_a_module_without_a_source_is_not_in_the_base(project, harbour, is_measured):
    repository = harbour(THIRD, files={"foghorn.py": "A = 1\n"})
    with (project.path / ".gitignore").open("a") as ignored:
        ignored.write("*.pyc\n")
    py_compile.compile(str(project.path / "foghorn.py"), str(project.path / "foghorn.pyc"))
    (project.path / "foghorn.py").unlink()
    repository.git("commit", "--quiet", "--all", "--message", "compiled")
    is_measured("module foghorn")


def test_a_file_that_only_its_mode_tells_apart_is_the_same(project, harbour, passes):
    harbour(READ_CONFIG, files={"config.json": "1"})
    (project.path / "config.json").chmod(0o755)
    passes("1 module and 1 file of the tree")


def test_what_the_pipeline_does_not_reach_passes_without_a_pair(project, harbour, passes):
    unread = {
        "other.py": "A = 1",
        "test_other.py": "",
        "data.json": "1",
        ".github/workflows/ci.yml": "# a",
        "masts/1": "a",
    }
    harbour(READ_CONFIG + LISTED.replace("def read", "def look"), files={"config.json": "1", **unread})
    write(project, {name: f"{content}2" for name, content in unread.items()})
    write(project, {"test_new.py": "", "new.py": "", "out.local": ""})
    passes("1 module and 1 file of the tree")


def test_measure_measures_what_is_the_same(project, harbour, run):
    harbour(files={"README.md": "old"})
    write(project, {"README.md": "new"})
    result, outcome = run("--sdperf-identical=measure")
    result.assert_outcomes(failed=1)
    assert "a pair is measured" in outcome.verdict.latency.invalid
    assert not outcome.verdict.latency.measured_because


def test_limits_of_its_own_are_judged_of_an_identical_program(project, harbour, run, told):
    harbour(files={"README.md": "old"})
    write(project, {"README.md": "new"})
    result, outcome = run("--sdperf-max-memory=1MiB")
    result.assert_outcomes(failed=1)
    statuses = {f.part: f.status.value for f in outcome.verdict.findings}
    assert (statuses["latency"], statuses["memory"]) == ("PASSED", "BROKEN")


def test_a_broken_picture_is_broken_in_an_identical_program(project, harbour, run):
    harbour("import numpy\nnumpy.exp = lambda x: x * numpy.nan", files={"README.md": "old"})
    write(project, {"README.md": "new"})
    result, outcome = run()
    result.assert_outcomes(failed=1)
    statuses = {f.part: f.status.value for f in outcome.verdict.findings}
    assert (statuses["latency"], statuses["picture"]) == ("PASSED", "BROKEN")


@pytest.mark.parametrize(
    ("reading", "because"),
    [
        (CHILD, "it starts another process (cat)"),
        (CHILD_FROM_C, "it starts another process"),
        ("import os\nPID = os.fork() or os._exit(0)", "it starts another process"),
        (
            "import socket\nAT_HOME = socket.socket().connect_ex(('127.0.0.1', 9))",
            "it connects to ('127.0.0.1', 9)",
        ),
        ("import socket\nOPEN = socket.socket()", "it has a socket open"),
        ("import tempfile\nNAME = tempfile.mktemp()\nos.mkfifo(NAME)\nPIPE = os.open(NAME, os.O_RDWR)", "which is not a file"),
    ],
    ids=["child", "child-of-C", "fork", "client", "socket", "fifo"],
)  # fmt: skip
def test_what_cannot_be_known_is_measured(project, harbour, is_measured, reading, because):
    harbour(reading, files={"data.bin": "1", "README.md": "old"})
    write(project, {"README.md": "new"})
    is_measured(because)
