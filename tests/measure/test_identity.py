"""What is known of base and head before anything is timed: settings, variables, models, and the trees' files."""

import dataclasses
import subprocess
import sys
from types import SimpleNamespace

import msgspec
import pytest

from pytest_sdperf.activity import Activity, Looked
from pytest_sdperf.base.checkout.revision import Revision
from pytest_sdperf.base.interpreter import Interpreter
from pytest_sdperf.base.set_up import BaseSide
from pytest_sdperf.base.target import Target
from pytest_sdperf.base.trees import Trees
from pytest_sdperf.launch.launcher import Launcher
from pytest_sdperf.measure.identity import head_and_base, looking
from pytest_sdperf.measure.rig import Model
from pytest_sdperf.measurement import Environment
from pytest_sdperf.observations import Measured
from pytest_sdperf.options import Options
from pytest_sdperf.variant import Case, Variant
from pytest_sdperf.workload import Workload

CASE = Case(Variant("ship", "harbour:build", reference=None), Workload(prompts=("a ship",), sizes=((8, 8),)), "model")
MODELS = {"base": Model(None, "digest"), "head": Model(None, "digest")}


class Sides:
    """A head with its harbour.py loaded, and a base; `compare` gives (base, head)."""

    def __init__(self, head, base, work_dir, measurement):
        self.head = head
        self.engine = SimpleNamespace(
            launcher=Launcher({}, cpus=(), find_library=lambda name: None), work_dir=work_dir, rootdir=head
        )
        revision = Revision("main", "0" * 40, head, "--sdperf-against")
        target = Target(None, revision, None, control=False)
        self.base = BaseSide(target, self.engine.launcher, work_dir / "cache", Trees(head, base), None)
        self.looked = Looked(Activity({"harbour": str(head / "harbour.py")}))
        self.case, self.models, self.measurement = CASE, MODELS, measurement

    def env(self, *, head, base):
        self.engine.launcher = dataclasses.replace(self.engine.launcher, base_env=head)
        self.base = dataclasses.replace(self.base, launcher=dataclasses.replace(self.base.launcher, base_env=base))

    def compare(self, options=None):
        measured = Measured(CASE, self.measurement, looked=self.looked)
        options = options or Options()
        return head_and_base(self.base, self.engine, self.case, measured, options, models=self.models)


@pytest.fixture
def sides(make_repository, tmp_path, measured):
    head = make_repository("head").path
    base = tmp_path.resolve() / "base"
    (tmp_path / "work").mkdir()
    for tree in (head, base):
        tree.mkdir(exist_ok=True)
        (tree / "harbour.py").write_text("SPEED = 1\n")
    environment = Environment(
        "here", python="CPython 3.11.7", packages={"torch": "2.9"}, variables={"OMP_NUM_THREADS": "2"}
    )
    m = msgspec.structs.replace(measured(case_id=CASE.id, variant="ship"), environment=environment)
    return Sides(head, base, tmp_path / "work", m)


def test_nothing_differs(sides):
    base, head = sides.compare()
    assert base == head
    assert head.unknown == []
    assert head.python == "CPython 3.11.7"
    assert head.variables == {"OMP_NUM_THREADS": "2"}
    assert set(head.modules) == {"harbour"}


def test_other_settings_of_the_variant(sides):
    sides.case = dataclasses.replace(CASE, variant=dataclasses.replace(CASE.variant, params={"sails": 4}))
    base, head = sides.compare()
    assert base.settings == {**head.settings, "params.sails": "4"}


def test_the_import_path_is_compared_as_it_lies_in_each_tree(sides):
    for name in ("same", "other"):
        path = str(sides.base.trees.base / name)
        sides.case = dataclasses.replace(CASE, variant=dataclasses.replace(CASE.variant, import_path=(path,)))
        base, head = sides.compare()
        assert (base.settings["import path"], head.settings["import path"]) == (name, "")


def test_another_model(sides):
    sides.models = {**MODELS, "base": Model(None, "another")}
    base, head = sides.compare()
    assert (base.model_digest, head.model_digest) == ("another", "digest")


class TestVariables:
    def test_those_that_lead_into_each_ones_tree_are_the_same(self, sides):
        trees = sides.base.trees
        sides.env(
            head={"DATA": f"{trees.head}/data", "PYTHONPATH": "/head", "PWD": "/head", "SAME": "1"},
            base={"DATA": f"{trees.base}/data", "PYTHONPATH": "/base", "SAME": "1"},
        )
        base, head = sides.compare()
        assert base == head

    def test_others_count_with_their_values(self, sides):
        sides.env(head={"FAST": "1", "ONLY_HEAD": "1"}, base={"FAST": "0", "ONLY_BASE": "1"})
        base, head = sides.compare()
        assert head.variables == {"OMP_NUM_THREADS": "2", "FAST": "1", "ONLY_HEAD": "1"}
        assert base.variables == {"OMP_NUM_THREADS": "2", "FAST": "0", "ONLY_BASE": "1"}

    def test_one_that_the_workers_report_is_the_heads(self, sides):
        sides.env(head={"OMP_NUM_THREADS": "2"}, base={})
        base, head = sides.compare()
        assert (base.variables, head.variables) == ({}, {"OMP_NUM_THREADS": "2"})

    def test_of_two_programs_of_one_tree(self, sides):
        sides.base = dataclasses.replace(sides.base, trees=None)
        sides.env(head={"FAST": "1"}, base={"FAST": "0"})
        base, head = sides.compare()
        assert (base.variables["FAST"], head.variables["FAST"]) == ("0", "1")


