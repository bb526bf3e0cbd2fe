"""Which link of a chain is the first that breaks, both sides of every limit."""

import msgspec
import pytest

from pytest_sdperf.judge.chains import NONE_DECLARED, judge_chains
from pytest_sdperf.judge.link_limits import BY_PRECISION, ENOUGH_CALLS, HANDED_ON_DB, link_limits
from pytest_sdperf.options import Thresholds
from pytest_sdperf.picture_chain import Chains, OtherNumber, OtherTokens, PictureChain, StageLinks, StageRounding
from pytest_sdperf.variant import PRECISIONS
from pytest_sdperf.verdict.status import Status

BF16 = BY_PRECISION["bf16"]
TIMES = [1000.0, 100.0]

TEXT = StageLinks("text_encoder", 2, 2, output_db=[None, 70.0], gains=[0.0, 0.0], mean_errors=[0.0, 0.0])
UNET = StageLinks(
    "unet",
    2,
    2,
    latents_db=[None, None],
    conditioning_db=[None, 80.0],
    output_db=[65.0, 60.0],
    gains=[1e-4, -1e-4],
    mean_errors=[0.0, 0.0],
    times=TIMES,
)
VAE = StageLinks("vae_decode", 1, 1, latents_db=[None], output_db=[55.0], gains=[0.0], mean_errors=[0.0])


def judged(
    *stages, key="8x8/0", picture_db=None, limits=None, missing=(), more=(), declared=NONE_DECLARED, **thresholds
):
    chain = PictureChain(key, [*stages], [*missing], picture_db)
    found = link_limits("bf16", Thresholds(**thresholds))
    return judge_chains(Chains("fp32", [chain, *more]), found, precision="bf16", declared_calls=declared)


def changed(stage, **fields):
    return msgspec.structs.replace(stage, **fields)


def test_every_link_agrees():
    found = judged(TEXT, UNET, VAE)
    assert (found.status, found.broken, found.not_followed) == (Status.PASSED, [], "")
    assert [(one.stage, one.link, one.psnr_db, one.call) for one in found.links] == [
        ("text_encoder", "output", 70.0, 2),
        ("unet", "latents", None, 0),
        ("unet", "conditioning", 80.0, 2),
        ("unet", "output", 65.0, 1),
        ("vae_decode", "latents", None, 0),
        ("vae_decode", "output", 55.0, 1),
        ("", "picture", None, 0),
    ]


def limits_at(times):
    [unet] = [one for one in judged(changed(UNET, times=times)).links if one.link == "output"]
    return unet.limits_db


def test_the_limit_of_the_denoiser_follows_the_timestep():
    assert limits_at([1000.0, 100.0]) == [62.0, 54.0]
    assert limits_at([10.0, 1.0]) == [46.0, 38.0]
    assert limits_at([0.9, 0.1]) == [61.6, 54.0], "as shares"
    assert limits_at([]) == [38.0, 38.0], "not known"
    assert limits_at([1500.0, 0.0]) == [62.0, 38.0], "beyond both ends"


ROUNDED = [
    (TEXT, [60.0, 61.0], BF16.text_below_db),
    (UNET, [60.0, 50.0], BF16.denoiser_below_db),
    (VAE, [52.0], BF16.decoder_below_db),
]
"""Stage, what rounding to bf16 does to the reference's own calls, and how far below that the limit lies."""


@pytest.mark.parametrize(("stage", "rounding_db", "below_db"), ROUNDED)
def test_limits_follow_what_rounding_does_to_the_references_own_model(stage, rounding_db, below_db):
    rounded = changed(stage, rounding=StageRounding(rounding_db, 0.0, 0.0))
    limits_db = [db - below_db for db in rounding_db]
    assert judged(changed(rounded, output_db=limits_db)).status is Status.PASSED
    [broken] = judged(changed(rounded, output_db=[*limits_db[:-1], limits_db[-1] - 0.01])).broken
    assert (broken.link, broken.call, broken.min_psnr_db) == ("output", stage.calls, limits_db[-1])


def test_a_call_that_rounding_leaves_alone_has_the_limit_for_any_model():
    [unet] = [
        one
        for one in judged(changed(UNET, rounding=StageRounding([None, 50.0], 0.0, 0.0))).links
        if one.link == "output"
    ]
    assert unet.limits_db == [BF16.noisy_db, 50.0 - BF16.denoiser_below_db]
    more = changed(UNET, calls=3, rounding=StageRounding([60.0, 50.0], 0.0, 0.0))
    assert judged(more, declared={"unet": 3}).status is Status.NOT_JUDGED, (
        "a third call, which the reference has not made"
    )


