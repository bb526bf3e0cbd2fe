"""Measure one pair: a fresh process of base and head, started together, timed in turn, never both at once."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pytest_sdperf import protocol
from pytest_sdperf.activity import Activity
from pytest_sdperf.comparison import BASE, HEAD, Pair
from pytest_sdperf.diff.package_versions import Installed
from pytest_sdperf.measure.blame import blamed_on_base
from pytest_sdperf.measure.chain_plan import NO_CHAINS, ChainPlan
from pytest_sdperf.measure.noise_watch import NoiseWatch
from pytest_sdperf.measure.pair_rounds import RoundsAtSize, Turns, joined
from pytest_sdperf.measure.progress import Progress, unseen
from pytest_sdperf.measure.regime_watch import RegimeWatch, without_stages
from pytest_sdperf.measure.rig import WARM_UP_IMAGES, AskedWorker, Model, Rig, build_spec
from pytest_sdperf.measurement import Disturbance, Evidence, ImageTiming, ProcessRun, Usage
from pytest_sdperf.picture_chain import Chains
from pytest_sdperf.protocol import A
from pytest_sdperf.variant import Case
from pytest_sdperf.workload import picture_key, size_key

_INSTALLED = "pytest_sdperf.worker.installed:installed_packages"


@dataclass(frozen=True)
class SideRig:
    """One side: what its workers build, and where and how they run."""

    case: Case
    model: Model
    rig: Rig
    chains: ChainPlan = NO_CHAINS
    "of its reference variant with its model, which its own pictures follow"


@dataclass(frozen=True)
class SampledPair:
    """A pair, and what its workers said besides."""

    pair: Pair
    built: Mapping[str, protocol.Built]
    "`base` and `head` -> its answer to Build"
    modules: Mapping[str, Mapping[str, str]]
    "`base` and `head` -> what its first pictures had loaded of the compared code: module -> file"
    evidence: Evidence | None = None
    "of the base, where it was asked for"
    pictures: Mapping[str, Path] = field(default_factory=dict)
    "picture key -> .npy as the base draws it, where it was asked for"
    installed: Mapping[str, Installed] = field(default_factory=dict)
    "`base` and `head` -> what is installed there, where that was asked for"
    chains: Chains | None = None
    "what was found along the chains of the base's reference, where it was asked for and there are any"
    activity: Activity | None = None
    "of the base's worker, where it was asked for"


@dataclass
class _Running:
    """One side's process, as it fills."""

    name: str
    label: str
    "of the process, for its log and pictures"
    side: SideRig
    worker: AskedWorker
    warmup_ns: dict[str, list[int]] = field(default_factory=dict)
    images: dict[str, list[ImageTiming]] = field(default_factory=dict)
    replaced: dict[str, list[ImageTiming]] = field(default_factory=dict)
    "by size key, like the images that count"
    digests: dict[str, list[str]] = field(default_factory=dict)
    usage: Usage = field(default_factory=Usage)
    is_recorded: bool = False
    "whether the process records what it opens in the trees: both of a pair, or neither"

    @property
    def build(self) -> protocol.Build:
        side = self.side
        watched = side.rig.trees if self.is_recorded else ()
        return protocol.Build(build_spec(side.case, side.model, side.rig, self.label, watched=watched))

    def ask(self, command: protocol.Command, expect: type[A]) -> A:
        with self.blamed():
            return self.worker.ask(command, expect)

    def receive(self, expect: type[A]) -> A:
        with self.blamed():
            return self.worker.receive(expect)

    def blamed(self) -> AbstractContextManager[None]:
        """A context whose errors are blamed on the base, if this side is the base."""
        return blamed_on_base() if self.name == BASE else nullcontext()

    def draw(self, size: tuple[int, int]) -> ImageTiming:
        """Time one picture of the first prompt and seed."""
        answer = self.last = self.ask(protocol.Generate(size, 0, 1), protocol.Generated)
        self.digests.setdefault(picture_key(size, 0), []).extend(answer.sha256)
        self.usage += answer.usage
        return answer.images[0]

    def shown(self) -> dict[str, Any]:
        """Fields of SampledPair: what is not timed."""
        evidence = self.ask(protocol.Prove(), protocol.Proven).evidence
        return {"evidence": evidence, "pictures": self.pictures(), "chains": self.chains()}

    def chains(self) -> Chains | None:
        """Its pictures along the chains of its reference."""
        with self.blamed():
            return self.side.chains.follow(self.worker, self.side.case)

    def installed(self) -> Installed:
        """What is installed where it runs."""
        packages: Installed = self.ask(protocol.Call(_INSTALLED), protocol.Called).value
        return packages

    def inspect(self) -> Activity:
        return self.ask(protocol.Inspect(), protocol.Inspected).activity

    def pictures(self) -> dict[str, Path]:
        """Every prompt with every seed at every size, untimed."""
        workload = self.side.case.workload
        return {
            picture_key(size, index): Path(self.ask(protocol.Draw(size, index), protocol.Drawn).path)
            for size in workload.sizes
            for index in range(len(workload.prompt_seeds))
        }

    def finished(self) -> ProcessRun:
        return ProcessRun(
            images=self.images,
            warmup_ns=self.warmup_ns,
            startup_ns={"spawn": self.worker.spawn_ns, **self.built.startup_ns},
            peak_rss_bytes=self.last.peak_rss_bytes,
            library_rss_bytes=self.last.library_rss_bytes,
            picture_sha256=self.digests,
            threads=self.last.threads,
            cpus=self.last.cpus,
            replaced=self.replaced,
        )

    # Set when the worker answers.
    built: protocol.Built = field(init=False)
    modules: Mapping[str, str] = field(init=False)
    last: protocol.Generated = field(init=False)


