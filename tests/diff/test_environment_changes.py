from pytest_sdperf.diff.environment_changes import environment_changes
from pytest_sdperf.measurement import Environment

BASE = Environment(
    machine_key="zen5",
    cpu_model="EPYC",
    kernel="6.1",
    python="3.11.2",
    packages={"torch": "2.8.0", "openvino": "2026.4"},
    variables={"OMP_NUM_THREADS": "2"},
    threads=2,
    cpus=[0, 1],
)


def test_every_difference_is_one_line():
    head = Environment(
        machine_key="zen4",
        cpu_model="",
        kernel="6.2",
        python="3.12.1",
        packages={"torch": "2.9.0", "nncf": "3.4"},
        variables={"KMP_BLOCKTIME": "1"},
        threads=1,
        cpus=[],
    )
    assert environment_changes(BASE, head) == [
        "nncf not installed -> 3.4",
        "openvino 2026.4 -> not installed",
        "torch 2.8.0 -> 2.9.0",
        "machine zen5 -> zen4",
        "CPU EPYC -> unknown",
        "Python 3.11.2 -> 3.12.1",
        "kernel 6.1 -> 6.2",
        "threads 2 -> 1",
        "CPUs 0,1 -> unknown",
        "KMP_BLOCKTIME not set -> 1",
        "OMP_NUM_THREADS 2 -> not set",
    ]


def test_the_same_environment_says_nothing():
    assert environment_changes(BASE, BASE) == []
