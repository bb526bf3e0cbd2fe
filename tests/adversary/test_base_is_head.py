"""A build of the default branch: the revision that a workflow names as the base is the head itself."""

import json

import pytest
from trunk import INI

BOTH = ("--sdperf-against=auto", "--sdperf-baselines-from=auto", "--sdperf-missing=skip")
LOOSE = ("--sdperf-ignore=20%", "--sdperf-must-catch=60%", "--sdperf-rounds=3", "--sdperf-json=out.json")
CONFTEST = """
from pytest_sdperf import Variant

def pytest_sdperf_variants():
    return [Variant("ship", "harbour:build", reference=None, needs_model=False)]
"""


@pytest.fixture
def main(make_repository, project):
    """A repository whose clean `main` is checked out, with one commit."""
    repository = make_repository(path=project.path)
    (project.path / ".gitignore").write_text("__pycache__\nout.json\n")
    repository.commit("first")
    return repository


def notes(project):
    return json.loads((project.path / "out.json").read_text())["report"]["notes"]


@pytest.mark.usefixtures("real_workers")
@pytest.mark.parametrize("named", ["auto", "main", "HEAD"])
def test_the_previous_commit_is_the_base(project, main, told, named):
    project.conftest(CONFTEST)
    project.harbour(NAP_S=0.01)
    before = main.commit("fast")[:10]
    project.harbour(NAP_S=0.03)
    main.commit("slow")
    result = project.run(f"--sdperf-against={named}", *LOOSE, "--sdperf-missing=skip")
    result.assert_outcomes(failed=1)
    told(
        result,
        f"side by side with the previous commit ({before})",
        "ship: latency REGRESSED: ",
        f" is what is checked out, so the base is the previous commit ({before}) [--sdperf-against={named}]",
    )


def test_limits_and_baselines_are_those_of_the_previous_commit(project, main, weather, told):
    project.record()
    before = main.commit("recorded")[:10]
    (project.path / "pytest.ini").write_text(INI.format("sdperf_max_slowdown = 9000%"))
    main.commit("relaxed")
    weather.step_ns["ship"] = 30_000_000
    result = project.run("--sdperf-baselines-from=auto", "--sdperf-missing=skip", "--sdperf-json=out.json")
    result.assert_outcomes(failed=1)
    told(
        result,
        "ship: latency REGRESSED: ",
        f"so the base is the previous commit ({before}) [--sdperf-baselines-from=auto]",
        f"this change relaxes max_slowdown 5 % -> 91x; judged by the previous commit ({before})'s 5 %",
    )


def test_what_was_there_before_a_push_of_several_commits(project, main, weather, told, monkeypatch, tmp_path):
    project.record()
    before = main.commit("recorded")
    (project.path / "pytest.ini").write_text(INI.format("sdperf_max_slowdown = 9000%"))
    main.commit("relaxed")
    head = main.commit("words", notes="")
    event = tmp_path / "event.json"
    event.write_text(json.dumps({"before": before}))
    for name, value in {"EVENT_NAME": "push", "SHA": head, "EVENT_PATH": str(event)}.items():
        monkeypatch.setenv(f"GITHUB_{name}", value)
    weather.step_ns["ship"] = 30_000_000
    result = project.run("--sdperf-baselines-from=main")
    result.assert_outcomes(failed=1)
    told(result, f"judged by the commit before the push ({before[:10]})'s 5 %")


def test_a_folder_that_the_job_makes_does_not_compare_main_with_itself(project, main, weather, told, monkeypatch):
    monkeypatch.setenv("BUILD_NUMBER", "7")
    project.record()
    main.commit("recorded")
    (project.path / "pytest.ini").write_text(INI.format("sdperf_max_slowdown = 9000%"))
    main.commit("relaxed")
    (project.path / "venv").mkdir()
    (project.path / "venv" / "pyvenv.cfg").touch()
    weather.step_ns["ship"] = 30_000_000
    result = project.run("--sdperf-baselines-from=main")
    result.assert_outcomes(failed=1)
    told(result, "judged by the previous commit (")


def test_nothing_before_the_first_commit_is_said_and_what_can_be_judged_is(project, main, told):
    project.test("""
        def test_ship(sd_ship):
            sd_ship.check(num_inference_steps=2)
        def test_wreck(sd_wreck):
            sd_wreck.check(num_inference_steps=2)
    """)
    commit = main.commit("both")
    main.git("checkout", "--quiet", "--orphan", "only")
    main.git("commit", "--quiet", "--message", "only")
    main.git("branch", "--force", "main", "HEAD")
    result = project.run("--sdperf-against=auto", "--sdperf-baselines-from=auto", "--sdperf-json=out.json")
    assert commit
    result.assert_outcomes(failed=1, skipped=1)
    told(
        result,
        "wreck: picture BROKEN: ",
        " is what is checked out, and it is the first commit: there is no base to measure side by side with, so that "
        "latency and memory are judged by recorded runs and absolute limits alone, and what has neither is skipped",
        " is what is checked out, and it is the first commit: judged by its own baselines and limits "
        "[--sdperf-baselines-from=auto]",
    )


def test_a_shallow_clone_of_main(project, main, told, tmp_path):
    main.commit("second", notes="")
    clone = main.clone(tmp_path / "clone", "--depth=1")
    result = project.run(f"--rootdir={clone.path}", str(clone.path), *BOTH)
    assert result.ret == 0
    result.assert_outcomes(skipped=1)
    told(
        result,
        "and this shallow clone holds no earlier commit (in GitHub Actions, give actions/checkout `fetch-depth: 2`)",
    )


def test_a_missing_baseline_that_is_to_fail_fails_without_a_base_too(project, main):
    project.run("--sdperf-against=main", "--sdperf-missing=fail").assert_outcomes(failed=1)


def test_an_absolute_limit_fails_without_a_base(project, main, told):
    result = project.run("--sdperf-against=main", "--sdperf-max-memory=1MiB")
    result.assert_outcomes(failed=1)
    told(result, "ship: memory ")


def test_uncommitted_changes_are_compared_with_the_head_as_ever(project, main, weather, told):
    project.record()
    main.commit("recorded")
    (project.path / "pytest.ini").write_text(INI.format("sdperf_max_slowdown = 9000%"))
    weather.step_ns["ship"] = 30_000_000
    result = project.run("--sdperf-baselines-from=main")
    result.assert_outcomes(failed=1)
    told(result, "judged by main (")
    assert "so the base is" not in result.stdout.str()
