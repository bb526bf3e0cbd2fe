"""Make text from outside safe to show: one line, no control or direction characters, of bounded length."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

ELLIPSIS = "…"
SEPARATOR = " · "

_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Controls (escape sequences), formats (right-to-left overrides, zero widths), lone surrogates, line separators."""


_COMMAND = re.compile(r"^(\s*):(?=:)|#(?=#\w*\[)")
"""How a line of a log commands a runner: it begins with `::error::…`, or has `##[error]…` anywhere in it (GitHub), or
`##vso[…]` (Azure Pipelines), or `##teamcity[…]`."""


def plain(text: str, limit: int = 200) -> str:
    """``text`` with every hidden character written as its escape, cut to ``limit`` characters.

    The end is cut, and an ellipsis says so. The part that is cut off is never looked at, so that a name of any
    length costs the same. A command in the log of a job is written so that it is only text.
    """
    shown = "".join(_visible(c) for c in text[: limit + 1])
    shown = _COMMAND.sub(lambda found: f"{found[1] or ''}\\x{ord(found[0][-1]):02x}", shown)
    return shown if len(shown) <= limit else shown[: limit - 1] + ELLIPSIS


def cut(text: str, width: int, measure: Callable[[str], int]) -> str:
    """``text``, its end cut off where ``measure`` gives it more than ``width`` terminal cells; an ellipsis says so."""
    if measure(text) <= width:
        return text
    kept = text[:width]  # a character takes a cell or more, unless it joins the one before
    while kept and measure(kept + ELLIPSIS) > width:
        kept = kept[:-1]
    return kept.rstrip() + ELLIPSIS if width > 0 else ""


def _visible(character: str) -> str:
    if unicodedata.category(character) not in _HIDDEN:
        return character
    return character.encode("unicode_escape").decode("ascii")
