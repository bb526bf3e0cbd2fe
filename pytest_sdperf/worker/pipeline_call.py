"""Call any pipeline the same way: a prompt that its tokenizers take whole, the same latents, one float picture."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pytest_sdperf.errors import CaseError
from pytest_sdperf.models.families.family import Family, Latents

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_SHOWN = 60
"""Characters of a prompt that a message quotes; the text that is cut off is quoted whole."""


def draw_latents(seed: int, latents: Latents, height: int, width: int) -> NDArray[np.float32]:
    """Unit normal noise of ``latents.shape(height, width)``, float32; sizes in pixels.

    Drawn by numpy in one precision for every variant: torch draws other noise in bf16 than in fp32 from
    the same seed. ``RandomState`` is the numpy generator whose stream is frozen for good (NEP 19), so
    stored pictures stay comparable; Philox takes seeds of any size.
    """
    import numpy as np

    generator = np.random.RandomState(np.random.Philox(seed))
    return generator.standard_normal(latents.shape(height, width)).astype(np.float32)


def check_prompt_length(pipeline: Any, prompts: Sequence[str], family: Family) -> None:
    """Raise CaseError for the first prompt with more tokens than a tokenizer of ``pipeline`` takes.

    diffusers only logs a warning, and draws and times a picture of the first part. A pipeline that
    has no tokenizer with a `model_max_length`, as transformers' have, is not checked: one that reads
    long prompts piece by piece shows none.
    """
    for name in family.tokenizers:
        _check_tokens(getattr(pipeline, name, None), prompts)


def _check_tokens(tokenizer: Any, prompts: Sequence[str]) -> None:
    # Where nobody set a limit, transformers says 1e30, which no prompt reaches.
    limit = getattr(tokenizer, "model_max_length", None)
    if not callable(tokenizer) or not isinstance(limit, (int, float)):
        return
    for prompt in prompts:
        tokens = list(tokenizer(prompt).input_ids)
        if len(tokens) <= limit:
            continue
        most = int(limit)
        excess = len(tokens) - most
        # As diffusers cuts: the tokens in front stay, and the last of them makes room for the end token.
        lost = tokenizer.decode(tokens[most - 1 : -1]).strip()
        raise CaseError(
            f"prompt {_shortened(prompt)!r} has {len(tokens)} tokens with start and end, "
            f"{type(tokenizer).__name__} takes {most}: {lost!r} would be cut off and not drawn",
            where="prompt",
            cure=f"Shorten the prompt by {excess} {'token' if excess == 1 else 'tokens'} or more.",
        )


def _shortened(prompt: str) -> str:
    return prompt if len(prompt) <= _SHOWN else f"{prompt[: _SHOWN - 1].rstrip()}…"


def as_wanted(pipeline: Any, latents: NDArray[np.float32]) -> Any:
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
    """A pipeline's picture as (height, width, 3), float32, 0..1. Raises CaseError where it is no numeric array."""
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
