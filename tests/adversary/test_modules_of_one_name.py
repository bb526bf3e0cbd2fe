"""Factories whose module's name exists more than once: each variant runs the module of its own conftest."""

import os
import textwrap

import pytest

pytestmark = [
    pytest.mark.usefixtures("real_workers"),
    pytest.mark.skipif(os.name != "posix", reason="workers need POSIX pipes and process groups"),
]

PIPELINE = """
    import os, pathlib
    import numpy as np
    {imports}
    PLACE = {place!r}

    class P:
        def sdperf_facts(self):
            return {{"place": PLACE}}
        def __call__(self, *, prompt, latents, num_inference_steps, **_):
            grown = np.kron(np.tanh(latents[0, :3] + len(prompt) / 100), np.ones((8, 8), np.float32)).transpose(1, 2, 0)
            return (0.5 + 0.5 * grown)[None]

    def build(context):
        return P()

    def prepare(context):
        pathlib.Path(os.environ["PREPARED"], PLACE).touch()
"""
VARIANT = 'Variant({name!r}, {factory!r}, needs_model=False, reference={reference!r}, claims=(Claim("fact", {fact!r}),){more})'
CONFTEST = """
from pytest_sdperf import Claim, Variant

def pytest_sdperf_variants():
    return [{0}]
"""
QUICK = ("--sdperf-processes=1", "--sdperf-rounds=1", "--sdperf-update=new", "-p", "no:randomly")


@pytest.fixture
def scene(project):
    """A root without a pipeline of its own, and ways to put pipelines, variants and tests into its folders."""
    (project.path / "harbour.py").unlink()
    (project.path / "test_it.py").unlink()
    (project.path / "conftest.py").unlink()

    class Scene:
        path = project.path
        run = staticmethod(lambda *args: project.run(*QUICK, *args))

        @staticmethod
        def write(name, text):
            file = project.path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(textwrap.dedent(text))

        def pipeline(self, name, place, imports=""):
            self.write(name, PIPELINE.format(place=place, imports=imports))

        def declare(self, folder, name, place, factory="pipeline:build", reference=None, more=""):
            """A conftest whose variant passes only where the pipeline called ``place`` runs; and its test."""
            variant = VARIANT.format(
                name=name, factory=factory, fact=f"place={place}", reference=reference, more=f", {more}" if more else ""
            )
            self.write(f"{folder}/conftest.py", CONFTEST.format(variant))
            self.write(
                f"{folder}/test_{name}.py", f"def test_{name}(sd_{name}): sd_{name}.check(num_inference_steps=2)\n"
            )

    return Scene()


@pytest.fixture(params=["prepend", "importlib"])
def two(scene, request):
    """Two folders with a `pipeline.py` each, under both import modes of pytest that allow two conftests of one name."""
    scene.write("pytest.ini", f"[pytest]\naddopts = --import-mode={request.param}\n")
    for folder in "ab":
        scene.pipeline(f"{folder}/perf/pipeline.py", folder)
        scene.declare(f"{folder}/perf", f"pipe_{folder}", folder)
    return scene


def test_each_runs_the_module_beside_its_conftest(two):
    two.run().assert_outcomes(passed=2)


def test_one_of_them_alone_does_the_same(two):
    two.run("a").assert_outcomes(passed=1)


def test_a_module_of_the_name_in_the_rootdir_changes_nothing(two):
    two.pipeline("pipeline.py", "root")
    two.run().assert_outcomes(passed=2)


def test_a_reference_runs_the_module_beside_its_own_conftest(two):
    two.declare("b/perf", "pipe_b", "b", reference="pipe_a")
    two.run("b", "a").assert_outcomes(passed=2)


