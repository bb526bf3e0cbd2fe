"""What was proven, in words: broken first, then the most telling, shares never rounded up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pytest_sdperf.claims import CLAIM_KINDS, Claim
from pytest_sdperf.judge.proof import judge_proof
from pytest_sdperf.measurement import Evidence, KernelTime
from pytest_sdperf.report.proven import proven
from pytest_sdperf.verdict.case_verdict import Verdict
from pytest_sdperf.verdict.proof_finding import ProofFinding
from pytest_sdperf.verdict.status import Status
from pytest_sdperf.workload import Workload

Make = Callable[..., Any]


def words(finding: ProofFinding) -> list[str]:
    return proven(Verdict([finding], ["proof"]))


def test_the_blog_posts_short_form(make_proof: Make) -> None:
    finding = make_proof("allocator(jemalloc)", "static_shapes", "kernel_isa(avx512_bf16)", bf16=0.97)
    assert words(finding) == ["bf16 97 %", "avx512_bf16", "static", "jemalloc"]


def test_broken_claims_come_first_and_say_not(make_proof: Make) -> None:
    finding = make_proof("dynamic_shapes", broken=("allocator(jemalloc)", "kernel_precision(bf16)"))
    assert words(finding) == ["not jemalloc", "not bf16", "dynamic"]


@pytest.mark.parametrize(
    ("share", "told"), [(0.9996, "bf16 99 %"), (1.0, "bf16 100 %"), (0.97, "bf16 97 %"), (0.29, "bf16 29 %")]
)
def test_a_share_is_rounded_down(make_proof: Make, share: float, told: str) -> None:
    assert words(make_proof(bf16=share)) == [told]


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
    assert words(make_proof(claim)) == [told]


def test_settings_are_counted(make_proof: Make) -> None:
    finding = make_proof("allocator_setting(a=1)", "threads", "openmp_setting(b=2)", "allocator_setting(c=3)")
    assert words(finding) == ["threads", "3 settings"]


def test_nothing_judged_proves_nothing() -> None:
    assert proven(None) == []
    assert proven(Verdict([], [])) == []


def test_the_judges_own_finding_is_read() -> None:
    evidence = Evidence(
        kernels=[
            KernelTime("convolution", "brg_conv_fwd:avx512_core_bf16", "bf16", 10, 97.0),
            KernelTime("convolution", "brg_conv_fwd:avx512_core", "f32", 10, 3.0),
        ],
        input_shapes={"unet.sample": "[2,4,?,?]"},
    )
    claims = [Claim("static_shapes"), Claim("kernel_precision", "bf16", 0.9)]
    assert words(judge_proof(claims, evidence, Workload())) == ["not static", "bf16 97 %"]


@pytest.mark.parametrize("kind", CLAIM_KINDS)
def test_every_kind_of_claim_has_words(make_proof: Make, kind: str) -> None:
    assert words(make_proof(f"{kind}(want)")) != [f"{kind}(want)"]


def test_claims_that_differ_only_in_at_least_stand_apart(make_finding: Make, make_claim: Make) -> None:
    claims = [
        make_claim("kernel_precision(bf16)", at_least=at_least, holds=holds, share=0.93)
        for at_least, holds in ((0.95, False), (0.9, True))
    ]
    assert words(make_finding("proof", Status.BROKEN, claims=claims)) == ["not bf16", "bf16 93 %"]
