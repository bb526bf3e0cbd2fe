"""Notes on cases without recorded runs: what was not judged, and which recorded runs nobody used."""

from types import SimpleNamespace

import msgspec
import pytest

from pytest_sdperf.baseline import Baseline, RecordedRun
from pytest_sdperf.baselines.store import BaselineStore
from pytest_sdperf.options import Options
from pytest_sdperf.plugin.new_cases import new_cases
from pytest_sdperf.report.outcome import Outcome
from pytest_sdperf.verdict.case_verdict import Verdict
from pytest_sdperf.verdict.memory_finding import MemoryFinding
from pytest_sdperf.verdict.parts import PARTS
from pytest_sdperf.verdict.proof_finding import ProofFinding
from pytest_sdperf.verdict.status import Missing, Status

KEY = "zen5-2c-avx512_bf16"
TEST = "test_it.py::test_ship"
MISSING = Missing("there is no baseline", "skip")
NEW = f"ship-new is a new case (of {TEST}): it has no recorded runs, so that these parts were not judged: memory"
LEFT = "; recorded, and not measured by this run: "


@pytest.fixture
def store(tmp_path):
    return BaselineStore(tmp_path / "baselines", KEY)


@pytest.fixture
def record(store, measured):
    def record(case_id, variant="ship", **more):
        run = RecordedRun("2026-11-24T12:00:00Z", measured(case_id=case_id, variant=variant, **more))
        store.save(Baseline([run]))

    return record


@pytest.fixture
def skipped(measured):
    """An outcome that was skipped for want of a baseline: memory is not judged, and proof is."""

    def skipped(nodeid=TEST, reason="memory is not judged", missing=MISSING, status=Status.NOT_JUDGED, **more):
        findings = [
            MemoryFinding(status=status, peak_bytes=1, base="", base_bytes=None, max_growth=0.1, missing=missing),
            ProofFinding(status=Status.PASSED, claims=[]),
        ]
        case = measured(**{"case_id": "ship-new", "variant": "ship", **more})
        return Outcome(nodeid, case, Verdict(findings, list(PARTS)), skip_reason=reason)

    return skipped


@pytest.fixture
def notes(store):
    def notes(*outcomes, judged_by=None):
        return new_cases(SimpleNamespace(store=lambda options: store), outcomes, Options(), judged_by)

    return notes


def main(*nodeids):
    """A revision that judges and has these tests."""
    declaration = SimpleNamespace(tests={nodeid: {} for nodeid in nodeids})
    return SimpleNamespace(base=SimpleNamespace(label="main (0123456789)", declaration=declaration))


def test_it_names_the_case_its_test_and_the_parts(notes, skipped):
    assert notes(skipped()) == [NEW]


def test_cases_that_were_judged_or_only_measured_are_not_new(notes, skipped):
    judged = skipped(reason="")
    assert notes(judged, msgspec.structs.replace(skipped(), verdict=None)) == []


@pytest.mark.parametrize("other", [{"missing": None}, {"status": Status.PASSED}])
def test_only_parts_that_lack_a_baseline_are_named(notes, skipped, other):
    [note] = notes(skipped(**other))
    assert note.endswith("these parts were not judged: ")


def test_a_case_of_another_workload_left_its_runs_behind(notes, skipped, record):
    record("ship-old", workload={"num_inference_steps": 8})
    record("boat-old", variant="boat")
    assert notes(skipped()) == [
        f"{NEW}{LEFT}ship-old (measured with another workload (num_inference_steps))",
    ]


def test_of_another_model(notes, skipped, record):
    record("ship-old", model="synthetic:sd15")
    assert notes(skipped()) == [f"{NEW}{LEFT}ship-old (with model synthetic:sd15, this is synthetic:tiny)"]


def test_of_the_same_work_under_another_name(notes, skipped, record):
    record("ship-old")
    assert notes(skipped()) == [f"{NEW}{LEFT}ship-old (measured with the same workload)"]


def test_runs_that_this_run_used_are_not_left_behind(notes, skipped, record):
    record("ship-old")
    assert notes(skipped(), skipped(case_id="ship-old", reason="")) == [NEW]


def test_files_that_cannot_be_read_are_passed_over(notes, skipped, record, store):
    record("ship-old")
    store.path("ship-older").write_text("{}")
    [note] = notes(skipped())
    assert note.endswith(f"{LEFT}ship-old (measured with the same workload)")


def test_a_file_that_is_taken_away_meanwhile(notes, skipped, store, monkeypatch, tmp_path):
    monkeypatch.setattr(BaselineStore, "unused", lambda self, used: [tmp_path / "ship-gone.json"])
    assert notes(skipped()) == [NEW]


def test_a_revisions_name_and_whether_it_has_the_test(notes, skipped, record):
    record("boat-old", variant="boat")
    at = " at main (0123456789)"
    [known] = notes(skipped(), judged_by=main(TEST))
    assert known == (
        f"ship-new is a new case (of {TEST}, a test that is there{at}): it has no recorded runs{at}, so that these "
        f"parts were not judged: memory{LEFT}boat-old (of variant boat)"
    )
    [unknown] = notes(skipped(), judged_by=main())
    assert unknown == NEW.replace("runs,", f"runs{at},")


def test_three_of_many_are_named(notes, skipped, record):
    for number in range(5):
        record(f"ship-{number}")
    [note] = notes(skipped())
    assert "ship-2 (" in note
    assert note.endswith(" and 2 more")
