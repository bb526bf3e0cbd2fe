import dataclasses

import msgspec
import numpy as np
import pytest

from pytest_sdperf.baseline import Baseline, RecordedRun
from pytest_sdperf.claims import Claim
from pytest_sdperf.comparison import Comparison, Side
from pytest_sdperf.judge.assembly import judge
from pytest_sdperf.measurement import Environment, Evidence
from pytest_sdperf.observations import Observations, References
from pytest_sdperf.options import Options, Thresholds
from pytest_sdperf.stats.run_spread import NOTHING_RECORDED, RunSpread
from pytest_sdperf.variant import Case, Variant
from pytest_sdperf.verdict.parts import PARTS
from pytest_sdperf.verdict.status import Status
from pytest_sdperf.workload import Workload

KEY = "64x64/0"
PLAIN = Variant(name="ours", factory="package.module:build", claims=(Claim("threads"),))
PROVEN = Evidence(threads=2, threads_asked=2)


KNOWN = RunSpread(processes=1000)
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
    verdict = judged(measured(evidence=PROVEN), jobs=[measured(evidence=PROVEN)] * 10)
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


def test_latency_never_hides_a_broken_picture_or_claim(measured):
    verdict = judged(measured([9.0] * 3), jobs=[measured([1.0] * 3)], pictures={KEY: np.zeros((64, 64, 3))})
    assert [(f.part, f.status) for f in verdict.failures] == [
        ("latency", Status.REGRESSED),
        ("picture", Status.BROKEN),
        ("proof", Status.BROKEN),
    ]


def test_parts_outside_the_gate_are_judged_but_do_not_fail(measured):
    verdict = judged(measured([9.0] * 3, evidence=PROVEN), jobs=[measured([1.0] * 3)], gate=("picture", "proof"))
    assert verdict.worst("latency").status is Status.REGRESSED
    assert verdict.passed


@pytest.mark.parametrize(("inconclusive", "passed"), [("warn", True), ("fail", False)])
def test_an_inconclusive_latency_fails_where_it_was_asked_for(measured, inconclusive, passed):
    limits = Thresholds(inconclusive=inconclusive)
    verdict = judged(measured(evidence=PROVEN), jobs=[measured()], spread=NOTHING_RECORDED, thresholds=limits)
    assert verdict.worst("latency").status is Status.INCONCLUSIVE
    assert verdict.passed is passed


def test_a_missing_baseline_fails_latency_and_memory(measured):
    verdict = judged(measured(evidence=PROVEN))
    assert [(f.part, f.status) for f in verdict.failures] == [
        ("latency", Status.NO_BASELINE),
        ("memory", Status.NO_BASELINE),
    ]


@pytest.mark.parametrize("then", ["record", "skip"])
def test_a_missing_baseline_does_not_fail_where_it_may_be_missing(measured, then):
    verdict = judged(measured(evidence=PROVEN), missing=then)
    assert verdict.passed
    for part in ("latency", "memory"):
        finding = verdict.worst(part)
        assert (finding.status, finding.missing.then) == (Status.NOT_JUDGED, then)
        assert finding.missing.what == "there is no baseline for this case and machine yet"


def test_a_missing_baseline_excuses_no_missing_reference_of_another_variant(measured):
    verdict = judged(measured(evidence=PROVEN), references=References(), missing="record")
    assert verdict.picture.status is Status.NO_BASELINE
    own = judged(
        measured(evidence=PROVEN),
        dataclasses.replace(PLAIN, reference=None),
        references=References(),
        missing="record",
    )
    assert (own.picture.status, own.picture.missing.then) == (Status.NOT_JUDGED, "record")


@pytest.mark.parametrize("then", ["fail", "skip"])
def test_a_base_that_lacks_the_variant_is_as_if_there_were_no_baseline(measured, then):
    side = Side("main", Environment(machine_key="zen5"))
    lacking = Comparison(side, side, pairs=[], missing="main declares no variant 'ours'")
    verdict = judged(measured(evidence=PROVEN), missing=then, comparison=lacking)
    assert verdict.passed is (then == "skip")
    for finding in (verdict.latency, verdict.worst("memory")):
        assert (finding.missing.what, finding.missing.then) == ("main declares no variant 'ours'", then)


def test_a_base_that_cannot_run_leaves_the_head_its_own_parts(measured):
    side = Side("main", Environment(machine_key="zen5"))
    broken = Comparison(side, side, pairs=[], invalid="the base cannot run")
    verdict = judged(measured(evidence=PROVEN), jobs=[measured(evidence=PROVEN)] * 10, comparison=broken)
    assert [(f.part, f.status) for f in verdict.failures] == [
        ("latency", Status.INVALID_ENVIRONMENT),
        ("memory", Status.INVALID_ENVIRONMENT),
    ]
    assert verdict.latency.recorded.status is Status.PASSED, "what recorded runs show stands beside it"
    assert verdict.worst("memory").is_base_unmeasured


def test_order_is_a_second_latency_finding(measured):
    limits = Thresholds(min_speedup=("fp32", 3.0))
    verdict = judged(measured(evidence=PROVEN), thresholds=limits, jobs=[measured()], sibling=measured([2.0] * 3))
    assert [f.part for f in verdict.findings] == ["latency", "latency", "picture", "proof", "memory"]
    assert verdict.failures[0].sizes[0].factor == pytest.approx(1.98, abs=0.01)
    alone = judged(measured(evidence=PROVEN), thresholds=limits, jobs=[measured()])
    assert alone.failures[0].status is Status.NO_BASELINE


@pytest.mark.parametrize(
    ("changed", "difference"),
    [
        ({"model_digest": "b" * 64}, "model aaaaaaaaaaaa, this is bbbbbbbbbbbb"),
        ({"scheduler": "DPM"}, "scheduler PNDMScheduler, this is DPM"),
        ({"workload": {"num_inference_steps": 4, "seed": 1}}, "another workload (seed)"),
    ],
)
def test_a_baseline_of_other_work_is_not_compared(measured, changed, difference):
    verdict = judged(measured(evidence=PROVEN, **changed), jobs=[measured()])
    for part in ("latency", "memory"):
        assert verdict.worst(part).status is Status.INVALID_ENVIRONMENT
        assert verdict.worst(part).other_work == difference
    limits = Thresholds(max_memory=1)
    still = judged(measured(evidence=PROVEN, **changed), thresholds=limits, jobs=[measured()])
    assert still.worst("memory").status is Status.BROKEN, "an absolute limit needs no baseline"


def test_tuples_and_lists_are_the_same_workload(measured):
    base, head = measured(workload={"sizes": [[64, 64]]}), measured(workload={"sizes": ((64, 64),)}, evidence=PROVEN)
    assert judged(head, jobs=[base]).passed


def test_variants_with_their_own_weights_have_no_digest(measured):
    assert judged(measured(model_digest="", evidence=PROVEN), jobs=[measured()]).passed


def test_pictures_that_do_not_repeat_are_marked(measured):
    one = measured(evidence=PROVEN)
    assert judged(one, jobs=[one]).picture.is_repeatable
    processes = [msgspec.structs.replace(p, picture_sha256={KEY: [str(i)]}) for i, p in enumerate(one.processes)]
    picture = judged(msgspec.structs.replace(one, processes=processes), jobs=[one]).picture
    assert (picture.status, picture.is_repeatable) == (Status.PASSED, False)
