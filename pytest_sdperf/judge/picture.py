"""Judge the pictures: valid first, then as close to the reference as promised; the worst decides."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

from pytest_sdperf.diff.pictures import SSIM_WINDOW, Similarity, as_8_bit, own_noise, picture_fault, similarity
from pytest_sdperf.judge.chains import judge as judge_chain
from pytest_sdperf.judge.independent_pictures import independent_of
from pytest_sdperf.judge.without_baseline import missing_as_asked
from pytest_sdperf.observations import BASE_PICTURE, BasePictures, Observations, References
from pytest_sdperf.options import Options, Thresholds
from pytest_sdperf.verdict.picture_finding import PictureFinding, PictureScore
from pytest_sdperf.verdict.status import Missing, Status
from pytest_sdperf.workload import DEFAULT_PROMPTS, Workload, picture_key

if TYPE_CHECKING:
    from pytest_sdperf.diff.pictures import Picture

FILTERED = "is replaced by the pipeline's safety checker (nsfw_content_detected)"

STATED = frozenset({"min_ssim", "min_psnr"})
"""Limits that are asserted for every picture where somebody gave them."""


def judge(seen: Observations, options: Options) -> PictureFinding:
    """The pictures of one case."""
    found = judge_picture(
        seen.pictures,
        seen.references,
        options.thresholds,
        seen.case.workload,
        reference_name=seen.case.variant.reference,
        other_pictures=seen.other_pictures,
        is_repeatable=seen.measurement.repeatable,
        independent=independent_of(seen.unpaired, seen.case.workload),
        filtered=seen.filtered,
    )
    comparison = seen.comparison
    if comparison and comparison.identical and not seen.case.variant.reference and found.status is Status.NO_BASELINE:
        # Its own picture has nothing to be compared with, and needs nothing: the base would draw the same.
        return msgspec.structs.replace(found, status=Status.PASSED, identical_to=comparison.base.label, missing=None)
    found = _diverged(found, seen, options)
    if seen.base_pictures:
        found = _beside_base(found, seen.base_pictures, options.thresholds, seen.case.workload)
    # A reference that is another variant's picture is missing for another reason than a baseline.
    return found if seen.case.variant.reference else missing_as_asked(found, seen, options)


def _diverged(finding: PictureFinding, seen: Observations, options: Options) -> PictureFinding:
    """The finding, where pictures end elsewhere though every link of their chain agrees: rounding chose another path.

    Limits that somebody stated count all the same, and so do the defaults for the packaged prompts, whose pictures are
    known to be stable, and where no chain could be followed to its end.
    """
    beyond = [one for one in finding.compared if _is_beyond(one, finding)]
    if not beyond or STATED & options.stated:
        return finding
    chain = judge_chain(seen, options)
    if chain is None or chain.status is not Status.PASSED:
        return finding
    followed = {picture.key for picture in chain.pictures}
    if any(_is_packaged(one) or one.key not in followed for one in beyond):
        return finding
    return msgspec.structs.replace(finding, status=Status.DIVERGED)


def _is_packaged(one: PictureScore) -> bool:
    return one.prompt in DEFAULT_PROMPTS and one.seed in Workload().seeds


def _beside_base(
    finding: PictureFinding, base: BasePictures, thresholds: Thresholds, workload: Workload
) -> PictureFinding:
    """The finding with that on a base whose model is another one: each is compared with its own model's reference."""
    missing = finding.missing
    if missing and not finding.compared:
        missing = Missing(f"{missing.what} with this model, and {base.label}'s pictures are of another model")
    own = None
    if base.reference_name and base.references.pictures:
        own = judge_picture(base.pictures, base.references, thresholds, workload, reference_name=base.reference_name)
    return msgspec.structs.replace(
        finding, missing=missing, base_label=base.label, base=own, base_unjudged_because=base.unjudged_because
    )


