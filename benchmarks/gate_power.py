"""How often does the side-by-side verdict err, compared with other tools' rules? Simulated, nothing is timed."""

from __future__ import annotations

import argparse
import dataclasses
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import machine
import numpy as np
import peers
from noise_profiles import HEAVY_TAILED, PROFILES, RECORDED, Machine, Recorded, fitted

from pytest_sdperf.options import Options
from pytest_sdperf.stats.boundary import FEWEST_PAIRS
from pytest_sdperf.stats.rounds import round_log_ratios, rounds_per_pair, trimmed_mean
from pytest_sdperf.stats.sequential import Decision, Plan, look

SLOWDOWNS = (0.0, 0.01, 0.03, 0.05, 0.10)

CAUGHT = {"quiet": 0.99, "VM": 0.99}
"""Share of 5 % slowdowns to catch by profile, heavy-tailed or not; elsewhere 90 %."""

HEADINGS = (
    *("true slowdown", "REGRESSED", "PASSED", "of them FASTER", "INCONCLUSIVE"),
    *("pairs", "processes", "rounds a pair", "s", "s, 95 %", "target"),
)


@dataclass(frozen=True)
class Costs:
    """What a pair takes, seconds, and how its rounds are chosen."""

    start: float
    "base and head of a pair, started at the same time, up to their first timed round"
    round: float
    "a picture of each arm"
    budget: float
    "of one gate"
    fixed_rounds: int | None
    "None: as many as `rounds_per_pair` says"


@dataclass(frozen=True)
class Ended:
    """One gate, from its first pair to its decision."""

    decision: Decision
    pairs: int
    rounds: int
    "of all pairs, of one arm"
    seconds: float


def gate(rng: np.random.Generator, noisy: Machine, slowdown: float, costs: Costs, plan: Plan) -> Ended:
    """One A/B gate, by the package's own code but for what it measures."""
    measured: list[list[float]] = []
    ratios: list[float] = []
    seconds = 0.0
    while True:
        rounds = costs.fixed_rounds or rounds_per_pair(
            measured, start_s=costs.start, round_s=costs.round, left_s=costs.budget - seconds
        )
        seconds += costs.start + rounds * costs.round
        if seconds > costs.budget:
            found = Decision.INCONCLUSIVE
        else:
            base, head = noisy.pairs(rng, 1 + slowdown, 1, rounds)
            measured.append(round_log_ratios(base[0].tolist(), head[0].tolist()))
            ratios.append(trimmed_mean(measured[-1]))
            found = look(ratios, plan).decision
        if found is not Decision.GO_ON:
            return Ended(found, len(ratios), sum(map(len, measured)), min(seconds, costs.budget))


def study(noisy: Machine, arguments: argparse.Namespace, costs: Costs, plan: Plan) -> dict[str, Any]:
    """Every slowdown on one machine, by every rule."""
    found: dict[str, Any] = {"gate": {}, "peers": {}}
    versions = peers.versions()
    for slowdown in SLOWDOWNS:
        rng = np.random.default_rng([arguments.seed, round(slowdown * 1000)])
        gates = [gate(rng, noisy, slowdown, costs, plan) for _ in range(arguments.gates)]
        found["gate"][str(slowdown)] = {
            "decisions": dict(Counter(ended.decision.value for ended in gates)),
            "pairs_mean": float(np.mean([ended.pairs for ended in gates])),
            "rounds_of_a_pair_mean": sum(ended.rounds for ended in gates) / sum(ended.pairs for ended in gates),
            "seconds_mean": float(np.mean([ended.seconds for ended in gates])),
            "seconds_95_percent": float(np.quantile([ended.seconds for ended in gates], 0.95)),
        }
        reported = {}
        for name, (rule, processes, rounds) in peers.STORED.items():
            if versions.get(peers.PACKAGES.get(name, ""), "") is None:
                continue
            reported[name] = [
                rule(*noisy.jobs(rng, 1 + slowdown, processes, rounds)) for _ in range(arguments.peer_gates)
            ]
        for name, (rule, rounds) in peers.SIDE_BY_SIDE.items():
            reported[name] = [rule(*noisy.pairs(rng, 1 + slowdown, 1, rounds)) for _ in range(arguments.peer_gates)]
        found["peers"][str(slowdown)] = {name: float(np.mean(answers)) for name, answers in reported.items()}
    machine.tell(f"{noisy.name}: done")
    return found


def share(entry: dict[str, Any], *decisions: Decision) -> float:
    """Of the gates, those that ended with one of ``decisions``."""
    total = sum(entry["decisions"].values())
    return float(sum(entry["decisions"].get(d.value, 0) for d in decisions) / total)


