"""The project's own gate: how long it takes to record, to run again and to time again, and pytest's own memory."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path
from typing import Any

import machine
import step_clock

from pytest_sdperf.report import json as report_json
from pytest_sdperf.units import format_bytes, format_seconds
from pytest_sdperf.worker.environment import peak_rss_bytes

TARGETS_S = {"again": 75.0, "timed": 120.0}
"""How long a run of the same program may take on two cores: as people run it, and with every latency timed."""

KINDS = {"first": "--sdperf-update=new", "again": "", "timed": "--sdperf-identical=measure"}
"""Kind of a run -> its option: the first records, those again are of the same program."""

TARGET_BYTES = 250e6
"""How much memory pytest's own process may have had, its workers left out."""

_POLL_S = 0.05


def run(arguments: argparse.Namespace, work_dir: Path, number: int, kind: str) -> dict[str, Any]:
    """One run of the main job; reports and logs go to ``work_dir``, and baselines unless they are kept elsewhere."""
    junit, report, log, steps = (work_dir / f"run-{number}.{suffix}" for suffix in ("xml", "json", "log", "steps"))
    steps.touch()
    command = [
        sys.executable,
        *("-m", "pytest", "tests/perf", "--sdperf", "-p", "step_clock"),
        *filter(None, [KINDS[kind]]),
        f"--sdperf-model={arguments.model}",
        f"--sdperf-baselines={(arguments.baselines or work_dir / 'baselines').resolve()}",
        f"--sdperf-json={report}",
        f"--junitxml={junit}",
        *("-p", "no:cacheprovider"),
        *arguments.pytest_arguments,
    ]
    environment = {**os.environ, step_clock.VARIABLE: str(steps)}
    folders = [str(machine.HERE)]
    if not _installed():
        command[3:3] = ["-p", "pytest_sdperf.plugin.hooks"]
        folders.append(str(machine.ROOT))
    environment["PYTHONPATH"] = os.pathsep.join([*folders, environment.get("PYTHONPATH", "")])
    begun_s, start = time.time(), time.perf_counter()
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=machine.ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
        peak_bytes = _watch(process)
    spent_s = time.perf_counter() - start
    machine.tell(f"run {number} ({kind}): {format_seconds(spent_s)}, exit code {process.returncode}")
    output_text = log.read_text(encoding="utf-8", errors="replace")
    print(output_text, file=sys.stderr)
    return {
        "kind": kind,
        "wall_s": spent_s,
        "phases_s": step_clock.phases(steps.read_text(encoding="utf-8"), begun_s, begun_s + spent_s),
        "waited_for_another_session": "waiting for another sdperf session" in output_text,
        "exit_code": process.returncode,
        "parent_peak_rss_bytes": peak_bytes,
        "tests": _tests(junit),
        "cases": _cases(report),
        "processes": _processes(report),
        "decided": _decided(report),
    }


def _watch(process: subprocess.Popen[bytes]) -> int:
    """Wait for the process; returns the high-water mark of its own memory, bytes.

    Read from /proc while it lives: what wait4 reports is the largest of it and all its workers.
    """
    status, peak_bytes = Path(f"/proc/{process.pid}/status"), 0
    while process.poll() is None:
        if "VmHWM" in _text(status):  # it has not ended meanwhile
            peak_bytes = max(peak_bytes, peak_rss_bytes(status))
        time.sleep(_POLL_S)
    return peak_bytes


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except (OSError, ValueError):
        return ""


def _tests(junit: Path) -> dict[str, str]:
    """Test -> `passed`, `skipped: reason` or `failed: sentence`."""
    if not junit.is_file():
        return {}
    found = {}
    for case in ET.parse(junit).getroot().iter("testcase"):  # noqa: S314  pytest wrote it
        outcome = "passed"
        for tag, word in (("skipped", "skipped"), ("failure", "failed"), ("error", "failed")):
            if (state := case.find(tag)) is not None:
                outcome = f"{word}: {(state.get('message') or '').splitlines()[0]}"
        found[str(case.get("name"))] = outcome
    return found


def _cases(report: Path) -> dict[str, float]:
    """Case -> median latency, s."""
    return {o.measurement.case_id: o.measurement.latency.median_s for o in _outcomes(report)}


def _processes(report: Path) -> dict[str, int]:
    """Case -> processes that measured it by itself, or pairs."""
    return {o.measurement.case_id: len(o.measurement.processes) for o in _outcomes(report)}


def _decided(report: Path) -> dict[str, str]:
    """Case -> status of its latency."""
    return {
        o.measurement.case_id: next(f.status.value for f in o.verdict.findings if f.part == "latency")
        for o in _outcomes(report)
        if o.verdict is not None
    }


