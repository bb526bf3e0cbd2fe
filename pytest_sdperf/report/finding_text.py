"""Any finding in words: the one place that knows which kind is rendered by which function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from pytest_sdperf.report.latency_text import (
    control_details,
    control_sentence,
    paired_details,
    paired_sentence,
    speedup_details,
    speedup_sentence,
    stored_details,
    stored_sentence,
)
from pytest_sdperf.report.memory_text import memory_details, memory_sentence
from pytest_sdperf.report.picture_text import (
    picture_details,
    picture_sentence,
    stage_parity_details,
    stage_parity_sentence,
)
from pytest_sdperf.report.proof_text import proof_details, proof_sentence
from pytest_sdperf.verdict.case_verdict import AnyFinding
from pytest_sdperf.verdict.latency_findings import (
    ControlFinding,
    PairedLatencyFinding,
    SpeedupFinding,
    StoredLatencyFinding,
)
from pytest_sdperf.verdict.memory_finding import MemoryFinding
from pytest_sdperf.verdict.picture_findings import PictureFinding, StageParityFinding
from pytest_sdperf.verdict.proof_finding import ProofFinding


class Text(NamedTuple):
    """How one kind of finding is rendered."""

    sentence: Callable[[Any], str]
    "one sentence with measured value, limit and unit; no full stop"
    details: Callable[[Any], list[str]]
    "lines for the detail section"


TEXTS: dict[type, Text] = {
    StoredLatencyFinding: Text(stored_sentence, stored_details),
    PairedLatencyFinding: Text(paired_sentence, paired_details),
    ControlFinding: Text(control_sentence, control_details),
    SpeedupFinding: Text(speedup_sentence, speedup_details),
    PictureFinding: Text(picture_sentence, picture_details),
    StageParityFinding: Text(stage_parity_sentence, stage_parity_details),
    ProofFinding: Text(proof_sentence, proof_details),
    MemoryFinding: Text(memory_sentence, memory_details),
}


def sentence(finding: AnyFinding) -> str:
    """The finding in one sentence, unescaped: texts from outside stand in it as they are."""
    return TEXTS[type(finding)].sentence(finding)


def details(finding: AnyFinding) -> list[str]:
    """The details behind the sentence, line by line, unescaped."""
    return TEXTS[type(finding)].details(finding)
