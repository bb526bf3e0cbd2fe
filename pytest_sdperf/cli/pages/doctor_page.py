"""The page of `sdperf doctor`: layer by layer, what can run, how noisy it is, what to change."""

from __future__ import annotations

import math
import statistics

from pytest_sdperf.cli.pages.text_page import Page
from pytest_sdperf.doctor.diagnosis import Diagnosis, Noise, Regimes, Runnable, State
from pytest_sdperf.stats.disturbance import MOST_FOREIGN, MOST_STEAL
from pytest_sdperf.stats.pairs_needed import PairsNeeded, pairs_needed, spread_bounds
from pytest_sdperf.stats.regime import MOST, Usual
from pytest_sdperf.stats.sequential import POWER, Plan
from pytest_sdperf.units import format_seconds
from pytest_sdperf.variant import REFERENCE_VARIANT
from pytest_sdperf.wording import plain_share, plural, share

_STYLES = {State.FINE: "green", State.NOTE: "dim", State.WEAK: "yellow", State.LACKS: "red"}


def render(diagnosis: Diagnosis, *, width: int | None, colour: bool, plan: Plan | None = None) -> str:
    """The diagnosis as text; ``plan`` is what a comparison promises (default: the plugin's defaults)."""
    page = Page(width=width, colour=colour)
    page.title(f"sdperf doctor: {diagnosis.machine_key}")
    for section in diagnosis.sections:
        page.title(section.title)
        page.pairs(
            [(c.state.value, c.name, c.found) for c in section.checks],
            styles=[_STYLES[c.state] for c in section.checks],
        )
    page.title("Variants")
    states = [State.LACKS if r.unmet else State.FINE for r in diagnosis.variants]
    page.pairs(
        [(s.value, r.variant.name, can_run(r)) for s, r in zip(states, diagnosis.variants, strict=True)],
        styles=[_STYLES[s] for s in states],
    )
    for problem in diagnosis.problems:
        page.line(problem, style="red", indent=2)
    page.title("Noise")
    if diagnosis.noise is None:
        page.line(f"not measured: {diagnosis.no_noise}", indent=2)
    else:
        for line in noise_lines(diagnosis.noise, plan or Plan()):
            page.line(line, indent=2)
    if diagnosis.regimes is not None:
        page.title("Regime of the machine")
        for line in regime_lines(diagnosis.regimes):
            page.line(line, indent=2)
    page.title("What to change")
    if not diagnosis.advice:
        page.line("nothing", indent=2)
    else:
        page.pairs([(f"{number}.", text) for number, text in enumerate(diagnosis.advice, 1)])
    page.title(_conclusion(diagnosis))
    return page.text()


def can_run(runnable: Runnable) -> str:
    """``can run``, or every reason why not, each with its cure."""
    if not runnable.unmet:
        return "can run"
    return " ".join(f"needs {u.requirement}: {u.layer} {u.found}. {u.cure}" for u in runnable.unmet)


def noise_lines(noise: Noise, plan: Plan) -> list[str]:
    """Lines on what the measurement means for comparisons here, and on what it rests on."""
    pairs = len(noise.pair_log_ratios)
    spread = statistics.stdev(noise.pair_log_ratios)
    low, high = spread_bounds(spread, pairs)
    here, best, worst = (pairs_needed(s, plan) for s in (spread, low, high))
    slower = f"A {plain_share(plan.must_catch)} slowdown"
    shares = f"the hypervisor took {plain_share(noise.steal)}, other processes {plain_share(noise.foreign)}"
    hidden = f"what else ran meanwhile cannot be seen, because {noise.unseen}"
    taken = hidden if noise.unseen else f"{shares} of the CPUs' time"
    lines = [
        (
            f"{slower} needs {_count(here.to_catch, plan)} here{_between(best, worst, 'to_catch', plan)} to be called "
            f"REGRESSED, {_odds()}. A program that is as fast as before passes after "
            f"{_count(here.to_pass, plan)}{_between(best, worst, 'to_pass', plan)}."
        ),
        f"With {plan.max_pairs} pairs, the most by default, slowdowns from {_smallest(here)} on are seen.",
        (
            f"Pairs spread by {share(spread)} (with 80 % confidence {share(low)} to {share(high)} in truth), processes "
            f"by {share(_process_spread(noise))}; {taken}."
        ),
        (
            f"This rests on {plural(pairs, 'pair')} of fresh processes that sorted numbers in turn on one core, for "
            f"{noise.spent_s:.0f} s in all. It is not a diffusion pipeline: that uses all cores and much memory, and "
            "may spread more, or less."
        ),
    ]
    if noise.steal > MOST_STEAL or noise.foreign > MOST_FOREIGN:
        lines.append("Something else ran meanwhile: pairs of a comparison would have been dropped. Try again later.")
    return lines


def regime_lines(regimes: Regimes) -> list[str]:
    """Lines on the way between two CPUs now, and on what stored baselines know of it."""
    probes = regimes.round_trips_ns
    if not probes:
        return ["not measured: it takes two usable CPUs, and Linux"]
    level = statistics.median(probes)
    off = sum(not Usual(level).includes_ns(ns) for ns in probes)
    wake_up = format_seconds(statistics.median(regimes.wake_ups_ns) / 1e9)
    now = (
        f"A round trip between two of its CPUs takes {level:.0f} ns, a blocked wake-up {wake_up} "
        f"({plural(len(probes), 'probe')} in "
        f"{regimes.spent_s:.0f} s, {off} of them of another regime)."
    )
    lines = [now]
    if off > (1 - MOST) * len(probes):
        lines.append("No level is the usual one: the regime changes too fast to draw pictures again for it.")
    if regimes.stored_ns is None:
        lines.append("What another regime costs here is not known: no baselines in this folder show a usual level.")
    else:
        cost = "none of their processes saw another one"
        if regimes.cost is not None:
            cost = f"in another regime they took {regimes.cost:.2f} times as long"
        usual = f"usual is {regimes.stored_ns:.0f} ns"
        other = "" if Usual(regimes.stored_ns).includes_ns(level) else ", so this is another regime now"
        lines.append(f"By {plural(regimes.stored, 'picture')} of recorded runs {usual}{other}; {cost}.")
    return lines


def _count(pairs: int | None, plan: Plan) -> str:
    return f"more than {plan.max_pairs} pairs" if pairs is None else f"about {plural(pairs, 'pair')}"


def _between(best: PairsNeeded, worst: PairsNeeded, what: str, plan: Plan) -> str:
    """`` (4 to 9)``, as the spread itself is only known so well; empty where both ends agree."""
    least, most = getattr(best, what), getattr(worst, what)
    if least == most:
        return ""
    return f" ({least} to {f'more than {plan.max_pairs}' if most is None else most})"


def _odds() -> str:
    return f"{round(POWER * 5)} times in 5"


def _smallest(needed: PairsNeeded) -> str:
    return plain_share(needed.smallest) if math.isfinite(needed.smallest) else "no size"


def _process_spread(noise: Noise) -> float:
    return statistics.stdev(math.log(s) for s in noise.process_medians_s)


def _conclusion(diagnosis: Diagnosis) -> str:
    able = [r.variant.name for r in diagnosis.variants if not r.unmet]
    counted = f"{len(able)} of {plural(len(diagnosis.variants), 'variant')} can run here"
    if not diagnosis.can_run(REFERENCE_VARIANT):
        return f"{counted}; fp32 cannot, so no picture can be compared with it"
    return counted
