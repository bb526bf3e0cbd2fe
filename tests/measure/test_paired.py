"""One pair of processes: who is asked what, in which order, and what is kept of it."""

import contextlib
import dataclasses
import random
from pathlib import Path
from types import SimpleNamespace

import pytest

from pytest_sdperf import protocol
from pytest_sdperf.activity import Activity
from pytest_sdperf.build_spec import BuildSpec
from pytest_sdperf.comparison import BASE, HEAD
from pytest_sdperf.errors import ComparisonError, LaunchError, WorkerError
from pytest_sdperf.hardware.cpu_times import CpuTimes
from pytest_sdperf.hardware.round_trip import RoundTripTimes
from pytest_sdperf.measure.blame import blamed_on_base
from pytest_sdperf.measure.noise_watch import NoiseWatch
from pytest_sdperf.measure.pair_rounds import joined
from pytest_sdperf.measure.paired import PairSampler, SideRig
from pytest_sdperf.measure.progress import Progress
from pytest_sdperf.measure.regime_watch import RegimeWatch
from pytest_sdperf.measure.rig import WARM_UP_IMAGES, Model, Rig
from pytest_sdperf.measurement import Disturbance, Evidence, ImageTiming, Usage
from pytest_sdperf.stats.regime import Usual

OTHER = {BASE: HEAD, HEAD: BASE}


class Stage:
    """Where two fake workers act: writes down what happens, in order, and lets one arm fail."""

    def __init__(self):
        self.events = []
        self.busy = set()
        self.now_s = 0.0
        self.error = {}
        "(arm, class of the command or `start`) -> what is raised"
        self.watches = []

    def arm(self, name):
        """Starts the workers of one arm."""

        @contextlib.contextmanager
        def start(settings, *, log_path, timeout_s):
            self.events.append((name, "start", log_path))
            self.now_s += 1
            if error := self.error.get((name, "start")):
                raise error
            worker = FakeWorker(self, name)
            try:
                yield worker
            finally:
                self.events.append((name, "leave"))

        return start

    def watch(self):
        self.watches.append(FakeWatch(self, len(self.watches)))
        return self.watches[-1]

    def acts(self):
        """What happened, as text: `base WarmUp`, `base quiet`, …"""
        return [f"{event[0]} {event[1]}" for event in self.events]


class FakeWorker:
    spawn_ns = 21

    def __init__(self, stage, name):
        self.stage, self.name = stage, name
        self.pending = None
        self.killed = False
        self.drawn = 0

    def send(self, command):
        assert self.pending is None
        assert not self.killed
        if not isinstance(command, protocol.Build):
            assert not self.stage.busy, "the other arm is at work"
        self.stage.busy.add(self.name)
        self.pending = command
        self.stage.events.append((self.name, type(command).__name__, command))

    def receive(self, expect):
        command, self.pending = self.pending, None
        self.stage.busy.discard(self.name)
        if error := self.stage.error.get((self.name, type(command))):
            raise error
        if isinstance(command, protocol.Build):
            self.stage.events.append((self.name, "built"))
        answer = self.answer(command)
        assert isinstance(answer, expect)
        return answer

    def ask(self, command, expect):
        self.send(command)
        return self.receive(expect)

    def cpu_ns(self):
        return 0

    def cpus(self):
        return frozenset((0, 2))

    def close(self):
        raise AssertionError("its libraries would take seconds to leave")

    def kill(self):
        self.killed = True
        self.stage.events.append((self.name, "kill"))
        return -9

    def answer(self, command):
        base = self.name == BASE
        match command:
            case protocol.Build(spec):
                self.folder = spec.picture_dir
                return protocol.Built({"load": 3 if base else 4}, "", f"CPython of {self.name}", {}, {})
            case protocol.WarmUp(_, images):
                self.stage.now_s += 1
                return protocol.Warmed([90 if base else 80] * images, {"harbour": f"/{self.name}/harbour.py"})
            case protocol.Generate(size, prompt_seed, rounds):
                assert (prompt_seed, rounds) == (0, 1)
                self.stage.now_s += 1
                self.drawn += 1
                return protocol.Generated(
                    images=[ImageTiming((1000 if base else 2000) + self.drawn)],
                    sha256=[f"{self.name}{self.drawn}"],
                    path="",
                    other_path="",
                    peak_rss_bytes=100 * self.drawn,
                    library_rss_bytes=10 * self.drawn,
                    threads=4,
                    cpus=[0, 2],
                    usage=Usage(1, 10 if base else 20),
                )
            case protocol.Draw(size, prompt_seed):
                return protocol.Drawn("e", f"{self.folder}/{size[0]}x{size[1]}-{prompt_seed}.npy")
            case protocol.Inspect():
                return protocol.Inspected(Activity(imports=[self.name]))
            case protocol.Prove():
                self.stage.now_s += 1
                return protocol.Proven(Evidence(facts={"arm": self.name}))


