"""Child process: do a little work for each line on stdin, and answer with the nanoseconds it took."""

from __future__ import annotations

import sys
import time

from pytest_sdperf.measure.noise_watch import calibration_kernel

KERNELS = 3
"""Calibration kernels a round: 30 ms on the machine that they were chosen on, as long as a quick picture's step."""


def main() -> None:
    """Warm up, say ``ready``, and work until stdin ends."""
    for _ in range(KERNELS):
        calibration_kernel()
    print("ready", flush=True)
    for _ in sys.stdin:
        start_ns = time.perf_counter_ns()
        for _ in range(KERNELS):
            calibration_kernel()
        print(time.perf_counter_ns() - start_ns, flush=True)


if __name__ == "__main__":
    main()
