import math

import pytest

from pytest_sdperf.baselines.accepting import begins_anew
from pytest_sdperf.stats.run_spread import NOTHING_REPEATED, RunSpread

KNOWN = RunSpread(squares=40 * 0.01**2 - 2 * 0.06**2, repeats=38)
"""Jobs spread by 1 %."""


@pytest.fixture
def job(measured):
    return lambda median_s, **fields: measured([median_s] * 3, **fields)


def test_both_sides_of_another_level(job):
    # t(.99, 40) = 2.42326, one stored job: whatever slowdown a test allows
    edge = 2.42326 * 0.01 * math.sqrt(2)
    assert begins_anew(job(math.exp(edge + 1e-5)), [job(1.0)], KNOWN) == "significantly slower than the 1 recorded run"
    assert begins_anew(job(math.exp(-edge - 1e-5)), [job(1.0)], KNOWN) == "significantly faster than the 1 recorded run"
    for inside in (edge - 1e-5, -edge + 1e-5):
        assert begins_anew(job(math.exp(inside)), [job(1.0)], KNOWN) == ""


def test_the_more_jobs_would_be_lost_the_surer_it_must_be(job):
    # t(.999, 40) = 3.30688, ten stored jobs
    edge = 3.30688 * 0.01 * math.sqrt(1.1)
    assert (
        begins_anew(job(math.exp(edge + 1e-5)), [job(1.0)] * 10, KNOWN)
        == "significantly slower than the 10 recorded runs"
    )
    assert begins_anew(job(math.exp(edge - 1e-5)), [job(1.0)] * 10, KNOWN) == ""


def test_it_names_how_many_jobs_and_the_size(job):
    assert begins_anew(job(1.5), [job(1.0)] * 3, KNOWN) == "significantly slower than the 3 recorded runs"
    base = job(1.0, more_sizes={"128x128": [4.0] * 3})
    assert begins_anew(job(1.0, more_sizes={"128x128": [3.0] * 3}), [base], KNOWN) == (
        "significantly faster at 128x128 than the 1 recorded run"
    )


def test_what_a_weak_screen_cannot_tell_joins(job):
    assert begins_anew(job(1.5), [job(1.0)], NOTHING_REPEATED) == ""
    assert begins_anew(job(2.0), [job(1.0)], NOTHING_REPEATED) == "significantly slower than the 1 recorded run"


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"model_digest": "b" * 64}, "model aaaaaaaaaaaa, this is bbbbbbbbbbbb"),
        ({"scheduler": "DPM"}, "scheduler PNDMScheduler, this is DPM"),
        ({"workload": {"num_inference_steps": 4, "seed": 1}}, "another workload (seed)"),
    ],
)
def test_other_work_begins_anew(job, changed, told):
    assert begins_anew(job(1.0, **changed), [job(1.0)], KNOWN) == f"the recorded runs were measured with {told}"
