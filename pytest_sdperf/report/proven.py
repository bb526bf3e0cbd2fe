"""What a verdict proved, in a few words: `bf16 97 %`, `avx512_bf16`, `static`, `jemalloc`."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_sdperf.claims import CLAIM_KINDS, CheckedClaim
from pytest_sdperf.verdict.case_verdict import Verdict
from pytest_sdperf.wording import plural


def proven(verdict: Verdict | None) -> list[str]:
    """Every claim that was checked, shortly: broken ones first, as `not …`, then the most telling.

    Of the settings only the number is given: they are many and alike.
    """
    proof = verdict.proof if verdict else None
    claims = proof.claims if proof else []
    broken = [f"not {_words(one, with_share=False)}" for one in claims if not one.holds]
    held = sorted((one for one in claims if one.holds), key=_rank)
    words = [_words(one, with_share=True) for one in held if not _is_setting(one)]
    return [*broken, *dict.fromkeys(words), *_settings([one for one in held if _is_setting(one)])]


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
