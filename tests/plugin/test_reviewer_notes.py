"""The report of a run and its notes for a reviewer, with and without anything measured."""

import re
from types import SimpleNamespace

import msgspec
import pytest

from pytest_sdperf import __version__
from pytest_sdperf.baseline import Baseline, RecordedRun
from pytest_sdperf.baselines.store import BaselineStore
from pytest_sdperf.options import Options
from pytest_sdperf.plugin.reviewer_notes import gathered, interruption, report_of, written
from pytest_sdperf.report import json
from pytest_sdperf.report.outcome import ErrorOutcome, Outcome, Report
from pytest_sdperf.verdict.case_verdict import Verdict

TEST = "test_it.py::test_ship"
ERROR = ErrorOutcome(TEST, "the mast broke", "ship")


class TestInterruption:
    def test_of_a_run_between_two_cases(self):
        assert interruption(None) == "INTERRUPTED: cases that were not measured by then are not in this report"

    def test_of_a_run_that_measured(self):
        assert interruption("ship-own") == (
            "INTERRUPTED during ship-own: it is neither judged nor recorded, and later cases were not measured; "
            "earlier results stand"
        )


class Fates(SimpleNamespace):
    """Notes on what it was asked."""

    def notes(self, awaited, label, measured, judged):
        return [f"fates of {sorted(awaited)} at {label}, measured {sorted(measured)}, judged {sorted(judged)}"]

    def own_notes(self, measured, judged, known):
        return []


PROMISES = SimpleNamespace(notes=lambda: ["a marker without effect"])


@pytest.fixture
def fates(tmp_path):
    return Fates(rootdir=tmp_path, is_narrowed=False)


@pytest.fixture
def judged_by(tmp_path):
    """The revision that judges; it says where it looked for the head's baselines."""
    declaration = SimpleNamespace(awaited={TEST: "check"}, tests={})
    return SimpleNamespace(
        base=SimpleNamespace(label="main", declaration=declaration),
        notes=lambda folder: [f"altered in {folder.relative_to(tmp_path)}"],
    )


@pytest.fixture
def store(tmp_path):
    return BaselineStore(tmp_path / "baselines", "zen5-2c-avx512_bf16")


@pytest.fixture
def session(store, tmp_path):
    """A session that measured something; its report is of what it was told."""

    def report(outcomes, options, notes, unfinished):
        return Report(list(outcomes), list(notes), begun_at="then", unfinished={"from": ["the session"]})

    shown = lambda path: path.relative_to(tmp_path).as_posix()  # noqa: E731
    return SimpleNamespace(store=lambda options: store, shown=shown, report=report)


@pytest.fixture
def outcome(measured):
    def outcome(case_id="ship-own", verdict=None, nodeid=TEST, **more):
        return Outcome(nodeid, measured(case_id=case_id, variant="ship"), verdict, **more)

    return outcome


@pytest.fixture
def record(store, measured):
    def record(case_id):
        run = RecordedRun("2026-11-24T12:00:00Z", measured(case_id=case_id, variant="ship"))
        store.save(Baseline([run]))

    return record


PASSED = Verdict([], [])
ONLY_MEASURED = (
    f"ship-own was only measured, by {TEST}, though baselines/zen5-2c-avx512_bf16/ship-own.json holds recorded runs to "
    "compare it with: nothing of it was judged"
)


