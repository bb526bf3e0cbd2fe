import dataclasses

import msgspec
import pytest

from pytest_sdperf.claims import Claim
from pytest_sdperf.judge.proof import judge_proof
from pytest_sdperf.judge.verdict import Status
from pytest_sdperf.measurement import Evidence
from pytest_sdperf.workload import Workload

WORKLOAD = Workload(num_inference_steps=20)
EMPTY = Evidence()


def test_lost_isa_names_what_ran_instead(kernel):
    evidence = Evidence(
        kernels=[kernel("brg_conv_fwd:avx512_core_bf16", time_ms=3), kernel("jit_bf16:avx512_core", time_ms=97)]
    )
    finding = judge_proof([Claim("kernel_isa", "avx512_bf16", at_least=0.9)], evidence, WORKLOAD)
    assert finding.status is Status.BROKEN
    assert finding.sentence == (
        "broken claim kernel_isa(avx512_bf16): 3 % of kernel time (limit 90 %), the rest ran jit_bf16:avx512_core"
    )
    assert finding.figures["kernel_isa(avx512_bf16)"] == pytest.approx(0.03)


def test_every_claim_is_listed_and_every_broken_one_named():
    evidence = Evidence(threads=1, threads_asked=2, cpus_seen=[0], cpus_asked=[0])
    finding = judge_proof([Claim("threads"), Claim("affinity"), Claim("allocator", "jemalloc")], evidence, WORKLOAD)
    assert finding.part == "proof"
    assert finding.status is Status.BROKEN
    assert finding.sentence == (
        "broken claims threads: the library computes with 1 thread (asked: 2); "
        "allocator(jemalloc): no allocator was seen"
    )
    assert finding.details == [
        "BROKEN: threads: the library computes with 1 thread (asked: 2)",
        "holds: affinity: threads may run on CPUs 0 (asked: 0)",
        "BROKEN: allocator(jemalloc): no allocator was seen",
    ]
    assert finding.figures == {
        "claims": 3.0,
        "broken": 2.0,
        "claim threads": "broken",
        "claim affinity": "holds",
        "claim allocator(jemalloc)": "broken",
    }


def test_all_claims_hold():
    evidence = Evidence(threads=2, threads_asked=2, cpus_seen=[0], cpus_asked=[0])
    finding = judge_proof([Claim("threads"), Claim("affinity")], evidence, WORKLOAD)
    assert finding.status is Status.PASSED
    assert finding.sentence == "2 claims hold: threads, affinity"
    assert judge_proof([Claim("threads")], evidence, WORKLOAD).sentence == "1 claim holds: threads"


def test_a_variant_without_claims_is_not_judged():
    assert judge_proof([], EMPTY, WORKLOAD).status is Status.NOT_JUDGED
    assert judge_proof([], EMPTY, WORKLOAD).sentence == "the variant claims nothing"


def test_findings_are_json():
    finding = judge_proof([Claim("threads")], EMPTY, dataclasses.replace(WORKLOAD, num_inference_steps=1))
    assert msgspec.json.decode(msgspec.json.encode(finding))["status"] == "BROKEN"
