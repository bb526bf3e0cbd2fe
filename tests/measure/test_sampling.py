import contextlib
import dataclasses
from pathlib import Path

import msgspec
import numpy as np
import pytest

from pytest_sdperf import protocol
from pytest_sdperf.build_spec import BuildSpec
from pytest_sdperf.errors import WorkerError
from pytest_sdperf.measure import standing
from pytest_sdperf.measure.chain_plan import ChainPlan
from pytest_sdperf.measure.progress import Reach
from pytest_sdperf.measure.rig import WARM_UP_IMAGES, Model, Rig
from pytest_sdperf.measure.sampling import Enough, call_in_worker, draw_reference, sample
from pytest_sdperf.measurement import Disturbance, Environment, Evidence, ImageTiming, Measurement
from pytest_sdperf.picture_chain import Chains, PictureChain
from pytest_sdperf.variant import Launch
from pytest_sdperf.workload import picture_key

HOST = Environment(machine_key="zen5-2cores", cpu_model="AMD EPYC", kernel="6.18")
NO_MODEL = Model(folder=None, digest="")


class FakeWorkers:
    """Starts workers that answer at once and write down what they were asked."""

    def __init__(self, *, exit_code=0, fails_at=None, fails_from=1):
        self.starts = []
        self.asked = []
        self.order = []
        "(number of the process, command), of all in the order of their commands"
        self.ended = []
        self.closed = []
        self.killed = []
        self.fails_from = fails_from
        self.exit_code = exit_code
        self.fails_at = fails_at
        self.other_path = ""
        self.filtered = ()
        "numbers of the pictures that a safety checker replaces"
        self.digest = lambda number: "d"

    @contextlib.contextmanager
    def __call__(self, settings, *, log_path, timeout_s):
        self.starts.append((settings, log_path, timeout_s))
        self.asked.append([])
        try:
            yield FakeWorker(self, len(self.starts))
        finally:
            self.ended.append(log_path.stem)


class FakeWorker:
    spawn_ns = 21

    def cpu_ns(self):
        return self.number

    def __init__(self, workers, number):
        self.workers, self.number = workers, number

    def close(self):
        self.workers.closed.append(self.number)
        return self.workers.exit_code

    def kill(self):
        self.workers.killed.append(self.number)

    def ask(self, command, expect):
        self.send(command)
        return self.receive(expect)

    def send(self, command):
        self.workers.asked[self.number - 1].append(command)
        self.workers.order.append((self.number, type(command).__name__))
        self.command = command

    def receive(self, expect):
        if type(self.command) is self.workers.fails_at and self.number >= self.workers.fails_from:
            raise WorkerError("it broke", cure="Fix it.")
        answer = self.answer(self.command)
        assert isinstance(answer, expect)
        return answer

    def answer(self, command):  # noqa: PLR0911 -- one answer for each command
        match command:
            case protocol.Call(_, kwargs):
                return protocol.Called(kwargs)
            case protocol.Prepare():
                return protocol.Prepared({"export": 57})
            case protocol.Build(spec):
                self.folder = spec.picture_dir
                return protocol.Built({"load": 3, "build": 1}, "", "CPython 3.11", {"numpy": "2"}, {"OMP_DYNAMIC": "1"})
            case protocol.WarmUp(_, images):
                return protocol.Warmed([900] * images)
            case protocol.Generate(size, prompt, rounds):
                return protocol.Generated(
                    images=[ImageTiming(100 * self.number + n, {"unet": [40, 40]}) for n in range(rounds)],
                    sha256=[self.workers.digest(self.number)] * rounds,
                    path=f"{self.folder}/{size[0]}x{size[1]}-{prompt}.npy",
                    other_path=self.workers.other_path,
                    peak_rss_bytes=1000 * self.number + size[0],
                    library_rss_bytes=100 * self.number,
                    threads=2,
                    cpus=[0, 1],
                )
            case protocol.Draw(size, prompt):
                path = f"{self.folder}/{size[0]}x{size[1]}-{prompt}.npy"
                return protocol.Drawn("e", path, threads=2, is_filtered=prompt in self.workers.filtered)
            case protocol.Prove():
                return protocol.Proven(Evidence(facts={"process": str(self.number)}))
            case protocol.Follow(size, prompt):
                return protocol.Followed(PictureChain(picture_key(size, prompt), []))


