"""The marker sdperf, and measure() beside check()."""


def test_misuse_fails_that_test_alone(project, told):
    project.test("""
        import pytest
        @pytest.mark.sdperf(max_slow_down="5%")
        def test_keyword(sd_ship):
            sd_ship.check()

        @pytest.mark.sdperf("5%")
        def test_positional(sd_ship):
            sd_ship.check()

        @pytest.mark.sdperf(min_ssim=2)
        def test_without_a_fixture():
            pass

        @pytest.mark.sdperf(rounds=3)
        def test_fine():
            pass
    """)
    result = project.run()
    result.assert_outcomes(errors=3, passed=1)
    told(
        result,
        "unknown keyword 'max_slow_down' [@pytest.mark.sdperf]. Use one of: model, ",
        "@pytest.mark.sdperf got ('5%',) without a keyword. Write it like @pytest.mark.sdperf(max_slowdown=\"5%\").",
        "2 is not an SSIM limit [@pytest.mark.sdperf(min_ssim=…)]. Write a number from 0 to 1, like 0.97.",
    )


def test_the_nearest_marker_wins_keyword_by_keyword(project, weather):
    project.test("""
        import pytest
        @pytest.mark.sdperf(processes=2, rounds=7)
        class TestShip:
            @pytest.mark.sdperf(processes=4)
            def test_ship(self, sd_ship):
                sd_ship.check(num_inference_steps=2)
    """)
    project.record()
    assert len(weather.processes) == 4
    assert set(weather.rounds) == {7}


def test_measure_alone_is_only_reported(project, told):
    project.test("""
        def test_ship(sd_ship):
            m = sd_ship.measure(num_inference_steps=2)
            assert m.latency.median_s == 0.005
            assert m.variant == "ship"
    """)
    result = project.run("--sdperf-update=all", "--sdperf-missing=fail")
    result.assert_outcomes(passed=1)
    told(result, "measured only")
    assert not (project.path / "baselines").exists()


def test_measure_with_the_marker_is_judged_after_the_body(project, told):
    project.test("""
        import pytest
        @pytest.mark.sdperf
        def test_ship(sd_ship):
            sd_ship.measure(num_inference_steps=2)
            sd_ship.measure(num_inference_steps=3)
            print("the body went on")
    """)
    result = project.run()
    result.assert_outcomes(failed=1)
    told(result, "the body went on")
    assert result.stdout.str().count("FAILED ship: latency NO BASELINE") == 2
    project.record()
    project.run().assert_outcomes(passed=1)


def test_a_failing_body_is_its_own_failure_and_the_case_is_reported(project, told):
    project.test("""
        import pytest
        @pytest.mark.sdperf
        def test_ship(sd_ship):
            m = sd_ship.measure(num_inference_steps=2)
            assert m.latency.median_s < 0.001, "too slow for us"
    """)
    result = project.run()
    result.assert_outcomes(failed=1)
    told(result, "too slow for us", "measured only")
    assert "NO BASELINE" not in result.stdout.str()


def test_a_test_that_skips_itself_stays_skipped(project, told):
    project.test("""
        import pytest
        @pytest.mark.sdperf
        def test_ship(sd_ship):
            sd_ship.measure(num_inference_steps=2)
            pytest.skip("no wind")
    """)
    result = project.run()
    result.assert_outcomes(skipped=1)
    told(result, "no wind")


def test_several_cases_in_one_test(project, told):
    project.test("""
        def test_ship(sd_ship, sd_boat):
            sd_ship.check(num_inference_steps=2, prompts=["a ship", "a boat"], sizes=[[64, 64], (64, 72)])
            sd_boat.check(num_inference_steps=2, prompts=["a ship", "a boat"], sizes=[[64, 64], (64, 72)])
    """)
    told(project.record(), "RECORDED 2 new baselines")
    assert len([n for n in project.stored() if n.startswith("references/")]) == 4
    project.run().assert_outcomes(passed=1)


def test_what_a_failure_says(project, weather, monkeypatch, told):
    project.record()
    weather.step_ns["ship"] = 2_000_000
    monkeypatch.setenv("SHIP_PAINT", "oil")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    result = project.run()
    told(
        result,
        "ship: latency REGRESSED: 10 ms is ",
        " % slower than the baseline's 5 ms (limit 5 %",
        "; proof BROKEN: ",
        "case      ship-own-64x64-2steps",
        "test      test_it.py::test_ship",
        "stage: unet",
        "environment: ",
        "accept    no update accepts a broken promise",
    )


def test_junit_counts_a_broken_promise_as_a_failure(project):
    result = project.run("--junitxml=junit.xml")
    assert result.ret == 1
    text = (project.path / "junit.xml").read_text()
    assert 'failures="1"' in text
    assert 'errors="0"' in text
    assert 'message="Failed: ship: latency NO BASELINE' in text


def test_what_is_only_measured_needs_no_reference(project, weather):
    project.test("""
        def test_boat(sd_boat):
            sd_boat.measure(num_inference_steps=2)
    """)
    project.run().assert_outcomes(passed=1)
    assert weather.processes == ["boat"] * 3
    weather.processes.clear()
    project.test("""
        import pytest

        @pytest.mark.sdperf(max_slowdown="5%")
        def test_boat(sd_boat):
            sd_boat.measure(num_inference_steps=2)
    """)
    project.record()
    assert weather.processes == ["ship"] + ["boat"] * 5


def test_a_variant_whose_reference_is_not_measured_draws_it_first(project, weather):
    project.test("""
        def test_boat(sd_boat):
            sd_boat.check(num_inference_steps=2)
    """)
    project.record()
    assert weather.processes == ["ship"] + ["boat"] * 5
    weather.processes.clear()
    project.run("--sdperf-gate=latency", "--sdperf-processes=3").assert_outcomes(passed=1)
    assert weather.processes == ["boat"] * 3


def test_a_reference_that_cannot_be_drawn_here(project, told):
    project.conftest("""
        from pytest_sdperf import Variant

        def pytest_sdperf_variants():
            return [
                Variant("calf", "harbour:build", reference="whale", needs_model=False),
                Variant("whale", "harbour:build", needs_model=False, requirements=("package:no-such-whale",)),
            ]
    """)
    project.test("""
        def test_calf(sd_calf):
            sd_calf.check(num_inference_steps=2)
    """)
    result = project.run("--sdperf-update=new")
    result.assert_outcomes(failed=1)
    told(result, "calf: picture NO BASELINE: 4 pictures, valid, but there is no reference picture of whale")
