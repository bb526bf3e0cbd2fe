"""Say which stored files differ between two folders of baselines, in words for a reviewer."""

from __future__ import annotations

from pathlib import Path

from pytest_sdperf.baseline import Baseline, level_s
from pytest_sdperf.baselines.store import BaselineStore
from pytest_sdperf.errors import BaselineError
from pytest_sdperf.units import format_seconds, format_share


def changed_files(base: Path, head: Path) -> list[str]:
    """One clause for each file that is new, gone or another one in ``head``, sorted by name.

    Of a baseline the change of its latency is named: ``m/ship.json: latency 5 ms -> 7 ms (+40.0 %)``.
    """
    names = sorted({*_files(base), *_files(head)})
    return [f"{name}: {change}" for name in names if (change := _change(base, head, name))]


def _files(root: Path) -> list[str]:
    return [path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()] if root.is_dir() else []


def _change(base: Path, head: Path, name: str) -> str:
    was, now = base / name, head / name
    if not was.is_file():
        return "new"
    if not now.is_file():
        return "removed"
    if was.read_bytes() == now.read_bytes():
        return ""
    folder, _, file = name.partition("/")
    if was.suffix != ".json" or "/" in file or not file:
        return "replaced"
    try:
        before, after = (BaselineStore(root, folder).load(was.stem) for root in (base, head))
    except BaselineError as error:
        return f"replaced, and one of both cannot be read: {error.what}"
    return "replaced" if before is None or after is None else _levels(before, after)


def _levels(before: Baseline, after: Baseline) -> str:
    """Latency at the first size that both have."""
    size = next((s for s in after.newest.sizes if s in before.newest.sizes), None)
    if size is None:
        return "of other sizes"
    was_s, now_s = (level_s(stored.measurements, size) for stored in (before, after))
    change = format_share(now_s / was_s - 1)
    runs = f", {len(before.runs)} -> {len(after.runs)} runs" if len(before.runs) != len(after.runs) else ""
    return f"latency {format_seconds(was_s)} -> {format_seconds(now_s)} ({change}){runs}"
