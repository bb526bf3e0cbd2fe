"""Pictures for people: the worst first, small, never more than asked for, and read with distrust."""

import io
import math

import numpy as np
import pytest
from PIL import Image

from pytest_sdperf.measurement import Environment, Evidence, ImageTiming, Measurement, ProcessRun
from pytest_sdperf.observations import References
from pytest_sdperf.report.outcome import Outcome, Report, ShownPicture
from pytest_sdperf.report.thumbnails import (
    LARGEST_SIDE,
    MOST_BYTES,
    MOST_SHOWN,
    image_faults,
    image_name,
    media_type,
    with_pictures,
)
from pytest_sdperf.verdict.case_verdict import Verdict
from pytest_sdperf.workload import Workload

MEASURED = Measurement(
    "case", "boat", "tiny", "", "PNDM", {}, [ProcessRun({"16x24": [ImageTiming(5)]}, {}, {}, 1)], Evidence(), Environment("m")
)  # fmt: skip
PROMPTS = ("a boat", "a goat", "a moat", "a coat", "a stoat")
WORKLOAD = Workload(prompts=PROMPTS, sizes=((16, 24),))
ACROSS, DOWN = np.meshgrid(np.linspace(0, 1, 24), np.linspace(0, 1, 16))
SMOOTH = np.stack([ACROSS, DOWN, np.full_like(DOWN, 0.5)], axis=-1).astype(np.float32)


def keyed(*pictures):
    return {f"16x24/{i}": picture for i, picture in enumerate(pictures)}


@pytest.fixture
def verdict(make_finding, make_score):
    """The verdict of pictures with these (SSIM, PSNR), in the order of the prompts."""

    def verdict(*scores):
        pictures = [make_score(*score, key=f"16x24/{i}") for i, score in enumerate(scores)]
        return Verdict([make_finding("picture", pictures=pictures)], ["picture"])

    return verdict


def show(pictures, truth=References(), told=None, workload=WORKLOAD):
    images = {}
    return with_pictures(Outcome("test", MEASURED, told), workload, pictures, truth, images), images


def opened(images, name):
    return Image.open(io.BytesIO(images[name]))


def test_a_picture_beside_its_reference(verdict):
    off = SMOOTH.copy()
    off[4:8, 4:8] -= 0.04
    outcome, images = show(keyed(off), References(keyed(SMOOTH)), verdict((0.98, 42.0)))
    [shown] = outcome.pictures
    assert (shown.key, shown.prompt, shown.seed) == ("16x24/0", "a boat", 0)
    assert (shown.ssim, shown.psnr_db, outcome.pictures_left_out) == (0.98, 42.0, 0)
    assert shown.largest_difference == pytest.approx(0.04, abs=1e-6)
    assert shown.difference_scale == 0.05
    assert len({shown.picture, shown.reference, shown.difference}) == 3
    assert opened(images, shown.picture).size == (24, 16)
    close = np.asarray(opened(images, shown.reference)).astype(float) / 255
    assert np.abs(close - SMOOTH).mean() < 0.03
    heat = np.asarray(opened(images, shown.difference).convert("L"))
    assert heat[5:7, 5:7].mean() > heat[10:, 14:].mean() + 60
    assert not list(image_faults(Report([outcome], images=images)))


def test_the_worst_come_first_and_the_rest_is_counted(verdict):
    scores = [(0.99, 40.0), (0.99, 30.0), (1.0, math.inf), (0.97, 50.0), (0.99, 35.0)]
    outcome, _ = show(keyed(*[SMOOTH] * 5), told=verdict(*scores))
    assert [s.prompt for s in outcome.pictures] == ["a coat", "a goat", "a stoat", "a boat"]
    assert outcome.pictures_left_out == 5 - MOST_SHOWN
    assert [s.psnr_db for s in outcome.pictures] == [50.0, 30.0, 35.0, 40.0]


def test_identical_pictures_have_no_heat_map_and_one_copy(verdict):
    outcome, images = show(
        keyed(SMOOTH, SMOOTH), References(keyed(SMOOTH, SMOOTH)), verdict((1.0, math.inf), (1.0, math.inf))
    )
    first, second = outcome.pictures
    assert (first.difference, first.largest_difference, first.psnr_db) == ("", 0.0, math.inf)
    assert first.picture == first.reference == second.picture
    assert list(images) == [first.picture]


def test_what_was_rounded_before_it_was_judged_is_rounded_here():
    references = References(keyed(SMOOTH), eight_bit=True)
    outcome, _ = show(keyed(SMOOTH + np.float32(1e-7)), references)
    assert outcome.pictures[0].difference == ""