class FakeWatch:
    def __init__(self, stage, number):
        self.stage, self.number = stage, number
        self.kernels = 0

    def begin(self, arms):
        self.watched = [arm.name for arm in arms]
        self.stage.events.append(("watch", "begin"))

    def wait_until_quiet(self, arm):
        self.stage.events.append((arm.__self__.name, "quiet"))

    def time_kernel(self):
        self.stage.events.append(("watch", "kernel"))
        self.kernels += 1
        return 100 * self.number + self.kernels

    def end(self, usages):
        self.usages = usages
        self.stage.events.append(("watch", "end"))
        return Disturbance(window_s=10.0, kernel_ns=7.0 + self.number, major_faults=sum(u.major_faults for u in usages))


class ToldRandom:
    """Starts the arms in this order, and lets these draw first."""

    def __init__(self, started, *firsts):
        self.started, self.firsts, self.given = started, list(firsts), []

    def sample(self, population, k):
        assert sorted(population) == sorted(self.started)
        assert k == 2
        return list(self.started)

    def shuffle(self, items):
        self.given.append(list(items))
        items[:] = self.firsts.pop(0)


@pytest.fixture
def stage():
    return Stage()


@pytest.fixture
def sampler(stage, make_case, tmp_path):
    def sampler(rng=None, *, at_once=True, **case):
        arms = {
            name: SideRig(
                make_case(**case),
                Model(tmp_path / f"model-{name}", name),
                Rig(stage.arm(name), tmp_path / name, tmp_path / "cache", 60.0, print, trees=(f"/{name}",)),
            )
            for name in (BASE, HEAD)
        }
        rng = rng or random.Random(3)
        return PairSampler(arms, rng, stage.watch, at_once=at_once, clock_s=lambda: stage.now_s)

    return sampler


def test_a_pair_from_its_start_to_its_end(stage, sampler):
    rng = ToldRandom([HEAD, BASE], [BASE, HEAD])
    sampler(rng).sample(3, 2, show_base=False)
    assert stage.acts() == [
        *["head start", "base start"],
        *["head Build", "base Build", "head built", "base built"],
        *["head WarmUp", "base WarmUp"],
        "watch begin",
        *["head quiet", "watch kernel", "base Generate"],
        *["base quiet", "watch kernel", "head Generate"],
        *["base quiet", "watch kernel", "head Generate"],
        *["head quiet", "watch kernel", "base Generate"],
        "watch end",
        *["head kill", "base kill", "base leave", "head leave"],
    ]
    assert stage.watches[0].watched == [HEAD, BASE]
    assert stage.watches[0].usages == [Usage(2, 40), Usage(2, 20)]


