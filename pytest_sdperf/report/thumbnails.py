"""The pictures of a case for people to look at: small lossy copies, heat maps, and the checks of stored ones."""

from __future__ import annotations

import hashlib
import io
import math
import warnings
from collections.abc import Iterator, Mapping, MutableMapping
from typing import TYPE_CHECKING, Any

import msgspec

from pytest_sdperf.diff.pictures import as_8_bit
from pytest_sdperf.report.outcome import Outcome, Report, ShownPicture
from pytest_sdperf.verdict.case_verdict import Verdict
from pytest_sdperf.verdict.picture_finding import PictureScore
from pytest_sdperf.workload import PromptSeed, Workload, picture_key

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image

    from pytest_sdperf.observations import Measured, References
    from pytest_sdperf.options import Options

    Picture = NDArray[np.floating]

MOST_SHOWN = 4
"""Pictures of a case, the worst first: as many as a test has that names no prompt."""

LARGEST_SIDE = 512
"""Pixels. Larger pictures are shown smaller."""

MOST_BYTES = 40_000
"""Of one image. Photos of 512 px take 20 to 35 kB at the first quality, noise is made coarser until it fits. So nine
cases of four pictures, each with a heat map of its own and the reference shared, stay below 5 MB as text."""

_QUALITIES = (80, 60, 40, 20)
"""Of lossy WebP and JPEG, tried in turn."""

