import dataclasses
import re

import msgspec
import numpy as np
import pytest

from pytest_sdperf.baseline import Baseline, RecordedRun
from pytest_sdperf.case import Case
from pytest_sdperf.claims import Claim
from pytest_sdperf.judge.case import judge, passes_screen
from pytest_sdperf.judge.picture import similarity
from pytest_sdperf.judge.verdict import Status
from pytest_sdperf.measurement import Environment, Evidence
from pytest_sdperf.observations import Observations, References
from pytest_sdperf.options import Options, Thresholds
from pytest_sdperf.parts import PARTS
from pytest_sdperf.stats.job_spread import NOTHING_REPEATED, JobSpread
from pytest_sdperf.variant import Variant
from pytest_sdperf.workload import Workload

KEY = "64x64/0"
PLAIN = Variant(name="ours", factory="package.module:build", claims=(Claim("threads"),))
PROVEN = Evidence(threads=2, threads_asked=2)


KNOWN = JobSpread(squares=0.0, repeats=1000)
"""A machine whose jobs spread by 0.3 %: these tests are not about its noise."""


def judged(
    measurement, variant=PLAIN, *, thresholds=None, pictures=None, references=None, jobs=(), alone=None, missing="fail",
    others=None, gate=tuple(PARTS), **kwargs,
):  # fmt: skip
    drawn = np.random.default_rng(0).random((64, 64, 3), dtype=np.float32)
    seen = Observations(
        Case(variant, Workload(prompts=("a ship",), num_inference_steps=4), "synthetic:tiny"),
        measurement,
        alone or measurement,
        pictures=pictures or {KEY: drawn},
        other_pictures=others or {},
        references=references or References({KEY: drawn}),
        baseline=Baseline([RecordedRun("", job) for job in jobs]) if jobs else None,
        is_to_be_recorded=missing == "record",
        **{"spread": KNOWN, **kwargs},
    )
    return judge(seen, Options(thresholds=thresholds or Thresholds(), missing=missing, gate=gate))


def test_all_parts_hold(measured):
    verdict = judged(measured(evidence=PROVEN), jobs=[measured(evidence=PROVEN)])
    assert [f.part for f in verdict.findings] == ["latency", "picture", "proof", "memory"]
    assert {f.status for f in verdict.findings} == {Status.PASSED}
    assert verdict.passed
    assert verdict.gate == list(PARTS)


def test_the_order_is_judged_by_what_was_measured_alone(measured):
    """Beside another arm the minutes were others than the sibling's."""
    limits, sibling = Thresholds(min_speedup=("fp32", 1.5)), measured([1.5] * 3)
    slow, fast = measured([2.0] * 3), measured([1.0] * 3)
    found = [
        judged(slow, thresholds=limits, sibling=sibling, **alone).findings[1].status for alone in ({}, {"alone": fast})
    ]
    assert found == [Status.REGRESSED, Status.PASSED]


@pytest.mark.parametrize(
    ("limits", "passes"),
    [
        ({"max_slowdown": 0.5}, False),
        ({"max_slowdown": 0.5, "must_catch": 0.2}, True),
        ({"max_slowdown": 0.2, "must_catch": 0.5}, True),
        ({"max_slowdown": 0.05, "must_catch": 0.5}, False),
    ],
)
def test_a_screen_lets_nothing_pass_that_pairs_would_have_to_catch(measured, limits, passes):
    jobs, known = [measured([1.0] * 3)] * 10, JobSpread(squares=0.01, repeats=100)
    assert passes_screen(measured([1.1] * 3), jobs, Thresholds(**limits), known) is passes


def test_latency_never_hides_a_broken_picture_or_claim(measured):
    verdict = judged(measured([9.0] * 3), jobs=[measured([1.0] * 3)], pictures={KEY: np.zeros((64, 64, 3))})
    assert [(f.part, f.status) for f in verdict.failures] == [
        ("latency", Status.REGRESSED),
        ("picture", Status.BROKEN),
        ("proof", Status.BROKEN),
    ]


