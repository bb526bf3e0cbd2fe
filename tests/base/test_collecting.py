"""pytest collects in the base's tree, in a process of its own."""

import dataclasses
import os
import re
import textwrap

import pytest

from pytest_sdperf.base import collecting
from pytest_sdperf.base.collecting import declared_in, passed_on, paths_of
from pytest_sdperf.base.interpreter import folder_with_our_package, this_interpreter
from pytest_sdperf.base.mapping import map_place
from pytest_sdperf.base.trees import Trees
from pytest_sdperf.errors import ComparisonError
from pytest_sdperf.variant import Launch, Variant

CONFTEST = """
from pytest_sdperf import Launch, Variant
def pytest_sdperf_variants():
    return [Variant({name!r}, "harbour:build", launch=Launch(env=dict(SAILS={sails!r})), params=dict(masts=3))]
"""


class Arms:
    """Two trees that differ in a conftest."""

    def __init__(self, path, package):
        self.trees = Trees(path / "head", path / "base", this_interpreter().own)
        self.head, self.base, self.folder = path / "head", path / "base", path / "declared"
        self.package = package
        self.env = {"PYTHONPATH": str(package), "PATH": os.environ["PATH"], "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        self.env |= {name: value for name, value in os.environ.items() if name.startswith("COVERAGE_")}
        for tree, sails in ((self.head, "2"), (self.base, "1")):
            self.write(tree, **{"conftest.py": CONFTEST.format(name="ship", sails=sails), "test_it.py": "1 / 0\n"})

    @staticmethod
    def write(tree, **files):
        for name, text in files.items():
            path = tree / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text))

    def place(self, sys_path=()):
        path = (str(self.head), *sys_path)
        return map_place(self.trees, cwd=self.head, rootdir=self.head, sys_path=path, environ=self.env)

    def ask(self, *paths, options=(), place=None):
        paths = [str(self.head / path) for path in paths] or [str(self.head)]
        return declared_in(
            place or self.place(),
            self.trees,
            "main (0123456789)",
            asked_by="--sdperf-against",
            paths=paths,
            options=options,
            folder=self.folder,
        )

    def refused(self, *paths, **more):
        with pytest.raises(ComparisonError) as caught:
            self.ask(*paths, **more)
        return caught.value

    def why(self, *paths, **more):
        """Why the variants cannot be collected; asserts all around it."""
        error = self.refused(*paths, **more)
        found = re.fullmatch(
            r"the variants that main \(0123456789\) declares cannot be collected: (.*)", error.what, re.DOTALL
        )
        assert found, error.what
        assert error.where == f"log: {self.folder / 'declared.log'}"
        assert error.cure == "The log ends with what pytest says there; fix the revision or name another one."
        return found[1]


@pytest.fixture
def arms(tmp_path):
    return Arms(tmp_path, folder_with_our_package(tmp_path / "package"))


def files(tree):
    return sorted(str(p.relative_to(tree)) for p in tree.rglob("*"))


def test_the_bases_own_declaration(arms):
    """Its test modules are not imported: this one raises."""
    before = files(arms.base)
    answer = arms.ask()
    assert answer.get("ship") == Variant(
        "ship", "harbour:build", launch=Launch(env={"SAILS": "1"}), params={"masts": 3}
    )
    assert answer.get("fp32") is not None
    assert answer.get("raft") is None
    assert str(arms.base / "conftest.py") in answer.files.values()
    assert not [f for f in answer.files.values() if f.startswith(str(arms.head))]
    assert files(arms.base) == before, "no bytecode, no cache"


def test_it_is_asked_again_each_time(arms):
    arms.ask()
    arms.write(arms.base, **{"conftest.py": CONFTEST.format(name="raft", sails="1")})
    assert arms.ask().get("raft") is not None


def install(package):
    """Let a folder on the import path say that our plugin is installed."""
    info = package / "pytest_sdperf-0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: pytest-sdperf\nVersion: 0\n")
    (info / "entry_points.txt").write_text("[pytest11]\nsdperf = pytest_sdperf.plugin.hooks\n")


def test_with_the_plugin_that_is_installed(arms):
    install(arms.package)
    del arms.env["PYTEST_DISABLE_PLUGIN_AUTOLOAD"]
    assert arms.ask().get("ship") is not None
    assert arms.ask(options=["--disable-plugin-autoload"] if pytest.version_tuple >= (8, 4) else []).get("ship")


@pytest.mark.parametrize("path", ["test_it.py", "test_renamed.py", "gone/test_new.py"])
def test_conftests_on_the_way_to_a_path(arms, path):
    """Those of folders beside a file that is not there any more do not count."""
    arms.write(arms.base, **{"beside/conftest.py": "1 / 0", "beside/test_x.py": ""})
    arms.write(arms.head, **{path: ""})
    assert arms.ask(path).get("ship") is not None


def test_conftests_further_down(arms):
    arms.write(arms.base, **{"perf/conftest.py": CONFTEST.format(name="raft", sails="1"), "perf/test_x.py": ""})
    for paths in [(), ("perf",), ("perf/test_x.py",), ("perf/test_new.py",), ("test_new.py", "perf")]:
        assert arms.ask(*paths).get("raft") is not None, paths
    assert arms.ask("test_it.py").get("raft") is None


