"""The rows of the table, and the speed-up over fp32."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from pytest_sdperf.measurement import Measurement
from pytest_sdperf.report.outcome import Outcome, Report
from pytest_sdperf.report.rows import fp32_latencies, rows, speed_up, verdict_words, workload_key
from pytest_sdperf.verdict.case_verdict import Verdict
from pytest_sdperf.verdict.status import Status

Make = Callable[..., Any]


def test_one_row_for_each_size(make_measurement: Make, make_outcome: Make) -> None:
    m = make_measurement(medians_s=(2.3,), sizes=("64x64", "128x128"))
    first, second = rows(Report([make_outcome(m)]))
    assert (first.workload["size"], first.median_s) == ("64x64", 2.3)
    assert first.unet_call_s == pytest.approx(0.1)
    assert (second.workload["size"], second.median_s) == ("128x128", 4.6)
    assert second.unet_call_s == pytest.approx(0.2)


def test_spread_needs_two_processes_and_a_latency(make_measurement: Make, make_outcome: Make) -> None:
    def spread(*medians_s: float) -> float | None:
        return rows(Report([make_outcome(make_measurement(medians_s=medians_s))]))[0].spread

    assert spread(1.0) is None
    assert spread(0.0, 0.0) is None
    assert spread(1.0, 1.1, 0.9) == pytest.approx(0.1)


def test_a_pipeline_without_a_unet_has_no_call_time(make_measurement: Make, make_outcome: Make) -> None:
    assert rows(Report([make_outcome(make_measurement(unet=False))]))[0].unet_call_s is None


def test_picture_figures_are_the_worst_of_each(
    make_measurement: Make, make_outcome: Make, make_finding: Make, make_score: Make
) -> None:
    def figures(*pictures: Any) -> tuple[float | None, float | None]:
        row = rows(Report([make_outcome(make_measurement(), make_finding("picture", pictures=list(pictures)))]))[0]
        return row.figures["ssim"], row.figures["psnr"]

    assert figures(make_score(None, None)) == (None, None)
    assert figures(make_score(1.0, math.inf)) == (1.0, math.inf)
    assert figures(make_score(0.99, 41.5), make_score(1.0, math.inf), make_score(0.98, 44.0)) == (0.98, 41.5)
    assert repr(figures(make_score(math.nan, math.nan))) == "(nan, nan)"


def test_verdict_in_words(make_measurement: Make, make_outcome: Make, make_finding: Make) -> None:
    slow = make_finding("latency", Status.REGRESSED)
    fine = make_finding("latency")
    m = make_measurement()
    assert verdict_words(make_outcome(m, slow)) == "REGRESSED"
    assert verdict_words(make_outcome(m, slow, gate=("picture",))) == "REGRESSED (not gated)"
    assert verdict_words(make_outcome(m, fine)) == "PASSED"
    assert verdict_words(make_outcome(m, fine, recorded=True)) == "PASSED (recorded)"
    assert verdict_words(make_outcome(m, slow, make_finding("proof", Status.BROKEN), gate=("proof",))) == "BROKEN"
    unsure = make_finding("latency", Status.INCONCLUSIVE)
    assert verdict_words(make_outcome(m, unsure)) == "INCONCLUSIVE"
    for gate, words in ((["latency"], "INCONCLUSIVE (fails)"), (["picture"], "INCONCLUSIVE (not gated)")):
        assert verdict_words(Outcome("test", m, Verdict([unsure], gate, inconclusive="fail"))) == words
    broken = Verdict([unsure, make_finding("picture", Status.BROKEN)], ["picture"])
    assert verdict_words(Outcome("test", m, broken)) == "BROKEN"
    assert verdict_words(Outcome("test", m, None)) == "measured only"


def test_verdict_in_words_where_a_control_stands_beside_it(
    make_measurement: Make, make_outcome: Make, make_finding: Make
) -> None:
    m = make_measurement()
    control = make_finding("control", Status.INVALID_ENVIRONMENT)
    assert verdict_words(make_outcome(m, make_finding("latency"), make_finding("control"))) == "PASSED"
    assert verdict_words(make_outcome(m, make_finding("latency"), control)) == "INVALID ENVIRONMENT (not gated)"
    assert verdict_words(make_outcome(m, make_finding("latency", Status.REGRESSED), control)) == "REGRESSED"


def test_a_case_that_was_only_measured_has_a_row(make_measurement: Make) -> None:
    row = rows(Report([Outcome("test", make_measurement(workload={}), None)]))[0]
    assert (row.status, row.figures["ssim"], row.figures["proven"], row.speed_up) == (None, None, [], None)
    assert row.workload == {"model": "synthetic:sd15", "size": "256x256", "machine": "zen5-2c-avx512_bf16"}


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
