"""Rules that find measurements disturbed by something else; none looks at the difference. Such pairs do not count."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from pytest_sdperf.comparison import Pair
from pytest_sdperf.measurement import Disturbance, Measurement, ProcessRun
from pytest_sdperf.stats.boundary import FEWEST_PAIRS
from pytest_sdperf.wording import apart, listed, plain_share, plural, share_apart

MOST_STEAL = 0.05
"""Share of the CPUs' time. A hypervisor that takes more than a twentieth takes it from base or head."""

MOST_FOREIGN = 0.10
"""Share of the CPUs' time. A quiet machine's own services take 0.2 to 1 %; one busy thread on 16 CPUs takes 6 %."""

MOST_THROTTLED = 0.10
"""Of the CPU time that a quota allows. One thread under a quota of one CPU is withheld next to nothing; two threads
under it are withheld as much again as it allows."""

MOST_FAULTS = 10
"""Major page faults a timed picture: one that waits for a disk says nothing about the code."""

MOST_EXPLAINED = 10.0
"""Slowdown, as a factor, that a disturbance explains at most. A test suite on the same two cores made `fp32` ten times
slower (2-core Zen 5, torch 2.8). Beyond it the code, too, is slower, or the pipeline disturbs itself."""

LONGEST_READ_S = 0.01
"""Of a page, from a disk that turns: half a turn at 5400 a minute, and a seek. Solid-state disks take a hundredth."""

UNCOUNTED = 2.0
"""Slowdown, as a factor, by what no counter shows as waiting: shared caches, the other thread of a core, the clock.
For minutes the shared machine ran 20 % to 100 % slower with neither steal nor load (`benchmarks/noise_profiles.py`)."""

MOST_SLOWED = 1.25
"""Calibration kernel against the fastest pair of the case: the clock is clamped, or a neighbour shares the core."""


def reason_to_drop(seen: Disturbance, pictures: int, fastest_kernel_ns: float) -> str:
    """Why a pair, or a process alone, does not count; empty where it does.

    ``pictures`` were timed in it, in base and head together; ``fastest_kernel_ns`` is the shortest median of the
    calibration kernel so far, 0 where there is none.
    """
    return next(_reasons(seen, pictures, fastest_kernel_ns), "")


def _reasons(seen: Disturbance, pictures: int, fastest_kernel_ns: float) -> Iterator[str]:
    """Each rule that is broken, those before that may be the cause of later ones."""
    slowed = seen.kernel_ns / fastest_kernel_ns if fastest_kernel_ns else 1.0
    if seen.steal > MOST_STEAL:
        taken = share_apart(seen.steal, MOST_STEAL)
        yield f"the hypervisor took {taken} of the CPUs' time (limit {plain_share(MOST_STEAL)})"
    if seen.throttled > MOST_THROTTLED:
        withheld = share_apart(seen.throttled, MOST_THROTTLED)
        yield (
            f"a CPU quota stopped its threads for {withheld} of the time that it allows (limit "
            f"{plain_share(MOST_THROTTLED)}; compute with fewer threads, OMP_NUM_THREADS, or raise the quota)"
        )
    if seen.foreign > MOST_FOREIGN:
        taken = share_apart(seen.foreign, MOST_FOREIGN)
        yield f"other processes took {taken} of the CPUs' time (limit {plain_share(MOST_FOREIGN)})"
    if seen.switched_cpus:
        yield f"CPU {listed(seen.switched_cpus)} was switched on or off meanwhile"
    if seen.restless:
        begun = plural(seen.restless, "picture")
        spinning = "threads that never rest? OMP_WAIT_POLICY, KMP_BLOCKTIME"
        yield f"{begun} began while the other process still computed ({spinning})"
    if seen.major_faults > MOST_FAULTS * pictures:
        pages = apart(seen.major_faults / pictures, MOST_FAULTS, 0)
        yield f"{pages} pages a picture were read from a disk (limit {MOST_FAULTS})"
    if slowed > MOST_SLOWED:
        times = apart(slowed, MOST_SLOWED, 2)
        yield f"the machine computed {times}x slower than in its fastest pair (limit {MOST_SLOWED}x)"


def explained(seen: Disturbance) -> float:
    """The largest slowdown, as a factor, that a disturbance explains.

    A picture lasts longer by no more than its threads waited for a CPU, the hypervisor took or a quota withheld,
    added up as if it had stood still each time (a barrier waits for its slowest thread), by `LONGEST_READ_S` for each
    page that came from a disk, and by `UNCOUNTED` for the rest. Never more than `MOST_EXPLAINED`, which stands alone
    where the waiting is not known.
    """
    if seen.lost_s is None:
        return MOST_EXPLAINED
    left_s = seen.window_s - seen.lost_s - LONGEST_READ_S * seen.major_faults
    return min(UNCOUNTED * seen.window_s / left_s, MOST_EXPLAINED) if left_s > 0 else MOST_EXPLAINED


def explained_slowdown(measurement: Measurement) -> float:
    """The same of a measurement: of the process that explains most; 1 where none was disturbed."""
    return max((explained(run.seen) for run in measurement.processes if run.seen and _reason_alone(run)), default=1.0)


def judged(pair: Pair, earlier: Sequence[Pair]) -> Pair:
    """The pair, dropped where a rule says so. ``earlier`` pairs of the case count for its fastest kernel."""
    kernels_ns = [p.seen.kernel_ns for p in (*earlier, pair) if p.seen.kernel_ns]
    pictures = sum(len(timings) for run in (pair.base, pair.head) for timings in run.images.values())
    return msgspec.structs.replace(pair, dropped=reason_to_drop(pair.seen, pictures, min(kernels_ns, default=0.0)))


def disturbed(measurement: Measurement) -> list[str]:
    """Why processes that were measured alone say little of the code, one reason for each that was disturbed."""
    return [reason for run in measurement.processes if (reason := _reason_alone(run))]


def _reason_alone(run: ProcessRun) -> str:
    return "" if run.seen is None else reason_to_drop(run.seen, sum(map(len, run.images.values())), 0.0)


def disturbance(measurement: Measurement) -> str:
    """Why the median of its processes says little of the code, as a clause: half of them or more were disturbed."""
    reasons, processes = disturbed(measurement), len(measurement.processes)
    if not reasons or 2 * len(reasons) < processes:
        return ""
    was = "was" if len(reasons) == 1 else "were"
    of = plural(processes, "process", "es")
    return f"{len(reasons)} of {of} {was} disturbed, the last because {reasons[-1]}"


def dropped_clause(pairs: Sequence[Pair]) -> str:
    """How many pairs were dropped, and why the last was, as a clause."""
    reasons = [pair.dropped for pair in pairs if pair.dropped]
    return f"{len(reasons)} of {plural(len(pairs), 'pair')} were disturbed, the last because {reasons[-1]}"


def too_many_dropped(pairs: Sequence[Pair]) -> bool:
    """More pairs dropped than kept, and as many as a first decision takes: what is left would be the quiet moments."""
    dropped = sum(bool(pair.dropped) for pair in pairs)
    return dropped > max(FEWEST_PAIRS, len(pairs) - dropped)
