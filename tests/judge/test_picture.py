import json
import math

import msgspec
import numpy as np
import pytest

from pytest_sdperf.judge.picture import as_8_bit, judge_picture, similarity
from pytest_sdperf.judge.verdict import Status
from pytest_sdperf.observations import BASE_PICTURE
from pytest_sdperf.options import Thresholds
from pytest_sdperf.workload import PromptSeed

SIZES = ((16, 24),)
PROMPT_SEEDS = (PromptSeed("a ship", 0), PromptSeed("a goat", 0))
KEYS = ("16x24/0", "16x24/1")


def judged(pictures, references, prompt_seeds=PROMPT_SEEDS, sizes=SIZES, thresholds=None, **kwargs):
    return judge_picture(
        pictures, references, thresholds or Thresholds(), prompt_seeds=prompt_seeds, sizes=sizes, **kwargs
    )


def grey(value, size=(16, 24)):
    return np.full((*size, 3), value, dtype=np.float32)


def test_identical_pictures():
    assert similarity(grey(0.5), grey(0.5)).ssim == 1.0
    assert similarity(grey(0.5), grey(0.5)).psnr_db == math.inf


def test_black_against_white_is_as_unlike_as_can_be():
    # luminance term (2*0*1 + C1)/(0 + 1 + C1) with C1 = 0.01² ; contrast term 1. PSNR 10 log10(1/1).
    score = similarity(grey(0.0), grey(1.0))
    assert score.ssim == pytest.approx(1e-4 / (1 + 1e-4), rel=1e-6)
    assert score.psnr_db == pytest.approx(0.0)


def test_inverted_picture_is_anticorrelated(picture):
    assert similarity(picture(), 1 - picture()).ssim < -0.5


def test_psnr_of_a_constant_shift_by_hand():
    # every value off by 0.1: mse 0.01, 10 log10(1/0.01) = 20 dB
    assert similarity(grey(0.5), grey(0.6)).psnr_db == pytest.approx(20.0, abs=1e-4)


def test_ssim_of_two_constants_by_hand():
    # (2*0.5*0.6 + C1) / (0.25 + 0.36 + C1), C1 = 1e-4
    assert similarity(grey(0.5), grey(0.6)).ssim == pytest.approx(0.6001 / 0.6101, abs=1e-6)


def test_rounding_to_8_bits():
    assert as_8_bit(np.array([0.0, 0.001, 0.0021, 1.0])).tolist() == [0.0, 0.0, 1 / 255, 1.0]


def test_identical_pictures_pass_and_stay_json(picture):
    pictures = {k: picture(seed=i) for i, k in enumerate(KEYS)}
    finding = judged(pictures, pictures)
    assert finding.status is Status.PASSED
    assert finding.sentence == "2 pictures, identical to fp32"
    assert finding.figures["psnr_db"] is None
    assert finding.figures["ssim"] == 1.0
    json.loads(msgspec.json.encode(finding))
    assert finding.figures["ssim_win_size"] == 7.0
    assert finding.figures["ssim_weights"] == "uniform"


def test_worst_of_the_prompts_decides_and_is_named(picture):
    references = {k: picture(seed=i) for i, k in enumerate(KEYS)}
    pictures = dict(references)
    pictures[KEYS[1]] = np.clip(references[KEYS[1]] + np.where(picture(seed=9) > 0.5, 0.2, -0.2), 0, 1)
    finding = judged(pictures, references)
    assert finding.status is Status.BROKEN
    assert finding.figures["worst"] == KEYS[1]
    assert (finding.figures[f"ssim {KEYS[0]}"], finding.figures[f"psnr_db {KEYS[0]}"]) == (1.0, None)
    assert finding.figures[f"ssim {KEYS[1]}"] == finding.figures["ssim"]
    assert finding.figures[f"psnr_db {KEYS[1]}"] == finding.figures["psnr_db"]
    assert finding.sentence.startswith("SSIM 0.")
    assert finding.sentence.endswith('(limit 35 dB) against fp32 at 16x24, prompt "a goat"')
    assert "(limit 0.98) and PSNR " in finding.sentence
    assert finding.details[0] == (
        'at 16x24, prompt "a ship": SSIM 1.0000 (limit 0.98), PSNR infinite, identical (limit 35 dB)'
    )