def test_steps_are_told_between_pictures_and_never_while_one_is_timed(stage, sampler):
    """Each round's is told before the quiet that the other arm is waited for, and the kernel."""
    rng = ToldRandom([HEAD, BASE], [BASE, HEAD])
    progress = Progress("ship", lambda step: stage.events.append((step.reach.value, step.doing)), lambda: stage.now_s)
    progress.part("pair 3 of at most 24")
    stage.events.clear()
    dataclasses.replace(sampler(rng), progress=progress).sample(3, 2, show_base=True)
    acts = stage.acts()
    assert acts[0] == "live pair 3 of at most 24: building and warming up"
    begin, end = acts.index("watch begin"), acts.index("watch end")
    assert acts[begin + 1 : end] == [
        "tick pair 3 of at most 24: round 1 of 2 at 16x24",
        *["head quiet", "watch kernel", "base Generate"],
        *["base quiet", "watch kernel", "head Generate"],
        "tick pair 3 of at most 24: round 2 of 2 at 16x24",
        *["base quiet", "watch kernel", "head Generate"],
        *["head quiet", "watch kernel", "base Generate"],
    ]
    assert acts[end + 1 : end + 3] == ["live pair 3 of at most 24: drawing what is not timed", "base Prove"]


def test_each_arm_builds_what_is_its_own(stage, sampler, tmp_path, make_case):
    sampler(prepare="prepare").sample(3, 1, show_base=False)
    started = {event[0]: event[2] for event in stage.events if event[1] == "start"}
    specs = {event[0]: event[2].spec for event in stage.events if event[1] == "Build"}
    for name in (BASE, HEAD):
        folder = tmp_path / name / make_case().id
        assert started[name] == folder / f"pair-3-{name}.log"
        assert specs[name] == BuildSpec.of(
            make_case(prepare="prepare"),
            model_dir=str(tmp_path / f"model-{name}"),
            model_digest=name,
            cache_dir=str(tmp_path / "cache"),
            picture_dir=str(folder / f"pair-3-{name}"),
            trees=(f"/{name}",),
        )


def test_the_pair_holds_what_both_workers_said(sampler):
    rng = ToldRandom([BASE, HEAD], [BASE, HEAD])
    sampled = sampler(rng).sample(1, 2, show_base=False)
    base, head = sampled.pair.base, sampled.pair.head
    assert sampled.modules == {arm: {"harbour": f"/{arm}/harbour.py"} for arm in (BASE, HEAD)}
    assert [t.total_ns for t in base.images["16x24"]] == [1001, 1002]
    assert [t.total_ns for t in head.images["16x24"]] == [2001, 2002]
    assert (base.warmup_ns, head.warmup_ns) == ({"16x24": [90] * WARM_UP_IMAGES}, {"16x24": [80] * WARM_UP_IMAGES})
    assert (base.startup_ns, head.startup_ns) == ({"spawn": 21, "load": 3}, {"spawn": 21, "load": 4})
    assert head.peak_rss_bytes == 200
    assert head.library_rss_bytes == 20
    assert head.picture_sha256 == {"16x24/0": ["head1", "head2"]}
    assert (head.threads, head.cpus) == (4, [0, 2])
    assert sampled.pair.seen == Disturbance(window_s=10.0, kernel_ns=7.0, major_faults=60)
    assert (sampled.pair.started_first, sampled.pair.dropped) == (BASE, "")
    assert {name: built.python for name, built in sampled.built.items()} == {
        BASE: "CPython of base",
        HEAD: "CPython of head",
    }
    assert (sampled.evidence, sampled.pictures) == (None, {})


def test_who_drew_first_and_the_kernels_before_each_turn_are_kept(sampler):
    rng = ToldRandom([BASE, HEAD], [HEAD, BASE, HEAD])
    pair = sampler(rng).sample(1, 3, show_base=False).pair
    assert pair.drew_first == {"16x24": [HEAD, BASE, HEAD]}
    # turns: head 1, base 2; base 3, head 4; head 5, base 6
    assert pair.kernel_ns == {"16x24": {BASE: [2, 3, 6], HEAD: [1, 4, 5]}}


