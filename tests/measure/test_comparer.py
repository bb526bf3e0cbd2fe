"""Setting up a comparison, with a session and pairs that are only told: nothing is started."""

import contextlib
import dataclasses
from pathlib import Path

import msgspec
import pytest

from pytest_sdperf.base.checkout.revision import Head, Revision
from pytest_sdperf.base.declaration import Declaration
from pytest_sdperf.base.set_up import BaseSide
from pytest_sdperf.base.target import Target
from pytest_sdperf.base.trees import Trees
from pytest_sdperf.case import Case
from pytest_sdperf.comparison import BASE, HEAD, Pair
from pytest_sdperf.errors import ComparisonError, WorkerError
from pytest_sdperf.measure import comparer
from pytest_sdperf.measure.comparer import Comparer, side_by_side
from pytest_sdperf.measure.pairing import Paired
from pytest_sdperf.measure.sampling import Model, Rig
from pytest_sdperf.measurement import Disturbance, Environment, Evidence, ImageTiming, Measurement, ProcessRun
from pytest_sdperf.options import Options, Thresholds
from pytest_sdperf.protocol import Built
from pytest_sdperf.stats.run_spread import NOTHING_REPEATED
from pytest_sdperf.variant import Variant
from pytest_sdperf.workload import Workload

SHIP = Variant("ship", "harbour:build", prepare="harbour:prepare", reference=None)
CASE = Case(SHIP, Workload(prompts=("a ship",), sizes=((8, 8),)), "model")
OPTIONS = Options(model="model", budget=60.0, rounds=7, thresholds=Thresholds(max_pairs=9))
RUN = ProcessRun({"8x8": [ImageTiming(10)]}, {}, {}, peak_rss_bytes=100, threads=2, cpus=[0, 1])
MEASUREMENT = Measurement(
    CASE.id, "ship", "model", "digest", "", msgspec.to_builtins(CASE.workload), [RUN], Evidence(), Environment("here")
)


@dataclasses.dataclass
class Session:
    rootdir: Path
    work_dir: Path
    launcher: str = "the head's launcher"
    invocation: object = None
    open: contextlib.ExitStack = dataclasses.field(default_factory=contextlib.ExitStack)
    told: list = dataclasses.field(default_factory=list)

    def tell(self, line):
        self.told.append(line)

    def show(self, step):
        self.told.append(step.line)

    def resolved(self, variant):
        return dataclasses.replace(variant, params={**variant.params, "resolved": True})

    def model_of(self, variant, options):
        return Model(self.rootdir / "model", "digest of the head's")

    def rig(self, options):
        return Rig(self.launcher, self.work_dir / "case-1", Path("/cache"), options.timeout, self.tell, ("/trees",))

    def host_environment(self):
        return Environment("here", cpu_model="Zen", kernel="6.1")


@dataclasses.dataclass
class Measured:
    session: Session
    case: Case = CASE
    measurement: Measurement = MEASUREMENT


@pytest.fixture
def seen(monkeypatch):
    """What was set up: base arms, prepared cases, and the pairs' sampler; ``built`` is what the workers would say."""
    built = Built({}, "", "CPython 3.13.0", {"torch": "2.9"}, {})
    seen = {
        "arms": [], "prepared": [], "samplers": [], "limits": [], "memory": 10_000,
        "built": {HEAD: built, BASE: msgspec.structs.replace(built, packages={"torch": "2.8"})},
        "modules": {arm: {"harbour": "/head/harbour.py"} for arm in (BASE, HEAD)},
        "pair": Pair(msgspec.structs.replace(RUN, threads=1), RUN, Disturbance(1.0), HEAD),
    }  # fmt: skip

    def set_up_base(target, launcher, invocation, *, rootdir, work_dir, stack):
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
            invalid=wrong_code(seen["modules"]),
        )

    monkeypatch.setattr(comparer, "set_up_base", set_up_base)
    monkeypatch.setattr(comparer, "measure_pairs", measure_pairs)
    monkeypatch.setattr(comparer, "prepare_case", lambda case, model, rig: seen["prepared"].append((case, model, rig)))
    monkeypatch.setattr(comparer, "available_memory_bytes", lambda: seen["memory"])
    monkeypatch.setattr(comparer, "model_digest", lambda folder, cache_dir: f"digest of {folder}")
    monkeypatch.setattr(comparer, "check_folder", lambda folder: seen.setdefault("checked", []).append(folder))
    return seen


