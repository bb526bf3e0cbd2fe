"""--sdperf-against beside stored baselines: pairs are measured where the stored jobs do not settle it."""

BESIDE = ("--sdperf-against=self", "--sdperf-rounds=3")


def test_stored_jobs_that_pass_need_no_pair(project, weather, told):
    project.record_with_a_past()
    result = project.run(*BESIDE)
    result.assert_outcomes(passed=1)
    assert weather.pairs == []
    assert weather.alone == ["ship"] * 7, "five to record, and two to hold against what is recorded"
    told(result, "PASSED")


def test_a_suspicion_is_settled_side_by_side(project, weather, told):
    project.record_with_a_past()
    weather.step_ns["ship"] = 1_150_000
    project.run().assert_outcomes(failed=1)
    result = project.run(*BESIDE, "--sdperf-json=out.json")
    result.assert_outcomes(passed=1)
    assert len(weather.pairs) == 8
    told(result, "ship: pair 4 of at most 24, 3 rounds: ")
    assert "5.75 ms is +0.0 % from the same tree's 5.75 ms side by side" in project.sentences("out.json")
    weather.slower["head"] = 1.1
    result = project.run(*BESIDE)
    result.assert_outcomes(failed=1)
    told(result, "ship: latency REGRESSED: 6.33 ms is 10.0 % slower than the same tree's 5.75 ms side by side")


def test_what_stored_jobs_cannot_tell_is_settled_side_by_side(project, weather, told):
    project.record()
    told(project.run(), "INCONCLUSIVE")
    result = project.run(*BESIDE)
    result.assert_outcomes(passed=1)
    assert len(weather.pairs) == 8
    told(result, "PASSED")


def test_stored_jobs_that_are_out_of_date_are_told(project, weather, told):
    project.record_with_a_past()
    weather.step_ns["ship"] = 500_000
    result = project.run(*BESIDE)
    result.assert_outcomes(passed=1)
    assert len(weather.pairs) == 8
    assert "FASTER" not in result.stdout.str(), "nothing changed in this code"
    told(
        result,
        "NOTE ship is significantly faster than its recorded runs, which let later slowdowns pass: accept it with "
        "--sdperf-update=all",
    )


def test_without_stored_jobs_one_process_serves_picture_and_proof(project, weather, told):
    result = project.run(*BESIDE)
    result.assert_outcomes(passed=1)
    assert weather.alone == ["ship"]
    assert len(weather.pairs) == 8
    told(result, "ship: measuring ship-own-64x64-2steps, 1 process x 3 pictures")
    assert not (project.path / "baselines").exists()


def test_what_is_recorded_has_all_its_processes(project, weather, told):
    result = project.run(*BESIDE, "--sdperf-update=new")
    result.assert_outcomes(passed=1)
    told(result, "RECORDED 1 new baseline")
    assert weather.alone == ["ship"] * 5
    [job] = project.jobs()
    assert len(job.measurement.processes) == 5


def test_what_is_slower_than_the_other_arm_is_not_recorded(project, weather, told):
    weather.slower["head"] = 1.1
    result = project.run(*BESIDE, "--sdperf-update=new")
    result.assert_outcomes(failed=1)
    told(result, "ship: latency REGRESSED")
    assert not (project.path / "baselines").exists()


def test_an_update_of_all_asks_for_no_pair(project, weather, told):
    weather.slower["head"] = 2
    told(project.run(*BESIDE, "--sdperf-update=all"), "RECORDED 1 new baseline")
    weather.step_ns["ship"] = 2_000_000
    told(project.run(*BESIDE, "--sdperf-update=all"), "REPLACED baselines/")
    assert weather.pairs == []
    assert weather.alone == ["ship"] * 10


def test_a_gate_without_latency_asks_for_no_pair(project, weather):
    weather.slower["head"] = 2
    project.run(*BESIDE, "--sdperf-gate=picture,proof", "--sdperf-missing=skip")
    assert weather.pairs == []
    assert weather.alone == ["ship"] * 3


def test_what_only_measures_asks_for_no_pair(project, weather):
    project.test("""
        def test_ship(sd_ship):
            sd_ship.measure(num_inference_steps=2)
    """)
    project.run(*BESIDE).assert_outcomes(passed=1)
    assert weather.pairs == []


def test_the_base_arms_pictures_are_the_truth_where_none_are_stored(project, weather, told):
    weather.slower["head"] = 2
    result = project.run(*BESIDE)
    told(result, "picture   PASSED: 4 pictures, identical to the base's picture")
    weather.slower["head"] = 1
    project.record()
    weather.slower["head"] = 2
    told(project.run(*BESIDE), "picture   PASSED: 4 pictures, identical to its own stored picture")


def test_stored_pictures_come_before_the_base_arms(project, monkeypatch, told):
    project.record()
    monkeypatch.setenv("SHIP_FAULT", "other")
    result = project.run(*BESIDE)
    result.assert_outcomes(failed=1)
    told(result, "ship: picture BROKEN")


def test_memory_is_held_against_the_other_arm(project, weather):
    project.record()
    weather.peak_rss_bytes = 500 << 20
    result = project.run(*BESIDE, "--sdperf-json=out.json")
    result.assert_outcomes(passed=1)
    assert "the same tree's" in project.sentences("out.json")
