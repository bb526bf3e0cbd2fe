import contextlib
import difflib
import json
from datetime import datetime, timedelta, timezone
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_sdperf.baseline import Baseline, RecordedRun
from pytest_sdperf.baselines.file_format import FORMAT_VERSION, decode, encode, headline, laid_out, time_text
from pytest_sdperf.errors import BaselineError
from pytest_sdperf.measurement import (
    Disturbance,
    Environment,
    Evidence,
    ImageTiming,
    KernelTime,
    Measurement,
    ProcessRun,
)

WHERE = "baselines/m/c.json"
CURE = "Delete the file and record it again with `pytest --sdperf --sdperf-update=new`."


@pytest.fixture
def read(case_id, machine):
    return lambda data: decode(data, where=WHERE, case_id=case_id, machine_key=machine)


@pytest.fixture
def stored(make_stored):
    return json.loads(encode(make_stored()))


def refused(read, stored):
    data = stored if isinstance(stored, bytes) else json.dumps(stored).encode()
    with pytest.raises(BaselineError) as error:
        read(data)
    assert error.value.where == WHERE
    assert "record it again with `pytest --sdperf --sdperf-update=new`" in error.value.cure
    return error.value.what


def test_what_is_written_is_read_back(make, make_stored, read):
    for stored in (make_stored(), make_stored(make(), make((5,) * 3), make())):
        assert read(encode(stored)) == stored


def test_headline_comes_first_and_is_rounded(make, stored):
    assert list(stored) == ["format", "format_version", "case_id", "machine_key", "headline", "jobs"]
    assert stored["format_version"] == FORMAT_VERSION == 5
    assert stored["headline"] == [
        {
            "recorded_at": "2026-11-01T12:00:00Z",
            "processes": 3,
            "peak_rss_mib": 800,
            "peak_own_mib": 500,
            "repeatable": True,
            "64x64": {"median_s": 2.1, "spread": 0.048, "unet_s": 1.4, "vae_decode_s": 0.21, "rest_s": 0.49},
        }
    ]
    assert {"recorded_at": "2026-11-01T12:00:00Z", **headline(make())} == stored["headline"][0]


def test_a_job_more_only_adds_lines(make, make_stored):
    one, two = (encode(make_stored(*[make()] * n)).decode().splitlines() for n in (1, 2))
    changed = [line for line in difflib.ndiff(one, two) if line[0] == "-"]
    assert len(changed) <= 2, "only a comma, where the first job's headline and samples end"


def test_times_are_utc_to_the_second():
    moment = datetime(2026, 11, 24, 13, 5, 6, 789, tzinfo=timezone(timedelta(hours=1)))
    assert time_text(moment) == "2026-11-24T12:05:06Z"


@pytest.mark.parametrize("path", sorted(Path(__file__).parents[2].glob("baselines/*/*.json")), ids=lambda p: p.stem)
def test_what_this_project_has_stored_is_read(path):
    stored = decode(path.read_bytes(), where=str(path), case_id=path.stem, machine_key=path.parent.name)
    assert stored.newest.variant in path.stem


def test_one_line_per_picture_kernel_and_package(make_stored):
    lines = encode(make_stored()).decode().splitlines()
    assert sum('"total_ns"' in line for line in lines) == 6
    assert sum('"implementation"' in line for line in lines) == 1
    assert '            "torch": "2.8.0"' in lines
    assert any("Schiff im Stürm" in line for line in lines)
    assert all(len(line) < 300 for line in lines)


def test_one_changed_sample_changes_few_lines(make, make_stored):
    one, other = (
        encode(make_stored(make((t, 2_100_000_000, 2_200_000_000)))).decode().splitlines()
        for t in (2 * 10**9, 2 * 10**9 + 1)
    )
    changed = [a for a, b in zip(one, other, strict=True) if a != b]
    assert len(changed) == 3  # its two pictures and its warm-up


