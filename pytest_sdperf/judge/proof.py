"""Judge the claims: each is compared with what was seen to run; nothing seen proves nothing."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_sdperf.claims import DRAWN_ANEW, Claim, check_claim
from pytest_sdperf.measurement import Evidence
from pytest_sdperf.observations import Observations
from pytest_sdperf.options import Options
from pytest_sdperf.verdict.proof_finding import ProofFinding
from pytest_sdperf.verdict.status import Status
from pytest_sdperf.workload import Workload


def judge(seen: Observations, _: Options) -> ProofFinding:
    """The claims of one case's variant."""
    return judge_proof(seen.case.variant.claims, seen.measurement.evidence, seen.case.workload)


def judge_proof(claims: Sequence[Claim], evidence: Evidence, workload: Workload) -> ProofFinding:
    """Check every claim; BROKEN where one does not hold, NOT JUDGED where the variant makes no claims.

    Every variant claims that what it is timed at is drawing, not reading from a cache; it is listed where it is broken.
    """
    checked = [check_claim(claim, evidence, workload) for claim in claims]
    if evidence.new_latents is not None and all(one.kind != DRAWN_ANEW for one in checked):
        drawn_anew = check_claim(Claim(DRAWN_ANEW), evidence, workload)
        checked += [] if drawn_anew.holds else [drawn_anew]
    if not checked:
        return ProofFinding(status=Status.NOT_JUDGED, claims=[])
    status = Status.PASSED if all(one.holds for one in checked) else Status.BROKEN
    return ProofFinding(status=status, claims=checked)