@pytest.mark.parametrize("precision", PRECISIONS)
def test_lower_precisions_may_be_further_below_it(precision):
    rounded = changed(UNET, rounding=StageRounding([60.0, 60.0], 0.0, 0.0))
    limit = link_limits(precision, Thresholds()).at(rounded, "output", 1)
    assert limit == {"f32": 100.0, "bf16": 56.0, "int8_weights": 52.0, "int8": 22.0}[precision]
    stated = link_limits(precision, Thresholds(min_link_psnr={"unet": 70.0}))
    assert stated.at(rounded, "output", 1) == 70.0


@pytest.mark.parametrize(
    ("stage", "field", "link", "limit"),
    [
        (TEXT, "output_db", "output", BF16.text_db),
        (UNET, "latents_db", "latents", HANDED_ON_DB),
        (UNET, "conditioning_db", "conditioning", BF16.conditioning_db),
        (UNET, "output_db", "output", BF16.noisy_db - BF16.a_decade_db),
        (VAE, "latents_db", "latents", HANDED_ON_DB),
        (VAE, "output_db", "output", BF16.decoder_db),
    ],
)
def test_both_sides_of_a_limit(stage, field, link, limit):
    for db, is_fine in ((limit, True), (limit - 0.01, False)):
        values = [*getattr(stage, field)[:-1], db]
        found = judged(changed(stage, **{field: values}))
        assert (found.status is Status.PASSED) == is_fine
        if not is_fine:
            [broken] = found.broken
            assert (broken.key, broken.stage, broken.link, broken.call) == ("8x8/0", stage.stage, link, len(values))
            assert (broken.psnr_db, broken.min_psnr_db) == (db, limit)


def test_the_picture_itself():
    assert judged(VAE, picture_db=HANDED_ON_DB).status is Status.PASSED
    [broken] = judged(VAE, picture_db=HANDED_ON_DB - 1).broken
    assert (broken.link, broken.stage, broken.psnr_db) == ("picture", "", HANDED_ON_DB - 1)


def test_a_picture_of_its_own_values_is_not_compared():
    """Without the decoder among its stages, the picture has the decoder's rounding in it."""
    found = judged(UNET, picture_db=50.0, missing=["vae_decode"])
    assert (found.status, found.not_followed) == (Status.NOT_JUDGED, "it shows no stage vae_decode")


def test_the_first_in_the_order_of_a_picture_is_named():
    unet = changed(UNET, latents_db=[None, 20.0], output_db=[65.0, 10.0], other_numbers=[OtherNumber(2, 500, 499)])
    [broken] = judged(TEXT, unet, changed(VAE, output_db=[1.0])).broken
    assert (broken.stage, broken.call, broken.link, broken.own, broken.reference) == ("unet", 2, "timestep", 499, 500)
    text = changed(TEXT, other_tokens=[OtherTokens(2, 6, "by Rembrandt", "")])
    [broken] = judged(text, unet, VAE).broken
    assert (broken.stage, broken.call, broken.link) == ("text_encoder", 2, "tokens")
    assert (broken.position, broken.missing, broken.instead) == (6, "by Rembrandt", "")


@pytest.mark.parametrize("calls", [1, 3])
def test_another_number_of_calls_in_either_direction(calls):
    [broken] = judged(changed(UNET, calls=calls)).broken
    assert (broken.link, broken.stage, broken.own, broken.reference) == ("calls", "unet", calls, 2)


def test_calls_that_the_variant_claims():
    one = {"unet": 1}
    found = judged(changed(UNET, calls=1), VAE, declared=one)
    assert (found.status, found.broken) == (Status.NOT_JUDGED, [])
    assert found.not_followed == "unet is called 1 times a picture, as the variant claims"
    [broken] = judged(changed(UNET, calls=3), VAE, declared=one).broken
    assert (broken.own, broken.reference) == (3, 1)
    [broken] = judged(changed(TEXT, calls=1), declared=one).broken
    assert (broken.stage, broken.reference) == ("text_encoder", 2)


