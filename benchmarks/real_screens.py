"""How often does the verdict against recorded runs err for real? This project's variants, some of them slowed down."""

from __future__ import annotations

import argparse
import math
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import machine

from pytest_sdperf.launch.host_lock import host_lock
from pytest_sdperf.report import json as report_json
from pytest_sdperf.report.finding_text import sentence
from pytest_sdperf.report.outcome import Outcome
from pytest_sdperf.variants.registry import Registry
from pytest_sdperf.verdict.latency_findings import StoredLatencyFinding, worst_size

KNOWN = Registry()

VARIANTS = tuple(KNOWN)
"""All; a variant that cannot run here is skipped."""

SLOWDOWNS = {0.0: 60, 0.15: 20, 0.30: 20}
"""Slowdown of a picture -> screens."""


_HARBOUR = '''"""The real variants, with a burden on one stage: it burns CPU time for a share of its own time."""

import importlib
import time

from pytest_sdperf.worker.stages import find_stages, wrap

STAGE = "unet"


def _build(module, context, burden):
    pipeline = importlib.import_module(f"pytest_sdperf.variants.{module}").build(context)
    if burden:
        owner, method = find_stages(pipeline)[STAGE]
        wrap(STAGE, owner, method, lambda stage: burdened(stage, burden))
    return pipeline


def burdened(stage, burden):
    def call(*args, **kwargs):
        begin = time.perf_counter()
        answer = stage(*args, **kwargs)
        end = time.perf_counter()
        while time.perf_counter() - end < burden * (end - begin):
            pass
        return answer

    return call
'''

_BUILDER = """

def build_{name}(context):
    return _build("{module}", context, {burden})
"""

_CONFTEST = """import dataclasses

from pytest_sdperf.variants.registry import Registry

VARIANTS = {variants}


def pytest_sdperf_variants():
    known = Registry()
    return [
        dataclasses.replace(
            known[name], name=f"our_{{name}}", factory=f"harbour:build_{{name}}", claims=(), reference=None
        )
        for name in VARIANTS
    ]
"""

_TEST = """

def test_{name}(sd_our_{name}):
    sd_our_{name}.check(num_inference_steps={steps})
"""


