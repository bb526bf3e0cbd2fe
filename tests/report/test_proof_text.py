"""What the finding of the claims says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pytest_sdperf.claims import CLAIM_KINDS, Claim
from pytest_sdperf.judge.proof import judge_proof
from pytest_sdperf.measurement import Evidence, KernelTime
from pytest_sdperf.report.proof_text import proof_details, proof_sentence, proven
from pytest_sdperf.verdict.status import Status
from pytest_sdperf.workload import Workload

Make = Callable[..., Any]


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


def test_the_blog_posts_short_form(make_proof: Make) -> None:
    finding = make_proof("allocator(jemalloc)", "static_shapes", "kernel_isa(avx512_bf16)", bf16=0.97)
    assert proven(finding) == ["bf16 97 %", "avx512_bf16", "static", "jemalloc"]


def test_broken_claims_come_first_and_say_not(make_proof: Make) -> None:
    finding = make_proof("dynamic_shapes", broken=("allocator(jemalloc)", "kernel_precision(bf16)"))
    assert proven(finding) == ["not jemalloc", "not bf16", "dynamic"]


@pytest.mark.parametrize(
    ("share", "told"), [(0.9996, "bf16 99 %"), (1.0, "bf16 100 %"), (0.97, "bf16 97 %"), (0.29, "bf16 29 %")]
)
def test_a_share_is_rounded_down(make_proof: Make, share: float, told: str) -> None:
    assert proven(make_proof(bf16=share)) == [told]


@pytest.mark.parametrize(
    ("claim", "told"),
    [
        ("no_reference_kernels", "no ref kernels"),
        ("openmp_runtime(libiomp5)", "libiomp5"),
        ("affinity", "pinned"),
        ("threads", "threads"),
        ("unet_calls(num_inference_steps)", "UNet calls"),
        ("fact(server=v2 (beta))", "server=v2 (beta)"),
        ("openmp_setting(KMP_BLOCKTIME=1)", "1 setting"),
        ("a new kind", "a new kind"),
    ],
)
def test_words_of_each_kind(make_proof: Make, claim: str, told: str) -> None:
    assert proven(make_proof(claim)) == [told]


def test_settings_are_counted(make_proof: Make) -> None:
    finding = make_proof("allocator_setting(a=1)", "threads", "openmp_setting(b=2)", "allocator_setting(c=3)")
    assert proven(finding) == ["threads", "3 settings"]


def test_a_claim_that_is_made_twice_counts_once(make_proof: Make) -> None:
    assert proven(make_proof("allocator_setting(a=1)", "allocator_setting(a=1)", "static_shapes")) == [
        "static",
        "1 setting",
    ]
    assert proven(make_proof(broken=("threads", "threads"))) == ["not threads"]


def test_nothing_judged_proves_nothing() -> None:
    assert proven(None) == []


def test_the_judges_own_finding_is_read() -> None:
    evidence = Evidence(
        kernels=[
            KernelTime("convolution", "brg_conv_fwd:avx512_core_bf16", "bf16", 10, 97.0),
            KernelTime("convolution", "brg_conv_fwd:avx512_core", "f32", 10, 3.0),
        ],
        input_shapes={"unet.sample": "[2,4,?,?]"},
    )
    claims = [Claim("static_shapes"), Claim("kernel_precision", "bf16", 0.9)]
    assert proven(judge_proof(claims, evidence, Workload())) == ["not static", "bf16 97 %"]


@pytest.mark.parametrize("kind", CLAIM_KINDS)
def test_every_kind_of_claim_has_proven(make_proof: Make, kind: str) -> None:
    assert proven(make_proof(f"{kind}(want)")) != [f"{kind}(want)"]


def test_claims_that_differ_only_in_at_least_stand_apart(make_finding: Make, make_claim: Make) -> None:
    claims = [
        make_claim("kernel_precision(bf16)", at_least=at_least, holds=holds, share=0.93)
        for at_least, holds in ((0.95, False), (0.9, True))
    ]
    assert proven(make_finding("proof", Status.BROKEN, claims=claims)) == ["not bf16", "bf16 93 %"]
