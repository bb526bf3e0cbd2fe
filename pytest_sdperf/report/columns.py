"""The summary table as columns of text, and which of them fit a width: the same in every plain rendering."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pytest_sdperf.report.finding_text import Figure, figures
from pytest_sdperf.report.plain import SEPARATOR, cut, plain
from pytest_sdperf.report.rows import Row

NOT_KNOWN = "–"  # noqa: RUF001 - a dash, as tables have it where there is no figure
GAP = 2
"""Spaces between columns."""

_LONGEST_NAME = 40
_SHORTEST_PROVEN = 14
"""Below this the column says too little to be worth its room."""

_DROPPED_FIRST = ("unet", "psnr", "peak", "proven", "ssim", "speed_up", "workload", "latency")
"""The order in which columns give way, after those that are not named here; variant and verdict never do."""


@dataclass(frozen=True)
class Column:
    """One column: a heading and a cell for each row."""

    name: str
    heading: str
    cells: list[str]
    right: bool = False
    "aligned to the right, for figures"

    def width(self, measure: Callable[[str], int]) -> int:
        """Terminal cells that the widest entry takes."""
        return max(map(measure, (self.heading, *self.cells)))


def columns(rows: Sequence[Row]) -> list[Column]:
    """Every column of the table; `workload` only where rows differ in it, `unet` where a stage is called so."""
    differing = _differing(rows)
    made = [Column("variant", "variant", [plain(r.variant, _LONGEST_NAME) for r in rows])]
    if differing:
        labels = [SEPARATOR.join(plain(r.workload.get(a, NOT_KNOWN), _LONGEST_NAME) for a in differing) for r in rows]
        made.append(Column("workload", "workload", labels))
    latency_unit, latencies = _times([r.median_s for r in rows])
    unet_unit, unet_calls = _times([r.unet_call_s for r in rows])
    unet = [Column("unet", f"UNet {unet_unit}", unet_calls, right=True)]
    return [
        *made,
        Column("latency", f"latency {latency_unit}", _with_spread(latencies, [r.spread for r in rows]), right=True),
        Column("speed_up", "vs fp32", [_or_dash(r.speed_up, "{:.2f}x") for r in rows], right=True),
        *(unet if any(r.unet_call_s is not None for r in rows) else []),
        *(Column(f.name, f.heading, [_cell(f, r) for r in rows], right=not f.is_words) for f in figures()),
        Column("verdict", "verdict", [r.verdict for r in rows]),
    ]


def common_workload(rows: Sequence[Row]) -> str:
    """The workload that all rows share, for the title: `bundled · 128x128 · 20 steps · zen5-2cores-avx512_bf16`."""
    differing = _differing(rows)
    shown = ("model", "size", "steps", "machine")
    first = next((row.workload for row in rows if row.median_s is not None), {})
    texts = [first.get(a, "") for a in shown if a not in differing]
    return SEPARATOR.join(plain(t, _LONGEST_NAME) for t in texts if t)


def fitting(
    made: Sequence[Column],
    width: int,
    measure: Callable[[str], int] = len,
    *,
    dropped_first: Sequence[str] = (),
) -> list[Column]:
    """The columns that fit into ``width`` terminal cells, ``measure`` giving the cells that a text takes.

    Those named in ``dropped_first`` give way, in that order; by default those of the summary table in its order.
    ``proven`` is shortened, item by item, before it or anything less telling is dropped. Where even variant and
    verdict do not fit, the variants' names are cut.
    """
    others = [c.name for c in made if c.name not in ("variant", *_DROPPED_FIRST, "verdict")]
    dropped_first = dropped_first or (*others, *_DROPPED_FIRST)
    for dropped in range(len(dropped_first) + 1):
        kept = [c for c in made if c.name not in dropped_first[:dropped]]
        room = width - sum(c.width(measure) + GAP for c in kept if c.name != "proven") + GAP
        proven = next((c for c in kept if c.name == "proven"), None)
        if proven is None and room >= 0:
            return kept
        if proven is not None and room - GAP >= min(_SHORTEST_PROVEN, proven.width(measure)):
            return [_shortened(c, room - GAP, measure) if c is proven else c for c in kept]
    left = width - sum(c.width(measure) + GAP for c in kept if c.name != "variant")
    return [_cut(c, max(left, 1), measure) if c.name == "variant" else c for c in kept]


def _cut(column: Column, width: int, measure: Callable[[str], int]) -> Column:
    return Column(column.name, cut(column.heading, width, measure), [cut(c, width, measure) for c in column.cells])


def _shortened(column: Column, width: int, measure: Callable[[str], int]) -> Column:
    return Column(column.name, column.heading, [_fewer_items(cell, width, measure) for cell in column.cells])


def _fewer_items(cell: str, width: int, measure: Callable[[str], int]) -> str:
    """As many whole items of ``cell`` as fit, then how many are left out: `bf16 97 % · +3`."""
    items = cell.split(SEPARATOR)
    for left_out in range(len(items)):
        kept = items[: len(items) - left_out]
        text = SEPARATOR.join([*kept, f"+{left_out}"] if left_out else kept)
        if measure(text) <= width:
            return text
    return cut(items[0], width, measure)


def _differing(rows: Sequence[Row]) -> list[str]:
    known = [row.workload for row in rows if row.median_s is not None]
    aspects = list(dict.fromkeys(aspect for workload in known for aspect in workload))
    return [a for a in aspects if len({workload.get(a) for workload in known}) > 1]


def _times(seconds: Sequence[float | None]) -> tuple[str, list[str]]:
    """(unit, texts) of durations in one unit and one number of decimals, so that they compare at a glance."""
    known = [s for s in seconds if s is not None and math.isfinite(s) and s > 0]
    largest = max(known, default=1.0)
    scale, unit = next(((f, u) for limit, f, u in ((1e-3, 1e6, "us"), (1.0, 1e3, "ms")) if largest < limit), (1.0, "s"))
    decimals = min(3, max(0, 2 - math.floor(math.log10(min(known, default=1.0) * scale))))
    return unit, [NOT_KNOWN if s is None else f"{s * scale:.{decimals}f}" for s in seconds]


def _with_spread(texts: Sequence[str], spreads: Sequence[float | None]) -> list[str]:
    """`71.2 ±1.2 %`, with the ± one under the other."""
    if all(s is None for s in spreads):
        return list(texts)
    shown = ["" if s is None else f"±{s * 100:.{0 if s >= 0.0995 else 1}f} %" for s in spreads]
    room = max(map(len, shown))
    return [f"{text} {spread:>{room}}" for text, spread in zip(texts, shown, strict=True)]


def _cell(figure: Figure, row: Row) -> str:
    value = row.figures.get(figure.name)
    return (figure.shown(value) if value is not None else "") or NOT_KNOWN


def _or_dash(value: float | None, form: str) -> str:
    return NOT_KNOWN if value is None else form.format(value)
