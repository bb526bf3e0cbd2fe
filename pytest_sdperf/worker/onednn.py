"""Which oneDNN kernels ran, from the lines that oneDNN prints about each."""

from __future__ import annotations

import ctypes
import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import IO, Any

from pytest_sdperf.measurement import KernelTime

SOURCE = "oneDNN verbose"

_OPERATIONS = ("convolution", "deconvolution", "inner_product", "matmul")
_PRECISION = re.compile(r"\bsrc[:_](?P<precision>[a-z0-9]+)")


def parse_verbose(lines: Iterable[str]) -> list[KernelTime]:
    """Sum oneDNN's verbose lines by operation, implementation and source precision, the longest first.

    Lines read ``onednn_verbose,v1,primitive,exec,cpu,convolution,brg_conv_fwd:avx512_core_bf16,
    forward_training,src:bf16::blocked:acdb::f0 wei:…,…,0.0210``, the last field in ms (oneDNN's
    developer guide, "Verbose Mode"); older ones have no `v1,primitive`. Convolutions and matrix products
    only. Other lines are passed over. fp32 linear layers of PyTorch run in MKL: not here.
    """
    sums: dict[tuple[str, str, str], tuple[int, float]] = {}
    for line in lines:
        kernel = _kernel_of(line)
        if kernel is not None:
            key, time_ms = kernel
            calls, total_ms = sums.get(key, (0, 0.0))
            sums[key] = (calls + 1, total_ms + time_ms)
    kernels = [KernelTime(*key, calls=calls, time_ms=total_ms) for key, (calls, total_ms) in sums.items()]
    return sorted(kernels, key=lambda k: -k.time_ms)


def _kernel_of(line: str) -> tuple[tuple[str, str, str], float] | None:
    fields = line.strip().split(",")
    if fields[0] not in ("onednn_verbose", "dnnl_verbose") or "exec" not in fields[:5] or "graph" in fields[:3]:
        return None
    described = fields[fields.index("exec") + 1 :]  # engine, operation, implementation, direction, data, …, ms
    if len(described) < 6 or described[1] not in _OPERATIONS:
        return None
    precision = _PRECISION.search(described[4])
    try:
        time_ms = float(described[-1])
    except ValueError:  # cut off by another thread's output
        return None
    return (described[1], described[2], precision["precision"] if precision else ""), time_ms


def capture_kernels(draw: Callable[[], object]) -> list[KernelTime]:
    """Call ``draw`` with oneDNN's verbose mode switched on, in this process, and read what it printed.

    Importing IPEX puts a switch into `torch.backends.mkldnn.verbose` that also reaches IPEX's own copy of
    oneDNN. Empty where torch is built without oneDNN.
    """
    import torch

    mkldnn: Any = torch.backends.mkldnn
    if not mkldnn.is_available():
        return []
    with tempfile.TemporaryFile("w+", errors="replace") as log:
        with _stdout_to(log), mkldnn.verbose(mkldnn.VERBOSE_ON):
            draw()
        log.seek(0)
        return parse_verbose(log)


@contextmanager
def _stdout_to(log: IO[str]) -> Iterator[None]:
    """Send file descriptor 1 to ``log``: oneDNN prints through C's stdout, past Python's."""
    libc = ctypes.CDLL(None)
    sys.stdout.flush()
    libc.fflush(None)
    before = os.dup(1)
    try:
        os.dup2(log.fileno(), 1)
        yield
    finally:
        sys.stdout.flush()
        libc.fflush(None)
        os.dup2(before, 1)
        os.close(before)
