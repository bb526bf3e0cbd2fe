"""What recorded runs can tell: smallest slowdowns seen, and false alarms. Simulated, and from recorded traces."""

from __future__ import annotations

import argparse
import json
import math
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import machine
import numpy as np
from scipy.optimize import minimize
from scipy.stats import f as f_distribution
from stored_rules import PASSED, REGRESSED, Array, ended, gate, pooled_variance, share, smallest_seen

from pytest_sdperf.stats import enough_processes as looks
from pytest_sdperf.stats import run_spread as known

RUNS = (1, 2, 3, 10)
VARIANTS = 9
LIMIT = math.log1p(0.05)
GROSS = math.log1p(0.5)
"""The limits of a gate: the default, and that of this project's job."""

PROCESS_S = 8.0
"""From one process to the next: what decides how many of a run share a regime."""


@dataclass(frozen=True)
class Kind:
    """Noise by its parts, each the standard deviation of log latency."""

    name: str
    process: float
    job: float = 0.0
    "of each variant's runs, its own"
    hour: float = 0.0
    "of runs at another time, shared by all variants of a session"
    rounds: float = 0.03
    "of a picture, of five in a process"
    tails: int | None = None
    "degrees of freedom of a process's own speed; None: normal"
    wild_job: float = 0.0
    "of the runs of every second variant; 0: as ``job``"
    far: float = 0.0
    "share of time in another regime"
    far_log: float = 0.4
    stay_s: float = 40.0
    "mean time in it"
    watched: bool = True


WATCHED = (
    Kind("quiet", process=0.004, job=0.004, rounds=0.01),
    Kind("VM", process=0.01, job=0.02, rounds=0.025),
    Kind("VM, heavy-tailed", process=0.01, job=0.02, rounds=0.025, tails=3),
    Kind("VM, hours differ by 3 %, shared by all variants", process=0.01, hour=0.03, rounds=0.025),
    Kind("fp32 on a Zen 5, usual regime", process=0.025, job=0.0155, rounds=0.0),
    Kind("openvino_static on a Zen 5, usual regime", process=0.065, job=0.02, rounds=0.0),
    Kind("a Zen 4", process=0.11, job=0.08, rounds=0.0),
    Kind("a Zen 4, heavy-tailed", process=0.11, job=0.08, rounds=0.0, tails=3),
)
"""What is left where the regime is watched."""

HIDDEN = (
    Kind("shared", process=0.019, job=0.10, rounds=0.05),
    Kind("shared, heavy-tailed", process=0.019, job=0.10, rounds=0.05, tails=3),
    Kind("fitted to recorded fp32", process=0.0044, job=0.087, rounds=0.024),
    Kind("fitted to recorded openvino_static", process=0.0189, job=0.302, rounds=0.029),
    Kind("runs spread by 15 %", process=0.02, job=0.15),
    Kind("hours differ by 8 %, shared by all variants", process=0.02, hour=0.08),
    Kind("half of the variants' runs spread by 32 %", process=0.02, job=0.05, wild_job=0.32),
    Kind("bimodal, half a minute at a time", process=0.02, job=0.01, far=0.12),
    Kind("bimodal, ten minutes at a time", process=0.02, job=0.01, far=0.12, stay_s=600.0),
)
"""Runs that differ by far more than their processes: of machines that nobody watches."""


def draw(rng: np.random.Generator, kind: Kind, heads: int, runs: int, processes: int) -> Array:
    """Log medians of processes, (heads, variants, runs, processes)."""
    own = rng.normal(0, 1, (heads, VARIANTS, runs, processes))
    if kind.tails:
        own *= np.sqrt((kind.tails - 2) / rng.chisquare(kind.tails, own.shape))
    y: Array = kind.process * own + rng.normal(0, kind.rounds * math.sqrt(share(5)), own.shape)
    job = np.full((VARIANTS, 1, 1), kind.job)
    if kind.wild_job:
        job[::2] = kind.wild_job
    y += job * rng.normal(0, 1, (heads, VARIANTS, runs, 1)) + rng.normal(0, kind.hour, (heads, 1, runs, 1))
    return y + kind.far_log * _far(rng, kind, (heads, VARIANTS, runs, processes)) if kind.far else y


