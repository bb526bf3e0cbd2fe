"""What the plugin costs a pytest run that does not use it: time, processes and files, in an empty folder."""

from __future__ import annotations

import argparse
import math
import random
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import machine
import startup_arms

from pytest_sdperf.launch.host_lock import host_lock

TARGET_S = 0.005
"""How much longer pytest may take."""

SURROUNDINGS = {
    "installed": "every plugin of this interpreter, as pytest finds them",
    "alone": "against an empty plugin, no others loaded, so that nothing they import is free for us",
}

_HEAVY = ("numpy", "scipy", "skimage", "PIL", "jinja2", "rich", "torch", "diffusers", "openvino", "msgspec", "psutil")


def orders(pairs: int, seed: int) -> list[str]:
    """``AB`` or ``BA`` for each pair: half of each, shuffled, so that neither drift nor habit favours an arm."""
    drawn = ["AB", "BA"] * (pairs // 2) + ["AB"] * (pairs % 2)
    random.Random(seed).shuffle(drawn)
    return drawn


def median_interval(values: Sequence[float], level: float = 0.95) -> list[float] | None:
    """Distribution-free interval of the median from order statistics; None for too few values (below 6 at 95 %).

    Conover, Practical Nonparametric Statistics, 3rd edition, 1999, section 3.2.
    """
    from scipy import stats

    interval = stats.quantile_test(values, q=0, p=0.5).confidence_interval(level)
    low, high = float(interval.low), float(interval.high)
    return None if math.isnan(low) or math.isnan(high) else [low, high]


def summary(values: Sequence[float]) -> dict[str, Any]:
    """Median with its 95 % interval, and the range."""
    return {
        "median": statistics.median(values),
        "median_interval_95": median_interval(values),
        "min": min(values),
        "max": max(values),
        "count": len(values),
    }


def study(arguments: argparse.Namespace, work_dir: Path, *, alone: bool) -> dict[str, Any]:
    """All pairs in one of the surroundings, then what each arm starts, writes and imports."""
    both = startup_arms.arms(arguments.python, work_dir, alone=alone)
    for arm in both.values():
        for _ in range(2):  # compiles modules and fills the disk's cache
            arm.run()
        arm.wall_s.clear()
        arm.cpu_s.clear()
    for order in orders(arguments.pairs, arguments.seed):
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
            **{name: summary(found[clock][name]) for name in ("with", "without")},
            "difference": summary([a - b for a, b in zip(found[clock]["with"], found[clock]["without"], strict=True)]),
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
        f"- {document['pairs']} pairs in each, in shuffled order, half of each order (seed {document['seed']})",
    ]
    for name, found in document["surroundings"].items():
        lines += ["", f"## {name}: {SURROUNDINGS[name]}", "", *_section(found)]
    return "\n".join([*lines, ""])


def _section(found: dict[str, Any]) -> list[str]:
    rows = []
    for clock, label in (("wall_s", "wall time"), ("cpu_s", "user + system time")):
        derived = found["derived"][clock]
        interval = derived["difference"]["median_interval_95"]
        bounds = "too few pairs" if interval is None else f"{interval[0] * 1e3:+.1f} to {interval[1] * 1e3:+.1f}"
        medians = [derived[arm]["median"] * 1e3 for arm in ("with", "without")]
        fastest = (derived["with"]["min"] - derived["without"]["min"]) * 1e3
        rows.append(
            [
                label,
                *(f"{m:.1f}" for m in medians),
                f"{derived['difference']['median'] * 1e3:+.1f}",
                bounds,
                f"{fastest:+.1f}",
            ]
        )
    headings = ["ms", "with", "without", "difference (median of pairs)", "95 % interval", "between the fastest"]
    difference_s = found["derived"]["wall_s"]["difference"]["median"]
    started, written = (_more(found[key]) for key in ("started", "written"))
    slowest = sorted(found["modules_added_ms"].items(), key=lambda item: -item[1])[:8]
    return [
        *machine.table(headings, rows),
        "",
        (
            f"- {difference_s * 1e3:+.1f} ms wall time, {'within' if difference_s < TARGET_S else '**not within**'} "
            f"the target of {TARGET_S * 1e3:.0f} ms"
        ),
        (
            f"- processes started: {len(found['started']['with'])} with the plugin, {len(found['started']['without'])} "
            f"without; more with it: {', '.join(started) or 'none'}"
        ),
        (
            f"- files written: {len(found['written']['with'])} with the plugin, {len(found['written']['without'])} "
            f"without; more with it: {', '.join(written) or 'none'}"
        ),
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


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--pairs", type=int, default=40, help="pairs of runs in each surroundings")
    parser.add_argument(
        "--python",
        type=lambda text: str(Path(text).absolute()),  # it runs in another folder; a venv's link stays one
        default=sys.executable,
        help="interpreter to measure, with or without the plugin",
    )
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
        if startup_arms.installed(arguments.python)
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
