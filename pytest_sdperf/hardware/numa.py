"""The memory nodes that the CPUs of this process belong to."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from pytest_sdperf.hardware.cores import read_cpu_list


def numa_nodes(cpus: Sequence[int], *, root: Path = Path("/")) -> dict[int, tuple[int, ...]]:
    """Node -> those of ``cpus`` that belong to it, read below ``root``; empty where the system does not say."""
    folder = root / "sys/devices/system/node"
    try:
        names = sorted(entry.name for entry in folder.iterdir())
    except OSError:
        return {}
    nodes = [int(found[1]) for name in names if (found := re.fullmatch(r"node(\d+)", name))]
    here = {node: tuple(c for c in read_cpu_list(folder / f"node{node}" / "cpulist") if c in cpus) for node in nodes}
    return {node: found for node, found in sorted(here.items()) if found}
