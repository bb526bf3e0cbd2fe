"""A library is bumped after the baselines were recorded: what does `pytest --sdperf` alone say, and at what cost?"""

from __future__ import annotations

import argparse
import os
import subprocess
import tempfile
import time
from importlib import metadata
from pathlib import Path
from typing import Any

import machine
from version_bump import render, test_of, without_folders

from pytest_sdperf.base.recorded_versions import interpreter_with
from pytest_sdperf.launch.host_lock import host_lock

_QUIET = ("-p", "no:cacheprovider", "-p", "no:benchmark")
_RECORD, _GATE = ("--sdperf", "--sdperf-update=new"), ("--sdperf",)


def run(python: str, folder: Path, arguments: tuple[str, ...]) -> dict[str, Any]:
    """One pytest run in ``folder``."""
    command = ["pytest", *arguments, *_QUIET]
    load, begin_s = os.getloadavg()[0], time.perf_counter()
    done = subprocess.run(
        [python, "-m", *command],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(machine.ROOT)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return {
        "command": command,
        "exit_code": done.returncode,
        "wall_s": round(time.perf_counter() - begin_s, 1),
        "load_before": round(load, 2),
        "output": without_folders(done.stdout, folder),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--recorded", default="openvino=2026.3.1", help="PACKAGE=VERSION of the recording run")
    parser.add_argument("--variant", default="openvino_static", help="built-in variant")
    parser.add_argument("--steps", type=int, default=10, help="denoising steps of the bundled model's pictures")
    parser.add_argument("--results", default=str(machine.RESULTS), help="folder of the result's files")
    parser.add_argument("--name", default="bump_since_recorded", help="name of the result's files")
    arguments = parser.parse_args()
    package, _, version = arguments.recorded.partition("=")
    document: dict[str, Any] = {
        "benchmark": "bump_since_recorded",
        "version": 1,
        "title": "A bump after the baseline was recorded",
        "header": machine.header(),
        "runs": [],
    }
    with host_lock(machine.tell):
        pass  # waiting for another session is no part of the time
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch, "project")
        folder.mkdir()
        (folder / "test_speed.py").write_text(test_of(arguments.variant, arguments.steps), encoding="utf-8")
        # Both lie over this environment, so that the package is all that differs.
        for with_version, step in ((version, _RECORD), (metadata.version(package), _GATE)):
            own = interpreter_with({package: with_version}, environ=os.environ, folder=folder, show=machine.tell)
            found = run(str(own.path), folder, step)
            document["runs"].append({**found, "bump": f"with {package} {with_version}", "diff": ""})
            machine.tell(f"{' '.join(step)}: exit code {found['exit_code']} after {found['wall_s']:.0f} s")
            machine.write(document, render(document), arguments.name, Path(arguments.results))
    print(render(document))


if __name__ == "__main__":
    main()
