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


WAYS = {
    "function": """
        def gate(fixture):
            fixture.{0}(num_inference_steps=2)

        def test_ship(sd_ship):
            gate(sd_ship)
    """,
    "module": """
        import rigging

        def test_ship(sd_ship):
            rigging.gate(sd_ship)
    """,
    "imported inside": """
        import rigging

        def test_ship(sd_ship):
            from rigging import gate as judge
            judge(sd_ship)
    """,
    "fixture": """
        import pytest

        @pytest.fixture
        def gate(sd_ship):
            return lambda steps: sd_ship.{0}(num_inference_steps=steps)

        def test_ship(gate):
            gate(2)
    """,
    "base class": """
        class Gate:
            def judge(self, fixture):
                fixture.{0}(num_inference_steps=2)

        class TestShip(Gate):
            def test_ship(self, sd_ship):
                self.judge(sd_ship)
    """,
    "base class with the test": """
        class Gate:
            steps = 2
            def test_ship(self, sd_ship):
                self.judge(sd_ship)
            def judge(self, fixture):
                fixture.{0}(num_inference_steps=self.steps)

        class TestShip(Gate):
            pass
    """,
    "super": """
        import rigging

        class TestShip(rigging.Gate):
            def judge(self, fixture):
                super().judge(fixture)
            def test_ship(self, sd_ship):
                self.judge(sd_ship)
    """,
    "object": """
        class Gate:
            def __call__(self, fixture):
                fixture.{0}(num_inference_steps=2)

        gate = Gate()

        def test_ship(sd_ship):
            gate(sd_ship)
    """,
    "class of a module": """
        import rigging

        def test_ship(sd_ship):
            rigging.Gate().judge(sd_ship)
    """,
    "static method": """
        class Gate:
            @staticmethod
            def judge(fixture):
                fixture.{0}(num_inference_steps=2)

        def test_ship(sd_ship):
            Gate.judge(sd_ship)
    """,
    "decorator": """
        import functools

        def judged(test):
            @functools.wraps(test)
            def wrapper(sd_ship):
                test(sd_ship)
                sd_ship.{0}(num_inference_steps=2)
            return wrapper

        @judged
        def test_ship(sd_ship):
            pass
    """,
    "partial": """
        import functools

        def gate(steps, fixture):
            fixture.{0}(num_inference_steps=steps)

        judge = functools.partial(gate, 2)

        def test_ship(sd_ship):
            judge(sd_ship)
    """,
    "getattr": """
        def test_ship(sd_ship):
            getattr(sd_ship, "{0}")(num_inference_steps=2)
    """,
    "parameter": """
        import pytest

        @pytest.mark.parametrize(("how", "steps"), [pytest.param("{0}", 2, id="calm")])
        def test_ship(sd_ship, how, steps):
            getattr(sd_ship, how)(num_inference_steps=steps)
    """,
    "with": """
        class Gate:
            def __init__(self, fixture):
                self.fixture = fixture
            def __enter__(self):
                return self
            def __exit__(self, *_):
                self.fixture.{0}(num_inference_steps=2)

        def test_ship(sd_ship):
            with Gate(sd_ship):
                pass
    """,
    "by name": """
        def gate(request, name):
            request.getfixturevalue("sd_" + name).{0}(num_inference_steps=2)

        def test_ship(request):
            gate(request, "ship")
    """,
    "unittest": """
        import unittest
        import pytest

        class TestShip(unittest.TestCase):
            @pytest.fixture(autouse=True)
            def gate(self, sd_ship):
                self.ship = sd_ship
            def judge(self):
                self.ship.{0}(num_inference_steps=2)
            def test_ship(self):
                self.judge()
    """,
}
RIGGING = """
def gate(fixture):
    fixture.{0}(num_inference_steps=2)

class Gate:
    def judge(self, fixture):
        fixture.{0}(num_inference_steps=2)
"""
ONLY = "that call check there and only measure here, so that nothing of them was judged: test_it.py::"


def written(project, way, method):
    project.test(WAYS[way].format(method))
    (project.path / "rigging.py").write_text(RIGGING.format(method))


def committed(trunk, project, way, method):
    (project.path / "rigging.py").write_text(RIGGING.format(method))
    trunk.commit(test=WAYS[way].format(method), past=False)


@pytest.mark.parametrize("way", WAYS)
def test_a_check_that_becomes_a_measurement_out_of_the_tests_sight_is_named(trunk, project, told, way):
    committed(trunk, project, way, "check")
    written(project, way, "measure")
    result = trunk.run()
    result.assert_outcomes(passed=1)
    told(result, f"NOTE tests of {trunk.label} {ONLY}")
    assert "in their code" not in result.stdout.str()


@pytest.mark.parametrize("way", WAYS)
def test_what_only_measures_in_both_is_not_named(trunk, project, way):
    committed(trunk, project, way, "measure")
    (project.path / "notes.txt").write_text("another commit than trunk's")
    trunk.run().assert_outcomes(passed=1)
    assert not [note for note in trunk.notes() if "judged" in note]