class TestGathered:
    def test_nothing_measured_and_nobody_else_judges(self, fates):
        notes = gathered(fates, PROMISES, [], Options(), judged_by=None, session=None)
        assert notes == ([], ["a marker without effect"])

    def test_another_revision_judges(self, fates, judged_by, outcome):
        outcomes = [outcome(), outcome(nodeid="test_it.py::test_boat", verdict=PASSED)]
        options = Options(baselines="perf/../stored")
        assert gathered(fates, PROMISES, outcomes, options, judged_by=judged_by, session=None) == (
            ["altered in stored"],
            [
                f"fates of ['{TEST}'] at main, measured ['{TEST}'], judged ['test_it.py::test_boat']",
                "a marker without effect",
            ],
        )

    def warnings(self, fates, session, *outcomes):
        found = gathered(fates, PROMISES, outcomes, Options(), judged_by=None, session=session)[1]
        return found[1:]

    def test_a_case_with_recorded_runs_that_is_only_measured(self, fates, session, outcome, record):
        record("ship-own")
        assert self.warnings(fates, session, outcome()) == [ONLY_MEASURED]

    def test_one_without_recorded_runs(self, fates, session, outcome):
        assert self.warnings(fates, session, outcome()) == []

    @pytest.mark.parametrize("asked", [{"verdict": PASSED}, {"error": "the disk is full"}])
    def test_one_that_another_test_judges_or_failed_to(self, fates, session, outcome, record, asked):
        record("ship-own")
        assert self.warnings(fates, session, outcome(), outcome(nodeid="other", **asked)) == []

    def test_a_run_of_chosen_tests_may_have_left_the_check_out(self, fates, session, outcome, record):
        record("ship-own")
        fates.is_narrowed = True
        assert self.warnings(fates, session, outcome()) == []

    def test_new_cases_are_named_in_either(self, fates, session, outcome):
        new = outcome(verdict=PASSED, skip_reason="latency: there is no baseline")
        for fates.is_narrowed in (False, True):
            [note] = self.warnings(fates, session, new)
            assert note.startswith(f"ship-own is a new case (of {TEST}): it has no recorded runs")


def results(*outcomes, errors=(), **unfinished):
    return SimpleNamespace(outcomes=list(outcomes), errors=list(errors), unfinished=unfinished)


class TestReport:
    def test_of_a_session(self, session, outcome):
        made = report_of(session, results(outcome(), errors=[ERROR], t=["ship"]), Options(), ["noted"], ["warned"])
        assert made == Report(
            [outcome()],
            ["noted", "warned"],
            begun_at="then",
            warnings=["warned"],
            errors=[ERROR],
            unfinished={"t": ["ship"]},
        )

    def test_there_is_none_of_nothing(self):
        assert report_of(None, results(t=["ship"]), Options(), [], []) is None

    @pytest.mark.parametrize(
        ("errors", "options", "notes", "warnings"),
        [
            ([ERROR], {}, [], []),
            ([], {}, ["noted"], []),
            ([], {}, [], ["warned"]),
            ([], {"json": "out.json"}, [], []),
            ([], {"html": "out.html"}, [], []),
            ([], {"markdown": "out.md"}, [], []),
        ],
    )
    def test_of_no_session_where_there_is_something_to_say_or_a_file_asked_for(self, errors, options, notes, warnings):
        made = report_of(None, results(errors=errors, t=["ship"]), Options(**options), notes, warnings)
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", made.begun_at)
        assert msgspec.structs.replace(made, begun_at="") == Report(
            [],
            [*notes, *warnings],
            plugin_version=__version__,
            warnings=warnings,
            errors=errors,
            unfinished={"t": ["ship"]},
        )


class TestWritten:
    def test_every_file_that_was_asked_for(self, tmp_path, monkeypatch):
        monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
        report = Report([], ["noted"])
        assert written(report, Options(json="out.json", markdown="out.md"), tmp_path) == []
        assert json.read((tmp_path / "out.json").read_text()).notes == ["noted"]
        assert "noted" in (tmp_path / "out.md").read_text()
        assert "noted" in (tmp_path / "summary.md").read_text()

    def test_each_that_cannot_be_written_is_named(self, tmp_path, monkeypatch):
        monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "no" / "summary.md"))
        (tmp_path / "out.json").mkdir()
        problems = written(Report([], ["noted"]), Options(json="out.json"), tmp_path)
        assert len(problems) == 2
        assert "out.json" in problems[0]
        assert "summary.md" in problems[1]
