import pytest

from pytest_sdperf.claims import Claim
from pytest_sdperf.judge.proof import judge_proof
from pytest_sdperf.measurement import Evidence
from pytest_sdperf.verdict.status import Status
from pytest_sdperf.workload import Workload

WORKLOAD = Workload(num_inference_steps=20)
SEEN = Evidence(threads=1, threads_asked=2, cpus_seen=[0], cpus_asked=[0])


@pytest.mark.parametrize(
    ("claims", "status"),
    [
        ([Claim("affinity")], Status.PASSED),
        ([Claim("affinity"), Claim("threads")], Status.BROKEN),
        ([], Status.NOT_JUDGED),
    ],
)
def test_every_claim_must_hold(claims, status):
    finding = judge_proof(claims, SEEN, WORKLOAD)
    assert (finding.part, finding.status) == ("proof", status)
    assert [(one.kind, one.holds) for one in finding.claims] == [(c.kind, c.kind == "affinity") for c in claims]


def test_two_claims_that_differ_only_in_their_share_are_judged_each_for_itself(kernel):
    evidence = Evidence(
        kernels=[kernel("brg_conv_fwd:avx512_core_bf16", time_ms=93), kernel("jit:avx512_core", "f32", time_ms=7)]
    )
    claims = [Claim("kernel_precision", "bf16", at_least=share) for share in (0.9, 0.99)]
    finding = judge_proof(claims, evidence, WORKLOAD)
    assert finding.status is Status.BROKEN
    assert [(one.at_least, one.holds, one.share) for one in finding.claims] == [
        (0.9, True, pytest.approx(0.93)),
        (0.99, False, pytest.approx(0.93)),
    ]
