"""Rules that find measurements disturbed by something else; none looks at the difference. Such pairs do not count."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from pytest_sdperf.comparison import Pair
from pytest_sdperf.measurement import Disturbance, Measurement
from pytest_sdperf.stats.boundary import FEWEST_PAIRS
from pytest_sdperf.wording import apart, plain_share, plural, share_apart

MOST_STEAL = 0.05
"""Share of the CPUs' time. A hypervisor that takes more than a twentieth takes it from base or head."""

MOST_FOREIGN = 0.10
"""Share of the CPUs' time. A quiet machine's own services take 0.2 to 1 %; one busy thread on 16 CPUs takes 6 %."""

MOST_FAULTS = 10
"""Major page faults a timed picture: one that waits for a disk says nothing about the code."""

MOST_SLOWED = 1.25
"""Calibration kernel against the fastest pair of the case: the clock is clamped, or a neighbour shares the core."""


def reason_to_drop(seen: Disturbance, pictures: int, fastest_kernel_ns: float) -> str:
    """Why a pair, or a process alone, does not count; empty where it does.

    ``pictures`` were timed in it, in base and head together; ``fastest_kernel_ns`` is the shortest median of the
    calibration kernel so far, 0 where there is none.
    """
    slowed = seen.kernel_ns / fastest_kernel_ns if fastest_kernel_ns else 1.0
    if seen.steal > MOST_STEAL:
        taken = share_apart(seen.steal, MOST_STEAL)
        return f"the hypervisor took {taken} of the CPUs' time (limit {plain_share(MOST_STEAL)})"
    if seen.foreign > MOST_FOREIGN:
        taken = share_apart(seen.foreign, MOST_FOREIGN)
        return f"other processes took {taken} of the CPUs' time (limit {plain_share(MOST_FOREIGN)})"
    if seen.restless:
        begun = plural(seen.restless, "picture")
        spinning = "threads that never rest? OMP_WAIT_POLICY, KMP_BLOCKTIME"
        return f"{begun} began while the other process still computed ({spinning})"
    if seen.major_faults > MOST_FAULTS * pictures:
        pages = apart(seen.major_faults / pictures, MOST_FAULTS, 0)
        return f"{pages} pages a picture were read from a disk (limit {MOST_FAULTS})"
    if slowed > MOST_SLOWED:
        times = apart(slowed, MOST_SLOWED, 2)
        return f"the machine computed {times}x slower than in its fastest pair (limit {MOST_SLOWED}x)"
    return ""


def judged(pair: Pair, earlier: Sequence[Pair]) -> Pair:
    """The pair, dropped where a rule says so. ``earlier`` pairs of the case count for its fastest kernel."""
    kernels_ns = [p.seen.kernel_ns for p in (*earlier, pair) if p.seen.kernel_ns]
    pictures = sum(len(timings) for run in (pair.base, pair.head) for timings in run.images.values())
    return msgspec.structs.replace(pair, dropped=reason_to_drop(pair.seen, pictures, min(kernels_ns, default=0.0)))


def disturbed(measurement: Measurement) -> list[str]:
    """Why processes that were measured alone say little of the code, one reason for each that was disturbed."""
    reasons = [
        reason_to_drop(run.seen, sum(map(len, run.images.values())), 0.0)
        for run in measurement.processes
        if run.seen is not None
    ]
    return [reason for reason in reasons if reason]


def disturbance(measurement: Measurement) -> str:
    """Why the median of its processes says little of the code, as a clause: half of them or more were disturbed."""
    reasons, processes = disturbed(measurement), len(measurement.processes)
    if not reasons or 2 * len(reasons) < processes:
        return ""
    was = "was" if len(reasons) == 1 else "were"
    of = plural(processes, "process", "es")
    return f"{len(reasons)} of {of} {was} disturbed, the last because {reasons[-1]}"


def too_many_dropped(pairs: Sequence[Pair]) -> bool:
    """More pairs dropped than kept, and as many as a first decision takes: what is left would be the quiet moments."""
    dropped = sum(bool(pair.dropped) for pair in pairs)
    return dropped > max(FEWEST_PAIRS, len(pairs) - dropped)
