"""The gate itself over variants with a fault, with the real libraries."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest

from pytest_sdperf.report import json
from pytest_sdperf.report.outcome import Outcome, Report


@dataclass(frozen=True)
class Gated:
    """One session of the gate."""

    returncode: int
    text: str
    report: Report
    baselines: list[Path]
    "what it stored"

    def outcome(self, variant: str) -> Outcome:
        (found,) = [o for o in self.report.outcomes if o.measurement.variant == variant]
        return found


@pytest.fixture(scope="session")
def gate(tmp_path_factory):
    """gate(conftest, faulty, variants): one session in a project of its own, so that fp32 is drawn once.

    Four steps, one process with one picture each; nothing is stored that latency could be held against. The model has
    random weights by default: most of what is shown here is what a picture does not show.
    """

    def gate(conftest: str, faulty: str, variants: Iterable[str], *, model: str = "synthetic:tiny") -> Gated:
        project = tmp_path_factory.mktemp("project")
        tests = "\n".join(f"def test_{n}(sd_{n}):\n    sd_{n}.check(num_inference_steps=4)\n" for n in variants)
        files = {"pytest.ini": "[pytest]\n", "conftest.py": conftest, "faulty.py": faulty, "test_faults.py": tests}
        for name, content in files.items():
            (project / name).write_text(content)
        options = ["--sdperf", "--sdperf-update=new", "--sdperf-processes=1", "--sdperf-rounds=1"]
        options += [f"--sdperf-model={model}"]
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *options, "--sdperf-json=report.json", "-p", "no:cacheprovider"],
            cwd=project,
            capture_output=True,
            text=True,
            check=False,
        )
        text = done.stdout + done.stderr
        assert (project / "report.json").exists(), text
        report = json.read((project / "report.json").read_text())
        return Gated(done.returncode, text, report, list(project.glob("baselines/*/*.json")))

    return gate