@pytest.fixture
def told():
    return []


@pytest.fixture
def rig(tmp_path, told):
    def rig(start):
        return Rig(start, tmp_path / "work", tmp_path / "cache", 60.0, told.append, show=lambda s: told.append(s.line))

    return rig


class FakeWatch:
    """Writes down when it was asked, and with what."""

    def __init__(self, workers):
        self.workers = workers

    def begin(self, processes):
        self.counts = [process.cpu_ns() for process in processes]
        self.asked_before = names(self.workers.asked[-1])

    def wait_until_quiet(self, cpu_ns):
        self.waited_for = [*getattr(self, "waited_for", []), cpu_ns()]

    def end(self, usages):
        assert self.workers.order[-1] == (self.counts[0], "Generate")
        return Disturbance(float(self.counts[0]), major_faults=len(usages))


def test_each_process_is_watched_while_its_pictures_are_timed(make_case, rig):
    workers = FakeWorkers()
    watched = []

    def watch():
        watched.append(FakeWatch(workers))
        return watched[-1]

    alone = dataclasses.replace(rig(workers), watch=watch)
    case = make_case(sizes=((16, 24), (24, 24)))
    measurement = sample(case, Model(None, ""), alone, processes=2, rounds=1, host=HOST).measurement
    assert [run.seen for run in measurement.processes] == [
        Disturbance(1.0, major_faults=2), Disturbance(2.0, major_faults=2),
    ]  # fmt: skip
    assert [one.asked_before for one in watched] == [["Build"]] * 2
    unwatched = sample(case, Model(None, ""), rig(workers), processes=1, rounds=1, host=HOST).measurement
    assert unwatched.processes[0].seen is None


def names(commands):
    return [type(command).__name__ for command in commands]


def test_a_case_is_prepared_then_measured_in_fresh_processes(make_case, rig, tmp_path, told):
    workers = FakeWorkers()
    case = make_case(prepare="prepare", launch=Launch(env={"A": "1"}))
    model = Model(tmp_path / "model", "abc")
    sampled = sample(case, model, rig(workers), processes=2, rounds=3, host=HOST)
    assert [names(asked) for asked in workers.asked] == [
        ["Prepare"],
        ["Build", "WarmUp", "Generate", "Prove"],
        ["Build", "WarmUp", "Generate"],
    ]
    folder = tmp_path / "work" / case.id
    assert workers.starts == [
        (case.variant.launch, folder / f"{name}.log", 60.0) for name in ("prepare", "process-1", "process-2")
    ]
    assert workers.closed == [1, 2, 3]
    assert sorted(workers.ended) == ["prepare", "process-1", "process-2"]
    assert workers.asked[1][0].spec == BuildSpec.of(
        case,
        model_dir=str(tmp_path / "model"),
        model_digest="abc",
        cache_dir=str(tmp_path / "cache"),
        picture_dir=str(folder / "process-1"),
    )
    assert workers.asked[1][1:3] == [protocol.WarmUp((16, 24), WARM_UP_IMAGES), protocol.Generate((16, 24), 0, 3)]
    assert sampled.drawing.pictures == {"16x24/0": folder / "process-1" / "16x24-0.npy"}
    assert told[0] == "ship: preparing"
    assert told[1].startswith("ship: prepared in ")
    assert [line.removeprefix("ship: ").partition(", ")[0] for line in told[2:]] == [
        *["process 1 of 2", "process 1 of 2: building", "process 1 of 2: timing pictures at 16x24"],
        *["process 1 of 2: drawing what is not timed", "process 1 of 2: collecting evidence"],
        *["process 1 of 2: following pictures", "process 1 of 2"],
        *["process 2 of 2", "process 2 of 2: building", "process 2 of 2: timing pictures at 16x24"],
        "process 2 of 2",
    ]
    assert told[8].startswith("ship: process 1 of 2, 0.201 us a picture")
    assert told[12].startswith("ship: process 2 of 2, 0.301 us a picture")


