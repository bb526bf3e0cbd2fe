"""pytest in an empty folder, with the plugin and without: run, timed, and listened to."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import machine

import pytest_sdperf

NO_TESTS = 5
"""pytest's exit code in an empty folder."""

_EMPTY = "empty_pytest_plugin"


@dataclass
class Arm:
    """pytest with the plugin, or without it."""

    command: list[str]
    environment: dict[str, str]
    folder: Path
    wall_s: list[float] = field(default_factory=list)
    cpu_s: list[float] = field(default_factory=list)
    "user and system time"

    def run(self) -> None:
        """Run pytest once in the empty folder, and note its times."""
        start_ns = time.perf_counter_ns()
        process = subprocess.Popen(
            self.command,
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        _, status, usage = os.wait4(process.pid, 0)
        spent_ns = time.perf_counter_ns() - start_ns
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != NO_TESTS:
            raise SystemExit(f"{' '.join(self.command)} ended with {process.returncode} instead of {NO_TESTS}")
        self.wall_s.append(spent_ns / 1e9)
        self.cpu_s.append(usage.ru_utime + usage.ru_stime)

    def audit(self, report: Path) -> dict[str, Any]:
        """Run it once more, untimed and listened to: what it starts, writes and imports."""
        arguments = self.command[self.command.index("pytest") + 1 :]
        listener = [self.command[0], str(machine.HERE / "audited_pytest.py"), str(report), *arguments]
        for _ in range(2):  # the first one compiles modules, which is not what a start writes
            subprocess.run(listener, cwd=self.folder, env=self.environment, capture_output=True, check=False)
        found: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
        found["written"] = [self._shown(path) for path in found["written"]]
        return found

    def _shown(self, path: str) -> str:
        """``./file`` in the empty folder; temporary files have no name that lasts; others by name."""
        if not Path(path).is_absolute() or Path(path).is_relative_to(self.folder):
            return f"./{os.path.relpath(Path(self.folder, path), self.folder)}"
        temporary = Path(path).is_relative_to(tempfile.gettempdir())
        return "temporary file" if temporary else Path(path).name

    def import_ms(self) -> dict[str, float]:
        """Module -> ms of its own import, reported by the interpreter."""
        command = [self.command[0], "-X", "importtime", *self.command[1:]]
        done = subprocess.run(
            command, cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False
        )
        lines = [line.removeprefix("import time:").split("|") for line in done.stderr.splitlines() if "|" in line]
        return {name.strip(): int(own) / 1e3 for own, _, name in lines if own.strip().isdigit()}


def arms(python: str, work_dir: Path, *, alone: bool) -> dict[str, Arm]:
    """`with` and `without`: switched off where it is installed, elsewhere made to look installed."""
    has_plugin = installed(python)
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "COV_CORE_", "COVERAGE_"))}
    # Compiled modules, as after an installation, whatever this shell says; in a folder that is thrown away.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    environment["PYTHONPYCACHEPREFIX"] = str(work_dir / "compiled")
    if alone:
        environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    made = {}
    for name in ("with", "without"):
        folder, extra = work_dir / name, work_dir / f"site-{name}"
        folder.mkdir(parents=True)
        extra.mkdir()
        arguments = []
        if alone:
            # The first -p makes pytest read the entry points of every distribution, which takes longer the
            # more there are and is not the plugin's doing: so the other arm loads a plugin, too, an empty one.
            (extra / f"{_EMPTY}.py").touch()
            arguments = ["-p", "pytest_sdperf.plugin.hooks" if name == "with" else _EMPTY]
        if not alone and has_plugin and name == "without":
            arguments = ["-p", "no:sdperf"]
        path = [str(extra), os.environ.get("PYTHONPATH", "") if has_plugin else str(_package().parent)]
        if not has_plugin and not alone and name == "with":
            _make_look_installed(extra)
        environment_here = {**environment, "PYTHONPATH": os.pathsep.join(filter(None, path))}
        made[name] = Arm([python, "-m", "pytest", *arguments], environment_here, folder)
    return made


def _package() -> Path:
    return Path(pytest_sdperf.__file__).resolve().parent


def installed(python: str) -> bool:
    """Whether that interpreter finds our entry point by itself."""
    code = "from importlib.metadata import entry_points; print({p.name for p in entry_points(group='pytest11')})"
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True, env=environment)
    return "'sdperf'" in done.stdout


def _make_look_installed(folder: Path) -> None:
    """What an installer would leave: metadata with the entry point, and the list of files that pytest reads."""
    info = folder / f"pytest_sdperf-{pytest_sdperf.__version__}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: pytest-sdperf\nVersion: {pytest_sdperf.__version__}\n", encoding="utf-8"
    )
    (info / "entry_points.txt").write_text("[pytest11]\nsdperf = pytest_sdperf.plugin.hooks\n", encoding="utf-8")
    files = sorted(_package().rglob("*.py"))
    record = [f"{file.relative_to(_package().parent).as_posix()},,\n" for file in files]
    (info / "RECORD").write_text("".join(record), encoding="utf-8")
