"""Texts of the findings on pictures: one sentence each, lines for the details, and the worst scores."""

from __future__ import annotations

import math
from collections.abc import Sequence

from pytest_sdperf.report.finding_text import Figure, Text
from pytest_sdperf.report.latency_text import without_baseline
from pytest_sdperf.report.outcome import Outcome
from pytest_sdperf.verdict.picture_finding import PictureFinding, PictureScore
from pytest_sdperf.verdict.status import Missing, Status
from pytest_sdperf.wording import apart, plural


def picture_sentence(finding: PictureFinding) -> str:
    faults = _faults(finding)
    if faults:
        return faults[0]
    if finding.is_too_noisy:
        return (
            "pictures of one prompt and seed take up half of the error that the limits allow, or more, so nothing can "
            f"be judged: {_ssim(finding.own_ssim, finding)} and {_psnr(finding.own_psnr_db, finding)} between them; "
            "draw all noise from the call's latents and its `generator`, or lower the limits of this variant"
        )
    if not finding.compared:
        return _without_reference(finding)
    sentence = _compared(finding)
    if finding.status is Status.DIVERGED:
        return f"{sentence}; every link of its chain agrees, so rounding chose another path"
    unstored = [one for one in finding.pictures if one.is_unstored]
    if not unstored or finding.status not in (Status.NO_BASELINE, Status.NOT_JUDGED):
        return sentence
    more = f" and of {len(unstored) - 1} more" if len(unstored) > 1 else ""
    what = f"no earlier picture is stored {_name(unstored[0], finding.pictures)}{more}"
    then = finding.missing.then if finding.missing else "fail"
    return without_baseline(sentence, Missing(what, then))


def picture_details(finding: PictureFinding) -> list[str]:
    lines = _faults(finding)
    if finding.compared and not lines:
        lines = [
            f"{_name(one, finding.pictures)}: {_ssim(one.ssim, finding)}, {_psnr(one.psnr_db, finding)}"
            for one in finding.compared
        ]
        how = "both rounded to 8 bits; " if finding.is_eight_bit else ""
        window, weights = finding.ssim_window, finding.ssim_weights
        lines.append(f"{how}SSIM with a {weights} {window}x{window} window, data range {finding.data_range:g}")
        lines += [
            f"no earlier picture is stored {_name(one, finding.pictures)}"
            for one in finding.pictures
            if one.is_unstored
        ]
    lines += [] if finding.is_repeatable else [_not_repeatable(finding)]
    return [*lines, *_of_base(finding)]


def _faults(finding: PictureFinding) -> list[str]:
    """Faults that make a picture, or else a reference, invalid."""
    own = [f"the picture {_name(one, finding.pictures)} {one.fault}" for one in finding.pictures if one.fault]
    cure = (
        "that is how the base draws it"
        if finding.is_from_base
        else "delete it and record it again with --sdperf-update=new"
    )
    return own or [
        f"the reference {_name(one, finding.pictures)} {one.reference_fault}; {cure}"
        for one in finding.pictures
        if one.reference_fault
    ]


def _without_reference(finding: PictureFinding) -> str:
    drawn = f"{plural(len(finding.pictures), 'picture')}, valid"
    if finding.is_reference:
        other = f"; {finding.base_label}'s are of another model and do not compare" if finding.base_label else ""
        return f"{drawn}; this is the reference that others are compared with{other}"
    if finding.identical_to:
        return f"{drawn}; the identical program of {finding.identical_to} draws the same"
    if finding.missing:
        return without_baseline(drawn, finding.missing)
    return (
        f"{drawn}, but there is no reference picture of {finding.reference}; measure {finding.reference} in the same "
        "session or store its pictures with --sdperf-update=new"
    )


def _of_base(finding: PictureFinding) -> list[str]:
    """A line on the pictures of a base with another model, which decide nothing."""
    if not finding.base_label:
        return []
    said = finding.base_unjudged_because or "pictures of two models are not compared"
    if finding.base:
        said = f"{finding.base.status.value}: {picture_sentence(finding.base)}"
    return [f"{finding.base_label} with its own model: {said}"]


def _compared(finding: PictureFinding) -> str:
    by_ssim, by_psnr, against = finding.worst_ssim, finding.worst_psnr, finding.reference
    if by_ssim is None or by_psnr is None or by_psnr.psnr_db == math.inf:
        return f"{plural(len(finding.compared), 'picture')}, identical to {against}"
    one, other = _ssim(by_ssim.ssim, finding), _psnr(by_psnr.psnr_db, finding)
    if by_ssim is by_psnr:
        return f"{one} and {other} against {against} {_name(by_ssim, finding.pictures)}"
    return f"{one} {_name(by_ssim, finding.pictures)} and {other} {_name(by_psnr, finding.pictures)} against {against}"


def _name(one: PictureScore, pictures: Sequence[PictureScore]) -> str:
    """Size and prompt that name the picture in a sentence; the seed is said where there are several."""
    several = len({picture.seed for picture in pictures}) > 1
    return f'at {one.size}, prompt "{one.prompt}"' + (f", seed {one.seed}" if several else "")


def _not_repeatable(finding: PictureFinding) -> str:
    line = "not repeatable: the same prompt, seed and size gave different pictures in this session"
    if finding.own_ssim is None or finding.own_psnr_db is None or finding.is_too_noisy:
        return line
    return f"{line}, SSIM {finding.own_ssim:.4f} and PSNR {finding.own_psnr_db:.1f} dB between them"


def _ssim(ssim: float | None, finding: PictureFinding) -> str:
    return f"SSIM {apart(ssim or 0.0, finding.min_ssim, 4)} (limit {finding.min_ssim:g})"


def _psnr(psnr_db: float | None, finding: PictureFinding) -> str:
    if psnr_db == math.inf:
        return f"PSNR infinite, identical (limit {finding.min_psnr_db:g} dB)"
    return f"PSNR {apart(psnr_db or 0.0, finding.min_psnr_db, 1)} dB (limit {finding.min_psnr_db:g} dB)"


def _worst_ssim(outcome: Outcome) -> float | None:
    picture = outcome.verdict.picture if outcome.verdict else None
    return picture.worst_ssim.ssim if picture and picture.worst_ssim else None


def _worst_psnr_db(outcome: Outcome) -> float | None:
    """Infinite where all are identical."""
    picture = outcome.verdict.picture if outcome.verdict else None
    return picture.worst_psnr.psnr_db if picture and picture.worst_psnr else None


def _ssim_cell(ssim: float) -> str:
    """Four decimals, rounded down: a picture that differs never reads as 1, nor a missed limit as met."""
    if not math.isfinite(ssim * 1e4):
        return str(ssim)
    return f"{math.floor(ssim * 1e4 + 1e-9) / 1e4:.4f}"


def _psnr_cell(psnr_db: float) -> str:
    if not math.isfinite(psnr_db * 10):
        return "exact" if psnr_db == math.inf else str(psnr_db)
    return f"{math.floor(psnr_db * 10 + 1e-9) / 10:.1f}"


PICTURE = Text(
    picture_sentence,
    picture_details,
    (
        Figure("ssim", "SSIM", _worst_ssim, _ssim_cell, "ssim_worst"),
        Figure("psnr", "PSNR dB", _worst_psnr_db, _psnr_cell, "psnr_db_worst"),
    ),
)
