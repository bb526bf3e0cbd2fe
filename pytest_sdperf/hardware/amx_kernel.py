"""Child process: ask torch whether it sees AMX, then run one bf16 matmul under oneDNN's verbose mode."""

from __future__ import annotations

import ctypes
import json
import sys

MARK = "sdperf_amx "
"""Begins each line of ours on stdout, among the library's."""

SIZE = 256
"""Rows and columns of the matrices of ones; their product is SIZE everywhere, exact in bf16."""

SYS_ARCH_PRCTL = 158
ARCH_REQ_XCOMP_PERM = 0x1023
XFEATURE_XTILE_DATA = 18


def say(**facts: object) -> None:
    """Print facts at once: the next instruction may be the one that kills this process."""
    print(MARK + json.dumps(facts), flush=True)


def request_permission() -> bool:
    """Ask the kernel for AMX's tile state, for this whole process (Linux, x86-64)."""
    libc = ctypes.CDLL(None, use_errno=True)
    return bool(libc.syscall(SYS_ARCH_PRCTL, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILE_DATA) == 0)


def main() -> None:
    """Say `torch`, `tile`, `granted` and `product`, each as soon as it is known."""
    try:
        import torch
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        say(torch=None)
        return
    say(torch=str(torch.__version__))
    supported = getattr(torch.cpu, "_is_amx_tile_supported", None)  # private, and only since torch 2.4
    say(tile=None if supported is None else bool(supported()))
    if sys.platform == "linux":
        say(granted=request_permission())
    ones = torch.ones(SIZE, SIZE, dtype=torch.bfloat16)
    product = ones @ ones
    say(product=[float(product.min()), float(product.max())])


if __name__ == "__main__":
    main()
