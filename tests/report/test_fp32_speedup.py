"""Latencies are divided only where model, size and workload agree."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pytest_sdperf.measurement import Measurement
from pytest_sdperf.report.fp32_speedup import fp32_latencies, speed_up, workload_key
from pytest_sdperf.report.model import Report

Make = Callable[..., Measurement]


def test_fp32_over_the_variant(make_measurement: Make) -> None:
    fp32 = make_measurement(medians_s=(30.0, 36.0, 33.0))
    fast = make_measurement("openvino", medians_s=(11.0,))
    report = Report([], fp32_latency_s=fp32_latencies([fast, fp32]))
    assert speed_up(report, fast, "256x256") == pytest.approx(3.0)
    assert speed_up(report, fp32, "256x256") == 1.0


def test_each_size_has_its_own_and_other_sizes_of_the_case_do_not_matter(make_measurement: Make) -> None:
    fp32 = make_measurement(medians_s=(30.0,), sizes=("256x256", "512x512"))
    one = make_measurement(
        "openvino", medians_s=(20.0,), sizes=("512x512",), workload={**fp32.workload, "sizes": [[512, 512]]}
    )
    report = Report([], fp32_latency_s=fp32_latencies([fp32]))
    assert speed_up(report, one, "512x512") == pytest.approx(3.0)


@pytest.mark.parametrize("change", [{"model": "synthetic:tiny"}, {"workload": {"num_inference_steps": 4}}])
def test_another_model_or_workload_does_not_compare(make_measurement: Make, change: dict[str, object]) -> None:
    report = Report([], fp32_latency_s=fp32_latencies([make_measurement()]))
    assert speed_up(report, make_measurement("openvino", **change), "256x256") is None


def test_the_first_fp32_counts_and_no_other_variant_does(make_measurement: Make) -> None:
    first, second = make_measurement(medians_s=(3.0,)), make_measurement(medians_s=(5.0,))
    assert list(fp32_latencies([make_measurement("tuned"), first, second]).values()) == [3.0]


def test_a_workload_read_from_a_file_is_the_same_workload(make_measurement: Make) -> None:
    read = make_measurement(workload={"prompts": ["a", "b"], "sizes": [[8, 8]], "seed": 0})
    made = make_measurement(workload={"seed": 0, "prompts": ("a", "b"), "sizes": ((8, 8),)})
    assert workload_key(read, "8x8") == workload_key(made, "8x8")


def test_a_latency_of_nothing_divides_nothing(make_measurement: Make) -> None:
    broken = make_measurement("openvino", medians_s=(0.0,))
    assert speed_up(Report([], fp32_latency_s=fp32_latencies([make_measurement()])), broken, "256x256") is None