def test_no_step_is_told_between_the_warming_up_and_the_last_timed_picture(make_case, tmp_path):
    """What draws a step for people would take its time from the pictures."""
    workers = FakeWorkers()

    def show(step):
        if workers.asked:
            workers.asked[-1].append(step)

    rig = Rig(workers, tmp_path / "work", tmp_path / "cache", 60.0, print, show=show)
    sample(make_case(sizes=((16, 24), (8, 8))), NO_MODEL, rig, processes=1, rounds=3, host=HOST)
    told = names(workers.asked[0])
    assert told[:7] == ["Build", "Step", "WarmUp", "Generate", "Step", "WarmUp", "Generate"]


@pytest.mark.parametrize(("processes", "told_of"), [(1, [1]), (3, [1, 2, 3])])
def test_each_process_is_a_line_of_a_log(make_case, tmp_path, processes, told_of):
    steps = []
    rig = Rig(FakeWorkers(), tmp_path / "work", tmp_path / "cache", 60.0, print, show=steps.append)
    sample(make_case(), NO_MODEL, rig, processes=processes, rounds=3, host=HOST)
    lines = [step for step in steps if step.reach is Reach.LOG]
    assert [step.doing.partition(",")[0] for step in lines] == [f"process {n} of {processes}" for n in told_of]
    assert [step.ends_s is None for step in steps[:3]] == [True] * 3
    assert all(step.ends_s >= step.elapsed_s or step.elapsed_s < 1 for step in lines)


@pytest.fixture
def cores(rig, monkeypatch):
    """A rig on two cores; returned is what memory holds for each question, a list."""
    asked = []
    monkeypatch.setattr(standing, "has_room", lambda count, peak_bytes: asked.append((count, peak_bytes)) or True)
    return asked, lambda workers: dataclasses.replace(rig(workers), cores=2)


def steps(workers):
    return [f"{number} {name}" for number, name in workers.order]


def test_as_many_processes_are_built_at_once_as_there_are_cores(make_case, cores):
    workers = FakeWorkers()
    room, on_two = cores
    sample(make_case(), NO_MODEL, on_two(workers), processes=3, rounds=1, host=HOST)
    assert steps(workers) == [
        *["1 Build", "2 Build", "1 WarmUp", "1 Generate", "1 Prove"],
        *["2 WarmUp", "2 Generate", "3 Build", "3 WarmUp", "3 Generate"],
    ]
    assert room == [(2, 1 << 30)]
    assert workers.killed == []


def test_the_first_is_built_alone_where_it_may_be_enough(make_case, cores):
    workers = FakeWorkers()
    room, on_two = cores
    asked = []

    def enough(measurement, looked):
        asked.append(len(measurement.processes))
        return len(asked) == 2

    sample(make_case(), NO_MODEL, on_two(workers), processes=3, rounds=1, host=HOST, enough=Enough(enough))
    assert steps(workers) == [
        *["1 Build", "1 WarmUp", "1 Generate", "1 Prove"],
        *["2 Build", "3 Build", "2 WarmUp", "2 Generate"],
    ]
    assert asked == [1, 2]
    assert room == [(2, 1016)], "by what the first one needed"
    assert (workers.closed, workers.killed) == ([1, 2], [3]), "nobody needs it"


