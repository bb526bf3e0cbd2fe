"""The numbers in a stage's arguments and answers: find them, copy them, put others in their place."""

from __future__ import annotations

import copy
from collections.abc import Iterator, MutableMapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.generic]


def leaves(value: Any) -> Iterator[Any]:
    """The arrays, tensors and plain numbers in a value, in order: of mappings, sequences, outputs of the libraries.

    Outputs of diffusers and transformers are mappings, too.
    """
    if _is_number(value) or is_array(value):
        yield value
    elif isinstance(value, MutableMapping):
        for one in value.values():
            yield from leaves(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from leaves(one)


def with_leaves(value: Any, new: Iterator[Any]) -> Any:
    """The same value with its leaves taken from ``new``, which has as many; every container is a new one."""
    if _is_number(value) or is_array(value):
        return next(new)
    if isinstance(value, MutableMapping):
        changed = copy.copy(value)
        for name, one in value.items():
            changed[name] = with_leaves(one, new)
        return changed
    if isinstance(value, list | tuple):
        parts = [with_leaves(one, new) for one in value]
        if type(value) in (list, tuple):
            return type(value)(parts)
        return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)
    return value


def is_array(value: Any) -> bool:
    """A numpy array or a torch tensor of numbers."""
    import numpy as np

    if isinstance(value, np.ndarray | np.generic):
        return np.issubdtype(value.dtype, np.number) and not np.iscomplexobj(value)
    return hasattr(value, "is_floating_point") and hasattr(value, "detach") and not value.is_complex()


def is_floating(value: Any) -> bool:
    """An array of floating-point numbers."""
    import numpy as np

    if isinstance(value, np.ndarray | np.generic):
        return np.issubdtype(value.dtype, np.floating)
    return not isinstance(value, int | float) and bool(value.is_floating_point())


def is_single(value: Any) -> bool:
    """One number, plain or in an array, or the same one for each picture of a batch: a timestep, a guidance scale."""
    if isinstance(value, int | float):
        return True
    if value.ndim == 0:
        return True
    flat = copied(value).ravel()
    return bool(value.ndim == 1 and flat.size > 0 and (flat == flat[0]).all())


def copied(value: Any) -> NDArray[Any]:
    """A copy: floating-point numbers as float32, others as int64."""
    import numpy as np

    if isinstance(value, np.ndarray | np.generic | int | float):
        array = np.asarray(value)
    else:
        tensor = value.detach()
        array = (tensor.float() if tensor.is_floating_point() else tensor).cpu().numpy()
    return np.array(array, np.float32 if np.issubdtype(array.dtype, np.floating) else np.int64)


def rounding(value: Any) -> float:
    """The relative rounding of a number's type: 2^-8 for bf16, 0 for whole numbers."""
    import numpy as np

    if isinstance(value, int):
        return 0.0
    if isinstance(value, float):
        return float(np.finfo(np.float32).eps)
    if isinstance(value, np.ndarray | np.generic):
        is_whole = not np.issubdtype(value.dtype, np.floating)
        return 0.0 if is_whole else max(float(np.finfo(value.dtype).eps), float(np.finfo(np.float32).eps))
    import torch

    return float(torch.finfo(value.dtype).eps) if value.is_floating_point() else 0.0


def like(value: Any, array: NDArray[Any], *, dtype: Any = None) -> Any:
    """``array`` in the library, place and type of ``value``, or in ``dtype`` of its library."""
    import numpy as np

    if isinstance(value, np.ndarray | np.generic):
        return np.array(array, dtype or value.dtype)
    import torch

    # torch.empty_like keeps the device and the order of the memory: channels-last stays channels-last
    return torch.empty_like(value, dtype=dtype or value.dtype).copy_(torch.from_numpy(array))


def float_type(value: Any) -> Any:
    """float32 of the library of ``value``."""
    import numpy as np

    if isinstance(value, np.ndarray | np.generic):
        return np.float32
    import torch

    return torch.float32


def shapes(arrays: Sequence[Any]) -> str:
    """For people: ``(2, 4, 64, 64), (2, 77, 768)``."""
    return ", ".join(str(tuple(int(side) for side in array.shape)) for array in arrays) or "none"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
