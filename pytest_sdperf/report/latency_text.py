"""Texts of the findings on latency: one sentence each, and lines for the details."""

from __future__ import annotations

import math
from collections.abc import Sequence

from pytest_sdperf.report.finding_text import Text
from pytest_sdperf.report.model_text import model_clause, model_lines
from pytest_sdperf.report.regime_text import regime_clause
from pytest_sdperf.units import format_seconds, format_share
from pytest_sdperf.verdict.latency_findings import (
    ControlFinding,
    IdenticalProgram,
    PairedLatencyFinding,
    SameProgram,
    SizeLatency,
    SizeSpeedup,
    SpeedupFinding,
    StoredLatencyFinding,
    worst_size,
)
from pytest_sdperf.verdict.status import Missing, Status
from pytest_sdperf.wording import apart, plain_share, plural, share_apart

_MOST_DROPPED = 3
"""Dropped pairs that are listed one by one."""


def stored_sentence(finding: StoredLatencyFinding) -> str:
    if finding.other_work:
        return of_other_work(finding.other_work)
    if finding.missing or not finding.sizes:
        return without_baseline(_measured(finding), finding.missing, mode="all" if finding.runs else "new")
    worst, regime = worst_size(finding.sizes), regime_clause(finding.other_regime)
    if finding.same and finding.status is Status.PASSED:
        return _same_again(finding.same, worst) + regime
    sentence = _at(worst.size, finding.sizes) + _stored_size(worst, finding)
    return (f"{sentence}; {_machine(finding.same)}" if finding.same else sentence) + regime


def stored_details(finding: StoredLatencyFinding) -> list[str]:
    lines = [f"a process was disturbed: {reason}" for reason in finding.disturbed]
    if finding.changed_because:
        lines.append(f"not the program that was recorded: {finding.changed_because}")
    if finding.not_escalated_because and finding.status is not Status.INCONCLUSIVE:  # which says so itself
        lines.append(f"not measured side by side with it: {finding.not_escalated_because}")
    worst = worst_size(finding.sizes) if finding.sizes else None
    return lines + [
        f"{one.size}: {one.status.value}: {_stored_size(one, finding)}" for one in finding.sizes if one is not worst
    ]


def paired_sentence(finding: PairedLatencyFinding) -> str:
    if finding.missing:
        return without_baseline(_measured(finding), finding.missing)
    if finding.invalid:
        return finding.invalid
    if finding.identical:
        return _identical(finding.identical, finding.base)
    last = finding.dropped[-1].because if finding.dropped else ""
    if finding.too_busy:
        pairs = plural(finding.pairs + len(finding.dropped), "pair")
        return (
            f"{len(finding.dropped)} of {pairs} were disturbed, the last because {last}: this machine is too busy "
            "to compare on"
        )
    if not finding.sizes:
        return f"the budget ended before a pair was measured undisturbed: {last}"
    worst = worst_size(finding.sizes)
    more = (f"; {model_clause(finding.models)}" if finding.models else "") + regime_clause(finding.other_regime)
    return f"{_at(worst.size, finding.sizes)}{_paired_size(worst, finding)}{more}"


def paired_details(finding: PairedLatencyFinding) -> list[str]:
    recorded = finding.recorded
    lines = [f"recorded runs: {recorded.status.value}: {_recorded(recorded)}"] if recorded else []
    lines += [f"base: {finding.base}; head: {finding.head}", *_dropped(finding)]
    lines += model_lines(finding.models) if finding.models else []
    if finding.measured_because:
        lines.append(f"not the same program as the base: {finding.measured_because}")
    if finding.in_turn:
        lines.append("memory is too small for both, so one ran after the other: drift between them counts as noise")
    worst = worst_size(finding.sizes) if finding.sizes else None
    return lines + [
        f"{one.size}: {one.status.value}: {_paired_size(one, finding)}" for one in finding.sizes if one is not worst
    ]


def control_sentence(finding: ControlFinding) -> str:
    sentence = paired_sentence(finding.latency)
    if finding.latency.status is finding.status:
        return sentence
    return f"the head differs from itself: {sentence}; distrust differences of that size here"


def control_details(finding: ControlFinding) -> list[str]:
    return paired_details(finding.latency)


def speedup_sentence(finding: SpeedupFinding) -> str:
    name = finding.sibling
    if not finding.sizes:
        return (
            f"{name} was not measured in this session at the same size, so nothing shows that this is "
            f"{finding.limit:g}x faster; select {name} too (--sdperf-variants)"
        )
    worst = finding.sizes[0]
    where = f" at {worst.size}" if len(finding.sizes) > 1 else ""
    word = "faster than" if worst.factor > 1 else "as fast as"
    sentence = f"{_factor(worst, finding)} {word} {name}{where} (limit {finding.limit:g}x)"
    return f"{sentence}, but {finding.doubted_because}" if finding.doubted_because else sentence


