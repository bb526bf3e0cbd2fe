"""How strict must each look be, for the error rates to hold over all? Integrated and simulated; nothing is timed."""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import Any

import machine
import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr

from pytest_sdperf.options import FEWEST_PAIRS
from pytest_sdperf.stats.boundary import computed_level, crossing, level
from pytest_sdperf.stats.sequential import Plan

CHUNK = 100_000
"""Sequences that are in memory at one time."""


def smallest_p_values(
    rng: np.random.Generator, sequences: int, max_pairs: int, first_look: int = FEWEST_PAIRS
) -> NDArray[np.float64]:
    """(sequences,): the smallest p-value over all looks of a one-sided t test of a true hypothesis."""
    found = []
    pairs = np.arange(1, max_pairs + 1)
    for start in range(0, sequences, CHUNK):
        drawn = rng.standard_normal((min(CHUNK, sequences - start), max_pairs))
        means, squares = drawn.cumsum(axis=1) / pairs, (drawn**2).cumsum(axis=1)
        n = pairs[first_look - 1 :]
        means, squares = means[:, first_look - 1 :], squares[:, first_look - 1 :]
        errors = np.sqrt((squares - n * means**2) / (n - 1) / n)
        found.append(stdtr(n - 1, -means / errors).min(axis=1))
    return np.concatenate(found)


def study(max_pairs: int, error_rates: list[float], arguments: argparse.Namespace) -> list[dict[str, Any]]:
    smallest = smallest_p_values(np.random.default_rng([arguments.seed, max_pairs]), arguments.sequences, max_pairs)
    found = []
    for rate in error_rates:
        used = level(rate, max_pairs)
        found.append(
            {
                "error_rate": rate,
                "max_pairs": max_pairs,
                "used": used,
                "integrated": computed_level(rate, max_pairs, fineness=arguments.fineness),
                "simulated": float(np.quantile(smallest, rate)),
                "achieved_integrated": crossing(used, max_pairs, fineness=arguments.fineness),
                "achieved_simulated": float((smallest < used).mean()),
            }
        )
    machine.tell(f"{max_pairs} pairs: done")
    return found


def render(document: dict[str, Any]) -> str:
    """The result as Markdown."""
    sequences = document["sequences"]
    rows = []
    for entry in document["levels"]:
        rate = entry["error_rate"]
        error = math.sqrt(rate * (1 - rate) / sequences)
        rows.append(
            [
                f"{FEWEST_PAIRS} to {entry['max_pairs']}, {rate:g}",
                f"{entry['used']:.6f}",
                f"{entry['integrated']:.6f}",
                f"{entry['simulated']:.6f}",
                f"{entry['achieved_integrated']:.5f}",
                f"{entry['achieved_simulated']:.5f} ± {error:.5f}",
            ]
        )
    headings = ["looks, error rate", "level used", "by integration", "by simulation"]
    return "\n".join(
        [
            "# Levels of the sequential test",
            "",
            *machine.render_header(document),
            f"- {sequences:,} simulated sequences; integrated {document['fineness']} times finer than in the package",
            "",
            *machine.table([*headings, "error of the level used, integrated", "simulated (± standard error)"], rows),
            "",
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--max-pairs", default="12,24", help="most pairs, several separated by commas")
    parser.add_argument("--sequences", type=int, default=10_000_000, help="simulated tests of each")
    parser.add_argument("--fineness", type=int, default=6, help="of the integration, a factor on the package's own")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--name", default="boundaries", help="name of the result's files")
    parser.add_argument("--results", default=str(machine.RESULTS), help="folder of the result's files")
    arguments = parser.parse_args()
    rates = [Plan().alpha, Plan().beta]
    document: dict[str, Any] = {
        "benchmark": "boundaries",
        "version": 1,
        "header": machine.header(),
        "sequences": arguments.sequences,
        "fineness": arguments.fineness,
        "levels": [e for most in arguments.max_pairs.split(",") for e in study(int(most), rates, arguments)],
    }
    text = render(document)
    machine.write(document, text, arguments.name, Path(arguments.results))
    print(text)


if __name__ == "__main__":
    main()
