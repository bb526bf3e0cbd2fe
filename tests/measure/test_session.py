"""The session with a fake launcher: nothing is started."""

import contextlib
import dataclasses
from datetime import datetime, timedelta, timezone
from pathlib import Path

import msgspec
import numpy as np
import pytest

import pytest_sdperf
from pytest_sdperf.baseline import Baseline, RecordedRun
from pytest_sdperf.comparison import Comparison, Pair, Side
from pytest_sdperf.errors import CaseError
from pytest_sdperf.measure import alone
from pytest_sdperf.measure import session as module
from pytest_sdperf.measure.comparer import Compared
from pytest_sdperf.measure.sampling import Drawing, Sampled
from pytest_sdperf.measurement import Disturbance, Evidence, ImageTiming, Measurement, ProcessRun
from pytest_sdperf.options import Options, Thresholds
from pytest_sdperf.picture_chain import Chains
from pytest_sdperf.report.outcome import Outcome

OWN = Options()
OTHER = Options(model="synthetic:sd15")
PICTURE = np.random.RandomState(0).uniform(size=(8, 8, 3)).astype(np.float32)


@pytest.fixture
def calls(calls, monkeypatch, tmp_path):
    """What the session asks of others, in order; each answers with something of the right shape."""

    picture = tmp_path / "picture.npy"
    np.save(picture, PICTURE)

    def kept(case, chains):
        return {} if chains.reference or chains.parity == "off" else {"8x8/0": tmp_path / f"{case.id}.zip"}

    def sample(case, model, rig, *, processes, rounds, host, chains, enough):
        calls.append(("chains", chains.parity, chains.reference, *(path.stem for path in chains.given.values())))
        calls.append(("sample", case.variant.name, case.model, model.digest, processes, rounds, rig.work_dir.name))
        drawing = Drawing({"8x8/0": picture}, host, kept(case, chains))
        followed = Chains(chains.reference, []) if chains.given else None
        return Sampled(measurement_of(case, host, model.digest), drawing, {"8x8/0": [picture]}, followed)

    def draw_reference(case, model, rig, *, host, chains):
        calls.append(("draw", case.variant.name, case.variant.scheduler, case.model))
        return Drawing({"8x8/0": picture}, host, kept(case, chains))

    monkeypatch.setattr(alone, "sample", sample)
    monkeypatch.setattr(alone, "draw_reference", draw_reference)
    monkeypatch.setattr(module, "native_size", lambda path: (8, 16))
    return calls


def measurement_of(case, host, digest="", *, median_ns=10_000_000, seen=None):
    run = ProcessRun(images={"8x8": [ImageTiming(median_ns)]}, warmup_ns={}, startup_ns={}, peak_rss_bytes=1, seen=seen)
    return Measurement(
        case_id=case.id, variant=case.variant.name, model=case.model, model_digest=digest, scheduler="",
        workload=msgspec.to_builtins(case.workload), processes=[run], evidence=Evidence(), environment=host,
    )  # fmt: skip


@pytest.fixture
def session(calls, engine):
    return module.Session(engine)


SMALL = {"height": 8, "width": 8}


def test_a_case_is_of_the_models_own_size_unless_told(session, calls):
    assert session.case("ours", OWN, {}).workload.sizes == ((8, 16),)
    assert session.case("ours", OWN, SMALL).workload.sizes == ((8, 8),)
    assert session.case("ship", OWN, {}).workload.sizes == ((64, 64),)
    assert [c[0] for c in calls[1:]] == ["prepare"]


def test_a_case_names_the_model_it_needs(session):
    assert session.case("ours", OTHER, SMALL).model == "synthetic:sd15"
    assert session.case("ship", OTHER, SMALL).model == "own"


def test_a_case_is_resolved_for_this_machine(session):
    assert session.case("ours", OWN, SMALL).variant.params["precision"] in ("f32", "bf16", "f16")