class TestUnknown:
    def test_one_tree(self, sides):
        sides.base = dataclasses.replace(sides.base, trees=None)
        base, head = sides.compare()
        assert head.unknown == ["no two revisions are compared"]
        assert (base.modules, "import path" in base.settings) == ({}, False)

    def test_no_revision(self, sides):
        sides.base = dataclasses.replace(sides.base, target=Target(None, None, None, control=True))
        assert sides.compare()[1].unknown == ["no two revisions are compared"]

    def test_another_environment(self, sides):
        other = Interpreter(sides.head / "python", "3.13.0", sides.head, ())
        before, launcher = sides.base, dataclasses.replace(sides.base.launcher, interpreter="/next/python")
        for changes in ({"interpreter": other}, {"launcher": launcher}):
            sides.base = dataclasses.replace(before, **changes)
            assert sides.compare()[1].unknown == ["the base has another environment"]

    def test_workers_that_were_not_watched(self, sides):
        sides.looked = None
        _, head = sides.compare()
        assert head.unknown == ["its workers were not watched"]
        assert head.modules == {}


class TestApart:
    """Files that need no comparison, and exports that make one impossible."""

    def read(self, sides, *names):
        paths = [sides.head / name for name in names]
        for path in paths:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("1")
        sides.looked = Looked(Activity(opened=[str(path) for path in paths]), frozenset(map(str, paths)))

    def test_what_we_write(self, sides):
        self.read(sides, "baselines/a.json", "out.json", "out.html", "out.md", "data.json")
        _, head = sides.compare(Options(json="out.json", html="out.html", markdown="out.md"))
        assert {name for name in head.files if name.endswith((".html", ".json", ".md"))} == {"data.json"}

    def test_the_models_files_are_known_by_their_digest(self, sides, monkeypatch):
        self.read(sides, "model/unet.bin", "model/notes.bin")
        sides.models = {**MODELS, "head": Model(sides.head / "model", "digest")}
        (sides.base.trees.base / "model").mkdir()
        for name in ("unet.bin", "notes.bin"):
            (sides.base.trees.base / "model" / name).write_text("2")
        digested = "pytest_sdperf.measure.identity.digested_files"
        monkeypatch.setattr(digested, lambda folder: [folder / "unet.bin"])
        base, head = sides.compare()
        assert set(base.files) == set(head.files) == {"model/notes.bin"}

    @pytest.mark.parametrize("is_shared", [True, False])
    def test_exports_that_were_kept_for_the_head_alone(self, sides, monkeypatch, tmp_path, is_shared):
        kept = tmp_path.resolve() / "kept" / "openvino" / "unet.bin"
        for path in (kept, tmp_path / "kept" / "models" / "x"):
            path.parent.mkdir(parents=True)
            path.touch()
        monkeypatch.setenv("PYTEST_SDPERF_CACHE", str(tmp_path / "kept"))
        sides.looked = Looked(Activity(), frozenset([str(kept), str(tmp_path / "kept" / "models" / "x")]))
        if is_shared:
            sides.base = dataclasses.replace(sides.base, cache_dir=None)
        unknown = sides.compare()[1].unknown
        assert unknown == ([] if is_shared else [f"it reads what an earlier run has kept ({kept})"])


class TestLooking:
    @pytest.mark.skipif(sys.platform != "linux", reason="inotify is Linux's")
    def test_the_heads_files_and_kept_exports_are_watched(self, sides, monkeypatch, tmp_path):
        files = {
            name: tmp_path.resolve() / name
            for name in (
                "head/data/a.json", "head/baselines/a.json", "head/env/a.json", "head/own/a.json", "base/a.json",
                "kept/openvino/a.bin", "kept/models/a.bin",
            )
        }  # fmt: skip
        for path in (*files.values(), tmp_path / "head/env/pyvenv.cfg"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        monkeypatch.setenv("PYTEST_SDPERF_CACHE", str(tmp_path / "kept"))
        trees = dataclasses.replace(sides.base.trees, own=(sides.head / "own",))
        with looking(trees, sides.engine, Options()) as watch:
            subprocess.run(["cat", *files.values()], check=True)
            seen = watch.end(Activity())
        assert seen.trouble == ""
        assert seen.files == {str(files[name]) for name in ("head/data/a.json", "kept/openvino/a.bin")}