@pytest.fixture
def session(tmp_path):
    (tmp_path / "head" / "model").mkdir(parents=True)
    return Session(tmp_path / "head", tmp_path / "work")


@pytest.fixture
def revision(session, seen, tmp_path):
    """A comparer whose base arm is a revision in a tree of its own; declares ship with other parameters."""
    head = Head("a" * 40, session.rootdir, dirty=False, asked_by="--sdperf-against")
    target = Target(head, Revision("main", "b" * 40, session.rootdir, "--sdperf-against"), None, control=False)
    (tmp_path / "base" / "model").mkdir(parents=True)
    trees = Trees(session.rootdir, tmp_path / "base")
    declared = Declaration((dataclasses.replace(SHIP, params={"sails": 3}),), {})
    seen["arm"] = BaseSide(target, "the base's launcher", tmp_path / "exports", trees, declared)
    files = {HEAD: session.rootdir / "harbour.py", BASE: tmp_path / "base" / "harbour.py"}
    seen["modules"] = {arm: {"harbour": str(file)} for arm, file in files.items()}
    return Comparer(session, target)


@pytest.fixture
def itself(session, seen):
    target = Target(None, None, None, control=False)
    seen["arm"] = BaseSide(target, session.launcher, None, None, None)
    return Comparer(session, target)


def test_each_arm_has_its_own_case_launcher_and_folders(revision, session, seen, tmp_path):
    revision.compare(Measured(session), OPTIONS)
    [sampler] = seen["samplers"]
    head, base = sampler.arms[HEAD], sampler.arms[BASE]
    assert head.case is CASE
    assert base.case == dataclasses.replace(
        CASE, variant=dataclasses.replace(SHIP, params={"sails": 3, "resolved": True})
    )
    assert (head.rig.start, base.rig.start) == ("the head's launcher", "the base's launcher")
    assert (head.rig.cache_dir, base.rig.cache_dir) == (Path("/cache"), tmp_path / "exports")
    assert (head.rig.work_dir, base.rig.work_dir) == (tmp_path / "work/case-1", tmp_path / "work/case-1/base")
    assert head.rig.trees == base.rig.trees == ("/trees",)
    assert sampler.watch is comparer.NoiseWatch
    assert seen["prepared"] == [(base.case, base.model, base.rig)], "what the base exports is its own"
    [limits] = seen["limits"]
    assert (limits.thresholds, limits.budget_s, limits.rounds) == (OPTIONS.thresholds, 60.0, 7)


def test_workers_tell_what_comes_from_either_tree(revision, session, tmp_path):
    assert revision.trees == (str(session.rootdir), str(tmp_path / "base"))


def test_the_same_tree_has_nothing_to_prove(itself):
    assert itself.trees == ()


def test_the_base_draws_with_the_model_of_its_own_tree(revision, session, seen, tmp_path):
    revision.compare(Measured(session), OPTIONS)
    revision.compare(Measured(session), OPTIONS)
    own = tmp_path / "base" / "model"
    assert [s.arms[BASE].model for s in seen["samplers"]] == [Model(own, f"digest of {own}")] * 2
    assert [s.arms[HEAD].model.digest for s in seen["samplers"]] == ["digest of the head's"] * 2
    assert seen["checked"] == [own], "once a session"


@pytest.mark.parametrize("model", ["bundled", "synthetic:tiny"])
def test_a_model_that_is_not_of_the_tree_serves_both(revision, session, seen, model):
    revision.compare(Measured(session), OPTIONS._replace(model=model))
    [sampler] = seen["samplers"]
    assert sampler.arms[BASE].model == sampler.arms[HEAD].model


