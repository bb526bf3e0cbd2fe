"""--sdperf-against: side by side with the same tree, and what cannot be compared with."""

import dataclasses

import pytest

from pytest_sdperf.measure import comparer
from pytest_sdperf.report.json import read
from pytest_sdperf.variants import fp32

BESIDE = ("--sdperf-against=self", "--sdperf-rounds=3")


@pytest.fixture
def repository(make_repository, project):
    """The inner project in a repository whose only branch is `trunk`."""
    repository = make_repository(path=project.path)
    (project.path / ".gitignore").write_text("__pycache__\nout.json\n")
    repository.commit("first")
    repository.git("branch", "--move", "trunk")
    return repository


def test_not_given_nothing_is_compared(project, weather, told):
    result = project.run()
    told(result, "NO BASELINE")
    assert "side by side with" not in result.stdout.str()
    assert weather.pairs == []


def test_the_header_names_both_arms(project, told):
    told(project.run(*BESIDE), "sdperf: working tree side by side with the same tree")


def test_without_sdperf_nothing_is_resolved(project):
    result = project.run("--sdperf-against=no-such-revision", sdperf=False)
    result.assert_outcomes(skipped=1)
    assert "side by side" not in result.stdout.str()


def test_command_line_over_ini(project, weather, told):
    project.ini(against="no-such-revision")
    assert project.run().ret == pytest.ExitCode.USAGE_ERROR
    project.run(*BESIDE).assert_outcomes(passed=1)
    project.ini(against="self")
    project.run("--sdperf-rounds=3").assert_outcomes(passed=1)
    assert len(weather.pairs) == 16


def test_it_is_no_keyword_of_the_marker(project, told):
    project.test("""
        import pytest
        @pytest.mark.sdperf(against="self")
        def test_ship(sd_ship):
            sd_ship.check(num_inference_steps=2)
    """)
    result = project.run()
    result.assert_outcomes(errors=1)
    told(result, "unknown keyword 'against' [@pytest.mark.sdperf]. Use one of: ")


def test_the_stage_that_moved_and_both_arms_are_told(project, weather, told):
    weather.slower["head"] = 1.5
    result = project.run(*BESIDE)
    result.assert_outcomes(failed=1)
    told(
        result,
        "ship: latency REGRESSED: 7.5 ms is 50.0 % slower than the same tree's 5 ms side by side",
        "base: the same tree; head: working tree",
        "stage: unet 2 ms -> 3 ms (+50.0 %), +20.0 % of the picture's time",
        "accept    let the test allow it, @pytest.mark.sdperf(ignore=…, must_catch=…), or merge it: then later changes are "
        "compared with it; recorded runs take it by pytest --sdperf --sdperf-update=all test_it.py::test_ship",
    )


def test_disturbed_pairs_do_not_count(project, weather, told):
    weather.seen = [{"foreign": 0.5}, {}, {"steal": 0.2}]
    result = project.run(*BESIDE, "--sdperf-json=out.json")
    result.assert_outcomes(passed=1)
    told(
        result,
        "ship: pair 1 of at most 25, 3 rounds: does not count, other processes took 50.0 % of the CPUs' time (limit 10 %)",
        "ship: pair 3 of at most 26, 3 rounds: does not count, the hypervisor took 20.0 % of the CPUs' time (limit 5 %)",
    )
    [outcome] = read((project.path / "out.json").read_text()).outcomes
    assert [bool(pair.dropped) for pair in outcome.comparison.pairs] == [True, False, True, False, False, False]
    assert len(outcome.measurement.processes) == 4, "those of the pairs that count are the case's"


def test_a_machine_that_is_too_busy_is_no_place_to_compare(project, weather, told):
    weather.seen = [{"foreign": 0.5}] * 24
    result = project.run(*BESIDE)
    result.assert_outcomes(failed=1)
    assert len(weather.pairs) == 10
    told(
        result,
        "ship: latency INVALID ENVIRONMENT: 5 of 5 pairs were disturbed, the last because other processes took 50.0 % of "
        "the CPUs' time (limit 10 %): this machine is too busy to compare on",
        "and 2 more do not count",
        "accept    nothing was compared: read what latency says, then run again",
    )


def test_memory_for_one_arm_only(project, weather, monkeypatch, told):
    monkeypatch.setattr(comparer, "available_memory_bytes", lambda: 1 << 20)
    weather.slower["head"] = 1.5
    result = project.run(*BESIDE)
    result.assert_outcomes(failed=1)
    told(
        result,
        "ship: base and head would need 480 MiB, and 1 MiB are left: one runs after the other",
        "ship: latency REGRESSED: 7.5 ms is 50.0 % slower",
        "memory is too small for both, so one ran after the other: drift between them counts as noise",
    )


def test_pictures_that_never_repeat_are_compared_with_the_bases(project, monkeypatch):
    monkeypatch.setenv("SHIP_FAULT", "dice")
    project.run(*BESIDE, "--sdperf-min-ssim=0.5", "--sdperf-min-psnr=25dB").assert_outcomes(passed=1)


def test_every_size_is_compared(project, weather, told):
    project.test("""
        def test_ship(sd_ship):
            sd_ship.check(num_inference_steps=2, sizes=((64, 64), (64, 128)))
    """)
    weather.slower["head"] = 1.5
    result = project.run(*BESIDE)
    result.assert_outcomes(failed=1)
    told(result, "ship: latency REGRESSED: at 64x64: 7.5 ms is 50.0 % slower", "64x128: REGRESSED: 7.5 ms is 50.0 %")


