"""Reference pictures: 8-bit PNG that say in a text chunk what they are a picture of."""

from __future__ import annotations

import hashlib
import io
import json
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import msgspec

from pytest_sdperf.baselines.store import REFERENCES, confined, write_file
from pytest_sdperf.errors import BaselineError
from pytest_sdperf.whole_file import read_whole
from pytest_sdperf.workload import Workload, picture_key, size_key

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

REFERENCE_VERSION = 1
"""Version of the text chunk; any other is refused.

History:
1 (2026-11): first.
"""

_CHUNK = "pytest-sdperf"
_CURE = "Delete the file and record it again with `pytest --sdperf --sdperf-update=new`."


@dataclass(frozen=True)
class ReferenceKey:
    """One reference picture: all that decides what it shows."""

    variant: str
    "whose picture it is: `fp32`, or a variant that is its own truth"
    model_digest: str
    "sha256 of weights and configurations; empty where the variant brings its own"
    scheduler: str
    "class name of the scheduler that drew it"
    prompt: str
    num_inference_steps: int
    guidance_scale: float
    seed: int
    size: tuple[int, int]
    "(height, width) in pixels"

    @property
    def folder(self) -> str:
        return self.model_digest[:12] or "no-model"

    @property
    def file_name(self) -> str:
        """Readable, with a digest of what does not fit a name."""
        identity = repr((self.prompt, float(self.guidance_scale), self.seed, self.model_digest)).encode()
        digest = hashlib.sha256(identity).hexdigest()[:8]
        scheduler = re.sub(r"[^A-Za-z0-9]+", "-", self.scheduler).strip("-") or "none"
        return f"{self.variant}-{size_key(self.size)}-{self.num_inference_steps}steps-{scheduler}-{digest}.png"


def reference_keys(workload: Workload, *, variant: str, model_digest: str, scheduler: str) -> dict[str, ReferenceKey]:
    """The key of every picture of a workload, by picture key (`512x512/0`)."""
    return {
        picture_key(size, i): ReferenceKey(
            variant=variant,
            model_digest=model_digest,
            scheduler=scheduler,
            prompt=prompt_seed.prompt,
            num_inference_steps=workload.num_inference_steps,
            guidance_scale=float(workload.guidance_scale),
            seed=prompt_seed.seed,
            size=size,
        )
        for size in workload.sizes
        for i, prompt_seed in enumerate(workload.prompt_seeds)
    }


class _Stamp(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The text chunk: the key, and what the pixels may otherwise depend on."""

    format_version: int
    variant: str
    model_digest: str
    scheduler: str
    prompt: str
    num_inference_steps: int
    guidance_scale: float
    seed: int
    size: tuple[int, int]
    threads: int = 0
    packages: dict[str, str] = {}


def reference_path(root: Path, key: ReferenceKey) -> Path:
    """Where a reference lies: <root>/references/<model>/<picture>.png."""
    return confined(root, REFERENCES, key.folder, key.file_name)


def save_reference(
    root: Path, key: ReferenceKey, picture: NDArray[np.floating], *, threads: int, packages: Mapping[str, str]
) -> Path:
    """Store a picture, float (H, W, 3) in 0..1, rounded to 8 bits, whole or not at all.

    ``threads`` and ``packages`` (name -> version) are kept for people: fp32 pixels depend on both. Raises
    BaselineError for a picture that is none (NaN, black, constant, another size) and for a failing disk.
    """
    import numpy as np
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    from pytest_sdperf.diff.pictures import picture_fault

    path = reference_path(root, key)
    if fault := picture_fault(picture, key.size):
        raise BaselineError(f"the picture {fault}", where=str(path), cure="It is never stored; fix what drew it.")
    chunk = {"format_version": REFERENCE_VERSION, **_identity(key), "threads": threads, "packages": dict(packages)}
    info = PngInfo()
    info.add_text(_CHUNK, json.dumps(chunk))
    buffer = io.BytesIO()
    pixels = np.round(np.clip(picture, 0.0, 1.0) * 255).astype(np.uint8)
    Image.fromarray(pixels).save(buffer, format="PNG", pnginfo=info, optimize=True)
    write_file(path, buffer.getvalue())
    return path


def load_reference(root: Path, key: ReferenceKey) -> NDArray[np.float32] | None:
    """The stored picture, float32 (H, W, 3) in 0..1 in steps of 1/255; None where there is none.

    Raises BaselineError for a file that is no whole PNG, of another size, or of another model, workload,
    scheduler or variant. The size is compared before a pixel is unpacked, so no file can fill the memory.
    """
    import numpy as np
    from PIL import Image

    path = reference_path(root, key)
    try:
        data = read_whole(path, is_regular=True)
    except FileNotFoundError:
        return None
    except OSError as error:
        _refuse(f"reading failed: {error.strerror or error}", path, error)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # the size is checked below
            image = Image.open(io.BytesIO(data), formats=["PNG"])
        with image:
            _check_header(image, key, path)
            _check_stamp(image.info.get(_CHUNK), key, path)
            image.load()
            pixels = np.asarray(image)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        _refuse(f"the file is truncated or no PNG: {error}", path, error)
    return pixels.astype(np.float32) / np.float32(255)


def read_key(path: Path) -> ReferenceKey:
    """The reference key that a stored picture carries. Raises BaselineError for a file that carries none.

    Pixels are not unpacked: `load_reference` with this key does, and checks them.
    """
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # no pixel is unpacked here
            with Image.open(path, formats=["PNG"]) as image:
                text = image.info.get(_CHUNK)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        _refuse(f"the file is truncated or no PNG: {error}", path, error)
    stamp = _stamp(text, path)
    return ReferenceKey(**{name: getattr(stamp, name) for name in ReferenceKey.__dataclass_fields__})


def _check_header(image: Any, key: ReferenceKey, path: Path) -> None:
    found = (image.height, image.width)
    if found != key.size or image.mode != "RGB":
        _refuse(f"the picture is {image.mode} of {size_key(found)}, not RGB of {size_key(key.size)}", path)


def _check_stamp(text: object, key: ReferenceKey, path: Path) -> None:
    stamp = _stamp(text, path)
    for name, here in _identity(key).items():
        inside = getattr(stamp, name)
        if inside != (tuple(here) if isinstance(here, list) else here):
            _refuse(f"the reference is of {name} {inside!r}, not {here!r}", path)


def _stamp(text: object, path: Path) -> _Stamp:
    if not isinstance(text, str):
        _refuse("the picture does not say what it is a reference of", path)
    try:
        version = msgspec.json.decode(text).get("format_version")
        if version != REFERENCE_VERSION:
            _refuse(f"format version {version} is unknown (known: {REFERENCE_VERSION})", path)
        return msgspec.json.decode(text, type=_Stamp)
    except (msgspec.MsgspecError, AttributeError, RecursionError) as error:
        _refuse(f"the picture's text cannot be read: {error}", path, error)


def _identity(key: ReferenceKey) -> dict[str, Any]:
    return {
        "variant": key.variant,
        "model_digest": key.model_digest,
        "scheduler": key.scheduler,
        "prompt": key.prompt,
        "num_inference_steps": key.num_inference_steps,
        "guidance_scale": key.guidance_scale,
        "seed": key.seed,
        "size": list(key.size),
    }


def _refuse(what: str, path: Path, cause: Exception | None = None) -> NoReturn:
    raise BaselineError(what, where=str(path), cure=_CURE) from cause
