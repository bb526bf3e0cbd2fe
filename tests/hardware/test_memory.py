from __future__ import annotations

import types

import psutil
import pytest

from pytest_sdperf.hardware import memory


@pytest.fixture(autouse=True)
def physical(monkeypatch):
    monkeypatch.setattr(psutil, "virtual_memory", lambda: types.SimpleNamespace(total=8000, available=5000))


def group(limit: str, used: str) -> dict[str, str]:
    return {
        "proc/self/mountinfo": "31 23 0:28 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
        "proc/self/cgroup": "0::/\n",
        "sys/fs/cgroup/memory.max": limit,
        "sys/fs/cgroup/memory.current": used,
    }


@pytest.mark.parametrize(
    "limit, used, usable, available",
    [("max", "0", 8000, 5000), ("9000", "0", 8000, 5000), ("6000", "500", 6000, 5000), ("6000", "2000", 6000, 4000)],
)
def test_the_smaller_of_machine_and_cgroup(tree, limit, used, usable, available):
    root = tree(group(limit, used))
    assert memory.usable_memory_bytes(root=root) == usable
    assert memory.available_memory_bytes(root=root) == available


def test_without_cgroups_the_machine_decides(tmp_path):
    assert memory.usable_memory_bytes(root=tmp_path) == 8000
    assert memory.available_memory_bytes(root=tmp_path) == 5000
