"""How often does the side-by-side verdict err for real? Gates from end to end through pytest, some with a burden."""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import machine
import real_gates_table

from pytest_sdperf.comparison import Comparison, latencies_s
from pytest_sdperf.diff.changes import stage_changes
from pytest_sdperf.launch.host_lock import host_lock
from pytest_sdperf.report import json as report_json
from pytest_sdperf.report.finding_text import sentence
from pytest_sdperf.report.outcome import Outcome
from pytest_sdperf.verdict.latency_findings import worst_size

GATES = {0.0: 40, 0.03: 20, 0.05: 20, 0.10: 20}
"""Slowdown of the head -> gates of each variant."""

VARIANTS = ("fp32", "openvino_static")

_HARBOUR = '''"""The real variants, with a burden on one stage: it computes nothing for a share of its own time."""

import time

from pytest_sdperf.worker.stages import find_stages, wrap
from pytest_sdperf.variants.{module} import build as build_real

STAGE = "unet"
BURDEN = {burden}


def build(context):
    pipeline = build_real(context)
    owner, method = find_stages(pipeline)[STAGE]
    wrap(STAGE, owner, method, burdened)
    return pipeline


def burdened(stage):
    def call(*args, **kwargs):
        begin = time.perf_counter()
        answer = stage(*args, **kwargs)
        end = time.perf_counter()
        while time.perf_counter() - end < BURDEN * (end - begin):
            pass
        return answer

    return call
'''

_CONFTEST = """import dataclasses

from pytest_sdperf.variants.registry import Registry


def pytest_sdperf_variants():
    return [dataclasses.replace(Registry()["{variant}"], name="ours", factory="harbour:build", claims=())]
"""

_TEST = """def test_ours(sd_ours):
    sd_ours.check(num_inference_steps={steps})
"""