def test_truncated_file_names_itself_and_the_cure(make_stored, read):
    data = encode(make_stored())
    for end in (0, 1, len(data) // 2, len(data) - 3):
        assert refused(read, data[:end]).startswith("the file is truncated or no valid baseline: ")


@pytest.mark.parametrize("data", [b"[]", b"null", b"\xff\xfe", b'{"format": 1, "format_version": 1}', b"[" * 100_000])
def test_no_baseline_at_all(read, data):
    assert refused(read, data).startswith("the file is truncated or no valid baseline: ")


@pytest.mark.parametrize("version", [1, 2, 3, 4, 99])
def test_another_version_is_refused_whatever_its_shape(stored, read, version):
    other = {**stored, "format_version": version, "jobs": "of another shape"}
    assert refused(read, other) == f"the file has format version {version}, and this pytest-sdperf reads 5"
    with pytest.raises(BaselineError, match="Use the pytest-sdperf that wrote it"):
        read(json.dumps(other).encode())


def test_another_kind_of_file(stored, read):
    assert refused(read, {**stored, "format": "report"}) == "the file is a 'report', not a 'pytest-sdperf baseline'"


def test_nan_is_refused_on_reading(make_stored, read):
    data = encode(make_stored()).replace(b'"time_ms": 1.5', b'"time_ms": NaN')
    assert refused(read, data).startswith("the file is truncated or no valid baseline: ")


def test_unknown_fields_are_named(stored, read):
    measurement = stored["jobs"][0]["measurement"]
    measurement["processes"][1]["fudge"] = 1
    assert refused(read, stored) == "unknown field jobs[0].measurement.processes[1].fudge"
    del measurement["processes"][1]["fudge"]
    stored["jobs"][0]["fudge"] = 1
    assert "fudge" in refused(read, stored)
    del stored["jobs"][0]["fudge"]
    stored["fudge"] = 1
    assert "fudge" in refused(read, stored)


def test_wrong_types_are_named(stored, read):
    stored["jobs"][0]["measurement"]["processes"][0]["peak_rss_bytes"] = "many"
    what = refused(read, stored)
    assert what.startswith("jobs[0].measurement does not fit its schema: Expected `int`")
    assert "$.processes[0].peak_rss_bytes" in what


def test_file_of_another_machine_names_both(stored, read):
    stored["machine_key"] = stored["jobs"][0]["measurement"]["environment"]["machine_key"] = "spr-32c-amx"
    assert refused(read, stored) == "the file is of machine spr-32c-amx, but lies where zen5-2c-avx512_bf16 belongs"


def test_machine_key_changed_in_one_place_only(stored, read):
    stored["machine_key"] = "spr-32c-amx"
    assert refused(read, stored) == (
        "the file is of machine spr-32c-amx, zen5-2c-avx512_bf16, but lies where zen5-2c-avx512_bf16 belongs"
    )


def test_file_of_another_case_names_both(stored, read):
    stored["case_id"] = stored["jobs"][0]["measurement"]["case_id"] = "tuned-x"
    assert refused(read, stored) == "the file is of case tuned-x, but lies where fp32-tiny-64x64-4steps belongs"


def test_an_edited_headline_is_refused(stored, read):
    stored["headline"][0]["64x64"]["median_s"] = 9.9
    told = "the headline does not agree with the samples below it, so one of them was edited"
    assert refused(read, stored) == told
    assert refused(read, {**stored, "headline": []}) == told


def test_no_jobs_are_no_baseline(stored, read):
    assert refused(read, {**stored, "headline": [], "jobs": []}) == "there are no recorded runs"


@pytest.mark.parametrize(
    "time",
    [
        "yesterday",
        "2026-11-24",
        "2026-11-24T12:00:00",
        "2026-13-24T12:00:00Z",
        "2026-1-4T1:00:00Z",
        "2026-11-24T12:00:00+01:00",
    ],
)
def test_times_that_are_none(stored, read, time):
    stored["headline"][0]["recorded_at"] = stored["jobs"][0]["recorded_at"] = time
    assert refused(read, stored) == (f"jobs[0] was recorded at {time!r}, which is not a time like 2026-11-24T12:00:00Z")


def test_jobs_of_other_sizes_do_not_belong_together(make, make_stored):
    """Of the same workload as they say, so the file was edited."""
    first, other = make(), make()
    runs = [
        msgspec.structs.replace(
            run,
            **{
                name: {"8x8" if size == "64x64" else size: value for size, value in getattr(run, name).items()}
                for name in ("images", "warmup_ns")
            },
            picture_sha256={},
        )
        for run in other.processes
    ]
    with pytest.raises(BaselineError, match=r"jobs\[1\] drew the sizes .*8x8.*, and jobs\[0\] others"):
        encode(make_stored(first, msgspec.structs.replace(other, processes=runs)))


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"model_digest": "b" * 64}, "model aaaaaaaaaaaa, this is bbbbbbbbbbbb"),
        ({"scheduler": "DPM"}, "scheduler PNDMScheduler, this is DPM"),
        ({"workload": {"seeds": [1]}}, "another workload (guidance_scale, prompts, seeds, sizes)"),
    ],
)
def test_jobs_of_other_work_do_not_belong_together(make, make_stored, read, changed, told):
    told = f"jobs[1] does not belong to jobs[0], which was measured with {told}"
    with pytest.raises(BaselineError) as error:
        encode(make_stored(make(), make(**changed)))
    assert error.value.what == told
    files = [json.loads(encode(make_stored(m))) for m in (make(), make(**changed))]
    both = {**files[0], **{part: files[0][part] + files[1][part] for part in ("headline", "jobs")}}
    assert refused(read, both) == told