def test_a_plugin_of_the_tree_is_the_bases_own(arms):
    for tree, name in ((arms.head, "raft"), (arms.base, "boat")):
        arms.write(tree, **{"src/fleet.py": CONFTEST.format(name=name, sails="1")})
    answer = arms.ask(options=["-p", "fleet"], place=arms.place([str(arms.head / "src")]))
    assert answer.get("boat") is not None
    assert answer.get("raft") is None


def test_a_plugin_of_the_head_alone_is_seen(arms):
    arms.write(arms.head, **{"src/fleet.py": CONFTEST.format(name="raft", sails="1")})
    arms.env["PYTHONPATH"] += os.pathsep + str(arms.head / "src")
    place = arms.place()
    assert str(arms.head) not in place.env["PYTHONPATH"]
    env = {**place.env, "PYTHONPATH": arms.env["PYTHONPATH"]}
    error = arms.refused(options=["-p", "fleet"], place=dataclasses.replace(place, env=env))
    assert error.what == f"the base runs code of the working tree: fleet ({arms.head}/src/fleet.py)"


def test_no_cache_is_asked_for_where_the_head_has_none_and_settings_are_strict(arms):
    arms.write(arms.base, **{"pytest.ini": "[pytest]\naddopts = --strict-config\n"})
    assert arms.ask(options=["-p", "no:cacheprovider"]).get("ship") is not None


def test_settings_of_the_base(arms):
    arms.write(
        arms.base,
        **{
            "pytest.ini": "[pytest]\naddopts = -p no:cacheprovider --strict-config --sails=3\nsdperf = true\nsdperf_rounds = 7\n",
            "conftest.py": CONFTEST.format(name="ship", sails="1")
            + "def pytest_addoption(parser): parser.addoption('--sails')\n"
            "def pytest_configure(config): assert config.option.sails == '3' and config.inipath.parent.name == 'base'\n",
        },
    )
    arms.env |= {"PYTEST_CURRENT_TEST": "x", "PYTEST_XDIST_WORKER": "gw0"}
    assert arms.ask().get("ship") is not None


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ({"conftest.py": "import no_such_thing"}, "ModuleNotFoundError: No module named 'no_such_thing'"),
        ({"perf/conftest.py": "1 / 0", "perf/test_x.py": ""}, "ZeroDivisionError: division by zero"),
        (
            {"conftest.py": "def pytest_sdperf_variants(): return 1"},
            "BASE/conftest.py gave 1 [BASE/conftest.py]. Give a",
        ),
        (
            {"pytest.ini": "[pytest]\naddopts = --strict-config\nsdperf_wind = 3\n"},
            "Unknown config option: sdperf_wind",
        ),
        ({"pytest.ini": "[pytest]\naddopts = --sdperf-wind=3\n"}, "unrecognized arguments: --sdperf-wind=3"),
        ({"pytest.ini": "[pytest]\nsdperf_rounds = many\n"}, "sdperf_rounds"),
        ({"conftest.py": "import os\nos._exit(3)"}, "pytest printed nothing"),
        ({"conftest.py": "def pytest_collection(): 1 / 0"}, "ZeroDivisionError: division by zero"),
        (
            {"conftest.py": CONFTEST.format(name="ship", sails="1").replace("masts=3", "masts=object")},
            "variant 'ship': params['masts']=<class 'object'>",
        ),
    ],
)
def test_what_cannot_be_collected_says_why(arms, written, why):
    arms.write(arms.base, **written)
    assert why.replace("BASE", str(arms.base)) in arms.why()


def test_the_log_ends_with_what_pytest_said(arms):
    arms.write(arms.base, **{"conftest.py": "import no_such_thing"})
    tail = arms.refused().log_tail.splitlines()
    assert tail[-1] == "E   ModuleNotFoundError: No module named 'no_such_thing'"
    assert f"ImportError while loading conftest '{arms.base}/conftest.py'." in tail


def test_a_base_that_switches_the_plugin_off(arms):
    install(arms.package)
    del arms.env["PYTEST_DISABLE_PLUGIN_AUTOLOAD"]
    arms.write(arms.base, **{"pytest.ini": "[pytest]\naddopts = -p no:sdperf\n"})
    assert arms.why() == "the plugin pytest_sdperf is switched off there"


@pytest.mark.parametrize("files", [{}, {"pytest_sdperf/plugin.py": ""}], ids=["without a plugin", "its plugin a file"])
def test_a_base_whose_copy_of_us_is_too_old(arms, files):
    """As in this project's own repository: the current folder comes first on the import path."""
    arms.write(arms.base, **{"pytest_sdperf/__init__.py": "", **files})
    assert str(arms.refused()) == (
        "the pytest-sdperf in the tree of main (0123456789) is too old to be measured side by side, or is not there "
        "[--sdperf-against]. Name a revision that has this version, or install pytest-sdperf outside of the tree."
    )


