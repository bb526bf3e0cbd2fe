"""Judge the pictures: valid first, then as close to the reference as promised; the worst decides."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

from pytest_sdperf.diff.pictures import SSIM_WINDOW, Similarity, as_8_bit, own_noise, picture_fault, similarity
from pytest_sdperf.judge.independent_pictures import independent_of
from pytest_sdperf.judge.without_baseline import missing_as_asked
from pytest_sdperf.observations import BASE_PICTURE, BasePictures, Observations, References
from pytest_sdperf.options import Options, Thresholds
from pytest_sdperf.verdict.picture_findings import PictureFinding, PictureScore
from pytest_sdperf.verdict.status import Missing, Status
from pytest_sdperf.workload import Workload, picture_key

if TYPE_CHECKING:
    from pytest_sdperf.diff.pictures import Picture


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
    )
    comparison = seen.comparison
    if comparison and comparison.identical and not seen.case.variant.reference and found.status is Status.NO_BASELINE:
        # Its own picture has nothing to be compared with, and needs nothing: the base would draw the same.
        return msgspec.structs.replace(found, status=Status.PASSED, identical_to=comparison.base.label, missing=None)
    if seen.base_pictures:
        found = _beside_base(found, seen.base_pictures, options.thresholds, seen.case.workload)
    # A reference that is another variant's picture is missing for another reason than a baseline.
    return found if seen.case.variant.reference else missing_as_asked(found, seen, options)


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
) -> PictureFinding:
    """Every picture of the workload must be there and valid, and close to its reference where there is one.

    ``pictures`` map picture keys (``64x64/0``) to float arrays (height, width, 3) in 0..1, ``other_pictures`` to those
    that were not the same to the bit: the limits allow for their difference. ``reference_name`` is whose picture the
    references are (`fp32`); None: the variant has no other than its own stored picture. ``independent`` are faults of
    pictures that do not depend on what was asked for, by key.

    Where pictures of one prompt and seed are further apart than the limits allow, any picture would be within limits
    that allow for it: nothing can be judged then, and that is BROKEN.
    """
    others = other_pictures or {}
    noise = own_noise(pictures, others)
    is_too_noisy = noise is not None and (noise.ssim < thresholds.min_ssim or noise.psnr_db < thresholds.min_psnr)
    limits = thresholds if is_too_noisy else allowing(thresholds, noise)
    sizes = {picture_key(size, i): size for size in workload.sizes for i in range(len(workload.prompt_seeds))}
    scores = {
        key: PictureScore(
            key=key,
            prompt=workload.prompt_seeds[int(key.rpartition("/")[2])].prompt,
            seed=workload.prompt_seeds[int(key.rpartition("/")[2])].seed,
            fault=_fault(pictures.get(key), size)
            or _repeated_fault(others.get(key, ()), size)
            or (independent or {}).get(key, ""),
        )
        for key, size in sizes.items()
    }
    finding = PictureFinding(
        status=Status.BROKEN,
        pictures=list(scores.values()),
        is_reference=references.is_reference,
        min_ssim=limits.min_ssim,
        min_psnr_db=limits.min_psnr,
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


def allowing(thresholds: Thresholds, noise: Similarity | None) -> Thresholds:
    """Limits that a sound variant with this noise can keep: its noise is added to the error that they allow.

    Errors add as mean squares, so PSNR's limit L and the noise N (both dB) give
    -10 log10(10^(-L/10) + 10^(-N/10)); SSIM's limit falls by what the noise takes from 1.
    """
    if noise is None:
        return thresholds
    squares = 10 ** (-thresholds.min_psnr / 10) + 10 ** (-noise.psnr_db / 10)
    return thresholds._replace(
        min_ssim=max(0.0, thresholds.min_ssim - (1 - noise.ssim)), min_psnr=max(0.0, -10 * math.log10(squares))
    )


def _scored(
    score: PictureScore, reference: Picture, picture: Picture, rounded: Callable[[Picture], Picture]
) -> PictureScore:
    found = similarity(rounded(reference), rounded(picture))
    return msgspec.structs.replace(score, ssim=found.ssim, psnr_db=found.psnr_db)


def _decided(finding: PictureFinding) -> PictureFinding:
    """The status by the worst SSIM and the worst PSNR; pictures that nothing is stored of are not judged yet."""
    good = all(
        (one.ssim or 0.0) >= finding.min_ssim and (one.psnr_db or 0.0) >= finding.min_psnr_db
        for one in finding.compared
    )
    if not good:
        return finding
    unstored = any(one.is_unstored for one in finding.pictures) and not finding.is_reference
    return msgspec.structs.replace(finding, status=Status.NO_BASELINE if unstored else Status.PASSED)


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