def edit(process=0, **fields):
    def change(m):
        processes = list(m.processes)
        processes[process] = msgspec.structs.replace(processes[process], **fields)
        return msgspec.structs.replace(m, processes=processes)

    return change


def evidence(**fields):
    kernel = {"operation": "matmul", "implementation": "x", "precision": "f32", "calls": 1, "time_ms": 1.0}
    return lambda m: msgspec.structs.replace(m, evidence=Evidence(kernels=[KernelTime(**{**kernel, **fields})]))


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda m: msgspec.structs.replace(m, processes=[]), "there are no processes"),
        (edit(images={}), "process 0 drew sizes [], not any"),
        (edit(1, images={}), "process 1 drew sizes [], not ['64x64']"),
        (edit(1, images={"8x8": [ImageTiming(1)]}), "process 1 drew sizes ['8x8'], not ['64x64']"),
        (edit(images={"64x64": []}), "process 0 has no samples at 64x64"),
        (edit(images={"64x64": [ImageTiming(0)]}), "process 0 has the sample 0 ns at 64x64"),
        (edit(images={"64x64": [ImageTiming(-5)]}), "process 0 has the sample -5 ns at 64x64"),
        (edit(images={"64x64": [ImageTiming(9, {"unet": [1, -1]})]}), "process 0 has the stage time -1 ns at 64x64"),
        (edit(peak_rss_bytes=0), "process 0 has peak_rss_bytes 0"),
        (edit(library_rss_bytes=-1), f"process 0 has library_rss_bytes -1 of peak_rss_bytes {800 << 20}"),
        (
            edit(1, library_rss_bytes=800 << 20),
            f"process 1 has library_rss_bytes {800 << 20} of peak_rss_bytes {800 << 20}",
        ),
        (edit(startup_ns={"load": -1}), "process 0 has the start-up or warm-up time -1 ns"),
        (edit(warmup_ns={"64x64": [3, -2]}), "process 0 has the start-up or warm-up time -2 ns"),
        (evidence(time_ms=float("nan")), "kernel x has time nan ms in 1 calls"),
        (evidence(time_ms=-1.0), "kernel x has time -1.0 ms in 1 calls"),
        (evidence(calls=-1), "kernel x has time 1.0 ms in -1 calls"),
        (lambda m: msgspec.structs.replace(m, workload={"g": float("nan")}), "the workload's g is nan"),
        (lambda m: msgspec.structs.replace(m, workload={"g": float("inf")}), "the workload's g is inf"),
    ],
)
def test_samples_that_no_clock_gives_are_refused_on_writing(make, make_stored, change, what):
    with pytest.raises(BaselineError) as error:
        encode(make_stored(make(), change(make())))
    assert error.value.what == f"jobs[1]: {what}"
    assert error.value.where == "measurement of fp32-tiny-64x64-4steps"
    assert error.value.cure == "This is never stored; measure again."


@pytest.mark.parametrize(
    ("place", "value", "what"),
    [
        (("total_ns",), -1, "process 0 has the sample -1 ns at 64x64"),
        (("stages_ns", "unet"), [-3], "process 0 has the stage time -3 ns at 64x64"),
    ],
)
def test_and_on_reading(stored, read, place, value, what):
    spot = stored["jobs"][0]["measurement"]["processes"][0]["images"]["64x64"][0]
    for name in place[:-1]:
        spot = spot[name]
    spot[place[-1]] = value
    assert refused(read, stored) == f"jobs[0]: {what}"


