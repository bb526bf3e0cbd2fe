"""Machines that are made up, and what is said of them."""

import pytest

from pytest_sdperf.doctor import opinions
from pytest_sdperf.doctor.diagnosis import State
from pytest_sdperf.doctor.system_facts import Frequency
from pytest_sdperf.hardware.amx import Layer
from pytest_sdperf.hardware.machine import Machine

GIB = 1024**3


def machine(**changes):
    fields = {
        "cpu_model": "AMD EPYC",
        "microarchitecture": "zen5",
        "isa_tier": "avx512_bf16",
        "flags": frozenset({"hypervisor"}),
        "usable_cores": 2,
        "memory_bytes": 16 * GIB,
        "kernel": "6.1",
        "system": "Linux",
        "arch": "x86_64",
    }
    return Machine(**{**fields, **changes})


def cores(**changes):
    fields = {
        "all_cpus": 4,
        "allowed": (0, 1, 2, 3),
        "physical": [(0, 1), (2, 3)],
        "quota": None,
        "usable": 2,
        "nodes": {0: (0, 1, 2, 3)},
        "variables": {},
    }
    return opinions.cores(**{**fields, **changes})


def of(section, name):
    (found,) = [check for check in section.checks if check.name == name]
    return found


def told(check):
    return check.state, check.found


def test_a_cpu_and_the_layers_of_amx():
    layers = [Layer(1, "CPU flags", True, "hold"), Layer(2, "kernel permission", False, "offers none", "Update.")]
    section = opinions.cpu(machine(), layers)
    assert told(of(section, "CPU")) == (State.FINE, "AMD EPYC (zen5), a virtual machine")
    assert of(section, "instruction set").found == "avx512_bf16 is the best that can be used"
    assert [told(c) for c in section.checks if c.name == "AMX"] == [
        (State.FINE, "layer 1 (CPU flags) hold"),
        (State.NOTE, "layer 2 (kernel permission) offers none. Update."),
    ]


def test_an_old_cpu():
    section = opinions.cpu(machine(isa_tier="base", cpu_model="", flags=frozenset()), [])
    assert of(section, "CPU").found == "a CPU that does not name itself (zen5)"
    assert of(section, "instruction set").state is State.WEAK


def test_cores_without_limits():
    section = cores()
    assert told(of(section, "affinity")) == (State.FINE, "4 CPUs: 0-3")
    assert of(section, "physical cores").found == "2, 2 hardware threads each; 2 can compute at the same time"
    assert told(of(section, "cgroup quota")) == (State.FINE, "none")
    assert told(of(section, "NUMA nodes")) == (State.FINE, "1")
    assert not [check for check in section.checks if check.advice]


def test_an_affinity_is_told_with_its_gaps():
    assert of(cores(allowed=(0, 2, 3)), "affinity").found == "3 CPUs of 4, by the affinity: 0,2-3"


@pytest.mark.parametrize(("quota", "state"), [(1.99, State.WEAK), (2.0, State.FINE), (8.0, State.FINE)])
def test_a_quota_is_weak_below_the_number_of_cores(quota, state):
    check = of(cores(quota=quota, usable=1), "cgroup quota")
    assert check.state is state
    assert bool(check.advice) == (state is State.WEAK)


def test_the_advice_about_a_quota():
    assert of(cores(quota=1.5, usable=1), "cgroup quota").advice == (
        "Raise the container's CPU quota (1.5) to 2, or bind it to 1 with a cpuset: a quota stops all threads for the "
        "rest of each period."
    )


def test_numa_nodes():
    check = of(cores(nodes={0: (0, 1), 1: (2, 3)}), "NUMA nodes")
    assert told(check) == (State.WEAK, "2 (0: CPUs 0-1; 1: CPUs 2-3)")
    assert "numactl --cpunodebind=0 --membind=0, or taskset -c 0-1" in check.advice
    assert of(cores(nodes={}), "NUMA nodes").state is State.NOTE


def test_variables_are_part_of_what_is_measured():
    assert of(cores(variables={"OMP_NUM_THREADS": "1"}), "variables").found == (
        "OMP_NUM_THREADS=1 (part of what is measured)"
    )


