"""Every kind of finding has a sentence and details, and what stands in it from outside stands in it whole."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args

import pytest

from pytest_sdperf.report.finding_text import details, sentence, texts
from pytest_sdperf.verdict.case_verdict import AnyFinding
from pytest_sdperf.verdict.status import Missing, Status

Make = Callable[..., Any]
PROMPT = 'a ship; at sea, but "late"; delete it'
"""Has in it what joins the clauses of our own sentences."""


def test_every_kind_of_finding_has_its_text(kinds: list[str], make_finding: Make) -> None:
    assert set(texts()) == set(get_args(AnyFinding)) == {type(make_finding(kind)) for kind in kinds}


@pytest.mark.parametrize("status", Status)
def test_every_finding_of_every_status_reads_as_a_sentence(
    kinds: list[str], make_finding: Make, status: Status
) -> None:
    for kind in kinds:
        finding = make_finding(kind, status)
        told = sentence(finding)
        assert told
        assert "None" not in told
        assert not any(line.startswith(" ") or "\n" in line for line in (told, *details(finding)))


@pytest.mark.parametrize("then", ["fail", "record", "skip"])
def test_a_prompt_is_quoted_whole_in_every_message(make_finding: Make, make_score: Make, then: str) -> None:
    def told(*pictures: Any, status: Status = Status.BROKEN, **fields: Any) -> str:
        finding: Any = make_finding("picture", status, pictures=list(pictures), **fields)
        return "\n".join([sentence(finding), *details(finding)])

    prompt, other = {"prompt": PROMPT}, make_score(0.9, 30.0, 1, prompt="b")
    known = make_score(1.0, 50.0)
    new = make_score(None, None, 1, prompt=PROMPT, is_unstored=True)
    waiting = Status.NO_BASELINE if then == "fail" else Status.NOT_JUDGED
    for text in (
        told(make_score(None, None, fault="is missing", **prompt)),
        told(make_score(None, None, reference_fault="is missing", **prompt)),
        told(make_score(0.9, 30.0, **prompt)),
        told(make_score(0.8, 40.0, **prompt), other),
        told(make_score(0.95, 20.0, **prompt), other),
        told(known, new, status=waiting, missing=Missing("no picture is stored", then)),
    ):
        assert f'prompt "{PROMPT}"' in text
