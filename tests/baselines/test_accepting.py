import math

import pytest

from pytest_sdperf.baselines.accepting import begins_anew
from pytest_sdperf.stats.run_spread import NOTHING_RECORDED, RunSpread, difference
from pytest_sdperf.wording import plural

KNOWN = RunSpread(squares=1000 * 0.01**2, processes=1000)
"""A machine whose processes spread by 1 %."""


@pytest.fixture
def job(measured):
    return lambda median_s, **fields: measured([median_s] * 3, **fields)


@pytest.mark.parametrize("count", [1, 10])
def test_both_sides_of_another_level(job, count):
    """Whatever slowdown a test allows; and the more runs would be lost, the surer it must be."""
    recorded = [job(1.0)] * count
    edge = difference(job(1.0), recorded, "64x64", KNOWN).quantile(1 - 0.01 / count)
    told = f"than the {plural(count, 'recorded run')}"
    assert begins_anew(job(math.exp(edge + 1e-5)), recorded, KNOWN) == f"significantly slower {told}"
    assert begins_anew(job(math.exp(-edge - 1e-5)), recorded, KNOWN) == f"significantly faster {told}"
    for inside in (edge - 1e-5, -edge + 1e-5):
        assert begins_anew(job(math.exp(inside)), recorded, KNOWN) == ""


def test_it_names_how_many_jobs_and_the_size(job):
    assert begins_anew(job(1.5), [job(1.0)] * 3, KNOWN) == "significantly slower than the 3 recorded runs"
    base = job(1.0, more_sizes={"128x128": [4.0] * 3})
    assert begins_anew(job(1.0, more_sizes={"128x128": [3.0] * 3}), [base], KNOWN) == (
        "significantly faster at 128x128 than the 1 recorded run"
    )


def test_what_a_weak_screen_cannot_tell_joins(job):
    assert begins_anew(job(1.15), [job(1.0)], NOTHING_RECORDED) == ""
    assert begins_anew(job(1.3), [job(1.0)], NOTHING_RECORDED) == "significantly slower than the 1 recorded run"


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
