"""Texts of the finding on the claims: one sentence, lines for the details, and what was proven in few words."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_sdperf.claims import CLAIM_KINDS, CheckedClaim
from pytest_sdperf.report.finding_text import Figure, Text
from pytest_sdperf.report.outcome import Outcome
from pytest_sdperf.report.plain import SEPARATOR, plain
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


def proven(finding: ProofFinding | None) -> list[str]:
    """Every claim that was checked, shortly: broken ones first, as `not …`, then the most telling.

    Of the settings only the number is given: they are many and alike.
    """
    # A claim that is made twice is one.
    claims = list({one.name: one for one in finding.claims}.values()) if finding else []
    broken = [f"not {_words(one, with_share=False)}" for one in claims if not one.holds]
    kept = sorted((one for one in claims if one.holds), key=_rank)
    words = [_words(one, with_share=True) for one in kept if not _is_setting(one)]
    return [*broken, *dict.fromkeys(words), *_settings([one for one in kept if _is_setting(one)])]


def _rank(claim: CheckedClaim) -> int:
    return list(CLAIM_KINDS).index(claim.kind) if claim.kind in CLAIM_KINDS else len(CLAIM_KINDS)


def _words(claim: CheckedClaim, *, with_share: bool) -> str:
    known = CLAIM_KINDS.get(claim.kind)
    if with_share and known is not None and known.shows_share and claim.share is not None:
        # Rounded down: 99.96 % is not the whole time.
        return f"{claim.want} {int(claim.share * 100 + 1e-9)} %"
    return (known.word if known else "") or claim.want or claim.kind


def _is_setting(claim: CheckedClaim) -> bool:
    kind = CLAIM_KINDS.get(claim.kind)
    return kind is not None and kind.is_setting


def _settings(claims: Sequence[CheckedClaim]) -> list[str]:
    return [plural(len(claims), "setting")] if claims else []


def _proven(outcome: Outcome) -> list[str]:
    return proven(outcome.verdict.proof if outcome.verdict else None)


PROOF = Text(
    proof_sentence,
    proof_details,
    (Figure("proven", "proven", _proven, lambda words: plain(SEPARATOR.join(words), 200), is_words=True),),
)
