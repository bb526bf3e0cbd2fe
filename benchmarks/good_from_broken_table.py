"""The result of `good_from_broken` as Markdown: worst honest change against mildest fault, link by link.

It judges the recorded chains by today's limits: `python benchmarks/good_from_broken_table.py FILE.json.gz …` writes the
table of a result again, with the variants of the other files, which are of the same pictures.
"""

from __future__ import annotations

import math
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import faults
import machine
import msgspec

from pytest_sdperf.judge.chains import judge_chains
from pytest_sdperf.judge.link_limits import link_limits
from pytest_sdperf.options import Thresholds
from pytest_sdperf.picture_chain import Chains
from pytest_sdperf.report.chain_text import called
from pytest_sdperf.verdict.chain_finding import BrokenLink, ChainFinding, LinkScore

EXACT = ("calls", "tokens", "timestep")
"""Links that are the same or not."""

MISSED = 1
"""Pictures of a fault that may go unnoticed."""


@dataclass(frozen=True)
class Judged:
    """A variant, with what today's limits say of it."""

    entry: dict[str, Any]
    finding: ChainFinding | None
    "None: it drew nothing that could be followed"
    of_pictures: list[ChainFinding]

    @property
    def name(self) -> str:
        return str(self.entry["summary"] or self.entry["name"])

    def rooms_db(self, link: str = "") -> list[tuple[float, str]]:
        """(dB above the limit, name of the link) of each picture and kind of link, or of ``link`` alone."""
        rooms = [(one.room_db, _link_name(one)) for found in self.of_pictures for one in found.links]
        return [(room, name) for room, name in rooms if link in ("", name)]

    def named(self) -> dict[str, str]:
        """Picture -> the link that is named for it; an error over all of them is named for each."""
        if self.finding is None:
            return {}
        of_all = next((link for link in self.finding.broken if not link.key), None)
        found = {one.key: _link_name(of_all) for one in self.finding.pictures} if of_all else {}
        return found | {link.key: _link_name(link) for link in self.finding.broken if link.key}


def judged(entry: dict[str, Any]) -> Judged:
    precision, raw = entry["precision"], entry["chains"]
    if raw is None:
        return Judged(entry, None, [])
    chains = msgspec.convert(raw, Chains)
    limits = link_limits(precision, Thresholds())
    each = [Chains(chains.reference, [chain]) for chain in chains.pictures]
    finding, *of_pictures = (judge_chains(some, limits, precision=precision) for some in (chains, *each))
    return Judged(entry, finding, of_pictures)


def render(document: dict[str, Any]) -> str:
    measured = [judged(entry) for entry in document["variants"] if "pictures" in entry]
    honest, broken = ([one for one in measured if one.entry["kind"] == kind] for kind in ("honest", "fault"))
    workload = document["workload"]
    size = f", {workload['height']} px" if "height" in workload else ""
    lines = [
        f"# Good from broken, {document['model']}",
        "",
        *machine.render_header(document),
        (
            f"- {len(workload['prompts'])} prompts x {len(workload['seeds'])} seeds, {workload['num_inference_steps']} "
            f"steps{size}; every picture followed along fp32's chain, and judged by the default limits"
        ),
        "",
        "Room is what lies between a value and its limit, dB, the smallest over all calls and pictures; below 0 the",
        "limit is missed. Gain is over all of them. SSIM and PSNR are those of pictures that were drawn freely.",
        "",
        "## Honest changes",
        "",
        *machine.table(
            [
                "variant",
                "limits of",
                "failing pictures",
                "least room",
                "at",
                "largest gain",
                "SSIM worst",
                "PSNR worst",
            ],
            [_honest(one) for one in honest],
        ),
        "",
    ]
    if broken:
        lines += [
            "## Faults",
            "",
            "The mildest is the picture of the fault that comes closest to its limit at the link that it is put in;",
            "beside it the worst honest change of that precision there, and how far they are apart.",
            "",
            *machine.table(
                ["fault", "named on", "by its link", "its link", "mildest", "worst honest", "apart"],
                [_fault(one, honest) for one in broken],
            ),
            "",
            *_conclusion(broken),
        ]
    lines += [
        f"- `{v['name']}`: {v.get('skipped') or v.get('failed')}" for v in document["variants"] if "pictures" not in v
    ]
    return "\n".join([*lines, ""])


