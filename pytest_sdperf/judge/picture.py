"""Judge the pictures: sane first, then as close to the reference as promised; the worst decides."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from pytest_sdperf.judge.sanity import picture_fault
from pytest_sdperf.judge.verdict import Finding, Status
from pytest_sdperf.observations import BASE_PICTURE, OWN_PICTURE
from pytest_sdperf.options import Thresholds
from pytest_sdperf.wording import apart, plural
from pytest_sdperf.workload import PromptSeed, picture_key, size_key

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Picture = NDArray[np.floating]

WIN_SIZE = 7
"""Side of SSIM's window in pixels: scikit-image's default, and smaller than the smallest workload (8 pixels)."""

METRIC: dict[str, float | str | None] = {
    "ssim_win_size": float(WIN_SIZE),
    "ssim_weights": "uniform",
    "data_range": 1.0,
}
"""How the two metrics are computed, told with every result: SSIM values of other settings do not compare."""


@dataclass(frozen=True)
class Similarity:
    """How close a picture is to its reference."""

    ssim: float
    "structural similarity, mean over a uniform 7x7 window and the colour channels; 1: identical"
    psnr_db: float
    "peak signal-to-noise ratio, dB; inf: identical"


def similarity(reference: Picture, picture: Picture) -> Similarity:
    """SSIM and PSNR of two float pictures of equal shape (H, W, 3) in 0..1, by scikit-image.

    SSIM: Wang, Bovik, Sheikh, Simoncelli, IEEE TIP 13(4), 2004, with a uniform window as scikit-image's
    default has it; PSNR = 10 log10(data_range² / mean squared error).
    """
    import numpy as np
    import skimage.metrics

    metrics: Any = skimage.metrics  # ships no complete types
    a, b = reference.astype(np.float64), picture.astype(np.float64)
    if np.array_equal(a, b):
        return Similarity(ssim=1.0, psnr_db=math.inf)
    ssim = metrics.structural_similarity(
        a, b, data_range=1.0, win_size=WIN_SIZE, channel_axis=-1, gaussian_weights=False, use_sample_covariance=True
    )
    return Similarity(ssim=float(ssim), psnr_db=float(metrics.peak_signal_noise_ratio(a, b, data_range=1.0)))


def as_8_bit(picture: Picture) -> Picture:
    """The picture as a PNG would keep it: rounded to 255ths, still float in 0..1."""
    import numpy as np

    return np.round(np.clip(picture, 0.0, 1.0).astype(np.float64) * 255) / 255


def judge_picture(
    pictures: Mapping[str, Picture],
    references: Mapping[str, Picture] | None,
    thresholds: Thresholds,
    *,
    prompt_seeds: Sequence[PromptSeed],
    sizes: Sequence[tuple[int, int]],
    reference_name: str | None = "fp32",
    is_reference: bool = False,
    eight_bit: bool = False,
    own_picture: str = OWN_PICTURE,
) -> Finding:
    """Every picture of the workload must be there and sane, and close to its reference where there is one.

    ``pictures`` and ``references`` map picture keys (``64x64/0``) to float arrays (H, W, 3) in 0..1.
    ``reference_name`` is whose picture the references are (`fp32`); None: this variant has no other truth
    than its own stored picture. ``is_reference``: this variant's picture is itself the truth of the session.
    ``eight_bit``: the references come from stored PNGs, so both sides are rounded to 8 bits first.
    ``own_picture`` says what a variant that is its own truth is held against.
    """
    names = _names(prompt_seeds, sizes)
    key_sizes = {picture_key(size, i): size for size in sizes for i in range(len(prompt_seeds))}
    faults = {key: _fault(pictures.get(key), key_sizes[key]) for key in names}
    insane = [f"the picture {names[key]} {fault}" for key, fault in faults.items() if fault]
    if insane:
        return _finding(Status.BROKEN, insane[0], insane)
    drawn = plural(len(names), "picture")
    if references is None or not set(references) & set(names):
        return _without_reference(drawn, reference_name, is_reference=is_reference)
    own = is_reference or reference_name is None
    against = own_picture if reference_name is None or own else reference_name
    stored = against != BASE_PICTURE
    cure = "delete it and record it again with --sdperf-update=new" if stored else "that is how the base arm draws it"
    # Of its own pictures some may be stored, by another test: what a reference variant drew is there, or broken.
    known = [key for key in names if key in references or not own]
    mismatched = [
        f"the reference {names[key]} {fault}; {cure}"
        for key in known
        if (fault := _fault(references.get(key), key_sizes[key]))
    ]
    if mismatched:
        return _finding(Status.BROKEN, mismatched[0], mismatched)
    rounded = as_8_bit if eight_bit else _as_it_is
    scores = {key: similarity(rounded(references[key]), rounded(pictures[key])) for key in known}
    finding = _compared(scores, names, thresholds, against, eight_bit=eight_bit)
    return _with_new(finding, [names[key] for key in names if key not in known], is_reference=is_reference)


def _with_new(finding: Finding, new: Sequence[str], *, is_reference: bool) -> Finding:
    """Say which pictures nothing is stored of; where they are no truth themselves, they are not judged yet."""
    if not new:
        return finding
    told = [f"no earlier picture is stored {name}" for name in new]
    finding = msgspec.structs.replace(finding, details=[*finding.details, *told])
    if is_reference or finding.status is not Status.PASSED:
        return finding
    more = f" and of {len(new) - 1} more" if len(new) > 1 else ""
    sentence = f"{finding.sentence}, but {told[0]}{more}; record it with --sdperf-update=new"
    return msgspec.structs.replace(finding, status=Status.NO_BASELINE, sentence=sentence)


def _names(prompt_seeds: Sequence[PromptSeed], sizes: Sequence[tuple[int, int]]) -> dict[str, str]:
    """Picture key -> what the picture is, for a sentence; the seed is said where there are several."""
    several = len({prompt_seed.seed for prompt_seed in prompt_seeds}) > 1
    return {
        picture_key(size, i): f'at {size_key(size)}, prompt "{prompt_seed.prompt}"'
        + (f", seed {prompt_seed.seed}" if several else "")
        for size in sizes
        for i, prompt_seed in enumerate(prompt_seeds)
    }


def _as_it_is(picture: Picture) -> Picture:
    return picture


def _fault(picture: Picture | None, size: tuple[int, int]) -> str | None:
    return "is missing" if picture is None else picture_fault(picture, size)


def _without_reference(drawn: str, reference_name: str | None, *, is_reference: bool) -> Finding:
    if is_reference:
        return _finding(Status.PASSED, f"{drawn}, sane; this is the reference that others are compared with", [])
    if reference_name is None:
        sentence = (
            f"{drawn}, sane, but no earlier picture of this variant is stored; record it with --sdperf-update=new"
        )
    else:
        sentence = (
            f"{drawn}, sane, but there is no reference of {reference_name} to compare with; measure "
            f"{reference_name} in the same session or store its pictures with --sdperf-update=new"
        )
    return _finding(Status.NO_BASELINE, sentence, [])


def _compared(
    scores: Mapping[str, Similarity],
    names: Mapping[str, str],
    thresholds: Thresholds,
    against: str,
    *,
    eight_bit: bool,
) -> Finding:
    worst_ssim = min(scores, key=lambda key: scores[key].ssim)
    worst_psnr = min(scores, key=lambda key: scores[key].psnr_db)
    ssim, psnr = scores[worst_ssim].ssim, scores[worst_psnr].psnr_db
    figures: dict[str, float | str | None] = {
        "ssim": ssim,
        "psnr_db": psnr if math.isfinite(psnr) else None,
        "ssim_limit": thresholds.min_ssim,
        "psnr_limit_db": thresholds.min_psnr,
        "worst": worst_psnr if ssim >= thresholds.min_ssim else worst_ssim,
        "reference": against,
        "bits": "8" if eight_bit else "float",
        **METRIC,
    }
    if len(scores) > 1:
        for key, score in scores.items():
            figures[f"ssim {key}"] = score.ssim
            figures[f"psnr_db {key}"] = score.psnr_db if math.isfinite(score.psnr_db) else None
    how = "both rounded to 8 bits; " if eight_bit else ""
    details = [
        f"{names[key]}: {_ssim(s.ssim, thresholds)}, {_psnr(s.psnr_db, thresholds)}" for key, s in scores.items()
    ] + [f"{how}SSIM with a uniform {WIN_SIZE}x{WIN_SIZE} window, data range 1"]
    good = ssim >= thresholds.min_ssim and psnr >= thresholds.min_psnr
    status = Status.PASSED if good else Status.BROKEN
    if math.isinf(psnr):
        return _finding(status, f"{plural(len(scores), 'picture')}, identical to {against}", details, figures)
    one, other = _ssim(ssim, thresholds), _psnr(psnr, thresholds)
    if worst_ssim == worst_psnr:
        sentence = f"{one} and {other} against {against} {names[worst_ssim]}"
    else:
        sentence = f"{one} {names[worst_ssim]} and {other} {names[worst_psnr]} against {against}"
    return _finding(status, sentence, details, figures)


def _ssim(ssim: float, thresholds: Thresholds) -> str:
    return f"SSIM {apart(ssim, thresholds.min_ssim, 4)} (limit {thresholds.min_ssim:g})"


def _psnr(psnr_db: float, thresholds: Thresholds) -> str:
    if math.isinf(psnr_db):
        return f"PSNR infinite, identical (limit {thresholds.min_psnr:g} dB)"
    return f"PSNR {apart(psnr_db, thresholds.min_psnr, 1)} dB (limit {thresholds.min_psnr:g} dB)"


def _finding(
    status: Status, sentence: str, details: list[str], figures: dict[str, float | str | None] | None = None
) -> Finding:
    return Finding(part="picture", status=status, sentence=sentence, details=details, figures=figures or {})