def test_without_a_reference_the_picture_stands_alone():
    outcome, _ = show(keyed(SMOOTH))
    [shown] = outcome.pictures
    assert (shown.reference, shown.difference, shown.ssim, shown.psnr_db) == ("", "", None, None)


def test_pictures_that_are_none():
    broken = SMOOTH.copy()
    broken[0, 0, 0], broken[0, 1, 0] = np.nan, np.inf
    flat = np.zeros((16, 24), np.float32)
    outcome, images = show(keyed(flat, broken), References(keyed(SMOOTH, SMOOTH)))
    [shown] = outcome.pictures
    assert shown.prompt == "a goat"
    assert shown.largest_difference == 1.0
    assert opened(images, shown.picture).size == (24, 16)


def test_another_size_than_the_reference():
    outcome, _ = show(keyed(SMOOTH), References(keyed(SMOOTH[:8])))
    [shown] = outcome.pictures
    assert shown.reference
    assert not shown.difference


def test_noise_of_any_size_is_small():
    noise = np.random.default_rng(0).random((640, 1024, 3), dtype=np.float32)
    workload = Workload(prompts=("a storm",), sizes=((640, 1024),))
    outcome, images = show({"640x1024/0": noise}, References({"640x1024/0": 1 - noise}), workload=workload)
    assert len(images) == 3
    assert max(map(len, images.values())) <= MOST_BYTES
    assert max(max(opened(images, name).size) for name in images) <= LARGEST_SIDE
    assert outcome.pictures[0].difference_scale == 1.0


def test_without_webp_they_are_jpeg(monkeypatch):
    monkeypatch.setattr("PIL.features.check", lambda name: False)
    outcome, images = show(keyed(SMOOTH))
    assert media_type(images[outcome.pictures[0].picture]) == "image/jpeg"
    assert not list(image_faults(Report([outcome], images=images)))
    monkeypatch.undo()
    outcome, images = show(keyed(SMOOTH))
    assert media_type(images[outcome.pictures[0].picture]) == "image/webp"


def saved(form="WEBP", size=(8, 8), **more):
    buffer = io.BytesIO()
    Image.new("RGB", size, "teal").save(buffer, form, **more)
    return buffer.getvalue()


MOVING = saved(save_all=True, append_images=[Image.new("RGB", (8, 8), "red")])


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (saved("PNG"), "is neither WebP nor JPEG"),
        (b"<svg onload='alert(1)'/>", "is neither WebP nor JPEG"),
        (b"", "is neither WebP nor JPEG"),
        (b"RIFF\x10\x00\x00\x00WAVE", "cannot be read: "),
        (b"\xff\xd8\xff" + bytes(50), "cannot be read: "),
        (saved(size=(LARGEST_SIDE + 1, 1)), f"is {LARGEST_SIDE + 1} pixels wide or high (limit {LARGEST_SIDE})"),
        (bytes(MOST_BYTES + 1), f"is too large: {MOST_BYTES + 1} bytes (limit {MOST_BYTES})"),
        (MOVING, "moves"),
    ],
)  # fmt: skip
def test_images_that_are_refused(data, fault):
    [found] = image_faults(Report([], images={image_name(data): data}))
    assert found.startswith(f"image '{image_name(data)}' {fault}")


def test_both_sides_of_the_largest_image():
    data = saved(size=(LARGEST_SIDE, LARGEST_SIDE))
    assert not list(image_faults(Report([], images={image_name(data): data})))


def test_a_name_that_is_no_digest():
    [found] = image_faults(Report([], images={"<script>": saved()}))
    assert found == "image '<script>' is not named by its digest"


@pytest.mark.parametrize(
    ("shown", "fault"),
    [
        ({"picture": ""}, "a picture of outcome 0 names an image that is not there"),
        ({"picture": "x"}, "a picture of outcome 0 names an image that is not there"),
        ({"reference": "x"}, "a picture of outcome 0 names an image that is not there"),
        ({"difference": "x"}, "a picture of outcome 0 names an image that is not there"),
        ({"difference_scale": math.nan}, "a heat map of outcome 0 has no scale from 0 to 1"),
        ({"difference_scale": 1.5}, "a heat map of outcome 0 has no scale from 0 to 1"),
    ],
)
def test_names_without_an_image(shown, fault):
    name = image_name(saved())
    good = {"picture": name, "difference": name, "difference_scale": 0.5}
    outcome = Outcome("test", MEASURED, None, pictures=[ShownPicture("8x8/0", "a boat", 0, **{**good, **shown})])
    assert next(image_faults(Report([outcome], images={name: saved()}))) == fault
