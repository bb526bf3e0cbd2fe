"""Which pictures decide, and what becomes of a reference that is missing, broken or stored."""

import dataclasses
import math

import numpy as np
import pytest

from pytest_sdperf.claims import Claim
from pytest_sdperf.diff.pictures import as_8_bit, similarity
from pytest_sdperf.judge.picture import FILTERED, judge, judge_picture
from pytest_sdperf.measurement import Environment, Evidence, ImageTiming, Measurement, ProcessRun
from pytest_sdperf.observations import BASE_PICTURE, BasePictures, Observations, References
from pytest_sdperf.options import Options, Thresholds
from pytest_sdperf.picture_chain import Chains, PictureChain, StageLinks
from pytest_sdperf.report.picture_text import picture_details, picture_sentence
from pytest_sdperf.variant import Case, Variant
from pytest_sdperf.verdict.status import Status
from pytest_sdperf.workload import DEFAULT_PROMPTS, Workload

KEYS = ("16x24/0", "16x24/1")
TWO = Workload(prompts=("a ship", "a goat"), sizes=((16, 24),))
ONE = Workload(prompts=("a ship",), sizes=((16, 24),))


def judged(pictures, references, workload=TWO, *, thresholds=None, name="fp32", others=None, **fields):
    return judge_picture(
        pictures,
        References(references, **fields),
        thresholds or Thresholds(),
        workload,
        reference_name=name,
        other_pictures=others,
    )


def grey(value, size=(16, 24)):
    return np.full((*size, 3), value, dtype=np.float32)


def test_identical_pictures_pass(picture):
    pictures = {k: picture(seed=i) for i, k in enumerate(KEYS)}
    finding = judged(pictures, pictures)
    assert (finding.part, finding.status, finding.reference) == ("picture", Status.PASSED, "fp32")
    assert [(one.key, one.prompt, one.ssim, one.psnr_db) for one in finding.pictures] == [
        ("16x24/0", "a ship", 1.0, math.inf),
        ("16x24/1", "a goat", 1.0, math.inf),
    ]
    assert (finding.ssim_window, finding.ssim_weights, finding.data_range) == (7, "uniform", 1.0)


def test_the_worst_of_the_prompts_decides(picture):
    references = {k: picture(seed=i) for i, k in enumerate(KEYS)}
    changed = np.clip(references[KEYS[1]] + np.where(picture(seed=9) > 0.5, 0.2, -0.2), 0, 1)
    finding = judged({**references, KEYS[1]: changed}, references)
    assert finding.status is Status.BROKEN
    assert finding.decides.key == KEYS[1]
    assert finding.worst_ssim.ssim == similarity(references[KEYS[1]], changed).ssim


@pytest.mark.parametrize(("nudge", "status"), [(1e-6, Status.BROKEN), (-1e-6, Status.PASSED)])
@pytest.mark.parametrize("metric", ["ssim", "psnr_db"])
def test_both_sides_of_each_limit(picture, metric, nudge, status):
    reference, drawn = picture(), np.clip(picture() + 0.03 * picture(seed=3), 0, 1)
    limit = getattr(similarity(reference, drawn), metric) + nudge
    limits = Thresholds(min_ssim=limit, min_psnr=0) if metric == "ssim" else Thresholds(min_ssim=0, min_psnr=limit)
    assert judged({KEYS[0]: drawn}, {KEYS[0]: reference}, ONE, thresholds=limits).status is status


def test_each_metric_has_a_worst_picture_of_its_own():
    ramp = np.repeat(np.linspace(0.2, 0.8, 16 * 24, dtype=np.float32).reshape(16, 24, 1), 3, axis=2)
    checks = np.where(np.indices((16, 24)).sum(axis=0) % 2 == 0, 0.02, -0.02)[..., None].astype(np.float32)
    finding = judged({KEYS[0]: ramp + checks, KEYS[1]: ramp + 0.1}, dict.fromkeys(KEYS, ramp))
    assert finding.status is Status.BROKEN
    assert (finding.worst_ssim.key, finding.worst_psnr.key, finding.decides.key) == (KEYS[0], KEYS[1], KEYS[0])


