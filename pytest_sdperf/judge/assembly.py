"""Judge one case: the findings of every kind, assembled into a verdict; pure."""

from __future__ import annotations

from pkgutil import resolve_name

from pytest_sdperf.observations import Observations
from pytest_sdperf.options import Options
from pytest_sdperf.verdict.case_verdict import Verdict
from pytest_sdperf.verdict.parts import KINDS


def judge(seen: Observations, options: Options) -> Verdict:
    """All findings of one case, in the order of the verdict's kinds.

    Side by side, latency and memory are judged against the base; else against the recorded runs. Where the result is to
    be recorded it is compared with none of these, and a part without a baseline is NOT_JUDGED, as with
    --sdperf-missing=skip.
    """
    judges = [resolve_name(f"pytest_sdperf.{kind.judge}") for kind in KINDS]
    return Verdict(
        findings=[finding for judge_one in judges if (finding := judge_one(seen, options)) is not None],
        gate=list(options.gate),
        inconclusive=options.thresholds.inconclusive,
        diverged=options.thresholds.diverged,
    )