def test_an_unknown_variant(session):
    with pytest.raises(CaseError, match="unknown variant 'shop'"):
        session.case("shop", OWN, {})


def test_measuring_says_so_and_keeps_every_case_apart(session, calls):
    first = session.measure(session.case("ship", OWN, SMALL), Options(processes=2, rounds=4))
    session.measure(session.case("ours", OWN, SMALL), OWN)
    samples = [c for c in calls if c[0] == "sample"]
    assert samples[0] == ("sample", "ship", "own", "", 2, 4, "case-1")
    assert samples[1] == ("sample", "ours", "bundled", "digest-of-bundled", 3, 5, "case-3")
    assert session.engine.noted[0] == "ship: measuring ship-own-8x8-20steps, 2 processes x 4 pictures"
    assert first.pictures["8x8/0"].shape == (8, 8, 3)
    assert [p.shape for p in first.other_pictures["8x8/0"]] == [(8, 8, 3)]
    assert first.measurement.environment.machine_key == session.engine.machine_key


def test_a_sibling_is_measured_once_with_the_model_it_needs(session, calls):
    like = session.case("client", OTHER, SMALL)
    sibling = session.alone.sibling("ours", like, OTHER)
    assert sibling.model == "synthetic:sd15"
    assert session.alone.sibling("ours", like, OTHER) is sibling
    assert [c[1] for c in calls if c[0] == "sample"] == ["ours"]


def test_a_reference_is_of_the_cases_scheduler(session, calls):
    case = session.case("client", OWN, SMALL)
    assert session.alone.seen_reference(case, OWN) is None
    drawn = session.alone.draw_reference(case, OWN)
    assert calls[-1] == ("draw", "fp32", "Euler", "bundled")
    assert session.alone.seen_reference(case, OWN) is drawn
    assert session.alone.seen_reference(case, OTHER) is None


def test_a_measured_reference_is_seen(session):
    ours = session.case("ours", OWN, SMALL)
    measured = session.measure(session.case("fp32", OWN, SMALL), OWN)
    seen = session.alone.seen_reference(ours, OWN)
    np.testing.assert_array_equal(np.load(seen.pictures["8x8/0"]), measured.pictures["8x8/0"])
    assert seen.environment == measured.measurement.environment


def test_the_reference_is_drawn_before_what_follows_it(session, calls):
    ours = session.case("ours", OWN, SMALL)
    assert session.measure(ours, OWN).chains == Chains("fp32", [])
    drawn = calls.index(("draw", "fp32", "default", "bundled"))
    assert calls[drawn + 1 :][0] == ("chains", "all", "fp32", "fp32-bundled-8x8-20steps")
    session.measure(ours, OWN)
    assert [c for c in calls if c[0] == "draw"] == [calls[drawn]]


def test_a_measured_reference_is_not_drawn_again(session, calls):
    assert session.measure(session.case("fp32", OWN, SMALL), OWN).chains is None
    assert ("chains", "all", "") in calls
    assert session.measure(session.case("ours", OWN, SMALL), OWN).chains == Chains("fp32", [])
    assert not [c for c in calls if c[0] == "draw"]


def test_one_that_kept_no_chains_is_drawn_again(session, calls):
    session.measure(session.case("fp32", OWN, SMALL), OWN._replace(parity="off"))
    session.measure(session.case("ours", OWN, SMALL), OWN._replace(parity="first"))
    assert [c for c in calls if c[0] == "draw"]
    assert ("chains", "first", "fp32", "fp32-bundled-8x8-20steps") in calls


@pytest.mark.parametrize(
    ("name", "changes"), [("ours", {"gate": ("latency",)}), ("ours", {"parity": "off"}), ("calf", {})]
)
def test_nothing_is_followed(session, calls, name, changes):
    """Where the picture is not gated, nobody wants it, or the reference cannot run."""
    assert session.measure(session.case(name, OWN, SMALL), OWN._replace(**changes)).chains is None
    assert not [c for c in calls if c[0] == "draw"]


