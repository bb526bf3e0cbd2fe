"""Follow one picture through its stages: what goes in, what comes out, and the latents on their way.

With the inputs that a reference had, each stage is also asked once for the same: its answers then differ by what the
stage itself does, not by what came before it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_sdperf.models.families.family import Family
from pytest_sdperf.worker.stages import Method, Stages, wrap

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.floating]

LATENTS, DECODED = "latents", "latents/decoded"
"""Keys of the latents before each call of the denoiser, an array for each call, and of those that are decoded."""


def follow(stages: Stages, family: Family, draw: Callable[[], object], given: Mapping[str, Array]) -> dict[str, Array]:
    """Draw one picture and keep the first call of each stage, all as float32.

    ``stage/in/0``, ``stage/in/1`` … are its floating-point inputs in order, ``stage/out`` its (first) output for the
    inputs of that name in ``given``; for its own where ``given`` has none of these shapes. The picture is drawn from
    the pipeline's own values throughout. `LATENTS` and `DECODED` are there where the family's denoiser and decoder are
    among the stages.
    """
    import numpy as np

    seen: dict[str, Array] = {}
    latents: list[Array] = []
    with ExitStack() as undo:
        for stage, (owner, method) in stages.items():
            follow = partial(_followed, stage, seen, latents if stage == family.denoiser else None, given)
            undo.callback(wrap(stage, owner, method, follow))
        draw()
    if latents and len({array.shape for array in latents}) == 1:
        seen[LATENTS] = np.stack(latents)
    if (decoded := f"{family.decoder}/in/0") in seen:
        seen[DECODED] = seen[decoded]
    return seen


def save(path: Path, seen: Mapping[str, Array]) -> None:
    """Keep a trace as .npz."""
    import numpy as np

    path.parent.mkdir(parents=True, exist_ok=True)
    arrays: dict[str, Any] = dict(seen)
    np.savez(path, **arrays)


def load(path: Path) -> dict[str, Array]:
    """The arrays that `save` kept."""
    import numpy as np

    with np.load(path, allow_pickle=False) as kept:
        return {name: kept[name] for name in kept.files}


def _followed(
    stage: str, seen: dict[str, Array], latents: list[Array] | None, given: Mapping[str, Array], original: Method
) -> Method:
    def call(*args: Any, **kwargs: Any) -> Any:
        inputs = [value for value in (*args, *kwargs.values()) if _is_floating(value)]
        if latents is not None and inputs:
            # guidance asks for the same latents twice in one batch
            latents.append(_as_array(inputs[0])[0])
        if f"{stage}/out" in seen:
            return original(*args, **kwargs)
        own = [_as_array(value) for value in inputs]
        seen.update({f"{stage}/in/{i}": array for i, array in enumerate(own)})
        asked = [given.get(f"{stage}/in/{i}") for i in range(len(own))]
        same = [a is not None and a.shape == o.shape for a, o in zip(asked, own, strict=True)]
        if own and all(same):
            replace = iter(asked)
            # Kept at once: a library may write its next answer to the same place.
            _keep(seen, stage, original(*_replaced(args, replace), **_replaced(kwargs, replace)))
            return original(*args, **kwargs)
        answer = original(*args, **kwargs)
        _keep(seen, stage, answer)
        return answer

    return call


def _keep(seen: dict[str, Array], stage: str, answer: Any) -> None:
    """The first array of an answer: an array, a tuple, or an output object of diffusers or transformers."""
    if not _is_floating(answer):
        try:
            answer = answer[0]
        except (TypeError, KeyError, IndexError):
            return
    if _is_floating(answer):
        seen[f"{stage}/out"] = _as_array(answer)


def _replaced(values: Any, replace: Iterator[Any]) -> Any:
    """The same arguments with every floating-point array taken from ``replace``, in its own type."""
    if isinstance(values, dict):
        return {name: _like(value, next(replace)) if _is_floating(value) else value for name, value in values.items()}
    return [_like(value, next(replace)) if _is_floating(value) else value for value in values]


def _is_floating(value: Any) -> bool:
    """A numpy array or torch tensor of floating-point numbers, of at least one dimension."""
    import numpy as np

    if isinstance(value, np.ndarray):
        return value.ndim > 0 and np.issubdtype(value.dtype, np.floating)
    is_floating = getattr(value, "is_floating_point", None)
    return is_floating is not None and bool(is_floating()) and value.ndim > 0


def _as_array(value: Any) -> Array:
    """A copy as float32."""
    import numpy as np

    return np.array(value if isinstance(value, np.ndarray) else value.detach().float().cpu(), np.float32)


def _like(value: Any, array: Array) -> Any:
    """``array`` in the library, type and place of ``value``."""
    import numpy as np

    if isinstance(value, np.ndarray):
        return array.astype(value.dtype)
    import torch

    return value.clone().copy_(torch.from_numpy(array))  # a clone keeps device and memory format
