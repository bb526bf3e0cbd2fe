"""--sdperf-baselines-from: real git, real collecting in the revision's tree; a change cannot relax its own gate."""

import os

import pytest
from trunk import FROM, INI, MARKED

pytestmark = [
    pytest.mark.one_python,
    pytest.mark.skipif(os.name != "posix", reason="workers need POSIX pipes and process groups"),
]


def slower(weather, factor=1.2):
    weather.step_ns["ship"] = round(1_000_000 * factor)


def test_not_given_the_change_judges_itself(trunk, project, weather):
    trunk.commit()
    project.test(MARKED.format('max_slowdown="90%"'))
    slower(weather)
    project.run("--sdperf-json=out.json").assert_outcomes(passed=1)
    assert trunk.notes() == [n for n in trunk.notes() if n.startswith("8 stored here")]


def test_a_change_cannot_relax_its_marker(trunk, project, weather, told):
    trunk.commit()
    project.test(MARKED.format('max_slowdown="90%"'))
    slower(weather)
    result = trunk.run()
    result.assert_outcomes(failed=1)
    note = f"this change relaxes max_slowdown 5 % -> 90 %; judged by {trunk.label}'s 5 % (for test_it.py::test_ship)"
    told(result, "ship: latency REGRESSED: 6 ms is ", " % slower than the baseline's 5 ms", f"NOTE {note}")
    told(result, ", baselines in baselines as trunk has them\n")
    assert trunk.notes()[0] == note
    assert f"baseline  {trunk.label}:baselines/" in result.stdout.str()


def test_a_stricter_limit_of_the_change_holds(trunk, project, weather, told):
    trunk.commit('max_slowdown="90%"')
    project.test(MARKED.format('max_slowdown="5%"'))
    slower(weather)
    result = trunk.run()
    result.assert_outcomes(failed=1)
    told(result, "tightens max_slowdown 90 % -> 5 %; judged by its own 5 % (for test_it.py::test_ship)")


def test_a_change_cannot_write_its_own_baseline(trunk, project, weather, told):
    trunk.commit()
    slower(weather)
    project.run("--sdperf-update=all").assert_outcomes(passed=1)
    name = project.baseline_of("ship").relative_to(project.path / "baselines")
    project.run().assert_outcomes(passed=1)
    result = trunk.run()
    result.assert_outcomes(failed=1)
    told(
        result,
        "ship: latency REGRESSED: 6 ms is ",
        f"NOTE this change alters {name}: latency 5 ms -> 6 ms (+20.0 %), 10 -> 1 runs; judged by what {trunk.label}",
    )


def test_a_change_cannot_relax_by_its_settings(trunk, project, weather, told):
    trunk.commit(ini="sdperf_max_slowdown = 6%\n")
    (project.path / "mine").mkdir()
    relaxed = "sdperf_max_slowdown = 80%\nsdperf_gate = picture\nsdperf_baselines = mine\nsdperf_missing = skip"
    (project.path / "pytest.ini").write_text(INI.format(relaxed))
    slower(weather)
    result = trunk.run()
    result.assert_outcomes(failed=1)
    told(
        result,
        "ship: latency REGRESSED: ",
        f"this change relaxes max_slowdown 6 % -> 80 %; judged by {trunk.label}'s 6 %",
        f"this change sets gate latency,picture,proof,memory -> picture; judged by {trunk.label}'s latency,picture,",
        f"this change sets baselines baselines -> mine; judged by {trunk.label}'s baselines",
        f"this change sets missing fail -> skip; judged by {trunk.label}'s fail",
    )


def test_the_command_line_holds_for_both(trunk, project, weather):
    """It comes from whoever starts the run: a workflow, which the change may not alter unseen."""
    trunk.commit()
    slower(weather)
    trunk.run("--sdperf-max-slowdown=90%").assert_outcomes(passed=1)
    trunk.run("-o", "sdperf_max_slowdown=90%").assert_outcomes(passed=1)


def test_a_change_cannot_relax_its_variant(trunk, project, told):
    trunk.commit()
    conftest = (project.path / "conftest.py").read_text()
    changed = conftest.replace(
        'Variant("ship", reference=None, **ship)',
        'Variant("ship", reference=None, **{**ship, "claims": claims[:1]}, thresholds=dict(max_slowdown="70%"), '
        'requirements=("cores:1",))',
    )
    assert changed != conftest
    (project.path / "conftest.py").write_text(changed)
    told(
        trunk.run(),
        f"this change relaxes max_slowdown 5 % -> 70 %; judged by {trunk.label}'s 5 % (for test_it.py::test_ship)",
        "this change drops or alters claim fact(paint=numpy) of variant ship; not judged any more (for test_it.py::",
        "this change lets variant ship need cores:1; without it its tests skip (for test_it.py::test_ship)",
    )


