import math

import numpy as np
import pytest

from pytest_sdperf.stats.intervals import FALSE_ALARM, Difference
from pytest_sdperf.stats.run_spread import (
    NOTHING_REPEATED,
    PRIOR_DEGREES,
    PRIOR_SD,
    RunSpread,
    difference,
    run_spread,
)

SIZE = "64x64"
LIMIT = math.log1p(0.05)


@pytest.fixture
def jobs(measured):
    """One job for each median, its processes all alike."""
    return lambda *medians_s: [measured([m] * 3) for m in medians_s]


def test_nothing_repeated_is_the_prior(jobs):
    assert run_spread([]) == run_spread([jobs(1.0), jobs(3.0)]) == NOTHING_REPEATED
    assert NOTHING_REPEATED.variance == pytest.approx(PRIOR_SD**2)
    assert NOTHING_REPEATED.degrees == PRIOR_DEGREES


def test_pooled_and_moderated_by_hand(jobs):
    # logs -.1, 0, .1 and 0, .2 around their own means: squares .02 + .02, 2 + 1 degrees
    spread = run_spread([jobs(*np.exp([-0.1, 0.0, 0.1])), jobs(*np.exp([5.0, 5.2])), jobs(7.0)])
    assert spread.squares == pytest.approx(0.04)
    assert spread.repeats == 3
    assert spread.degrees == 5
    assert spread.variance == pytest.approx((2 * 0.06**2 + 0.04) / 5)


def test_sizes_of_one_job_count_once(measured):
    pair = [measured([m] * 3, more_sizes={"128x128": [4 * m**2] * 3}) for m in np.exp([0.0, 0.2])]
    spread = run_spread([pair])
    # .02 at the one size, .08 at the other
    assert spread.squares == pytest.approx(0.05)
    assert spread.repeats == 1


@pytest.mark.parametrize("count", [1, 2, 10])
def test_the_difference_by_hand(jobs, measured, count):
    diff = difference(measured([1.2] * 3), jobs(*[1.0] * count), SIZE, RunSpread(0.0144, 2))
    assert diff.log_ratio == pytest.approx(math.log(1.2))
    assert diff.degrees == 4
    # (2 x .0036 + .0144) / 4 = .0054
    assert diff.standard_error == pytest.approx(math.sqrt(0.0054 * (1 + 1 / count)))


def test_the_head_is_held_against_the_mean_of_the_logs(jobs, measured):
    assert difference(measured([4.0] * 3), jobs(1.0, 4.0), SIZE, NOTHING_REPEATED).log_ratio == pytest.approx(
        math.log(2)
    )


def test_an_uneven_job_is_trusted_less(jobs, measured):
    even = difference(measured([1.0] * 3), jobs(1.0), SIZE, NOTHING_REPEATED).standard_error
    # logs -.3, 0, .3: variance .09, of the median of three .09 x 1.346 / 3
    uneven = difference(measured(np.exp([-0.3, 0.0, 0.3])), jobs(1.0), SIZE, NOTHING_REPEATED).standard_error
    assert even == pytest.approx(math.sqrt(2 * 0.06**2))
    assert uneven == pytest.approx(math.sqrt(2 * 0.09 * 1.346 / 3), rel=1e-6)
    # a spread below the machine's own changes nothing
    close = difference(measured(np.exp([-0.05, 0.0, 0.05])), jobs(1.0), SIZE, NOTHING_REPEATED).standard_error
    assert close == pytest.approx(even)


def test_one_process_borrows_the_stored_jobs_spread(measured, jobs):
    stored = [measured(np.exp([-0.3, 0.0, 0.3])), measured([1.0] * 3)]
    diff = difference(measured([1.0]), stored, SIZE, NOTHING_REPEATED)
    # squares .18 over 4 degrees, and one process is its own median
    assert diff.standard_error == pytest.approx(math.sqrt(0.045 * 1.5), rel=1e-6)
    alone = difference(measured([1.0]), [measured([1.0])], SIZE, NOTHING_REPEATED)
    assert alone.standard_error == pytest.approx(math.sqrt(2 * 0.06**2))


def alarms(sd, variants, count, runs=3000):
    """Share of heads at equal speed that are called slower than 5 %; every variant has ``count`` stored jobs."""
    random = np.random.default_rng(3)
    y = random.normal(0, sd, (runs, variants, count))
    squares = ((y - y.mean(2, keepdims=True)) ** 2).sum((1, 2))
    heads = random.normal(0, sd, runs) - y[:, 0].mean(1)
    found = []
    for head, s in zip(heads, squares, strict=True):
        spread = RunSpread(float(s), variants * (count - 1))
        diff = difference_of(head, spread, count)
        found.append(diff.significantly_above(LIMIT, 1))
    return np.mean(found)


def difference_of(log_ratio, spread, count):
    return Difference(log_ratio, math.sqrt(spread.variance * (1 + 1 / count)), spread.degrees)


@pytest.mark.parametrize(("variants", "count"), [(1, 1), (1, 3), (9, 2), (9, 10)])
@pytest.mark.parametrize("sd", [0.01, 0.03, 0.08])
def test_false_alarms_at_equal_speed(sd, variants, count):
    # 1 %, and what 3000 runs and the prior's narrowness leave: 1.2 % were seen in 20 000
    assert alarms(sd, variants, count) < FALSE_ALARM * 1.8


@pytest.mark.parametrize("scale", [0.01, 60.0])
def test_the_unit_of_time_does_not_matter(measured, scale):
    one, other = (
        difference(measured([1.3 * k, 1.5 * k]), [measured([b * k]) for b in (1.0, 1.1)], SIZE, NOTHING_REPEATED)
        for k in (1.0, scale)
    )
    assert other.log_ratio == pytest.approx(one.log_ratio)
    assert other.standard_error == pytest.approx(one.standard_error)