def speedup_details(finding: SpeedupFinding) -> list[str]:
    return [
        f"{one.size}: {format_seconds(one.median_s)}, {finding.sibling} {format_seconds(one.sibling_s)}: "
        f"{_factor(one, finding)}"
        for one in finding.sizes
    ]


def without_baseline(measured: str, missing: Missing | None, *, mode: str = "new") -> str:
    """The sentence of a part that has nothing to be compared with; ``mode`` is the --sdperf-update that fixes it."""
    what, then = (missing.what, missing.then) if missing else ("there is nothing to compare it with", "fail")
    if then == "record":
        return f"{measured}, to be recorded as the baseline if no part fails"
    if then == "skip":
        return f"{measured}, not judged: {what}, and --sdperf-missing=skip"
    return f"{measured}, but {what}; record it with --sdperf-update={mode}"


def of_other_work(other_work: str, *, is_side_by_side: bool = False) -> str:
    """The sentence of a part whose recorded runs are of other work: a clause that follows `measured with`."""
    compare = "" if is_side_by_side else "compare with a revision side by side by --sdperf-against=REV, or "
    return f"the baseline was measured with {other_work}; {compare}record it again with --sdperf-update=all"


def _recorded(finding: StoredLatencyFinding) -> str:
    """The sentence on the recorded runs of what was measured side by side."""
    work = finding.other_work
    return of_other_work(work, is_side_by_side=True) if work else stored_sentence(finding)


def _measured(finding: StoredLatencyFinding | PairedLatencyFinding) -> str:
    """``2.31 s ±3.0 %``: the median at the first size with the spread of the processes."""
    return f"{format_seconds(finding.median_s)} ±{finding.spread * 100:.1f} %"


def _at(size: str, sizes: Sequence[SizeLatency]) -> str:
    return f"at {size}: " if len(sizes) > 1 else ""


def _stored_size(one: SizeLatency, finding: StoredLatencyFinding) -> str:
    if one.base_s is None or one.ratio is None:
        return f"the baseline has no {one.size}; record it again with --sdperf-update=all"
    status = Status.REGRESSED if one.is_doubted else one.status
    compared = _compared(one, finding, status, one.ratio, one.base_s)
    is_open, because = one.status is Status.INCONCLUSIVE, finding.not_escalated_because
    advice = f"; {because}" if is_open and because else _advice(status)
    advice = "" if finding.same else advice
    sentence = f"{compared}; {_detects(one, finding)}{advice}"
    if finding.doubted_because and one.status is Status.INCONCLUSIVE:
        but = "but " if one.is_doubted else ""
        return f"{sentence}; {but}{finding.doubted_because}"
    return sentence + (_in_spite(finding) if one.status is Status.REGRESSED else "")


def _in_spite(finding: StoredLatencyFinding | PairedLatencyFinding) -> str:
    """How little of a slowdown the disturbance of its processes explains."""
    if not finding.in_spite_of:
        return ""
    return f"; {finding.in_spite_of}, which explains at most {finding.explained:.3g}x"


def _compared(one: SizeLatency, finding: StoredLatencyFinding, status: Status, ratio: float, base_s: float) -> str:
    head, base, limit = format_seconds(one.median_s), format_seconds(base_s), finding.limit
    change = ratio - 1
    slower = f"{head} is {share_apart(change, limit)} slower than the baseline's {base}"
    apart_from = f"{head} is {format_share(change)} from the baseline's {base}"
    confidence = f"with {finding.confidence * 100:.0f} % confidence"
    if status is Status.REGRESSED:
        least = plain_share(_share(one.lower))
        return f"{slower} (limit {plain_share(limit)}; {confidence} at least {least} slower)"
    if status is Status.FASTER:
        least = plain_share(1 - (one.upper or 0.0))
        return f"{head} is {-change * 100:.1f} % faster than the baseline's {base}, {confidence} at least {least}"
    most = plain_share(_share(one.upper))
    if status is Status.PASSED:
        return f"{apart_from} (limit +{plain_share(limit)}; {confidence} less than {most} slower)"
    if change > limit:
        return f"{slower} (limit {plain_share(limit)}), but not by more than the noise explains"
    return f"{apart_from}, but the noise hides slowdowns up to {most} (limit +{plain_share(limit)})"


def _detects(one: SizeLatency, finding: StoredLatencyFinding) -> str:
    """How small a slowdown this screen detects, and from what it knows that."""
    smallest = math.inf if one.detectable is None else one.detectable
    runs = f"{plural(finding.runs, 'recorded run')} of {plural(finding.processes, 'process', 'es')}"
    detects = f"with {runs}, slowdowns above {plain_share(smallest)} are detected"
    if not finding.is_watched:
        weak = "weak: the machine's regime was not watched, or not the usual one, and another may halve the speed"
        return f"{detects} ({weak})"
    if finding.runs == 1:
        return f"{detects} (foreseen from how much processes differ: no second run shows yet how much runs do)"
    return detects