@pytest.mark.parametrize(
    ("drawn", "fault"),
    [
        (grey(0.5, (24, 16)), "has shape (24, 16, 3), not (16, 24, 3)"),
        (grey(0), "is all black (brightest value 0, limit 0.0039)"),
        (grey(np.nan), "has 1152 NaN and 0 infinite values of 1152"),
        (None, "is missing"),
    ],
)
def test_what_is_no_valid_picture_is_broken_before_any_comparison(picture, drawn, fault):
    """Two black pictures score SSIM 1."""
    found = {KEYS[0]: picture()} if drawn is None else {KEYS[0]: picture(), KEYS[1]: drawn}
    for references in (dict(found), None):
        finding = judged(found, references, is_reference=references is None)
        assert (finding.status, finding.compared) == (Status.BROKEN, [])
        assert [one.fault for one in finding.pictures] == ["", fault]


@pytest.mark.parametrize("is_reference", [True, False])
def test_of_its_own_pictures_those_that_are_stored_count(picture, is_reference):
    """Another test may have stored them; what is new is reported, and recorded on demand."""
    pictures = dict.fromkeys(KEYS, picture())
    name = "fp32" if is_reference else None
    finding = judged(pictures, {KEYS[0]: picture()}, is_reference=is_reference, name=name)
    assert [one.is_unstored for one in finding.pictures] == [False, True]
    assert finding.reference == "its own stored picture"
    assert finding.status is (Status.PASSED if is_reference else Status.NO_BASELINE)
    broken = judged(pictures, {KEYS[0]: 1 - picture()}, is_reference=is_reference, name=name)
    assert broken.status is Status.BROKEN


def test_a_missing_or_unequal_reference_is_broken(picture):
    pictures = dict.fromkeys(KEYS, picture())
    for references, faults in (
        ({KEYS[0]: picture()}, ["", "is missing"]),
        ({**pictures, KEYS[0]: picture((8, 8))}, ["has shape (8, 8, 3), not (16, 24, 3)", ""]),
    ):
        finding = judged(pictures, references)
        assert (finding.status, finding.compared) == (Status.BROKEN, [])
        assert [one.reference_fault for one in finding.pictures] == faults


def test_without_a_reference_nothing_passes_but_the_reference_itself(picture):
    pictures = dict.fromkeys(KEYS, picture())
    other = judged(pictures, None)
    assert (other.status, other.reference, other.missing) == (Status.NO_BASELINE, "fp32", None)
    own = judged(pictures, {}, name=None)
    assert (own.status, own.missing.what) == (Status.NO_BASELINE, "no earlier picture of this variant is stored")
    assert judged(pictures, None, is_reference=True).status is Status.PASSED
    stored = judged(pictures, dict.fromkeys(KEYS, picture(seed=5)), is_reference=True)
    assert (stored.status, stored.reference) == (Status.BROKEN, "its own stored picture")


def test_a_variant_without_reference_may_be_compared_with_the_bases_picture(picture):
    drawn, other = dict.fromkeys(KEYS, picture()), dict.fromkeys(KEYS, picture(seed=5))
    own = {"name": None, "own_picture": BASE_PICTURE}
    same = judged(drawn, drawn, **own)
    assert (same.status, same.reference, same.is_from_base) == (Status.PASSED, BASE_PICTURE, True)
    assert judged(drawn, other, **own).status is Status.BROKEN
    invalid = judged(drawn, {KEYS[0]: picture() * np.nan, KEYS[1]: picture()}, **own)
    assert invalid.status is Status.BROKEN
    assert invalid.pictures[0].reference_fault.startswith("has 1152 NaN")


def test_stored_references_are_compared_in_8_bits(picture):
    drawn = picture()
    stored = {KEYS[0]: as_8_bit(drawn).astype(np.float32)}
    finding = judged({KEYS[0]: drawn}, stored, ONE, eight_bit=True)
    assert (finding.is_eight_bit, finding.pictures[0].psnr_db) == (True, math.inf)
    as_floats = judged({KEYS[0]: drawn}, stored, ONE)
    assert as_floats.pictures[0].psnr_db == pytest.approx(58.9, abs=0.5)  # of quantisation: 20 log10(255) + 10.8 dB