def test_renamed_new_and_lost_tests_are_told(trunk, project, told):
    trunk.commit()
    project.test("""
        def test_renamed(sd_ship):
            sd_ship.check(num_inference_steps=2)
        def test_other():
            pass
    """)
    result = trunk.run()
    result.assert_outcomes(passed=2)
    told(
        result,
        f"{trunk.label} has no such tests, so they are judged by their own limits: test_it.py::test_renamed",
        f"tests of {trunk.label} that are not collected here, so no limit applies: test_it.py::test_ship",
    )
    result = trunk.run("test_it.py::test_renamed")
    assert "not collected here" not in result.stdout.str()


def test_what_the_revision_has_not_stored_has_no_baseline(trunk, project, told):
    trunk.commit(past=False)
    project.record()
    result = trunk.run()
    result.assert_outcomes(failed=1)
    told(
        result,
        "ship: latency NO BASELINE: ",
        f"baseline  {trunk.label}:baselines/",
        " (not there)",
        ".json: new; judged by what trunk (",
    )
    trunk.run("--sdperf-missing=skip").assert_outcomes(skipped=1)


def test_references_are_the_revisions(trunk, project, monkeypatch, told):
    trunk.commit()
    monkeypatch.setenv("SHIP_FAULT", "other")
    project.run("--sdperf-update=all", "--sdperf-gate=latency")
    for path in (project.path / "baselines" / "references").rglob("*.png"):
        path.unlink()
    project.record("--sdperf-update=all")
    project.run().assert_outcomes(passed=1)
    result = trunk.run()
    result.assert_outcomes(failed=1)
    told(result, "picture BROKEN: ", ".png: replaced; judged by what trunk (")


def test_the_revision_may_be_what_is_checked_out(trunk):
    trunk.commit()
    trunk.run().assert_outcomes(passed=1)
    assert not [note for note in trunk.notes() if "this change" in note]


def test_a_rootdir_below_the_repository(make_repository, project, weather, told):
    repository = make_repository(path=project.path.parent / "whole")
    inner = repository.path / "service"
    inner.mkdir()
    for name in ("harbour.py", "conftest.py"):
        (inner / name).write_text((project.path / name).read_text())
    (repository.path / ".gitignore").write_text("__pycache__\n")
    (inner / "test_in.py").write_text("def test_ship(sd_ship): sd_ship.check(num_inference_steps=2)\n")
    project.run(f"--rootdir={inner}", str(inner), "--sdperf-update=new").assert_outcomes(passed=1)
    assert (inner / "baselines").is_dir()
    commit = repository.commit("first")[:10]
    result = project.run(f"--rootdir={inner}", str(inner), "--sdperf-baselines-from=HEAD")
    result.assert_outcomes(passed=1)
    told(result, "INCONCLUSIVE ship: latency: 5 ms is ", " % from the baseline's 5 ms")
    weather.step_ns["ship"] = 3_000_000
    told(
        project.run(f"--rootdir={inner}", str(inner), "--sdperf-baselines-from=HEAD"),
        f"baseline  HEAD ({commit}):service/baselines/",
    )


def test_ini_and_command_line_over_it(trunk, project, told):
    trunk.commit()
    (project.path / "pytest.ini").write_text(INI.format("sdperf_baselines_from = no-such-revision"))
    result = project.run()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    told(result, "git knows no commit 'no-such-revision' [--sdperf-baselines-from=no-such-revision].")
    trunk.run().assert_outcomes(passed=1)


def test_it_is_no_keyword_of_the_marker(project, told):
    project.test(MARKED.format('baselines_from="trunk"'))
    result = project.run()
    result.assert_outcomes(errors=1)
    told(result, "unknown keyword 'baselines_from' [@pytest.mark.sdperf]. Use one of: ")


def test_nothing_is_read_where_nothing_is_judged(trunk, project, told):
    trunk.commit(past=False)
    bad = "--sdperf-baselines-from=no-such-revision"
    result = project.run(bad, sdperf=False)
    result.assert_outcomes(skipped=1)
    told(result, "NOTE --sdperf-baselines-from is given, and neither the command line nor the settings say --sdperf: ")
    assert project.run(bad, "--collect-only").ret == 0


