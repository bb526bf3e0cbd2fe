"""Where a picture begins to differ."""

import dataclasses

import pytest

from pytest_sdperf.judge.stage_parity import judge, judge_stage_parity
from pytest_sdperf.measurement import Environment, Evidence, ImageTiming, Measurement, ProcessRun, StageParity
from pytest_sdperf.observations import BasePictures, Observations
from pytest_sdperf.options import Options
from pytest_sdperf.report.picture_text import stage_parity_details
from pytest_sdperf.variant import Case, Variant
from pytest_sdperf.verdict.status import Status
from pytest_sdperf.workload import Workload

LIMITS = {"text_encoder": 40.0, "unet": 45.0, "vae_decode": 35.0}


@pytest.mark.parametrize(
    ("stages", "broken"),
    [
        ({"text_encoder": None, "unet": 50.04, "vae_decode": 36.0}, []),
        ({"text_encoder": None, "unet": 31.2, "vae_decode": 12.0}, ["unet", "vae_decode"]),
        ({"unet": 45.0}, []),
        ({"unet": 44.999}, ["unet"]),
        ({"unet": None, "wave": 1.0}, []),  # a stage without a limit never fails
        ({}, []),
    ],
)
def test_every_stage_must_reach_its_limit(stages, broken):
    finding = judge_stage_parity(StageParity("fp32", stages, [None, 60.0], ["tail"]), LIMITS)
    assert (finding.part, finding.reference) == ("picture", "fp32")
    assert finding.status is (Status.BROKEN if broken else Status.PASSED)
    assert [one.stage for one in finding.stages] == list(stages)
    assert [one.stage for one in finding.stages if one.is_broken] == broken
    assert (finding.drift_db, finding.not_compared) == ([None, 60.0], ["tail"])


def test_the_stages_of_a_base_with_another_model_decide_nothing():
    run = ProcessRun({"16x24": [ImageTiming(10)]}, {}, {}, peak_rss_bytes=1)
    measurement = Measurement(
        "c", "ours", "m", "d", "", {}, [run], Evidence(), Environment("here"),
        stage_parity=StageParity("fp32", {"unet": 60.0}),
    )  # fmt: skip
    case = Case(Variant("ours", "harbour:build"), Workload(), "m")
    base = BasePictures("main", stage_parity=StageParity("fp32", {"unet": 1.0}))
    seen = Observations(case, measurement, measurement, base_pictures=base)
    finding = judge(seen, Options())
    assert (finding.status, finding.base.status, finding.base_label) == (Status.PASSED, Status.BROKEN, "main")
    assert stage_parity_details(finding)[-1].startswith("main with its own model: UNet call 1 already differs from ")
    unfollowed = dataclasses.replace(seen, base_pictures=BasePictures("main"))
    assert judge(unfollowed, Options()).base is None