def test_empty_samples_are_refused_on_reading(stored, read):
    measurement = stored["jobs"][0]["measurement"]
    measurement["processes"][0]["images"]["64x64"] = []
    assert refused(read, stored) == "jobs[0]: process 0 has no samples at 64x64"
    measurement["processes"] = []
    assert refused(read, stored) == "jobs[0]: there are no processes"


texts = st.text(max_size=20)
times = st.integers(1, 10**15)
timings = st.builds(
    ImageTiming,
    total_ns=times,
    stages_ns=st.dictionaries(texts, st.lists(st.integers(0, 10**12), max_size=4), max_size=3),
)
measurements = st.builds(
    Measurement,
    case_id=st.just("c"),
    variant=texts,
    model=texts,
    model_digest=texts,
    scheduler=texts,
    workload=st.dictionaries(
        texts, st.one_of(texts, st.integers(-(2**53), 2**53), st.lists(texts, max_size=2)), max_size=3
    ),
    processes=st.lists(
        st.builds(
            ProcessRun,
            images=st.fixed_dictionaries({"64x64": st.lists(timings, min_size=1, max_size=3)}),
            warmup_ns=st.dictionaries(texts, st.lists(times, max_size=2), max_size=2),
            startup_ns=st.dictionaries(texts, times, max_size=2),
            peak_rss_bytes=times,
            library_rss_bytes=st.sampled_from([None, 0]),
            seen=st.none() | st.builds(Disturbance, st.floats(0, 1e6), foreign=st.floats(0, 1)),
            cpus=st.lists(st.integers(0, 1000), max_size=3),
        ),
        min_size=1,
        max_size=3,
    ),
    evidence=st.builds(Evidence, facts=st.dictionaries(texts, texts, max_size=2)),
    environment=st.builds(Environment, machine_key=st.just("m"), packages=st.dictionaries(texts, texts, max_size=2)),
)


def as_baseline(measurements):
    """Jobs of the first one's work, at any time of any day."""
    first = measurements[0]
    work = {"model_digest": first.model_digest, "scheduler": first.scheduler, "workload": first.workload}
    return st.builds(
        Baseline,
        st.tuples(
            *(
                st.builds(RecordedRun, moments.map(time_text), st.just(msgspec.structs.replace(m, **work)))
                for m in measurements
            )
        ).map(list),
    )


moments = st.datetimes(min_value=datetime(1970, 1, 1), timezones=st.just(timezone.utc))  # noqa: DTZ001 - hypothesis adds the zone
baselines = st.lists(measurements, min_size=1, max_size=3).flatmap(as_baseline)


@settings(max_examples=60, deadline=None)
@given(baselines)
def test_every_baseline_survives(stored):
    assert decode(encode(stored), where=WHERE, case_id="c", machine_key="m") == stored


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_damage_goes_beyond_a_baseline_error(data):
    whole = bytearray(encode(data.draw(baselines)))
    whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    # a changed digit may still be a baseline; all else must be refused as one
    with contextlib.suppress(BaselineError):
        decode(bytes(whole), where=WHERE, case_id="c", machine_key="m")


def test_samples_stay_on_one_line():
    value = {
        "a": {"x": [1, 2, 3], "y": {}},
        "b": [{"total_ns": 5, "stages": {"unet": [1, 2]}}, {"total_ns": 6}],
        "c": [],
    }
    assert laid_out(value) == (
        "{\n"
        '  "a": {\n'
        '    "x": [1, 2, 3],\n'
        '    "y": {}\n'
        "  },\n"
        '  "b": [\n'
        '    {"total_ns": 5, "stages": {"unet": [1, 2]}},\n'
        '    {"total_ns": 6}\n'
        "  ],\n"
        '  "c": []\n'
        "}\n"
    )


def test_nan_is_no_json():
    with pytest.raises(ValueError, match="JSON"):
        laid_out({"a": float("nan")})


plain = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text())
values = st.recursive(plain, lambda v: st.one_of(st.lists(v), st.dictionaries(st.text(), v)), max_leaves=20)


@given(values)
def test_it_is_json_of_the_same_value(value):
    assert json.loads(laid_out(value)) == value


def test_a_file_that_names_something_twice_is_refused(read, make_stored):
    text = encode(make_stored()).decode()
    with pytest.raises(BaselineError, match="an object in the file has 'format' twice: people read the first"):
        read(text.replace('"format":', '"format": "x", "format":', 1).encode())
