"""--sdperf-ignore and --sdperf-must-catch: what must not fail and what must not pass side by side, at every level."""

import pytest

OPTIONS = ("ignore", "must_catch")
MARKED = """
    import pytest
    @pytest.mark.sdperf({0}={1!r})
    def test_ship(sd_ship):
        sd_ship.check(num_inference_steps=2)
"""
DECLARED = """
    from pytest_sdperf import Variant

    def pytest_sdperf_variants():
        ship = dict(factory="harbour:build", reference=None, needs_model=False)
        return [Variant("ship", **ship, thresholds={{{0!r}: {1!r}}})]
"""


@pytest.fixture
def beside(project, weather):
    """Run the case beside itself; the head is slower by a share."""

    def beside(share, *args):
        weather.slower["head"] = 1 + share
        return project.run("--sdperf-against=self", "--sdperf-rounds=3", *args)

    return beside


def test_both_sides_of_the_defaults(beside, told):
    result = beside(0.02)
    result.assert_outcomes(passed=1)
    told(result, "PASSED")
    result = beside(0.04)
    result.assert_outcomes(failed=1)
    told(
        result,
        "ship: latency REGRESSED: 5.2 ms is 4.0 % slower than the same tree's 5 ms side by side (95% bounds +3.",
        "4 pairs; up to 1 % is ignored).",
    )


def test_the_sentence_names_what_was_asked_for(project, beside, told):
    beside(0.04, "--sdperf-must-catch=20%", "--sdperf-json=out.json").assert_outcomes(passed=1)
    assert "4 pairs; 20 % slower is ruled out)" in project.sentences("out.json")
    result = beside(0.4, "--sdperf-must-catch=20%", "--sdperf-ignore=3%")
    result.assert_outcomes(failed=1)
    told(result, "; up to 3 % is ignored)")


@pytest.mark.parametrize(("option", "loose", "tight"), [("ignore", "4.5%", "1%"), ("must_catch", "20%", "5%")])
def test_every_level_over_the_next(project, beside, option, loose, tight):
    flag = f"--sdperf-{option.replace('_', '-')}"
    project.conftest(DECLARED.format(option, loose))
    beside(0.04).assert_outcomes(passed=1)
    project.ini(**{option: tight})
    beside(0.04).assert_outcomes(failed=1)
    beside(0.04, f"{flag}={loose}").assert_outcomes(passed=1)
    project.test(MARKED.format(option, tight))
    beside(0.04, f"{flag}={loose}").assert_outcomes(failed=1)


@pytest.mark.parametrize("option", OPTIONS)
def test_bad_values(project, told, option):
    flag = f"--sdperf-{option.replace('_', '-')}"
    what = "'2 percent' has the unknown unit 'percent'"
    result = project.run(f"{flag}=2 percent")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    told(result, f'{what} [{flag}]. Write it like "5%" or 0.05')
    project.ini(**{option: "2 percent"})
    told(project.run(), f'{what} [ini key sdperf_{option}]. Write it like "5%" or 0.05')
    project.ini()
    project.test(MARKED.format(option, "2 percent"))
    result = project.run()
    result.assert_outcomes(errors=1)
    told(result, f'{what} [@pytest.mark.sdperf({option}=…)]. Write it like "5%" or 0.05')


def test_no_room_between_them(project, told):
    result = project.run("--sdperf-ignore=5%")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    told(
        result,
        "must_catch 5.00% is not above ignore 5.00% [--sdperf-must-catch, --sdperf-ignore]. "
        "Leave room between the slowdown to ignore and the one to catch.",
    )
    project.test(MARKED.format("must_catch", "1%"))
    result = project.run()
    result.assert_outcomes(errors=1)
    told(result, "must_catch 1.00% is not above ignore 1.00%")
