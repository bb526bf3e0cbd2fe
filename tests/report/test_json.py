"""The JSON report holds everything, survives the round trip, and refuses what it did not write."""

from __future__ import annotations

import base64
import io
import json
import math
from types import NoneType
from typing import Any, Literal, get_args, get_origin, get_type_hints

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from pytest_sdperf.baseline import Baseline, RecordedRun
from pytest_sdperf.comparison import Comparison, Pair, Side
from pytest_sdperf.errors import ReportError
from pytest_sdperf.measurement import (
    Disturbance,
    Environment,
    Evidence,
    ImageTiming,
    KernelTime,
    Measurement,
    ProcessRun,
)
from pytest_sdperf.program import Program
from pytest_sdperf.report import html, terminal
from pytest_sdperf.report.json import FORMAT_VERSION, read, render
from pytest_sdperf.report.outcome import Outcome, Report, ShownPicture
from pytest_sdperf.report.thumbnails import image_name
from pytest_sdperf.verdict.case_verdict import AnyFinding, Verdict
from pytest_sdperf.verdict.chain_finding import ChainFinding
from pytest_sdperf.verdict.latency_findings import SizeLatency, SizeSpeedup
from pytest_sdperf.verdict.memory_finding import MemoryFinding
from pytest_sdperf.verdict.picture_finding import PictureFinding
from pytest_sdperf.verdict.status import Status


def small_image(colour: str) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8), colour).save(buffer, "WEBP")
    return buffer.getvalue()


TEXT = st.text(alphabet=st.characters(), max_size=8)  # lone surrogates too
COUNT = st.integers(0, 2**63 - 1)
NUMBER = st.floats()  # NaN and infinities too
PLAIN = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), NUMBER, TEXT),
    lambda inner: st.lists(inner, max_size=2),
    max_leaves=4,
)
TIMING = st.builds(
    ImageTiming,
    total_ns=st.integers(1, 2**63 - 1),
    stages_ns=st.dictionaries(TEXT, st.lists(COUNT, max_size=2), max_size=2),
)
EVIDENCE = st.builds(
    Evidence,
    kernels=st.lists(st.builds(KernelTime, TEXT, TEXT, TEXT, COUNT, NUMBER), max_size=2),
    facts=st.dictionaries(TEXT, TEXT, max_size=2),
)
ENVIRONMENT = st.builds(Environment, TEXT, packages=st.dictionaries(TEXT, TEXT, max_size=2))


@st.composite
def measurements(draw: st.DrawFn) -> Measurement:
    sizes = draw(st.lists(TEXT, min_size=1, max_size=2, unique=True))
    images = st.fixed_dictionaries({s: st.lists(TIMING, min_size=1, max_size=2) for s in sizes})
    process = st.builds(
        ProcessRun,
        images=images,
        warmup_ns=st.dictionaries(TEXT, st.lists(COUNT, max_size=1), max_size=1),
        startup_ns=st.dictionaries(TEXT, COUNT, max_size=1),
        peak_rss_bytes=COUNT,
        library_rss_bytes=st.none() | COUNT,
        seen=st.none() | st.builds(Disturbance, st.floats(0, 1e9), foreign=st.floats(0, 1)),
    )
    return draw(
        st.builds(
            Measurement, TEXT, TEXT, TEXT, TEXT, TEXT, st.dictionaries(TEXT, PLAIN, max_size=2),
            st.lists(process, min_size=1, max_size=2), EVIDENCE, ENVIRONMENT,
        )
    )  # fmt: skip


SIMPLE: dict[Any, st.SearchStrategy[Any]] = {
    str: TEXT, int: COUNT, float: NUMBER, bool: st.booleans(), NoneType: st.none(), Status: st.sampled_from(Status),
    SizeSpeedup: st.builds(SizeSpeedup, TEXT, st.floats(1e-9, 1e9), st.floats(1e-9, 1e9)),
}  # fmt: skip


