"""Workers that import for the next cases while a case is built."""

import contextlib
import dataclasses
from pathlib import Path

import pytest

from pytest_sdperf import protocol
from pytest_sdperf.activity import Activity
from pytest_sdperf.errors import LaunchError, WorkerError
from pytest_sdperf.measure import early, standing
from pytest_sdperf.measure.early import EarlyWorkers
from pytest_sdperf.measure.file_watch import Part
from pytest_sdperf.measure.rig import Model, Rig
from pytest_sdperf.measure.standing import Processes
from pytest_sdperf.variant import Launch, Variant

LIBRARIES = "pytest_sdperf.variants.diffusers_pipeline:import_libraries"
BOAT = Variant("boat", "harbour:build", libraries=LIBRARIES)
MODEL = Model(Path("/models/tiny"), "abc")


class Worker:
    spawn_ns = 1

    def __init__(self, port, name):
        self.port, self.name = port, name

    def send(self, command):
        self.command = command
        self.port.order.append(f"{self.name} {type(command).__name__}")

    def receive(self, expect):
        self.port.order.append(f"{self.name} answers")
        if self.name == self.port.sick.get("import"):
            raise WorkerError("it broke", cure="Fix it.")
        if expect is protocol.Preloaded:
            return protocol.Preloaded(Activity(opened=[f"/tree/of-{self.name}"]))
        return protocol.Built({}, "", "", {}, {})

    def kill(self):
        self.port.order.append(f"{self.name} killed")
        return 0


class Port:
    """Starts workers, and remembers what becomes of them."""

    def __init__(self):
        self.order, self.sick = [], {}

    @contextlib.contextmanager
    def __call__(self, settings, *, log_path, timeout_s):
        name = log_path.stem
        if name == self.sick.get("start"):
            raise LaunchError("no room", cure="Make some.")
        self.order.append(f"{name} starts")
        yield Worker(self, name)


class Watch:
    roots = ("/tree",)

    def __init__(self):
        self.parts, self.forgotten = [], []

    @contextlib.contextmanager
    def part(self):
        yield Part({"/tree/sitecustomize.txt"}, set())

    def add(self, part):
        self.parts.append(part)

    def forget(self, activity):
        self.forgotten += activity.opened


@pytest.fixture
def port(monkeypatch):
    for module in (early, standing):
        monkeypatch.setattr(module, "has_room", lambda count, peak_bytes: True)
    monkeypatch.setattr(early, "expected_peak_bytes", lambda folder: 1)
    monkeypatch.setattr(standing, "expected_peak_bytes", lambda folder: 1)
    return Port()


@pytest.fixture
def workers(tmp_path):
    """The next case is the boat's."""
    return EarlyWorkers(tmp_path, upcoming=lambda most: [BOAT][:most])


@pytest.fixture
def processes(port, workers, make_case, tmp_path):
    """The processes of a case, of the ship or of a variant that is given."""

    def processes(variant=None, *, cores=2, look=None, timeout_s=60.0, model=MODEL):
        case = make_case()
        case = dataclasses.replace(case, variant=variant) if variant else case
        rig = Rig(port, tmp_path, tmp_path, timeout_s, print, cores=cores, early=workers, look=look)
        return Processes(case, model, rig)

    return processes


def test_a_core_that_is_left_imports_for_the_next_case(processes, port):
    with processes() as ours:
        ours.next(1)
        assert port.order == [
            *["process-1 starts", "early-1-boat starts", "process-1 Build", "early-1-boat Preload"],
            *["process-1 answers", "early-1-boat answers"],
        ]
        assert [worker.name for worker in ours.beside] == ["early-1-boat"]
    assert "early-1-boat killed" not in port.order, "its case will want it"


@pytest.mark.parametrize(("cores", "likely"), [(1, 1), (2, 2)])
def test_none_imports_where_no_core_is_left(processes, port, cores, likely):
    with processes(cores=cores) as ours:
        ours.next(likely)
    assert not any("early" in line for line in port.order)


def test_the_next_case_takes_it_and_lets_none_start(processes, port):
    with processes() as ours:
        ours.next(1)
    del port.order[:]
    with processes(BOAT) as ours:
        assert ours.next(1).worker.name == "early-1-boat"
        assert ours.beside == []
    assert port.order == ["early-1-boat Build", "early-1-boat answers", "early-1-boat killed"]


@pytest.mark.parametrize(
    "other",
    [
        {"variant": Variant("boat", "harbour:build", libraries=LIBRARIES, launch=Launch(env={"A": "1"}))},
        {"variant": Variant("boat", "harbour:build", libraries="other:libraries")},
        {"variant": BOAT, "timeout_s": 61.0},
        {"variant": BOAT, "model": Model(Path("/models/large"), "def")},
        {"variant": BOAT, "look": Watch()},
    ],
)
def test_a_case_with_other_needs_starts_its_own(processes, port, workers, other):
    with processes() as ours:
        ours.next(1)
    workers.upcoming = lambda most: []
    with processes(**other) as ours:
        assert ours.next(1).worker.name == "process-1"


@pytest.mark.parametrize(
    "variant",
    [
        Variant("boat", "harbour:build"),
        Variant("boat", "harbour:build", libraries=LIBRARIES, import_path=("/tests",)),
    ],
)
def test_nothing_is_imported_for_what_the_project_declares(processes, port, workers, variant):
    workers.upcoming = lambda most: [variant]
    with processes() as ours:
        ours.next(1)
    assert not any("early" in line for line in port.order)


def test_nothing_is_imported_where_memory_is_short(processes, port, monkeypatch):
    monkeypatch.setattr(early, "has_room", lambda count, peak_bytes: count < 2)
    with processes() as ours:
        ours.next(1)
    assert not any("early" in line for line in port.order)


@pytest.mark.parametrize("fails_to", ["start", "import"])
def test_one_that_fails_is_given_up_and_its_case_starts_another(processes, port, workers, fails_to):
    port.sick[fails_to] = "early-1-boat"
    with processes() as ours:
        ours.next(1)
    assert workers.standing == []
    workers.upcoming = lambda most: []
    with processes(BOAT) as ours:
        assert ours.next(1).worker.name == "process-1"


def test_who_ends_the_session_ends_them(processes, port, workers):
    with processes() as ours:
        ours.next(1)
    workers.close()
    assert port.order[-1] == "early-1-boat killed"
    assert workers.standing == []


def test_what_it_opens_is_not_the_running_cases_and_its_start_is_its_own(processes, port, workers):
    of_ship, of_boat = Watch(), Watch()
    with processes(look=of_ship) as ours:
        ours.next(1)
    assert (of_ship.forgotten, of_ship.parts) == (["/tree/of-early-1-boat"], [])
    workers.upcoming = lambda most: []
    with processes(BOAT, look=of_boat) as ours:
        ours.next(1)
    assert of_boat.parts == [Part({"/tree/sitecustomize.txt"}, set())]