@pytest.mark.parametrize(("nudge", "status"), [(1e-6, Status.BROKEN), (-1e-6, Status.PASSED)])
def test_both_sides_of_the_ssim_limit(picture, nudge, status):
    reference, drawn = picture(), np.clip(picture() + 0.03 * picture(seed=3), 0, 1)
    exact = similarity(reference, drawn).ssim
    finding = judged(
        {KEYS[0]: drawn},
        {KEYS[0]: reference},
        prompt_seeds=PROMPT_SEEDS[:1],
        thresholds=Thresholds(min_ssim=exact + nudge, min_psnr=0),
    )
    assert finding.status is status


@pytest.mark.parametrize(("nudge", "status"), [(1e-6, Status.BROKEN), (-1e-6, Status.PASSED)])
def test_both_sides_of_the_psnr_limit(picture, nudge, status):
    reference, drawn = picture(), np.clip(picture() + 0.03 * picture(seed=3), 0, 1)
    exact = similarity(reference, drawn).psnr_db
    finding = judged(
        {KEYS[0]: drawn},
        {KEYS[0]: reference},
        prompt_seeds=PROMPT_SEEDS[:1],
        thresholds=Thresholds(min_ssim=0, min_psnr=exact + nudge),
    )
    assert finding.status is status


def test_different_worst_for_each_metric_are_both_named():
    ramp = np.repeat(np.linspace(0.2, 0.8, 16 * 24, dtype=np.float32).reshape(16, 24, 1), 3, axis=2)
    checks = np.where(np.indices((16, 24)).sum(axis=0) % 2 == 0, 0.02, -0.02)[..., None].astype(np.float32)
    references = dict.fromkeys(KEYS, ramp)
    finding = judged({KEYS[0]: ramp + checks, KEYS[1]: ramp + 0.1}, references)
    assert finding.status is Status.BROKEN
    ssim_part, psnr_part = finding.sentence.split(" and ")
    assert 'prompt "a ship"' in ssim_part
    assert 'PSNR 20.0 dB (limit 35 dB) at 16x24, prompt "a goat" against fp32' in psnr_part
    assert finding.figures["worst"] == KEYS[0]


def test_unequal_size_is_broken_not_an_exception(picture):
    drawn = picture((24, 16))
    finding = judged({KEYS[0]: drawn}, {KEYS[0]: drawn}, prompt_seeds=PROMPT_SEEDS[:1])
    assert finding.status is Status.BROKEN
    assert finding.sentence == 'the picture at 16x24, prompt "a ship" has shape (24, 16, 3), not (16, 24, 3)'


def test_two_black_pictures_are_broken():
    finding = judged({KEYS[0]: grey(0)}, {KEYS[0]: grey(0)}, prompt_seeds=PROMPT_SEEDS[:1])
    assert finding.status is Status.BROKEN
    assert 'prompt "a ship" is all black' in finding.sentence


def test_nan_is_broken_even_in_the_second_prompt(picture):
    broken = picture()
    broken[0] = np.nan
    finding = judged({KEYS[0]: picture(), KEYS[1]: broken}, None, is_reference=True)
    assert finding.status is Status.BROKEN
    assert 'prompt "a goat" has 72 NaN' in finding.sentence


def test_a_missing_picture_is_broken(picture):
    finding = judged({KEYS[0]: picture()}, None)
    assert finding.sentence == 'the picture at 16x24, prompt "a goat" is missing'
    assert finding.status is Status.BROKEN


@pytest.mark.parametrize("is_reference", [True, False])
def test_of_its_own_pictures_those_that_are_stored_count(picture, is_reference):
    """Another test may have stored them; what is new is told, and recorded on demand."""
    pictures = dict.fromkeys(KEYS, picture())
    name = "fp32" if is_reference else None
    finding = judged(pictures, {KEYS[0]: picture()}, is_reference=is_reference, reference_name=name)
    new = 'no earlier picture is stored at 16x24, prompt "a goat"'
    assert finding.details[-1] == new
    if is_reference:
        assert finding.status is Status.PASSED
        assert finding.sentence == "1 picture, identical to its own stored picture"
    else:
        assert finding.status is Status.NO_BASELINE
        assert finding.sentence == (
            f"1 picture, identical to its own stored picture, but {new}; record it with --sdperf-update=new"
        )
    broken = judged(pictures, {KEYS[0]: 1 - picture()}, is_reference=is_reference, reference_name=name)
    assert broken.status is Status.BROKEN


