"""What is said of latency: against recorded runs, side by side, against itself, and against another variant."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

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
from pytest_sdperf.verdict.latency_findings import DroppedPair, SameProgram, SizeSpeedup
from pytest_sdperf.verdict.status import Missing, Status

Make = Callable[..., Any]
DETECTS = "; with 2 recorded runs of 5 processes, slowdowns above 8.31 % are detected"
MACHINE = "; --sdperf-against=REV (a git revision) finds out whether it is the code or the machine"
ADVICE = (
    "; compare side by side with --sdperf-against=REV (a git revision), or record more runs with --sdperf-update=all"
)
SLOW = "12 s is 9.1 % slower than the baseline's 11 s (limit 5 %; with 95 % confidence at least 6 % slower)"


@pytest.fixture
def stored(make_finding: Make) -> Make:
    return lambda status=Status.PASSED, **fields: make_finding("latency", status, **fields)


@pytest.fixture
def paired(make_finding: Make) -> Make:
    return lambda status=Status.PASSED, **fields: make_finding("paired", status, **fields)


@pytest.mark.parametrize(
    ("status", "fields", "told"),
    [
        (Status.REGRESSED, {}, SLOW + DETECTS + MACHINE),
        (Status.REGRESSED, {"ratio": 1.05001}, SLOW.replace("9.1 %", "5.001 %").replace("11 s", "11.4 s") + DETECTS + MACHINE),
        (Status.INCONCLUSIVE, {}, "12 s is 6.0 % slower than the baseline's 11.3 s (limit 5 %), but not by more than the noise explains" + DETECTS + ADVICE),
        (Status.INCONCLUSIVE, {"ratio": 1.03, "upper": 1.0583}, "12 s is +3.0 % from the baseline's 11.7 s, but the noise hides slowdowns up to 5.83 % (limit +5 %)" + DETECTS + ADVICE),
        (Status.INCONCLUSIVE, {"ratio": 1.0, "upper": None, "detectable": None}, "12 s is +0.0 % from the baseline's 12 s, but the noise hides slowdowns up to any size (limit +5 %)" + DETECTS.replace("8.31 %", "any size") + ADVICE),
        (Status.PASSED, {}, "12 s is +1.2 % from the baseline's 11.9 s (limit +5 %; with 95 % confidence less than 3 % slower)" + DETECTS),
        (Status.FASTER, {}, "12 s is 8.0 % faster than the baseline's 13 s, with 95 % confidence at least 6 %" + DETECTS + "; accept it as the new baseline with --sdperf-update=all"),
    ],
)  # fmt: skip
def test_each_status_against_recorded_runs(stored: Make, status: Status, fields: dict[str, Any], told: str) -> None:
    assert stored_sentence(stored(status, **fields)) == told
    assert stored_details(stored(status, **fields)) == []


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"runs": 1, "processes": 5}, "with 1 recorded run of 5 processes, slowdowns above 8.31 % are detected (foreseen from how much processes differ: no second run shows yet how much runs do)"),
        ({"runs": 2, "processes": 1}, "with 2 recorded runs of 1 process, slowdowns above 8.31 % are detected"),
        ({"runs": 1, "is_watched": False}, "with 1 recorded run of 5 processes, slowdowns above 8.31 % are detected (weak: the machine's regime was not watched, or not the usual one, and another may halve the speed)"),
    ],
)  # fmt: skip
def test_from_what_a_limit_is_known(stored: Make, fields: dict[str, Any], told: str) -> None:
    assert stored_sentence(stored(**fields)).endswith(f"; {told}")


BUSY = "2 of 3 processes were disturbed, the last because other processes took 80.0 % of the CPUs' time (limit 10 %)"


def test_a_slowdown_of_disturbed_processes(stored: Make, make_size: Make) -> None:
    sizes = [msgspec.structs.replace(make_size(Status.REGRESSED), status=Status.INCONCLUSIVE, is_doubted=True)]
    disturbed = {"doubted_because": BUSY, "disturbed": ["it rained", "it snowed"]}
    finding = stored(Status.INCONCLUSIVE, sizes=sizes, **disturbed)
    assert stored_sentence(finding) == f"{SLOW}{DETECTS}{MACHINE}; but {BUSY}"
    assert stored_details(finding) == ["a process was disturbed: it rained", "a process was disturbed: it snowed"]
    undecided = stored_sentence(stored(Status.INCONCLUSIVE, **disturbed))
    assert undecided.endswith(f"{ADVICE}; {BUSY}")


def test_the_worst_size_is_the_sentence_and_the_others_are_details(stored: Make, make_size: Make) -> None:
    sizes = [
        make_size(Status.FASTER, size="64x64"), make_size(Status.REGRESSED, size="128x128"),
        make_size(Status.REGRESSED, size="32x32", ratio=1.08),
    ]  # fmt: skip
    finding = stored(Status.REGRESSED, sizes=sizes)
    assert stored_sentence(finding) == f"at 128x128: {SLOW}{DETECTS}{MACHINE}"
    faster, slower = stored_details(finding)
    assert faster.startswith("64x64: FASTER: 12 s is 8.0 % faster than the baseline's 13 s, ")
    assert slower.startswith("32x32: REGRESSED: 12 s is 8.0 % slower than")
    sizes[1:] = [msgspec.structs.replace(s, status=Status.INCONCLUSIVE, is_doubted=True) for s in sizes[1:]]
    doubted = stored(Status.INCONCLUSIVE, sizes=sizes, doubted_because=BUSY)
    assert stored_details(doubted)[1].startswith("32x32: INCONCLUSIVE: 12 s is 8.0 % slower than")
    assert stored_details(doubted)[0].startswith("64x64: FASTER: ")


@pytest.mark.parametrize(
    ("then", "told"),
    [
        ("fail", ", but no run is recorded; record it with --sdperf-update=new"),
        ("record", ", to be recorded as the baseline if no part fails"),
        ("skip", ", not judged: no run is recorded, and --sdperf-missing=skip"),
    ],
)
def test_without_a_baseline(stored: Make, then: str, told: str) -> None:
    status = Status.NO_BASELINE if then == "fail" else Status.NOT_JUDGED
    finding = stored(status, median_s=2.31, spread=0.03, missing=Missing("no run is recorded", then))
    assert stored_sentence(finding) == f"2.31 s ±3.0 %{told}"


def test_a_size_that_the_baseline_lacks(stored: Make, make_size: Make) -> None:
    sizes = [make_size(size="64x64"), make_size(Status.NO_BASELINE, size="128x128")]
    missing = Missing("the baseline has no 128x128")
    finding = stored(Status.NO_BASELINE, sizes=sizes, missing=missing, median_s=12.0)
    assert stored_sentence(finding) == (
        "12 s ±1.2 %, but the baseline has no 128x128; record it with --sdperf-update=all"
    )
    assert [line.partition(": 12 s")[0] for line in stored_details(finding)] == ["64x64: PASSED"]
    worse = stored(Status.REGRESSED, sizes=[make_size(Status.REGRESSED), sizes[1]])
    assert stored_details(worse) == [
        "128x128: NO BASELINE: the baseline has no 128x128; record it again with --sdperf-update=all"
    ]


def test_recorded_runs_of_other_work(stored: Make) -> None:
    finding = stored(Status.INVALID_ENVIRONMENT, other_work="model a, this is b")
    assert stored_sentence(finding) == (
        "the baseline was measured with model a, this is b; compare with a revision side by side by "
        "--sdperf-against=REV, or record it again with --sdperf-update=all"
    )


SLOWER = "12 s is 9.1 % slower than main (1a2b3c4d5e)'s 11 s side by side (95% bounds +6.0 % and +12.0 %, 4 pairs; up to 1 % is ignored)"
FASTER = "12 s is 8.0 % faster than main (1a2b3c4d5e)'s 13 s side by side (95% bounds -10.0 % and -6.0 %, 4 pairs)"
PASSED = "12 s is +1.2 % from main (1a2b3c4d5e)'s 11.9 s side by side (95% bounds -1.0 % and +3.0 %, 4 pairs; 5 % slower is ruled out)"
OPEN = "12 s is +6.0 % from main (1a2b3c4d5e)'s 11.3 s side by side"
ARMS = "base: main (1a2b3c4d5e); head: working tree at 5e4d3c2b1a"


@pytest.mark.parametrize(
    ("status", "fields", "told"),
    [
        (Status.REGRESSED, {}, SLOWER),
        (Status.REGRESSED, {"out_of_budget": True}, SLOWER),
        (Status.REGRESSED, {"ratio": 1.0102, "base_s": 11.0}, SLOWER.replace("9.1 %", "1.02 %")),
        (Status.FASTER, {}, FASTER),
        (Status.PASSED, {}, PASSED),
        (Status.INCONCLUSIVE, {}, f"{OPEN} (95% bounds -2.0 % and +15.0 %, 4 pairs); undecided: these pairs would have detected slowdowns above 8.31 % four times in five"),
        (Status.INCONCLUSIVE, {"out_of_budget": True}, f"{OPEN} (95% bounds -2.0 % and +15.0 %, 4 pairs); the budget ended after 4 pairs: these pairs would have detected slowdowns above 8.31 % four times in five"),
        (Status.INCONCLUSIVE, {"pairs": 1}, f"{OPEN}, but the budget ended after 1 pair, and a verdict takes 4"),
        (Status.INCONCLUSIVE, {"lower": None, "upper": None, "detectable": None}, f"{OPEN} (95% bounds unknown and unknown, 4 pairs); undecided: these pairs would have detected slowdowns above any size four times in five"),
    ],
)  # fmt: skip
def test_each_status_side_by_side(paired: Make, status: Status, fields: dict[str, Any], told: str) -> None:
    finding = paired(status, **fields)
    assert paired_sentence(finding) == told
    assert paired_details(finding) == [ARMS]


def test_what_must_not_be_compared(paired: Make) -> None:
    finding = paired(Status.INVALID_ENVIRONMENT)
    assert paired_sentence(finding) == "the base runs code of the working tree: ship (/head/ship.py)."
    assert paired_details(finding) == [ARMS]


@pytest.mark.parametrize(
    ("then", "told"),
    [
        ("fail", ", but main declares no variant 'ship'; record it with --sdperf-update=new"),
        ("record", ", to be recorded as the baseline if no part fails"),
        ("skip", ", not judged: main declares no variant 'ship', and --sdperf-missing=skip"),
    ],
)
def test_what_the_base_lacks(paired: Make, then: str, told: str) -> None:
    missing = Missing("main declares no variant 'ship'", then)
    finding = paired(Status.NO_BASELINE, missing=missing, invalid="wrong", median_s=7.0, spread=0.0)
    assert paired_sentence(finding) == f"7 s ±0.0 %{told}"


def dropped(*reasons: str) -> list[DroppedPair]:
    return [DroppedPair(number, reason) for number, reason in enumerate(reasons, 2)]


def test_a_machine_too_busy_to_compare_on(paired: Make) -> None:
    lost = dropped("it was warm", "it was busy", "it was loud", "it was late", "it was ill")
    finding = paired(Status.INVALID_ENVIRONMENT, invalid="", too_busy=True, dropped=lost)
    assert paired_sentence(finding) == (
        "5 of 9 pairs were disturbed, the last because it was ill: this machine is too busy to compare on"
    )


def test_a_budget_that_ends_before_any_pair_counts(paired: Make) -> None:
    lost = dropped("it was warm", "it was busy")
    finding = paired(Status.INVALID_ENVIRONMENT, invalid="", pairs=0, dropped=lost, out_of_budget=True)
    assert paired_sentence(finding) == "the budget ended before a pair was measured undisturbed: it was busy"


@pytest.mark.parametrize(
    ("count", "more"), [(0, []), (1, []), (3, []), (4, ["and 1 more do not count"]), (5, ["and 2 more do not count"])]
)
def test_dropped_pairs_are_listed_the_first_three_one_by_one(paired: Make, count: int, more: list[str]) -> None:
    listed = [f"pair {number} does not count: busy" for number in range(2, 2 + min(count, 3))]
    assert paired_details(paired(dropped=dropped(*["busy"] * count))) == [ARMS, *listed, *more]


def test_one_after_the_other(paired: Make) -> None:
    assert paired_details(paired(in_turn=True)) == [
        ARMS, "memory is too small for both, so one ran after the other: drift between them counts as noise",
    ]  # fmt: skip


def test_what_the_recorded_runs_show(paired: Make, stored: Make) -> None:
    recorded = stored(Status.REGRESSED)
    assert paired_details(paired(recorded=recorded)) == [
        f"recorded runs: REGRESSED: {SLOW}{DETECTS}{MACHINE}", ARMS,
    ]  # fmt: skip


def test_the_worst_size_side_by_side(paired: Make, make_size: Make) -> None:
    statuses = {"64x64": Status.PASSED, "128x128": Status.REGRESSED, "256x256": Status.FASTER}
    finding = paired(Status.REGRESSED, sizes=[make_size(status, size=size) for size, status in statuses.items()])
    assert paired_sentence(finding) == f"at 128x128: {SLOWER}"
    assert paired_details(finding) == [ARMS, f"64x64: PASSED: {PASSED}", f"256x256: FASTER: {FASTER}"]


@pytest.mark.parametrize(("status", "told"), [(Status.REGRESSED, SLOWER), (Status.FASTER, FASTER)])
def test_a_head_that_differs_from_itself(make_finding: Make, paired: Make, status: Status, told: str) -> None:
    finding = make_finding("control", Status.INVALID_ENVIRONMENT, latency=paired(status))
    assert control_sentence(finding) == (
        f"the head differs from itself: {told}; distrust differences of that size here"
    )
    assert control_details(finding) == [ARMS]


@pytest.mark.parametrize("status", [Status.PASSED, Status.INCONCLUSIVE, Status.INVALID_ENVIRONMENT])
def test_a_head_that_does_not_differ_from_itself(make_finding: Make, paired: Make, status: Status) -> None:
    latency = paired(status)
    assert control_sentence(make_finding("control", status, latency=latency)) == paired_sentence(latency)


@pytest.mark.parametrize(
    ("head_s", "told"),
    [
        (1.0, "1.50x faster than fp32 (limit 1.5x)"),
        (1.5 / 1.21, "1.21x faster than fp32 (limit 1.5x)"),
        (1.001, "1.499x faster than fp32 (limit 1.5x)"),
        (2.0, "0.75x as fast as fp32 (limit 1.5x)"),
    ],
)
def test_both_sides_of_a_factor(make_finding: Make, head_s: float, told: str) -> None:
    finding = make_finding("speedup", sizes=[SizeSpeedup("64x64", head_s, 1.5)])
    assert speedup_sentence(finding) == told
    doubted = make_finding("speedup", sizes=finding.sizes, doubted_because=BUSY)
    assert speedup_sentence(doubted) == f"{told}, but {BUSY}"


def test_the_worst_size_of_a_factor(make_finding: Make) -> None:
    sizes = [SizeSpeedup("128x128", 4.0, 8.0), SizeSpeedup("64x64", 1.0, 3.0)]
    finding = make_finding("speedup", limit=2.5, sizes=sizes)
    assert speedup_sentence(finding) == "2.00x faster than fp32 at 128x128 (limit 2.5x)"
    assert speedup_details(finding) == ["128x128: 4 s, fp32 8 s: 2.00x", "64x64: 1 s, fp32 3 s: 3.00x"]


def test_nothing_to_show_a_factor(make_finding: Make) -> None:
    finding = make_finding("speedup", Status.NO_BASELINE)
    assert speedup_sentence(finding) == (
        "fp32 was not measured in this session at the same size, so nothing shows that this is 1.5x faster; "
        "select fp32 too (--sdperf-variants)"
    )
    assert speedup_details(finding) == []


def test_bounds_that_are_no_numbers_are_said_so(stored: Make) -> None:
    assert "at least any size slower" in stored_sentence(stored(Status.REGRESSED, lower=math.inf))


SAME = "the same program as recorded (model, versions, 9 settings, 12 modules, 1 file)"


@pytest.mark.parametrize(("ratio", "told"), [(1.031, "3.1 % slower"), (0.98, "2.0 % faster")])
def test_the_same_program_again(stored: Make, make_size: Make, ratio: float, told: str) -> None:
    same = SameProgram(modules=12, files=1, settings=9)
    sizes = [msgspec.structs.replace(make_size(Status.INCONCLUSIVE), ratio=ratio)]
    sentence = stored_sentence(stored(Status.PASSED, sizes=sizes, same=same))
    assert sentence == f"{SAME}; {told} than recorded, which is the machine"


def test_a_program_without_model_and_tree(stored: Make) -> None:
    same = SameProgram(modules=0, files=0, settings=1, has_model=False)
    assert stored_sentence(stored(same=same)).startswith("the same program as recorded (versions, 1 setting); ")


@pytest.mark.parametrize(
    ("machine", "told"),
    [
        ([], "it is the machine, of which nothing known differs"),
        (["kernel 6.1 -> 6.2", "2100 MHz -> 1800 MHz"], "it is the machine: kernel 6.1 -> 6.2, 2100 MHz -> 1800 MHz"),
    ],
)
def test_the_same_program_that_is_slower(stored: Make, machine: list[str], told: str) -> None:
    same = SameProgram(modules=12, files=1, settings=9, machine=machine)
    assert stored_sentence(stored(Status.REGRESSED, same=same)) == f"{SLOW}{DETECTS}; it is {SAME}, so {told}"


def test_another_program_that_was_not_measured_side_by_side(stored: Make) -> None:
    finding = stored(
        Status.INCONCLUSIVE, changed_because="module ship differs", not_escalated_because="there is no git"
    )
    assert stored_sentence(finding).endswith(f"{DETECTS}; there is no git")
    assert stored_details(finding) == ["not the program that was recorded: module ship differs"]
    regressed = msgspec.structs.replace(finding, status=Status.REGRESSED)
    assert stored_details(regressed)[-1] == "not measured side by side with it: there is no git"