def test_a_round_in_another_regime_is_drawn_again_with_the_same_first(stage, sampler):
    """Round trips before the first picture, after it, and so on: both pictures of the second round are far."""
    told = iter([100, 100, 400, 400, 400, 100, 100, 100])
    way = SimpleNamespace(pid=17, probe=lambda: RoundTripTimes(next(told), 9))
    regime = RegimeWatch(lambda cpus: contextlib.nullcontext(way), sleep=lambda s: None, stored=Usual(100))
    rng = ToldRandom([BASE, HEAD], [BASE, HEAD])
    pair = dataclasses.replace(sampler(rng), regime=regime).sample(1, 2, show_base=False).pair
    assert [t.total_ns for t in pair.base.images["16x24"]] == [1001, 1003]
    assert [t.total_ns for t in pair.head.images["16x24"]] == [2001, 2003]
    assert [t.round_trip_ns for t in pair.base.replaced["16x24"]] == [[400, 400]]
    assert [t.round_trip_ns for t in pair.head.replaced["16x24"]] == [[400, 400]]
    assert pair.drew_first == {"16x24": [BASE, HEAD]}
    assert pair.kernel_ns == {"16x24": {BASE: [1, 6], HEAD: [2, 5]}}


def test_every_size_has_rounds_of_its_own(stage, sampler):
    rng = ToldRandom([BASE, HEAD], [BASE, HEAD], [HEAD, BASE])
    pair = sampler(rng, sizes=((16, 24), (8, 8))).sample(1, 2, show_base=False).pair
    assert pair.drew_first == {"16x24": [BASE, HEAD], "8x8": [HEAD, BASE]}
    assert pair.kernel_ns == {"16x24": {BASE: [1, 4], HEAD: [2, 3]}, "8x8": {BASE: [6, 7], HEAD: [5, 8]}}
    assert [t.total_ns for t in pair.base.images["8x8"]] == [1003, 1004]
    assert pair.head.warmup_ns == {"16x24": [80, 80], "8x8": [80, 80]}
    assert pair.head.picture_sha256 == {"16x24/0": ["head1", "head2"], "8x8/0": ["head3", "head4"]}
    drawn = [event[2].size for event in stage.events if event[1] == "Generate"]
    assert drawn == [(16, 24)] * 4 + [(8, 8)] * 4
    assert len(stage.watches) == 1


@pytest.mark.parametrize(("rounds", "given"), [(1, 2), (2, 2), (3, 4), (4, 4)])
def test_each_arm_draws_first_in_half_of_the_rounds(sampler, rounds, given):
    rng = ToldRandom([HEAD, BASE], [BASE, HEAD] * given)
    sampler(rng).sample(1, rounds, show_base=False)
    (offered,) = rng.given
    assert len(offered) == given
    assert offered.count(BASE) == offered.count(HEAD) == given / 2


def test_chance_decides_who_starts_and_draws_first(stage, sampler):
    pairs = [sampler(random.Random(seed)).sample(1, 6, show_base=False).pair for seed in range(200)]
    started = [pair.started_first for pair in pairs]
    assert 70 < started.count(BASE) < 130
    orders = [tuple(pair.drew_first["16x24"]) for pair in pairs]
    assert all(order.count(BASE) == 3 for order in orders)
    assert len(set(orders)) == 20  # 6 over 3: all that there are
    again = sampler(random.Random(5)).sample(1, 6, show_base=False).pair
    assert (again.started_first, again.drew_first) == (started[5], {"16x24": list(orders[5])})
    uneven = [sampler(random.Random(s)).sample(1, 3, show_base=False).pair.drew_first["16x24"] for s in range(200)]
    assert {order.count(BASE) for order in uneven} == {1, 2}


def test_the_base_is_shown_when_its_rounds_are_over(stage, sampler, tmp_path, make_case):
    rng = ToldRandom([BASE, HEAD], [BASE])
    sampled = sampler(rng, sizes=((16, 24),), prompts=("a", "b")).sample(1, 1, show_base=True)
    acts = stage.acts()
    assert acts[acts.index("watch end") + 1 :] == [
        *["base Prove", "base Draw", "base Draw", "base Inspect", "base kill", "head kill", "head leave", "base leave"]
    ]
    assert sampled.evidence == Evidence(facts={"arm": BASE})
    folder = tmp_path / BASE / make_case(prompts=("a", "b")).id / "pair-1-base"
    assert sampled.pictures == {f"16x24/{prompt_seed}": folder / f"16x24-{prompt_seed}.npy" for prompt_seed in (0, 1)}


