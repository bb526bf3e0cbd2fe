"""Tests that ask for their variant by name while they run: no list of fixtures shows that they measure."""

import pytest
from trunk import MARKED

DIRECT = """
    import pytest

    {marker}
    @pytest.mark.parametrize("name", ["ship"])
    def test_speed(request, name):
        request.getfixturevalue(f"sd_{{name}}").check(num_inference_steps=2)
"""
BY_FIXTURE = """
    import pytest

    @pytest.fixture
    def pipeline(request):
        return request.getfixturevalue("sd_" + request.param)

    {marker}
    @pytest.mark.parametrize("pipeline", ["ship"], indirect=True)
    def test_speed(pipeline):
        pipeline.check(num_inference_steps=2)
"""
BY_HELPER = """
    import pytest
    import helpers

    {marker}
    class TestSpeed:
        def test_speed(self, request):
            helpers.gate(request, "ship")
"""
GENERATED = """
    import pytest

    def pytest_generate_tests(metafunc):
        if "variant" in metafunc.fixturenames:
            metafunc.parametrize("variant", ["ship"])

    {marker}
    def test_speed(request, variant):
        request.getfixturevalue(f"sd_{{variant}}").check(num_inference_steps=2)
"""
UNITTEST = """
    import pytest
    import unittest

    {marker}
    class TestSpeed(unittest.TestCase):
        @pytest.fixture(autouse=True)
        def _ask(self, request):
            self.gate = request.getfixturevalue("sd_ship")

        def test_speed(self):
            self.gate.check(num_inference_steps=2)
"""
WAYS = {"test": DIRECT, "fixture": BY_FIXTURE, "helper": BY_HELPER, "generated": GENERATED, "unittest": UNITTEST}


@pytest.fixture(params=WAYS)
def way(request, project):
    """A test that finds its variant in one of several ways, for `.format(marker=…)`."""
    (project.path / "helpers.py").write_text(
        "def gate(request, name):\n    request.getfixturevalue('sd_' + name).check(num_inference_steps=2)\n"
    )
    return WAYS[request.param]


def test_a_revision_that_is_not_there_is_a_usage_error_as_for_a_static_test(trunk, project, told):
    trunk.commit(test=DIRECT.format(marker=""), past=False)
    result = project.run("--sdperf-baselines-from=no-such-revision")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    told(result, "git knows no commit 'no-such-revision' [--sdperf-baselines-from=no-such-revision].")


def test_a_slower_change_with_its_own_baseline_and_limit_regresses(trunk, project, weather, told, way):
    trunk.commit(test=way.format(marker=""))
    project.test(way.format(marker='@pytest.mark.sdperf(max_slowdown="900%")'))
    weather.step_ns["ship"] = 3_000_000
    project.run("--sdperf-update=all").assert_outcomes(passed=1)
    result = trunk.run()
    result.assert_outcomes(failed=1)
    told(
        result,
        "ship: latency REGRESSED: 15 ms is 200.0 % slower than the baseline's 5 ms",
        ".json: latency 5 ms -> 15 ms (+200.0 %), 10 -> 1 runs; judged by what trunk (",
        f"this change relaxes max_slowdown 5 % -> 900 %; judged by {trunk.label}'s 5 % (for test_it.py::",
    )


def test_the_last_static_test_that_becomes_one_by_name_takes_no_rule_away(trunk, project, weather, told):
    trunk.commit()
    project.test(DIRECT.format(marker='@pytest.mark.sdperf(max_slowdown="900%")'))
    conftest = (project.path / "conftest.py").read_text()
    relaxed = conftest.replace('"ship", reference=None', '"ship", reference=None, thresholds=dict(max_slowdown="900%")')
    (project.path / "conftest.py").write_text(relaxed)
    weather.step_ns["ship"] = 3_000_000
    project.run("--sdperf-update=all").assert_outcomes(passed=1)
    result = trunk.run()
    result.assert_outcomes(passed=1)
    told(
        result,
        f"{trunk.label} has no such tests, so they are judged by their own limits: test_it.py::test_speed[ship]",
        f"tests of {trunk.label} that are not collected here, so no limit applies: test_it.py::test_ship",
        "judged by what trunk (",
    )


def test_one_by_name_beside_a_static_one_has_the_limits_of_the_base(trunk, project, weather, told):
    both = MARKED.format("") + DIRECT
    trunk.commit(test=both.format(marker=""))
    project.test(both.format(marker='@pytest.mark.sdperf(max_slowdown="900%")'))
    weather.step_ns["ship"] = 3_000_000
    result = trunk.run("-k", "test_speed")
    result.assert_outcomes(failed=1, deselected=1)
    told(result, "judged by trunk (", "'s 5 % (for test_it.py::test_speed[ship])")
    assert "has no such tests" not in result.stdout.str()
    assert "did not judge" not in result.stdout.str()


def test_one_by_name_that_skips_or_goes_is_named(trunk, project, told):
    trunk.commit(test=DIRECT.format(marker=""), past=False)
    project.test(DIRECT.format(marker="@pytest.mark.skip(reason='not today')"))
    result = trunk.run()
    result.assert_outcomes(skipped=1)
    told(
        result,
        f"NOTE tests of {trunk.label} that this run did not judge, because they were skipped (not today): "
        "test_it.py::test_speed[ship]",
    )
    project.test("def test_other(): pass")
    told(
        trunk.run(),
        f"NOTE tests of {trunk.label} that ask for their fixtures by name and are not collected here, so no limit "
        "applies if they measured: test_it.py::test_speed[ship]",
    )


def test_a_doctest_is_judged_by_the_base(trunk, project, weather, told):
    (project.path / "fleet.py").write_text(
        'def fleet():\n    """\n    >>> _ = getfixture("sd_ship").check(num_inference_steps=2)\n    """\n'
    )
    trunk.commit(test="pass", past=False)
    project.run("--doctest-modules", "--sdperf-update=new").assert_outcomes(passed=1)
    trunk.repository.commit("recorded")
    trunk.repository.git("branch", "--force", "trunk")
    (project.path / "README").write_text("A change.\n")
    trunk.repository.commit("a change")
    weather.step_ns["ship"] = 30_000_000
    result = trunk.run("--doctest-modules")
    result.assert_outcomes(failed=1)
    told(result, "ship: latency REGRESSED: ")
    assert "has no such tests" not in result.stdout.str()
