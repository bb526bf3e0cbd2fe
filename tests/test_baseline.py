import msgspec
import pytest

from pytest_sdperf.baseline import MAX_RUNS, Baseline, RecordedRun, level_s, other_work, run_of
from pytest_sdperf.measurement import Environment, Evidence, ImageTiming, Measurement, ProcessRun
from pytest_sdperf.program import Program


def measured(median_s=1.0, **fields):
    run = ProcessRun({"8x8": [ImageTiming(round(median_s * 1e9))]}, {}, {}, peak_rss_bytes=1)
    work = {"model_digest": "a" * 64, "scheduler": "PNDM", "workload": {"seeds": [0], "sizes": [[8, 8]]}}
    return Measurement(
        **{"case_id": "c", "variant": "v", "model": "m", **work, **fields},
        processes=[run], evidence=Evidence(), environment=Environment("here"),
    )  # fmt: skip


def test_the_newest_is_last_and_the_oldest_falls_off():
    stored = Baseline([RecordedRun("1", measured(1.0))])
    for number in range(2, MAX_RUNS + 1):
        stored = stored.with_run(RecordedRun(str(number), measured(number)))
    assert [job.recorded_at for job in stored.runs] == [str(n) for n in range(1, MAX_RUNS + 1)]
    stored = stored.with_run(RecordedRun("new", measured(99)))
    assert [job.recorded_at for job in stored.runs] == [*(str(n) for n in range(2, MAX_RUNS + 1)), "new"]
    assert stored.newest == stored.measurements[-1] == measured(99)
    assert len(stored.measurements) == MAX_RUNS == 10


def test_the_level_is_the_geometric_mean():
    assert level_s([measured(1.0), measured(4.0)], "8x8") == pytest.approx(2.0)
    assert level_s([measured(3.0)], "8x8") == pytest.approx(3.0)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({}, None),
        ({"model_digest": "b" * 64}, "model aaaaaaaaaaaa, this is bbbbbbbbbbbb"),
        ({"model_digest": ""}, None),
        ({"scheduler": "DPM"}, "scheduler PNDM, this is DPM"),
        ({"workload": {"seeds": (0,), "sizes": ((8, 8),)}}, None),
        ({"workload": {"seeds": [1], "steps": 4, "sizes": [[8, 8]]}}, "another workload (seeds, steps)"),
        ({"variant": "w", "model": "n"}, None),
    ],
)
def test_what_makes_other_work(changed, told):
    assert other_work(measured(), msgspec.structs.replace(measured(2.0), **changed)) == told


def test_a_recording_keeps_of_its_program_what_the_measurement_does_not_say():
    measurement = measured()
    program = Program(
        modules={"ship": "1"},
        model_digest="a" * 64,
        workload={"seeds": "[0]", "sizes": "[[8,8]]"},
        python="CPython 3",
        packages={"numpy": "2"},
    )
    environment = msgspec.structs.replace(measurement.environment, python="CPython 3", packages={"numpy": "2"})
    run = run_of("1", msgspec.structs.replace(measurement, environment=environment), program, "c0ffee")
    assert run.program == Program(modules={"ship": "1"})
    assert run.whole_program == program
    assert run.revision == "c0ffee"


def test_of_what_was_recorded_without_its_program_none_is_known():
    run = run_of("1", measured(), None)
    assert (run.program, run.whole_program, run.revision) == (None, None, "")
