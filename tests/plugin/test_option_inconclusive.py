"""--sdperf-inconclusive: what an INCONCLUSIVE latency means, at every level."""

import pytest

MARKED = """
    import pytest
    @pytest.mark.sdperf(inconclusive={0!r})
    def test_ship(sd_ship):
        sd_ship.check(num_inference_steps=2)
"""
DECLARED = """
    from pytest_sdperf import Variant

    def pytest_sdperf_variants():
        return [
            Variant(
                "ship", "harbour:build", reference=None, needs_model=False, thresholds={"inconclusive": "fail"}
            )
        ]
"""


@pytest.fixture
def unsure(project):
    """One job is stored, and 5 % are allowed: nothing is sure."""
    project.record()
    return project


def test_by_default_it_is_told_and_fails_nothing(unsure, told):
    result = unsure.run()
    result.assert_outcomes(passed=1)
    told(result, "INCONCLUSIVE")
    assert "INCONCLUSIVE (fails)" not in result.stdout.str()


def test_fail(unsure, told):
    result = unsure.run("--sdperf-inconclusive=fail")
    result.assert_outcomes(failed=1)
    told(
        result,
        "ship: latency INCONCLUSIVE: 5 ms is -0.1 % from the baseline's 5 ms, but the noise hides slowdowns up to ",
        "; with 1 recorded run of 5 processes, slowdowns above 19 % are detected (foreseen from how much processes differ: no "
        "second run shows yet how much runs do)",
        " is in no git repository, so nothing can be measured side by side with what was recorded: record more runs with "
        "--sdperf-update=all.",
        "INCONCLUSIVE (fails)",
        "accept    nothing is decided: compare side by side, pytest --sdperf --sdperf-against=REV test_it.py::test_ship, "
        "or record more runs, pytest --sdperf --sdperf-update=all test_it.py::test_ship",
    )


def test_what_is_sure_does_not_fail(project):
    project.record_with_a_past()
    project.run("--sdperf-inconclusive=fail").assert_outcomes(passed=1)


def test_what_is_not_gated_does_not_fail(unsure, told):
    result = unsure.run("--sdperf-inconclusive=fail", "--sdperf-gate=picture")
    result.assert_outcomes(passed=1)
    told(result, "INCONCLUSIVE (not gated)")


def test_every_level_over_the_next(unsure):
    unsure.conftest(DECLARED)
    unsure.run().assert_outcomes(failed=1)
    unsure.ini(inconclusive="warn")
    unsure.run().assert_outcomes(passed=1)
    unsure.run("--sdperf-inconclusive=fail").assert_outcomes(failed=1)
    unsure.test(MARKED.format("warn"))
    unsure.run("--sdperf-inconclusive=fail").assert_outcomes(passed=1)
    unsure.test(MARKED.format("fail"))
    unsure.run("--sdperf-inconclusive=warn").assert_outcomes(failed=1)


def test_bad_values(project, told):
    result = project.run("--sdperf-inconclusive=pass")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    told(result, "'pass' is not a choice [--sdperf-inconclusive]. Use one of: fail, warn.")
    project.ini(inconclusive="maybe")
    told(project.run(), "'maybe' is not a choice [ini key sdperf_inconclusive]. Use one of: fail, warn.")
    project.ini()
    project.test(MARKED.format("never"))
    result = project.run()
    result.assert_outcomes(errors=1)
    told(result, "'never' is not a choice [@pytest.mark.sdperf(inconclusive=…)]. Use one of: fail, warn.")


@pytest.fixture
def unsure_beside(project, weather):
    """Four pairs that spread by some per cent: nothing is sure."""
    weather.pair_jitter = (1.0, 1.08, 0.92, 1.0)

    def unsure_beside(*args):
        return project.run("--sdperf-against=self", "--sdperf-rounds=3", "--sdperf-max-pairs=4", *args)

    return unsure_beside


def test_side_by_side_it_fails_nothing_by_default(unsure_beside, told):
    result = unsure_beside()
    result.assert_outcomes(passed=1)
    told(result, "INCONCLUSIVE")
    assert "INCONCLUSIVE (fails)" not in result.stdout.str()


def test_side_by_side_it_fails_on_demand(unsure_beside, told):
    result = unsure_beside("--sdperf-inconclusive=fail")
    result.assert_outcomes(failed=1)
    told(
        result,
        "ship: latency INCONCLUSIVE: 5 ms is -0.2 % from the same tree's 5 ms side by side (95% bounds -7.",
        "4 pairs); undecided: these pairs would have detected slowdowns above 2",
        "INCONCLUSIVE (fails)",
        "accept    nothing is decided: allow more pairs (--sdperf-max-pairs, --sdperf-budget) or ask for less "
        "(--sdperf-must-catch)",
    )
