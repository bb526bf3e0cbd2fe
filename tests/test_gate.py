"""The data's way: collect, judge, and then, and only then, record."""

from datetime import datetime, timezone
from pathlib import Path
from types import SimpleNamespace

import msgspec
import numpy as np
import pytest

from pytest_sdperf import gate
from pytest_sdperf.baseline import Baseline, RecordedRun
from pytest_sdperf.baselines.store import BaselineStore
from pytest_sdperf.claims import Claim
from pytest_sdperf.errors import BaselineError
from pytest_sdperf.measure.alone import Alone
from pytest_sdperf.measure.regime_watch import RegimeWatch
from pytest_sdperf.measure.session import Session
from pytest_sdperf.measurement import Disturbance, Environment, Evidence, ImageTiming, Measurement, ProcessRun
from pytest_sdperf.observations import Measured
from pytest_sdperf.options import Options, Thresholds
from pytest_sdperf.report import thumbnails
from pytest_sdperf.variant import Case, Variant
from pytest_sdperf.verdict.status import Status
from pytest_sdperf.workload import Workload

SHIP = Variant("ship", "harbour:build", reference=None, needs_model=False, claims=(Claim("fact", "paint=numpy"),))
CASE = Case(SHIP, Workload(prompts=("a ship",), sizes=((8, 8),)), "own")
PICTURE = np.random.RandomState(0).uniform(size=(8, 8, 3)).astype(np.float32)
RECORD = Options(update="new")
NOON = datetime(2026, 11, 24, 12, tzinfo=timezone.utc)


def measurement(median_ns=1_000_000, *, paint="numpy"):
    runs = [
        ProcessRun(
            images={"8x8": [ImageTiming(round(median_ns * jitter))] * 3}, warmup_ns={}, startup_ns={},
            peak_rss_bytes=1 << 20, threads=1, picture_sha256={"8x8/0": ["a" * 64] * 3},
        )
        for jitter in (1.0, 1.001, 0.999)
    ]  # fmt: skip
    return Measurement(
        case_id=CASE.id, variant="ship", model="own", model_digest="", scheduler="default",
        workload=msgspec.to_builtins(CASE.workload), processes=runs, evidence=Evidence(facts={"paint": paint}),
        environment=Environment(machine_key="here"),
    )  # fmt: skip


@pytest.fixture
def session(tmp_path):
    """Begins a session whose machine runs nothing: all that is compared with was measured, or is stored."""

    def session():
        own = SimpleNamespace(digest="")
        return Session(
            SimpleNamespace(
                rootdir=tmp_path,
                machine_key="here",
                registry={"ship": SHIP},
                model_of=lambda variant, options: own,
                regime=RegimeWatch(),
            )
        )

    return session


@pytest.fixture
def judged(session):
    """Take a measurement through the gate: judged(measurement, options)."""

    def judged(taken, options=Options(), *, picture=PICTURE):
        judged.session = session()
        measured = Measured(CASE, taken, {"8x8/0": picture})
        return gate.gate(measured, options, judged.session, nodeid="test_it.py::test_ship", now=lambda: NOON)

    return judged


@pytest.fixture
def stored(tmp_path):
    """The stored latency of the newest job in ns, None where nothing is stored."""

    def stored():
        found = BaselineStore(tmp_path / "baselines", "here").load(CASE.id)
        return found and round(found.newest.latency.median_s * 1e9)

    return stored


def test_what_is_only_measured_gets_no_verdict(session, tmp_path):
    outcome = gate.measured_only(Measured(CASE, measurement()), Options(update="all"), session(), nodeid="test")
    assert (outcome.verdict, outcome.recorded, outcome.baseline_path) == (None, False, "")
    assert list(tmp_path.iterdir()) == []


def test_without_a_baseline_it_fails_and_writes_nothing(judged, tmp_path):
    outcome = judged(measurement())
    assert outcome.verdict.latency.status is Status.NO_BASELINE
    assert outcome.baseline_path == f"baselines/here/{CASE.id}.json"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("options", [RECORD, Options(update="new"), Options(update="all")])
