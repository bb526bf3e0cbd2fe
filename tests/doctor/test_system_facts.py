from __future__ import annotations

import pytest

from pytest_sdperf.doctor import system_facts as facts

CPU = "sys/devices/system/cpu"


def test_a_machine_that_says_nothing(tree):
    assert facts.read_frequency([0, 1], root=tree({"proc/version": ""})) == facts.Frequency()


def test_governors_of_the_cpus_asked_about_each_once(tree):
    root = tree(
        {
            f"{CPU}/cpu0/cpufreq/scaling_governor": "powersave\n",
            f"{CPU}/cpu1/cpufreq/scaling_governor": "powersave\n",
            f"{CPU}/cpu2/cpufreq/scaling_governor": "performance\n",
            f"{CPU}/cpu0/cpufreq/scaling_driver": "intel_pstate\n",
            f"{CPU}/cpu0/cpufreq/energy_performance_preference": "balance_performance\n",
        }
    )
    assert facts.read_frequency([0, 1], root=root) == facts.Frequency(
        governors=("powersave",), driver="intel_pstate", preferences=("balance_performance",)
    )
    assert facts.read_frequency([0, 1, 2], root=root).governors == ("powersave", "performance")


@pytest.mark.parametrize(
    ("file", "text", "turbo"),
    [
        ("intel_pstate/no_turbo", "0", True),
        ("intel_pstate/no_turbo", "1", False),
        ("cpufreq/boost", "1", True),
        ("cpufreq/boost", "0", False),
        ("cpufreq/boost", "?", None),
    ],
)
def test_turbo_is_told_by_each_driver_in_its_own_way(tree, file, text, turbo):
    assert facts.read_frequency([0], root=tree({f"{CPU}/{file}": text})).turbo is turbo


HUGE_PAGES = "sys/kernel/mm/transparent_hugepage/enabled"


@pytest.mark.parametrize(
    ("text", "found"), [("always [madvise] never\n", "madvise"), ("always madvise [never]", "never"), ("odd", "")]
)
def test_the_chosen_setting_of_huge_pages(tree, text, found):
    assert facts.transparent_huge_pages(root=tree({HUGE_PAGES: text})) == found


def test_a_system_without_huge_pages(tree):
    assert facts.transparent_huge_pages(root=tree({"proc/version": ""})) == ""


NODES = "sys/devices/system/node"


def test_nodes_of_the_cpus_asked_about(tree):
    root = tree(
        {
            f"{NODES}/node1/cpulist": "4-7",
            f"{NODES}/node0/cpulist": "0-3\n",
            f"{NODES}/node2/cpulist": "8",
            f"{NODES}/x": "",
        }
    )
    assert facts.numa_nodes([0, 2, 5], root=root) == {0: (0, 2), 1: (5,)}


def test_a_system_that_does_not_say_its_nodes(tree):
    assert facts.numa_nodes([0], root=tree({"proc/version": ""})) == {}


def test_a_node_without_cpus_is_no_node_for_us(tree):
    assert facts.numa_nodes([0], root=tree({f"{NODES}/node0/cpulist": "\n", f"{NODES}/node1/cpulist": "0"})) == {
        1: (0,)
    }


@pytest.fixture
def find(tmp_path, tree, monkeypatch):
    monkeypatch.setattr(facts.sys, "prefix", str(tmp_path / "env"))
    monkeypatch.setattr(facts.platform, "machine", lambda: "x86_64")

    def find(files):
        root = tree(dict.fromkeys(files, ""))
        found = facts.openmp_runtimes(root=root, site_packages=root / "site")
        return [str(path.relative_to(root)) for path in found]

    return find


def test_what_wheels_carry_and_what_the_system_has(find):
    assert find(
        [
            "site/torch/lib/libgomp.so.1",
            "site/scikit_learn.libs/libgomp-e985bcbb.so.1.0.0",
            "usr/lib/x86_64-linux-gnu/libgomp.so.1",
            "usr/lib/x86_64-linux-gnu/libomp.so.5",
            "site/torch/lib/libtorch.so",
            "site/torch/lib/libiompstubs5.so",
            "usr/lib/libompi.so",
        ]
    ) == [
        "site/torch/lib/libgomp.so.1",
        "site/scikit_learn.libs/libgomp-e985bcbb.so.1.0.0",
        "usr/lib/x86_64-linux-gnu/libgomp.so.1",
        "usr/lib/x86_64-linux-gnu/libomp.so.5",
    ]


def test_links_to_one_file_count_once(find, tmp_path):
    folder = tmp_path / "root" / "usr" / "lib"
    folder.mkdir(parents=True)
    (folder / "libgomp.so").symlink_to("libgomp.so.1.0.0")
    (folder / "libgomp.so.1").symlink_to("libgomp.so.1.0.0")
    assert find(["usr/lib/libgomp.so.1.0.0"]) == ["usr/lib/libgomp.so"]


def test_none(find):
    assert find(["proc/version"]) == []
