"""What is said of pictures, whole and link by link."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from pytest_sdperf.report.picture_text import (
    picture_details,
    picture_sentence,
)
from pytest_sdperf.verdict.status import Missing, Status

Make = Callable[..., Any]
OWN = "its own stored picture"
WINDOW = "SSIM with a uniform 7x7 window, data range 1"


@pytest.fixture
def ship(make_score: Make) -> Make:
    return lambda *scores, **fields: make_score(*scores, number=0, **fields)


@pytest.fixture
def goat(make_score: Make) -> Make:
    return lambda *scores, **fields: make_score(*scores, number=1, **{"prompt": "a goat", **fields})


@pytest.fixture
def make(make_finding: Make) -> Make:
    """The finding of these pictures."""
    return lambda *pictures, status=Status.PASSED, **fields: make_finding(
        "picture", status, **{"pictures": list(pictures), "reference": "fp32", **fields}
    )


def test_identical_pictures(make: Make, ship: Make, goat: Make) -> None:
    finding = make(ship(1.0, math.inf), goat(1.0, math.inf))
    assert picture_sentence(finding) == "2 pictures, identical to fp32"
    told = "SSIM 1.0000 (limit 0.98), PSNR infinite, identical (limit 35 dB)"
    assert picture_details(finding) == [
        f'at 256x256, prompt "a ship": {told}', f'at 256x256, prompt "a goat": {told}', WINDOW,
    ]  # fmt: skip
    eight_bit = make(ship(1.0, math.inf), is_eight_bit=True)
    assert picture_sentence(eight_bit) == "1 picture, identical to fp32"
    assert picture_details(eight_bit)[-1] == f"both rounded to 8 bits; {WINDOW}"


def test_the_worst_of_the_prompts_decides_and_is_named(make: Make, ship: Make, goat: Make) -> None:
    finding = make(ship(1.0, math.inf), goat(0.9123, 21.04), status=Status.BROKEN)
    assert picture_sentence(finding) == (
        'SSIM 0.9123 (limit 0.98) and PSNR 21.0 dB (limit 35 dB) against fp32 at 256x256, prompt "a goat"'
    )


def test_a_different_worst_of_each_metric(make: Make, ship: Make, goat: Make) -> None:
    finding = make(ship(0.91, 40.0), goat(0.99, 20.0), status=Status.BROKEN, reference="the base's picture")
    assert picture_sentence(finding) == (
        'SSIM 0.9100 (limit 0.98) at 256x256, prompt "a ship" and PSNR 20.0 dB (limit 35 dB) at 256x256, '
        'prompt "a goat" against the base\'s picture'
    )


def test_near_misses_read_differently_from_the_limit(make: Make, ship: Make) -> None:
    assert picture_sentence(make(ship(0.97996, 34.96))).startswith(
        "SSIM 0.97996 (limit 0.98) and PSNR 34.96 dB (limit 35 dB)"
    )


def test_seeds_are_named_where_there_are_several(make: Make, ship: Make, goat: Make) -> None:
    finding = make(ship(0.99, 50.0, seed=3), goat(0.9, 20.0, prompt="a ship", seed=8))
    assert picture_sentence(finding).endswith('against fp32 at 256x256, prompt "a ship", seed 8')


@pytest.mark.parametrize("fault", ["is missing", "has shape (24, 16, 3), not (16, 24, 3)"])
def test_what_is_no_valid_picture_is_named_before_all_else(make: Make, ship: Make, goat: Make, fault: str) -> None:
    finding = make(ship(0.9, 20.0), goat(None, None, fault=fault), status=Status.BROKEN)
    assert picture_sentence(finding) == f'the picture at 256x256, prompt "a goat" {fault}'
    assert picture_details(finding) == [picture_sentence(finding)]


def test_what_is_no_valid_reference(make: Make, ship: Make, goat: Make) -> None:
    pictures = ship(None, None), goat(None, None, reference_fault="is missing")
    told = 'the reference at 256x256, prompt "a goat" is missing; '
    assert picture_sentence(make(*pictures, status=Status.BROKEN)) == (
        f"{told}delete it and record it again with --sdperf-update=new"
    )
    base = make(*pictures, status=Status.BROKEN, is_from_base=True)
    assert picture_sentence(base) == f"{told}that is how the base draws it"


def test_the_reference_itself_need_only_be_valid(make: Make, ship: Make, goat: Make) -> None:
    finding = make(ship(None, None), goat(None, None), reference="", is_reference=True)
    assert picture_sentence(finding) == "2 pictures, valid; this is the reference that others are compared with"
    assert picture_details(finding) == []


@pytest.mark.parametrize(
    ("then", "told"),
    [
        ("fail", ", but no earlier picture of this variant is stored; record it with --sdperf-update=new"),
        ("record", ", to be recorded as the baseline if no part fails"),
        ("skip", ", not judged: no earlier picture of this variant is stored, and --sdperf-missing=skip"),
    ],
)
def test_without_an_earlier_picture(make: Make, ship: Make, then: str, told: str) -> None:
    missing = Missing("no earlier picture of this variant is stored", then)
    status = Status.NO_BASELINE if then == "fail" else Status.NOT_JUDGED
    finding = make(ship(None, None), status=status, reference="", missing=missing)
    assert picture_sentence(finding) == f"1 picture, valid{told}"


def test_without_the_reference_of_another_variant(make: Make, ship: Make, goat: Make) -> None:
    finding = make(ship(None, None), goat(None, None), status=Status.NO_BASELINE, missing=None)
    assert picture_sentence(finding) == (
        "2 pictures, valid, but there is no reference picture of fp32; measure fp32 in the same session or store its "
        "pictures with --sdperf-update=new"
    )


NEW = 'no earlier picture is stored at 256x256, prompt "a goat"'


@pytest.mark.parametrize(
    ("status", "then", "told"),
    [
        (Status.NO_BASELINE, "fail", f", but {NEW}; record it with --sdperf-update=new"),
        (Status.NOT_JUDGED, "record", ", to be recorded as the baseline if no part fails"),
        (Status.NOT_JUDGED, "skip", f", not judged: {NEW}, and --sdperf-missing=skip"),
        (Status.PASSED, "fail", ""),
    ],
)
def test_of_its_own_pictures_one_is_new(
    make: Make, ship: Make, goat: Make, status: Status, then: str, told: str
) -> None:
    pictures = ship(1.0, math.inf), goat(None, None, is_unstored=True)
    finding = make(*pictures, status=status, reference=OWN, missing=Missing("", then))
    assert picture_sentence(finding) == f"1 picture, identical to {OWN}{told}"
    assert picture_details(finding)[-1] == NEW


def test_of_its_own_pictures_several_are_new(make: Make, ship: Make, goat: Make) -> None:
    new = [goat(None, None, is_unstored=True)] * 3
    finding = make(ship(1.0, math.inf), *new, status=Status.NO_BASELINE, reference=OWN, missing=None)
    assert picture_sentence(finding) == (
        f"1 picture, identical to {OWN}, but {NEW} and of 2 more; record it with --sdperf-update=new"
    )


def test_pictures_that_do_not_repeat(make: Make, ship: Make) -> None:
    line = "not repeatable: the same prompt, seed and size gave different pictures in this session"
    assert picture_details(make(ship(0.99, 40.0), is_repeatable=False))[-1] == line
    known = make(ship(0.99, 40.0), is_repeatable=False, own_ssim=0.99, own_psnr_db=48.04)
    assert picture_details(known)[-1] == f"{line}, SSIM 0.9900 and PSNR 48.0 dB between them"


def test_a_picture_that_diverged(make: Make, ship: Make) -> None:
    finding = make(ship(0.9, 25.0), status=Status.DIVERGED)
    assert picture_sentence(finding).endswith("; every link of its chain agrees, so rounding chose another path")