def test_the_revision_is_read_whatever_the_tests_of_the_change_are(trunk, project, told):
    trunk.commit(past=False)
    project.test("def test_other(): pass")
    result = project.run("--sdperf-baselines-from=no-such-revision")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    told(result, "git knows no commit 'no-such-revision'")


@pytest.mark.parametrize("said", ["--sdperf-update=all", "--sdperf-update=new"])
def test_nothing_is_written(project, told, said):
    result = project.run(FROM, said)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    told(
        result,
        f"baselines are read from another revision, and cannot be written there [--sdperf-baselines-from=trunk, {said}]. "
        "Record in a run without --sdperf-baselines-from, and commit what it writes; where the ini file asks for the update, "
        "add -o sdperf_update= here.",
    )


def test_settings_of_the_revision_that_would_write(trunk, project, told):
    """That revision records what is missing; a run that is judged by it records nothing."""
    trunk.commit(ini="sdperf_update = new", past=False)
    (project.path / "pytest.ini").write_text(INI.format(""))
    result = trunk.run()
    result.assert_outcomes(failed=1)
    told(result, "ship: latency NO BASELINE: ")
    assert not (project.path / "baselines").exists()


@pytest.fixture
def refused(project, weather, told):
    """A run that ends before anything is measured, with these words."""

    def refused(*texts, option=FROM, args=()):
        built = len(weather.processes)
        result = project.run(option, *args)
        assert result.ret == pytest.ExitCode.USAGE_ERROR, result.stdout.str()
        told(result, *texts)
        assert len(weather.processes) == built

    return refused


def test_no_repository(refused, project, git_settings):
    refused(
        f"ERROR: {project.path} is in no git repository [--sdperf-baselines-from]. Run pytest in a clone of the project.\n"
    )


def test_names_that_git_does_not_know(refused, trunk):
    trunk.commit()
    refused(
        "git knows no commit 'tronk' [--sdperf-baselines-from=tronk]. Did you mean trunk?",
        option="--sdperf-baselines-from=tronk",
    )


def test_baselines_outside_of_the_repository(refused, trunk, tmp_path_factory):
    trunk.commit()
    folder = tmp_path_factory.mktemp("elsewhere")
    refused(
        f"the baselines folder {folder} is outside the repository, so {trunk.label} has none "
        "[--sdperf-baselines-from=trunk]. Commit baselines to the repository, or leave the option out.",
        args=(f"--sdperf-baselines={folder}",),
    )
    assert trunk.repository.worktrees() == [str(trunk.project.path)]


def test_baselines_in_git_lfs_that_are_not_fetched(refused, trunk, project):
    trunk.commit()
    path = project.baseline_of("ship")
    path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
    commit = trunk.repository.commit("pointer")
    trunk.repository.git("branch", "--force", "trunk")
    trunk.repository.commit("words", notes="")
    refused(
        f"git-lfs has no content here of {path.relative_to(project.path)} as {trunk.label} has it "
        f"[--sdperf-baselines-from=trunk]. Fetch it: git lfs fetch origin {commit}.",
    )


def test_a_revision_that_cannot_be_collected(refused, trunk, project):
    trunk.commit()
    good = (project.path / "test_it.py").read_text()
    project.test("1 / 0")
    trunk.repository.commit("sunk")
    trunk.repository.git("branch", "--force", "trunk")
    (project.path / "test_it.py").write_text(good)
    refused(f"the variants that {trunk.label} declares cannot be collected: ZeroDivisionError: division by zero")
    assert trunk.repository.worktrees() == [str(project.path)]


def test_a_marker_that_json_cannot_say(refused, trunk, project):
    trunk.commit("max_slowdown=object()", past=False)
    project.test(MARKED.format(""))
    refused("cannot be collected: marker of test_it.py::test_ship: ", "of type object cannot be written as JSON")


def test_limits_of_pairs_are_the_revisions_too(trunk, project, weather, told):
    trunk.commit('must_catch="5%"', past=False)
    project.test(MARKED.format('must_catch="300%", ignore="200%"'))
    weather.slower["head"] = 1.5
    result = trunk.run("--sdperf-against=self", "--sdperf-rounds=3")
    result.assert_outcomes(failed=1)
    told(
        result,
        "ship: latency REGRESSED: 7.5 ms is 50.0 % slower than the same tree's 5 ms",
        f"this change relaxes must_catch 5 % -> 300 %; judged by {trunk.label}'s 5 %",
        f"this change relaxes ignore 1 % -> 200 %; judged by {trunk.label}'s 1 %",
    )
