"""Setting up a comparison, with a engine and pairs that are only told: nothing is started."""

import contextlib
import dataclasses
import types
from pathlib import Path

import msgspec
import pytest

from pytest_sdperf.base.base_model import ModelMissingError
from pytest_sdperf.base.checkout.revision import Head, Revision
from pytest_sdperf.base.declaration import Declaration
from pytest_sdperf.base.interpreter import Interpreter
from pytest_sdperf.base.set_up import BaseSide, Invocation
from pytest_sdperf.base.target import Target
from pytest_sdperf.base.trees import Trees
from pytest_sdperf.comparison import BASE, HEAD, Pair
from pytest_sdperf.errors import ComparisonError, OptionError, WorkerError
from pytest_sdperf.measure import comparer
from pytest_sdperf.measure.base_models import NamedModel
from pytest_sdperf.measure.comparer import Comparer
from pytest_sdperf.measure.rig import Model, Rig
from pytest_sdperf.measure.stopping import Paired
from pytest_sdperf.measurement import Disturbance, Environment, Evidence, ImageTiming, Measurement, ProcessRun
from pytest_sdperf.model_difference import ModelDifference
from pytest_sdperf.observations import BasePictures, Measured
from pytest_sdperf.options import Options, Thresholds
from pytest_sdperf.protocol import Built
from pytest_sdperf.variant import Case, Variant
from pytest_sdperf.workload import Workload

SHIP = Variant("ship", "harbour:build", prepare="harbour:prepare", reference=None)
CASE = Case(SHIP, Workload(prompts=("a ship",), sizes=((8, 8),)), "model")
OPTIONS = Options(model="model", budget=60.0, rounds=7, identical="measure", thresholds=Thresholds(max_pairs=9))
RUN = ProcessRun({"8x8": [ImageTiming(10)]}, {}, {}, peak_rss_bytes=100, threads=2, cpus=[0, 1])
MEASUREMENT = Measurement(
    CASE.id, "ship", "model", "digest", "", msgspec.to_builtins(CASE.workload), [RUN], Evidence(), Environment("here")
)


HEADS = NamedModel("models/ours", Model(Path("/head/models/ours"), "digest of the head's"))
BASES = NamedModel("models/theirs", Model(Path("/base/models/theirs"), "digest of the base's"))


@dataclasses.dataclass
class Models:
    """The models of a base: what a test says, or the head's."""

    engine: object
    base: object
    command_line: object
    notes: list = dataclasses.field(default_factory=list)
    seen: dict = dataclasses.field(default_factory=dict)

    def of(self, variant, options, asked):
        answer = self.seen.get("model", HEADS)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def difference(self, base, head):
        if base is head or base == head or base.model is head.model:
            return None
        return ModelDifference(base.name, head.name, base.model.digest, head.model.digest, **self.seen.get("sizes", {}))


@dataclasses.dataclass
class Engine:
    rootdir: Path
    work_dir: Path
    launcher: str = "the head's launcher"
    open: contextlib.ExitStack = dataclasses.field(default_factory=contextlib.ExitStack)
    told: list = dataclasses.field(default_factory=list)

    def note(self, line):
        self.told.append(line)

    def show(self, step):
        self.told.append(step.line)

    def resolved(self, variant):
        return dataclasses.replace(variant, params={**variant.params, "resolved": True})

    def model_of(self, variant, options):
        return HEADS.model

    def rig(self, options, *, trees):
        return Rig(self.launcher, self.work_dir / "case-1", Path("/cache"), options.timeout, self.note, trees)

    def host_environment(self):
        return Environment("here", cpu_model="Zen", kernel="6.1")


