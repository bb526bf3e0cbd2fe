"""The session with a fake launcher: nothing is started."""

from datetime import datetime, timedelta, timezone
from pathlib import Path

import msgspec
import numpy as np
import pytest

import pytest_sdperf
from pytest_sdperf.errors import CaseError
from pytest_sdperf.measure import session as module
from pytest_sdperf.measure.sampling import Drawing, Sampled
from pytest_sdperf.measurement import Evidence, ImageTiming, Measurement, ProcessRun
from pytest_sdperf.options import Options
from pytest_sdperf.report.model import Outcome
from pytest_sdperf.worker import trace

OWN = Options()
OTHER = Options(model="synthetic:sd15")
PICTURE = np.random.RandomState(0).uniform(size=(8, 8, 3)).astype(np.float32)


@pytest.fixture
def calls(calls, monkeypatch, tmp_path):
    """What the session asks of others, in order; each answers with something of the right shape."""

    def traced(case, value):
        """A trace of one stage, whose answer is ``value`` beside a 1."""
        path = tmp_path / f"{case.id}-{len(calls)}.npz"
        arrays = {"unet/in/0": np.ones(2, np.float32), "unet/out": np.array([value, 1], np.float32)}
        trace.save(path, arrays)
        return path

    picture = tmp_path / "picture.npy"
    np.save(picture, PICTURE)

    def sample(case, model, rig, *, processes, rounds, host, reference_trace):
        calls.append(("given", reference_trace.stem if reference_trace else None))
        calls.append(("sample", case.variant.name, case.model, model.digest, processes, rounds, rig.work_dir.name))
        drawing = Drawing({"8x8/0": picture}, host, traced(case, 0.5))
        return Sampled(measurement_of(case, host, model.digest), drawing, {"8x8/0": [picture]})

    def draw_reference(case, model, rig, *, host):
        calls.append(("draw", case.variant.name, case.variant.scheduler, case.model))
        return Drawing({"8x8/0": picture}, host, traced(case, 0.0))

    monkeypatch.setattr(module, "sample", sample)
    monkeypatch.setattr(module, "draw_reference", draw_reference)
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
    assert samples[1] == ("sample", "ours", "bundled", "digest of bundled", 3, 5, "case-3")
    assert session.engine.noted[0] == "ship: measuring ship-own-8x8-20steps, 2 processes x 4 pictures"
    assert first.pictures["8x8/0"].shape == (8, 8, 3)
    assert [p.shape for p in first.other_pictures["8x8/0"]] == [(8, 8, 3)]
    assert first.measurement.environment.machine_key == session.engine.machine_key


def test_a_sibling_is_measured_once_with_the_model_it_needs(session, calls):
    like = session.case("client", OTHER, SMALL)
    sibling = session.sibling("ours", like, OTHER)
    assert sibling.model == "synthetic:sd15"
    assert session.sibling("ours", like, OTHER) is sibling
    assert sibling.stage_parity is None
    assert [c[1] for c in calls if c[0] == "sample"] == ["ours"]


def test_a_reference_is_of_the_cases_scheduler(session, calls):
    case = session.case("client", OWN, SMALL)
    assert session.seen_reference(case, OWN) is None
    drawn = session.draw_reference(case, OWN)
    assert calls[-1] == ("draw", "fp32", "Euler", "bundled")
    assert session.seen_reference(case, OWN) is drawn
    assert session.seen_reference(case, OTHER) is None


def test_a_measured_reference_is_seen(session):
    ours = session.case("ours", OWN, SMALL)
    measured = session.measure(session.case("fp32", OWN, SMALL), OWN)
    seen = session.seen_reference(ours, OWN)
    np.testing.assert_array_equal(np.load(seen.pictures["8x8/0"]), measured.pictures["8x8/0"])
    assert seen.environment == measured.measurement.environment


def test_the_reference_is_drawn_before_what_is_held_against_it(session, calls):
    ours = session.case("ours", OWN, SMALL)
    stage_parity = session.measure(ours, OWN).measurement.stage_parity
    drawn = calls.index(("draw", "fp32", "default", "bundled"))
    assert calls[drawn + 1 :][0] == ("given", f"fp32-bundled-8x8-20steps-{drawn + 1}")
    assert (stage_parity.reference, stage_parity.drift_db, stage_parity.not_compared) == ("fp32", [], [])
    # The reference answers 0 and 1, this one 0.5 and 1: 20 log10(1 / sqrt(0.125)).
    assert stage_parity.stage_psnr_db == {"unet": pytest.approx(9.031, abs=1e-3)}
    session.measure(ours, OWN)
    assert [c for c in calls if c[0] == "draw"] == [calls[drawn]]


def test_a_measured_reference_is_not_drawn_again(session, calls):
    assert session.measure(session.case("fp32", OWN, SMALL), OWN).measurement.stage_parity is None
    stage_parity = session.measure(session.case("ours", OWN, SMALL), OWN).measurement.stage_parity
    assert stage_parity.stage_psnr_db == {"unet": None}
    assert not [c for c in calls if c[0] == "draw"]


def test_nothing_is_compared_where_the_picture_is_not_gated_or_the_reference_cannot_run(session, calls):
    ours = session.case("ours", OWN, SMALL)
    assert session.measure(ours, Options(gate=("latency",))).measurement.stage_parity is None
    assert session.measure(session.case("calf", OWN, SMALL), OWN).measurement.stage_parity is None
    assert not [c for c in calls if c[0] == "draw"]


def test_a_variant_without_reference_has_none_to_see(session):
    with pytest.raises(CaseError, match="variant 'ship' names no reference. Compare it with its own picture."):
        session.seen_reference(session.case("ship", OWN, SMALL), OWN)


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
