"""How often does the A/B verdict err on noisy machines, beside other tools' rules? Simulated, nothing is timed."""

from __future__ import annotations

import argparse
import dataclasses
from collections import Counter
from pathlib import Path
from typing import Any

import machine
import numpy as np
import peers
from noise_profiles import PROFILES, Machine, Recorded

from pytest_sdperf.judge.sequential import Decision, Plan, look, pair_log_ratio
from pytest_sdperf.options import FEWEST_PAIRS

SLOWDOWNS = (0.0, 0.01, 0.03, 0.05, 0.10)

CAUGHT = {"quiet": 0.99, "VM": 0.99}
"""Share of 5 % slowdowns to catch by profile; elsewhere 90 %."""


def gate(rng: np.random.Generator, noisy: Machine, slowdown: float, rounds: int, plan: Plan) -> tuple[Decision, int]:
    """One A/B gate, from its first pair to its decision -> (decision, pairs used)."""
    ratios: list[float] = []
    while True:
        base, head = noisy.pair(rng, 1 + slowdown, rounds)
        ratios.append(pair_log_ratio(base.tolist(), head.tolist()))
        found = look(ratios, plan)
        if found.decision is not Decision.GO_ON:
            return found.decision, found.pairs


def study(noisy: Machine, arguments: argparse.Namespace, plan: Plan) -> dict[str, Any]:
    """Every slowdown on one machine, by every rule."""
    found: dict[str, Any] = {"gate": {}, "peers": {}}
    for slowdown in SLOWDOWNS:
        rng = np.random.default_rng([arguments.seed, round(slowdown * 1000)])
        gates = [gate(rng, noisy, slowdown, arguments.rounds, plan) for _ in range(arguments.gates)]
        decisions = Counter(decision.value for decision, _ in gates)
        found["gate"][str(slowdown)] = {
            "decisions": dict(decisions),
            "pairs_mean": float(np.mean([pairs for _, pairs in gates])),
        }
        told = {}
        for name, (rule, processes, rounds) in peers.STORED.items():
            told[name] = [rule(*noisy.jobs(rng, 1 + slowdown, processes, rounds)) for _ in range(arguments.peer_gates)]
        for name, (rule, rounds) in peers.SIDE_BY_SIDE.items():
            told[name] = [rule(*noisy.pair(rng, 1 + slowdown, rounds)) for _ in range(arguments.peer_gates)]
        found["peers"][str(slowdown)] = {name: float(np.mean(answers)) for name, answers in told.items()}
    machine.tell(f"{noisy.name}: done")
    return found


def share(entry: dict[str, Any], *decisions: Decision) -> float:
    """Of the gates, those that ended with one of ``decisions``."""
    total = sum(entry["decisions"].values())
    return float(sum(entry["decisions"].get(d.value, 0) for d in decisions) / total)


def render(document: dict[str, Any]) -> str:
    """The result as Markdown."""
    plan = document["plan"]
    lines = [
        "# Error rates of the A/B verdict, simulated",
        "",
        *machine.render_header(document),
        (
            f"- {document['gates']} gates of each kind ({document['peer_gates']} of other tools' rules); pairs of "
            f"{document['rounds']} rounds an arm, looks at pairs {FEWEST_PAIRS} to {plan['max_pairs']}; ignore "
            f"{plan['ignore']:.0%}, must catch {plan['must_catch']:.0%}, alpha {plan['alpha']:g}, beta {plan['beta']:g}"
        ),
        "- targets: at 0 and 1 % at most 1 % REGRESSED; 5 % caught: 99 % (quiet, VM), 90 %; at most 5 % of them PASSED",
        "",
    ]
    for name, found in document["machines"].items():
        rows = []
        for slowdown, entry in found["gate"].items():
            rows.append(
                [
                    f"{float(slowdown):.0%}",
                    f"{share(entry, Decision.REGRESSED):.1%}",
                    f"{share(entry, Decision.PASSED, Decision.FASTER):.1%}",
                    f"{share(entry, Decision.INCONCLUSIVE):.1%}",
                    f"{entry['pairs_mean']:.1f}",
                    "held" if _held(name, float(slowdown), entry) else "**missed**",
                ]
            )
        lines += [f"## {name}", ""]
        lines += machine.table(["true slowdown", "REGRESSED", "PASSED", "INCONCLUSIVE", "pairs", "target"], rows)
        slowdowns = list(found["peers"])
        lines += ["", "Other tools report a regression in:", ""]
        lines += machine.table(
            ["rule", *(f"{float(s):.0%}" for s in slowdowns)],
            [[rule, *(f"{found['peers'][s][rule]:.1%}" for s in slowdowns)] for rule in found["peers"][slowdowns[0]]],
        )
        lines += [""]
    return "\n".join(lines)


def _held(name: str, slowdown: float, entry: dict[str, Any]) -> bool:
    regressed = share(entry, Decision.REGRESSED)
    if slowdown <= 0.01:
        return regressed <= 0.01
    if slowdown < 0.05:
        return True
    return regressed >= CAUGHT.get(name, 0.90) and share(entry, Decision.PASSED, Decision.FASTER) <= 0.05


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--gates", type=int, default=4000, help="simulated gates of each kind")
    parser.add_argument("--peer-gates", type=int, default=400, help="the same for other tools' rules")
    parser.add_argument("--rounds", type=int, default=10, help="timed pictures an arm in each pair")
    parser.add_argument("--max-pairs", type=int, default=12)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--traces", type=Path, help="folder of recorded traces (aa_*.json, processes.json)")
    parser.add_argument("--name", default="gate_power", help="name of the result's files")
    parser.add_argument("--results", default=str(machine.RESULTS), help="folder of the result's files")
    arguments = parser.parse_args()
    plan = Plan(max_pairs=arguments.max_pairs)
    machines: list[Machine] = list(PROFILES)
    if arguments.traces:
        machines += [
            Recorded.read(f"recorded {v}", arguments.traces / f"aa_{v}.json", arguments.traces / "processes.json", v)
            for v in ("fp32", "openvino_static")
        ]
    document: dict[str, Any] = {
        "benchmark": "gate_power",
        "version": 1,
        "header": machine.header(),
        "plan": dataclasses.asdict(plan),
        "gates": arguments.gates,
        "peer_gates": arguments.peer_gates,
        "rounds": arguments.rounds,
        "profiles": [dataclasses.asdict(p) for p in PROFILES],
        "machines": {},
    }
    for noisy in machines:
        document["machines"][noisy.name] = study(noisy, arguments, plan)
    text = render(document)
    machine.write(document, text, arguments.name, Path(arguments.results))
    print(text)


if __name__ == "__main__":
    main()