@pytest.fixture
def seen(monkeypatch):
    """What was set up: base arms, prepared cases, and the pairs' sampler; ``built`` is what the workers would say."""
    built = Built({}, "", "CPython 3.13.0", {"torch": "2.9"}, {})
    seen = {
        "arms": [], "prepared": [], "samplers": [], "limits": [], "memory": 10_000,
        "built": {HEAD: built, BASE: msgspec.structs.replace(built, packages={"torch": "2.8"})},
        "installed": {},
        "modules": {arm: {"harbour": "/head/harbour.py"} for arm in (BASE, HEAD)},
        "pair": Pair(msgspec.structs.replace(RUN, threads=1), RUN, Disturbance(1.0), HEAD),
    }  # fmt: skip

    def set_up_base(target, launcher, invocation, *, rootdir, work_dir, stack, show):
        seen["arms"].append(work_dir)
        if isinstance(seen["arm"], ComparisonError):
            raise seen["arm"]
        return seen["arm"]

    def measure_pairs(sample, head, limits, *, wrong_code, progress):
        seen["samplers"].append(sample.__self__)
        seen["limits"].append(limits)
        return Paired(
            [seen["pair"]],
            seen["built"],
            seen["modules"],
            Evidence(allocator="jemalloc"),
            {"8x8/0": Path("/base.npy")},
            installed=seen["installed"],
            invalid=wrong_code(types.SimpleNamespace(modules=seen["modules"], activity=None)),
        )

    monkeypatch.setattr(comparer, "set_up_base", set_up_base)
    monkeypatch.setattr(comparer, "measure_pairs", measure_pairs)
    monkeypatch.setattr(comparer, "prepare_case", lambda case, model, rig: seen["prepared"].append((case, model, rig)))
    monkeypatch.setattr(comparer, "available_memory_bytes", lambda: seen["memory"])
    monkeypatch.setattr(comparer, "BaseModels", lambda *args: Models(*args, seen=seen))
    return seen


@pytest.fixture
def engine(tmp_path):
    (tmp_path / "head" / "model").mkdir(parents=True)
    return Engine(tmp_path / "head", tmp_path / "work")


@pytest.fixture
def revision(engine, seen, tmp_path):
    """A comparer whose base arm is a revision in a tree of its own; declares ship with other parameters."""
    head = Head("a" * 40, engine.rootdir, dirty=False, asked_by="--sdperf-against")
    target = Target(head, Revision("main", "b" * 40, engine.rootdir, "--sdperf-against"), None, control=False)
    (tmp_path / "base" / "model").mkdir(parents=True)
    trees = Trees(engine.rootdir, tmp_path / "base")
    declared = Declaration((dataclasses.replace(SHIP, params={"sails": 3}),), {})
    seen["arm"] = BaseSide(target, "the base's launcher", tmp_path / "exports", trees, declared)
    files = {HEAD: engine.rootdir / "harbour.py", BASE: tmp_path / "base" / "harbour.py"}
    seen["modules"] = {arm: {"harbour": str(file)} for arm, file in files.items()}
    return Comparer(engine, target, Invocation(Path.cwd()))


@pytest.fixture
def itself(engine, seen):
    target = Target(None, None, None, control=False)
    seen["arm"] = BaseSide(target, engine.launcher, None, None, None)
    return Comparer(engine, target, Invocation(Path.cwd()))


def test_each_arm_has_its_own_case_launcher_and_folders(revision, engine, seen, tmp_path):
    revision.compare(Measured(CASE, MEASUREMENT), OPTIONS)
    [sampler] = seen["samplers"]
    head, base = sampler.sides[HEAD], sampler.sides[BASE]
    assert head.case is CASE
    assert base.case == dataclasses.replace(
        CASE, variant=dataclasses.replace(SHIP, params={"sails": 3, "resolved": True})
    )
    assert (head.rig.start, base.rig.start) == ("the head's launcher", "the base's launcher")
    assert (head.rig.cache_dir, base.rig.cache_dir) == (Path("/cache"), tmp_path / "exports")
    assert (head.rig.work_dir, base.rig.work_dir) == (tmp_path / "work/case-1", tmp_path / "work/case-1/base")
    assert head.rig.trees == base.rig.trees == revision.trees
    assert sampler.watch is comparer.NoiseWatch
    assert seen["prepared"] == [(base.case, base.model, base.rig)], "what the base exports is its own"
    [limits] = seen["limits"]
    assert (limits.thresholds, limits.budget_s, limits.rounds) == (OPTIONS.thresholds, 60.0, 7)


def test_workers_tell_what_comes_from_either_tree(revision, engine, tmp_path):
    assert revision.trees == (str(engine.rootdir), str(tmp_path / "base"))


def test_the_same_tree_has_nothing_to_prove(itself):
    assert itself.trees == ()