@pytest.mark.parametrize(("holds", "at_once"), [(1, 1), (2, 2), (3, 3)])
def test_memory_limits_how_many_are_built_at_once(make_case, cores, monkeypatch, holds, at_once):
    workers = FakeWorkers()
    _, on_two = cores
    monkeypatch.setattr(standing, "has_room", lambda count, peak_bytes: count <= holds)
    rig = dataclasses.replace(on_two(workers), cores=4)
    sample(make_case(), NO_MODEL, rig, processes=3, rounds=1, host=HOST)
    assert steps(workers)[:at_once] == [f"{number + 1} Build" for number in range(at_once)]
    assert steps(workers)[at_once] == "1 WarmUp"


def test_pictures_are_timed_when_those_beside_have_come_to_rest(make_case, cores):
    workers, watches = FakeWorkers(), []
    _, on_two = cores

    def watch():
        watches.append(FakeWatch(workers))
        return watches[-1]

    rig = dataclasses.replace(on_two(workers), watch=watch)
    sample(make_case(), NO_MODEL, rig, processes=2, rounds=1, host=HOST)
    assert [(one.counts, getattr(one, "waited_for", [])) for one in watches] == [([1], [2]), ([2], [])]


def test_a_process_that_fails_beside_another_says_so_when_its_turn_comes(make_case, cores):
    workers = FakeWorkers(fails_at=protocol.Build, fails_from=2)
    _, on_two = cores
    with pytest.raises(WorkerError, match="it broke"):
        sample(make_case(), NO_MODEL, on_two(workers), processes=2, rounds=1, host=HOST)
    assert steps(workers) == ["1 Build", "2 Build", "1 WarmUp", "1 Generate", "1 Prove"]
    assert sorted(workers.ended) == ["process-1", "process-2"]


def test_one_that_fails_and_that_nobody_needs_fails_nothing(make_case, cores):
    workers = FakeWorkers(fails_at=protocol.Build, fails_from=3)
    _, on_two = cores
    answers = iter([False, True])
    enough = lambda measurement, looked: next(answers)  # noqa: E731
    sampled = sample(make_case(), NO_MODEL, on_two(workers), processes=3, rounds=1, host=HOST, enough=Enough(enough))
    assert len(sampled.measurement.processes) == 2
    assert sorted(workers.ended) == ["process-1", "process-2", "process-3"]


def test_the_measurement_holds_what_the_workers_said(make_case, rig):
    case = make_case(sizes=((16, 24), (8, 8)), prompts=("a", "b"))
    measurement = sample(case, NO_MODEL, rig(FakeWorkers()), processes=2, rounds=3, host=HOST).measurement
    first, second = measurement.processes
    assert (measurement.case_id, measurement.variant, measurement.model) == (case.id, "ship", "synthetic:tiny")
    assert (measurement.model_digest, measurement.scheduler, measurement.preparation_ns) == ("", "default", {})
    assert measurement.sizes == ["16x24", "8x8"]
    assert [t.total_ns for t in first.images["16x24"]] == [100, 101, 102]
    assert [t.total_ns for t in second.images["8x8"]] == [200, 201, 202]
    assert first.warmup_ns == {"16x24": [900, 900], "8x8": [900, 900]}
    assert first.startup_ns == {"spawn": 21, "load": 3, "build": 1}
    assert second.peak_rss_bytes == 2008
    assert second.library_rss_bytes == 200
    assert (first.threads, first.cpus) == (2, [0, 1])
    assert first.picture_sha256 == {"16x24/0": ["d"] * 3, "8x8/0": ["d"] * 3, "16x24/1": ["e"], "8x8/1": ["e"]}
    assert set(second.picture_sha256) == {"16x24/0", "8x8/0"}
    assert measurement.evidence.facts == {"process": "1"}
    assert measurement.environment == Environment(
        machine_key="zen5-2cores",
        cpu_model="AMD EPYC",
        kernel="6.18",
        python="CPython 3.11",
        packages={"numpy": "2"},
        variables={"OMP_DYNAMIC": "1"},
        threads=2,
        cpus=[0, 1],
    )
    assert msgspec.json.decode(msgspec.json.encode(measurement), type=Measurement) == measurement


