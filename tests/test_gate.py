"""The whole story with a session that is only told: judge first, then, and only then, record."""

from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path

import msgspec
import numpy as np
import pytest

from pytest_sdperf import gate
from pytest_sdperf.baseline import Baseline, RecordedRun
from pytest_sdperf.baselines.store import BaselineStore
from pytest_sdperf.case import Case
from pytest_sdperf.claims import Claim
from pytest_sdperf.errors import BaselineError
from pytest_sdperf.measure import session
from pytest_sdperf.measurement import Disturbance, Environment, Evidence, ImageTiming, Measurement, ProcessRun
from pytest_sdperf.options import Options, Thresholds
from pytest_sdperf.variant import Variant
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
            peak_rss_bytes=1 << 20, picture_sha256={"8x8/0": ["a" * 64] * 3},
        )
        for jitter in (1.0, 1.001, 0.999)
    ]  # fmt: skip
    return Measurement(
        case_id=CASE.id, variant="ship", model="own", model_digest="", scheduler="default",
        workload=msgspec.to_builtins(CASE.workload), processes=runs, evidence=Evidence(facts={"paint": paint}),
        environment=Environment(machine_key="here"),
    )  # fmt: skip


@dataclass
class Session:
    rootdir: Path
    machine_key: str = "here"
    siblings: list = field(default_factory=list)
    recorded: set = field(default_factory=set)
    comparer: object = None
    rules: object = None
    images: dict = field(default_factory=dict)
    shown = session.Session.shown

    def baselines(self, options):
        return self.rootdir / options.baselines

    def sibling(self, name, like, options):
        self.siblings.append(name)
        return Measured(measurement(2_000_000), self)

    def model_digest(self, name, options):
        return ""


@dataclass
class Measured:
    measurement: Measurement
    session: Session
    pictures: dict = field(default_factory=lambda: {"8x8/0": PICTURE})
    case: Case = CASE
    others: dict = field(default_factory=dict)


@pytest.fixture
def judge(tmp_path):
    """Judge a measurement: judge(measurement, options)."""

    def judge(taken, options=Options(), *, promised=True, picture=PICTURE):
        judge.session = Session(tmp_path)
        measured = Measured(taken, judge.session, {"8x8/0": picture})
        return gate.judge(measured, options, nodeid="test_it.py::test_ship", promised=promised, now=lambda: NOON)

    return judge


@pytest.fixture
def stored(tmp_path):
    """The stored latency of the newest job in ns, None where nothing is stored."""

    def stored():
        found = BaselineStore(tmp_path / "baselines", "here").load(CASE.id)
        return found and round(found.newest.latency.median_s * 1e9)

    return stored


def test_what_is_only_measured_gets_no_verdict(judge, tmp_path):
    outcome = judge(measurement(), Options(update="all"), promised=False)
    assert (outcome.verdict, outcome.recorded, outcome.baseline_path) == (None, False, "")
    assert list(tmp_path.iterdir()) == []


def test_without_a_baseline_it_fails_and_writes_nothing(judge, tmp_path):
    outcome = judge(measurement())
    assert outcome.verdict.finding("latency").status is Status.NO_BASELINE
    assert outcome.baseline_path == f"baselines/here/{CASE.id}.json"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("options", [RECORD, Options(update="new"), Options(update="all")])
def test_a_sound_first_run_is_recorded_on_demand(judge, stored, options):
    outcome = judge(measurement(), options)
    assert outcome.recorded
    assert outcome.verdict.passed
    assert outcome.baseline is None
    assert stored() == 1_000_000


@pytest.mark.parametrize(
    ("options", "kept"), [(RECORD, 1_000_000), (Options(update="new"), 1_000_000), (Options(update="all"), 2_000_000)]
)
def test_only_update_all_replaces(judge, stored, options, kept):
    judge(measurement(), RECORD)
    outcome = judge(measurement(2_000_000), options)
    assert outcome.recorded is (kept == 2_000_000)
    assert outcome.verdict.passed is outcome.recorded
    assert outcome.baseline.newest.latency.median_s == 0.001
    assert outcome.anew == ("surely slower than the 1 stored job" if outcome.recorded else "")
    assert stored() == kept


@pytest.mark.parametrize(("busy", "kept"), [(1, False), (2, True)])
def test_a_disturbed_job_is_not_added_to_stored_ones(judge, stored, tmp_path, busy, kept):
    seen = [Disturbance(1.0, foreign=0.5)] * busy + [Disturbance(1.0)] * (3 - busy)
    taken = measurement(1_100_000)
    taken = msgspec.structs.replace(
        taken,
        processes=[msgspec.structs.replace(run, seen=one) for run, one in zip(taken.processes, seen, strict=True)],
    )
    first = judge(taken, Options(update="all"))
    assert (first.recorded, first.kept) == (True, ""), "nothing is stored that it could spoil"
    outcome = judge(taken, Options(update="all"))
    assert outcome.recorded is not kept
    assert outcome.kept.startswith(
        "2 of 3 processes were disturbed, the last because other processes took 50.0 %" if kept else ""
    )
    assert bool(outcome.kept) is kept
    assert len(BaselineStore(tmp_path / "baselines", "here").load(CASE.id).runs) == (1 if kept else 2)
    judged_against = outcome.verdict.finding("latency").figures.get("stored_jobs")
    assert judged_against == (1.0 if kept else None)