class Project:
    """A git repository with the variants, declared by its own modules, and a folder of baselines of this machine."""

    def __init__(self, folder: Path, variants: Sequence[str], steps: int) -> None:
        self.folder, self.variants = folder, variants
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "conftest.py").write_text(_CONFTEST.format(variants=list(variants)), encoding="utf-8")
        tests = "".join(_TEST.format(name=name, steps=steps) for name in variants)
        (folder / "test_ours.py").write_text(tests.lstrip(), encoding="utf-8")
        (folder / ".gitignore").write_text("__pycache__/\nreport.json\n", encoding="utf-8")
        self.burden({})
        if not (folder / ".git").exists():
            self._git("init", "--quiet", "--initial-branch=main")

    def burden(self, shares: Mapping[str, float], comment: str = "") -> None:
        """Let each variant's UNet burn this share of its own time, and be another program by a comment."""
        builders = "".join(
            _BUILDER.format(name=name, module=_module(name), burden=shares.get(name, 0.0)) for name in self.variants
        )
        text = _HARBOUR + builders + (f"\n# {comment}\n" if comment else "")
        (self.folder / "harbour.py").write_text(text, encoding="utf-8")

    def commit(self) -> None:
        """All that is there, so that the recorded program has a revision."""
        self._git("add", "--all")
        who = ("-c", "user.name=study", "-c", "user.email=study@example.org")
        self._git(*who, "commit", "--quiet", "--allow-empty", "-m", "Recorded")

    def run(self, *arguments: str) -> dict[str, Any]:
        """One pytest run: seconds, and what was found of each case."""
        report = self.folder / "report.json"
        report.unlink(missing_ok=True)
        command = [sys.executable, "-m", "pytest", "--sdperf", "--sdperf-gate=latency", f"--sdperf-json={report}"]
        command += ["-p", "no:cacheprovider", *arguments]
        with host_lock(machine.tell):
            pass  # waiting for another session is no part of the run's time
        begun_s, load = time.perf_counter(), os.getloadavg()[0]
        done = subprocess.run(
            command, cwd=self.folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
        wall_s = time.perf_counter() - begun_s
        found: dict[str, Any] = {
            "arguments": list(arguments),
            "started": round(time.time() - wall_s),
            "wall_s": round(wall_s, 1),
            "load_before": round(load, 2),
            "exit_code": done.returncode,
            "cases": {},
        }
        if not report.is_file():
            return {**found, "output": (done.stdout + done.stderr)[-2000:]}
        for outcome in report_json.read(report.read_text(encoding="utf-8")).outcomes:
            found["cases"][outcome.measurement.variant.removeprefix("our_")] = _case(outcome)
        return found

    def _git(self, *arguments: str) -> None:
        subprocess.run(["git", "-C", str(self.folder), *arguments], check=True, env={**os.environ, "LC_ALL": "C"})


def _module(name: str) -> str:
    """The module that a built-in variant is built by."""
    return str(KNOWN[name].factory).partition(":")[0].rpartition(".")[2]


def _case(outcome: Outcome) -> dict[str, Any]:
    """What was found of one case."""
    finding = outcome.verdict.latency if outcome.verdict else None
    assert finding is not None
    stages = outcome.measurement.stages_s()
    found: dict[str, Any] = {
        "status": finding.status.value,
        "sentence": sentence(finding),
        "side_by_side": outcome.comparison is not None,
        "processes": len(outcome.measurement.processes),
        "process_medians_ms": [round(s * 1e3, 2) for s in outcome.measurement.latency.process_medians_s],
        "unet_share": round(stages.get("unet", 0.0) / sum(stages.values()), 4),
        "recorded": outcome.recorded,
    }
    sizes = finding.sizes if finding.missing is None else []
    if sizes:
        worst = worst_size(sizes)
        found |= {"ratio": worst.ratio, "detectable": worst.detectable}
    if isinstance(finding, StoredLatencyFinding):
        found["runs"] = finding.runs
    return found


def render(document: dict[str, Any]) -> str:
    """The result as Markdown."""
    lines = ["# Real verdicts against recorded runs", "", *machine.render_header(document), ""]
    lines += [
        f"- {len(document['variants'])} variants ({', '.join(document['variants'])}), {document['steps']} steps",
        f"- {len(document['recorded'])} recorded runs, {_hours(document['recorded']):.1f} hours from first to last",
        (
            "- each screen is another program than the recorded one: a comment of the module is changed, and its UNets "
            "burn a share of a picture's time"
        ),
        "",
    ]
    rows = []
    for key in document["screens"]:
        slowdown, escalate = key.split()
        cases = [case for run in document["screens"][key] for case in run["cases"].values()]
        counted = Counter(case["status"] for case in cases)
        seconds = [run["wall_s"] for run in document["screens"][key]]
        processes = [case["processes"] for case in cases if not case["side_by_side"]]
        rows.append(
            [
                f"{float(slowdown):.0%}, {escalate}",
                *map(str, (len(cases), counted["REGRESSED"], counted["PASSED"] + counted["FASTER"])),
                str(counted["INCONCLUSIVE"]),
                str(len(cases) - sum(counted[word] for word in ("REGRESSED", "PASSED", "FASTER", "INCONCLUSIVE"))),
                str(sum(case["side_by_side"] for case in cases)),
                f"{sum(processes) / len(processes):.1f}" if processes else "-",
                f"{sum(seconds) / len(seconds):.0f} s" if seconds else "-",
            ]
        )
    headings = ["slower by, escalation", "screens", "REGRESSED", "PASSED", "INCONCLUSIVE", "other", "side by side"]
    lines += [*machine.table([*headings, "processes", "a run"], rows), ""]
    lines += ["## Smallest slowdown that would have been seen", ""]
    seen = [[name, *(_detectable(document, name, runs) for runs in (1, 2, 3, 10))] for name in document["variants"]]
    lines += [*machine.table(["variant, median", "1 run", "2 runs", "3 runs", "10 runs"], seen), ""]
    lines += ["## The same program again", ""]
    again = [
        [
            " ".join(run["arguments"]) or "as it is",
            f"{run['wall_s']:.0f} s",
            ", ".join(f"{n} {word}" for word, n in Counter(c["status"] for c in run["cases"].values()).items()),
        ]
        for run in document["same"]
    ]
    return "\n".join([*lines, *machine.table(["asked for", "wall time", "latencies"], again), ""])


def _hours(runs: Sequence[dict[str, Any]]) -> float:
    started = [run["started"] for run in runs]
    return (max(started) - min(started)) / 3600 if started else 0.0


def _detectable(document: dict[str, Any], name: str, runs: int) -> str:
    every = [run["cases"].get(name, {}) for kind in document["screens"].values() for run in kind] + [
        run["cases"].get(name, {}) for run in document["same"]
    ]
    found = sorted(
        case["detectable"] or 99.0 for case in every if case.get("runs") == runs and case.get("detectable", 0) != 0
    )
    return f"{found[len(found) // 2]:.0%} ({len(found)})" if found else "-"


class Study:
    """Records, runs the same program again, and screens other programs, until each count is reached or time is over."""

    def __init__(self, project: Project, document: dict[str, Any], arguments: argparse.Namespace) -> None:
        self.project, self.document, self.arguments = project, document, arguments
        self._ends_s = time.monotonic() + 60 * arguments.minutes
        self._limit = f"--sdperf-max-slowdown={arguments.max_slowdown}"

    def run(self) -> None:
        """Each part as far as it may go now: with fewer recorded runs than wanted, its share of equal speeds alone."""
        recorded = self.document["recorded"]
        while self._may_record():
            self.project.burden({})
            recorded.append(self._run(f"--sdperf-update={'all' if recorded else 'new'}"))
            self.project.commit()
            self._keep()
        self._again([])
        self._again(["--sdperf-identical=measure"])
        for slowdown, count in SLOWDOWNS.items():
            share = len(recorded) / self.arguments.recorded
            if slowdown == 0 or share >= 1:
                wanted = (self.arguments.screens or count) * share
                for escalate in ("off", "auto") if slowdown else ("off",):
                    self._screen(slowdown, escalate, wanted)

    def _may_record(self) -> bool:
        recorded = self.document["recorded"]
        since_s = time.time() - recorded[-1]["started"] if recorded else math.inf
        is_due = since_s > 3600 * self.arguments.hours_apart
        return is_due and len(recorded) < self.arguments.recorded and self._has_time()

    def _again(self, asked: list[str]) -> None:
        """The recorded program, once after each recording."""
        done = [run for run in self.document["same"] if run["arguments"] == [*asked, self._limit]]
        if len(done) < len(self.document["recorded"]) and self._has_time():
            self.project.burden({})
            self.document["same"].append(self._run(*asked, self._limit))
            self._keep()

    def _screen(self, slowdown: float, escalate: str, wanted: float) -> None:
        """Other programs, until there are as many verdicts."""
        runs = self.document["screens"].setdefault(f"{slowdown} {escalate}", [])
        shares = {name: case["unet_share"] for name, case in self.document["recorded"][0]["cases"].items()}
        while sum(len(run["cases"]) for run in runs) < wanted and self._has_time():
            burdens = {name: slowdown / share for name, share in shares.items()}
            self.project.burden(burdens, comment=f"another program, {time.time_ns()}")
            runs.append(self._run(f"--sdperf-escalate={escalate}", self._limit))
            found = Counter(case["status"] for case in runs[-1]["cases"].values())
            machine.tell(f"{slowdown:.0%} slower, escalation {escalate}: {dict(found)}")
            self._keep()

    def _run(self, *arguments: str) -> dict[str, Any]:
        found = self.project.run(*arguments)
        if not found["cases"]:
            sys.exit(f"this run gave no report (exit code {found['exit_code']}):\n{found.get('output')}")
        return found

    def _has_time(self) -> bool:
        return time.monotonic() < self._ends_s

    def _keep(self) -> None:
        machine.write(self.document, render(self.document), self.arguments.name, Path(self.arguments.results))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--variants", default=",".join(VARIANTS))
    parser.add_argument("--steps", type=int, default=20, help="denoising steps of the bundled model's pictures")
    parser.add_argument("--recorded", type=int, default=3, help="runs to record")
    parser.add_argument("--hours-apart", type=float, default=0.0, help="between two recordings at least")
    parser.add_argument(
        "--screens", type=int, default=0, help="of each kind; 0: 60 at equal speed, 20 of each slowdown"
    )
    parser.add_argument("--max-slowdown", default="5%", help="the limit of every screen")
    parser.add_argument("--minutes", type=float, default=600, help="begin nothing further after that long")
    parser.add_argument(
        "--folder", type=Path, help="of the project and its baselines, to go on with; default: a new one"
    )
    parser.add_argument(
        "--name", default="real_screens", help="name of the result's files; what is there is gone on with"
    )
    parser.add_argument("--results", default=str(machine.RESULTS), help="folder of the result's files")
    arguments = parser.parse_args()
    results, variants = Path(arguments.results), arguments.variants.split(",")
    path = results / f"{arguments.name}.json.gz"
    begun: dict[str, Any] = {"recorded": [], "same": [], "screens": {}, "variants": variants, "steps": arguments.steps}
    document = {"benchmark": "real_screens", "version": 1, "header": machine.header(), **begun}
    if path.is_file():
        found = machine.read(path)
        here, there = ((d["header"]["machine"]["key"], d["variants"], d["steps"]) for d in (document, found))
        if here != there:
            sys.exit(f"{path} is of {there}, not of {here}; give another --name")
        if not arguments.folder:
            sys.exit(f"{path} is to be gone on with: name the --folder of its baselines")
        document = found

    with tempfile.TemporaryDirectory(prefix="sdperf-screens-") as scratch:
        project = Project(arguments.folder or Path(scratch, "project"), variants, arguments.steps)
        Study(project, document, arguments).run()
    print(render(document))


if __name__ == "__main__":
    main()