def test_a_base_with_another_model(revision, engine, seen, monkeypatch):
    """Both draw with their own, and what differs is compared; their pictures are not."""
    own = BasePictures("main")
    monkeypatch.setattr(comparer, "base_pictures", lambda *args: own)
    monkeypatch.setattr(
        "pytest_sdperf.measure.code_fault.wrong_code", lambda *args, **keywords: seen.update(code=keywords)
    )
    seen["model"] = BASES
    compared = revision.compare(Measured(CASE, MEASUREMENT), OPTIONS)
    [sampler] = seen["samplers"]
    assert (sampler.sides[BASE].model, sampler.sides[HEAD].model) == (BASES.model, HEADS.model)
    comparison = compared.comparison
    assert comparison.models == ModelDifference(
        "models/theirs", CASE.model, "digest of the base's", "digest of the head's"
    )
    assert (comparison.base.model, comparison.base.model_digest) == ("models/theirs", "digest of the base's")
    assert (comparison.head.model, comparison.head.model_digest) == (CASE.model, "digest of the head's")
    assert (compared.base_pictures, compared.own_pictures) == ({}, own)
    assert seen["code"]["other_model"] is True
    assert comparison.measurement_of_base(MEASUREMENT).model_digest == "digest of the base's"
    assert revision.has_other_model(Measured(CASE, MEASUREMENT), OPTIONS)


def test_a_base_with_the_same_model(revision, seen, monkeypatch):
    monkeypatch.setattr(
        "pytest_sdperf.measure.code_fault.wrong_code", lambda *args, **keywords: seen.update(code=keywords)
    )
    compared = revision.compare(Measured(CASE, MEASUREMENT), OPTIONS)
    assert (compared.comparison.models, compared.own_pictures) == (None, None)
    assert seen["code"]["other_model"] is False
    assert compared.comparison.measurement_of_base(MEASUREMENT).model_digest == MEASUREMENT.model_digest
    assert not revision.has_other_model(Measured(CASE, MEASUREMENT), OPTIONS)
    revision._models.notes.append("a model is not in git")
    assert revision.notes == ("a model is not in git",)


def test_a_model_that_the_base_lacks_or_cannot_use(revision, seen):
    seen["model"] = ModelMissingError("main has no model models/new", cure="Name another.")
    comparison = revision.compare(Measured(CASE, MEASUREMENT), OPTIONS).comparison
    assert (comparison.missing, comparison.invalid) == ("main has no model models/new", "")
    seen["model"] = ComparisonError("the model of main cannot be used", cure="Fix it.")
    comparison = revision.compare(Measured(CASE, MEASUREMENT), OPTIONS).comparison
    assert (comparison.missing, comparison.invalid) == ("", "the model of main cannot be used. Fix it.")
    assert revision.has_other_model(Measured(CASE, MEASUREMENT), OPTIONS), "what is not known is not screened away"
    seen["model"] = OptionError("5 is not a name or path", cure="Write a text.")
    comparison = revision.compare(Measured(CASE, MEASUREMENT), OPTIONS).comparison
    assert comparison.invalid == "the base cannot run: 5 is not a name or path. Write a text."
    assert seen["samplers"] == []


def test_the_same_tree_shares_the_exports_and_prepares_nothing(itself, engine, seen):
    compared = itself.compare(Measured(CASE, MEASUREMENT), OPTIONS)
    [sampler] = seen["samplers"]
    assert sampler.sides[BASE].case is CASE
    assert sampler.sides[BASE].rig.start == "the head's launcher"
    assert seen["prepared"] == []
    assert compared.comparison.invalid == ""
    assert engine.told == ["ship: working tree side by side with the same tree"]


def test_what_was_found_is_told_of_each_arm(revision, engine, seen):
    compared = revision.compare(Measured(CASE, MEASUREMENT), OPTIONS._replace(model="bundled"))
    comparison = compared.comparison
    assert (comparison.base.label, comparison.head.label) == ("main (bbbbbbbbbb)", "working tree at aaaaaaaaaa")
    base = Environment("here", "Zen", "6.1", "CPython 3.13.0", {"torch": "2.8"}, threads=1, cpus=[0, 1])
    assert comparison.base.environment == base
    assert comparison.head.environment == msgspec.structs.replace(base, packages={"torch": "2.9"}, threads=2)
    assert (comparison.base.evidence.allocator, comparison.head.evidence.allocator) == ("jemalloc", "")
    assert (comparison.base.modules, comparison.head.modules) == (seen["modules"][BASE], seen["modules"][HEAD])
    assert comparison.pairs == [seen["pair"]]
    assert comparison.side_by_side
    assert comparison.spent_s > 0
    assert compared.base_pictures == {"8x8/0": Path("/base.npy")}
    assert compared.control is None


