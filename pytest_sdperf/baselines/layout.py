"""JSON laid out for review: one line per picture, kernel, setting or list of samples, so that diffs are short."""

from __future__ import annotations

import json

_ONE_LINE = ("total_ns", "implementation", "median_s")
"""A dict with one of these keys is one sample or figure, and stays on one line however long it is."""


def laid_out(value: object, indent: int = 0) -> str:
    """``value`` (dicts, lists, plain values) as JSON text; NaN and infinity raise ValueError.

    Dicts put each entry on a line of its own; lists of plain values, and dicts that are one sample,
    stay on one. The outermost call ends in a newline.
    """
    end = "\n" if indent == 0 else ""
    if not isinstance(value, (dict, list)) or not value or _fits_one_line(value):
        return _plain(value) + end
    inner = "  " * (indent + 1)
    if isinstance(value, dict):
        lines = [f"{inner}{_plain(key)}: {laid_out(entry, indent + 1)}" for key, entry in value.items()]
    else:
        lines = [f"{inner}{laid_out(entry, indent + 1)}" for entry in value]
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    return f"{opening}\n" + ",\n".join(lines) + f"\n{'  ' * indent}{closing}{end}"


def _fits_one_line(value: dict[str, object] | list[object]) -> bool:
    if isinstance(value, dict):
        return any(key in value for key in _ONE_LINE)
    return not any(isinstance(entry, (dict, list)) for entry in value)


def _plain(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
