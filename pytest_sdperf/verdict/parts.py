"""The parts of a verdict, and the kinds of findings on them: the one place that knows which there are."""

from typing import NamedTuple

PARTS: dict[str, str] = {
    "latency": "a picture takes no longer than the limits allow",
    "picture": "it shows what the reference shows",
    "proof": "every claim of the variant is seen in its process",
    "memory": "the process needs no more than the limits allow",
}
"""What people name with --sdperf-gate, in the order in which they are listed -> what each promises."""

NEED_BASELINE = "latency and memory"
"""Parts that a run which records a baseline cannot judge, for sentences."""


class Kind(NamedTuple):
    """One kind of finding: where its three sides are, `module:name` in this package. They are imported when they are
    used, so that a verdict depends neither on judges nor on reports.
    """

    finding: str
    "the type, of `verdict/`"
    judge: str
    "the function, of `judge/`: (observations, options) -> the finding; None: there is nothing to judge"
    text: str
    "the `Text` of `report/finding_text.py`: its sentence, its details, and its columns of the table"


KINDS = (
    Kind("verdict.latency_findings:StoredLatencyFinding", "judge.stored_latency:judge", "report.latency_text:STORED"),
    Kind("verdict.latency_findings:PairedLatencyFinding", "judge.paired_latency:judge", "report.latency_text:PAIRED"),
    Kind("verdict.latency_findings:ControlFinding", "judge.paired_latency:judge_head", "report.latency_text:CONTROL"),
    Kind("verdict.latency_findings:SpeedupFinding", "judge.speedup:judge", "report.latency_text:SPEEDUP"),
    Kind("verdict.chain_finding:ChainFinding", "judge.chains:judge", "report.chain_text:CHAIN"),
    Kind("verdict.picture_finding:PictureFinding", "judge.picture:judge", "report.picture_text:PICTURE"),
    Kind("verdict.proof_finding:ProofFinding", "judge.proof:judge", "report.proof_text:PROOF"),
    Kind("verdict.memory_finding:MemoryFinding", "judge.memory:judge", "report.memory_text:MEMORY"),
)
"""In the order in which people read them: a link that breaks is why a picture is another one."""