def test_a_sound_first_run_is_recorded_on_demand(judged, stored, options):
    outcome = judged(measurement(), options)
    assert outcome.recorded
    assert outcome.verdict.passed
    assert outcome.baseline is None
    assert stored() == 1_000_000


@pytest.mark.parametrize(
    ("options", "kept"), [(RECORD, 1_000_000), (Options(update="new"), 1_000_000), (Options(update="all"), 2_000_000)]
)
def test_only_update_all_replaces(judged, stored, options, kept):
    judged(measurement(), RECORD)
    outcome = judged(measurement(2_000_000), options)
    assert outcome.recorded is (kept == 2_000_000)
    assert outcome.verdict.passed is outcome.recorded
    assert outcome.baseline.newest.latency.median_s == 0.001
    assert outcome.replaced_because == ("significantly slower than the 1 recorded run" if outcome.recorded else "")
    assert stored() == kept


@pytest.mark.parametrize(("busy", "kept"), [(1, False), (2, True)])
def test_a_disturbed_job_is_not_added_to_stored_ones(judged, stored, tmp_path, busy, kept):
    seen = [Disturbance(1.0, foreign=0.5)] * busy + [Disturbance(1.0)] * (3 - busy)
    taken = measurement(1_100_000)
    taken = msgspec.structs.replace(
        taken,
        processes=[msgspec.structs.replace(run, seen=one) for run, one in zip(taken.processes, seen, strict=True)],
    )
    first = judged(taken, Options(update="all"))
    assert (first.recorded, first.not_recorded_because) == (True, ""), "nothing is stored that it could spoil"
    outcome = judged(taken, Options(update="all"))
    assert outcome.recorded is not kept
    assert outcome.not_recorded_because.startswith(
        "2 of 3 processes were disturbed, the last because other processes took 50.0 %" if kept else ""
    )
    assert bool(outcome.not_recorded_because) is kept
    assert len(BaselineStore(tmp_path / "baselines", "here").load(CASE.id).runs) == (1 if kept else 2)
    judged_against = outcome.verdict.latency.runs
    assert judged_against == (1 if kept else 0)


def test_an_update_adds_jobs_of_the_same_speed(judged, tmp_path):
    judged(measurement(), RECORD)
    outcome = judged(measurement(1_100_000), Options(update="all"))
    assert outcome.recorded
    assert outcome.verdict.latency.status is Status.NOT_JUDGED
    assert (outcome.replaced_because, len(outcome.baseline.runs)) == ("", 1)
    jobs = BaselineStore(tmp_path / "baselines", "here").load(CASE.id).runs
    assert [job.recorded_at for job in jobs] == ["2026-11-24T12:00:00Z"] * 2
    assert [job.measurement for job in jobs] == [
        msgspec.structs.replace(measurement(ns), workload=jobs[0].measurement.workload) for ns in (10**6, 1_100_000)
    ]


def test_every_variant_of_the_machine_shows_how_far_processes_differ(judged, tmp_path):
    judged(measurement(), RECORD)
    assert judged(measurement(1_150_000)).verdict.latency.status is Status.INCONCLUSIVE
    store = BaselineStore(tmp_path / "baselines", "here")
    other = RecordedRun("2026-11-24T12:00:00Z", msgspec.structs.replace(measurement(), case_id="other"))
    store.save(Baseline([other] * 10))
    assert judged(measurement(1_150_000)).verdict.latency.status is Status.REGRESSED


def test_a_run_records_a_case_once(session):
    run = session()
    outcomes = [
        gate.gate(Measured(CASE, measurement(ns), {"8x8/0": PICTURE}), Options(update="all"), run, nodeid="test")
        for ns in (1_000_000, 2_000_000)
    ]
    assert [outcome.recorded for outcome in outcomes] == [True, False]
    assert outcomes[1].verdict.latency.status is Status.REGRESSED


