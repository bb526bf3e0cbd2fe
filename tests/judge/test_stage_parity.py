"""Where a picture begins to differ."""

import pytest

from pytest_sdperf.judge.stage_parity import judge_stage_parity
from pytest_sdperf.measurement import StageParity
from pytest_sdperf.verdict.status import Status

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
