"""Promises that nothing is compared with: limits on tests that measure nothing, and checks that only measure."""

import pytest

LIMIT = (
    "promises something of the cases of this test, and it measured none. Let it call check or measure of a variant's"
)


@pytest.mark.parametrize(
    "body",
    [
        "def test_ship(): pass",
        "def test_ship(sd_ship): pass",
        "def test_ship(sd_ship): sd_ship.check",
        "class TestShip:\n        def test_ship(self): pass",
    ],
)
def test_a_limit_on_a_test_that_measures_nothing_fails(project, told, body):
    marked = body.replace("def test_ship", "@pytest.mark.sdperf(min_ssim=0.99)\n    def test_ship")
    if body.startswith("class"):
        marked = body.replace("        def", "        @pytest.mark.sdperf(min_ssim=0.99)\n        def")
    project.test(f"    import pytest\n\n    {marked}\n")
    result = project.run()
    result.assert_outcomes(failed=1)
    told(result, f"@pytest.mark.sdperf(min_ssim=0.99) {LIMIT}")


def test_one_parameter_that_does_not_measure_fails(project, told):
    project.test("""
        import pytest

        @pytest.mark.sdperf(max_slowdown="5%")
        @pytest.mark.parametrize("how", ["measures", "does not"])
        def test_ship(sd_ship, how):
            if how == "measures":
                sd_ship.measure(num_inference_steps=2)
    """)
    result = project.run("--sdperf-missing=skip")
    result.assert_outcomes(skipped=1, failed=1)
    told(result, f"@pytest.mark.sdperf(max_slowdown='5%') {LIMIT}")


def test_a_unittest_with_a_limit_that_measures_nothing_fails(project, told):
    project.test("""
        import unittest
        import pytest

        class TestShip(unittest.TestCase):
            @pytest.mark.sdperf(min_psnr=40)
            def test_ship(self):
                self.assertTrue(True)
    """)
    result = project.run()
    result.assert_outcomes(failed=1)
    told(result, f"@pytest.mark.sdperf(min_psnr=40) {LIMIT}")


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_fixture_may_measure_for_its_test(project, when):
    measuring = {
        "before": ("        sd_ship.check(num_inference_steps=2)\n            yield", ""),
        "after": ("yield", "sd_ship.check(num_inference_steps=2)"),
    }
    first, second = measuring[when]
    project.test(f"""
        import pytest

        @pytest.fixture
        def gate(sd_ship):
            {first.strip()}
            {second or "pass"}

        @pytest.mark.sdperf(min_ssim=0.9)
        def test_ship(gate):
            pass
    """)
    project.run("--sdperf-update=new").assert_outcomes(passed=1)


def test_a_fixture_that_could_measure_and_does_not_fails_at_the_end(project, told):
    project.test("""
        import pytest

        @pytest.fixture
        def gate(sd_ship):
            return sd_ship

        @pytest.mark.sdperf(min_ssim=0.9)
        def test_ship(gate):
            pass
    """)
    result = project.run()
    result.assert_outcomes(passed=1, errors=1)
    told(result, f"@pytest.mark.sdperf(min_ssim=0.9) {LIMIT}")


def test_a_test_that_skips_or_fails_by_itself_says_so_itself(project, told):
    project.test("""
        import pytest

        @pytest.mark.sdperf(min_ssim=0.9)
        def test_skips(sd_ship):
            pytest.skip("no time")

        @pytest.mark.sdperf(min_ssim=0.9)
        def test_fails(sd_ship):
            assert 0
    """)
    result = project.run()
    result.assert_outcomes(skipped=1, failed=1)
    assert "promises something" not in result.stdout.str()


@pytest.mark.parametrize("where", ["module", "class"])
def test_a_marker_without_effect_further_up_is_named(project, told, where):
    marker = "pytest.mark.sdperf(max_slowdown='5%')"
    top, mark = (f"pytestmark = {marker}", "") if where == "module" else ("", f"@{marker}")
    project.test(f"""
        import pytest
        {top}

        {mark}
        class TestShip:
            def test_one(self):
                pass
            def test_two(self):
                pass
    """)
    result = project.run()
    result.assert_outcomes(passed=2)
    place = "test_it.py" if where == "module" else "test_it.py::TestShip"
    told(result, f"NOTE @{marker} has no effect, because none of its tests measured anything: {place}\n")


def test_a_marker_further_up_needs_one_test_that_measures(project):
    project.test("""
        import pytest
        pytestmark = pytest.mark.sdperf(max_slowdown="5%")

        def test_ship(sd_ship):
            sd_ship.measure(num_inference_steps=2)
        def test_other():
            pass
    """)
    result = project.run("--sdperf-update=new")
    result.assert_outcomes(passed=2)
    assert "has no effect" not in result.stdout.str()


def test_a_case_with_recorded_runs_that_is_only_measured_is_named(project, told):
    project.record()
    project.test("""
        def test_ship(sd_ship):
            sd_ship.measure(num_inference_steps=2)
    """)
    result = project.run("--sdperf-json=out.json")
    result.assert_outcomes(passed=1)
    told(
        result,
        "NOTE ship-own-64x64-2steps was only measured, by test_it.py::test_ship, though baselines/",
        "/ship-own-64x64-2steps.json holds recorded runs to compare it with: nothing of it was judged",
    )
    project.test("""
        def test_ship(sd_ship):
            sd_ship.measure(num_inference_steps=2)
        def test_again(sd_ship):
            sd_ship.check(num_inference_steps=2)
    """)
    assert "only measured, by" not in project.run().stdout.str()


def test_checks_that_become_measurements_under_a_base(trunk, project, weather, told):
    trunk.commit(test="def test_ship(sd_ship):\n    sd_ship.check(num_inference_steps=2)\n")
    project.test("def test_ship(sd_ship):\n    sd_ship.measure(num_inference_steps=2)\n")
    weather.step_ns["ship"] = 30_000_000
    result = trunk.run()
    assert result.ret == 0
    told(
        result,
        f"tests of {trunk.label} that call check there and only measure here, so that nothing of them was judged: "
        "test_it.py::test_ship",
        f"was only measured, by test_it.py::test_ship, though {trunk.label}:baselines/",
    )
