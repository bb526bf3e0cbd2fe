import json
from itertools import pairwise
from pkgutil import resolve_name
from typing import get_args

import msgspec
import pytest

from pytest_sdperf.claims import CheckedClaim
from pytest_sdperf.options import Thresholds
from pytest_sdperf.options.limits import LIMITS
from pytest_sdperf.options.specs import SPECS
from pytest_sdperf.picture_chain import PictureChain, StageLinks
from pytest_sdperf.report.finding_text import Text
from pytest_sdperf.verdict.case_verdict import AnyFinding, Verdict
from pytest_sdperf.verdict.chain_finding import BrokenLink, ChainFinding
from pytest_sdperf.verdict.latency_findings import (
    SizeLatency,
    SizeSpeedup,
    SpeedupFinding,
    StoredLatencyFinding,
    worst_size,
)
from pytest_sdperf.verdict.memory_finding import MemoryFinding
from pytest_sdperf.verdict.parts import KINDS, PARTS
from pytest_sdperf.verdict.picture_finding import PictureFinding, PictureScore
from pytest_sdperf.verdict.proof_finding import ProofFinding
from pytest_sdperf.verdict.status import FAILING, Missing, Status

GATE = list(PARTS)
WORST_SIZE_FIRST = [Status.REGRESSED, Status.NO_BASELINE, Status.INCONCLUSIVE, Status.PASSED, Status.FASTER]


def latency(status):
    return StoredLatencyFinding(status=status, median_s=1.0, spread=0.0)


def memory(status):
    return MemoryFinding(status=status, peak_bytes=1)


def proof(status):
    return ProofFinding(status=status, claims=[])


def test_every_part_has_a_finding_and_every_finding_a_part():
    """The control judges the gate itself, and is no part of it."""
    assert {kind.part for kind in get_args(AnyFinding)} - {"control"} == {*PARTS}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.finding)
def test_the_three_sides_of_a_kind_fit(kind):
    """The names are resolved late, so that no type checker sees whether they belong together."""
    finding, judge, text = (resolve_name(f"pytest_sdperf.{name}") for name in kind)
    assert judge.__annotations__["return"].removesuffix(" | None") == finding.__name__
    assert judge.__module__ == f"pytest_sdperf.{kind.judge.partition(':')[0]}"
    assert isinstance(text, Text)
    assert text.sentence.__annotations__["finding"] == finding.__name__


def test_every_limit_is_one_of_a_part():
    assert {spec.part for spec in LIMITS} < {*PARTS}
    assert [spec.name for spec in LIMITS] == [spec.name for spec in SPECS if spec.name in Thresholds._fields]
    assert {spec.name for spec in LIMITS} == {*Thresholds._fields}


@pytest.mark.parametrize("status", list(Status))
def test_only_failing_statuses_of_gated_parts_fail(status):
    assert Verdict([latency(status)], GATE).passed is (status not in FAILING)
    assert Verdict([latency(status)], ["picture"]).passed


def test_inconclusive_fails_where_it_was_asked_for():
    unsure = [latency(Status.INCONCLUSIVE)]
    assert Verdict(unsure, GATE).passed
    assert Verdict(unsure, GATE).failing == FAILING
    strict = Verdict(unsure, GATE, inconclusive="fail")
    assert strict.failures == unsure
    assert strict.failing == {*FAILING, Status.INCONCLUSIVE}
    assert Verdict(unsure, ["picture"], inconclusive="fail").passed


def test_the_worst_status_is_that_of_the_verdict_gated_or_not():
    findings = [latency(Status.FASTER), memory(Status.BROKEN), proof(Status.PASSED)]
    assert Verdict(findings, []).status is Status.BROKEN
    assert Verdict(findings[::2], []).status is Status.FASTER
    assert Verdict([], []).status is Status.NOT_JUDGED