def test_pictures_that_do_not_repeat_widen_no_limit(picture):
    truth = picture()
    drawn = np.clip(truth + 0.03 * (picture(seed=1) - 0.5), 0, 1)
    other = np.clip(drawn + 0.002 * (picture(seed=2) - 0.5), 0, 1)
    psnr_db = similarity(truth, drawn).psnr_db
    for limit, status in ((psnr_db - 0.1, Status.PASSED), (psnr_db + 0.1, Status.BROKEN)):
        thresholds = Thresholds(min_ssim=0, min_psnr=limit)
        found = judged({KEYS[0]: drawn}, {KEYS[0]: truth}, ONE, thresholds=thresholds, others={KEYS[0]: [other]})
        assert (found.status, found.min_psnr_db) == (status, limit)
        assert found.own_psnr_db == similarity(drawn, other).psnr_db


@pytest.mark.parametrize(("nudge", "is_too_noisy"), [(1e-6, True), (-1e-6, False)])
@pytest.mark.parametrize("metric", ["ssim", "psnr_db"])
@pytest.mark.parametrize("reference", [{"name": None}, {"is_reference": True}, {"name": "fp32"}])
def test_pictures_that_take_up_half_of_the_error_cannot_be_judged(picture, metric, nudge, is_too_noisy, reference):
    drawn, other = picture(), np.clip(picture() + 0.03 * picture(seed=3), 0, 1)
    noise = similarity(drawn, other)
    limit = {"ssim": 1 - 2 * (1 - noise.ssim), "psnr_db": noise.psnr_db - 10 * math.log10(2)}[metric] + nudge
    limits = Thresholds(min_ssim=limit, min_psnr=0) if metric == "ssim" else Thresholds(min_ssim=0, min_psnr=limit)
    pictures = {KEYS[0]: drawn}
    finding = judged(pictures, pictures, ONE, thresholds=limits, others={KEYS[0]: [other]}, **reference)
    assert finding.is_too_noisy is is_too_noisy
    assert finding.status is (Status.BROKEN if is_too_noisy else Status.PASSED)
    if is_too_noisy:
        assert (finding.min_ssim, finding.min_psnr_db, finding.compared) == (limits.min_ssim, limits.min_psnr, [])


def test_a_repeated_picture_that_is_none_is_a_fault(picture):
    pictures = {KEYS[0]: picture()}
    finding = judged(pictures, pictures, ONE, others={KEYS[0]: [grey(np.nan)]})
    assert finding.status is Status.BROKEN
    assert finding.pictures[0].fault == "drawn again has 1152 NaN and 0 infinite values of 1152"


def test_a_picture_of_a_safety_checker_is_named_as_such(picture):
    pictures = {KEYS[0]: grey(0), KEYS[1]: picture()}
    found = judge_picture(pictures, References(pictures), Thresholds(), TWO, filtered={KEYS[0]})
    assert found.status is Status.BROKEN
    assert [one.fault for one in found.pictures] == [FILTERED, ""]


def far_off(picture, *, prompts=("a whale",), seeds=(0,), chains=None, stated=(), variant=None, **options):
    """Judges pictures that end far from their reference."""
    workload = Workload(prompts=prompts, seeds=seeds, sizes=((16, 24),))
    variant = variant or Variant("ours", "harbour:build", claims=(Claim("kernel_precision", "bf16"),))
    run = ProcessRun({"16x24": [ImageTiming(10)]}, {}, {}, peak_rss_bytes=1)
    measurement = Measurement("c", "ours", "m", "d", "", {}, [run], Evidence(), Environment("here"))
    keys = [f"16x24/{i}" for i in range(len(workload.prompt_seeds))]
    seen = Observations(
        Case(variant, workload, "m"),
        measurement,
        measurement,
        pictures={key: picture(seed=i) for i, key in enumerate(keys)},
        references=References({key: picture(seed=9 + i) for i, key in enumerate(keys)}),
        chains=Chains("fp32", [PictureChain(key, []) for key in keys]) if chains is None else chains,
    )
    return judge(seen, Options(stated=frozenset(stated), **options))


