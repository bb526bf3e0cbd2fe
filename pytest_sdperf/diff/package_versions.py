"""Versions of packages that differ between two environments, and what the difference costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from pytest_sdperf.diff.changes import kernel_changes, stage_changes
from pytest_sdperf.measurement import Measurement
from pytest_sdperf.units import format_seconds, format_share
from pytest_sdperf.wording import listed

Installed = Mapping[str, Mapping[str, Any]]
"""Package -> its `version`, and whether the worker there has it `loaded`."""

ABSENT = "not installed"

_SHOWN = 12


class VersionChange(NamedTuple):
    """A package that is not the same in both."""

    name: str
    base: str
    "its version; empty: not installed"
    head: str
    is_loaded: bool
    "by the worker of one side at least"

    def __str__(self) -> str:
        return f"{self.name} {self.base or ABSENT} -> {self.head or ABSENT}"


def cost_sentence(base: Measurement, head: Measurement) -> str:
    """``64x64: 24 ms -> 63 ms (+162.5 %); unet 22 ms -> 61 ms …; no kernel changed``: what other libraries cost."""
    parts = []
    for size in head.sizes:
        before_s, after_s = base.latency_at(size).median_s, head.latency_at(size).median_s
        change = format_share(after_s / before_s - 1)
        parts.append(f"{size}: {format_seconds(before_s)} -> {format_seconds(after_s)} ({change})")
        parts += stage_changes(base, head, size) or ["no stage moved by 1 % of that"]
    kernels = kernel_changes(base.evidence, head.evidence)
    return "; ".join([*parts, f"kernels {listed(kernels, _SHOWN)}" if kernels else "no kernel changed"])


def version_changes(base: Installed, head: Installed) -> list[VersionChange]:
    """Every package whose version differs, by name."""
    found = []
    for name in sorted({*base, *head}):
        there, here = base.get(name, {}), head.get(name, {})
        old, new = str(there.get("version", "")), str(here.get("version", ""))
        if old != new:
            found.append(VersionChange(name, old, new, bool(there.get("loaded") or here.get("loaded"))))
    return found


def changes_sentence(changes: Sequence[VersionChange]) -> str:
    """``inkwell 1.0 -> 2.0; not loaded: quill 1.0 -> 1.1, 14 more packages only in the head``.

    What was loaded, or is in both, is listed to the last; what only one side has installed is counted.
    """
    loaded = [str(change) for change in changes if change.is_loaded]
    idle = [change for change in changes if not change.is_loaded]
    both = [str(change) for change in idle if change.base and change.head]
    rest = both + [
        f"{len(names)} more only in the {side} ({listed(names, _SHOWN)})"
        for side, names in (
            ("base", [change.name for change in idle if not change.head]),
            ("head", [change.name for change in idle if not change.base]),
        )
        if names
    ]
    parts = [", ".join(loaded) or "no version of a loaded package differs"]
    return "; ".join(parts + ([f"not loaded: {', '.join(rest)}"] if rest else []))
