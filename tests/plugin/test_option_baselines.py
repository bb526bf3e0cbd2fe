"""--sdperf-baselines: the folder of baselines and references."""

import pytest


def test_by_default_it_is_baselines_in_the_rootdir(project):
    project.record()
    assert project.baseline.parent.parent == project.path / "baselines"


def test_command_line(project, told):
    told(project.record("--sdperf-baselines=kept/here"), "baselines in kept/here", "kept/here/")
    assert list((project.path / "kept" / "here").rglob("ship-*.json"))
    assert not (project.path / "baselines").exists()


def test_ini_and_command_line_over_it(project):
    project.ini(baselines="stored")
    project.record()
    assert list((project.path / "stored").rglob("ship-*.json"))
    project.run("--sdperf-baselines=elsewhere").assert_outcomes(failed=1)
    project.run().assert_outcomes(passed=1)


def test_a_folder_outside_is_named_in_full(project, tmp_path_factory, told):
    outside = tmp_path_factory.mktemp("outside")
    told(project.record(f"--sdperf-baselines={outside}"), f"{outside}/")


def test_an_empty_name(project, told):
    result = project.run("--sdperf-baselines= ")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    told(result, "' ' is not a name or path [--sdperf-baselines]. Write a non-empty text.")


def test_unused_and_foreign_files_are_named_and_kept(project, told):
    project.record()
    folder = project.folder
    unused = folder / "raft-own-64x64-2steps.json"
    unused.write_text("{}")
    foreign = project.path / "baselines" / "pdp11-1cores-base"
    foreign.mkdir()
    (folder / "notes.txt").write_text("mine")
    before = project.stored()
    result = project.run()
    result.assert_outcomes(passed=1)
    told(
        result,
        f"stored here but not used by this run, and left as they are: {unused.relative_to(project.path)}",
        "in the baselines folder but not of this machine",
        "and left alone: baselines/pdp11-1cores-base, ",
        "notes.txt",
    )
    assert project.stored() == before