def test_a_variant_held_against_another_one(project, weather):
    project.test("""
        def test_boat(sd_boat):
            sd_boat.check(num_inference_steps=2)
    """)
    project.run(*BESIDE).assert_outcomes(passed=1)
    assert weather.processes.count("ship") == 1, "it draws the reference"
    assert weather.processes.count("boat") == 9


def test_min_speedup_is_judged_beside(project, weather, told):
    project.test("""
        import pytest
        @pytest.mark.sdperf(min_speedup=("boat", 1.5))
        def test_ship(sd_ship):
            sd_ship.check(num_inference_steps=2)
    """)
    weather.step_ns["boat"] = 2_000_000
    project.run(*BESIDE).assert_outcomes(passed=1)
    assert weather.alone == ["ship"] * 3 + ["boat"] * 3, "the other variant is no arm, so both are measured alone"


@pytest.mark.parametrize("value", ["", " "])
def test_no_name(project, told, value):
    result = project.run(f"--sdperf-against={value}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    told(result, "is not a name or path [--sdperf-against]. Write a non-empty text.")


@pytest.fixture
def refused(project, weather, told):
    """A run that ends before anything is measured, with these words."""

    def refused(value, text):
        result = project.run(f"--sdperf-against={value}")
        assert result.ret == pytest.ExitCode.USAGE_ERROR
        told(result, f"ERROR: {text}")
        assert weather.processes == []

    return refused


def test_no_repository(refused, project, git_settings):
    refused(
        "main", f"{project.path} is in no git repository [--sdperf-against]. Run pytest in a clone of the project, or "
    )


def test_names_that_git_does_not_know(refused, repository):
    refused(
        "tronk",
        "git knows no commit 'tronk' [--sdperf-against=tronk]. Did you mean trunk? Name a branch, tag or commit of this "
        "clone, or fetch it first.",
    )
    refused(
        "-f",
        "'-f' is not a valid name of a revision [--sdperf-against]. Name a branch, a tag or a commit, or write auto.",
    )


def test_several_names(refused, repository):
    text = "names several revisions [--sdperf-against]. Name one, or one and self (main,self)."
    refused("trunk,HEAD", f"'trunk,HEAD' {text}")
    refused("trunk,self,self", f"'trunk,self,self' {text}")


def test_auto_without_a_default_branch(refused, repository):
    refused(
        "auto",
        "no default branch was found (none of origin/main, origin/master, main, master) [--sdperf-against=auto]. Name the "
        "revision instead of auto, or set it: git remote set-head origin --auto.",
    )


def test_what_the_revision_does_not_declare_has_no_baseline(project, weather, repository, told):
    project.conftest("""
        from pytest_sdperf import Variant

        def pytest_sdperf_variants():
            return [Variant("raft", "harbour:build", reference=None, needs_model=False)]
    """)
    project.test("""
        def test_raft(sd_raft):
            sd_raft.check(num_inference_steps=2)
    """)
    commit = repository.git("rev-parse", "HEAD")[:10]
    result = project.run("--sdperf-against=trunk")
    result.assert_outcomes(failed=1)
    told(
        result,
        f"sdperf: working tree at {commit} with uncommitted changes side by side with trunk ({commit})",
        "raft: latency NO BASELINE: 5 ms",
        f"trunk ({commit}) declares no variant 'raft'",
        "; picture NO BASELINE: ",
    )
    assert weather.pairs == []
    assert repository.worktrees() == [str(project.path)]
    result = project.run("--sdperf-against=trunk", "--sdperf-missing=skip")
    result.assert_outcomes(skipped=1)
    told(result, f"trunk ({commit}) declares no variant 'raft', and --sdperf-missing=skip", "SKIPPED (no baseline)")
    project.record("--sdperf-against=trunk")
    told(project.run("--sdperf-against=trunk"), "INCONCLUSIVE")


def test_a_revision_that_cannot_be_collected_is_told_once_and_tried_once(project, weather, repository, told):
    project.test("""
        def test_ship(sd_ship):
            sd_ship.check(num_inference_steps=2)
        def test_boat(sd_boat):
            sd_boat.check(num_inference_steps=2)
    """)
    good = (project.path / "conftest.py").read_text()
    project.conftest("1 / 0")
    repository.commit("sunk")
    (project.path / "conftest.py").write_text(good)
    result = project.run("--sdperf-against=trunk")
    result.assert_outcomes(failed=2)
    for name in ("ship", "boat"):
        told(result, f"{name}: latency INVALID ENVIRONMENT: the variants that trunk (")
    told(result, "cannot be collected: ZeroDivisionError: division by zero", "; memory INVALID ENVIRONMENT: the base")
    assert weather.pairs == []
    assert weather.alone == ["ship", "boat"]
    assert repository.worktrees() == [str(project.path)]


def test_a_variant_is_as_fast_as_itself_in_the_table(project, weather, monkeypatch):
    """Its row has the pairs' latency, and so must what it is divided by."""
    plain = {"factory": "harbour:build", "needs_model": False, "claims": (), "requirements": ()}
    ours = dataclasses.replace(fp32.VARIANTS[0], **plain)
    monkeypatch.setattr(fp32, "VARIANTS", (ours,))
    project.test("def test_fp32(sd_fp32):\n    sd_fp32.check(num_inference_steps=2, height=64, width=64)\n")
    weather.slower = {"base": 1.5, "head": 1.5}
    result = project.run(*BESIDE, "--sdperf-json=out.json")
    report = read((project.path / "out.json").read_text())
    [outcome] = report.outcomes
    assert list(report.fp32_latency_s.values()) == [outcome.measurement.latency.median_s], result.stdout.str()
