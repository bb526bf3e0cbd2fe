"""The memory this process may use: the machine's, or its cgroup's limit where that is smaller."""

from __future__ import annotations

from pathlib import Path

from pytest_sdperf.hardware import cgroup

_ROOT = Path("/")


def usable_memory_bytes(*, root: Path = _ROOT) -> int:
    """Physical memory or the cgroup's limit, whichever is smaller, bytes."""
    import psutil

    physical = int(psutil.virtual_memory().total)
    limit = cgroup.memory_limit(root)
    return physical if limit is None else min(physical, limit)


def available_memory_bytes(*, root: Path = _ROOT) -> int:
    """Memory that can be allocated now without swapping or hitting the cgroup's limit, bytes."""
    import psutil

    available = int(psutil.virtual_memory().available)
    left = cgroup.memory_left(root)
    return available if left is None else min(available, left)