def test_helpers_of_one_name_go_with_their_factory(scene):
    for folder in "ab":
        scene.pipeline(f"{folder}/perf/pipe_of_{folder}.py", "wrong", imports="from weights import NAME")
        with (scene.path / f"{folder}/perf/pipe_of_{folder}.py").open("a") as file:
            file.write("PLACE = NAME\n")
        scene.write(f"{folder}/perf/weights.py", f"NAME = {folder!r}\n")
        scene.declare(f"{folder}/perf", f"pipe_{folder}", folder, factory=f"pipe_of_{folder}:build")
    scene.run().assert_outcomes(passed=2)


def test_a_module_that_a_pipeline_starts_as_a_process_is_its_own_too(scene):
    start = "import subprocess, sys"
    for folder in "ab":
        scene.pipeline(f"{folder}/perf/pipeline.py", "wrong", imports=start)
        with (scene.path / f"{folder}/perf/pipeline.py").open("a") as file:
            file.write(
                'PLACE = subprocess.run([sys.executable, "-m", "server"], capture_output=True).stdout.decode()\n'
            )
        scene.write(f"{folder}/perf/server.py", f"print({folder!r}, end='')\n")
        scene.declare(f"{folder}/perf", f"pipe_{folder}", folder)
    scene.run().assert_outcomes(passed=2)


def test_a_preparation_is_of_the_same_folder(two, tmp_path, monkeypatch):
    monkeypatch.setenv("PREPARED", str(tmp_path))
    for folder in "ab":
        two.declare(f"{folder}/perf", f"pipe_{folder}", folder, more='prepare="pipeline:prepare"')
    two.run().assert_outcomes(passed=2)
    assert {file.name for file in tmp_path.iterdir()} >= {"a", "b"}


def test_a_conftest_that_is_a_link_counts_where_it_lies(scene):
    scene.pipeline("a/perf/pipeline.py", "a")
    scene.pipeline("shared/pipeline.py", "shared")
    scene.declare("a/perf", "pipe", "a")
    (scene.path / "a/perf/conftest.py").rename(scene.path / "shared/declares.py")
    (scene.path / "a/perf/conftest.py").symlink_to(scene.path / "shared/declares.py")
    scene.run("a").assert_outcomes(passed=1)


def test_a_module_beside_the_conftest_above_comes_before_a_neighbours(scene):
    for folder, place in (("a", "a"), ("b/perf", "b")):
        scene.pipeline(f"{folder}/pipeline.py", place)
        scene.declare(folder, f"pipe_{place}", place)
    scene.declare("a/perf", "lower", "a")
    scene.run().assert_outcomes(passed=3)


@pytest.mark.parametrize("mode", ["prepend", "importlib"])
def test_a_package_is_found_from_the_folder_that_it_lies_in(scene, mode):
    """Two of one name pytest itself refuses."""
    scene.write("pytest.ini", f"[pytest]\naddopts = --import-mode={mode}\n")
    scene.write("a/perf/__init__.py", "")
    scene.pipeline("a/perf/pipeline.py", "a")
    scene.pipeline("perf/pipeline.py", "root")
    scene.declare("a/perf", "pipe", "a", factory="perf.pipeline:build")
    scene.run("a").assert_outcomes(passed=1)


def test_a_name_without_its_package_is_told_with_it(scene, told):
    scene.write("a/perf/__init__.py", "")
    scene.pipeline("a/perf/pipeline.py", "a")
    scene.declare("a/perf", "pipe", "a")
    result = scene.run()
    result.assert_outcomes(failed=1)
    told(result, "there is no module 'pipeline'", "name the module with it: `perf.pipeline:build`")


def test_two_modules_neither_of_which_is_beside_the_conftest_are_ambiguous(scene, told):
    for folder in "ab":
        scene.pipeline(f"{folder}/perf/pipeline.py", folder)
        scene.write(f"{folder}/perf/test_{folder}.py", f"def test_{folder}(): pass\n")
    scene.declare(".", "pipe", "a")
    result = scene.run()
    result.assert_outcomes(failed=1, passed=2)
    told(result, "factory of variant 'pipe' is ambiguous: module 'pipeline' may be ", "a/perf/pipeline.py", "b/perf/")