def test_pictures_of_another_scheduler_are_no_truth(revision, engine, seen):
    declared = Declaration((dataclasses.replace(SHIP, scheduler="Euler"),), {})
    seen["arm"] = dataclasses.replace(seen["arm"], declaration=declared)
    compared = revision.compare(Measured(CASE, MEASUREMENT), OPTIONS)
    assert compared.comparison.invalid == ""
    assert compared.base_pictures == {}


def test_arms_that_ran_the_wrong_code_are_no_comparison(revision, engine, seen):
    seen["modules"][BASE] = seen["modules"][HEAD]
    compared = revision.compare(Measured(CASE, MEASUREMENT), OPTIONS)
    assert compared.comparison.invalid.startswith(
        "the factory's module harbour of the base comes from the working tree"
    )
    assert compared.base_pictures == {}, "they are the head's own"


def test_memory_for_one_arm_only(itself, engine, seen):
    seen["memory"] = 239
    compared = itself.compare(Measured(CASE, MEASUREMENT), OPTIONS)
    assert engine.told[1:] == ["ship: base and head would need 240 B, and 239 B are left: one runs after the other"]
    assert not seen["samplers"][0].at_once
    assert not compared.comparison.side_by_side
    seen["memory"] = 240
    assert itself.compare(Measured(CASE, MEASUREMENT), OPTIONS).comparison.side_by_side
    assert len(engine.told) == 3


def test_a_larger_model_needs_more_memory(revision, engine, seen, monkeypatch):
    monkeypatch.setattr(comparer, "base_pictures", lambda *args: None)
    seen |= {"model": BASES, "sizes": {"base_bytes": 1000, "head_bytes": 500}, "memory": 1559}
    assert not revision.compare(Measured(CASE, MEASUREMENT), OPTIONS).comparison.side_by_side
    assert engine.told[-1].startswith("ship: base and head would need 2 KiB")
    seen["memory"] = 1560
    assert revision.compare(Measured(CASE, MEASUREMENT), OPTIONS).comparison.side_by_side
    seen |= {"sizes": {"base_bytes": 500, "head_bytes": 1000}, "memory": 240}
    assert revision.compare(Measured(CASE, MEASUREMENT), OPTIONS).comparison.side_by_side, "the head's peak is known"


def test_what_the_base_does_not_declare_is_missing(revision, engine, seen):
    raft = dataclasses.replace(CASE, variant=dataclasses.replace(SHIP, name="raft"))
    comparison = revision.compare(Measured(raft, MEASUREMENT), OPTIONS).comparison
    assert comparison.missing == "main (bbbbbbbbbb) declares no variant 'raft'"
    assert (comparison.pairs, comparison.invalid, comparison.base.label) == ([], "", "main (bbbbbbbbbb)")
    assert seen["samplers"] == []


def test_a_base_that_cannot_be_made_is_tried_once_and_told_of_each_case(revision, engine, seen):
    seen["arm"] = ComparisonError("no room", where="here", cure="Make some.")
    for _ in range(2):
        compared = revision.compare(Measured(CASE, MEASUREMENT), OPTIONS)
        assert compared.comparison.invalid == "no room [here]. Make some."
        assert (compared.comparison.pairs, compared.control, compared.base_pictures) == ([], None, {})
    assert seen["arms"] == [engine.work_dir / "base"]
    assert revision.trees == ()


def test_what_the_base_raises_is_told_and_what_the_head_raises_is_raised(revision, engine, monkeypatch):
    def measure_pairs(*args, **keywords):
        raise error

    monkeypatch.setattr(comparer, "measure_pairs", measure_pairs)
    error = ComparisonError("the base cannot run: the mast broke", cure="Fix it.")
    assert revision.compare(Measured(CASE, MEASUREMENT), OPTIONS).comparison.invalid == str(error)
    error = WorkerError("the mast broke", cure="Fix it.")
    with pytest.raises(WorkerError, match="the mast broke"):
        revision.compare(Measured(CASE, MEASUREMENT), OPTIONS)