@dataclass(frozen=True)
class PairSampler:
    """Measures pairs of base and head."""

    sides: Mapping[str, SideRig]
    "`base` and `head`"
    rng: random.Random
    "draws which is started first, and which draws first in each round"
    watch: Callable[[], NoiseWatch]
    "makes what watches one pair"
    regime: RegimeWatch | None = None
    "watches the regime of the machine beside the pictures; None: nothing does"
    at_once: bool = True
    "False: memory holds one of them only, so one process follows the other"
    own_libraries: bool = False
    "whether the base runs with others than the head, so that both say what is installed there"
    progress: Progress = field(default_factory=lambda: Progress("", unseen, time.perf_counter))
    "takes the phases of each pair"
    clock_s: Callable[[], float] = time.perf_counter

    def sample(self, number: int, rounds: int, *, show_base: bool) -> SampledPair:
        """Pair ``number`` with ``rounds`` timed pictures a side and size.

        ``show_base`` lets the base, when it was timed, collect evidence and draw what the case draws.
        Raises LaunchError, WorkerError, ComparisonError.
        """
        # At random: the second to start looked slower in 12 of 18 A/A pairs of `openvino_static`.
        order = self.rng.sample([BASE, HEAD], 2)
        stints = [order] if self.at_once else [[name] for name in order]
        running: dict[str, _Running] = {}
        seen: list[Disturbance] = []
        spent_s = dict.fromkeys(("start", "rounds", "end"), 0.0)
        shown: dict[str, Any] = {}
        turns = Turns()
        for names in stints:
            marks_s = [self.clock_s()]
            with ExitStack() as stack:
                self.progress.phase("building and warming up")
                for name in names:
                    running[name] = self._started(name, number, stack, is_recorded=show_base)
                here = [running[name] for name in names]
                _get_ready(here)
                marks_s.append(self.clock_s())
                seen.append(self._rounds(here, rounds, turns))
                marks_s.append(self.clock_s())
                if show_base and BASE in names:
                    self.progress.phase("drawing what is not timed")
                    shown |= running[BASE].shown()
                    if self.sides[BASE].rig.trees:
                        shown["activity"] = running[BASE].inspect()
                if show_base and self.own_libraries:
                    shown["installed"] = {**shown.get("installed", {}), **{one.name: one.installed() for one in here}}
                for one in here:
                    one.worker.kill()  # it has answered everything; libraries take seconds to leave by themselves
            marks_s.append(self.clock_s())
            for phase, begin_s, end_s in zip(spent_s, marks_s, marks_s[1:], strict=False):
                spent_s[phase] += end_s - begin_s
        pair = Pair(
            base=running[BASE].finished(),
            head=running[HEAD].finished(),
            seen=joined(seen),
            started_first=order[0],
            drew_first=turns.drew_first,
            kernel_ns=turns.kernel_ns,
            spent_s=spent_s,
        )
        built = {name: one.built for name, one in running.items()}
        return SampledPair(pair, built, {name: one.modules for name, one in running.items()}, **shown)

    def _started(self, name: str, number: int, stack: ExitStack, *, is_recorded: bool) -> _Running:
        side, label = self.sides[name], f"pair-{number}-{name}"
        with blamed_on_base() if name == BASE else nullcontext():
            worker = stack.enter_context(side.rig.worker(side.case, label))
            return _Running(name, label, side, worker, is_recorded=is_recorded)

    def _rounds(self, here: Sequence[_Running], rounds: int, turns: Turns) -> Disturbance:
        """Every size, round by round; with both here each draws first in every other round, in random order."""
        watch = self.watch()
        workers = [one.worker for one in here]
        with self.regime.beside(workers) if self.regime else nullcontext() as beside:
            if beside:
                watch.helper_ns = beside.cpu_ns
            watch.begin(workers)
            for size in here[0].side.case.workload.sizes:
                firsts = [here[0].name, here[-1].name] * ((rounds + 1) // 2)
                self.rng.shuffle(firsts)
                at_size = RoundsAtSize(here, size, rounds, firsts, watch, beside, self.progress)
                kept, replaced = at_size.draw_all()
                turns.add(size_key(size), kept)
                for one in here:
                    one.images[size_key(size)] = [drawn.timings[one.name] for drawn in kept]
                    if replaced:
                        one.replaced[size_key(size)] = without_stages([drawn.timings[one.name] for drawn in replaced])
            return watch.end([one.usage for one in here])


def _get_ready(here: Sequence[_Running]) -> None:
    """Build in all processes at once, then warm up one after the other.

    Warming up at once saves nothing, or costs a minute: two teams of OpenMP threads on the same two cores wait for
    each other (two processes of `fp32`: 2.8, 75 and 75 s at once, 1.8 s in turn each time; `openvino_static` 0.9 s
    and 1.1 s; Zen 4 virtual machine, torch 2.8).
    """
    for one in here:
        one.worker.send(one.build)
    for one in here:
        one.built = one.receive(protocol.Built)
    for one in here:
        for size in one.side.case.workload.sizes:
            warmed = one.ask(protocol.WarmUp(size, WARM_UP_IMAGES), protocol.Warmed)
            one.warmup_ns[size_key(size)], one.modules = warmed.spent_ns, warmed.modules