@pytest.mark.parametrize("gated", [("latency",), ("latency", "picture", "proof", "memory")])
@pytest.mark.parametrize("update", ["new", "all"])
def test_a_broken_promise_is_never_recorded_gated_or_not(judged, stored, update, gated):
    options = Options(update=update, gate=gated)
    assert not judged(measurement(paint="oil"), options).recorded
    assert not judged(measurement(), options, picture=PICTURE * np.nan).recorded
    assert stored() is None


def test_a_speedup_that_is_too_small_is_not_recorded(judged, stored, monkeypatch):
    asked = []
    monkeypatch.setattr(Alone, "sibling", lambda self, name, *_: asked.append(name) or measurement(2_000_000))
    fast, slow = (RECORD._replace(thresholds=Thresholds(min_speedup=("boat", f))) for f in (1.9, 2.1))
    assert not judged(measurement(), slow).recorded
    assert asked == ["boat"]
    assert stored() is None
    assert judged(measurement(), fast).recorded


def test_skip_names_what_was_left_unjudged(judged, tmp_path):
    skip = Options(missing="skip")
    assert judged(measurement(), skip).skip_reason.startswith("latency 1 ms ±0.1 %, not judged: there is no baseline")
    assert judged(measurement(), skip._replace(gate=("memory",))).skip_reason.startswith(
        "memory peak 1 MiB, not judged"
    )
    assert judged(measurement(), skip._replace(gate=("picture",))).skip_reason.startswith(
        "picture 1 picture, valid, not"
    )
    assert judged(measurement(), skip._replace(gate=("proof",))).skip_reason == ""
    assert list(tmp_path.iterdir()) == []


def test_skip_yields_to_a_failure_and_to_a_baseline(judged):
    skip = Options(missing="skip")
    assert judged(measurement(paint="oil"), skip).skip_reason == ""
    assert judged(measurement(), skip._replace(update="new")).skip_reason == ""
    assert judged(measurement(), skip).skip_reason == ""


def test_a_baseline_that_cannot_be_trusted_is_an_error_and_stays(judged, tmp_path):
    judged(measurement(), RECORD)
    path = tmp_path / "baselines" / "here" / f"{CASE.id}.json"
    path.write_text("{")
    with pytest.raises(BaselineError, match="the file is truncated"):
        judged(measurement(), Options(update="all"))
    assert path.read_text() == "{"


def test_a_path_outside_of_the_rootdir_is_shown_in_full(judged, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside")
    assert judged(measurement(), Options(baselines=str(outside))).baseline_path == f"{outside}/here/{CASE.id}.json"


SHOWN = [Options(json="report.json"), Options(html="report.html")]


@pytest.mark.parametrize("options", SHOWN)
def test_pictures_are_shown_with_what_they_are_compared_with(judged, options):
    judged(measurement(), RECORD)
    outcome = judged(measurement(), options)
    [shown] = outcome.pictures
    assert (shown.key, shown.prompt, shown.seed) == ("8x8/0", "a ship", 0)
    assert shown.ssim == 1.0
    assert {shown.picture, shown.reference} == set(judged.session.images)
    assert outcome.pictures_left_out == 0


@pytest.mark.parametrize("options", SHOWN)
def test_pictures_that_were_only_drawn_are_shown_alone(session, options):
    run = session()
    measured = Measured(CASE, measurement(), {"8x8/0": PICTURE})
    [shown] = gate.measured_only(measured, options, run, nodeid="test").pictures
    assert (shown.reference, shown.ssim) == ("", None)
    assert set(run.images) == {shown.picture}


def test_nothing_is_encoded_for_reports_that_show_no_pictures(judged, session, monkeypatch):
    monkeypatch.setattr(thumbnails, "_encoded", lambda image: pytest.fail("nobody looks at it"))
    options = Options(markdown="report.md")
    judged(measurement(), RECORD)
    assert judged(measurement(), options).pictures == []
    assert gate.measured_only(Measured(CASE, measurement()), options, session(), nodeid="test").pictures == []
    assert judged.session.images == {}


def test_the_gate_is_short():
    """All that a reader must know of the data's way fits one screen or two."""
    assert len(Path(gate.__file__).read_text(encoding="utf-8").splitlines()) <= 100