def _outcomes(report: Path) -> list[Any]:
    return report_json.read(report.read_text(encoding="utf-8")).outcomes if report.is_file() else []


def render(document: dict[str, Any]) -> str:
    """The result as Markdown."""
    rows = [
        [
            f"{number}, {run['kind']}",
            format_seconds(run["wall_s"]),
            format_bytes(run["parent_peak_rss_bytes"]),
            ", ".join(f"{n} {word}" for word, n in _counted(run["tests"]).items()) or "-",
            str(sum(run["processes"].values())),
            ", ".join(f"{n} {status}" for status, n in Counter(run["decided"].values()).items()) or "-",
            str(run["exit_code"]),
        ]
        for number, run in enumerate(document["runs"], 1)
    ]
    last = document["runs"][-1]
    phases = list(dict.fromkeys(phase for run in document["runs"] for phase in run["phases_s"]))
    lines = [
        f"# The main job, {document['model']}",
        "",
        *machine.render_header(document),
        f"- each run: `{document['job']}`; baselines in a folder that is new at the first run, which records",
        "",
        *machine.table(
            ["run", "wall time", "pytest's own peak memory", "tests", "processes", "latency", "exit code"], rows
        ),
        "",
        *(
            f"A run {kind} took {run['wall_s']:.0f} s, {_judged(within=run['wall_s'] < target_s)} {target_s:.0f} s."
            for kind, target_s in TARGETS_S.items()
            for run in document["runs"]
            if run["kind"] == kind
        ),
        (
            f"pytest's own process peaked at {last['parent_peak_rss_bytes'] / 1e6:.0f} MB, "
            f"{_judged(within=last['parent_peak_rss_bytes'] < TARGET_BYTES)} {TARGET_BYTES / 1e6:.0f} MB."
        ),
        "",
        *machine.table(
            ["wall seconds", *(f"run {n}" for n in range(1, len(document["runs"]) + 1))],
            [[phase, *(f"{run['phases_s'].get(phase, 0.0):.1f}" for run in document["runs"])] for phase in phases],
        ),
        "",
        *machine.table(
            ["case, median latency", *(f"run {n}" for n in range(1, len(document["runs"]) + 1))],
            [
                [case, *(format_seconds(r["cases"][case]) if case in r["cases"] else "-" for r in document["runs"])]
                for case in last["cases"]
            ],
        ),
        "",
    ]
    more = [
        f"- run {number} waited for another session on this host: its wall time says nothing"
        for number, run in enumerate(document["runs"], 1)
        if run["waited_for_another_session"]
    ]
    more += [f"- {name}: {outcome}" for name, outcome in last["tests"].items() if outcome != "passed"]
    return "\n".join([*lines, *more, ""] if more else lines)


def _counted(tests: dict[str, str]) -> Counter[str]:
    return Counter(outcome.partition(":")[0] for outcome in tests.values())


def _judged(*, within: bool) -> str:
    return "within the target of" if within else "**not within** the target of"


def _installed() -> bool:
    from importlib.metadata import entry_points

    return any(point.name == "sdperf" for point in entry_points(group="pytest11"))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog="What follows -- goes to pytest, such as -- --sdperf-processes=1",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--model", default="bundled", help="as for --sdperf-model")
    parser.add_argument("--runs", type=int, default=2, help="runs, one after the other; the first records")
    parser.add_argument("--timed", type=int, default=1, help="runs after them with --sdperf-identical=measure")
    parser.add_argument("--baselines", type=Path, help="keep the baselines in this folder, which must be new")
    parser.add_argument("--name", default="main_job", help="name of the result's files")
    parser.add_argument("--results", default=str(machine.RESULTS), help="folder of the result's files")
    parser.add_argument("pytest_arguments", nargs="*", help=argparse.SUPPRESS)
    return parser


def main() -> None:
    parser = _parser()
    arguments = parser.parse_args()
    if arguments.baselines and arguments.baselines.exists():
        parser.error(f"--baselines: {arguments.baselines} is there already; the first run must record")
    document: dict[str, Any] = {
        "benchmark": "main_job",
        "version": 2,
        "header": machine.header(),
        "model": arguments.model,
        "job": " ".join(["pytest tests/perf --sdperf", *arguments.pytest_arguments]),
        "runs": [],
    }
    with tempfile.TemporaryDirectory(prefix="sdperf-main-job-") as folder:
        kinds = ["first", *["again"] * (arguments.runs - 1), *["timed"] * arguments.timed]
        for number, kind in enumerate(kinds, 1):
            machine.tell(f"run {number} of {len(kinds)} …")
            document["runs"].append(run(arguments, Path(folder), number, kind))
            machine.write(document, render(document), arguments.name, Path(arguments.results))
    print(render(document))


if __name__ == "__main__":
    main()