def test_the_first_process_draws_the_prompts_that_are_not_timed(make_case, rig, tmp_path):
    workers = FakeWorkers()
    case = make_case(sizes=((16, 24), (8, 8)), prompts=("a", "b", "c"))
    sampled = sample(case, NO_MODEL, rig(workers), processes=1, rounds=1, host=HOST)
    assert names(workers.asked[0]) == ["Build", *["WarmUp", "Generate"] * 2, *["Draw"] * 4, "Prove"]
    folder = tmp_path / "work" / case.id / "process-1"
    assert sampled.drawing.pictures == {
        f"{size}/{prompt}": folder / f"{size}-{prompt}.npy" for size in ("16x24", "8x8") for prompt in range(3)
    }


def test_the_first_process_keeps_the_chains_of_a_reference(make_case, rig):
    workers = FakeWorkers()
    case = make_case(sizes=((16, 24), (8, 8)), prompts=("a", "b"))
    sampled = sample(case, NO_MODEL, rig(workers), processes=2, rounds=1, host=HOST, chains=ChainPlan("all"))
    drawn = [command for command in workers.asked[0] if isinstance(command, protocol.Draw)]
    kept = {key: str(path) for key, path in sampled.drawing.chains.items()}
    assert [(command.picture_index, command.chain_path) for command in drawn] == [
        *[(0, kept["16x24/0"]), (1, kept["16x24/1"])],
        (1, ""),
    ]
    assert "Draw" not in names(workers.asked[1])
    assert sampled.chains is None


def test_the_first_process_follows_the_chains_of_another(make_case, rig, tmp_path):
    workers = FakeWorkers()
    case = make_case(prompts=("a", "b"))
    given = {f"16x24/{index}": tmp_path / f"{index}.zip" for index in range(2)}
    chains = ChainPlan("all", "fp32", given)
    sampled = sample(case, NO_MODEL, rig(workers), processes=2, rounds=1, host=HOST, chains=chains)
    assert names(workers.asked[0]) == ["Build", "WarmUp", "Generate", "Draw", "Prove", "Follow", "Follow"]
    assert names(workers.asked[1]) == ["Build", "WarmUp", "Generate"]
    assert sampled.chains == Chains("fp32", [PictureChain("16x24/0", []), PictureChain("16x24/1", [])])
    assert sampled.drawing.chains == {}


def test_pictures_that_a_safety_checker_replaced_are_named(make_case, rig):
    workers = FakeWorkers()
    workers.filtered = (1,)
    case = make_case(prompts=("a", "b"))
    assert sample(case, NO_MODEL, rig(workers), processes=1, rounds=1, host=HOST).filtered == {"16x24/1"}


def test_pictures_that_do_not_repeat_are_kept(make_case, rig, tmp_path):
    workers = FakeWorkers()
    folder = tmp_path / "work" / make_case().id
    assert sample(make_case(), NO_MODEL, rig(workers), processes=2, rounds=1, host=HOST).others == {}
    workers.digest = str
    workers.starts.clear()
    sampled = sample(make_case(), NO_MODEL, rig(workers), processes=3, rounds=1, host=HOST)
    assert sampled.others == {"16x24/0": [folder / f"process-{n}" / "16x24-0.npy" for n in (2, 3)]}
    workers.digest, workers.other_path = (lambda number: "d"), "/p/other.npy"
    sampled = sample(make_case(), NO_MODEL, rig(workers), processes=1, rounds=2, host=HOST)
    assert sampled.others == {"16x24/0": [Path("/p/other.npy")]}


def test_a_scheduler_that_the_pipeline_shows_is_named(make_case, rig, monkeypatch):
    answer = FakeWorker.answer

    def with_scheduler(self, command):
        given = answer(self, command)
        return msgspec.structs.replace(given, scheduler="PNDM") if isinstance(given, protocol.Built) else given

    monkeypatch.setattr(FakeWorker, "answer", with_scheduler)
    sampled = sample(make_case(), NO_MODEL, rig(FakeWorkers()), processes=1, rounds=1, host=HOST)
    assert sampled.measurement.scheduler == "PNDM"


