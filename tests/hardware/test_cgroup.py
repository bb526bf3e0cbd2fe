from __future__ import annotations

import pytest

from pytest_sdperf.hardware import cgroup

V2_MOUNT = "31 23 0:28 / /sys/fs/cgroup rw,relatime shared:9 - cgroup2 cgroup2 rw,nsdelegate\n"
V1_MOUNTS = (
    "22 1 0:20 / /proc rw - proc proc rw\n"
    "32 31 0:29 {root} /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct\n"
    "35 31 0:32 {root} /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n"
    "broken line\n"
)
V1_OWN = "9:memory:{path}\n4:cpu,cpuacct:{path}\n3:cpuset:/\n0::/\n"
NO_V1_LIMIT = "9223372036854771712"


def v2(path: str = "/", **files: str) -> dict[str, str]:
    return {"proc/self/mountinfo": V2_MOUNT, "proc/self/cgroup": f"0::{path}\n", **files}


def v1(path: str, root: str, files: dict[str, str]) -> dict[str, str]:
    return {
        "proc/self/mountinfo": V1_MOUNTS.format(root=root),
        "proc/self/cgroup": V1_OWN.format(path=path),
        **{f"sys/fs/cgroup/{name}": text for name, text in files.items()},
    }


def test_no_cgroups_limit_nothing(tmp_path):
    assert cgroup.cpu_quota(tmp_path) is None
    assert cgroup.memory_limit(tmp_path) is None
    assert cgroup.memory_left(tmp_path) is None


def test_v2_quota_in_cpus(tree):
    assert cgroup.cpu_quota(tree(v2(**{"sys/fs/cgroup/cpu.max": "150000 100000\n"}))) == 1.5


@pytest.mark.parametrize("text", ["max 100000\n", "", "100000\n", "100000 0\n", "-5 100000"])
def test_v2_without_a_quota(tree, text):
    assert cgroup.cpu_quota(tree(v2(**{"sys/fs/cgroup/cpu.max": text}))) is None


def test_the_tightest_ancestor_counts(tree):
    root = tree(
        v2(
            "/kubepods/pod1/box",
            **{
                "sys/fs/cgroup/kubepods/cpu.max": "800000 100000",
                "sys/fs/cgroup/kubepods/pod1/cpu.max": "200000 100000",
                "sys/fs/cgroup/kubepods/pod1/box/cpu.max": "max 100000",
                "sys/fs/cgroup/kubepods/pod1/memory.max": "2000",
                "sys/fs/cgroup/kubepods/pod1/box/memory.max": "max",
                "sys/fs/cgroup/memory.max": "3000",
            },
        )
    )
    assert cgroup.cpu_quota(root) == 2
    assert cgroup.memory_limit(root) == 2000


def test_v2_memory_left_gives_back_the_inactive_cache(tree):
    root = tree(
        v2(
            **{
                "sys/fs/cgroup/memory.max": "1000",
                "sys/fs/cgroup/memory.current": "900",
                "sys/fs/cgroup/memory.stat": "anon 500\ninactive_file 300\nactive_file 100\n",
            }
        )
    )
    assert cgroup.memory_limit(root) == 1000
    assert cgroup.memory_left(root) == 400


def test_nothing_is_left_above_the_limit(tree):
    root = tree(v2(**{"sys/fs/cgroup/memory.max": "1000", "sys/fs/cgroup/memory.current": "1200"}))
    assert cgroup.memory_left(root) == 0


def test_a_limit_without_figures_of_use_leaves_all_of_it(tree):
    assert cgroup.memory_left(tree(v2(**{"sys/fs/cgroup/memory.max": "1000"}))) == 1000


def test_v1_quota_and_memory(tree):
    files = {
        "cpu,cpuacct/box/cpu.cfs_quota_us": "400000\n",
        "cpu,cpuacct/box/cpu.cfs_period_us": "100000\n",
        "cpu,cpuacct/cpu.cfs_quota_us": "-1\n",
        "cpu,cpuacct/cpu.cfs_period_us": "100000\n",
        "memory/box/memory.limit_in_bytes": "5000\n",
        "memory/box/memory.usage_in_bytes": "3000\n",
        "memory/box/memory.stat": "inactive_file 1\ntotal_inactive_file 500\n",
        "memory/memory.limit_in_bytes": f"{NO_V1_LIMIT}\n",
    }
    root = tree(v1("/box", "/", files))
    assert cgroup.cpu_quota(root) == 4
    assert cgroup.memory_limit(root) == 5000
    assert cgroup.memory_left(root) == 2500


STAT = "nr_periods 10\nnr_throttled 5\n"


def test_v2_throttling_is_that_of_the_quota_that_took_most(tree):
    files = {
        "sys/fs/cgroup/pod/cpu.max": "200000 100000",
        "sys/fs/cgroup/pod/cpu.stat": f"usage_usec 9\n{STAT}throttled_usec 2500000\n",
        "sys/fs/cgroup/pod/box/cpu.max": "100000 100000",
        "sys/fs/cgroup/pod/box/cpu.stat": f"{STAT}throttled_usec 1500000\n",
        "sys/fs/cgroup/cpu.stat": "throttled_usec 9000000\n",  # no quota here
    }
    assert cgroup.throttled_s(tree(v2("/pod/box", **files))) == 2.5


def test_v1_throttling_is_in_nanoseconds(tree):
    files = {
        "cpu,cpuacct/box/cpu.cfs_quota_us": "150000\n",
        "cpu,cpuacct/box/cpu.cfs_period_us": "100000\n",
        "cpu,cpuacct/box/cpu.stat": f"{STAT}throttled_time 1500000000\n",
    }
    assert cgroup.throttled_s(tree(v1("/box", "/", files))) == 1.5


@pytest.mark.parametrize("files", [{}, {"sys/fs/cgroup/cpu.max": "max 100000", "sys/fs/cgroup/cpu.stat": STAT}])
def test_without_a_quota_nothing_is_throttled(tree, files):
    assert cgroup.throttled_s(tree(v2(**files))) is None


def test_v1_no_limit_is_a_large_number(tree):
    assert cgroup.memory_limit(tree(v1("/", "/", {"memory/memory.limit_in_bytes": NO_V1_LIMIT}))) is None


@pytest.mark.parametrize("path", ["/docker/4711", "/elsewhere", "/docker/4711/../.."])
def test_v1_container_sees_its_own_group_at_the_mount_point(tree, path):
    files = {"cpu,cpuacct/cpu.cfs_quota_us": "50000", "cpu,cpuacct/cpu.cfs_period_us": "100000"}
    assert cgroup.cpu_quota(tree(v1(path, "/docker/4711", files))) == 0.5


def test_mount_points_with_blanks(tree):
    root = tree(
        {
            "proc/self/mountinfo": "31 23 0:28 / /my\\040groups rw - cgroup2 none rw\n",
            "proc/self/cgroup": "0::/\n",
            "my groups/cpu.max": "300000 100000",
        }
    )
    assert cgroup.cpu_quota(root) == 3


def test_this_machine_answers():
    quota = cgroup.cpu_quota()
    assert quota is None or quota > 0