def _far(rng: np.random.Generator, kind: Kind, shape: tuple[int, int, int, int]) -> Array:
    """1 where a process ran in the other regime: two states that follow each other, over a session's processes."""
    leaves = -math.expm1(-PROCESS_S / kind.stay_s)
    enters = -math.expm1(-PROCESS_S / (kind.stay_s * (1 - kind.far) / kind.far))
    is_far = rng.random((shape[0], shape[2])) < kind.far
    found = np.empty(shape)
    for variant in range(shape[1]):
        for process in range(shape[3]):
            found[:, variant, :, process] = is_far
            chance = rng.random(is_far.shape)
            is_far = np.where(is_far, chance > leaves, chance < enters)
    return found


def judged(recorded: Array, pooled: Array, new: Array, *, watched: bool, most: int) -> dict[str, float]:
    """Rates of the gate on many heads."""
    found = gate(recorded, pooled, new, watched=watched, most=most)
    equal, processes = ended(found, 0.0, LIMIT)
    return {
        "false_alarms": float((equal == REGRESSED).mean()),
        "passed_though_slower": float((ended(found, LIMIT, LIMIT)[0] == PASSED).mean()),
        "smallest_seen": min(smallest_seen(found, LIMIT), 1e9),
        "processes": float(processes.mean()),
        "processes_gross": float(ended(found, 0.0, GROSS)[1].mean()),
        "passed_gross": float((ended(found, 0.0, GROSS)[0] == PASSED).mean()),
    }


def simulated(kind: Kind, heads: int, seed: int, *, recorded: int, most: int) -> dict[str, dict[str, float]]:
    """Number of recorded runs -> rates; the head is of the first variant, one of the wild ones."""
    rng, found = np.random.default_rng(seed), {}
    for runs in RUNS:
        y = draw(rng, kind, heads, runs + 1, max(recorded, most))
        base = y[:, :, :runs, :recorded]
        found[str(runs)] = judged(
            base[:, 0], pooled_variance(base), y[:, 0, runs, :most], watched=kind.watched, most=most
        )
    return found


@dataclass(frozen=True)
class Series:
    """Recorded runs of one variant on one machine: log medians of processes, a row for each run."""

    name: str
    runs: list[list[float]]

    @property
    def ratio(self) -> tuple[float, float, int, int, float]:
        """Spread of processes, that of runs' medians, the degrees of both, and processes a run."""
        logs = [np.array(run) for run in self.runs]
        within, degrees = sum(float(((y - y.mean()) ** 2).sum()) for y in logs), sum(len(y) - 1 for y in logs)
        between = float(np.var([np.median(y) for y in logs], ddof=1))
        return (
            math.sqrt(within / degrees),
            math.sqrt(between),
            len(logs) - 1,
            degrees,
            float(np.mean([*map(len, logs)])),
        )


def series(folder: Path | None) -> list[Series]:
    """All recorded traces: of ``folder``, and of results in this one."""
    found = []
    if folder:
        jobs = json.loads((folder / "regimes.json").read_text(encoding="utf-8"))["jobs"]
        for variant in ("fp32", "openvino_static"):
            drawn = [[np.array(process) for process in job[variant]] for job in jobs]
            near = [[p[p[:, 1] < 160, 0] for p in job] for job in drawn]
            every = [_logs([p[:, 0] for p in job]) for job in drawn]
            found.append(Series(f"Zen 5, 21 minutes, usual regime: {variant}", [_logs(j) for j in near if _full(j)]))
            found.append(Series(f"Zen 5, 21 minutes: {variant}", every))
        rows = json.loads((folder / "processes.json").read_text(encoding="utf-8"))["processes"]
        for variant in ("fp32", "openvino_static"):
            logs = _logs([np.array(row["latencies"]) for row in rows if row["variant"] == variant])
            found.append(Series(f"2 cores, 5 minutes: {variant}", [logs[i : i + 3] for i in range(0, 12, 3)]))
    gates = machine.read(machine.RESULTS / "real_gates.json.gz")["gates"]
    for variant in ("fp32", "openvino_static"):
        runs = [[np.array(p["base_ms"]) for p in g.get("pairs", [])] for g in gates if g["variant"] == variant]
        found.append(Series(f"Zen 4, 7.5 hours: {variant}", [_logs(r[:6]) for r in runs if len(r) >= 4]))
    return found


