"""The charts of the report: what each is drawn from, and how."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from textwrap import fill
from typing import TYPE_CHECKING, Any

from pytest_sdperf.report.html.svg import COLOURS, inline
from pytest_sdperf.report.plain import plain
from pytest_sdperf.units import format_seconds, format_share
from pytest_sdperf.variant import REFERENCE_VARIANT

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LONGEST_NAME = 22
_WRAPPED = 10
"""Characters in a line of a stage's name."""

_LEAST_SHARE = 0.16
"""Of a chart's width, for a stage of a chain: as wide as its name."""

_LINE = 20
"""Height of a line of a chart, in its pixels."""

STAGE_COLOURS = 6
"""Stages that have a colour of their own; any further one has the last."""

_SIDES = {"base": ("o", "none"), "head": ("D", COLOURS["head"])}
"""Side (base or head) -> marker, filling: distinguished by shape, not by colour alone."""


@dataclass(frozen=True)
class Bar:
    """One variant of the speed-up chart."""

    variant: str
    median_s: float
    factor: float | None
    "times faster than fp32"


@dataclass(frozen=True)
class Process:
    """One process of the latency chart: a dot, and the range of its pictures."""

    side: str
    "`base` or `head`"
    at: float
    "place from left to right"
    median_s: float
    shortest_s: float
    longest_s: float
    counts: bool = True
    "False: dropped"


@dataclass(frozen=True)
class Change:
    """The ratio of head and base, as far as it is known. All are shares: 0.05 is 5 % slower."""

    change: float
    lower: float | None
    upper: float | None
    "None: nothing is known of that bound"
    limits: Mapping[str, float] = field(default_factory=dict)
    "word -> limit: `ignored`, `limit`"
    pairs: Sequence[float] = ()
    "of each pair that counts"


@dataclass(frozen=True)
class ChainLink:
    """One link of a picture's chain."""

    psnr_db: float | None
    "None: the same"
    min_psnr_db: float
    kind: str
    "`latents` or `conditioning`, which a stage is given, `output`, which it gives, or `picture`"
    is_broken: bool = False

    @property
    def is_given(self) -> bool:
        return self.kind in ("latents", "conditioning")


@dataclass(frozen=True)
class ChainStage:
    """The links of one stage, in the order of its calls; at least one."""

    name: str
    links: Sequence[ChainLink]


def speed_up_chart(bars: Sequence[Bar], *, name: str, text: str) -> str:
    """A bar for each variant: latency, and how many times faster than fp32 it is."""
    longest = max(bar.median_s for bar in bars)

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        colours = [COLOURS["base" if bar.variant == REFERENCE_VARIANT else "head"] for bar in bars]
        axes.barh(range(len(bars)), [bar.median_s for bar in bars], height=0.66, color=colours)
        for row, bar in enumerate(bars):
            factor = "" if bar.factor is None else f" · {bar.factor:.2f}x"
            axes.text(bar.median_s + longest * 0.015, row, f"{format_seconds(bar.median_s)}{factor}", va="center")
        axes.set_yticks(range(len(bars)), [plain(bar.variant, _LONGEST_NAME) for bar in bars])
        axes.tick_params(axis="y", length=0)
        axes.set_xlim(0, longest * 1.45)  # room for the figures behind the longest bar
        axes.set_xticks([])
        axes.spines["bottom"].set_visible(False)
        axes.set_ylim(len(bars) - 0.5, -0.5)

    return inline(draw, name=name, height=_LINE * len(bars) + 14, text=text)


def latency_chart(
    processes: Sequence[Process], ticks: Mapping[float, str], change: Change | None, *, name: str, text: str
) -> str:
    """A dot for each process, base and head next to each other; below, the interval of their ratio."""

    def draw(figure: Figure) -> None:
        grid: Any = {"height_ratios": (150, 70)} if change else {}
        upper = figure.subplots(1 + (change is not None), 1, gridspec_kw=grid, squeeze=False)[:, 0]
        _dots(upper[0], processes, ticks)
        if change:
            _interval(upper[1], change)

    return inline(draw, name=name, height=270 if change else 180, text=text)