def test_a_variant_without_reference_has_none_to_see(session):
    with pytest.raises(CaseError, match="variant 'ship' names no reference. Compare it with itself."):
        session.alone.seen_reference(session.case("ship", OWN, SMALL), OWN)


def test_the_baselines_folder_is_relative_to_the_rootdir(session, tmp_path):
    assert session.baselines(OWN) == (tmp_path / "baselines").resolve()
    assert session.baselines(Options(baselines="/elsewhere")) == Path("/elsewhere").resolve()


def test_the_report_has_fp32s_latency_and_names_what_is_left_over(session, tmp_path):
    measured = session.measure(session.case("fp32", OWN, SMALL), OWN)
    here = tmp_path / "baselines" / session.engine.machine_key
    here.mkdir(parents=True)
    (here / "old.json").write_text("{}")
    (here / f"{measured.case.id}.json").write_text("{}")
    (tmp_path / "baselines" / "stray.txt").write_text("")
    report = session.report([Outcome("test", measured.measurement, None)], OWN)
    assert len(report.fp32_latency_s) == 1
    assert report.notes == [
        f"1 stored here but not used by this run, and left as they are: baselines/{session.engine.machine_key}/old.json",
        f"1 in the baselines folder but not of this machine ({session.engine.machine_key}), and left alone: "
        "baselines/stray.txt",
    ]