def render(document: dict[str, Any]) -> str:
    """The result as Markdown."""
    plan, costs = document["plan"], document["costs"]
    rounds = f"{costs['fixed_rounds']} rounds" if costs["fixed_rounds"] else "as many rounds as the package chooses"
    lines = [
        "# Error rates of the A/B verdict, simulated",
        "",
        *machine.render_header(document),
        (
            f"- {document['gates']} gates of each kind ({document['peer_gates']} of other tools' rules); a pair starts "
            f"in {costs['start']:g} s and has {rounds} of {costs['round']:g} s; a gate has {costs['budget']:g} s; "
            f"looks at pairs {FEWEST_PAIRS} to {plan['max_pairs']}; ignore {plan['ignore']:.0%}, must catch "
            f"{plan['must_catch']:.0%}, alpha {plan['alpha']:g}, beta {plan['beta']:g}"
        ),
        (
            "- targets: at 0 and 1 % at most 1 % REGRESSED, at 0 % at most 1 % FASTER; 5 % and more caught: 99 % "
            "(quiet, VM), 90 % elsewhere; at most 5 % of them PASSED"
        ),
        *_other_tools(document["peer_versions"]),
        "",
        *machine.table(
            ["noise (sd of log latency)", "rounds", "process", "job", "drift", "spikes", "mean spike"],
            [
                [p["name"], *(f"{p[k]:.2%}" for k in ("rounds", "process", "job", "drift", "spike_share", "spike"))]
                for p in document["profiles"]
            ],
        ),
        "",
    ]
    for name, found in document["machines"].items():
        lines += [f"## {name}", ""]
        lines += machine.table(
            HEADINGS,
            [_row(name, float(slowdown), entry) for slowdown, entry in found["gate"].items()],
        )
        slowdowns = list(found["peers"])
        lines += ["", "Other tools report a regression in:", ""]
        lines += machine.table(
            ["rule", "processes", "rounds of each", "s", *(f"{float(s):.0%}" for s in slowdowns)],
            [
                [rule, *_measured_with(rule, costs), *(f"{found['peers'][s][rule]:.1%}" for s in slowdowns)]
                for rule in found["peers"][slowdowns[0]]
            ],
        )
        lines += [""]
    return "\n".join(lines)


def _row(name: str, slowdown: float, entry: dict[str, Any]) -> list[str]:
    return [
        f"{slowdown:.0%}",
        f"{share(entry, Decision.REGRESSED):.2%}",
        f"{share(entry, Decision.PASSED, Decision.FASTER):.2%}",
        f"{share(entry, Decision.FASTER):.2%}",
        f"{share(entry, Decision.INCONCLUSIVE):.2%}",
        f"{entry['pairs_mean']:.1f}",
        f"{2 * entry['pairs_mean']:.1f}",
        f"{entry['rounds_of_a_pair_mean']:.1f}",
        f"{entry['seconds_mean']:.0f}",
        f"{entry['seconds_95_percent']:.0f}",
        "held" if held(name, slowdown, entry) else "**missed**",
    ]


def _measured_with(rule: str, costs: dict[str, Any]) -> list[str]:
    """Processes of both sides, rounds of each, and what both jobs would take: all processes one after the other."""
    if rule in peers.STORED:
        _, processes, rounds = peers.STORED[rule]
        seconds = 2 * processes * (costs["start"] + rounds * costs["round"] / 2)
    else:
        _, rounds = peers.SIDE_BY_SIDE[rule]
        processes, seconds = 1, costs["start"] + rounds * costs["round"]
    return [str(2 * processes), str(rounds), f"{seconds:.0f}"]


def _other_tools(versions: dict[str, str | None]) -> list[str]:
    called = ", ".join(f"{name} {version}" for name, version in versions.items() if version)
    left_out = ", ".join(name for name, version in versions.items() if not version)
    lines = [f"- rules called in the tool's own code: {called or 'none'}; the others' are said again (`peers.py`)"]
    return [*lines, f"- **left out, not installed (dependency group `peers`): {left_out}**"] if left_out else lines


def held(name: str, slowdown: float, entry: dict[str, Any]) -> bool:
    """Are the targets reached on this machine? Between what is ignored and what must be caught there is none."""
    regressed = share(entry, Decision.REGRESSED)
    if slowdown <= 0.01:
        return regressed <= 0.01 and (slowdown > 0 or share(entry, Decision.FASTER) <= 0.01)
    if slowdown < 0.05:
        return True
    caught = CAUGHT.get(name.partition(",")[0], 0.90)
    return regressed >= caught and share(entry, Decision.PASSED, Decision.FASTER) <= 0.05


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--gates", type=int, default=4000, help="simulated gates of each kind")
    parser.add_argument("--peer-gates", type=int, default=400, help="the same for other tools' rules")
    parser.add_argument(
        "--rounds", type=int, help="timed pictures an arm in each pair, instead of the package's choice"
    )
    parser.add_argument("--start-s", type=float, default=8.0, help="seconds that a pair takes before its first round")
    parser.add_argument("--round-s", type=float, default=0.6, help="seconds of a round, of base and head")
    parser.add_argument("--budget-s", type=float, default=Options().budget, help="seconds that a gate may take")
    parser.add_argument("--max-pairs", type=int, default=Plan().max_pairs)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--traces", type=Path, help="folder of recorded traces (aa_*.json, processes.json)")
    parser.add_argument("--name", default="gate_power", help="name of the result's files")
    parser.add_argument("--results", default=str(machine.RESULTS), help="folder of the result's files")
    arguments = parser.parse_args()
    plan = Plan(max_pairs=arguments.max_pairs)
    costs = Costs(arguments.start_s, arguments.round_s, arguments.budget_s, arguments.rounds)
    profiles = [*PROFILES, *HEAVY_TAILED]
    recorded = [Recorded.read(arguments.traces, v) for v in RECORDED] if arguments.traces else []
    profiles += [fitted(r) for r in recorded]
    machines: list[Machine] = [*profiles, *recorded]
    versions = peers.versions()
    for line in _other_tools(versions):
        machine.tell(line)
    document: dict[str, Any] = {
        "benchmark": "gate_power",
        "version": 1,
        "header": machine.header(),
        "plan": dataclasses.asdict(plan),
        "gates": arguments.gates,
        "peer_gates": arguments.peer_gates,
        "costs": dataclasses.asdict(costs),
        "peer_versions": versions,
        "profiles": [dataclasses.asdict(p) for p in profiles],
        "machines": {},
    }
    for noisy in machines:
        document["machines"][noisy.name] = study(noisy, arguments, costs, plan)
    text = render(document)
    machine.write(document, text, arguments.name, Path(arguments.results))
    print(text)


if __name__ == "__main__":
    main()