def judge_picture(
    pictures: Mapping[str, Picture],
    references: References,
    thresholds: Thresholds,
    workload: Workload,
    *,
    reference_name: str | None = "fp32",
    other_pictures: Mapping[str, Sequence[Picture]] | None = None,
    is_repeatable: bool = True,
    independent: Mapping[str, str] | None = None,
    filtered: Collection[str] = (),
) -> PictureFinding:
    """Every picture of the workload must be there and valid, and close to its reference where there is one.

    ``pictures`` map picture keys (``64x64/0``) to float arrays (height, width, 3) in 0..1, ``other_pictures`` to those
    that were not the same to the bit. ``reference_name`` is whose picture the
    references are (`fp32`); None: the variant has no other than its own stored picture. ``independent`` are faults of
    pictures that do not depend on what was asked for, by key; ``filtered`` are keys of those that a safety checker
    replaced.

    Where pictures of one prompt and seed are so far apart that they take up half of the error that the limits allow,
    nothing can be judged, and that is BROKEN.
    """
    others = other_pictures or {}
    noise = own_noise(pictures, others)
    is_too_noisy = noise is not None and _is_too_noisy(noise, thresholds)
    sizes = {picture_key(size, i): size for size in workload.sizes for i in range(len(workload.prompt_seeds))}
    scores = {
        key: PictureScore(
            key=key,
            prompt=workload.prompt_seeds[int(key.rpartition("/")[2])].prompt,
            seed=workload.prompt_seeds[int(key.rpartition("/")[2])].seed,
            fault=(FILTERED if key in filtered else "")
            or _fault(pictures.get(key), size)
            or _repeated_fault(others.get(key, ()), size)
            or (independent or {}).get(key, ""),
        )
        for key, size in sizes.items()
    }
    finding = PictureFinding(
        status=Status.BROKEN,
        pictures=list(scores.values()),
        is_reference=references.is_reference,
        min_ssim=thresholds.min_ssim,
        min_psnr_db=thresholds.min_psnr,
        is_repeatable=is_repeatable,
        own_ssim=noise.ssim if noise else None,
        own_psnr_db=noise.psnr_db if noise else None,
        is_too_noisy=is_too_noisy,
        ssim_window=SSIM_WINDOW,
    )
    if is_too_noisy or any(score.fault for score in scores.values()):
        return finding
    truth = references.pictures or {}
    if not set(truth) & set(scores):
        return _without_reference(finding, reference_name)
    is_own = references.is_reference or reference_name is None
    finding = msgspec.structs.replace(
        finding,
        reference=references.own_picture if reference_name is None or is_own else reference_name,
        is_eight_bit=references.eight_bit,
        is_from_base=is_own and references.own_picture == BASE_PICTURE,
    )
    # Of its own pictures some may be stored, by another test: what a reference variant drew is there, or broken.
    known = [key for key in scores if key in truth or not is_own]
    faults = {key: _fault(truth.get(key), sizes[key]) for key in known}
    if any(faults.values()):
        broken = [msgspec.structs.replace(s, reference_fault=faults.get(key, "")) for key, s in scores.items()]
        return msgspec.structs.replace(finding, pictures=broken)
    rounded = as_8_bit if references.eight_bit else _as_it_is
    compared = [
        _scored(score, truth[key], pictures[key], rounded)
        if key in known
        else msgspec.structs.replace(score, is_unstored=True)
        for key, score in scores.items()
    ]
    return _decided(msgspec.structs.replace(finding, pictures=compared))


def _is_too_noisy(noise: Similarity, thresholds: Thresholds) -> bool:
    """Whether pictures of one prompt and seed take up half of the error that the limits allow, or more.

    Errors add as mean squares: half of them is 3 dB. A variant gets no wider limits for what it says of itself.
    """
    half_db = 10 * math.log10(2)
    return 1 - noise.ssim > (1 - thresholds.min_ssim) / 2 or noise.psnr_db < thresholds.min_psnr + half_db


def _scored(
    score: PictureScore, reference: Picture, picture: Picture, rounded: Callable[[Picture], Picture]
) -> PictureScore:
    found = similarity(rounded(reference), rounded(picture))
    return msgspec.structs.replace(score, ssim=found.ssim, psnr_db=found.psnr_db)


def _decided(finding: PictureFinding) -> PictureFinding:
    """The status by the worst SSIM and the worst PSNR; pictures that nothing is stored of are not judged yet."""
    if any(_is_beyond(one, finding) for one in finding.compared):
        return finding
    unstored = any(one.is_unstored for one in finding.pictures) and not finding.is_reference
    return msgspec.structs.replace(finding, status=Status.NO_BASELINE if unstored else Status.PASSED)


def _is_beyond(one: PictureScore, finding: PictureFinding) -> bool:
    """Whether a picture misses a limit."""
    return (one.ssim or 0.0) < finding.min_ssim or (one.psnr_db or 0.0) < finding.min_psnr_db


def _without_reference(finding: PictureFinding, reference_name: str | None) -> PictureFinding:
    if finding.is_reference:
        return msgspec.structs.replace(finding, status=Status.PASSED)
    missing = Missing("no earlier picture of this variant is stored") if reference_name is None else None
    return msgspec.structs.replace(finding, status=Status.NO_BASELINE, reference=reference_name or "", missing=missing)


def _as_it_is(picture: Picture) -> Picture:
    return picture


def _repeated_fault(others: Sequence[Picture], size: tuple[int, int]) -> str:
    """The fault of a picture that was drawn again and came out as another one."""
    return next((f"drawn again {fault}" for other in others if (fault := _fault(other, size))), "")


def _fault(picture: Picture | None, size: tuple[int, int]) -> str:
    return "is missing" if picture is None else picture_fault(picture, size) or ""