def test_findings_by_part_and_by_kind():
    speedup = SpeedupFinding(status=Status.REGRESSED, sibling="fp32", limit=2.0)
    verdict = Verdict([latency(Status.PASSED), speedup, proof(Status.PASSED)], GATE)
    assert verdict.worst("latency") is speedup
    assert verdict.worst("memory") is None
    assert verdict.failures == [speedup]
    assert verdict.latency is verdict.findings[0], "a sibling is no baseline"
    assert (verdict.proof, verdict.picture) == (verdict.findings[2], None)


@pytest.mark.parametrize(("worse", "better"), list(pairwise(WORST_SIZE_FIRST)))
def test_the_worst_size_decides(worse, better):
    sizes = [
        SizeLatency(size="8x8", status=better, median_s=1.0, ratio=9.0),
        SizeLatency(size="16x16", status=worse, median_s=1.0, ratio=1.0),
    ]
    assert worst_size(sizes).size == "16x16"


def test_of_two_alike_the_slower_one_is_worse():
    sizes = [SizeLatency(size=str(r), status=Status.REGRESSED, median_s=1.0, ratio=r) for r in (1.1, 1.3, 1.2)]
    assert worst_size(sizes).size == "1.3"


def picture(*scores, **fields):
    made = [
        PictureScore(key=f"8x8/{i}", prompt="a ship", seed=i, ssim=s, psnr_db=db) for i, (s, db) in enumerate(scores)
    ]
    return PictureFinding(status=Status.PASSED, pictures=made, min_ssim=0.98, min_psnr_db=35.0, **fields)


def test_the_picture_to_show_first():
    found = picture((0.99, 30.0), (0.985, 60.0), (None, None))
    assert [one.key for one in found.compared] == ["8x8/0", "8x8/1"]
    assert (found.worst_ssim.key, found.worst_psnr.key, found.decides.key) == ("8x8/1", "8x8/0", "8x8/0")
    assert picture((0.99, 30.0), (0.9, 60.0)).decides.key == "8x8/1", "an SSIM below its limit comes first"
    assert picture((None, None)).decides is None
    assert found.pictures[0].size == "8x8"


@pytest.mark.parametrize(("peak", "over"), [(8, False), (9, True)])
def test_both_sides_of_the_absolute_limit(peak, over):
    assert MemoryFinding(status=Status.PASSED, peak_bytes=peak, max_bytes=8).is_over is over
    assert not MemoryFinding(status=Status.PASSED, peak_bytes=peak).is_over


@pytest.mark.parametrize(("peak", "grown"), [(1_100_000_000, False), (1_100_000_001, True)])
def test_both_sides_of_the_growth_to_the_byte(peak, grown):
    """0.1 is a hair above one tenth in binary: a growth of exactly a tenth is allowed."""
    found = MemoryFinding(status=Status.PASSED, peak_bytes=peak, base_bytes=1_000_000_000, max_growth=0.1)
    assert found.has_grown is grown


def test_every_kind_is_read_back_as_it_was_written():
    findings = [
        latency(Status.NO_BASELINE),
        SpeedupFinding(status=Status.PASSED, sibling="fp32", limit=1.5, sizes=[SizeSpeedup("8x8", 1.0, 2.0)]),
        picture((0.99, 40.0), missing=Missing("nothing", "skip")),
        ChainFinding(
            status=Status.BROKEN,
            reference="fp32",
            broken=[BrokenLink("8x8/0", "calls", "unet", own=3, reference=4)],
            pictures=[PictureChain("8x8/0", [StageLinks("unet", 3, 4, output_db=[None, 50.0, 60.0])], picture_db=9.0)],
        ),
        ProofFinding(status=Status.BROKEN, claims=[CheckedClaim("threads", "", 1.0, False, "1 thread")]),
        memory(Status.PASSED),
    ]
    verdict = Verdict(findings, GATE)
    text = msgspec.json.encode(verdict)
    assert [f["kind"] for f in json.loads(text)["findings"]] == [
        "stored_latency", "speedup", "picture", "chain", "proof", "memory",
    ]  # fmt: skip
    assert msgspec.json.decode(text, type=Verdict) == verdict