@pytest.mark.parametrize("way", ["module", "base class", "by name"])
def test_side_by_side_it_is_named_too(trunk, project, told, way):
    committed(trunk, project, way, "check")
    written(project, way, "measure")
    told(trunk.run(option="--sdperf-against=trunk"), f"NOTE tests of {trunk.label} {ONLY}")


def test_a_helper_that_no_code_shows_is_named_where_it_only_measures(trunk, project, told):
    """The name of the method is made while the test runs: whether the base's is `check` is not known."""
    hidden = """
        def test_ship(sd_ship):
            getattr(sd_ship, "{0}" + "{1}")(num_inference_steps=2)
    """
    # Python joins constants when it compiles them, so one of them is a variable.
    hidden = hidden.replace('"{0}" + "{1}"', '"".join(["{0}", "{1}"])')
    trunk.commit(test=hidden.format("che", "ck"), past=False)
    project.test(hidden.format("mea", "sure"))
    told(
        trunk.run(),
        f"NOTE tests of {trunk.label} that may call check there, as their code does not show, and only measure here: "
        "nothing of them was judged: test_it.py::test_ship\n",
    )


def test_one_of_two_checks_of_a_test_that_only_measures_is_named(trunk, project, told):
    both = """
        def test_fleet(sd_ship, sd_boat):
            sd_ship.check(num_inference_steps=2)
            sd_boat.{0}(num_inference_steps=2)
    """
    trunk.commit(test=both.format("check"), past=False)
    project.test(both.format("measure"))
    told(
        trunk.run("--sdperf-missing=skip"),
        f"NOTE tests of {trunk.label} that call check there and here also only measure cases, of which nothing was "
        "judged: test_it.py::test_fleet\n",
    )
    trunk.commit(test=both.format("measure"), past=False)
    (project.path / "notes.txt").write_text("another commit than trunk's")
    trunk.run("--sdperf-missing=skip")
    assert not [note for note in trunk.notes() if "nothing was judged" in note]


CONDITIONS = {
    "in the test": """
        import os

        def test_ship(sd_ship):
            if os.environ.get("SHIP_GATE"):
                sd_ship.check(num_inference_steps=2)
    """,
    "in a helper": """
        import os

        def gate(fixture):
            return fixture.check(num_inference_steps=2) if os.environ.get("SHIP_GATE") else None

        def test_ship(sd_ship):
            gate(sd_ship)
    """,
    "a loop over nothing": """
        CASES = []

        def test_ship(sd_ship):
            for steps in CASES:
                sd_ship.check(num_inference_steps=steps)
    """,
    "an early return": """
        def test_ship(sd_ship):
            if not hasattr(sd_ship, "anchor"):
                return
            sd_ship.check(num_inference_steps=2)
    """,
}


@pytest.mark.parametrize("condition", CONDITIONS)
def test_a_check_under_a_condition_that_is_false_now_is_named_without_any_base(project, told, condition):
    project.test(CONDITIONS[condition])
    result = project.run()
    result.assert_outcomes(passed=1)
    told(
        result,
        "NOTE tests that call check in their code measured nothing in this run, so that nothing of them was judged: "
        "test_it.py::test_ship\n",
    )


def test_a_check_under_a_condition_that_only_measures_now_is_named(project, told):
    project.test("""
        import os

        def test_ship(sd_ship):
            (sd_ship.check if os.environ.get("SHIP_GATE") else sd_ship.measure)(num_inference_steps=2)
    """)
    told(
        project.run(),
        "NOTE tests that call check in their code only measured in this run, so that nothing of them was judged: "
        "test_it.py::test_ship\n",
    )


def test_a_condition_that_is_true_now_is_not_named(project, monkeypatch):
    monkeypatch.setenv("SHIP_GATE", "1")
    for condition in ("in the test", "in a helper"):
        project.test(CONDITIONS[condition])
        result = project.run("--sdperf-missing=skip")
        assert "in their code" not in result.stdout.str()


def test_a_marker_on_a_class_of_which_the_base_measured_is_named_by_both(trunk, project, told):
    source = """
        import pytest

        @pytest.mark.sdperf(max_slowdown="5%")
        class TestShip:
            def test_one(self, sd_ship):
                {0}
    """
    trunk.commit(test=source.format("sd_ship.measure(num_inference_steps=2)"), past=False)
    project.test(source.format("pass"))
    result = trunk.run()
    result.assert_outcomes(passed=1)
    told(
        result,
        f"NOTE tests of {trunk.label} that measured nothing here, so that nothing of them was judged: "
        "test_it.py::TestShip::test_one\n",
        "NOTE @pytest.mark.sdperf(max_slowdown='5%') has no effect, because none of its tests measured anything: "
        "test_it.py::TestShip\n",
    )