def test_parts_outside_the_gate_are_judged_but_do_not_fail(measured):
    verdict = judged(measured([9.0] * 3, evidence=PROVEN), jobs=[measured([1.0] * 3)], gate=("picture", "proof"))
    assert verdict.finding("latency").status is Status.REGRESSED
    assert verdict.passed


def test_a_regression_comes_with_reasons(measured, kernel):
    base = measured(evidence=Evidence(kernels=[kernel("brg:avx512_core_bf16")]))
    head = measured(
        [2.0] * 3,
        evidence=Evidence(kernels=[kernel("ref:any")]),
        environment=Environment(machine_key="zen5-2c-avx512_bf16", packages={"torch": "2.9.0"}),
    )
    verdict = judged(head, jobs=[base])
    expected = [
        "kernel appeared: convolution ref:any bf16, 100.0 % of kernel time",
        "kernel vanished: convolution brg:avx512_core_bf16 bf16, was 100.0 % of kernel time",
        "environment: torch not installed -> 2.9.0",
    ]
    for part in ("latency", "proof"):
        assert verdict.finding(part).details[-3:] == expected
    assert verdict.finding("memory").details == []


def test_reasons_are_of_the_newest_job(measured):
    old, new = (
        measured(environment=Environment(machine_key="zen5-2c-avx512_bf16", packages={"torch": version}))
        for version in ("2.7", "2.8")
    )
    head = measured([2.0] * 3, environment=Environment(machine_key="zen5-2c-avx512_bf16", packages={"torch": "2.9"}))
    assert judged(head, jobs=[old, new]).finding("latency").details[-1] == "environment: torch 2.8 -> 2.9"


@pytest.mark.parametrize(("inconclusive", "passed"), [("warn", True), ("fail", False)])
def test_an_inconclusive_latency_fails_where_it_was_asked_for(measured, inconclusive, passed):
    limits = Thresholds(inconclusive=inconclusive)
    verdict = judged(measured(evidence=PROVEN), jobs=[measured()], spread=NOTHING_REPEATED, thresholds=limits)
    assert verdict.finding("latency").status is Status.INCONCLUSIVE
    assert verdict.passed is passed


def test_a_missing_baseline_fails_latency_and_memory(measured):
    verdict = judged(measured(evidence=PROVEN))
    assert [(f.part, f.status) for f in verdict.failures] == [
        ("latency", Status.NO_BASELINE),
        ("memory", Status.NO_BASELINE),
    ]


@pytest.mark.parametrize(
    ("missing", "told"),
    [
        ("record", "1.01 s ±1.0 %, to be recorded as the baseline if no part fails"),
        (
            "skip",
            "1.01 s ±1.0 %, not judged: no baseline is stored for this case and machine, and --sdperf-missing=skip",
        ),
    ],
)
def test_a_missing_baseline_is_said_where_it_may_be_missing(measured, missing, told):
    verdict = judged(measured(evidence=PROVEN), missing=missing)
    assert verdict.passed
    for part in ("latency", "memory"):
        assert verdict.finding(part).status is Status.NOT_JUDGED
    assert verdict.finding("latency").sentence == told


def test_a_missing_baseline_excuses_no_missing_reference_of_another_variant(measured):
    verdict = judged(measured(evidence=PROVEN), references=References(), missing="record")
    assert verdict.finding("picture").status is Status.NO_BASELINE
    own = judged(
        measured(evidence=PROVEN),
        dataclasses.replace(PLAIN, reference=None),
        references=References(),
        missing="record",
    )
    assert own.finding("picture").status is Status.NOT_JUDGED
    assert own.finding("picture").sentence == ("1 picture, sane, to be recorded as the baseline if no part fails")


