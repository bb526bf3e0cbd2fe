"""What a judged case hands to the reports: the measurement, the verdict, and where it came from."""

from __future__ import annotations

import msgspec

from pytest_sdperf.comparison import Comparison
from pytest_sdperf.judge.verdict import Verdict
from pytest_sdperf.measurement import Measurement
from pytest_sdperf.stored import Stored


class Outcome(msgspec.Struct, frozen=True):
    """One case of the session, told to people by `report/`."""

    nodeid: str
    "the test that asked"
    measurement: Measurement
    verdict: Verdict | None
    "None where the test only measured"
    baseline: Stored | None = None
    "the jobs stored before this run, which latency and memory were judged against; None where there were none"
    baseline_path: str = ""
    "the baseline's file, relative to the rootdir, whether it exists or not"
    recorded: bool = False
    "True where this measurement was written into the baseline"
    anew: str = ""
    "why the stored jobs were dropped when it was written, as a clause; empty where it joined them"
    comparison: Comparison | None = None
    "the case side by side with another arm; None where it was not measured so"
    control: Comparison | None = None
    "the same with itself"
    skip_reason: str = ""
    "what --sdperf-missing=skip left unjudged, as a sentence; empty where the test need not skip"
    file: str = ""
    "the test's file, relative to the rootdir; empty where it is not known"
    line: int | None = None
    "where the test begins in it, from 1; None where that is not known"


class Report(msgspec.Struct, frozen=True):
    """All of a session: the one value that every rendering starts from."""

    outcomes: list[Outcome]
    notes: list[str] = []
    "things to say loudly once: baselines recorded, foreign files, what could not be judged"
    fp32_latency_s: dict[str, float] = {}
    "workload and model -> median latency of `fp32` in this session, for the speed-up column"
