"""What the plugin costs a pytest run that does not use it: time, processes and files, in an empty folder."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import machine
import pairs

import pytest_sdperf
from pytest_sdperf.runner.host_lock import host_lock

TARGET_S = 0.005
"""How much longer pytest may take."""

NO_TESTS = 5
"""pytest's exit code in an empty folder."""

SURROUNDINGS = {
    "installed": "every plugin of this interpreter, as pytest finds them",
    "alone": "no other plugin (PYTEST_DISABLE_PLUGIN_AUTOLOAD): nothing that others import is free for us",
}

_HEAVY = ("numpy", "scipy", "skimage", "PIL", "jinja2", "rich", "torch", "diffusers", "openvino", "msgspec", "psutil")


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
        """Module -> ms of its own import, told by the interpreter."""
        command = [self.command[0], "-X", "importtime", *self.command[1:]]
        done = subprocess.run(
            command, cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False
        )
        lines = [line.removeprefix("import time:").split("|") for line in done.stderr.splitlines() if "|" in line]
        return {name.strip(): int(own) / 1e3 for own, _, name in lines if own.strip().isdigit()}


def arms(python: str, work_dir: Path, *, alone: bool) -> dict[str, Arm]:
    """`with` and `without`: where the plugin is installed it is switched off, elsewhere it is made to look installed."""
    installed = _installed(python)
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
        if alone and name == "with":
            arguments = ["-p", "pytest_sdperf.plugin"]
        if not alone and installed and name == "without":
            arguments = ["-p", "no:sdperf"]
        path = [os.environ.get("PYTHONPATH", "")]
        if not installed:
            path = [str(extra), str(_package().parent)]
            if not alone and name == "with":
                _make_look_installed(extra)
        environment_here = {**environment, "PYTHONPATH": os.pathsep.join(filter(None, path))}
        made[name] = Arm([python, "-m", "pytest", *arguments], environment_here, folder)
    return made


def study(arguments: argparse.Namespace, work_dir: Path, *, alone: bool) -> dict[str, Any]:
    """All pairs in one of the surroundings, then what each arm starts, writes and imports."""
    both = arms(arguments.python, work_dir, alone=alone)
    for arm in both.values():
        for _ in range(2):  # compiles modules and fills the disk's cache
            arm.run()
        arm.wall_s.clear()
        arm.cpu_s.clear()
    for order in pairs.orders(arguments.pairs, arguments.seed):
        for letter in order:
            both["with" if letter == "A" else "without"].run()
    audits = {name: arm.audit(work_dir / f"{name}.json") for name, arm in both.items()}
    added = sorted(set(audits["with"]["modules"]) - set(audits["without"]["modules"]))
    times_ms = both["with"].import_ms()
    return {
        "wall_s": {name: arm.wall_s for name, arm in both.items()},
        "cpu_s": {name: arm.cpu_s for name, arm in both.items()},
        "started": {name: audit["started"] for name, audit in audits.items()},
        "written": {name: audit["written"] for name, audit in audits.items()},
        "left_behind": {
            name: sorted(str(p.relative_to(arm.folder)) for p in arm.folder.rglob("*")) for name, arm in both.items()
        },
        "modules_added_ms": {name: times_ms.get(name, 0.0) for name in added},
        "heavy_modules_added": [name for name in added if name.partition(".")[0] in _HEAVY],
    }


def derive(found: dict[str, Any]) -> dict[str, Any]:
    """With minus without, pair by pair."""
    return {
        clock: {
            **{name: pairs.summary(found[clock][name]) for name in ("with", "without")},
            "difference": pairs.summary(
                [a - b for a, b in zip(found[clock]["with"], found[clock]["without"], strict=True)]
            ),
        }
        for clock in ("wall_s", "cpu_s")
    }


def render(document: dict[str, Any]) -> str:
    """The result as Markdown."""
    lines = [
        "# Start-up: pytest in an empty folder, with the plugin and without",
        "",
        *machine.render_header(document),
        f"- measured in {document['measured_python']}; plugin {document['plugin']}",
        f"- {document['pairs']} pairs in each surroundings, shuffled order, half of each order (seed {document['seed']})",
    ]
    for name, found in document["surroundings"].items():
        lines += ["", f"## {name}: {SURROUNDINGS[name]}", "", *_section(found)]
    return "\n".join([*lines, ""])


