"""Call any pipeline the same way: the same latents in, one float picture out."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from pytest_sdperf.errors import CaseError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_LATENT_SCALE = 8
"""Pixels per latent in height and width, of every Stable Diffusion VAE."""


def draw_latents(seed: int, height: int, width: int, channels: int = 4) -> NDArray[np.float32]:
    """Unit normal noise of shape (1, channels, height / 8, width / 8), float32; sizes in pixels.

    Drawn by numpy in one precision for every variant: torch draws other noise in bf16 than in fp32 from
    the same seed. ``RandomState`` is the numpy generator whose stream is frozen for good (NEP 19), so
    stored pictures stay comparable; Philox takes seeds of any size.
    """
    import numpy as np

    generator = np.random.RandomState(np.random.Philox(seed))
    shape = (1, channels, height // _LATENT_SCALE, width // _LATENT_SCALE)
    return generator.standard_normal(shape).astype(np.float32)


def arguments(
    pipeline: Any,
    *,
    prompt: str,
    steps: int,
    guidance: float,
    height: int,
    width: int,
    latents: NDArray[np.float32],
) -> dict[str, Any]:
    """The keywords that ``pipeline`` is called with; made ahead of a timed call."""
    return {
        "prompt": prompt,
        "num_inference_steps": steps,
        "guidance_scale": guidance,
        "height": height,
        "width": width,
        "latents": _as_wanted(pipeline, latents),
        "output_type": "np",
    }


def _as_wanted(pipeline: Any, latents: NDArray[np.float32]) -> Any:
    """The latents as the pipeline takes them: a numpy array, or a torch tensor in the pipeline's dtype."""
    kind = getattr(pipeline, "sdperf_latents", None) or ("torch" if _is_diffusers(pipeline) else "numpy")
    if kind == "numpy":
        return latents
    if kind != "torch":
        raise CaseError(f"sdperf_latents is {kind!r}", cure='Use "torch" or "numpy".')
    import torch

    tensor = torch.from_numpy(latents)
    dtype = getattr(pipeline, "dtype", None)
    return tensor.to(dtype) if isinstance(dtype, torch.dtype) and dtype.is_floating_point else tensor


def _is_diffusers(pipeline: Any) -> bool:
    diffusers = sys.modules.get("diffusers")
    return diffusers is not None and isinstance(pipeline, diffusers.DiffusionPipeline)


def as_picture(answer: Any) -> NDArray[np.float32]:
    """What a pipeline returned, as (height, width, 3), float32, 0..1. Raises CaseError for no numeric array."""
    import numpy as np

    images = getattr(answer, "images", answer)
    try:
        array = np.asarray(images)
    except (TypeError, ValueError, RuntimeError) as error:
        raise _no_picture(images, str(error)) from error
    if not (np.issubdtype(array.dtype, np.number) or array.dtype == np.bool_):
        raise _no_picture(images, f"dtype {array.dtype}")
    if array.ndim == 4 and array.shape[0] == 1:
        array = array[0]
    picture: NDArray[np.float32] = array.real.astype(np.float32)
    return picture / np.float32(255) if array.dtype == np.uint8 else picture


def _no_picture(images: Any, why: str) -> CaseError:
    return CaseError(
        f"the pipeline gave {type(images).__name__} instead of a picture ({why})",
        cure='Honour output_type="np": return a (1, height, width, 3) array, or an object whose `images` is one.',
    )
