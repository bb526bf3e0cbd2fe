"""Stages, kernels and environment, line by line."""

import msgspec
import pytest

from pytest_sdperf.diff.changes import (
    cold_start_changes,
    environment_changes,
    kernel_changes,
    machine_changes,
    stage_changes,
)
from pytest_sdperf.measurement import Disturbance, Environment, Evidence


def test_the_largest_move_comes_first(measured):
    base, head = measured([1.0], unet_s=0.6), measured([1.3], unet_s=0.8)
    assert stage_changes(base, head, "64x64") == [
        "unet 600 ms -> 800 ms (+33.3 %), +20.0 % of the picture's time",
        "rest 400 ms -> 500 ms (+25.0 %), +10.0 % of the picture's time",
    ]


def test_moves_of_less_than_1_percent_are_not_told(measured):
    assert stage_changes(measured([1.0], unet_s=0.6), measured([1.0], unet_s=0.606), "64x64") == []
    assert len(stage_changes(measured([1.0], unet_s=0.6), measured([1.0], unet_s=0.612), "64x64")) == 2


def test_stages_of_one_side_only(measured):
    assert stage_changes(measured([1.0]), measured([1.0], unet_s=0.6), "64x64") == [
        "rest 1 s -> 400 ms (-60.0 %), -60.0 % of the picture's time",
        "unet none -> 600 ms, +60.0 % of the picture's time",
    ]
    assert stage_changes(measured([1.0], unet_s=1.0), measured([1.5]), "64x64") == [
        "rest 0 us -> 1.5 s, +150.0 % of the picture's time",
        "unet 1 s -> none, -100.0 % of the picture's time",
    ]


def test_cold_start(measured):
    base, head = measured(startup_s={"load": 2.0, "compile": 1.0}), measured(startup_s={"load": 1.0})
    assert cold_start_changes(base, head) == ["load 2 s -> 1 s (-50.0 %)", "compile 1 s -> none"]
    assert cold_start_changes(measured(), measured()) == []


def test_appeared_and_vanished_kernels_largest_first(kernel):
    base = Evidence(kernels=[kernel("brg:avx512_core_bf16", time_ms=90), kernel("jit:avx512_core", time_ms=10)])
    head = Evidence(kernels=[kernel("ref:any", time_ms=95), kernel("jit:avx512_core", time_ms=5)])
    assert kernel_changes(base, head) == [
        "appeared: convolution ref:any bf16, 95.0 % of kernel time",
        "vanished: convolution brg:avx512_core_bf16 bf16, was 90.0 % of kernel time",
        "moved: convolution jit:avx512_core bf16, 10.0 % -> 5.0 % of kernel time",
    ]


def test_shares_that_move_less_than_5_points_are_not_told(kernel):
    base = Evidence(kernels=[kernel("a:avx2", time_ms=50), kernel("b:avx2", time_ms=50)])
    head = Evidence(kernels=[kernel("a:avx2", time_ms=54.9), kernel("b:avx2", time_ms=45.1)])
    assert kernel_changes(base, head) == []
    head = Evidence(kernels=[kernel("a:avx2", time_ms=56), kernel("b:avx2", time_ms=44)])
    assert len(kernel_changes(base, head)) == 2


def test_same_kernel_in_another_precision_is_another_kernel(kernel):
    lines = kernel_changes(Evidence(kernels=[kernel("a", "bf16")]), Evidence(kernels=[kernel("a", "f32")]))
    assert lines == [
        "appeared: convolution a f32, 100.0 % of kernel time",
        "vanished: convolution a bf16, was 100.0 % of kernel time",
    ]


def test_one_side_without_kernels(kernel):
    some, none = Evidence(kernels=[kernel("a")]), Evidence()
    assert kernel_changes(some, none) == ["no kernels were seen now; the baseline has them"]
    assert kernel_changes(none, some) == []
    assert kernel_changes(none, none) == []


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
        "Python 3.11.2 -> 3.12.1",
        "machine zen5 -> zen4",
        "CPU EPYC -> unknown",
        "kernel 6.1 -> 6.2",
        "threads 2 -> 1",
        "CPUs 0,1 -> unknown",
        "KMP_BLOCKTIME not set -> 1",
        "OMP_NUM_THREADS 2 -> not set",
    ]


def test_the_same_environment_says_nothing():
    assert environment_changes(BASE, BASE) == []


def test_the_machine_then_and_now(measured):
    def at(mhz, **environment):
        found = measured([1.0])
        seen = Disturbance(window_s=1.0, frequency_mhz=mhz)
        runs = [msgspec.structs.replace(run, seen=seen) for run in found.processes]
        changed = msgspec.structs.replace(found.environment, packages={"torch": str(mhz)}, **environment)
        return msgspec.structs.replace(found, processes=runs, environment=changed)

    assert machine_changes(at(2100.0, kernel="6.1"), at(1800.0, kernel="6.2")) == [
        "kernel 6.1 -> 6.2",
        "2100 MHz -> 1800 MHz",
    ]
    assert machine_changes(at(2100.0), at(2000.0)) == []
    assert machine_changes(at(None), at(2000.0)) == []


@pytest.mark.parametrize(("now", "told"), [(150, []), (151, ["a round trip between two CPUs 100 ns -> 151 ns"])])
def test_a_machine_that_has_moved_to_another_regime(measured, now, told):
    assert machine_changes(_probed(measured(), 100), _probed(measured(), now)) == told
    assert machine_changes(measured(), _probed(measured(), now)) == []


def _probed(measurement, round_trip_ns):
    processes = [
        msgspec.structs.replace(
            run, images={size: [msgspec.structs.replace(t, round_trip_ns=[round_trip_ns] * 2) for t in timings]}
        )
        for run in measurement.processes
        for size, timings in run.images.items()
    ]
    return msgspec.structs.replace(measurement, processes=processes)