def test_a_missing_or_unequal_reference_is_broken(picture):
    pictures = dict.fromkeys(KEYS, picture())
    for references, told in (
        ({KEYS[0]: picture()}, 'the reference at 16x24, prompt "a goat" is missing; delete it'),
        ({**pictures, KEYS[0]: picture((8, 8))}, 'the reference at 16x24, prompt "a ship" has shape (8, 8, 3), not'),
    ):
        finding = judged(pictures, references)
        assert finding.status is Status.BROKEN
        assert finding.sentence.startswith(told)


def test_no_reference_is_no_baseline_with_a_cure(picture):
    finding = judged(dict.fromkeys(KEYS, picture()), None)
    assert finding.status is Status.NO_BASELINE
    assert finding.sentence == (
        "2 pictures, sane, but there is no reference of fp32 to compare with; measure fp32 in the same session or "
        "store its pictures with --sdperf-update=new"
    )
    own = judged(dict.fromkeys(KEYS, picture()), {}, reference_name=None)
    assert own.status is Status.NO_BASELINE
    assert own.sentence == (
        "2 pictures, sane, but no earlier picture of this variant is stored; record it with --sdperf-update=new"
    )


def test_the_reference_itself_needs_only_be_sane(picture):
    finding = judged(dict.fromkeys(KEYS, picture()), None, is_reference=True)
    assert finding.status is Status.PASSED
    assert finding.sentence == "2 pictures, sane; this is the reference that others are compared with"


def test_the_reference_is_held_against_its_stored_picture(picture):
    finding = judged(dict.fromkeys(KEYS, picture()), dict.fromkeys(KEYS, picture(seed=5)), is_reference=True)
    assert finding.status is Status.BROKEN
    assert "against its own stored picture" in finding.sentence


def test_what_is_its_own_truth_may_be_held_against_the_base_arms_picture(picture):
    drawn, other = dict.fromkeys(KEYS, picture()), dict.fromkeys(KEYS, picture(seed=5))
    own = {"reference_name": None, "own_picture": BASE_PICTURE}
    assert judged(drawn, drawn, **own).sentence == "2 pictures, identical to the base's picture"
    assert "against the base's picture" in judged(drawn, other, **own).sentence
    insane = judged(drawn, {KEYS[0]: picture() * np.nan, KEYS[1]: picture()}, **own)
    assert insane.status is Status.BROKEN
    assert insane.sentence.startswith("the reference ")
    assert insane.sentence.endswith("; that is how the base arm draws it")


def test_stored_references_are_compared_in_8_bits(picture):
    drawn = picture()
    stored = {KEYS[0]: as_8_bit(drawn).astype(np.float32)}
    finding = judged({KEYS[0]: drawn}, stored, prompt_seeds=PROMPT_SEEDS[:1], eight_bit=True)
    assert finding.sentence == "1 picture, identical to fp32"
    assert finding.figures["bits"] == "8"
    assert finding.details[-1] == "both rounded to 8 bits; SSIM with a uniform 7x7 window, data range 1"
    as_floats = judged({KEYS[0]: drawn}, stored, prompt_seeds=PROMPT_SEEDS[:1])
    assert as_floats.figures["psnr_db"] == pytest.approx(58.9, abs=0.5)  # of quantisation: 20 log10(255) + 10.8 dB


def test_one_picture_needs_no_figures_of_its_own(picture):
    drawn = picture()
    finding = judged({KEYS[0]: drawn}, {KEYS[0]: drawn}, prompt_seeds=PROMPT_SEEDS[:1])
    assert not [name for name in finding.figures if KEYS[0] in name]


def test_seeds_are_named_where_there_are_several(picture):
    prompt_seeds = (PromptSeed("a ship", 3), PromptSeed("a ship", 8))
    pictures = {k: picture(seed=i) for i, k in enumerate(KEYS)}
    references = {**pictures, KEYS[1]: picture(seed=9)}
    finding = judged(pictures, references, prompt_seeds=prompt_seeds)
    assert finding.status is Status.BROKEN
    assert finding.sentence.endswith('against fp32 at 16x24, prompt "a ship", seed 8')
