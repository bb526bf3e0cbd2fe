"""Two reports side by side: the cases that both have, and what else changed in each."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from pytest_sdperf.diff.measurements import Changes, changes
from pytest_sdperf.report.outcome import Outcome, Report
from pytest_sdperf.report.plain import SEPARATOR
from pytest_sdperf.report.rows import Row, rows


@dataclass(frozen=True)
class CaseInBoth:
    """One case that both reports have."""

    changes: Changes
    more: list[tuple[str, str]]
    "verdict and picture, name and text, where they differ"


@dataclass(frozen=True)
class TwoReports:
    """The cases that two reports have in common, and those of only one of them."""

    cases: list[CaseInBoth]
    only_before: list[str]
    only_after: list[str]


def two_reports(before: Report, after: Report) -> TwoReports:
    """Compare by case id (variant, model and workload); of a case that several tests measured, the first counts."""
    old, new = _by_case(before), _by_case(after)
    return TwoReports(
        cases=[
            CaseInBoth(
                changes(old[case].measurement, new[case].measurement),
                list(_more(_row(before, old[case]), _row(after, new[case]))),
            )
            for case in old
            if case in new
        ],
        only_before=[case for case in old if case not in new],
        only_after=[case for case in new if case not in old],
    )


def _by_case(report: Report) -> dict[str, Outcome]:
    found: dict[str, Outcome] = {}
    for outcome in report.outcomes:
        found.setdefault(outcome.measurement.case_id, outcome)
    return found


def _row(report: Report, outcome: Outcome) -> Row:
    return rows(msgspec.structs.replace(report, outcomes=[outcome]))[0]


def _more(old: Row, new: Row) -> Iterator[tuple[str, str]]:
    for name, before, after in (
        ("verdict", old.verdict, new.verdict),
        ("picture", _picture(old), _picture(new)),
        ("proven", SEPARATOR.join(old.figures["proven"]), SEPARATOR.join(new.figures["proven"])),
    ):
        if before != after:
            yield name, f"{before or 'none'} -> {after or 'none'}"


def _picture(row: Row) -> str:
    ssim, psnr_db = row.figures["ssim"], row.figures["psnr"]
    if ssim is None or psnr_db is None:
        return "not compared"
    return f"SSIM {ssim:.4f}, PSNR {'exact' if psnr_db == math.inf else f'{psnr_db:.1f} dB'}"
