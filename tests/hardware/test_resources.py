from __future__ import annotations

import os
import types

import psutil
import pytest

from pytest_sdperf.hardware import resources


def topology(siblings: dict[int, str], sockets: dict[int, int] | None = None, name: str = "core_cpus_list"):
    files = {f"sys/devices/system/cpu/cpu{cpu}/topology/{name}": f"{text}\n" for cpu, text in siblings.items()}
    for cpu, socket in (sockets or {}).items():
        files[f"sys/devices/system/cpu/cpu{cpu}/topology/physical_package_id"] = f"{socket}\n"
    return files


def quota(text: str) -> dict[str, str]:
    return {
        "proc/self/mountinfo": "31 23 0:28 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
        "proc/self/cgroup": "0::/\n",
        "sys/fs/cgroup/cpu.max": text,
    }


HYPERTHREADS = {0: "0,4", 1: "1,5", 2: "2,6", 3: "3,7", 4: "0,4", 5: "1,5", 6: "2,6", 7: "3,7"}


@pytest.mark.parametrize("name", ["core_cpus_list", "thread_siblings_list"])
def test_hyperthreads_are_one_core(tree, name):
    root = tree(topology(HYPERTHREADS, name=name))
    assert resources.physical_cores(range(8), root=root) == [(0, 4), (1, 5), (2, 6), (3, 7)]
    assert resources.pinned_cpus(root=root, cpus=range(8)) == (0, 1, 2, 3)
    assert resources.usable_cores(root=root, cpus=range(8)) == 4


def test_sibling_ranges(tree):
    root = tree(topology({0: "0-1", 1: "0-1", 2: "2-3", 3: "2-3"}))
    assert resources.pinned_cpus(root=root, cpus=range(4)) == (0, 2)


def test_only_cores_within_the_affinity_count(tree):
    root = tree(topology(HYPERTHREADS))
    assert resources.pinned_cpus(root=root, cpus=(4, 5, 0)) == (0, 5)
    assert resources.pinned_cpus(root=root, cpus=(6,)) == (6,)


@pytest.mark.parametrize(
    "text, count",
    [
        ("max 100000", 4),
        ("800000 100000", 4),
        ("400000 100000", 4),
        ("399999 100000", 3),
        ("150000 100000", 1),
        ("50000 100000", 1),
    ],
)
def test_a_quota_is_rounded_down_to_at_least_one(tree, text, count):
    root = tree({**topology(HYPERTHREADS), **quota(text)})
    assert resources.usable_cores(root=root, cpus=range(8)) == count


@pytest.mark.parametrize(
    "text, pinned",
    [
        ("max 100000", (0, 1, 2, 3)),
        ("400000 100000", (0, 1, 2, 3)),
        ("399999 100000", tuple(range(8))),
        ("50000 100000", tuple(range(8))),
    ],
)
def test_under_a_quota_below_the_cores_nothing_is_bound_to_the_first_ones(tree, text, pinned):
    root = tree({**topology(HYPERTHREADS), **quota(text)})
    assert resources.pinned_cpus(root=root, cpus=range(8)) == pinned
    assert resources.one_cpu_per_core(root=root, cpus=range(8)) == (0, 1, 2, 3)


@pytest.mark.parametrize(
    "text, cpus, limit",
    [
        ("max 100000", range(8), None),
        ("800000 100000", range(8), None),
        ("1600000 100000", range(8), None),
        ("799999 100000", range(8), 7.99999),
        ("150000 100000", range(8), 1.5),
        ("150000 100000", (5,), None),  # a cpuset smaller than the quota
    ],
)
def test_a_quota_limits_where_it_is_below_the_affinity(tree, text, cpus, limit):
    root = tree({**topology(HYPERTHREADS), **quota(text)})
    assert resources.limiting_quota(root=root, cpus=cpus) == limit


@pytest.mark.parametrize(
    "logical, physical, grouped",
    [
        (8, 4, [(0, 1), (2, 3), (4, 5), (6, 7)]),  # Windows numbers the threads of a core one after another
        (8, 8, [(cpu,) for cpu in range(8)]),  # Apple
        (8, 5, [(0,), (1,), (2,), (3,), (4,)]),  # cores of two kinds
        (8, None, [(cpu,) for cpu in range(8)]),
        (None, None, [(cpu,) for cpu in range(8)]),
    ],
)
def test_without_a_topology_the_number_of_cores_decides(tmp_path, monkeypatch, logical, physical, grouped):
    monkeypatch.setattr(
        psutil, "cpu_count", lambda logical=True, counts={True: logical, False: physical}: counts[logical]
    )
    assert resources.physical_cores(range(8), root=tmp_path) == grouped


@pytest.mark.parametrize("text", ["", "x", "1-"])
def test_an_unreadable_topology_is_none(tree, monkeypatch, text):
    monkeypatch.setattr(psutil, "cpu_count", lambda logical=True: 2)
    assert resources.physical_cores((0, 1), root=tree(topology({0: text, 1: "1"}))) == [(0,), (1,)]


def test_linux_goes_by_affinity(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {3, 1}, raising=False)
    assert resources.allowed_cpus() == (1, 3)


def test_windows_goes_by_psutils_affinity(monkeypatch):
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(psutil, "Process", lambda: types.SimpleNamespace(cpu_affinity=lambda: [2, 0]))
    assert resources.allowed_cpus() == (0, 2)


@pytest.mark.parametrize("count, cpus", [(3, (0, 1, 2)), (None, (0,))])
def test_macos_has_no_affinity(monkeypatch, count, cpus):
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(psutil, "Process", types.SimpleNamespace)
    monkeypatch.setattr(psutil, "cpu_count", lambda logical=True: count)
    assert resources.allowed_cpus() == cpus


def test_this_machine_has_a_core():
    assert 1 <= resources.usable_cores() <= len(resources.allowed_cpus())
    assert set(resources.pinned_cpus()) <= set(resources.allowed_cpus())


@pytest.fixture
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
@pytest.mark.usefixtures("physical")
def test_the_smaller_of_machine_and_cgroup(tree, limit, used, usable, available):
    root = tree(group(limit, used))
    assert resources.usable_memory_bytes(root=root) == usable
    assert resources.available_memory_bytes(root=root) == available


@pytest.mark.usefixtures("physical")
def test_without_cgroups_the_machine_decides(tmp_path):
    assert resources.usable_memory_bytes(root=tmp_path) == 8000
    assert resources.available_memory_bytes(root=tmp_path) == 5000