@pytest.mark.parametrize(
    ("governors", "state"),
    [(("performance",), State.FINE), (("powersave",), State.WEAK), (("performance", "schedutil"), State.WEAK)],
)
def test_governors(governors, state):
    check = of(opinions.clock(Frequency(governors, "intel_pstate"), virtual=False), "governor")
    assert told(check) == (state, f"{', '.join(governors)} (intel_pstate)")
    assert check.advice == (
        "" if state is State.FINE else "Use the governor performance: sudo cpupower frequency-set -g performance."
    )


@pytest.mark.parametrize(("turbo", "state"), [(True, State.WEAK), (False, State.FINE), (None, State.NOTE)])
def test_turbo(turbo, state):
    check = of(opinions.clock(Frequency(turbo=turbo), virtual=True), "turbo")
    assert check.state is state
    assert bool(check.advice) == (turbo is True)


def test_a_virtual_machine_says_who_decides():
    section = opinions.clock(Frequency(), virtual=True)
    assert {check.found for check in section.checks} == {"not reported: the host of this virtual machine decides"}
    section = opinions.clock(Frequency(preferences=("power",)), virtual=False)
    assert [check.found for check in section.checks] == [
        "not reported by this system",
        "power",
        "not reported by this system",
    ]


def memory(**changes):
    fields = {"usable": 8 * GIB, "available": 4 * GIB, "limit": None, "swapped": 0, "huge_pages": "madvise"}
    return opinions.memory(**{**fields, **changes})


@pytest.mark.parametrize(("available", "state"), [(2 * GIB, State.FINE), (2 * GIB - 1, State.WEAK)])
def test_available_memory(available, state):
    check = of(memory(available=available), "available")
    assert check.state is state
    assert bool(check.advice) == (state is State.WEAK)


def test_swap_is_told_from_some_hundred_mebibytes_on():
    assert not [c for c in memory(swapped=256 * 1024**2).checks if c.name == "swap"]
    assert told(of(memory(swapped=GIB), "swap")) == (State.WEAK, "1.0 GiB in use")


def test_a_cgroup_limit():
    assert of(memory(), "cgroup limit").found == "none"
    assert of(memory(limit=GIB), "cgroup limit").found == "1.0 GiB"


@pytest.mark.parametrize(
    ("word", "state"),
    [("always", State.FINE), ("madvise", State.FINE), ("never", State.WEAK), ("", State.NOTE), ("new", State.NOTE)],
)
def test_huge_pages(word, state):
    assert of(memory(huge_pages=word), "huge pages").state is state


def test_libraries():
    section = opinions.libraries(
        prefix="/env",
        found={"jemalloc": ("", "Install it: apt install libjemalloc2."), "libiomp5": ("/env/lib/libiomp5.so", "")},
        runtimes=["/env/lib/libiomp5.so", "/usr/lib/libgomp.so.1"],
        packages={},
    )
    assert of(section, "environment").found == "/env"
    assert told(of(section, "libiomp5")) == (State.FINE, "OpenMP runtime, lib/libiomp5.so")
    assert told(of(section, "jemalloc")) == (State.LACKS, "allocator: none is found")
    assert of(section, "jemalloc").advice == (
        "jemalloc is missing, which the tuned variants preload. Install it: apt install libjemalloc2."
    )
    assert of(section, "OpenMP runtimes").found.startswith("lib/libiomp5.so, /usr/lib/libgomp.so.1 (")
    assert told(of(section, "packages")) == (State.LACKS, "no torch, no openvino")


def test_packages():
    section = opinions.libraries(prefix="/env", found={}, runtimes=[], packages={"torch": "2.8.0"})
    assert told(of(section, "packages")) == (State.NOTE, "torch 2.8.0")
    assert of(section, "OpenMP runtimes").found.startswith("none (")


def test_load():
    quiet = opinions.load(per_cpu=0.5, steal=0.05, holder="")
    assert [check.state for check in quiet.checks] == [State.FINE] * 3
    busy = opinions.load(per_cpu=0.51, steal=0.051, holder="pid 7")
    assert [check.state for check in busy.checks] == [State.WEAK] * 3
    assert of(busy, "another session").found == "is measuring now: pid 7"
    assert all(check.advice for check in busy.checks)
    assert [check.name for check in opinions.load(per_cpu=None, steal=None, holder="").checks] == ["another session"]
