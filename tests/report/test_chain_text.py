"""The sentence on a chain: which link is the first that breaks, and what that means."""

import pytest

from pytest_sdperf.picture_chain import PictureChain, StageLinks, StageRounding
from pytest_sdperf.report.chain_text import chain_details, chain_sentence
from pytest_sdperf.verdict.chain_finding import Bias, BrokenLink, ChainFinding, LinkScore
from pytest_sdperf.verdict.status import Status

ONE, TWO = PictureChain("64x64/0", []), PictureChain("64x64/1", [])


def finding(*broken, status=Status.BROKEN, pictures=(ONE,), **fields):
    return ChainFinding(status=status, reference="fp32", broken=[*broken], pictures=[*pictures], **fields)


@pytest.mark.parametrize(
    ("link", "sentence"),
    [
        (BrokenLink("k", "calls", "unet", own=19, reference=20), "19 UNet calls where fp32 made 20"),
        (BrokenLink("k", "calls", "unet", own=1, reference=20), "1 UNet call where fp32 made 20"),
        (
            BrokenLink("k", "tokens", "text_encoder", 1, position=6, missing="by Rembrandt"),
            "the text encoder's token ids differ from fp32's from position 6 on (\"by Rembrandt\" is missing)",
        ),
        (
            BrokenLink("k", "tokens", "text_encoder", 1, position=3, missing="sea", instead="lake"),
            'the text encoder\'s token ids differ from fp32\'s from position 3 on ("lake" in place of "sea")',
        ),
        (
            BrokenLink("k", "tokens", "text_encoder", 1, position=3),
            "the text encoder's token ids differ from fp32's from position 3 on",
        ),
        (
            BrokenLink("k", "timestep", "unet", 2, own=949, reference=950),
            "UNet call 2 is asked for timestep 949 where fp32 asked for 950: steps or scheduler",
        ),
        (
            BrokenLink("k", "latents", "unet", 1, 14.6, 90.0),
            "before UNet call 1 the latents differ from fp32's (14.6 dB, limit 90 dB): the noise that it starts from, or "
            "its scale",
        ),
        (
            BrokenLink("k", "latents", "unet", 2, 25.6, 90.0),
            "before UNet call 2 the latents differ from fp32's (25.6 dB, limit 90 dB), though call 1 agreed: guidance or "
            "scheduler",
        ),
        (
            BrokenLink("k", "latents", "vae_decode", 1, 37.7, 90.0),
            "the latents for the VAE decoder differ from fp32's (37.7 dB, limit 90 dB), though every call before agreed: "
            "the last step, or the scale of the latents",
        ),
        (
            BrokenLink("k", "conditioning", "unet", 1, 20.0, 45.0),
            "before UNet call 1 the conditioning differs from fp32's (20.0 dB, limit 45 dB), though the text encoder "
            "agreed: what is made of its answer",
        ),
        (
            BrokenLink("k", "output", "unet", 14, 32.0, 40.2),
            "UNet call 14 gives something else than fp32's for the same inputs (32.0 dB, limit 40.2 dB)",
        ),
        (
            BrokenLink("", "gain", "unet", own=-0.00455, reference=0.001),
            "what the UNet gives is 0.46 % smaller than fp32's over all calls (limit 0.10 %): rounding does not do that",
        ),
        (
            BrokenLink("", "mean", "unet", own=0.002, reference=0.001),
            "what the UNet gives is off by 0.20 % of its spread over all calls (limit 0.10 %): rounding does not do that",
        ),
        (
            BrokenLink("k", "picture", psnr_db=25.5, min_psnr_db=90.0),
            "the picture made of fp32's last values differs (25.5 dB, limit 90 dB): postprocessing",
        ),
    ],
)
def test_a_broken_link(link, sentence):
    assert chain_sentence(finding(link)) == sentence


def test_several_pictures():
    broken = [BrokenLink(key, "calls", "unet", own=19, reference=20) for key in ("64x64/0", "64x64/1")]
    assert chain_sentence(finding(*broken[:1], pictures=(ONE, TWO))) == (
        "19 UNet calls where fp32 made 20 (picture 64x64/0)"
    )
    found = finding(*broken, pictures=(ONE, TWO))
    assert chain_sentence(found) == "19 UNet calls where fp32 made 20 (picture 64x64/0); so 2 of 2 pictures"
    assert chain_details(found) == ["19 UNet calls where fp32 made 20 (picture 64x64/1)"]


def test_every_link_agrees():
    same = LinkScore("unet", "latents", min_psnr_db=90.0)
    close = LinkScore("unet", "output", "64x64/0", 19, 44.9, 40.4, 64.6)
    found = finding(
        status=Status.PASSED,
        precision="bf16",
        links=[same, close],
        biases=[Bias("unet", 4e-5, -2e-6, 20, 0.001), Bias("vae_decode", 0, 0.0013, 1, None)],
    )
    assert chain_sentence(found) == (
        "link by link along fp32's: 1 picture, every link agrees; closest to its limit is UNet call 19 of picture "
        "64x64/0, 44.9 dB, limit 40.4 dB"
    )
    assert chain_details(found) == [
        "the latents given to the UNet: the same",
        "what the UNet gives for fp32's inputs: UNet call 19 of picture 64x64/0 44.9 dB, limit 40.4 dB, median 64.6 dB",
        "limits of bf16: for any model, since fp32's cannot be rounded to bf16",
        "over 20 calls the UNet gives +0.0040 % more, and -0.0002 % of its spread besides (limit 0.10 %)",
        "over 1 call the VAE decoder gives +0.0000 % more, and +0.1300 % of its spread besides (too few to be judged)",
    ]
    assert chain_sentence(finding(status=Status.PASSED, links=[same])) == (
        "link by link along fp32's: 1 picture, every link the same"
    )


def test_limits_by_the_references_own_model():
    unet = StageLinks("unet", 1, 1, output_db=[60.0], rounding=StageRounding([61.0], 0.0, 0.0))
    found = finding(
        status=Status.PASSED,
        precision="bf16",
        links=[LinkScore("unet", "output", "64x64/0", 1, 60.0, 57.0, 60.0)],
        pictures=[PictureChain("64x64/0", [unet])],
    )
    assert "limits of bf16: by what rounding to bf16 does to fp32's own model" in chain_details(found)


def test_what_was_not_followed():
    found = finding(status=Status.NOT_JUDGED, not_followed="it shows no stage unet")
    assert chain_sentence(found) == "link by link along fp32's: not judged, it shows no stage unet"


def test_a_base_with_another_model():
    found = finding(
        status=Status.PASSED, base_label="main", base=finding(BrokenLink("k", "calls", "unet", own=1, reference=2))
    )
    assert chain_details(found) == ["main with its own model: 1 UNet call where fp32 made 2"]