def _logs(processes: list[Array]) -> list[float]:
    return [float(np.median(np.log(latencies))) for latencies in processes]


def _full(processes: list[Array]) -> bool:
    return all(len(latencies) > 2 for latencies in processes)


def resampled(one: Series, heads: int, seed: int, *, watched: bool) -> dict[str, dict[str, float]]:
    """One run of the series as the new one, others as recorded, drawn without replacement; no other variant known."""
    rng, found = np.random.default_rng(seed), {}
    fewest = min(map(len, one.runs))
    logs = np.array([run[:fewest] for run in one.runs])
    for runs in (count for count in RUNS if count < len(logs)):
        chosen = np.argsort(rng.random((heads, len(logs))), axis=1)[:, : runs + 1]
        y = logs[chosen]
        base = y[:, :runs]
        pooled = pooled_variance(base[:, None])
        found[str(runs)] = judged(base, pooled, y[:, runs], watched=watched, most=fewest)
    return found


def fitted(found: list[Series]) -> dict[str, float]:
    """The most likely share of the process variance, and degrees of freedom, of what runs add: F distributed ratios."""

    def cost(logs: Array) -> float:
        extra, degrees = np.exp(logs)
        total = 0.0
        for one in found:
            process, job, runs, within, count = one.ratio
            foreseen = process**2 * (share(round(count)) + extra)
            prior = 1 / (1 / degrees + 1 / within)
            total -= f_distribution.logpdf(job**2 / foreseen, runs, prior) - math.log(foreseen / process**2)
        return float(total)

    best = min((minimize(cost, [a, b], method="Nelder-Mead") for a in (-1, 1) for b in (1, 3)), key=lambda r: r.fun)
    extra, degrees = np.exp(best.x)
    return {"share": float(extra), "degrees": float(min(degrees, 1e6))}


CHOICES = ((3, 6), (5, 6), (7, 6), (5, 3), (5, 9))
"""Processes of a recorded run, and at most of a new one."""


def study(heads: int, seed: int, folder: Path | None) -> dict[str, Any]:
    plan = {"recorded": looks.RECORDED_PROCESSES, "most": looks.MOST_PROCESSES}
    traces = series(folder)
    of_machines = {
        "watched": {k.name: simulated(k, heads, seed, **plan) for k in WATCHED},
        "unwatched": {k.name: simulated(replace(k, watched=False), heads, seed, **plan) for k in (*WATCHED, *HIDDEN)},
        "hidden": {k.name: simulated(k, heads, seed, **plan) for k in HIDDEN},
    }
    usual = WATCHED[4]
    return {
        "kinds": [asdict(kind) for kind in (*WATCHED, *HIDDEN)],
        "machines": of_machines,
        "traces": {one.name: resampled(one, heads, seed, watched=True) for one in traces},
        "traces_unwatched": {one.name: resampled(one, heads, seed, watched=False) for one in traces},
        "series": {one.name: one.ratio for one in traces},
        "fit": fitted(traces),
        "choices": {f"{n} / {m}": simulated(usual, heads, seed, recorded=n, most=m) for n, m in CHOICES},
    }


def _rows(found: dict[str, dict[str, dict[str, float]]]) -> list[list[str]]:
    rows = []
    for name, runs in found.items():
        cells = [name]
        for count in map(str, RUNS):
            one = runs.get(count)
            cells.append("-" if one is None else f"{_percent(one['smallest_seen'])}, {one['false_alarms']:.2%}")
        last = runs.get("3") or runs["1"]
        cells += [f"{max(r['passed_though_slower'] for r in runs.values()):.1%}", f"{last['processes']:.1f}"]
        rows.append([*cells, f"{last['processes_gross']:.1f}, {last['passed_gross']:.0%}"])
    return rows