def test_every_picture_of_the_base_is_shown(sampler):
    rng = ToldRandom([BASE, HEAD], [BASE], [BASE])
    sampled = sampler(rng, sizes=((16, 24), (8, 8)), prompts=("a", "b")).sample(1, 1, show_base=True)
    assert list(sampled.pictures) == ["16x24/0", "16x24/1", "8x8/0", "8x8/1"]
    assert all(isinstance(path, Path) for path in sampled.pictures.values())


@pytest.mark.parametrize("order", [[BASE, HEAD], [HEAD, BASE]])
def test_one_after_the_other_where_memory_holds_one_arm(stage, sampler, order):
    first, second = order
    rng = ToldRandom(order, [first] * 2, [second] * 2)
    sampled = sampler(rng, at_once=False).sample(1, 2, show_base=False)
    assert stage.acts() == [
        act
        for name in order
        for act in [
            *[f"{name} start", f"{name} Build", f"{name} built", f"{name} WarmUp", "watch begin"],
            *["watch kernel", f"{name} Generate"] * 2,
            *["watch end", f"{name} kill", f"{name} leave"],
        ]
    ]
    assert sampled.pair.started_first == first
    assert sampled.pair.drew_first == {}
    assert sampled.pair.kernel_ns == {"16x24": {first: [1, 2], second: [101, 102]}}
    assert [watch.watched for watch in stage.watches] == [[first], [second]]
    assert sampled.pair.seen == Disturbance(window_s=20.0, kernel_ns=8.0, major_faults=60)
    assert [len(run.images["16x24"]) for run in (sampled.pair.base, sampled.pair.head)] == [2, 2]


def test_one_after_the_other_shows_the_base_while_it_lives(stage, sampler):
    rng = ToldRandom([BASE, HEAD], [BASE], [HEAD])
    sampled = sampler(rng, at_once=False).sample(1, 1, show_base=True)
    acts = stage.acts()
    assert acts[acts.index("watch end") : acts.index("head start")] == [
        *["watch end", "base Prove", "base Draw", "base Inspect", "base kill", "base leave"]
    ]
    assert sampled.evidence == Evidence(facts={"arm": BASE})
    assert "head Prove" not in acts


@pytest.mark.parametrize("at_once", [True, False])
def test_where_the_time_went(sampler, at_once):
    """A start, a picture and the evidence take a second each, and so does warming up."""
    pair = sampler(at_once=at_once).sample(1, 3, show_base=True).pair
    assert pair.spent_s == {"start": 4.0, "rounds": 6.0, "end": 1.0}


STEPS = ["start", protocol.Build, protocol.WarmUp, protocol.Generate]
BROKEN = WorkerError("it broke", where="log: x", cure="Fix it.", log_tail="the mast\nbroke")


@pytest.mark.parametrize("at_once", [True, False])
@pytest.mark.parametrize("step", STEPS)
def test_what_the_base_cannot_do_is_told_of_the_base(stage, sampler, step, at_once):
    stage.error[BASE, step] = BROKEN
    with pytest.raises(ComparisonError) as caught:
        sampler(at_once=at_once).sample(1, 1, show_base=False)
    assert str(caught.value) == "the base cannot run: it broke [log: x]. Fix it."
    assert caught.value.log_tail == "the mast\nbroke"
    assert caught.value.__cause__ is BROKEN
    assert_nobody_is_left(stage)


@pytest.mark.parametrize("step", [protocol.Prove, protocol.Draw])
def test_what_the_base_cannot_show_is_told_of_it_too(stage, sampler, step):
    stage.error[BASE, step] = BROKEN
    with pytest.raises(ComparisonError, match="the base cannot run: it broke"):
        sampler().sample(1, 1, show_base=True)
    assert_nobody_is_left(stage)


@pytest.mark.parametrize("at_once", [True, False])
@pytest.mark.parametrize("step", STEPS)
def test_what_the_head_cannot_do_stays_as_it_is(stage, sampler, step, at_once):
    stage.error[HEAD, step] = BROKEN
    with pytest.raises(WorkerError) as caught:
        sampler(at_once=at_once).sample(1, 1, show_base=True)
    assert caught.value is BROKEN
    assert_nobody_is_left(stage)