_SCALES = (1 / 255, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
"""Differences that the brightest colour of a heat map may stand for: few, so that heat maps compare at a glance."""

_BRIGHTEST_SHARE = 99.9
"""Per cent of the pixels that the scale must hold: a single odd pixel does not darken all others."""

_HEAT = ("#0b0724", "#c73e4c", "#fcf3a6")
"""No, half, full difference; as in matplotlib's inferno, brightness alone distinguishes them, too."""

_MAGIC = {"WEBP": b"RIFF", "JPEG": b"\xff\xd8\xff"}


def illustrated(
    outcome: Outcome,
    measured: Measured,
    references: References,
    options: Options,
    images: MutableMapping[str, bytes],
) -> Outcome:
    """The outcome with small copies of its pictures, where a report that shows them is asked for."""
    if not (options.json or options.html):
        return outcome
    return with_pictures(outcome, measured.case.workload, measured.pictures, references, images)


def with_pictures(
    outcome: Outcome,
    workload: Workload,
    pictures: Mapping[str, Picture],
    references: References,
    images: MutableMapping[str, bytes],
) -> Outcome:
    """The outcome with the worst of its pictures next to what they are compared with; their copies go into ``images``.

    ``pictures`` maps picture keys to float arrays (H, W, 3) in 0..1; what is no picture at all (another shape) is
    left out, NaN is shown black. The scores are those of the verdict.
    """
    prompt_seeds = {
        picture_key(size, i): prompt_seed
        for size in workload.sizes
        for i, prompt_seed in enumerate(workload.prompt_seeds)
    }
    scores = _scores(outcome.verdict)
    judged = outcome.verdict.picture if outcome.verdict else None
    decides = judged.decides.key if judged and judged.decides else ""
    drawn = (key for key in prompt_seeds if _is_picture(pictures.get(key)))
    ranked = sorted(drawn, key=lambda key: _rank(scores, key, decides))
    shown = [
        _beside_reference(
            _alone(key, prompt_seeds[key], pictures[key], scores.get(key), images), pictures[key], references, images
        )
        for key in ranked[:MOST_SHOWN]
    ]
    return msgspec.structs.replace(outcome, pictures=shown, pictures_left_out=len(ranked) - len(shown))


def _scores(verdict: Verdict | None) -> dict[str, PictureScore]:
    """Picture key -> what the verdict says of it; empty where nothing was compared."""
    picture = verdict.picture if verdict else None
    return {one.key: one for one in picture.compared} if picture else {}


def _rank(scores: Mapping[str, PictureScore], key: str, decides: str) -> tuple[bool, float]:
    """Smallest first: the picture that decides, then by PSNR; what was not compared comes last."""
    score = scores.get(key)
    return (True, math.inf) if score is None or score.psnr_db is None else (key != decides, score.psnr_db)


def _is_picture(picture: Any) -> bool:
    return picture is not None and picture.ndim == 3 and picture.shape[2] == 3 and min(picture.shape) > 0


def _alone(
    key: str, prompt_seed: PromptSeed, picture: Picture, score: PictureScore | None, images: MutableMapping[str, bytes]
) -> ShownPicture:
    made = ShownPicture(key, prompt_seed.prompt, prompt_seed.seed, _kept(images, _copy(picture)))
    return made if score is None else msgspec.structs.replace(made, ssim=score.ssim, psnr_db=score.psnr_db)


def _beside_reference(
    made: ShownPicture, picture: Picture, references: References, images: MutableMapping[str, bytes]
) -> ShownPicture:
    reference = (references.pictures or {}).get(made.key)
    if reference is None or not _is_picture(reference):
        return made
    made = msgspec.structs.replace(made, reference=_kept(images, _copy(reference)))
    if reference.shape != picture.shape:
        return made
    return _with_heat_map(made, _difference(picture, reference, eight_bit=references.eight_bit), images)


def _difference(picture: Picture, reference: Picture, *, eight_bit: bool) -> Picture:
    """Each pixel's largest difference of a channel, as it was judged; NaN is as far off as can be."""
    import numpy as np

    a, b = (as_8_bit(p) if eight_bit else p.astype(np.float64) for p in (picture, reference))
    found: Picture = np.clip(np.nan_to_num(np.abs(a - b).max(axis=2), nan=1.0), 0.0, 1.0)
    return found


def _with_heat_map(made: ShownPicture, difference: Picture, images: MutableMapping[str, bytes]) -> ShownPicture:
    import numpy as np

    largest = float(difference.max())
    if largest == 0:
        return made
    wanted = float(np.percentile(difference, _BRIGHTEST_SHARE))
    scale = next(s for s in _SCALES if s >= wanted)
    heat = _kept(images, _heat_map(difference, scale))
    return msgspec.structs.replace(made, difference=heat, difference_scale=scale, largest_difference=largest)


def _copy(picture: Picture) -> bytes:
    from PIL import Image

    return _encoded(Image.fromarray(_bytes_of(picture)))


def _heat_map(difference: Picture, scale: float) -> bytes:
    """The difference (H, W) from 0 to ``scale`` and beyond, as colours."""
    from PIL import Image, ImageOps

    none, half, full = _HEAT
    grey = Image.fromarray(_bytes_of(difference / scale))
    return _encoded(ImageOps.colorize(grey, black=none, mid=half, white=full))


def _bytes_of(picture: Picture) -> NDArray[np.uint8]:
    import numpy as np

    finite = np.nan_to_num(picture, nan=0.0, posinf=1.0, neginf=0.0)
    return np.round(np.clip(finite, 0.0, 1.0) * 255).astype(np.uint8)


def _encoded(image: Image) -> bytes:
    """At most LARGEST_SIDE pixels wide and high, and MOST_BYTES large."""
    from PIL import features

    form = "WEBP" if features.check("webp") else "JPEG"  # some builds of Pillow lack WebP
    image.thumbnail((LARGEST_SIDE, LARGEST_SIDE))
    while True:
        for quality in _QUALITIES:
            buffer = io.BytesIO()
            image.save(buffer, format=form, quality=quality)
            if buffer.tell() <= MOST_BYTES:
                return buffer.getvalue()
        image = image.reduce(2)


def _kept(images: MutableMapping[str, bytes], data: bytes) -> str:
    name = image_name(data)
    images[name] = data
    return name


def image_name(data: bytes) -> str:
    """The name of an image: the beginning of its SHA-256."""
    return hashlib.sha256(data).hexdigest()[:16]


def media_type(data: bytes) -> str:
    """``image/webp`` or ``image/jpeg``."""
    return "image/jpeg" if data.startswith(_MAGIC["JPEG"]) else "image/webp"


def image_faults(report: Report) -> Iterator[str]:
    """Reasons not to show the images of a report, as sentences: images that are read from a file may be anything."""
    for name, data in report.images.items():
        fault = _image_fault(name, data)
        if fault:
            yield f"image {name[:40]!r} {fault}"
    for number, outcome in enumerate(report.outcomes):
        for shown in outcome.pictures:
            named = [n for n in (shown.picture, shown.reference, shown.difference) if n]
            if not shown.picture or any(n not in report.images for n in named):
                yield f"a picture of outcome {number} names an image that is not there"
            if shown.difference and not 0 < shown.difference_scale <= 1:
                yield f"a heat map of outcome {number} has no scale from 0 to 1"


def _image_fault(name: str, data: bytes) -> str:
    from PIL import Image

    if len(data) > MOST_BYTES:
        return f"is too large: {len(data)} bytes (limit {MOST_BYTES})"
    if name != image_name(data):
        return "is not named by its digest"
    if not data.startswith(tuple(_MAGIC.values())):
        return "is neither WebP nor JPEG"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # the size is checked below
            with Image.open(io.BytesIO(data), formats=list(_MAGIC)) as image:
                frames, largest = getattr(image, "n_frames", 1), max(image.size)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        return f"cannot be read: {error}"
    if frames > 1:
        return "moves"
    return f"is {largest} pixels wide or high (limit {LARGEST_SIDE})" if largest > LARGEST_SIDE else ""