def test_one_that_takes_too_long(arms, monkeypatch):
    arms.write(arms.base, **{"conftest.py": f"open({str(arms.base / 'fifo')!r}).read()"})
    os.mkfifo(arms.base / "fifo")
    monkeypatch.setattr(declared_in, "__kwdefaults__", {**declared_in.__kwdefaults__, "timeout_s": 1.0})
    assert arms.why() == "it took longer than 1 s"


def test_an_answer_that_is_cut_short(arms, monkeypatch):
    real = collecting.decode
    monkeypatch.setattr(collecting, "decode", lambda data: real(data[:-5]))
    assert "the declared variants cannot be read (Input data was truncated)" in str(arms.refused())


MARKED = """
import pytest
import harbour

pytestmark = pytest.mark.sdperf(max_slowdown="9%", min_psnr=30)

@pytest.mark.sdperf(max_slowdown="{0}", min_speedup=("fp32", "2x"))
def test_ship(sd_ship):
    1 / 0

@pytest.mark.parametrize("n", [1])
def test_many(sd_ship, n):
    pass

def test_unmarked():
    pass
"""


def test_the_bases_own_tests_and_settings(arms):
    """Collected and not run: this test would raise. What the settings deselect is told, too."""
    for tree, limit in ((arms.head, "50%"), (arms.base, "5%")):
        arms.write(
            tree,
            **{
                "harbour.py": "",
                "test_it.py": MARKED.format(limit),
                "test_other.py": "def test_other(): pass\n",
                "pytest.ini": f"[pytest]\nsdperf_min_ssim = 0.9\nsdperf_max_slowdown = {limit}\naddopts = -k many --sdperf-max-pairs=8\n",
            },
        )
    place = arms.place()
    answer = declared_in(
        place,
        arms.trees,
        "main",
        asked_by="--sdperf-baselines-from",
        paths=[str(arms.head)],
        options=["-p", "pytest_sdperf.plugin.hooks"],
        folder=arms.folder,
        tests=True,
    )
    outer = {"max_slowdown": "9%", "min_psnr": 30}
    assert answer.tests == {
        "test_it.py::test_ship": {**outer, "max_slowdown": "5%", "min_speedup": ["fp32", "2x"]},
        "test_it.py::test_many[1]": outer,
        "test_it.py::test_unmarked": outer,
        "test_other.py::test_other": {},
    }
    assert answer.awaited == {"test_it.py::test_many[1]": "check"}, "the others are not run there either"
    assert answer.addopts == {"max_pairs": "8"}
    assert answer.rootdir == str(arms.base)
    assert answer.ini == {"min_ssim": "0.9", "max_slowdown": "5%"}
    assert not [f for f in answer.files.values() if f.startswith(str(arms.head))]
    assert (arms.ask().tests, arms.ask().ini) == ({}, {})


def test_which_options_are_passed_on(tmp_path):
    trees = Trees(tmp_path / "head", tmp_path / "base")
    given = [("-p", "fleet"), ("-o", "a=b"), ("--import-mode", "importlib"), ("--doctest-modules",)]
    assert passed_on(given, trees, trees.head) == ["-p", "fleet", "-o", "a=b", "--import-mode", "importlib",
                                                   "--doctest-modules"]  # fmt: skip
    places = [
        ("--rootdir", "."),
        ("--confcutdir", "../head/tests"),
        ("--ignore", "/elsewhere"),
        ("--ignore-glob", "*x"),
    ]
    assert passed_on(places, trees, trees.head) == [
        "--rootdir", str(trees.base), "--confcutdir", str(trees.base / "tests"), "--ignore", "/elsewhere",
        "--ignore-glob", str(trees.base / "*x"),
    ]  # fmt: skip


@pytest.mark.parametrize("given", ["perf.ini", "../head/perf.ini"])
def test_a_settings_file_is_the_bases_own(given, tmp_path):
    trees = Trees(tmp_path / "head", tmp_path / "base")
    for folder in (trees.head, trees.base):
        folder.mkdir()
    (trees.head / "perf.ini").touch()
    assert passed_on([("-c", given)], trees, trees.head) == []
    (trees.base / "perf.ini").touch()
    assert passed_on([("-c", given)], trees, trees.head) == ["-c", str(trees.base / "perf.ini")]
    (tmp_path / "outside.ini").touch()
    assert passed_on([("-c", "../outside.ini")], trees, trees.head) == ["-c", str(tmp_path / "outside.ini")]


def test_paths_without_the_names_of_tests(tmp_path):
    trees = Trees(tmp_path / "head", tmp_path / "base")
    (tmp_path / "base" / "there").mkdir(parents=True)
    given = ["tests/test_it.py::test_a[x::y]", "tests/test_it.py::test_b", "/abs/tests", ".", "../head/x"]
    assert paths_of(given, trees.head, trees) == [
        *(str(trees.head / "tests/test_it.py"), "/abs/tests"),
        *(str(trees.head), str(trees.head / "x")),
    ]
    assert paths_of([], trees.head / "there", trees) == []
    assert paths_of([], trees.head / "new", trees) == [str(trees.head / "new")], "the base has no such folder"