def test_an_update_adds_jobs_of_the_same_speed(judge, tmp_path):
    judge(measurement(), RECORD)
    outcome = judge(measurement(1_100_000), Options(update="all"))
    assert outcome.recorded
    assert outcome.verdict.finding("latency").status is Status.NOT_JUDGED
    assert (outcome.anew, len(outcome.baseline.runs)) == ("", 1)
    jobs = BaselineStore(tmp_path / "baselines", "here").load(CASE.id).runs
    assert [job.recorded_at for job in jobs] == ["2026-11-24T12:00:00Z"] * 2
    assert [job.measurement for job in jobs] == [
        msgspec.structs.replace(measurement(ns), workload=jobs[0].measurement.workload) for ns in (10**6, 1_100_000)
    ]


def test_every_variant_of_the_machine_shows_how_far_jobs_differ(judge, tmp_path):
    judge(measurement(), RECORD)
    assert judge(measurement(1_300_000)).verdict.finding("latency").status is Status.INCONCLUSIVE
    store = BaselineStore(tmp_path / "baselines", "here")
    other = RecordedRun("", msgspec.structs.replace(measurement(), case_id="other"))
    store.save(Baseline([other] * 10))
    finding = judge(measurement(1_300_000)).verdict.finding("latency")
    assert finding.status is Status.REGRESSED
    assert finding.figures["repeated_jobs"] == 9.0


def test_a_run_records_a_case_once(judge, monkeypatch):
    judge(measurement(), RECORD)
    again = Session.__init__
    monkeypatch.setattr(Session, "__init__", lambda self, *args: again(self, *args, recorded={CASE.id}))
    outcome = judge(measurement(2_000_000), Options(update="all"))
    assert not outcome.recorded
    assert outcome.verdict.finding("latency").status is Status.REGRESSED


@pytest.mark.parametrize("gated", [("latency",), ("latency", "picture", "proof", "memory")])
@pytest.mark.parametrize("update", ["new", "all"])
def test_a_broken_promise_is_never_recorded_gated_or_not(judge, stored, update, gated):
    options = Options(update=update, gate=gated)
    assert not judge(measurement(paint="oil"), options).recorded
    assert not judge(measurement(), options, picture=PICTURE * np.nan).recorded
    assert stored() is None


def test_a_failed_order_is_not_recorded(judge, stored):
    fast, slow = (RECORD._replace(thresholds=Thresholds(min_speedup=("boat", f))) for f in (1.9, 2.1))
    assert not judge(measurement(), slow).recorded
    assert judge.session.siblings == ["boat"]
    assert stored() is None
    assert judge(measurement(), fast).recorded


def test_skip_names_what_was_left_unjudged(judge, tmp_path):
    skip = Options(missing="skip")
    assert judge(measurement(), skip).skip_reason.startswith("latency 1 ms ±0.1 %, not judged: no baseline is stored")
    assert judge(measurement(), skip._replace(gate=("memory",))).skip_reason.startswith("memory peak 1 MiB, not judged")
    assert judge(measurement(), skip._replace(gate=("picture",))).skip_reason.startswith("picture 1 picture, sane, not")
    assert judge(measurement(), skip._replace(gate=("proof",))).skip_reason == ""
    assert list(tmp_path.iterdir()) == []


def test_skip_yields_to_a_failure_and_to_a_baseline(judge):
    skip = Options(missing="skip")
    assert judge(measurement(paint="oil"), skip).skip_reason == ""
    assert judge(measurement(), skip._replace(update="new")).skip_reason == ""
    assert judge(measurement(), skip).skip_reason == ""


def test_a_baseline_that_cannot_be_trusted_is_an_error_and_stays(judge, tmp_path):
    judge(measurement(), RECORD)
    path = tmp_path / "baselines" / "here" / f"{CASE.id}.json"
    path.write_text("{")
    with pytest.raises(BaselineError, match="the file is truncated"):
        judge(measurement(), Options(update="all"))
    assert path.read_text() == "{"


def test_a_path_outside_of_the_rootdir_is_shown_in_full(judge, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside")
    assert judge(measurement(), Options(baselines=str(outside))).baseline_path == f"{outside}/here/{CASE.id}.json"


def test_pictures_are_shown_beside_what_they_were_held_against(judge):
    judge(measurement(), RECORD)
    outcome = judge(measurement())
    [shown] = outcome.pictures
    assert (shown.key, shown.prompt, shown.seed) == ("8x8/0", "a ship", 0)
    assert shown.ssim == 1.0
    assert {shown.picture, shown.reference} == set(judge.session.images)
    assert outcome.pictures_left_out == 0


def test_pictures_that_were_only_drawn_are_shown_alone(judge):
    [shown] = judge(measurement(), promised=False).pictures
    assert (shown.reference, shown.ssim) == ("", None)
    assert set(judge.session.images) == {shown.picture}
