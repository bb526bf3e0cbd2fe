"""The claims of a variant, checked."""

from __future__ import annotations

from pytest_sdperf.claims import CheckedClaim
from pytest_sdperf.verdict.status import Finding


class ProofFinding(Finding, frozen=True, kw_only=True, tag="proof"):
    """The variant's claims, each compared with what ran."""

    part = "proof"
    claims: list[CheckedClaim]