def assert_nobody_is_left(stage):
    """Each worker that came up was left, and nothing was asked afterwards."""
    acts = stage.acts()
    up = {name for name in (BASE, HEAD) if any(a.startswith(f"{name} ") for a in acts)}
    up -= {name for name in up if (name, "start") in stage.error}
    assert {act for act in acts if act.endswith(" leave")} == {f"{name} leave" for name in up}
    assert acts[-1].split()[1] in {"leave", "start"}


def test_errors_that_name_an_arm_already_are_left_alone():
    told = ComparisonError("no such revision", cure="Name another.")
    with pytest.raises(ComparisonError) as caught, blamed_on_base():
        raise told
    assert caught.value is told


def test_a_launch_that_fails_has_no_log():
    with pytest.raises(ComparisonError) as caught, blamed_on_base():
        raise LaunchError("library 'jemalloc' was not found", where="preload", cure="Install it.")
    assert str(caught.value) == "the base cannot run: library 'jemalloc' was not found [preload]. Install it."
    assert caught.value.log_tail == ""


def test_a_fault_of_ours_is_not_blamed_on_the_base():
    with pytest.raises(ZeroDivisionError), blamed_on_base():
        _ = 1 / 0


def test_of_two_stretches_the_worse_counts_and_what_is_counted_adds_up():
    calm = Disturbance(
        window_s=10.0,
        steal=0.01,
        foreign=0.09,
        involuntary_switches=3,
        major_faults=1,
        kernel_ns=5e6,
        frequency_mhz=3000.0,
    )
    slow = Disturbance(
        window_s=20.0,
        steal=0.04,
        foreign=0.02,
        involuntary_switches=4,
        major_faults=2,
        kernel_ns=6e6,
        frequency_mhz=2000.0,
    )
    both = Disturbance(
        window_s=30.0,
        steal=0.04,
        foreign=0.09,
        involuntary_switches=7,
        major_faults=3,
        kernel_ns=6e6,
        frequency_mhz=2000.0,
    )
    assert joined([calm, slow]) == joined([slow, calm]) == both
    assert joined([calm]) == calm


def test_two_numpy_pipelines_are_paired_for_real(start, make_case, tmp_path):
    """Real processes with the real watch; its counts of the machine are told, and nobody sleeps."""
    case = make_case(sizes=((16, 24), (8, 8)), prompts=("a", "b"))

    def start_case(settings, *, log_path, timeout_s):
        return start(settings, log_path=log_path, timeout_s=timeout_s)

    arms = {
        name: SideRig(case, Model(None, ""), Rig(start_case, tmp_path / name, tmp_path, 60.0, print))
        for name in (BASE, HEAD)
    }

    def watch():
        return NoiseWatch(cpu_times=lambda: CpuTimes(hidden_because="it is told"), sleep=lambda seconds: None)

    sampled = PairSampler(arms, random.Random(1), watch).sample(1, 3, show_base=True)
    pair = sampled.pair
    for run in (pair.base, pair.head):
        assert {size: len(timings) for size, timings in run.images.items()} == {"16x24": 3, "8x8": 3}
        assert len(set(run.picture_sha256["16x24/0"])) == 1
        assert set(run.startup_ns) == {"spawn", "import", "load", "build"}
    assert pair.base.picture_sha256 == pair.head.picture_sha256
    assert all(kernel_ns > 0 for arm in pair.kernel_ns["8x8"].values() for kernel_ns in arm)
    assert (pair.seen.steal, pair.seen.foreign, pair.seen.unseen) == (0.0, 0.0, "it is told")
    assert set(pair.spent_s) == {"start", "rounds", "end"}
    assert min(pair.spent_s.values()) > 0
    assert sampled.evidence.stage_calls == {"text_encoder": 1, "unet": 3, "vae_decode": 1}
    assert all(path.exists() for path in sampled.pictures.values())
    assert len(sampled.pictures) == 4