def test_a_crash_after_the_work_is_only_told(make_case, rig, told):
    sample(make_case(), NO_MODEL, rig(FakeWorkers(exit_code=-6)), processes=1, rounds=1, host=HOST)
    assert "ship: process-1 ended with exit code -6 after its work was done; see its log" in told


@pytest.mark.parametrize("step", [protocol.Prepare, protocol.Build, protocol.Generate, protocol.Draw, protocol.Prove])
def test_what_fails_ends_its_worker_and_the_case(make_case, rig, step):
    workers = FakeWorkers(fails_at=step)
    case = make_case(prepare="prepare", prompts=("a", "b"))
    with pytest.raises(WorkerError, match="it broke"):
        sample(case, NO_MODEL, rig(workers), processes=1, rounds=1, host=HOST)
    assert len(workers.ended) == len(workers.starts)


def test_a_reference_is_drawn_once_untimed(make_case, rig, tmp_path, told):
    workers = FakeWorkers()
    case = make_case(prepare="prepare", prompts=("a", "b"))
    drawing = draw_reference(case, NO_MODEL, rig(workers), host=HOST)
    assert [names(asked) for asked in workers.asked] == [["Prepare"], ["Build", "Draw", "Draw"]]
    folder = tmp_path / "work" / case.id / "reference"
    assert drawing.pictures == {"16x24/0": folder / "16x24-0.npy", "16x24/1": folder / "16x24-1.npy"}
    assert drawing.environment == msgspec.structs.replace(
        HOST, python="CPython 3.11", packages={"numpy": "2"}, variables={"OMP_DYNAMIC": "1"}, threads=2
    )
    assert told[-1] == "ship: drawing the reference pictures"


def test_a_function_is_called_in_a_plain_worker_of_its_own(tmp_path):
    workers = FakeWorkers()
    assert call_in_worker(workers, "m:f", {"a": 1}, log_path=tmp_path / "log", timeout_s=5) == {"a": 1}
    assert workers.starts == [(Launch(), tmp_path / "log", 5)]
    assert workers.asked == [[protocol.Call("m:f", {"a": 1})]]


def test_a_numpy_pipeline_is_measured_for_real(make_case, start, tmp_path, told):
    """Real processes, no torch anywhere."""

    def start_case(settings, *, log_path, timeout_s):
        return start(settings, log_path=log_path, timeout_s=timeout_s)

    rig = Rig(start_case, tmp_path / "work", tmp_path, 60.0, told.append)
    case = make_case("noisy", prepare="prepare", sizes=((16, 24), (8, 8)), prompts=("a", "b"))
    sampled = sample(case, NO_MODEL, rig, processes=2, rounds=2, host=HOST)
    measurement = sampled.measurement
    assert measurement.repeatable
    assert list(measurement.preparation_ns) == ["export"]
    assert list(measurement.stages_s()) == ["text_encoder", "unet", "vae_decode", "rest"]
    assert measurement.evidence.stage_calls == {"text_encoder": 1, "unet": 3, "vae_decode": 1}
    for process in measurement.processes:
        assert set(process.startup_ns) == {"spawn", "import", "build"}
        for timing in process.images["16x24"]:
            assert timing.rest_ns >= 0
            assert timing.rest_ns + sum(map(sum, timing.stages_ns.values())) == timing.total_ns
    assert sorted(sampled.drawing.pictures) == ["16x24/0", "16x24/1", "8x8/0", "8x8/1"]
    assert np.load(sampled.drawing.pictures["16x24/1"]).shape == (16, 24, 3)
    references = draw_reference(case, NO_MODEL, rig, host=HOST).pictures
    for key, path in sampled.drawing.pictures.items():
        np.testing.assert_array_equal(np.load(path), np.load(references[key]))
    assert "ahoy" in Path(tmp_path / "work" / case.id / "process-1.log").read_text()
