"""Read what a safetensors file says it holds, without loading any of it."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from pathlib import Path

import msgspec

from pytest_sdperf.errors import ModelError

_MAX_HEADER_BYTES = 100_000_000  # the limit of the safetensors library itself
_BITS = {
    **dict.fromkeys(("F64", "I64", "U64"), 64),
    **dict.fromkeys(("F32", "I32", "U32"), 32),
    **dict.fromkeys(("F16", "BF16", "I16", "U16"), 16),
    **dict.fromkeys(("I8", "U8", "BOOL", "F8_E4M3", "F8_E5M2"), 8),
}


class _Entry(msgspec.Struct, frozen=True):
    dtype: str
    shape: list[int]
    data_offsets: tuple[int, int]


@dataclass(frozen=True)
class Tensor:
    """One tensor of a file, by its place in the file."""

    name: str
    dtype: str
    "safetensors' own name: F32, BF16 …"
    shape: tuple[int, ...]
    file: Path
    offset: int
    "bytes from the start of the file"
    size: int
    "bytes"


def read_tensors(file: Path) -> list[Tensor]:
    """The tensors of a safetensors file, in the order of its header.

    Format: 8 bytes length (little endian), JSON header, then the bytes of the tensors
    (https://huggingface.co/docs/safetensors). Raises ModelError for a file that is cut off or
    whose header cannot be true.
    """
    try:
        file_bytes = file.stat().st_size
        with file.open("rb") as stream:
            prefix = stream.read(8)
            header_bytes = struct.unpack("<Q", prefix)[0] if len(prefix) == 8 else 0
            if not 2 <= header_bytes <= min(_MAX_HEADER_BYTES, file_bytes - 8):
                raise _damaged(file, "it has no safetensors header")
            header = stream.read(header_bytes)
    except OSError as error:
        raise ModelError(f"{file} cannot be read: {error.strerror}", cure="Give it permission.") from None
    try:
        entries = msgspec.json.decode(header, type=dict[str, msgspec.Raw])
        entries.pop("__metadata__", None)
        parsed = {name: msgspec.json.decode(raw, type=_Entry) for name, raw in entries.items()}
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise _damaged(file, f"its header cannot be read ({error})") from None
    data_start = 8 + header_bytes
    tensors = []
    for name, entry in parsed.items():
        begin, end = entry.data_offsets
        bits = _BITS.get(entry.dtype)
        if bits is None:
            raise _damaged(file, f"tensor {name!r} has the unknown type {entry.dtype!r}")
        if begin < 0 or any(n < 0 for n in entry.shape) or (end - begin) * 8 != math.prod(entry.shape) * bits:
            raise _damaged(file, f"tensor {name!r} does not have the size that its shape needs")
        if data_start + end > file_bytes:
            raise _damaged(file, f"it is cut off: {file_bytes} bytes, tensor {name!r} ends at {data_start + end}")
        tensors.append(Tensor(name, entry.dtype, tuple(entry.shape), file, data_start + begin, end - begin))
    return tensors


def _damaged(file: Path, reason: str) -> ModelError:
    return ModelError(f"{file} cannot be used: {reason}", cure="Download or save the model again.")