def _percent(found: float) -> str:
    return "none" if found >= 1e9 else f"{found:.0%}" if found >= 0.1 else f"{found:.1%}"


def render(document: dict[str, Any]) -> str:
    """The result as Markdown."""
    machines, fit = document["machines"], document["fit"]
    headings = [
        *("machine", "1 run", "2 runs", "3 runs", "10 runs"),
        *("passed at +5 %", "processes, 3 runs", "limit 50 %: processes, passed"),
    ]
    lines = [
        "# What recorded runs can tell",
        "",
        *machine.render_header(document),
        f"- {document['heads']} heads of each kind, seed {document['seed']}; limit 5 %, nine variants",
        (
            f"- a recorded run has {looks.RECORDED_PROCESSES} processes, a new one {looks.FEWEST_PROCESSES} to "
            f"{looks.MOST_PROCESSES}, one at a time while that may change the verdict"
        ),
        "",
        (
            "A cell holds the smallest slowdown that is called REGRESSED four times in five, and the share of heads at "
            "equal speed that are. *Passed at +5 %* is the largest share of heads, slower by just the limit, that are "
            "PASSED."
        ),
        "",
        "## The way between the CPUs is watched",
        "",
        *machine.table(headings, _rows(machines["watched"])),
        "",
        "## Nobody watches it",
        "",
        *machine.table(headings, _rows(machines["unwatched"])),
        "",
        "## Were it watched and showed nothing",
        "",
        (
            "Of machines whose runs differ by far more than their processes. No rule can foresee that from one run: "
            "where such a thing is left in spite of the watch, false alarms are more than 1 % until runs have shown it."
        ),
        "",
        *machine.table(headings, _rows(machines["hidden"])),
        "",
        "## Recorded traces, as if watched",
        "",
        (
            "One recorded run as the new one, others as its baseline; of one variant alone, with as many processes a "
            "run as were recorded."
        ),
        "",
        *machine.table(headings, _rows(document["traces"])),
        "",
        "## Recorded traces, as nobody watched",
        "",
        *machine.table(headings, _rows(document["traces_unwatched"])),
        "",
        "## From processes to runs",
        "",
        *machine.table(
            [
                "series",
                "runs",
                "processes a run",
                "spread of processes",
                "spread of runs",
                "runs add, sd",
                "as a share",
            ],
            [_series_row(name, *ratio) for name, ratio in document["series"].items()],
        ),
        "",
        (
            f"*As a share* is of the variance of processes. Most likely, over all series: {fit['share']:.2f}, with "
            f"{fit['degrees']:.1f} degrees of freedom. The rule takes {known.JOB_SHARE} and {known.JOB_SD:.0%}, with "
            f"{known.JOB_DEGREES}."
        ),
        "",
        "## How many processes",
        "",
        f"On {WATCHED[4].name}: processes of a recorded run / at most of a new one.",
        "",
        *machine.table(headings, _rows(document["choices"])),
        "",
    ]
    return "\n".join(lines)


def _series_row(name: str, process: float, job: float, runs: int, _: int, count: float) -> list[str]:
    extra = max(job**2 - process**2 * share(round(count)), 0.0)
    shares = [f"{process:.1%}", f"{job:.1%}", f"{math.sqrt(extra):.1%}", f"{extra / process**2:.2f}"]
    return [name, str(runs + 1), f"{count:.1f}", *shares]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--heads", type=int, default=4000, help="of each kind")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--traces", type=Path, help="folder of recorded traces (regimes.json, processes.json)")
    parser.add_argument("--name", default="stored_power", help="name of the result's files")
    parser.add_argument("--results", default=str(machine.RESULTS), help="folder of the result's files")
    arguments = parser.parse_args()
    document = {
        "benchmark": "stored_power",
        "version": 1,
        "header": machine.header(),
        "heads": arguments.heads,
        "seed": arguments.seed,
        **study(arguments.heads, arguments.seed, arguments.traces),
    }
    text = render(document)
    machine.write(document, text, arguments.name, Path(arguments.results))
    print(text)


if __name__ == "__main__":
    main()
