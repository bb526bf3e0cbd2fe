"""Whether memory holds several processes of a case at once."""

from __future__ import annotations

from pathlib import Path

from pytest_sdperf.hardware.resources import available_memory_bytes
from pytest_sdperf.models.folder_difference import total_bytes

_ROOM = 1.2
"""Memory that processes need, of what one was measured to need: another one may need more."""

_BYTES_PER_MODEL_BYTE = 2.2
"""Memory of a process for each byte of its model: 9.3 GB for the 4.26 GB of SD 1.5 with OpenVINO in f32, the most of
all variants (2 cores, Zen 5, 256 px)."""

_LIBRARY_BYTES = 1 << 30
"""Memory of a process besides its model: 1 GB with the packaged model, most of it libraries."""


def needed_bytes(processes: int, peak_bytes: int, *, more_of_model_bytes: int = 0) -> int:
    """Memory of ``processes`` that need ``peak_bytes`` each, one of them with a model that is larger by so much."""
    return int(_ROOM * (processes * peak_bytes + _BYTES_PER_MODEL_BYTE * more_of_model_bytes))


def expected_peak_bytes(model: Path | None) -> int:
    """Memory of a process with the model in a folder (None: the variant brings its own), before one was measured."""
    return int(_LIBRARY_BYTES + _BYTES_PER_MODEL_BYTE * total_bytes(model))


def has_room(processes: int, peak_bytes: int) -> bool:
    """Whether available memory holds ``processes`` that need ``peak_bytes`` each."""
    return needed_bytes(processes, peak_bytes) <= available_memory_bytes()
