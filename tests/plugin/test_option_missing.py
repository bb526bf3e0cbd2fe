"""--sdperf-missing: what a missing baseline means; never a silent pass."""

import pytest

NO_BASELINE = "ship: latency NO BASELINE:"


def test_by_default_a_missing_baseline_fails(project, told):
    result = project.run()
    result.assert_outcomes(failed=1)
    told(
        result, NO_BASELINE, "there is no baseline for this case and machine yet", "record it with --sdperf-update=new"
    )
    assert not (project.path / "baselines").exists()


def test_skip_skips_with_the_reason_and_writes_nothing(project, told):
    result = project.run("--sdperf-missing=skip")
    result.assert_outcomes(skipped=1)
    told(
        result,
        "SKIPPED [1] test_it.py:1: latency",
        "not judged: there is no baseline for this case and machine yet, and --sdperf-missing=skip",
        "SKIPPED (no baseline)",
    )
    assert not (project.path / "baselines").exists()


def test_skip_gates_where_there_is_a_baseline(project):
    project.record()
    project.run("--sdperf-missing=skip").assert_outcomes(passed=1)


@pytest.mark.parametrize(("fault", "sentence"), [("nan", "picture BROKEN"), ("more calls", "proof BROKEN")])
def test_skip_hides_no_broken_part(project, monkeypatch, told, fault, sentence):
    monkeypatch.setenv("SHIP_FAULT", fault)
    result = project.run("--sdperf-missing=skip")
    result.assert_outcomes(failed=1)
    told(result, sentence)


def test_skip_waits_for_the_rest_of_the_test(project, told):
    project.test("""
        def test_ship(sd_ship):
            sd_ship.check(num_inference_steps=2)
            assert 1 == 2, "the mast"
    """)
    result = project.run("--sdperf-missing=skip")
    result.assert_outcomes(failed=1)
    told(result, "the mast")


def test_skip_after_a_measured_case_of_a_marked_test(project, told):
    project.test("""
        import pytest
        @pytest.mark.sdperf
        def test_ship(sd_ship):
            sd_ship.measure(num_inference_steps=2)
    """)
    result = project.run("--sdperf-missing=skip")
    result.assert_outcomes(skipped=1)
    told(result, "--sdperf-missing=skip")


def test_skip_is_needless_where_what_lacks_is_not_gated(project):
    project.test("""
        def test_boat(sd_boat):
            sd_boat.check(num_inference_steps=2)
    """)
    project.run("--sdperf-missing=skip", "--sdperf-gate=picture,proof").assert_outcomes(passed=1)


def test_ini(project):
    project.ini(missing="skip")
    project.run().assert_outcomes(skipped=1)


def test_command_line_over_ini(project):
    project.ini(missing="skip")
    project.run("--sdperf-missing=fail").assert_outcomes(failed=1)


def test_bad_values(project, told):
    result = project.run("--sdperf-missing=pass")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    told(result, "'pass' is not a choice [--sdperf-missing]. Use one of: fail, skip.")
    project.ini(missing="never")
    told(project.run(), "'never' is not a choice [ini key sdperf_missing]. Use one of: fail, skip.")


def test_record_is_said_by_another_option(project, told):
    result = project.run("--sdperf-missing=record")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    told(
        result,
        "'record' is not a choice [--sdperf-missing]. Use --sdperf-update=new (ini: sdperf_update = new): "
        "it records what has no baseline, and judges the rest.",
    )


def test_not_on_the_marker(project, told):
    project.test("""
        import pytest
        @pytest.mark.sdperf(missing="skip")
        def test_ship(sd_ship):
            sd_ship.check(num_inference_steps=2)
    """)
    result = project.run()
    result.assert_outcomes(errors=1)
    told(
        result,
        "unknown keyword 'missing' [@pytest.mark.sdperf]. Use one of: model, parity, processes, rounds, timeout,",
    )
