"""What a verdict proved, in a few words: `bf16 97 %`, `avx512_bf16`, `static`, `jemalloc`."""

from __future__ import annotations

import re
from collections.abc import Iterable

from pytest_sdperf.claims import CLAIM_KINDS
from pytest_sdperf.judge.verdict import Verdict

CLAIM_PREFIX = "claim "
"""Figures of a proof finding: `claim <claim>` -> `holds` or `broken`, and `<claim>` -> share of kernel time."""

_CLAIM = re.compile(r"(?P<kind>\w+)(?:\((?P<want>.*)\))?", re.DOTALL)


def proven(verdict: Verdict | None) -> list[str]:
    """Every claim that was checked, shortly: broken ones first, as `not …`, then the most telling.

    Of the settings only the number is told: they are many and alike.
    """
    finding = None if verdict is None else verdict.finding("proof")
    if finding is None:
        return []
    states = {
        key.removeprefix(CLAIM_PREFIX): value == "holds"
        for key, value in finding.figures.items()
        if key.startswith(CLAIM_PREFIX)
    }
    broken = [f"not {_words(claim, None)}" for claim, holds in states.items() if not holds]
    held = sorted((claim for claim, holds in states.items() if holds), key=_rank)
    words = [_words(c, finding.figures.get(c)) for c in held if not _is_setting(c)]
    return [*broken, *dict.fromkeys(words), *_settings(filter(_is_setting, held))]


def _rank(claim: str) -> int:
    kind = claim.partition("(")[0]
    return list(CLAIM_KINDS).index(kind) if kind in CLAIM_KINDS else len(CLAIM_KINDS)


def _words(claim: str, share: float | str | None) -> str:
    match = _CLAIM.fullmatch(claim)
    kind, want = (match["kind"], match["want"] or "") if match else (claim, "")
    known = CLAIM_KINDS.get(kind)
    if known is not None and known.shows_share and isinstance(share, float):
        # Rounded down: 99.96 % is not the whole time.
        return f"{want} {int(share * 100 + 1e-9)} %"
    return (known.word if known else "") or want or kind


def _is_setting(claim: str) -> bool:
    kind = CLAIM_KINDS.get(claim.partition("(")[0])
    return kind is not None and kind.is_setting


def _settings(claims: Iterable[str]) -> list[str]:
    count = len(list(claims))
    return [f"{count} setting{'s' * (count > 1)}"] if count else []
