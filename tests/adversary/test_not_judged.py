"""Tests of the base that a run does not judge: skipped, deleted, dropped, without what they need, or only measuring."""

import pytest

PASSING = "\n    def test_other():\n        pass\n"
TWO = """
    import pytest

    def test_ship(sd_ship):
        sd_ship.check(num_inference_steps=2)

    def test_boat(sd_boat):
        sd_boat.check(num_inference_steps=2)

    def test_other():
        pass
"""
NEEDS = 'requirements=("package:no-such-thing",)'


@pytest.fixture
def two(trunk, project):
    """Trunk has two tests of ours and another; all but the test file is as there."""
    trunk.commit(test=TWO, past=False)
    project.record()
    trunk.repository.commit("recorded")
    trunk.repository.git("branch", "--force", "trunk")
    return trunk


def edited(project, *changes):
    source = (project.path / "test_it.py").read_text()
    for old, new in changes:
        assert old in source
        source = source.replace(old, new)
    (project.path / "test_it.py").write_text(source)


def skip_by_marker(project):
    edited(project, ("def test_ship", "@pytest.mark.skip(reason='flaky')\ndef test_ship"))
    edited(project, ("def test_boat", "@pytest.mark.skip(reason='flaky')\ndef test_boat"))


def skip_in_body(project):
    edited(
        project,
        ("    sd_ship", "    pytest.skip('flaky')\n    sd_ship"),
        ("    sd_boat", "    pytest.skip('flaky')\n    sd_boat"),
    )


def skip_module(project):
    edited(project, ("import pytest", "import pytest\npytestmark = pytest.mark.skipif(1 == 1, reason='flaky')"))


def delete(project):
    (project.path / "test_it.py").write_text("def test_other(): pass\n")


def rename(project):
    edited(project, ("def test_ship", "def check_ship"), ("def test_boat", "def check_boat"))


def drop(project):
    with (project.path / "conftest.py").open("a") as conftest:
        conftest.write(
            "\ndef pytest_collection_modifyitems(items):\n    items[:] = [i for i in items if i.name == 'test_other']\n"
        )


def deselect(project):
    with (project.path / "conftest.py").open("a") as conftest:
        conftest.write(
            "\ndef pytest_collection_modifyitems(config, items):\n"
            "    gone = [i for i in items if i.name != 'test_other']\n"
            "    config.hook.pytest_deselected(items=gone)\n    items[:] = [i for i in items if i not in gone]\n"
        )


def need(project):
    conftest = (project.path / "conftest.py").read_text()
    changed = conftest.replace("needs_model=False, ", f"needs_model=False, {NEEDS}, ").replace(
        'requirements=("package:no-such-whale>=2",)', ""
    )
    (project.path / "conftest.py").write_text(changed)


def unmark(project):
    edited(project, ("def test_ship(sd_ship):\n    sd_ship", "def test_ship():\n    print"))
    edited(project, ("def test_boat(sd_boat):\n    sd_boat", "def test_boat():\n    print"))
    edited(project, (".check(num_inference_steps=2)", ""))


DID_NOT = "that this run did not judge, "
CHANGES = {
    skip_by_marker: f"{DID_NOT}because they were skipped (flaky)",
    skip_in_body: f"{DID_NOT}because they were skipped (flaky)",
    skip_module: f"{DID_NOT}because they were skipped (flaky)",
    delete: "that are not collected here, so no limit applies",
    rename: "that are not collected here, so no limit applies",
    drop: f"{DID_NOT}because a conftest or plugin takes them out of the collection",
    deselect: f"{DID_NOT}because settings or a conftest of this change deselect them",
    need: f"{DID_NOT}because they were skipped (needs package:no-such-thing",
    unmark: "that measured nothing here, so that nothing of them was judged",
}


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_what_takes_all_tests_away_is_named_in_every_report(two, project, told, monkeypatch, change):
    """Nothing is measured at all: the notes need no session."""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    change(project)
    result = two.run("--sdperf-markdown=out.md")
    assert result.ret == 0
    note = f"tests of {two.label} {CHANGES[change]}"
    told(result, "Nothing was measured.", f"NOTE {note}", f"::warning title=sdperf%3A not judged::{note}")
    [found] = [n for n in two.notes() if n.startswith(note)]
    assert found.endswith(": test_it.py::test_ship, test_it.py::test_boat")
    text = (project.path / "out.md").read_text()
    assert text.startswith("## ⚠️ sdperf: nothing was judged\n")
    assert "### Notes" in text
    (project.path / "out.md").unlink()


def test_one_of_two_is_named_beside_what_is_judged(two, project, told):
    edited(project, ("    sd_boat", "    pytest.skip('flaky')\n    sd_boat"))
    result = two.run()
    result.assert_outcomes(passed=2, skipped=1)
    told(result, f"NOTE tests of {two.label} {DID_NOT}because they were skipped (flaky): test_it.py::test_boat\n")


def test_expected_failures_are_named(two, project, told):
    edited(project, ("    sd_boat", "    raise OSError\n    sd_boat"))
    edited(project, ("def test_boat", "@pytest.mark.xfail(reason='slow')\ndef test_boat"))
    result = two.run()
    told(result, f"{DID_NOT}because it is marked as expected to fail (slow): test_it.py::test_boat\n")


def test_tests_after_one_that_ended_the_run_are_named(two, project, told):
    edited(project, ("    sd_ship", "    pytest.exit('enough')\n    sd_ship"))
    told(two.run(), f"{DID_NOT}because the run ended before them: test_it.py::test_ship, test_it.py::test_boat")


def test_what_the_base_skips_too_is_no_news(trunk, project):
    trunk.commit(test=TWO.replace("def test_boat", "@pytest.mark.skip\n    def test_boat"), past=False)
    project.record()
    trunk.run("--sdperf-missing=skip")
    assert not [note for note in trunk.notes() if "did not judge" in note]


def test_what_the_command_line_leaves_out_is_not_listed(two, project):
    edited(project, ("def test_other", "def test_another"))
    for arguments in (["test_it.py::test_ship"], ["-k", "ship"], ["--deselect=test_it.py::test_boat"]):
        two.run(*arguments).assert_outcomes(passed=1 + arguments[0].startswith("--deselect"))
        assert not [note for note in two.notes() if note.startswith("tests of")], arguments


def test_checks_that_become_measurements_are_named(two, project, told):
    edited(project, (".check(", ".measure("))
    result = two.run()
    result.assert_outcomes(passed=3)
    told(
        result,
        f"NOTE tests of {two.label} that call check there and only measure here, so that nothing of them was judged: "
        "test_it.py::test_ship, test_it.py::test_boat",
    )


def test_a_summary_of_a_job_says_it_too(two, project, monkeypatch, tmp_path):
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    delete(project)
    two.run()
    assert "not collected here" in (tmp_path / "summary.md").read_text()