def of(kind: Any, **given: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Any value of a type of the verdict: every field is drawn by its own type, but for the ``given`` ones."""
    if kind in SIMPLE:
        return SIMPLE[kind]
    if get_origin(kind) is list:
        return st.lists(of(get_args(kind)[0]), max_size=2)
    if get_origin(kind) is Literal:
        return st.sampled_from(get_args(kind))
    if get_args(kind):
        return st.one_of(*map(of, get_args(kind)))
    hints = {name: hint for name, hint in get_type_hints(kind).items() if name in kind.__struct_fields__}
    return st.builds(kind, **{name: of(hint) for name, hint in hints.items() if name not in given}, **given)


SIZED = [Status.REGRESSED, Status.NO_BASELINE, Status.INCONCLUSIVE, Status.PASSED, Status.FASTER]
SIMPLE[SizeLatency] = of(SizeLatency, status=st.sampled_from(SIZED))
SIMPLE[MemoryFinding] = of(MemoryFinding, base_bytes=st.none() | st.integers(1, 2**63 - 1))
for kind in (PictureFinding, ChainFinding):  # the base's is of the same kind
    SIMPLE[kind] = of(kind, base=st.none())
    SIMPLE[kind] = of(kind, base=st.none() | SIMPLE.pop(kind))
FINDINGS = [of(kind) for kind in get_args(AnyFinding)]
VERDICT = st.builds(
    Verdict, st.lists(st.one_of(FINDINGS), max_size=2), st.lists(TEXT, max_size=2), st.sampled_from(["warn", "fail"])
)
STORED = measurements().flatmap(
    lambda m: st.builds(Baseline, st.lists(st.builds(RecordedRun, TEXT, st.just(m)), min_size=1, max_size=2))
)
PROGRAM = st.builds(Program, modules=st.dictionaries(TEXT, TEXT, max_size=2), unknown=st.lists(TEXT, max_size=1))
ARM = st.builds(Side, TEXT, ENVIRONMENT, EVIDENCE, st.dictionaries(TEXT, TEXT, max_size=2))


@st.composite
def pairs(draw: st.DrawFn, head: ProcessRun) -> Pair:
    """A pair whose head is that process, and whose base drew as often."""
    images = {size: [draw(TIMING) for _ in timings] for size, timings in head.images.items()}
    seen = st.builds(Disturbance, NUMBER, NUMBER, NUMBER, COUNT, COUNT, NUMBER, st.none() | NUMBER, COUNT)
    kernels = st.dictionaries(TEXT, st.dictionaries(TEXT, st.lists(COUNT, max_size=2), max_size=1), max_size=1)
    firsts = st.dictionaries(TEXT, st.lists(TEXT, max_size=2), max_size=1)
    more = (TEXT, firsts, kernels, st.just("") | TEXT, st.dictionaries(TEXT, NUMBER, max_size=1))
    base = msgspec.structs.replace(head, images=images)
    return draw(st.builds(Pair, st.just(base), st.just(head), seen, *more))


def comparisons(head: ProcessRun) -> st.SearchStrategy[Comparison]:
    return st.builds(
        Comparison,
        ARM,
        ARM,
        st.lists(pairs(head), max_size=1),
        st.booleans(),
        *(TEXT, TEXT, TEXT),
        identical=st.none() | PROGRAM,
        measured_because=TEXT,
        spent_s=NUMBER,
    )


IMAGES = {image_name(data): data for data in map(small_image, ("teal", "red"))}
NAME = st.sampled_from(list(IMAGES))
SHOWN = st.builds(
    ShownPicture, TEXT, TEXT, COUNT, NAME, st.just("") | NAME, st.just("") | NAME, st.floats(0.001, 1), NUMBER,
    st.none() | NUMBER, st.none() | NUMBER,
)  # fmt: skip


@st.composite
def outcomes(draw: st.DrawFn) -> Outcome:
    measured = draw(measurements())
    beside = st.none() | comparisons(measured.processes[0])
    return draw(
        st.builds(
            Outcome, TEXT, st.just(measured), st.none() | VERDICT, st.none() | STORED, TEXT, st.booleans(), TEXT, TEXT,
            beside, beside, TEXT, TEXT, st.none() | COUNT, st.lists(SHOWN, max_size=2), st.integers(0, 9),
        )
    )  # fmt: skip


REPORT = st.builds(
    Report,
    st.lists(outcomes(), max_size=2),
    st.lists(TEXT, max_size=2),
    st.dictionaries(TEXT, NUMBER, max_size=2),
    st.just(IMAGES),
    TEXT,
    TEXT,
)


def same(a: Any, b: Any) -> bool:
    """Equality in which NaN equals NaN."""
    return repr(msgspec.to_builtins(a)) == repr(msgspec.to_builtins(b))


@settings(max_examples=60, deadline=None)
@given(REPORT)
def test_round_trip(report: Report) -> None:
    text = render(report)
    assert text.isascii()
    assert same(read(text), report)
    assert render(read(text)) == text


@settings(max_examples=20, deadline=None)
@given(REPORT)
def test_whatever_can_be_read_can_be_shown(report: Report) -> None:
    page = html.render(report)
    page.encode()
    assert page.startswith("<!DOCTYPE html>")
    terminal.render(report, width=120, colour=False).encode()


def test_a_rendering_can_be_made_from_the_file_alone(report: Report) -> None:
    again = read(render(report))
    assert again == report
    assert terminal.render(again, width=120, colour=False) == terminal.render(report, width=120, colour=False)


def test_a_comparison_comes_back_with_all_its_pairs() -> None:
    run = MEASURED.processes[0]
    pair = Pair(
        base=run, head=msgspec.structs.replace(run, images={"8x8": [ImageTiming(6)]}), seen=Disturbance(1.5, foreign=0.2),
        started_first="head", drew_first={"8x8": ["base"]}, kernel_ns={"8x8": {"base": [7], "head": [8]}},
        dropped="a storm", spent_s={"start": 1.0},
    )  # fmt: skip
    base = Side("main (1a2b3c4d5e)", Environment("m", packages={"torch": "2.8"}), Evidence(), {"harbour": "/base.py"})
    head = Side("working tree at 5e4d3c2b1a", Environment("m"))
    comparison = Comparison(base, head, [pair], side_by_side=False, ended_by="budget", spent_s=2.5)
    nothing = Comparison(base, head, [], invalid="it sank", missing="a ship")
    outcome = Outcome("test", MEASURED, None, comparison=comparison, control=nothing)
    text = render(Report([outcome]))
    assert read(text).outcomes == [outcome]
    told = json.loads(text)["report"]["outcomes"][0]
    assert told["comparison"]["pairs"][0]["head"]["images"] == {"8x8": [{"total_ns": 6}]}
    assert told["comparison"]["base"]["modules"] == {"harbour": "/base.py"}
    assert told["control"]["invalid"] == "it sank"


def test_a_report_without_comparisons_is_read() -> None:
    whole = json.loads(render(Report([Outcome("test", MEASURED, None)])))
    for name in ("comparison", "control"):
        del whole["report"]["outcomes"][0][name]
    [outcome] = read(json.dumps(whole)).outcomes
    assert (outcome.comparison, outcome.control) == (None, None)


def test_tuples_come_back_as_lists(make_measurement: Any) -> None:
    report = Report([Outcome("test", make_measurement(workload={"sizes": ((64, 64),)}), None)])
    assert read(render(report)).outcomes[0].measurement.workload == {"sizes": [[64, 64]]}


@settings(max_examples=20, deadline=None)
@given(st.tuples(*FINDINGS))
def test_every_kind_of_finding_comes_back(findings: tuple[AnyFinding, ...]) -> None:
    report = Report([Outcome("test", MEASURED, Verdict(list(findings), []))])
    text = render(report)
    assert same(read(text), report)
    told = json.loads(text)["report"]["outcomes"][0]["verdict"]["findings"]
    assert len({one["kind"] for one in told}) == len(findings) == 8


def test_identical_pictures_and_unknown_figures_stay_apart(make_finding: Any, make_score: Any) -> None:
    pictures = [make_score(*scores) for scores in ((None, None), (1.0, math.inf), (math.nan, -math.inf))]
    verdict = Verdict([make_finding("picture", Status.BROKEN, pictures=pictures)], [])
    text = render(Report([Outcome("test", MEASURED, verdict)]))
    assert "NaN" not in text
    told = json.loads(text)["report"]["outcomes"][0]["verdict"]["findings"][0]["pictures"]
    assert [(one["ssim"], one["psnr_db"]) for one in told] == [
        (None, None), (1.0, {"non_finite": "inf"}), ({"non_finite": "nan"}, {"non_finite": "-inf"}),
    ]  # fmt: skip
    found = read(text).outcomes[0].verdict
    assert found is not None
    assert repr(found) == repr(verdict)


@pytest.mark.parametrize(
    ("kind", "fields", "fault"),
    [
        ("latency", {"sizes": [SizeLatency(size="8x8", status=Status.BROKEN, median_s=1.0)]}, "a size that is BROKEN"),
        ("paired", {"sizes": [SizeLatency(size="8x8", status=Status.NOT_JUDGED, median_s=1.0)]}, "a size that is NOT JUDGED"),
        ("control", {"sizes": [SizeLatency(size="8x8", status=Status.BROKEN, median_s=1.0)]}, "a size that is BROKEN"),
        ("speedup", {"sizes": [SizeSpeedup("8x8", 0.0, 1.0)]}, "a latency of 0 s or less"),
        ("memory", {"base_bytes": 0}, "a base of 0 bytes"),
    ],
)  # fmt: skip
def test_findings_that_cannot_be_shown_are_refused(
    make_finding: Any, kind: str, fields: dict[str, Any], fault: str
) -> None:
    outcome = Outcome("test", MEASURED, Verdict([make_finding(kind, **fields)], []))
    with pytest.raises(ReportError) as refused:
        read(render(Report([outcome])))
    assert str(refused.value).startswith(f"finding of outcome 0 has {fault}. Write a new one")


MEASURED = Measurement(
    "case",
    "fp32",
    "tiny",
    "",
    "PNDM",
    {},
    [ProcessRun({"8x8": [ImageTiming(5)]}, {}, {}, 1)],
    Evidence(),
    Environment("m"),
)


BASELINE = Baseline([RecordedRun("2026-11-24T12:00:00Z", MEASURED), RecordedRun("2026-11-25T12:00:00Z", MEASURED)])


def document(**changes: Any) -> str:
    return json.dumps({**json.loads(render(Report([Outcome("test", MEASURED, None, BASELINE)]))), **changes})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "this report is not valid JSON: Expecting value: line 1 column 1 (char 0) [old.json]. Write a new one with --sdperf-json=PATH."),
        ('{"a": NaN}', "this report is not valid JSON: NaN is not a JSON number"),
        (document()[:-30], "this report is not valid JSON: "),
        ("[" * 100_000, "this report is not valid JSON: "),
        ('{"version": ' + "1" * 5000 + "}", "this report is not valid JSON: "),
        ("[]", "this is not a report of pytest-sdperf [old.json]."),
        (document(format="other"), "this is not a report of pytest-sdperf"),
        (document(version=FORMAT_VERSION + 1), f"this report has format version {FORMAT_VERSION + 1}, and this pytest-sdperf reads {FORMAT_VERSION}"),
        (document(version=True), "this report has format version True"),
        (document(version=None), "this report has format version None"),
        (document(report=None), "this report has the wrong shape: Expected `object`, got `null`"),
        (document(report={"outcomes": [{}]}), "wrong shape: Object missing required field `nodeid` - at `$.outcomes[0]`"),
        (document(report={"outcomes": 3}), "wrong shape: Expected `array`, got `int` - at `$.outcomes`"),
    ],
)  # fmt: skip
def test_what_is_refused(text: str, message: str) -> None:
    with pytest.raises(ReportError) as refused:
        read(text, where="old.json")
    assert message in str(refused.value)


def test_the_first_version_is_refused() -> None:
    with pytest.raises(ReportError, match="this report has format version 1, and this pytest-sdperf reads 6"):
        read(document(version=1))


def test_a_baseline_without_jobs_is_refused() -> None:
    with pytest.raises(ReportError, match="baseline of outcome 0 has no recorded runs"):
        read(render(Report([Outcome("test", MEASURED, None, Baseline([]))])))


def test_a_baseline_of_different_sizes_is_refused() -> None:
    other = msgspec.structs.replace(MEASURED, processes=[ProcessRun({"16x16": [ImageTiming(5)]}, {}, {}, 1)])
    with pytest.raises(ReportError, match="baseline of outcome 0 has recorded runs of different sizes"):
        read(
            render(
                Report([Outcome("test", MEASURED, None, Baseline([RecordedRun("", other), RecordedRun("", MEASURED)]))])
            )
        )


@pytest.mark.parametrize("role", ["measurement", "baseline"])
@pytest.mark.parametrize(
    ("processes", "fault"),
    [
        ([], "has no timed picture"),
        ([{}], "has no timed picture"),
        ([{"8x8": []}], "has a process without a timed picture at '8x8'"),
        ([{"8x8": [5]}, {"16x16": [5]}], "has a process without a timed picture at '8x8'"),
        ([{"8x8": [5, 0]}], "has a latency of 0 ns or less at '8x8'"),
    ],
)
def test_measurements_without_a_latency_are_refused(
    role: str, processes: list[dict[str, list[int]]], fault: str
) -> None:
    runs = [ProcessRun({s: [ImageTiming(t) for t in ts] for s, ts in p.items()}, {}, {}, 1) for p in processes]
    empty = msgspec.structs.replace(MEASURED, processes=runs)
    given = empty if role == "measurement" else Baseline([*BASELINE.runs, RecordedRun("", empty)])
    outcome = msgspec.structs.replace(Outcome("test", MEASURED, None, BASELINE), **{role: given})
    with pytest.raises(ReportError) as refused:
        read(render(Report([outcome])))
    assert str(refused.value).startswith(f"{role} of outcome 0 {fault}. Write a new one")


def test_images_are_base64_and_come_back() -> None:
    [name, _] = IMAGES
    outcome = Outcome("test", MEASURED, None, pictures=[ShownPicture("8x8/0", "a boat", 0, name)])
    text = render(Report([outcome], images=IMAGES))
    assert json.loads(text)["report"]["images"][name] == base64.b64encode(IMAGES[name]).decode()
    assert read(text).images == IMAGES


@pytest.mark.parametrize(
    ("images", "message"),
    [
        ({"a": "PHN2Zz4="}, "image 'a' is not named by its digest [old.json]. Write a new one"),
        ({"a": "?"}, "this report has the wrong shape: "),
        ({}, "a picture of outcome 0 names an image that is not there [old.json]. Write a new one"),
    ],
)
def test_images_that_cannot_be_trusted_are_refused(images: dict[str, str], message: str) -> None:
    outcome = Outcome("test", MEASURED, None, pictures=[ShownPicture("8x8/0", "a boat", 0, next(iter(IMAGES)))])
    whole = json.loads(render(Report([outcome], images=IMAGES)))
    whole["report"]["images"] = images
    with pytest.raises(ReportError) as refused:
        read(json.dumps(whole), where="old.json")
    assert str(refused.value).startswith(message)


@pytest.mark.parametrize("role", ["comparison", "control"])
@pytest.mark.parametrize(
    ("base", "fault"),
    [
        ({"8x8": []}, "has a process without a timed picture at '8x8'"),
        ({"9x9": [5]}, "has a process without a timed picture at '8x8'"),
        ({"8x8": [0]}, "has a latency of 0 ns or less at '8x8'"),
        ({"8x8": [5, 5]}, "has a pair, number 1, whose two processes did not draw equally often"),
    ],
)
def test_pairs_that_cannot_be_compared_are_refused(role: str, base: dict[str, list[int]], fault: str) -> None:
    run = MEASURED.processes[0]
    other = msgspec.structs.replace(run, images={s: [ImageTiming(t) for t in ts] for s, ts in base.items()})
    arm = Side("main", Environment("m"))
    comparison = Comparison(arm, arm, [Pair(other, run, Disturbance(1.0), "base")])
    outcome = msgspec.structs.replace(Outcome("test", MEASURED, None), **{role: comparison})
    with pytest.raises(ReportError) as refused:
        read(render(Report([outcome])))
    assert str(refused.value).startswith(f"comparison of outcome 0 {fault}. Write a new one")


def test_a_report_that_names_something_twice_is_refused(report: Report) -> None:
    twice = render(report).replace('"notes":', '"notes":[],"notes":', 1)
    with pytest.raises(ReportError, match="an object in this report has 'notes' twice"):
        read(twice)