def _advice(status: Status) -> str:
    return {
        Status.FASTER: "; accept it as the new baseline with --sdperf-update=all",
        Status.INCONCLUSIVE: "; compare side by side with --sdperf-against=REV (a git revision), or record more runs "
        "with --sdperf-update=all",
        Status.REGRESSED: "; --sdperf-against=REV (a git revision) finds out whether it is the code or the machine",
    }.get(status, "")


def _paired_size(one: SizeLatency, finding: PairedLatencyFinding) -> str:
    change = _share(one.ratio)
    head = format_seconds(one.median_s)
    base = f"{finding.base}'s {format_seconds(one.base_s or 0.0)}"
    pairs = plural(finding.pairs, "pair")
    bounds = f"{finding.confidence:.0%} bounds {_bound(one.lower)} and {_bound(one.upper)}, {pairs}"
    apart_from = f"{head} is {format_share(change)} from {base} side by side"
    if one.status is Status.REGRESSED:
        slower = share_apart(change, finding.ignore)
        ignored = f"up to {plain_share(finding.ignore)} is ignored"
        if finding.every_round:
            rounds = f"in every round of {pairs} at least {finding.every_round:.3g}x"
            most = f"no disturbance explains more than {finding.explained:g}x"
            return f"{head} is {slower} slower than {base} side by side ({rounds}; {most})"
        return f"{head} is {slower} slower than {base} side by side ({bounds}; {ignored}){_in_spite(finding)}"
    if one.status is Status.FASTER:
        return f"{head} is {-change * 100:.1f} % faster than {base} side by side ({bounds})"
    if one.status is Status.PASSED:
        return f"{apart_from} ({bounds}; {plain_share(finding.must_catch)} slower is ruled out)"
    if finding.pairs < finding.fewest_pairs:
        return f"{apart_from}, but the budget ended after {pairs}, and a verdict takes {finding.fewest_pairs}"
    reason = f"the budget ended after {pairs}" if finding.out_of_budget else "undecided"
    smallest = plain_share(math.inf if one.detectable is None else one.detectable)
    return (
        f"{apart_from} ({bounds}); {reason}: these pairs would have detected slowdowns above {smallest} four times "
        "in five"
    )


def _identical(same: IdenticalProgram, base: str) -> str:
    """``identical program: the same 14 modules and 3 files of the tree, model, versions and settings as main``."""
    counted = [(same.modules, "module"), (same.files, "file")]
    read = " and ".join(plural(count, noun) for count, noun in counted if count)
    code = f"the same {read} of the tree" if read else "it runs nothing of the tree; the same"
    parts = [*(["model"] if same.has_model else []), "versions"]
    return f"identical program: {code}{', ' if read else ' '}{', '.join(parts)} and settings as {base}"


def _same_again(same: SameProgram, worst: SizeLatency) -> str:
    """``the same program as recorded (model, versions, 9 settings, 12 modules); 3.1 % slower than recorded, …``."""
    change = _share(worst.ratio)
    moved = f"{abs(change) * 100:.1f} % {'slower' if change > 0 else 'faster'} than recorded, which is the machine"
    return f"{_program(same)}; {moved}"


def _program(same: SameProgram) -> str:
    counted = [(same.settings, "setting"), (same.modules, "module"), (same.files, "file")]
    parts = [*(["model"] if same.has_model else []), "versions", *(plural(n, noun) for n, noun in counted if n)]
    return f"the same program as recorded ({', '.join(parts)})"


def _machine(same: SameProgram) -> str:
    """What a slowdown of the same program says of the machine."""
    differs = f": {', '.join(same.machine)}" if same.machine else ", of which nothing known differs"
    return f"it is {_program(same)}, so it is the machine{differs}"


def _dropped(finding: PairedLatencyFinding) -> list[str]:
    """One line for each pair that does not count; of many, the first ones."""
    lines = [f"pair {pair.number} does not count: {pair.because}" for pair in finding.dropped]
    more = len(lines) - _MOST_DROPPED
    return lines if more <= 0 else [*lines[:_MOST_DROPPED], f"and {more} more do not count"]


def _factor(one: SizeSpeedup, finding: SpeedupFinding) -> str:
    return f"{apart(one.factor, finding.limit, 2)}x"


def _share(ratio: float | None) -> float:
    return math.inf if ratio is None else ratio - 1


def _bound(ratio: float | None) -> str:
    return "unknown" if ratio is None else format_share(ratio - 1)


STORED = Text(stored_sentence, stored_details)
PAIRED = Text(paired_sentence, paired_details)
CONTROL = Text(control_sentence, control_details)
SPEEDUP = Text(speedup_sentence, speedup_details)
