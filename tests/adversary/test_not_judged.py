"""Tests of the base that a run does not judge: skipped, deleted, dropped, without what they need, or only measuring."""

import pytest
from trunk import FROM

AGAINST = "--sdperf-against=trunk"
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


@pytest.mark.parametrize("option", [FROM, AGAINST])
@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_what_takes_all_tests_away_is_named_in_every_report(two, project, told, monkeypatch, change, option):
    """Nothing is measured at all: the notes need no session."""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    change(project)
    result = two.run("--sdperf-markdown=out.md", option=option)
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


PICTURES = "--sdperf-gate=picture,proof,memory"
"""The base is set up for these, too, and no pair is measured."""


@pytest.mark.parametrize("change", [skip_in_body, rename, drop], ids=lambda change: change.__name__)
def test_one_of_two_is_named_beside_what_is_measured_side_by_side(two, project, told, change):
    source = (project.path / "test_it.py").read_text()
    change(project)
    changed = (project.path / "test_it.py").read_text()
    (project.path / "test_it.py").write_text(source if change is drop else changed.replace("check_ship", "test_ship"))
    if change is drop:
        conftest = (project.path / "conftest.py").read_text()
        (project.path / "conftest.py").write_text(conftest.replace("i.name == 'test_other'", "i.name != 'test_boat'"))
    if change is skip_in_body:
        edited(project, ("    pytest.skip('flaky')\n    sd_ship", "    sd_ship"))
    result = two.run(PICTURES, option=AGAINST)
    assert result.ret == 0
    told(result, f"NOTE tests of {two.label} {CHANGES[change]}: test_it.py::test_boat\n")


def test_a_renamed_variant_is_named_by_its_test_of_the_base(trunk, project, told):
    fleet = """
    import pytest

    @pytest.mark.parametrize("name", ["ship", "boat"])
    def test_fleet(request, name):
        request.getfixturevalue(f"sd_{name}").check(num_inference_steps=2)
"""
    trunk.commit(test=fleet, past=False)
    project.test(fleet.replace('"boat"]', '"raft"]'))
    conftest = (project.path / "conftest.py").read_text()
    (project.path / "conftest.py").write_text(conftest.replace('Variant("boat"', 'Variant("raft"'))
    result = trunk.run(PICTURES, "--sdperf-missing=skip", option=AGAINST)
    told(
        result,
        f"NOTE tests of {trunk.label} that ask for their fixtures by name and are not collected here, so no limit "
        "applies if they measured: test_it.py::test_fleet[boat]\n",
    )


def test_a_whole_run_beside_the_base_has_no_such_note(two, project):
    two.run(PICTURES, option=AGAINST).assert_outcomes(passed=3)
    assert not [note for note in two.notes() if note.startswith("tests of")]
    for arguments in (["test_it.py::test_ship"], ["-k", "other"], ["--deselect=test_it.py::test_boat"]):
        two.run(PICTURES, *arguments, option=AGAINST)
        assert not [note for note in two.notes() if note.startswith("tests of")], arguments


def test_the_working_tree_beside_itself_has_no_other_tests(two, project):
    delete(project)
    project.run("--sdperf-against=self", "--sdperf-json=out.json").assert_outcomes(passed=1)
    assert two.notes() == []


def test_two_bases_each_name_their_own_tests(two, project, told):
    """One judges, and the other is compared with: what only the second has is missed, too."""
    before = two.repository.git("rev-parse", "HEAD")
    (project.path / "test_new.py").write_text("def test_new(sd_ship):\n    sd_ship.check(num_inference_steps=2)\n")
    later = two.repository.commit("a test")
    (project.path / "test_new.py").unlink()
    delete(project)
    result = two.run(f"--sdperf-baselines-from={before}", option=f"--sdperf-against={later}")
    gone = "that are not collected here, so no limit applies"
    told(
        result,
        f"NOTE tests of {before[:10]} {gone}: test_it.py::test_ship, test_it.py::test_boat\n",
        f"NOTE tests of {later[:10]} {gone}: test_new.py::test_new\n",
    )


def test_a_base_whose_tests_cannot_be_read_is_named_where_nothing_was_measured(trunk, project, told):
    trunk.commit(test="import no_such_rope", past=False)
    project.test("def test_other(): pass\n")
    result = trunk.run(option=AGAINST)
    assert result.ret == 0
    told(result, f"NOTE which tests of {trunk.label} this run did not judge is not known: ", "no_such_rope")