def test_a_picture_that_ends_elsewhere_by_rounding_has_diverged(picture):
    found = far_off(picture)
    assert found.status is Status.DIVERGED
    assert found.worst_ssim.ssim < found.min_ssim


BROKEN_CHAIN = Chains("fp32", [PictureChain("16x24/0", [StageLinks("unet", 3, 4)])])


@pytest.mark.parametrize(
    "changes",
    [
        {"stated": ["min_ssim"]},
        {"stated": ["min_psnr"]},
        {"prompts": DEFAULT_PROMPTS[:1]},
        {"prompts": ("a whale", DEFAULT_PROMPTS[2])},
        {"chains": BROKEN_CHAIN},
        {"chains": Chains("fp32", [], "it has no stages")},
        {"chains": Chains("fp32", [])},
    ],
)
def test_where_its_end_counts_all_the_same(picture, changes):
    """Limits that somebody states, the packaged prompts, and where no chain shows that it is rounding."""
    assert far_off(picture, **changes).status is Status.BROKEN


def test_other_seeds_of_the_packaged_prompts_are_the_users_own(picture):
    assert far_off(picture, prompts=DEFAULT_PROMPTS[:1], seeds=(5,)).status is Status.DIVERGED
    assert far_off(picture, stated=["min_link_psnr", "max_slowdown"]).status is Status.DIVERGED


def test_a_picture_that_depends_on_nothing_is_a_fault_unless_it_has_another(picture):
    pictures = {KEYS[0]: picture(), KEYS[1]: grey(0)}
    finding = judge_picture(
        pictures, References(pictures), Thresholds(), TWO, independent=dict.fromkeys(KEYS, "does not depend on it")
    )
    assert finding.status is Status.BROKEN
    assert [one.fault[:8] for one in finding.pictures] == ["does not", "is all b"]


def seen_with_base(own, base, *, references=None, reference_name="fp32", variant_reference="fp32"):
    variant = Variant("ours", "harbour:build", reference=variant_reference)
    run = ProcessRun({"16x24": [ImageTiming(10)]}, {}, {}, peak_rss_bytes=1)
    measurement = Measurement("c", "ours", "m", "d", "", {}, [run], Evidence(), Environment("here"))
    base_references = References(base) if reference_name else References()
    return Observations(
        Case(variant, ONE, "m"),
        measurement,
        measurement,
        pictures={KEYS[0]: own},
        references=references or References({KEYS[0]: own}),
        base_pictures=BasePictures("main", {KEYS[0]: own}, base_references, reference_name),
    )


def test_a_base_with_another_model_decides_nothing(picture):
    """Its picture is compared with the reference of its own model, for people to see."""
    own = picture(seed=1)
    finding = judge(seen_with_base(own, {KEYS[0]: 1 - own}), Options())
    assert (finding.status, finding.base.status) == (Status.PASSED, Status.BROKEN)
    assert (finding.base_label, finding.base.reference) == ("main", "fp32")
    [line] = [line for line in picture_details(finding) if line.startswith("main")]
    assert line.startswith("main with its own model: BROKEN: SSIM ")


def test_pictures_of_two_models_are_not_compared(picture):
    seen = seen_with_base(picture(seed=1), None, references=References(), reference_name=None, variant_reference=None)
    finding = judge(seen, Options())
    assert (finding.status, finding.base) == (Status.NO_BASELINE, None)
    assert picture_sentence(finding) == (
        "1 picture, valid, but no earlier picture of this variant is stored with this model, and main's pictures are of "
        "another model; record it with --sdperf-update=new"
    )
    assert picture_details(finding) == ["main with its own model: pictures of two models are not compared"]
    assert judge(seen, Options(missing="skip")).status is Status.NOT_JUDGED


def test_a_base_whose_reference_does_not_draw(picture):
    seen = seen_with_base(picture(seed=1), None)
    base = dataclasses.replace(seen.base_pictures, references=References(), unjudged_because="fp32 does not draw there")
    finding = judge(dataclasses.replace(seen, base_pictures=base), Options())
    assert finding.status is Status.PASSED
    assert picture_details(finding)[-1] == "main with its own model: fp32 does not draw there"