def _dots(axes: Axes, processes: Sequence[Process], ticks: Mapping[float, str]) -> None:
    scale, unit = _unit(max(p.longest_s for p in processes))
    for side, (marker, filling) in _SIDES.items():
        for counts in (True, False):
            of_side = [p for p in processes if p.side == side and p.counts is counts]
            if not of_side:
                continue
            at, colour = [p.at for p in of_side], COLOURS[side if counts else "muted"]
            axes.vlines(
                at, [p.shortest_s * scale for p in of_side], [p.longest_s * scale for p in of_side],
                color=colour, linewidth=1, alpha=0.6,
            )  # fmt: skip
            face = filling if counts else "none"
            label = {"base": "base", "head": "this run"}[side] if counts else ""
            axes.plot(
                at, [p.median_s * scale for p in of_side], linestyle="", marker=marker if counts else "x", markersize=5,
                markeredgecolor=colour, markerfacecolor=face, label=label,
            )  # fmt: skip
    axes.set_ylabel(unit, rotation=0, ha="right", va="center")
    axes.grid(axis="y")
    shown = list(ticks)[:: max(1, math.ceil(len(ticks) / 12))]
    axes.set_xticks(shown, [ticks[at] for at in shown])
    axes.tick_params(axis="x", length=0)
    places = [p.at for p in processes]
    axes.set_xlim(min(places) - 0.6, max(places) + 0.6)
    if len({p.side for p in processes}) > 1:
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, borderpad=0, handletextpad=0.2)


def _interval(axes: Axes, change: Change) -> None:
    """The ratio as a point with its bounds, the pairs below it, the limits as lines."""
    known = [
        c for c in (change.change, change.lower, change.upper, *change.limits.values(), *change.pairs) if c is not None
    ]
    low, high = min([0.0, *known]) * 100, max([0.0, *known]) * 100
    margin = max(1.0, (high - low) * 0.15)
    low, high = low - margin, high + margin
    axes.axvline(0, color=COLOURS["muted"], linewidth=0.8)
    for word, limit in change.limits.items():
        axes.axvline(limit * 100, color=COLOURS["limit"], linewidth=1.2, linestyle="-" if word == "limit" else ":")
        axes.annotate(
            f"{word} {format_share(limit)}", (limit * 100, 1), xycoords=("data", "axes fraction"), va="bottom",
            ha="left" if word == "limit" else "right", color=COLOURS["limit"], fontsize=9.5,
        )  # fmt: skip
    ends = [low if change.lower is None else change.lower * 100, high if change.upper is None else change.upper * 100]
    axes.plot(ends, [0.62, 0.62], color=COLOURS["head"], linewidth=2.4, solid_capstyle="butt")
    marker, filling = _SIDES["head"]
    axes.plot(
        [change.change * 100], [0.62], marker=marker, markersize=6, color=COLOURS["head"], markerfacecolor=filling
    )
    if change.pairs:
        axes.plot(
            [p * 100 for p in change.pairs], [0.2] * len(change.pairs), linestyle="", marker="|", markersize=8,
            color=COLOURS["ink"],
        )  # fmt: skip
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.set_ylim(0, 1)
    axes.set_xlim(low, high)
    axes.set_xlabel("slower than base, %")


def stages_chart(sides: Mapping[str, Mapping[str, float]], *, name: str, text: str) -> str:
    """A stacked bar for each side: seconds in each stage. ``sides``: label -> stage -> s; the first's order counts."""
    stages = list(dict.fromkeys(stage for parts in sides.values() for stage in parts))
    scale, unit = _unit(max(sum(parts.values()) for parts in sides.values()))

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        for row, parts in enumerate(sides.values()):
            left = 0.0
            for number, stage in enumerate(stages):
                width = max(0.0, parts.get(stage, 0.0)) * scale
                axes.barh(
                    row, width, left=left, height=0.6, color=COLOURS[f"stage-{min(number, STAGE_COLOURS - 1)}"],
                    edgecolor=COLOURS["paper"], linewidth=0.8,
                )  # fmt: skip
                left += width
        axes.set_yticks(range(len(sides)), [plain(label, 14) for label in sides])
        axes.tick_params(axis="y", length=0)
        axes.set_ylim(len(sides) - 0.5, -0.5)
        axes.set_xlabel(unit)
        axes.grid(axis="x")

    return inline(draw, name=name, height=52 + 30 * len(sides), text=text)


