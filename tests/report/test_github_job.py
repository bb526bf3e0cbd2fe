"""What a run adds under GitHub Actions: the summary's room, and where files lie in the repository."""

import msgspec
import pytest

from pytest_sdperf.measurement import Environment, Evidence, ImageTiming, Measurement, ProcessRun
from pytest_sdperf.report.github_job import SUMMARY, annotated, append_summary
from pytest_sdperf.report.markdown import MOST_SUMMARY_BYTES, render
from pytest_sdperf.report.outcome import Outcome, Report
from pytest_sdperf.verdict.case_verdict import Verdict
from pytest_sdperf.verdict.status import Status


@pytest.fixture
def report(make_finding):
    """One failed case."""
    run = ProcessRun(images={"8x8": [ImageTiming(1_000_000, {})]}, warmup_ns={}, startup_ns={}, peak_rss_bytes=1000)
    measurement = Measurement(
        case_id="ship", variant="ship", model="own", model_digest="", scheduler="default", workload={}, processes=[run],
        evidence=Evidence(), environment=Environment(machine_key="here"),
    )  # fmt: skip
    verdict = Verdict([make_finding("proof", Status.BROKEN)], ["proof"])
    return Report([Outcome("t.py::t", measurement, verdict, file="t.py", line=3)])


def test_without_the_variable_nothing_is_written(report, tmp_path):
    assert append_summary(report, {}) == ""
    assert append_summary(report, {SUMMARY: ""}) == ""
    assert list(tmp_path.iterdir()) == []


def test_the_summary_is_the_markdown_and_ends_in_an_empty_line(report, tmp_path):
    path = tmp_path / "summary.md"
    path.write_text("before\n")
    assert append_summary(report, {SUMMARY: str(path)}) == ""
    assert path.read_text(encoding="utf-8") == f"before\n{render(report)}\n"


@pytest.mark.parametrize(("left", "fits"), [(4096, True), (4095, False)])
def test_either_side_of_the_room_there_must_be(report, tmp_path, left, fits):
    path = tmp_path / "summary.md"
    path.write_bytes(b"x" * (MOST_SUMMARY_BYTES - left - 1))
    problem = append_summary(report, {SUMMARY: str(path)})
    assert (problem == "") == fits
    assert path.stat().st_size <= MOST_SUMMARY_BYTES
    if not fits:
        assert problem == (
            f"{SUMMARY}={path} has {MOST_SUMMARY_BYTES - left - 1} bytes already, and GitHub shows "
            f"{MOST_SUMMARY_BYTES} at most. Run pytest in a step of its own."
        )


def test_a_summary_that_cannot_be_written(report, tmp_path):
    problem = append_summary(report, {SUMMARY: str(tmp_path)})
    assert problem.startswith(f"{SUMMARY}={tmp_path} cannot be written: ")
    assert problem.endswith(". Name a file that can, or unset the variable.")


def test_a_fault_of_the_summary_costs_people_nothing_else(report, tmp_path, monkeypatch):
    monkeypatch.setattr("pytest_sdperf.report.markdown.render", lambda report, most_bytes: 1 / 0)
    assert append_summary(report, {SUMMARY: str(tmp_path / "summary.md")}) == (
        f"{SUMMARY} cannot be rendered: ZeroDivisionError: division by zero. This is a fault of pytest-sdperf: please report it."
    )


@pytest.mark.parametrize(("actions", "annotates"), [("true", True), ("True", False), ("", False)])
def test_only_github_is_told(report, tmp_path, actions, annotates):
    assert bool(annotated(report, tmp_path, {"GITHUB_ACTIONS": actions})) == annotates
    assert annotated(report, tmp_path, {}) == ""


@pytest.mark.parametrize(
    ("rootdir", "workspace", "file"),
    [
        ("a", "a", "t.py"),
        ("a/b", "a", "b/t.py"),
        ("a/../a/b", "a/.", "b/t.py"),
        ("ab", "a", "{0}/ab/t.py"),
        ("a", "", "{0}/a/t.py"),
    ],
)
def test_files_are_relative_to_the_workspace(report, tmp_path, rootdir, workspace, file):
    top = tmp_path.resolve()
    environ = {"GITHUB_ACTIONS": "true", **({"GITHUB_WORKSPACE": str(top / workspace)} if workspace else {})}
    told = annotated(report, top / rootdir, environ)
    assert told.startswith(f"::error file={file.format(top)},line=3,title=sdperf%3A ship BROKEN::")


def test_a_link_to_the_workspace_is_the_workspace(report, tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    environ = {"GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": str(tmp_path / "link")}
    outcome = msgspec.structs.replace(report.outcomes[0], line=None)
    assert annotated(Report([outcome]), tmp_path / "real", environ).startswith("::error file=t.py,line=1,")
