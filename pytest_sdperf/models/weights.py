"""Random weights that depend on nothing but a seed and a tensor's name and shape."""

from __future__ import annotations

import hashlib
import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SEED = "pytest-sdperf synthetic 1"
"""Part of every tensor's seed; change it whenever `draw` changes, so that kept models are built anew."""


def draw(model: str, name: str, shape: tuple[int, ...], scale: float = 1.0) -> NDArray[np.float32]:
    """The tensor ``name`` of ``model``: float32, of ``shape``.

    Matrices and kernels are uniform with variance scale² / fan-in, so that activations stay of order 1
    (LeCun et al., Efficient BackProp, 1998); embedding tables have variance 1; one-dimensional weights
    (norms) are 1, biases 0. Built from the raw bits of PCG64, whose stream numpy keeps for ever
    (NEP 19), with IEEE operations only: equal on every machine, under every numpy and thread count.
    """
    import numpy as np

    if len(shape) == 1:
        return np.full(shape, 0.0 if name.endswith(".bias") else 1.0, dtype=np.float32)
    seed = int.from_bytes(hashlib.sha256(f"{SEED}/{model}/{name}".encode()).digest()[:16], "little")
    count = math.prod(shape)
    words = np.random.PCG64(seed).random_raw((count + 1) // 2).astype("<u8", copy=False)
    unit = (words.view("<u4")[:count] >> 8).astype(np.float32)  # 24 random bits: exact in float32
    fan_in = 1 if name.endswith("_embedding.weight") else math.prod(shape[1:])
    bound = scale * math.sqrt(3 / fan_in)  # a uniform draw in ±bound has variance bound² / 3
    unit *= np.float32(2.0**-23)
    unit -= np.float32(1.0)
    unit *= np.float32(bound)
    return unit.reshape(shape)