def test_a_folder_outside_of_the_rootdir_is_named_in_full(session, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside")
    (outside / "stray.txt").write_text("")
    [note] = session.report([], Options(baselines=str(outside))).notes
    assert note.endswith(f"left alone: {outside}/stray.txt")
    assert session.report([], Options(baselines="nothing")).notes == []


def test_a_report_says_when_it_was_made_and_by_what_and_holds_the_images(session):
    session.images["name"] = b"a picture"
    report = session.report([], OWN)
    begun = datetime.strptime(report.begun_at, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)
    assert timedelta(0) <= datetime.now(timezone.utc) - begun < timedelta(hours=1)
    assert report.plugin_version == pytest_sdperf.__version__
    assert report.images == {"name": b"a picture"}


class Comparer:
    """Compares with a base that draws as fast; notes what it was asked."""

    trees = ()
    notes = ()
    other_model = False

    def has_other_model(self, measured, options):
        return self.other_model

    def __init__(self, measured, pictures=None, **comparison):
        run = measured.measurement.processes[0]
        pairs = [Pair(run, msgspec.structs.replace(run, threads=7), Disturbance(1.0), "head")]
        side = Side("main", measured.measurement.environment)
        self.compared = Compared(
            Comparison(side, side, **{"pairs": pairs, **comparison}), pictures or {}, control=Comparison(side, side, [])
        )
        self.asked = []

    def look(self, options):
        return contextlib.nullcontext()

    def compare(self, measured, options):
        self.asked.append(measured)
        return self.compared


@pytest.fixture
def ship(session):
    """A measured case that nothing is stored of."""
    return session.measure(session.case("ship", OWN, SMALL), OWN)


def store_of(session, measured, runs=1, **changed):
    recorded = msgspec.structs.replace(measured.measurement, **changed)
    session.store(OWN).save(Baseline([RecordedRun("2026-11-24T12:00:00Z", recorded)] * runs))


def test_without_a_target_nothing_is_compared(session, ship):
    seen = session.collect(ship, OWN)
    assert (seen.comparison, seen.control, seen.sibling, seen.baseline) == (None, None, None, None)
    assert seen.measurement == seen.unpaired == ship.measurement
    assert (seen.pictures, seen.other_pictures) == (ship.pictures, ship.other_pictures)
    assert seen.new_references.pictures is ship.pictures


def test_side_by_side_the_heads_processes_of_the_pairs_are_judged(session, ship, tmp_path):
    np.save(tmp_path / "base.npy", PICTURE)
    session._comparer = Comparer(ship, {"8x8/0": tmp_path / "base.npy"})
    seen = session.collect(ship, OWN)
    assert seen.comparison is session._comparer.compared.comparison
    assert seen.control is session._comparer.compared.control
    assert [run.threads for run in seen.measurement.processes] == [7]
    assert seen.unpaired == ship.measurement
    np.testing.assert_array_equal(seen.references.pictures["8x8/0"], PICTURE)


def test_pairs_are_measured_where_recorded_runs_do_not_show_that_all_is_well(session, ship, monkeypatch):
    session._comparer = Comparer(ship)
    store_of(session, ship)
    assert session.collect(ship, OWN).comparison is not None, "one run shows too little"
    monkeypatch.setattr(module, "is_screened", lambda *_: True)
    seen = session.collect(ship, OWN)
    assert (seen.comparison, len(session._comparer.asked)) == (None, 1)
    assert seen.baseline.newest.case_id == ship.case.id
    session._comparer.other_model = True
    assert session.collect(ship, OWN).comparison is not None, "recorded runs of the head's model show nothing of it"


def test_no_pairs_where_an_update_accepts_what_was_measured(session, ship):
    session._comparer = Comparer(ship)
    assert session.collect(ship, Options(update="all")).comparison is None
    assert session._comparer.asked == []


@pytest.mark.parametrize("is_recorded", [False, True])
def test_recorded_runs_answer_where_the_base_has_no_such_variant(session, ship, is_recorded):
    session._comparer = Comparer(ship, pairs=[], missing="main declares no variant 'ship'")
    if is_recorded:
        store_of(session, ship)
    assert (session.collect(ship, OWN).comparison is None) is is_recorded


def test_one_process_is_measured_where_pairs_alone_decide(session, calls, ship):
    session._comparer = Comparer(ship)
    session.measure(session.case("ship", OWN, SMALL), Options(processes=3))
    store_of(session, ship)
    session.measure(session.case("ship", OWN, SMALL), Options(processes=3))
    assert [call[4] for call in calls if call[0] == "sample"][1:] == [1, 3]


def test_a_baseline_that_cannot_be_trusted_keeps_nobody_from_measuring(session):
    """It is an error where the case is judged."""
    case = session.case("ship", OWN, SMALL)
    path = session.store(OWN).path(case.id)
    path.parent.mkdir(parents=True)
    path.write_text("{}")
    assert session.measure(case, OWN).measurement.case_id == case.id


def test_only_a_calm_run_that_is_asked_for_is_to_be_recorded_and_once(session, ship):
    def collected(measured, update="all"):
        seen = session.collect(measured, Options(update=update))
        return seen.is_to_be_recorded, seen.not_recorded_because

    run = msgspec.structs.replace(ship.measurement.processes[0], seen=Disturbance(1.0, foreign=0.5))
    busy = dataclasses.replace(ship, measurement=msgspec.structs.replace(ship.measurement, processes=[run]))
    assert collected(ship, None) == (False, "")
    assert collected(ship, "new") == collected(ship) == collected(busy) == (True, "")
    store_of(session, ship)
    assert collected(ship, "new") == (False, "")
    assert collected(ship) == (True, "")
    recorded, reason = collected(busy)
    assert not recorded
    assert reason.startswith("1 of 1 process was disturbed")
    session.recorded.add(ship.case.id)
    assert collected(ship) == (False, "")


def test_a_sibling_is_measured_before_the_reference_is_looked_for(session, calls):
    options = Options(thresholds=Thresholds(min_speedup=("fp32", 2.0)), gate=("latency",))
    seen = session.collect(session.measure(session.case("ours", OWN, SMALL), options), options)
    assert seen.sibling.variant == "fp32"
    assert [call[1] for call in calls if call[0] == "sample"] == ["ours", "fp32"]
    assert not [call for call in calls if call[0] == "draw"]
    np.testing.assert_array_equal(seen.references.pictures["8x8/0"], PICTURE)
    assert seen.new_references.keys["8x8/0"].variant == "fp32"
