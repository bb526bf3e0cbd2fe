"""What the finding of the claims says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pytest_sdperf.report.proof_text import proof_details, proof_sentence
from pytest_sdperf.verdict.status import Status

Make = Callable[..., Any]
GIB = 2**30


def test_claims_that_hold(make_proof: Make) -> None:
    assert proof_sentence(make_proof("threads")) == "1 claim holds: threads"
    finding = make_proof("threads", "allocator(jemalloc)")
    assert proof_sentence(finding) == "2 claims hold: threads, allocator(jemalloc)"
    assert proof_details(finding) == ["holds: threads: as claimed", "holds: allocator(jemalloc): as claimed"]


def test_every_claim_is_listed_and_every_broken_one_named(make_finding: Make, make_claim: Make) -> None:
    claims = [
        make_claim("threads", holds=False, seen="the library computes with 1 thread (asked: 2)"),
        make_claim("affinity", seen="threads may run on CPUs 0 (asked: 0)"),
        make_claim("allocator(jemalloc)", holds=False, seen="no allocator was seen"),
    ]
    finding = make_finding("proof", Status.BROKEN, claims=claims)
    assert proof_sentence(finding) == (
        "broken claims threads: the library computes with 1 thread (asked: 2); "
        "allocator(jemalloc): no allocator was seen"
    )
    assert proof_details(finding) == [
        "BROKEN: threads: the library computes with 1 thread (asked: 2)",
        "holds: affinity: threads may run on CPUs 0 (asked: 0)",
        "BROKEN: allocator(jemalloc): no allocator was seen",
    ]


def test_one_broken_claim_names_its_share_and_what_ran_instead(make_finding: Make, make_claim: Make) -> None:
    seen = "3 % of kernel time (limit 90 %), the rest ran jit_bf16:avx512_core"
    lost = make_claim("kernel_isa(avx512_bf16)", at_least=0.9, holds=False, seen=seen)
    assert proof_sentence(make_finding("proof", Status.BROKEN, claims=[lost])) == (
        f"broken claim kernel_isa(avx512_bf16, at least 90 %): {seen}"
    )


def test_claims_that_differ_only_in_at_least_read_differently(make_finding: Make, make_claim: Make) -> None:
    claims = [make_claim("kernel_precision(bf16)", at_least=share) for share in (0.9, 0.95, 1.0)]
    finding = make_finding("proof", claims=claims)
    names = ["kernel_precision(bf16, at least 90 %)", "kernel_precision(bf16, at least 95 %)", "kernel_precision(bf16)"]
    assert proof_sentence(finding) == f"3 claims hold: {', '.join(names)}"
    assert proof_details(finding) == [f"holds: {name}: as claimed" for name in names]


def test_a_variant_without_claims(make_finding: Make) -> None:
    finding = make_finding("proof", Status.NOT_JUDGED)
    assert proof_sentence(finding) == "the variant makes no claims"
    assert proof_details(finding) == []