def test_order_is_a_second_latency_finding(measured):
    limits = Thresholds(min_speedup=("fp32", 3.0))
    verdict = judged(measured(evidence=PROVEN), thresholds=limits, jobs=[measured()], sibling=measured([2.0] * 3))
    assert [f.part for f in verdict.findings] == ["latency", "latency", "picture", "proof", "memory"]
    assert verdict.failures[0].sentence == "1.98x faster than fp32 (limit 3x)"
    alone = judged(measured(evidence=PROVEN), thresholds=limits, jobs=[measured()])
    assert alone.failures[0].status is Status.NO_BASELINE


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"model_digest": "b" * 64}, "model aaaaaaaaaaaa, this is bbbbbbbbbbbb"),
        ({"scheduler": "DPM"}, "scheduler PNDMScheduler, this is DPM"),
        ({"workload": {"num_inference_steps": 4, "seed": 1}}, "another workload (seed)"),
    ],
)
def test_a_baseline_of_other_work_is_not_compared(measured, changed, told):
    verdict = judged(measured(evidence=PROVEN, **changed), jobs=[measured()])
    for part in ("latency", "memory"):
        assert verdict.finding(part).status is Status.INVALID_ENVIRONMENT
        assert verdict.finding(part).sentence == (
            f"the baseline was measured with {told}; record it again with --sdperf-update=all"
        )
    limits = Thresholds(max_memory=1)
    still = judged(measured(evidence=PROVEN, **changed), thresholds=limits, jobs=[measured()])
    assert still.finding("memory").status is Status.BROKEN, "an absolute limit needs no baseline"


def test_tuples_and_lists_are_the_same_workload(measured):
    base, head = measured(workload={"sizes": [[64, 64]]}), measured(workload={"sizes": ((64, 64),)}, evidence=PROVEN)
    assert judged(head, jobs=[base]).passed


def test_variants_with_their_own_weights_have_no_digest(measured):
    assert judged(measured(model_digest="", evidence=PROVEN), jobs=[measured()]).passed


def test_pictures_that_do_not_repeat_are_told(measured):
    one = measured(evidence=PROVEN)
    assert judged(one, jobs=[one]).finding("picture").figures["repeatable"] == "yes"
    processes = [msgspec.structs.replace(p, picture_sha256={KEY: [str(i)]}) for i, p in enumerate(one.processes)]
    picture = judged(msgspec.structs.replace(one, processes=processes), jobs=[one]).finding("picture")
    assert picture.status is Status.PASSED
    assert picture.figures["repeatable"] == "no"
    assert picture.details[-1] == (
        "not repeatable: the same prompt, seed and size gave different pictures in this session"
    )


def test_limits_allow_for_pictures_that_do_not_repeat(measured, picture):
    one = measured(evidence=PROVEN)
    truth = picture((64, 64))
    processes = [msgspec.structs.replace(p, picture_sha256={KEY: [str(i)]}) for i, p in enumerate(one.processes)]
    one = msgspec.structs.replace(one, processes=processes)
    drawn, other = (np.clip(truth + 0.03 * (picture((64, 64), seed=s) - 0.5), 0, 1) for s in (1, 2))
    references = References({KEY: truth})
    strict = Thresholds(min_ssim=0, min_psnr=similarity(truth, drawn).psnr_db + 0.1)
    assert judged(one, pictures={KEY: drawn}, references=references, thresholds=strict).finding("picture").status is (
        Status.BROKEN
    )
    allowed = judged(
        one, pictures={KEY: drawn}, references=references, thresholds=strict, others={KEY: [other]}
    ).finding("picture")
    assert allowed.status is Status.PASSED
    assert re.search(
        r"not repeatable: .* session, SSIM 0\.\d{4} and PSNR \d\d\.\d dB between them; limits that allow for it: "
        r"SSIM 0\.0000, PSNR \d\d\.\d dB$",
        allowed.details[-1],
    )