def chain_chart(stages: Sequence[ChainStage], *, name: str, text: str) -> str:
    """The links of one picture from left to right: how each agrees, and the limit that it must reach.

    Links that are the same lie on the upper edge. Each stage has a part of the width, so that those of a single call
    have room for their name.
    """
    links = [link for stage in stages for link in stage.links]
    top = max((link.psnr_db for link in links if link.psnr_db is not None), default=0.0)
    top = max(top, *(link.min_psnr_db for link in links)) + 5

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        edges = _edges([len(stage.links) for stage in stages])
        for stage, (left, right) in zip(stages, pairwise(edges), strict=True):
            step = (right - left) / len(stage.links)
            placed = [(left + step * (i + 0.5), link) for i, link in enumerate(stage.links)]
            for kind in dict.fromkeys(link.kind for link in stage.links):
                of_kind = [(at, link) for at, link in placed if link.kind == kind]
                limits = [link.min_psnr_db for _, link in of_kind]
                axes.step(
                    [left, *(at for at, _ in of_kind), right], [limits[0], *limits, limits[-1]], where="mid",
                    color=COLOURS["limit"], linewidth=1.2, label="limit",
                )  # fmt: skip
                _marks(axes, of_kind, top)
        for edge in edges[1:-1]:
            axes.axvline(edge, color=COLOURS["grid"], linewidth=0.8)
        axes.set_ylabel("PSNR, dB")
        axes.set_ylim(0, top + 3)
        middles = [(left + right) / 2 for left, right in pairwise(edges)]
        axes.set_xticks(middles, [fill(plain(stage.name, _LONGEST_NAME), _WRAPPED) for stage in stages])
        axes.tick_params(axis="x", length=0)
        axes.set_xlim(0, 1)
        axes.grid(axis="y")
        shown = dict(zip(*reversed(axes.get_legend_handles_labels()), strict=True))
        axes.legend(
            shown.values(), shown, loc="lower left", ncols=3, bbox_to_anchor=(0, 1.0), borderpad=0, handletextpad=0.2
        )

    return inline(draw, name=name, height=210, text=text)


def _marks(axes: Axes, placed: Sequence[tuple[float, ChainLink]], top: float) -> None:
    """Links, each at its place: squares for what is given, dots for what is given back."""
    colour = COLOURS["head"]
    for at, link in placed:
        axes.plot(
            [at], [top if link.psnr_db is None else link.psnr_db], linestyle="", markersize=3.5,
            marker="s" if link.is_given else "o", color=colour, markerfacecolor="none" if link.is_given else colour,
            label="given" if link.is_given else "gives",
        )  # fmt: skip
        if link.is_broken:
            axes.plot([at], [link.psnr_db or 0.0], linestyle="", marker="x", markersize=9, color=COLOURS["ink"])


def _edges(sizes: Sequence[int]) -> list[float]:
    """Where each of so many stages begins, and the last one ends: 0 to 1, by its links but never less than a share."""
    least = min(_LEAST_SHARE, 1 / len(sizes))
    beyond = [max(0.0, size / sum(sizes) - least) for size in sizes]
    left = 1 - least * len(sizes)
    shares = [least + (left * more / sum(beyond) if sum(beyond) else left / len(sizes)) for more in beyond]
    return [0.0, *accumulate(shares)]


def _unit(longest_s: float) -> tuple[float, str]:
    return (1.0, "s") if longest_s >= 1 else (1e3, "ms")
