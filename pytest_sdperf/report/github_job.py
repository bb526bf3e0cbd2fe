"""Additions that a run under GitHub Actions makes by itself: a job summary, and where the repository's root is."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pytest_sdperf.report import markdown, workflow_commands
from pytest_sdperf.report.outcome import Report

SUMMARY = "GITHUB_STEP_SUMMARY"
"""Variable that names the file whose Markdown GitHub shows on the run's page."""

_LEAST_BYTES = 4096
"""Bytes that the shortest summary of any report may take."""


def append_summary(report: Report, environ: Mapping[str, str]) -> str:
    """Append the report to the step's summary; returns what went wrong, as a sentence for people, else nothing.

    Text that other commands of the step have written stays, and counts for GitHub's limit.
    """
    if not (named := environ.get(SUMMARY)):
        return ""
    path = Path(named)
    try:
        written = path.stat().st_size if path.exists() else 0
        room = markdown.MOST_SUMMARY_BYTES - written - 1
        if room < _LEAST_BYTES:
            return (
                f"{SUMMARY}={named} has {written} bytes already, and GitHub shows {markdown.MOST_SUMMARY_BYTES} "
                "at most. Run pytest in a step of its own."
            )
        with path.open("a", encoding="utf-8", newline="\n") as summary:
            summary.write(f"{markdown.render(report, most_bytes=room)}\n")
    except OSError as error:
        return f"{SUMMARY}={named} cannot be written: {error}. Name a file that can, or unset the variable."
    except Exception as error:  # noqa: BLE001 - a fault in this rendering must not cost people the terminal's
        fault = f"{type(error).__name__}: {error}"
        return f"{SUMMARY} cannot be rendered: {fault}. This is a fault of pytest-sdperf: please report it."
    return ""


def annotated(report: Report, rootdir: Path, environ: Mapping[str, str]) -> str:
    """Workflow commands for the report's cases; empty outside of GitHub Actions."""
    if environ.get("GITHUB_ACTIONS") != "true":
        return ""
    return workflow_commands.render(report, folder=_in_workspace(rootdir.resolve(), environ.get("GITHUB_WORKSPACE")))


def _in_workspace(rootdir: Path, workspace: str | None) -> str:
    """The rootdir relative to the repository's root; in full where it lies elsewhere, which GitHub then shows so."""
    top = Path(workspace).resolve() if workspace else None
    return rootdir.relative_to(top).as_posix() if top and rootdir.is_relative_to(top) else rootdir.as_posix()
