"""Whether a run is recorded, and whether it joins the runs recorded before or begins a baseline anew."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from pytest_sdperf.baseline import Baseline, other_work
from pytest_sdperf.baselines.store import BaselineStore
from pytest_sdperf.measurement import Measurement
from pytest_sdperf.options import Options
from pytest_sdperf.stats.run_spread import RunSpread, difference
from pytest_sdperf.wording import plural


def is_to_be_recorded(options: Options, baseline: Baseline | None) -> bool:
    """Whether a sound result goes into the baseline: only on explicit demand."""
    if options.update == "all":
        return True
    return baseline is None and options.update == "new"


def check_recording(case_id: str, options: Options, store: BaselineStore, *, recorded: Collection[str]) -> None:
    """Before minutes of measuring: raises BaselineError where the case is to be recorded and nothing can be written.

    ``recorded`` are the cases that this run has recorded already.
    """
    is_kept = case_id in recorded or (options.update != "all" and store.path(case_id).exists())
    if options.update and not is_kept:
        store.check_writable(case_id)


def begins_anew(measurement: Measurement, runs: Sequence[Measurement], spread: RunSpread) -> str:
    """Why ``measurement`` makes the recorded runs (at least one) obsolete, as a clause; empty where it joins them.

    Runs of other work, and those of another speed, would drag every later comparison back. Another speed is
    one that is significantly different: the limit that a test allows plays no part, for what is accepted within
    it shall be the new level too. The more runs would be lost, the more certain it must be (1 % of false calls
    either way for one run, 0.1 % for ten): at a constant 1 % an outlier that begins anew now and then makes
    the run after it look like a change, and false alarms rose from 1.0 % to 1.8 % (simulated: nine variants,
    forty updates, runs spread by 8 %).
    """
    difference_of_work = other_work(runs[-1], measurement)
    if difference_of_work:
        return f"the recorded runs were measured with {difference_of_work}"
    sizes = [size for size in measurement.sizes if all(size in run.sizes for run in runs)]
    apart = {size: difference(measurement, runs, size, spread) for size in sizes}
    for size, diff in apart.items():
        for sure, word in ((diff.significantly_above, "slower"), (diff.significantly_below, "faster")):
            if sure(0.0, len(sizes) * len(runs)):
                where = f" at {size}" if len(sizes) > 1 else ""
                return f"significantly {word}{where} than the {plural(len(runs), 'recorded run')}"
    return ""
