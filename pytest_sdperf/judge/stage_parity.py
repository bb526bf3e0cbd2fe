"""Judge stage parity: does a stage differ from the reference's on the very same inputs, and which is the first?"""

from __future__ import annotations

from collections.abc import Mapping

from pytest_sdperf.judge.verdict import Finding, Status
from pytest_sdperf.measurement import StageParity
from pytest_sdperf.wording import apart

FIRST_CALL = {"text_encoder": "the text embeddings", "unet": "UNet call 1", "vae_decode": "the VAE's decoding"}
"""What people call the first call of a stage."""


def judge_stage_parity(parity: StageParity, limits_db: Mapping[str, float]) -> Finding:
    """Every stage that has a limit must reach it; the first that does not is where the fault begins.

    ``limits_db``: stage -> smallest PSNR in dB of its output to the reference's for the same inputs.
    """
    below = [s for s, db in parity.stage_psnr_db.items() if s in limits_db and db is not None and db < limits_db[s]]
    details = [
        f"{_name(s)} on {parity.reference}'s inputs: {_told(s, db, limits_db)}"
        for s, db in parity.stage_psnr_db.items()
    ]
    details += [
        f"{_name(stage)}: not compared, it has no such stage with these shapes" for stage in parity.not_compared
    ]
    if parity.drift_db:
        drift = ", ".join("identical" if db is None else f"{db:.1f}" for db in parity.drift_db)
        details.append(f"latents before each UNet call and before the decoding, dB: {drift}")
    if below:
        stage = below[0]
        sentence = f"{_name(stage)} already differs from {parity.reference}'s on the same inputs: " + _told(
            stage, parity.stage_psnr_db[stage], limits_db
        )
        sound = [_name(s) for s in list(parity.stage_psnr_db)[: list(parity.stage_psnr_db).index(stage)]]
        if sound:
            sentence += f"; fine before it: {', '.join(sound)}"
    else:
        told = ", ".join(
            f"{_name(s)} {'identical' if db is None else f'{db:.1f} dB'}" for s, db in parity.stage_psnr_db.items()
        )
        sentence = f"stage by stage on {parity.reference}'s inputs: {told or 'no stage to compare'}"
    return Finding(
        part="picture",
        status=Status.BROKEN if below else Status.PASSED,
        sentence=sentence,
        details=details,
        figures={
            **{f"{stage}_psnr_db": db for stage, db in parity.stage_psnr_db.items()},
            **{f"{stage}_limit_db": limits_db[stage] for stage in parity.stage_psnr_db if stage in limits_db},
        },
    )


def _name(stage: str) -> str:
    return FIRST_CALL.get(stage, f"the first call of {stage}")


def _told(stage: str, decibel: float | None, limits_db: Mapping[str, float]) -> str:
    if decibel is None:
        return "identical"
    limit = limits_db.get(stage)
    if limit is None:
        return f"{decibel:.1f} dB (no limit)"
    return f"{apart(decibel, limit, 1)} dB (limit {limit:g} dB)"