def _section(found: dict[str, Any]) -> list[str]:
    rows = []
    for clock, label in (("wall_s", "wall time"), ("cpu_s", "user + system time")):
        derived = found["derived"][clock]
        interval = derived["difference"]["median_interval_95"]
        told = "too few pairs" if interval is None else f"{interval[0] * 1e3:+.1f} to {interval[1] * 1e3:+.1f}"
        medians = [derived[arm]["median"] * 1e3 for arm in ("with", "without")]
        fastest = (derived["with"]["min"] - derived["without"]["min"]) * 1e3
        rows.append(
            [label, *(f"{m:.1f}" for m in medians), f"{derived['difference']['median'] * 1e3:+.1f}", told, f"{fastest:+.1f}"]
        )
    headings = ["ms", "with", "without", "difference (median of pairs)", "95 % interval", "between the fastest"]
    difference_s = found["derived"]["wall_s"]["difference"]["median"]
    started, written = ([t for t in _more(found[key])] for key in ("started", "written"))
    slowest = sorted(found["modules_added_ms"].items(), key=lambda item: -item[1])[:8]
    return [
        *machine.table(headings, rows),
        "",
        f"- {difference_s * 1e3:+.1f} ms wall time, {'within' if difference_s < TARGET_S else '**not within**'} the "
        f"target of {TARGET_S * 1e3:.0f} ms",
        f"- processes started: {len(found['started']['with'])} with the plugin, {len(found['started']['without'])} "
        f"without; more with it: {', '.join(started) or 'none'}",
        f"- files written: {len(found['written']['with'])} with the plugin, {len(found['written']['without'])} without; "
        f"more with it: {', '.join(written) or 'none'}",
        f"- modules that only the plugin imports: {len(found['modules_added_ms'])}, "
        f"{sum(found['modules_added_ms'].values()):.1f} ms under `-X importtime`, which slows imports; the slowest: "
        + (", ".join(f"`{name}` {ms:.1f}" for name, ms in slowest) or "none")
        + f"; heavy ones: {', '.join(found['heavy_modules_added']) or 'none'}",
    ]


def _more(found: dict[str, list[str]]) -> list[str]:
    """What there is more of with the plugin."""
    left = list(found["without"])
    more = []
    for text in found["with"]:
        if text in left:
            left.remove(text)
        else:
            more.append(text)
    return more


def _package() -> Path:
    return Path(pytest_sdperf.__file__).resolve().parent


def _installed(python: str) -> bool:
    """Whether that interpreter finds our entry point by itself."""
    code = "from importlib.metadata import entry_points as e; print(any(p.name == 'sdperf' for p in e(group='pytest11')))"
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True, env=environment)
    return done.stdout.strip() == "True"


def _make_look_installed(folder: Path) -> None:
    """What an installer would leave: metadata with the entry point, and the list of files that pytest reads."""
    info = folder / f"pytest_sdperf-{pytest_sdperf.__version__}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: pytest-sdperf\nVersion: {pytest_sdperf.__version__}\n", encoding="utf-8"
    )
    (info / "entry_points.txt").write_text("[pytest11]\nsdperf = pytest_sdperf.plugin\n", encoding="utf-8")
    files = sorted(_package().rglob("*.py"))
    record = [f"{file.relative_to(_package().parent).as_posix()},,\n" for file in files]
    (info / "RECORD").write_text("".join(record), encoding="utf-8")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--pairs", type=int, default=40, help="pairs of runs in each surroundings")
    parser.add_argument("--python", default=sys.executable, help="interpreter to measure, with or without the plugin")
    parser.add_argument("--seed", type=int, default=0, help="of the pairs' order")
    parser.add_argument("--name", default="startup", help="name of the result's files")
    parser.add_argument("--results", default=str(machine.RESULTS), help="folder of the result's files")
    return parser


def main() -> None:
    arguments = _parser().parse_args()
    version = subprocess.run([arguments.python, "--version"], capture_output=True, text=True, check=True)
    document: dict[str, Any] = {
        "benchmark": "startup",
        "version": 1,
        "header": machine.header(),
        "measured_python": version.stdout.strip(),
        "plugin": "installed, and switched off by -p no:sdperf"
        if _installed(arguments.python)
        else "not installed there: given the metadata that an installer leaves, or none",
        "pairs": arguments.pairs,
        "seed": arguments.seed,
        "surroundings": {},
    }
    with tempfile.TemporaryDirectory(prefix="sdperf-startup-") as folder, host_lock(machine.tell):
        for name in SURROUNDINGS:
            machine.tell(f"{name}: {arguments.pairs} pairs …")
            found = study(arguments, Path(folder, name), alone=name == "alone")
            document["surroundings"][name] = {**found, "derived": derive(found)}
    text = render(document)
    machine.write(document, text, arguments.name, Path(arguments.results))
    print(text)


if __name__ == "__main__":
    main()
