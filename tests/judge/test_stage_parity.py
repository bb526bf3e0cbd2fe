"""Where a picture begins to differ."""

import pytest

from pytest_sdperf.judge.stage_parity import judge_stage_parity
from pytest_sdperf.judge.verdict import Status
from pytest_sdperf.measurement import StageParity

LIMITS = {"text_encoder": 40.0, "unet": 45.0, "vae_decode": 35.0}


def judged(drift=(), not_compared=(), limits=LIMITS, **stages):
    return judge_stage_parity(StageParity("fp32", stages, list(drift), list(not_compared)), limits)


def test_all_fine_names_every_stage():
    finding = judged(text_encoder=None, unet=50.04, vae_decode=36.0)
    assert (finding.part, finding.status) == ("picture", Status.PASSED)
    assert finding.sentence == (
        "stage by stage on fp32's inputs: the text embeddings identical, UNet call 1 50.0 dB, "
        "the VAE's decoding 36.0 dB"
    )
    assert finding.details == [
        "the text embeddings on fp32's inputs: identical",
        "UNet call 1 on fp32's inputs: 50.0 dB (limit 45 dB)",
        "the VAE's decoding on fp32's inputs: 36.0 dB (limit 35 dB)",
    ]
    assert finding.figures == {
        "text_encoder_psnr_db": None, "unet_psnr_db": 50.04, "vae_decode_psnr_db": 36.0,
        "text_encoder_limit_db": 40.0, "unet_limit_db": 45.0, "vae_decode_limit_db": 35.0,
    }  # fmt: skip


def test_the_first_stage_below_its_limit_is_named():
    finding = judged(text_encoder=None, unet=31.2, vae_decode=12.0)
    assert finding.status is Status.BROKEN
    assert finding.sentence == (
        "UNet call 1 already differs from fp32's on the same inputs: 31.2 dB (limit 45 dB); fine before it: "
        "the text embeddings"
    )


def test_two_sound_stages_before_the_fault():
    finding = judged(text_encoder=41.0, unet=46.0, vae_decode=12.0)
    assert finding.sentence == (
        "the VAE's decoding already differs from fp32's on the same inputs: 12.0 dB (limit 35 dB); "
        "fine before it: the text embeddings, UNet call 1"
    )


def test_nothing_sound_before_the_first():
    assert judged(text_encoder=3.0).sentence.endswith("3.0 dB (limit 40 dB)")


@pytest.mark.parametrize(("db", "status"), [(45.0, Status.PASSED), (44.999, Status.BROKEN), (None, Status.PASSED)])
def test_both_sides_of_the_limit(db, status):
    assert judged(unet=db).status is status


def test_near_misses_read_differently_from_the_limit():
    assert "44.999 dB (limit 45 dB)" in judged(unet=44.999).sentence


def test_a_stage_without_limit_never_fails():
    finding = judged(wave=1.0)
    assert finding.status is Status.PASSED
    assert finding.details == ["the first call of wave on fp32's inputs: 1.0 dB (no limit)"]


def test_drift_and_what_was_not_compared_are_told():
    finding = judged(drift=[None, 60.04, 35.1], not_compared=["unet"])
    assert finding.sentence == "stage by stage on fp32's inputs: no stage to compare"
    assert finding.details == [
        "UNet call 1: not compared, it has no such stage with these shapes",
        "latents before each UNet call and before the decoding, dB: identical, 60.0, 35.1",
    ]