def test_a_model_that_the_revision_lacks_serves_both(revision, session, seen, tmp_path):
    (tmp_path / "base" / "model").rmdir()
    revision.compare(Measured(session), OPTIONS)
    [sampler] = seen["samplers"]
    assert sampler.arms[BASE].model == sampler.arms[HEAD].model


def test_the_same_tree_shares_the_exports_and_prepares_nothing(itself, session, seen):
    beside = itself.compare(Measured(session), OPTIONS)
    [sampler] = seen["samplers"]
    assert sampler.arms[BASE].case is CASE
    assert sampler.arms[BASE].rig.start == "the head's launcher"
    assert seen["prepared"] == []
    assert beside.comparison.invalid == ""
    assert session.told == ["ship: working tree side by side with the same tree"]


def test_what_was_found_is_told_of_each_arm(revision, session, seen):
    beside = revision.compare(Measured(session), OPTIONS._replace(model="bundled"))
    comparison = beside.comparison
    assert (comparison.base.label, comparison.head.label) == ("main (bbbbbbbbbb)", "working tree at aaaaaaaaaa")
    base = Environment("here", "Zen", "6.1", "CPython 3.13.0", {"torch": "2.8"}, threads=1, cpus=[0, 1])
    assert comparison.base.environment == base
    assert comparison.head.environment == msgspec.structs.replace(base, packages={"torch": "2.9"}, threads=2)
    assert (comparison.base.evidence.allocator, comparison.head.evidence.allocator) == ("jemalloc", "")
    assert (comparison.base.modules, comparison.head.modules) == (seen["modules"][BASE], seen["modules"][HEAD])
    assert comparison.pairs == [seen["pair"]]
    assert comparison.side_by_side
    assert comparison.spent_s > 0
    assert beside.base_pictures == {"8x8/0": Path("/base.npy")}
    assert beside.control is None


@pytest.mark.parametrize(("model", "scheduler"), [("model", "default"), ("bundled", "Euler")])
def test_pictures_of_other_weights_or_another_scheduler_are_no_truth(revision, session, seen, model, scheduler):
    declared = Declaration((dataclasses.replace(SHIP, scheduler=scheduler),), {})
    seen["arm"] = dataclasses.replace(seen["arm"], declaration=declared)
    beside = revision.compare(Measured(session), OPTIONS._replace(model=model))
    assert beside.comparison.invalid == ""
    assert beside.base_pictures == {}


def test_arms_that_ran_the_wrong_code_are_no_comparison(revision, session, seen):
    seen["modules"][BASE] = seen["modules"][HEAD]
    beside = revision.compare(Measured(session), OPTIONS)
    assert beside.comparison.invalid.startswith("the factory's module harbour of the base comes from the working tree")
    assert beside.base_pictures == {}, "they are the head's own"


def test_memory_for_one_arm_only(itself, session, seen):
    seen["memory"] = 239
    beside = itself.compare(Measured(session), OPTIONS)
    assert session.told[1:] == ["ship: both arms would need 240 B, and 239 B are left: one runs after the other"]
    assert not seen["samplers"][0].at_once
    assert not beside.comparison.side_by_side
    seen["memory"] = 240
    assert itself.compare(Measured(session), OPTIONS).comparison.side_by_side
    assert len(session.told) == 3


def test_what_the_base_does_not_declare_is_missing(revision, session, seen):
    raft = dataclasses.replace(CASE, variant=dataclasses.replace(SHIP, name="raft"))
    comparison = revision.compare(Measured(session, raft), OPTIONS).comparison
    assert comparison.missing == "main (bbbbbbbbbb) declares no variant 'raft'"
    assert (comparison.pairs, comparison.invalid, comparison.base.label) == ([], "", "main (bbbbbbbbbb)")
    assert seen["samplers"] == []


