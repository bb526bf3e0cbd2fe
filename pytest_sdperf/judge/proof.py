"""Judge the claims: each is compared with what was seen to run; nothing seen proves nothing."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_sdperf.claims import Claim, check_claim
from pytest_sdperf.judge.verdict import Finding, Status
from pytest_sdperf.measurement import Evidence
from pytest_sdperf.wording import plural
from pytest_sdperf.workload import Workload


def judge_proof(claims: Sequence[Claim], evidence: Evidence, workload: Workload) -> Finding:
    """Hold every claim against ``evidence``; the finding is BROKEN where one does not hold, and names it."""
    if not claims:
        return Finding(part="proof", status=Status.NOT_JUDGED, sentence="the variant claims nothing")
    checked = [check_claim(claim, evidence, workload) for claim in claims]
    broken = [c for c in checked if not c.holds]
    details = [f"{'holds' if c.holds else 'BROKEN'}: {c.claim}: {c.seen}" for c in checked]
    figures: dict[str, float | str | None] = {"claims": float(len(checked)), "broken": float(len(broken))}
    figures.update({str(c.claim): c.share for c in checked if c.share is not None})
    figures.update({f"claim {c.claim}": "holds" if c.holds else "broken" for c in checked})
    if broken:
        told = "; ".join(f"{c.claim}: {c.seen}" for c in broken)
        sentence = f"broken {'claim' if len(broken) == 1 else 'claims'} {told}"
        return Finding(part="proof", status=Status.BROKEN, sentence=sentence, details=details, figures=figures)
    names = ", ".join(str(c.claim) for c in checked)
    sentence = f"{plural(len(checked), 'claim')} {'holds' if len(checked) == 1 else 'hold'}: {names}"
    return Finding(part="proof", status=Status.PASSED, sentence=sentence, details=details, figures=figures)
