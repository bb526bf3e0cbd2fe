"""Text of the finding on the claims: one sentence, and lines for the details."""

from __future__ import annotations

from pytest_sdperf.verdict.proof_finding import ProofFinding
from pytest_sdperf.wording import plural


def proof_sentence(finding: ProofFinding) -> str:
    if not finding.claims:
        return "the variant makes no claims"
    broken = [one for one in finding.claims if not one.holds]
    if broken:
        seen = "; ".join(f"{one.name}: {one.seen}" for one in broken)
        return f"broken {'claim' if len(broken) == 1 else 'claims'} {seen}"
    names = ", ".join(one.name for one in finding.claims)
    return f"{plural(len(finding.claims), 'claim')} {'holds' if len(finding.claims) == 1 else 'hold'}: {names}"


def proof_details(finding: ProofFinding) -> list[str]:
    return [f"{'holds' if one.holds else 'BROKEN'}: {one.name}: {one.seen}" for one in finding.claims]