def test_a_base_that_cannot_be_made_is_tried_once_and_told_of_each_case(revision, session, seen):
    seen["arm"] = ComparisonError("no room", where="here", cure="Make some.")
    for _ in range(2):
        beside = revision.compare(Measured(session), OPTIONS)
        assert beside.comparison.invalid == "no room [here]. Make some."
        assert (beside.comparison.pairs, beside.control, beside.base_pictures) == ([], None, {})
    assert seen["arms"] == [session.work_dir / "arms"]
    assert revision.trees == ()


def test_what_the_base_raises_is_told_and_what_the_head_raises_is_raised(revision, session, monkeypatch):
    def measure_pairs(*args, **keywords):
        raise error

    monkeypatch.setattr(comparer, "measure_pairs", measure_pairs)
    error = ComparisonError("the base arm cannot run: the mast broke", cure="Mend it.")
    assert revision.compare(Measured(session), OPTIONS).comparison.invalid == str(error)
    error = WorkerError("the mast broke", cure="Mend it.")
    with pytest.raises(WorkerError, match="the mast broke"):
        revision.compare(Measured(session), OPTIONS)


def test_a_base_that_cannot_be_prepared_is_told(revision, session, monkeypatch):
    def prepare_case(case, model, rig):
        raise WorkerError("no such file", cure="Mend it.")

    monkeypatch.setattr(comparer, "prepare_case", prepare_case)
    comparison = revision.compare(Measured(session), OPTIONS).comparison
    assert comparison.invalid == "the base arm cannot run: no such file. Mend it."


def test_a_control_is_the_head_beside_itself(revision, session, seen):
    revision = Comparer(session, dataclasses.replace(revision.target, control=True))
    beside = revision.compare(Measured(session), OPTIONS)
    control = seen["samplers"][1]
    assert control.arms[BASE].case is CASE
    assert control.arms[BASE].rig.start == "the head's launcher"
    assert (beside.control.base.label, beside.control.head.label) == ("the same tree", "working tree at aaaaaaaaaa")
    assert beside.comparison.base.label == "main (bbbbbbbbbb)"
    assert session.told == [
        "ship: working tree at aaaaaaaaaa side by side with main (bbbbbbbbbb)",
        "ship: working tree at aaaaaaaaaa side by side with the same tree",
    ]


def test_no_control_where_no_pair_counts(revision, session, seen):
    revision = Comparer(session, dataclasses.replace(revision.target, control=True))
    seen["pair"] = msgspec.structs.replace(seen["pair"], dropped="a storm")
    assert revision.compare(Measured(session), OPTIONS).control is None
    assert len(seen["samplers"]) == 1


def test_no_control_where_the_arms_ran_the_wrong_code(revision, session, seen):
    revision = Comparer(session, dataclasses.replace(revision.target, control=True))
    seen["modules"][BASE] = seen["modules"][HEAD]
    beside = revision.compare(Measured(session), OPTIONS)
    assert beside.comparison.invalid
    assert beside.control is None


@pytest.fixture
def asked(itself, session):
    """Whether a case with these options and stored jobs is measured side by side."""

    def asked(options=OPTIONS, jobs=(), comparer=itself):
        session.comparer = comparer
        return side_by_side(Measured(session), options, jobs, NOTHING_REPEATED).comparison is not None

    return asked


def test_side_by_side_where_it_is_asked_for_and_needed(asked, seen, monkeypatch):
    assert asked()
    assert not asked(comparer=None)
    assert not asked(OPTIONS._replace(update="all"))
    assert asked(OPTIONS._replace(update="new"))
    assert not asked(OPTIONS._replace(gate=("picture", "memory")))
    assert asked(jobs=[MEASUREMENT]), "one job cannot show that all is well"
    monkeypatch.setattr(comparer, "passes_screen", lambda *args: True)
    assert not asked(jobs=[MEASUREMENT])
    assert asked(), "nothing is stored that could show it"


def test_stored_jobs_answer_where_the_base_has_no_such_variant(asked, revision, seen):
    seen["arm"] = dataclasses.replace(seen["arm"], declaration=Declaration((), {}))
    assert not asked(jobs=[MEASUREMENT], comparer=revision)
    assert asked(comparer=revision)
