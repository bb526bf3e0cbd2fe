"""What stored baselines can tell at another hour: record a job, gate against it later, add it, gate again later."""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import machine

from pytest_sdperf.report import json as report_json
from pytest_sdperf.report.finding_text import sentence

STEPS = ("--sdperf-update=new", "", "--sdperf-update=all", "", "--sdperf-update=all", "")
"""What each run of the job is asked for: record, gate against one job, add a second, gate against two, and so on."""


def run(option: str, folder: Path, variants: str, extra: Sequence[str]) -> dict[str, Any]:
    """One run of this project's job on some variants -> what was found of each case."""
    report = folder / "report.json"
    report.unlink(missing_ok=True)
    command = [sys.executable, "-m", "pytest", "tests/perf", "--sdperf", f"--sdperf-variants={variants}"]
    command += [f"--sdperf-baselines={folder / 'baselines'}", f"--sdperf-json={report}", "-p", "no:cacheprovider"]
    command += [*filter(None, [option]), *extra]
    started = datetime.now(timezone.utc)
    done = subprocess.run(
        command, cwd=machine.ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if not report.is_file():
        sys.exit(f"this run gave no report (exit code {done.returncode}):\n{done.stdout}{done.stderr}")
    cases = {}
    for outcome in report_json.read(report.read_text(encoding="utf-8")).outcomes:
        finding = outcome.verdict.latency if outcome.verdict else None
        assert finding is not None
        cases[outcome.measurement.variant] = {
            "process_medians_s": outcome.measurement.latency.process_medians_s,
            "status": finding.status.value,
            "sentence": sentence(finding),
            "recorded": outcome.recorded,
            "replaced_because": outcome.replaced_because,
        }
    return {"option": option, "started_utc": f"{started:%Y-%m-%d %H:%M}", "exit_code": done.returncode, "cases": cases}


def render(document: dict[str, Any]) -> str:
    """The result as Markdown."""
    lines = [
        "# Stored baselines at another hour",
        "",
        *machine.render_header(document),
        (
            f"- each run: `{document['job']}` and what the table says, with one folder of baselines; "
            "the program never changed"
        ),
        "",
    ]
    rows = [
        [
            one["started_utc"],
            one["option"] or "gate",
            variant,
            ", ".join(f"{s * 1e3:.0f}" for s in case["process_medians_s"]),
            "recorded" + (f", replaced: {case['replaced_because']}" if case["replaced_because"] else "")
            if case["recorded"]
            else case["status"],
        ]
        for one in document["runs"]
        for variant, case in one["cases"].items()
    ]
    lines += machine.table(["started, UTC", "asked for", "variant", "processes, ms", "latency"], rows)
    gated = [
        f"- {one['started_utc']}, {variant}: {case['sentence']}"
        for one in document["runs"]
        for variant, case in one["cases"].items()
        if not one["option"]
    ]
    return "\n".join([*lines, "", "What the gating runs said:", "", *gated, ""])


def _ending(case: dict[str, Any]) -> str:
    """The latency's status, or that the run was recorded, and why in place of earlier ones."""
    if not case["recorded"]:
        return str(case["status"])
    return f"recorded, replaced: {case['replaced_because']}" if case["replaced_because"] else "recorded"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--variants", default="fp32,openvino_static", help="as for --sdperf-variants")
    parser.add_argument("--runs", type=int, default=4, help=f"of {len(STEPS)}: record, then gate and add in turn")
    parser.add_argument("--pause-minutes", type=float, default=35, help="before each gating run")
    parser.add_argument("--name", default="stored_screen", help="name of the result's files")
    parser.add_argument("--results", default=str(machine.RESULTS), help="folder of the result's files")
    parser.add_argument("pytest_arguments", nargs="*", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    extra = arguments.pytest_arguments
    document: dict[str, Any] = {
        "benchmark": "stored_screen",
        "version": 1,
        "header": machine.header(),
        "job": " ".join(["pytest tests/perf --sdperf", f"--sdperf-variants={arguments.variants}", *extra]),
        "runs": [],
    }
    with tempfile.TemporaryDirectory(prefix="sdperf-stored-") as folder:
        for option in STEPS[: arguments.runs]:
            if not option:
                time.sleep(60 * arguments.pause_minutes)
            document["runs"].append(run(option, Path(folder), arguments.variants, extra))
            machine.tell(f"{option or 'gate'}: done")
            machine.write(document, render(document), arguments.name, Path(arguments.results))
    print(render(document))


if __name__ == "__main__":
    main()