def _honest(one: Judged) -> list[str]:
    room, link = min(one.rooms_db(), default=(math.inf, ""))
    gain = max((bias.gain for bias in one.finding.biases), key=abs, default=0.0) if one.finding else 0.0
    failing = "not followed" if one.finding is None or one.finding.not_followed else str(len(one.named()))
    return [
        one.name, one.entry["precision"], failing, _decibels(room), link, f"{gain * 100:+.4f} %",
        f"{min(_values(one, 'ssim')):.4f}", _decibels(min(_values(one, "psnr_db"))),
    ]  # fmt: skip


def _fault(one: Judged, honest: list[Judged]) -> list[str]:
    link, pictures, named = _link_of(one), len(one.of_pictures), one.named()
    right = sum(_place(said) == link for said in named.values())
    others = Counter(said for said in named.values() if _place(said) != link)
    also = "".join(f", {said}: {count}" for said, count in others.most_common())
    if not pictures:
        return [one.name, "not followed", "-", link, "-", "-", "-"]
    counts = [one.name, f"{len(named)} of {pictures}", f"{right}{also}", link]
    if link.rpartition(" ")[2] in EXACT:
        return [*counts, "-", "-", "exact"]
    # Beside the honest changes that the same limits are meant for.
    beside = [some for some in honest if some.entry["precision"] == one.entry["precision"]]
    by = Counter(said for said in named.values() if _place(said) == link).most_common(1)
    if by and by[0][0].endswith(" gain"):
        mild, worst = (_largest_gain(some, link.rpartition(" ")[0]) for some in ([one], beside))
        return [*counts, f"{mild * 100:.3f} %", f"{worst * 100:.3f} %", f"{mild / worst:.1f}x" if worst else "-"]
    mild = max((room for room, _ in one.rooms_db(link)), default=math.inf)
    worst = min((room for some in beside for room, _ in some.rooms_db(link)), default=math.inf)
    apart = "-" if math.isinf(mild) else "same" if math.isinf(worst) else f"{worst - mild:.1f} dB"
    return [*counts, _decibels(mild), _decibels(worst), apart]


def _place(link: str) -> str:
    """A gain or mean error is one of what the stage gives."""
    stage, _, kind = link.rpartition(" ")
    return f"{stage} output" if kind in ("gain", "mean") else link


def _conclusion(broken: list[Judged]) -> list[str]:
    missed = [
        one.name
        for one in broken
        if not one.of_pictures
        or sum(_place(said) == _link_of(one) for said in one.named().values()) < len(one.of_pictures) - MISSED
    ]
    if missed:
        return [f"Not named by its link on all pictures but {MISSED}: {', '.join(missed)}.", ""]
    return [f"Every fault is named by its link, on all pictures but {MISSED} or all.", ""]


def _link_of(one: Judged) -> str:
    return faults.LINKS[one.entry["name"].removeprefix("fault_")]


def _largest_gain(some: list[Judged], stage: str) -> float:
    return max(
        (abs(b.gain) for one in some if one.finding for b in one.finding.biases if called(b.stage) == stage),
        default=0.0,
    )


def _link_name(link: LinkScore | BrokenLink) -> str:
    return f"{called(link.stage)} {link.link}" if link.stage else link.link


def _values(one: Judged, key: str) -> list[float]:
    """Of every picture; what is no picture is as bad as can be, what is identical has an infinite PSNR."""
    return [0.0 if p["fault"] else math.inf if p[key] is None else p[key] for p in one.entry["pictures"]]


def _decibels(value: float) -> str:
    return "same" if math.isinf(value) else f"{value:.1f}"


def main() -> None:
    path, *more = map(Path, sys.argv[1:])
    document = machine.read(path)
    for other in map(machine.read, more):
        if other["workload"] != document["workload"] or other["model"] != document["model"]:
            sys.exit("these results are of other pictures")
        document["variants"] += other["variants"]
    machine.write(document, render(document), path.name.removesuffix(".json.gz"), path.parent)


if __name__ == "__main__":
    main()
