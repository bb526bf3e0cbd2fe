"""What was measured side by side is kept raw; measurements of its arms are derived."""

import msgspec
import pytest

from pytest_sdperf.comparison import Comparison, Side, latencies_s
from pytest_sdperf.measurement import (
    Disturbance,
    Environment,
    Evidence,
    ImageTiming,
    Measurement,
    ProcessRun,
)

HOST = Environment(machine_key="zen5", cpu_model="AMD EPYC", python="CPython 3.11")
OLDER = Environment(machine_key="zen5", cpu_model="AMD EPYC", python="CPython 3.10")


def compared(*pairs, **fields):
    base = Side("main (1a2b3c4d5e)", OLDER, Evidence(facts={"arm": "base"}), {"ship": "/base/ship.py"})
    return Comparison(base, Side("working tree at 1a2b3c4d5e", HOST), list(pairs), **fields)


@pytest.fixture
def head():
    """The head, measured by itself."""
    run = ProcessRun({"64x64": [ImageTiming(7)]}, {}, {}, peak_rss_bytes=7)
    return Measurement(
        case_id="ship-tiny-64x64-4steps",
        variant="ship",
        model="synthetic:tiny",
        model_digest="abc",
        scheduler="PNDM",
        workload={"num_inference_steps": 4},
        processes=[run],
        evidence=Evidence(facts={"arm": "head"}),
        environment=HOST,
        preparation_ns={"export": 5},
    )


def test_dropped_pairs_are_kept_but_do_not_count(make_pair):
    first, second, third = make_pair(1.0), make_pair(2.0, dropped="busy"), make_pair(3.0)
    comparison = compared(first, second, third)
    assert comparison.kept == [first, third]
    assert compared(second).kept == compared().kept == []


def test_the_base_as_a_measurement_of_the_heads_case(make_pair, head):
    pairs = [make_pair(1.0, 1.5), make_pair(1.0, 9.0, dropped="busy"), make_pair(1.0, 2.5)]
    base = compared(*pairs).measurement_of_base(head)
    assert base.processes == [pairs[0].base, pairs[2].base]
    assert base.latency.process_medians_s == [1.5, 2.5]
    assert (base.evidence.facts, base.environment) == ({"arm": "base"}, OLDER)
    assert (base.case_id, base.variant, base.workload) == (head.case_id, "ship", head.workload)
    assert base.preparation_ns == {}


def test_the_head_is_what_was_measured_beside_the_base(make_pair, head):
    pairs = [make_pair(1.0), make_pair(9.0, dropped="busy"), make_pair(2.0)]
    here = compared(*pairs).measurement_of_head(head)
    assert here.processes == [pairs[0].head, pairs[2].head]
    assert here == msgspec.structs.replace(head, processes=here.processes)


def test_the_head_is_left_as_it_is_where_no_pair_counts(make_pair, head):
    assert compared(make_pair(dropped="busy")).measurement_of_head(head) == head
    assert compared().measurement_of_head(head) == head


def test_latencies_are_in_seconds_round_by_round():
    timings = [ImageTiming(1_500_000_000), ImageTiming(2_000_000_000)]
    run = ProcessRun({"8x8": [], "64x64": timings}, {}, {}, 0)
    assert latencies_s(run, "64x64") == [1.5, 2.0]
    assert latencies_s(run, "8x8") == []


def test_a_comparison_is_read_back_from_json_as_it_was(make_pair):
    pair = msgspec.structs.replace(
        make_pair(1.1, rounds=2, dropped="busy", spent_s={"start": 4.5, "rounds": 2.0, "end": 0.1}, unet_s=(0.5, 0.4)),
        drew_first={"64x64": ["base", "head"]},
        kernel_ns={"64x64": {"base": [1, 2], "head": [3, 4]}},
        seen=Disturbance(10.0, 0.01, 0.02, 3, 4, 5e6, 3100.0),
    )
    whole = compared(pair, side_by_side=False, ended_by="budget", invalid="x", missing="y", spent_s=12.5)
    for comparison in (whole, compared()):
        assert msgspec.json.decode(msgspec.json.encode(comparison), type=Comparison) == comparison


def test_what_is_not_said_means_all_is_well(make_pair):
    comparison = compared(make_pair())
    assert comparison.side_by_side
    assert (comparison.ended_by, comparison.invalid, comparison.missing) == ("", "", "")
    assert comparison.head.evidence == Evidence()
    seen = comparison.pairs[0].seen
    assert (seen.steal, seen.foreign, seen.frequency_mhz) == (0.0, 0.0, None)
