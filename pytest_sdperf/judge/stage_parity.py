"""Judge stage parity: does a stage differ from the reference's on the very same inputs, and which is the first?"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from pytest_sdperf.measurement import StageParity
from pytest_sdperf.observations import Observations
from pytest_sdperf.options import Options
from pytest_sdperf.verdict.picture_findings import StageParityFinding, StageScore
from pytest_sdperf.verdict.status import Status


def judge(seen: Observations, options: Options) -> StageParityFinding | None:
    """Each stage on the reference's inputs; None where none was compared."""
    parity, base = seen.measurement.stage_parity, seen.base_pictures
    if parity is None:
        return None
    found = judge_stage_parity(parity, options.thresholds.min_stage_psnr)
    if base is None or base.stage_parity is None:
        return found
    own = judge_stage_parity(base.stage_parity, options.thresholds.min_stage_psnr)
    return msgspec.structs.replace(found, base_label=base.label, base=own)


def judge_stage_parity(parity: StageParity, limits_db: Mapping[str, float]) -> StageParityFinding:
    """Every stage that has a limit must reach it; the first that does not is where the fault begins.

    ``limits_db``: stage -> smallest PSNR in dB of its output to the reference's for the same inputs.
    """
    stages = [StageScore(stage, db, limits_db.get(stage)) for stage, db in parity.stage_psnr_db.items()]
    return StageParityFinding(
        status=Status.BROKEN if any(one.is_broken for one in stages) else Status.PASSED,
        reference=parity.reference,
        stages=stages,
        drift_db=parity.drift_db,
        not_compared=parity.not_compared,
    )
