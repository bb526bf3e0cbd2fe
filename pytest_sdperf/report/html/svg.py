"""A matplotlib figure as inline SVG: it takes colours and fonts from the page, and its ids clash with no other's."""

from __future__ import annotations

import re
import warnings
import xml.etree.ElementTree as ET
from collections.abc import Callable
from io import StringIO
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDTH = 360
"""Of every chart, in its own pixels: as wide as a phone, so that texts are as large there as they are meant."""

TEXT = 11
"""Size of the charts' texts, in the same pixels."""

_NAMES = ("ink", "muted", "grid", "paper", "base", "head", "limit", *(f"stage-{number}" for number in range(6)))

COLOURS = {name: f"#0000{number:02x}" for number, name in enumerate(_NAMES, 0x10)}
"""Name -> the colour to draw with; in the SVG it becomes the page's `--chart-<name>`."""

_STYLE: Any = {
    "svg.fonttype": "none",  # texts stay texts
    "svg.hashsalt": "sdperf",  # the same ids every time
    "text.parse_math": False,  # a dollar in a name is a dollar
    "font.family": "DejaVu Sans",  # comes with matplotlib; only measured with
    "font.size": TEXT,
    "text.color": COLOURS["ink"],
    "axes.edgecolor": COLOURS["muted"],
    "axes.labelcolor": COLOURS["ink"],
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.facecolor": "none",
    "figure.facecolor": "none",
    "grid.color": COLOURS["grid"],
    "grid.linewidth": 0.8,
    "xtick.color": COLOURS["muted"],
    "ytick.color": COLOURS["muted"],
    "xtick.labelcolor": COLOURS["ink"],
    "ytick.labelcolor": COLOURS["ink"],
    "legend.frameon": False,
    "legend.fontsize": TEXT,
}

_XLINK = "{http://www.w3.org/1999/xlink}href"
_REFERENCE = re.compile(r"url\(#([^)]+)\)")
_COLOUR = re.compile("|".join(COLOURS.values()))
_BY_COLOUR = {colour: name for name, colour in COLOURS.items()}


def inline(draw: Callable[[Figure], None], *, name: str, height: float, text: str) -> str:
    """The drawing that ``draw`` puts into a figure WIDTH wide and ``height`` high, as one ``<svg>`` element.

    ``name`` is unique on the page; ``text`` says in words what the chart shows, for those who do not see it.
    """
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with warnings.catch_warnings(), mpl.rc_context(_STYLE):
        warnings.simplefilter("ignore")  # of glyphs that only the page's fonts have
        figure = Figure(figsize=(WIDTH / 72, height / 72), layout="constrained")
        draw(figure)
        buffer = StringIO()
        nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        canvas: Any = FigureCanvasSVG(figure)
        canvas.print_svg(buffer, metadata=nothing)
    return _as_part_of_a_page(buffer.getvalue(), name, text)


def _as_part_of_a_page(svg: str, name: str, text: str) -> str:
    root = ET.fromstring(svg)  # noqa: S314 - written by matplotlib a moment ago
    for parent in root.iter():
        for child in [c for c in parent if c.tag.endswith(("}metadata", "}style"))]:
            parent.remove(child)  # the style is for all of the page
    referenced = {r for e in root.iter() for v in e.attrib.values() for r in _REFERENCE.findall(v)}
    referenced |= {v[1:] for e in root.iter() if (v := e.attrib.get(_XLINK, "")).startswith("#")}
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
        element.attrib = {
            key.rpartition("}")[2]: _local(key, value, name)
            for key, value in element.attrib.items()
            if key != "id" or value in referenced
        }
    root.attrib = {"viewBox": root.attrib["viewBox"], "class": "chart", "role": "img", "aria-label": text}
    return ET.tostring(root, encoding="unicode")


def _local(key: str, value: str, name: str) -> str:
    """An attribute with the page's colours, its ids and what refers to them under the chart's own name."""
    if key == "id":
        return f"{name}-{value}"
    if key == _XLINK and value.startswith("#"):
        return f"#{name}-{value[1:]}"
    value = _REFERENCE.sub(rf"url(#{name}-\1)", value)
    return _COLOUR.sub(lambda found: f"var(--chart-{_BY_COLOUR[found[0]]})", value) if key in _PAINTED else value


_PAINTED = ("style", "fill", "stroke")
