"""What every result says of itself: machine, versions, commit, command, date; and how it is written."""

from __future__ import annotations

import gzip
import json
import os
import platform
import shlex
import subprocess
import sys
from collections.abc import Sequence
from datetime import datetime, timezone
from importlib import metadata
from pathlib import Path
from typing import Any

from pytest_sdperf.hardware.detection import detect
from pytest_sdperf.hardware.libraries import find_library
from pytest_sdperf.hardware.machine import machine_key
from pytest_sdperf.hardware.resources import pinned_cpus
from pytest_sdperf.launch.launcher import Launcher
from pytest_sdperf.measure.progress import Reach, Step
from pytest_sdperf.units import format_bytes
from pytest_sdperf.worker.environment import package_versions, steering_variables

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
RESULTS = HERE / "results"


def tell(line: str) -> None:
    """One line of progress, with the time of day."""
    print(f"{datetime.now(timezone.utc):%H:%M:%S} {line}", file=sys.stderr, flush=True)


def show(step: Step) -> None:
    """The steps that a log should have a line of."""
    if step.reach is Reach.LOG:
        tell(step.line)


def launcher() -> Launcher:
    """Starts workers that can import the modules of this folder."""
    return Launcher(
        base_env=dict(os.environ),
        cpus=pinned_cpus(),
        find_library=find_library,
        extra_sys_path=(str(HERE), str(ROOT)),
    )


def header(argv: Sequence[str] = ()) -> dict[str, Any]:
    """The part of a result that is the same for every benchmark; ``argv`` defaults to the process's own."""
    machine = detect()
    versions = {"python": platform.python_version()}
    versions.update({name: metadata.version(name) for name in ("pytest", "pluggy", "scikit-image", "scipy")})
    return {
        "command": command_line(argv or sys.argv),
        "started_utc": f"{datetime.now(timezone.utc):%Y-%m-%d %H:%M}",
        "commit": _commit(),
        "machine": {
            "key": machine_key(machine),
            "cpu_model": machine.cpu_model,
            "usable_cores": machine.usable_cores,
            "memory_bytes": machine.memory_bytes,
            "kernel": machine.kernel,
        },
        "load_average_at_start": [round(load, 2) for load in os.getloadavg()],
        "variables": steering_variables(os.environ),
        "versions": {**versions, **package_versions()},
    }


def command_line(argv: Sequence[str]) -> str:
    """``python benchmarks/startup.py --pairs 20``: as people would type it, folders of this machine left out."""
    return shlex.join(["python", f"benchmarks/{Path(argv[0]).name}", *map(_without_folder, argv[1:])])


def write(document: dict[str, Any], text: str, name: str, folder: Path) -> None:
    """Write ``<name>.json.gz`` (raw data) and ``<name>.md`` into ``folder``, each whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    raw = json.dumps(document, indent=1, allow_nan=False) + "\n"
    # no time in the archive, so that the same data are the same bytes
    contents = {"json.gz": gzip.compress(raw.encode(), mtime=0), "md": text.encode()}
    for suffix, content in contents.items():
        draft = folder / f".{name}.{suffix}.part"
        draft.write_bytes(content)
        draft.replace(folder / f"{name}.{suffix}")


def read(path: Path) -> dict[str, Any]:
    """The raw data of a ``<name>.json.gz``."""
    found: dict[str, Any] = json.loads(gzip.decompress(path.read_bytes()))
    return found


def render_header(document: dict[str, Any]) -> list[str]:
    """The header as lines of Markdown."""
    head = document["header"]
    machine, versions = head["machine"], head["versions"]
    variables = " ".join(f"{k}={v}" for k, v in head["variables"].items())
    load = ", ".join(map(str, head["load_average_at_start"]))
    return [
        (
            f"- machine: {machine['key']}: {machine['cpu_model']}, {machine['usable_cores']} usable cores, "
            f"{format_bytes(machine['memory_bytes'])}, kernel {machine['kernel']}; load average at the start {load}"
        ),
        f"- versions: {', '.join(f'{name} {version}' for name, version in versions.items())}",
        *([f"- variables: `{variables}`"] if variables else []),
        f"- command: `{head['command']}`",
        f"- started {head['started_utc']} UTC, commit {head['commit']}",
    ]


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """A Markdown table; the first column is text, the others figures."""
    lines = [headings, [":--", *["--:"] * (len(headings) - 1)], *rows]
    return [f"| {' | '.join(cells)} |" for cells in lines]


def _without_folder(argument: str) -> str:
    option, equals, value = argument.rpartition("=")
    return f"{option}{equals}{Path(value).name}" if Path(value).is_absolute() else argument


def _commit() -> str:
    """Short hash of the checkout, marked where the package differs from it; `unknown` outside of one."""

    def git(*arguments: str) -> str:
        done = subprocess.run(["git", "-C", str(ROOT), *arguments], capture_output=True, text=True, check=True)
        return done.stdout.strip()

    try:
        changed = git("status", "--porcelain", "--", "pytest_sdperf", "benchmarks/*.py")
        return git("rev-parse", "--short=12", "HEAD") + (" with local changes" if changed else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