def test_an_encoder_whose_answers_are_kept_on_purpose():
    """What it gave is compared where it is handed on, so that nothing is lost."""
    kept = StageLinks("text_encoder", 0, 2)
    [broken] = judged(kept, UNET, VAE).broken
    assert (broken.link, broken.stage, broken.own, broken.reference) == ("calls", "text_encoder", 0, 2)
    found = judged(kept, UNET, VAE, declared={"text_encoder": 0})
    assert (found.status, found.broken, found.not_followed) == (Status.PASSED, [], "")
    assert found.links[-1].link == "picture"
    other = changed(UNET, conditioning_db=[30.0, 30.0])
    [broken] = judged(kept, other, VAE, declared={"text_encoder": 0}).broken
    assert (broken.link, broken.call) == ("conditioning", 1)


@pytest.mark.parametrize(("field", "link"), [("gains", "gain"), ("mean_errors", "mean")])
def test_a_systematic_error_over_all_calls_and_pictures(field, link):
    def unet(*errors):
        calls = [*errors] * (ENOUGH_CALLS // 4)
        return changed(UNET, **{"gains": [0.0] * len(calls), "mean_errors": [0.0] * len(calls), field: calls})

    other = PictureChain("8x8/1", [unet(0.0018, 0.0019)])
    for errors, is_fine in (((0.0001, 0.0002), True), ((0.0002, 0.0003), False)):
        found = judged(unet(*errors), more=[other])
        assert (found.status is Status.PASSED) == is_fine
    [broken] = found.broken
    assert (broken.key, broken.link, broken.stage, broken.reference) == ("", link, "unet", 0.001)
    assert broken.own == pytest.approx(0.00105)
    assert judged(unet(*errors), more=[other], max_link_bias=0.0011).status is Status.PASSED


@pytest.mark.parametrize("rounded", [(0.002, 0.0), (-0.001, -0.002)])
def test_what_rounding_does_over_all_calls_comes_on_top(rounded):
    limit = BF16.max_bias + 0.002
    for error, is_fine in ((limit, True), (limit + 1e-6, False)):
        calls = [error] * ENOUGH_CALLS
        unet = changed(UNET, gains=calls, mean_errors=calls, rounding=StageRounding([65.0, 60.0], *rounded))
        assert (judged(unet).status is Status.PASSED) == is_fine
    assert judged(unet, max_link_bias=limit + 1e-6).status is Status.PASSED


def test_an_error_of_too_few_calls_is_told_and_not_judged():
    for calls, status in ((ENOUGH_CALLS - 1, Status.PASSED), (ENOUGH_CALLS, Status.BROKEN)):
        found = judged(changed(UNET, gains=[0.5] * calls, mean_errors=[0.0] * calls))
        [bias] = [one for one in found.biases if one.stage == "unet"]
        assert (found.status, bias.calls, bias.limit is None) == (status, calls, status is Status.PASSED)


def test_a_broken_link_comes_before_the_mean_of_what_it_broke():
    found = judged(changed(UNET, output_db=[10.0, 10.0], gains=[0.5] * ENOUGH_CALLS, mean_errors=[0.0] * ENOUGH_CALLS))
    assert [one.link for one in found.broken] == ["output", "gain"]
    assert found.biases[0].gain == 0.5


def test_of_each_picture_the_first():
    other = PictureChain("8x8/1", [changed(UNET, output_db=[65.0, 10.0])])
    found = judged(changed(UNET, output_db=[10.0, 10.0]), more=[other, PictureChain("8x8/2", [UNET])])
    assert [(one.key, one.call) for one in found.broken] == [("8x8/0", 1), ("8x8/1", 2)]


def test_limits_that_somebody_states():
    stage = changed(UNET, output_db=[30.0, 30.0], latents_db=[None, 50.0])
    limits = {"unet": 30.0, "latents": 50.0, "conditioning": 80.0, "picture": 20.0}
    assert judged(stage, picture_db=20.0, min_link_psnr=limits).status is Status.PASSED
    for link, limit in limits.items():
        found = judged(stage, picture_db=20.0, min_link_psnr={**limits, link: limit + 0.1})
        assert found.status is Status.BROKEN


def test_what_could_not_be_followed_is_not_judged():
    found = judged(changed(UNET, not_followed="its call 2 gets arrays of (1, 2), not of (2, 2)"))
    assert (found.status, found.not_followed) == (
        Status.NOT_JUDGED,
        "its call 2 gets arrays of (1, 2), not of (2, 2)",
    )
    found = judge_chains(Chains("fp32", [], "it does not draw"), link_limits("bf16", Thresholds()), precision="bf16")
    assert (found.status, found.not_followed, found.links) == (Status.NOT_JUDGED, "it does not draw", [])


def test_every_precision_has_limits():
    assert tuple(BY_PRECISION) == PRECISIONS
