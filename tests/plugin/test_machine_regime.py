"""A machine that changes its regime: what is drawn again, what is said, and what is stored."""

import itertools

import pytest

from pytest_sdperf.hardware.round_trip import RoundTripTimes

pytestmark = pytest.mark.one_python


class Way:
    """Tells these round trips, in turn, and then the last one for ever."""

    pid = 17

    def __init__(self, *told):
        self.told = itertools.chain(told, itertools.repeat(told[-1]))

    def probe(self):
        return RoundTripTimes(next(self.told), 12_000)


@pytest.fixture
def recorded(project, weather):
    """A project with a baseline that was recorded near."""
    weather.way = Way(100)
    project.record()
    return project


def test_round_trips_are_stored_beside_each_picture(recorded):
    [run] = recorded.jobs()
    pictures = [timing for process in run.measurement.processes for timing in process.images["64x64"]]
    assert len(pictures) >= 15
    assert all(timing.round_trip_ns == [100, 100] for timing in pictures)
    assert all(timing.wake_up_ns == [12_000, 12_000] for timing in pictures)


def test_pictures_in_another_regime_are_drawn_again(recorded, weather):
    weather.way = Way(100, 384, 384, 384, 100)  # before the first picture, after it, after the second, and so on
    recorded.run("--sdperf-update=all").assert_outcomes(passed=1)
    first = recorded.jobs()[-1].measurement.processes[0]
    kept = [timing.round_trip_ns for timing in first.images["64x64"]]
    assert kept == [[100, 384], [384, 100], *[[100, 100]] * 3]
    assert [timing.round_trip_ns for timing in first.replaced["64x64"]] == [[384, 384], [384, 384]]
    assert all(timing.stages_ns == {} for timing in first.replaced["64x64"])


def test_what_could_not_be_had_in_the_usual_regime_is_said(recorded, weather):
    weather.way = Way(384)
    recorded.run("--sdperf-json=out.json", "--sdperf-processes=3")
    assert (
        "; 15 of 15 pictures could not be drawn in the machine's usual regime (a round trip between two of its CPUs "
        "took 384 ns, usually 100 ns)" in recorded.sentences("out.json")
    )


def test_the_same_side_by_side(recorded, weather, make_repository):
    repository = make_repository(path=recorded.path)
    repository.commit("one")
    weather.way = Way(384)
    recorded.run("--sdperf-against=HEAD", "--sdperf-identical=measure", "--sdperf-json=out.json", "--sdperf-rounds=3")
    assert "pictures could not be drawn in the machine's usual regime" in recorded.sentences("out.json")


def test_one_cpu_knows_no_regime(project, weather):
    project.record()
    [run] = project.jobs()
    assert all(
        timing.round_trip_ns == [] for process in run.measurement.processes for timing in process.images["64x64"]
    )
    assert "round_trip_ns" not in project.baseline.read_text()