class Project:
    """A git repository whose branch `main` is the variant as it is; its working tree is the head of each gate."""

    def __init__(self, folder: Path, variant: str, steps: int) -> None:
        self.folder = folder
        self._module = "openvino_static" if variant == "openvino_static" else variant
        folder.mkdir(parents=True)
        (folder / "conftest.py").write_text(_CONFTEST.format(variant=variant), encoding="utf-8")
        (folder / "test_ours.py").write_text(_TEST.format(steps=steps), encoding="utf-8")
        (folder / ".gitignore").write_text("__pycache__/\nreport.json\n", encoding="utf-8")
        self.burden(0.0)
        self._git("init", "--quiet", "--initial-branch=main")
        self._git("add", "--all")
        self._git("-c", "user.name=study", "-c", "user.email=study@example.org", "commit", "--quiet", "-m", "The base")

    def burden(self, share: float) -> None:
        """Let the head's UNet compute nothing for this share of its own time; at 0 only a comment differs."""
        text = _HARBOUR.format(module=self._module, burden=share) + f"# head of {time.time_ns()}\n"
        (self.folder / "harbour.py").write_text(text, encoding="utf-8")

    def run(self, *arguments: str) -> tuple[int, Path, str]:
        """One pytest run -> (exit code, JSON report, output)."""
        report = self.folder / "report.json"
        report.unlink(missing_ok=True)
        command = [sys.executable, "-m", "pytest", "--sdperf", "--sdperf-gate=latency"]
        command += [f"--sdperf-json={report}", "-p", "no:cacheprovider", *arguments]
        done = subprocess.run(
            command, cwd=self.folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
        return done.returncode, report, done.stdout + done.stderr

    def _git(self, *arguments: str) -> None:
        subprocess.run(["git", "-C", str(self.folder), *arguments], check=True, env={**os.environ, "LC_ALL": "C"})


def unet_share(project: Project) -> float:
    """The UNet's share of a picture's time, without a burden, from one process."""
    project.burden(0.0)
    code, report, output = project.run("--sdperf-missing=skip", "--sdperf-processes=1")
    if not report.is_file():
        sys.exit(f"the first run gave no report (exit code {code}):\n{output}")
    stages = _outcome(report).measurement.stages_s()
    return stages["unet"] / sum(stages.values())


def measure(project: Project, variant: str, slowdown: float, share: float) -> dict[str, Any]:
    """One gate of a head slowed down by ``slowdown`` of its picture's time."""
    project.burden(slowdown / share)
    with host_lock(machine.tell):
        pass  # waiting for another session is no part of the gate's time
    load, begin_s = os.getloadavg()[0], time.perf_counter()
    code, report, output = project.run("--sdperf-against=main")
    wall_s = time.perf_counter() - begin_s
    if not report.is_file():
        return {"variant": variant, "slowdown": slowdown, "status": "no report", "output": output[-2000:]}
    outcome = _outcome(report)
    finding = outcome.verdict.latency if outcome.verdict else None
    assert finding is not None
    assert outcome.comparison is not None
    head = outcome.measurement
    moved = stage_changes(outcome.comparison.measurement_of_base(head), head, head.sizes[0])
    return {
        "variant": variant,
        "slowdown": slowdown,
        "status": finding.status.value,
        "sentence": sentence(finding),
        "figures": {"ratio": worst_size(finding.sizes).ratio} if finding.sizes else {},
        "stage": moved[0].split()[0] if moved else "",
        "exit_code": code,
        "wall_s": round(wall_s, 2),
        "load_before": round(load, 2),
        "started": round(time.time() - wall_s),
        "pairs": list(_pairs(outcome.comparison)),
    }


def _pairs(comparison: Comparison) -> Iterator[dict[str, Any]]:
    """Raw samples, ms: what the study of the calibration kernel starts from."""
    for pair in comparison.pairs:
        [size] = pair.head.images
        yield {
            "base_ms": [round(s * 1e3, 2) for s in latencies_s(pair.base, size)],
            "head_ms": [round(s * 1e3, 2) for s in latencies_s(pair.head, size)],
            "kernel_ms": {arm: [round(ns / 1e6, 3) for ns in times] for arm, times in pair.kernel_ns[size].items()},
            "drew_first": "".join(arm[0] for arm in pair.drew_first[size]),
            "started_first": pair.started_first,
            "steal": round(pair.seen.steal, 4),
            "foreign": round(pair.seen.foreign, 4),
            "switches": pair.seen.involuntary_switches,
            "dropped": pair.dropped,
            "spent_s": {phase: round(spent, 2) for phase, spent in pair.spent_s.items()},
        }


def _outcome(report: Path) -> Outcome:
    [outcome] = report_json.read(report.read_text(encoding="utf-8")).outcomes
    return outcome


def plan(variants: Sequence[str], gates: dict[float, int], done: Sequence[dict[str, Any]], seed: int) -> list[Any]:
    """(variant, slowdown) of every gate still to be run, in random order, the same order for the same seed.

    The kinds go on side by side: whenever the study is stopped, each has about the same share of its gates behind it.
    """
    draw = random.Random(seed)
    left = Counter((gate["variant"], gate["slowdown"]) for gate in done)
    todo = []
    for kind in ((variant, slowdown) for variant in variants for slowdown in gates):
        count = gates[kind[1]]
        places = [(i + draw.random()) / count for i in range(count)]
        todo += [(place, *kind) for place in places[left[kind] :]]
    return [(variant, slowdown) for _, variant, slowdown in sorted(todo)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--variants", default=",".join(VARIANTS))
    parser.add_argument("--steps", type=int, default=10, help="denoising steps of the bundled model's pictures")
    parser.add_argument("--slowdowns", default=",".join(map(str, GATES)), help="of the head's picture, as shares")
    parser.add_argument("--gates", type=int, default=0, help="of each kind; 0: 40 without a burden, 20 with each")
    parser.add_argument("--minutes", type=float, default=600, help="begin no further gate after that long")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--name", default="real_gates", help="name of the result's files; what is there is gone on with"
    )
    parser.add_argument("--results", default=str(machine.RESULTS), help="folder of the result's files")
    arguments = parser.parse_args()
    folder = Path(arguments.results)
    document = _begun(folder / f"{arguments.name}.json.gz", arguments)
    gates = {s: arguments.gates or GATES.get(s, 20) for s in map(float, arguments.slowdowns.split(","))}
    ends_s = time.monotonic() + 60 * arguments.minutes
    with tempfile.TemporaryDirectory() as scratch:
        projects: dict[str, Project] = {}
        for variant, slowdown in plan(arguments.variants.split(","), gates, document["gates"], arguments.seed):
            if time.monotonic() > ends_s:
                break
            if variant not in projects:
                projects[variant] = Project(Path(scratch, variant), variant, arguments.steps)
                if variant not in document["unet_share"]:
                    document["unet_share"][variant] = unet_share(projects[variant])
            gate = measure(projects[variant], variant, slowdown, document["unet_share"][variant])
            gate["commit"] = document["commit"]
            document["gates"].append(gate)
            machine.tell(f"{variant} +{slowdown:.0%}: {gate['status']}, {len(gate.get('pairs', []))} pairs")
            machine.write(document, real_gates_table.render(document), arguments.name, folder)
    print(real_gates_table.render(document))


def _begun(path: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    """What was measured before, or the head of a new result. Gates of different machines or steps are never mixed.

    Those of different commits may be: hundreds of gates take longer than code stands still, and each says its own.
    """
    header = machine.header()
    if not path.is_file():
        kind = {"benchmark": "real_gates", "version": 1, "header": header, "steps": arguments.steps}
        return {**kind, "unet_share": {}, "gates": [], "commit": header["commit"]}
    found = machine.read(path)
    here = (header["machine"]["key"], arguments.steps)
    there = (found["header"]["machine"]["key"], found["steps"])
    if there != here:
        sys.exit(f"{path} is of {there[0]}, {there[1]} steps, not of {here[0]}, {here[1]} steps; give another --name")
    return {**found, "commit": header["commit"]}


if __name__ == "__main__":
    main()