def test_a_base_that_cannot_be_prepared_is_told(revision, engine, monkeypatch):
    def prepare_case(case, model, rig):
        raise WorkerError("no such file", cure="Fix it.")

    monkeypatch.setattr(comparer, "prepare_case", prepare_case)
    comparison = revision.compare(Measured(CASE, MEASUREMENT), OPTIONS).comparison
    assert comparison.invalid == "the base cannot run: no such file. Fix it."


def test_a_control_is_the_head_compared_itself(revision, engine, seen):
    revision = Comparer(engine, dataclasses.replace(revision.target, control=True), Invocation(Path.cwd()))
    compared = revision.compare(Measured(CASE, MEASUREMENT), OPTIONS)
    control = seen["samplers"][1]
    assert control.sides[BASE].case is CASE
    assert control.sides[BASE].rig.start == "the head's launcher"
    assert (compared.control.base.label, compared.control.head.label) == ("the same tree", "working tree at aaaaaaaaaa")
    assert compared.comparison.base.label == "main (bbbbbbbbbb)"
    assert engine.told == [
        "ship: working tree at aaaaaaaaaa side by side with main (bbbbbbbbbb)",
        "ship: working tree at aaaaaaaaaa side by side with the same tree",
    ]


def test_no_control_where_no_pair_counts(revision, engine, seen):
    revision = Comparer(engine, dataclasses.replace(revision.target, control=True), Invocation(Path.cwd()))
    seen["pair"] = msgspec.structs.replace(seen["pair"], dropped="a storm")
    assert revision.compare(Measured(CASE, MEASUREMENT), OPTIONS).control is None
    assert len(seen["samplers"]) == 1


def test_no_control_where_the_arms_ran_the_wrong_code(revision, engine, seen):
    revision = Comparer(engine, dataclasses.replace(revision.target, control=True), Invocation(Path.cwd()))
    seen["modules"][BASE] = seen["modules"][HEAD]
    compared = revision.compare(Measured(CASE, MEASUREMENT), OPTIONS)
    assert compared.comparison.invalid
    assert compared.control is None


def test_libraries_of_the_bases_own_are_listed_and_checked(revision, seen):
    """What was loaded joins the environments of both sides; what was not is in the session's note only."""

    def has(**versions):
        return {name: {"version": version, "loaded": name != "quill"} for name, version in versions.items()}

    base = seen["arm"]
    seen["arm"] = dataclasses.replace(
        base,
        interpreter=Interpreter(Path("/own/bin/python"), "3.13.0", Path("/own"), ()),
        notes=("ran with libraries of its own",),
        built_versions={"inkwell": "1.0", "quill": "1.0"},
    )
    seen["installed"] = {BASE: has(inkwell="1.0", quill="1.0"), HEAD: has(inkwell="2.0", quill="1.1")}
    assert revision.notes == ()
    compared = revision.compare(Measured(CASE, MEASUREMENT), OPTIONS).comparison
    assert seen["samplers"][0].own_libraries
    assert compared.base.environment.packages == {"torch": "2.8", "inkwell": "1.0"}
    assert compared.head.environment.packages == {"torch": "2.9", "inkwell": "2.0"}
    assert compared.invalid == ""
    assert revision.notes == (
        "ran with libraries of its own",
        f"libraries of {base.target.label} -> of the head: inkwell 1.0 -> 2.0; not loaded: quill 1.0 -> 1.1",
        f"{CASE.id} with these libraries at 8x8: 0.01 us -> 0.01 us (+0.0 %); no stage moved by 1 % of that; no kernel changed",
    )
    seen["installed"][BASE] = has(inkwell="2.0", quill="1.0")
    assert revision.compare(Measured(CASE, MEASUREMENT), OPTIONS).comparison.invalid.startswith(
        "the base did not run with the libraries that were built for it: inkwell 2.0 in place of 1.0 "
        "[--sdperf-base-env=build]. Take folders with other packages off PYTHONPATH"
    )
