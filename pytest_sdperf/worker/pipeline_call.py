"""Call any pipeline the same way: a prompt that its tokenizers take whole, the same latents, one float picture."""

from __future__ import annotations

import inspect
import math
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

_MOST_TIMES = 16
"""Values of a picture, of those asked for, that are still looked at: a picture of a wrong size gets a verdict."""


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


def as_wanted(pipeline: Any, latents: NDArray[np.float32], *, in_float32: bool = False) -> Any:
    """The latents as the pipeline takes them: a numpy array, or a torch tensor in its dtype or in float32."""
    if not _takes_torch(pipeline):
        return latents
    import torch

    tensor = torch.from_numpy(latents)
    return tensor if in_float32 else tensor.to(low_type(pipeline) or tensor.dtype)


def low_type(pipeline: Any) -> Any:
    """The dtype of torch that the pipeline has its latents in, where that is not float32; None where it is."""
    if not _takes_torch(pipeline):
        return None
    import torch

    dtype = getattr(pipeline, "dtype", None)
    is_low = isinstance(dtype, torch.dtype) and dtype.is_floating_point and dtype != torch.float32
    return dtype if is_low else None


def seeded_generator(pipeline: Any, seed: int) -> dict[str, Any]:
    """The keyword `generator` for a pipeline whose call names it; empty for any other.

    Samplers that draw noise at each step (ancestral ones, LCM) then repeat. A torch.Generator on the CPU, as diffusers
    takes it, or a numpy.random.Generator for a pipeline that takes its latents as numpy.
    """
    if not _names_generator(type(pipeline)):
        return {}
    if not _takes_torch(pipeline):
        import numpy as np

        # The second word makes it another stream than that of the latents.
        return {"generator": np.random.Generator(np.random.Philox(np.random.SeedSequence([seed, 1])))}
    import torch

    return {"generator": torch.Generator().manual_seed(seed % 2**64)}


def _names_generator(kind: type) -> bool:
    """Whether a call of that class has a parameter `generator`; one with ``**keywords`` hands it on to its base."""
    for base in kind.__mro__:
        if (call := vars(base).get("__call__")) is None:
            continue
        try:
            parameters = inspect.signature(call).parameters
        except (TypeError, ValueError):
            return False
        if "generator" in parameters:
            return True
        if not any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters.values()):
            return False
    return False


def _takes_torch(pipeline: Any) -> bool:
    kind = getattr(pipeline, "sdperf_latents", None) or ("torch" if _is_diffusers(pipeline) else "numpy")
    if kind not in ("torch", "numpy"):
        raise CaseError(f"sdperf_latents is {kind!r}", cure='Use "torch" or "numpy".')
    return bool(kind == "torch")


def _is_diffusers(pipeline: Any) -> bool:
    diffusers = sys.modules.get("diffusers")
    return diffusers is not None and isinstance(pipeline, diffusers.DiffusionPipeline)


def pixels(answer: Any, size: tuple[int, int]) -> NDArray[Any]:
    """A copy of the picture in a pipeline's answer, as numbers of any kind: all work on it is done by then.

    ``size`` is the (height, width) that was asked for. Raises CaseError where there is no array of real numbers, or
    one that is many times as large: it would fill the memory before anybody looks at its shape.
    """
    import numpy as np

    images = getattr(answer, "images", answer)
    shape = getattr(images, "shape", ())
    if isinstance(shape, tuple) and len(shape) > 1 and math.prod(shape) > _MOST_TIMES * 3 * size[0] * size[1]:
        raise CaseError(
            f"the pipeline gave a picture of shape {tuple(map(int, shape))}, asked for was ({size[0]}, {size[1]}, 3)",
            cure="Draw one picture in the height and width of the call.",
        )
    try:
        # Its dtype is known before anything is converted: a complex number must not lose its imaginary part.
        array = np.array(images)
    except (TypeError, ValueError, RuntimeError) as error:
        raise _no_picture(images, str(error)) from error
    if not any(np.issubdtype(array.dtype, kind) for kind in (np.floating, np.integer, np.bool_)):
        raise _no_picture(images, f"dtype {array.dtype}")
    return array


def is_filtered(answer: Any) -> bool:
    """Whether a pipeline's answer says that its safety checker replaced a picture."""
    said = getattr(answer, "nsfw_content_detected", None)
    return isinstance(said, list | tuple) and any(map(bool, said))


def as_picture(array: NDArray[Any]) -> NDArray[np.float32]:
    """A picture as (height, width, 3), float32, 0..1; an array that is none keeps its shape."""
    import numpy as np

    if array.ndim == 4 and array.shape[0] == 1:
        array = array[0]
    picture: NDArray[np.float32] = array.astype(np.float32)
    return picture / np.float32(255) if array.dtype == np.uint8 else picture


def _no_picture(images: Any, why: str) -> CaseError:
    return CaseError(
        f"the pipeline gave {type(images).__name__} instead of a picture ({why})",
        cure='Honour output_type="np": return a (1, height, width, 3) array, or an object whose `images` is one.',
    )