def test_a_folder_that_hides_a_library_does_not_take_its_place(scene):
    """As tests of a library in a folder of its name, which importlib mode allows."""
    scene.write("pytest.ini", "[pytest]\naddopts = --import-mode=importlib\n")
    scene.write("checks/numpy/__init__.py", "")
    scene.write("checks/random.py", "1 / 0\n")
    scene.pipeline("checks/pipeline.py", "checks", imports="import random")
    scene.declare("checks", "pipe", "checks")
    scene.run().assert_outcomes(passed=1)


def test_a_factory_with_the_name_of_a_library_is_ambiguous(scene, told):
    scene.write("pytest.ini", "[pytest]\naddopts = --import-mode=importlib\n")
    scene.pipeline("checks/psutil/__init__.py", "checks")
    scene.declare("checks", "pipe", "checks", factory="psutil:build")
    result = scene.run()
    result.assert_outcomes(failed=1)
    told(result, "factory of variant 'pipe' is ambiguous: module 'psutil' may be ", "Rename one of them")


def test_the_settings_path_comes_after_the_conftests_folder(scene):
    scene.write("pytest.ini", "[pytest]\npythonpath = lib\n")
    scene.pipeline("lib/pipeline.py", "lib")
    scene.pipeline("a/perf/pipeline.py", "a")
    scene.declare("a/perf", "pipe_a", "a")
    scene.run().assert_outcomes(passed=1)


def test_a_neighbours_module_does_not_come_before_the_settings_path_unnoticed(scene, told):
    """Where the neighbour is not collected, `lib` is what runs."""
    scene.write("pytest.ini", "[pytest]\npythonpath = lib\n")
    scene.pipeline("lib/pipeline.py", "lib")
    scene.pipeline("a/perf/pipeline.py", "a")
    scene.declare("a/perf", "pipe_a", "a")
    scene.declare("b/perf", "pipe_b", "lib")
    result = scene.run()
    result.assert_outcomes(passed=1, failed=1)
    told(result, "factory of variant 'pipe_b' is ambiguous", "a/perf/pipeline.py", "lib/pipeline.py")
    scene.run("b").assert_outcomes(passed=1)


def test_a_plugin_has_no_folder_of_its_own(scene):
    """What `-p` names is found as ever: by the session's import path."""
    scene.pipeline("pipeline.py", "root")
    scene.pipeline("deep/pipeline.py", "deep")
    scene.declare("deep", "pipe", "root")
    (scene.path / "deep/conftest.py").rename(scene.path / "declares.py")
    scene.run("-p", "declares").assert_outcomes(passed=1)


def test_an_object_that_a_conftest_registers_belongs_to_it(two):
    body = (two.path / "a/perf/conftest.py").read_text()
    body = body.replace("def pytest_sdperf_variants()", "class Declares:\n  def pytest_sdperf_variants(self)")
    body = body.replace("    return", "    " * 2 + "return")
    body += "\ndef pytest_configure(config):\n    config.pluginmanager.register(Declares())\n"
    two.write("a/perf/conftest.py", body)
    two.run("a", "b").assert_outcomes(passed=2)


def test_the_base_runs_the_module_beside_its_own_conftest(scene, make_repository, told):
    """The base's module lies in another folder than the head's, and both trees have a second one of that name."""
    repository = make_repository(path=scene.path)
    scene.write(".gitignore", "__pycache__\n")
    for folder in "ab":
        scene.pipeline(f"{folder}/perf/pipeline.py", folder)
        scene.declare(f"{folder}/perf", f"pipe_{folder}", folder)
    repository.commit("first")
    repository.git("checkout", "--quiet", "-b", "head")
    (scene.path / "a").rename(scene.path / "moved")
    repository.commit("moved")
    result = scene.run("--sdperf-against=main", "--sdperf-ignore=500%", "--sdperf-must-catch=900%", "-vv")
    assert "ambiguous" not in result.stdout.str()
    assert "INVALID" not in result.stdout.str()
    told(result, "identical to the base's picture")
