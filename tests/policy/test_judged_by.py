"""Whose word counts for a test, and what is told to a reviewer; the revision's tree is a folder here."""

import dataclasses

import msgspec
import pytest

from pytest_sdperf.base.checkout.revision import Revision
from pytest_sdperf.base.declaration import Declaration
from pytest_sdperf.base.trees import Trees
from pytest_sdperf.errors import ComparisonError, OptionError
from pytest_sdperf.options import Options, resolve
from pytest_sdperf.policy.base_rules import BaseRules
from pytest_sdperf.policy.judged_by import JudgedBy
from pytest_sdperf.variant import Variant

COMMIT = "0123456789" * 4
SHIP = Variant("ship", "harbour:build")


@pytest.fixture
def judged_by(tmp_path):
    """Make the rules of a revision with these tests, settings and variants."""
    head, base = tmp_path / "head", tmp_path / "base"
    for tree in (head, base):
        (tree / "baselines").mkdir(parents=True)

    def judged_by(tests=None, ini=None, variants=(SHIP,), **command_line):
        declaration = Declaration(variants, {}, ini or {}, tests or {})
        rules = BaseRules(Revision("main", COMMIT, head, "--sdperf-baselines-from"), Trees(head, base), declaration)
        return JudgedBy(rules, command_line)

    return judged_by


def options(marker=None, variant=SHIP, ini=None, **command_line):
    return resolve(marker=marker, command_line=command_line, ini=ini or {}, variant=variant.thresholds)


def test_marker_over_command_line_over_ini_over_variant_in_the_revision_too(judged_by):
    ours = Variant("ship", "harbour:build", thresholds={"max_slowdown": "1%", "min_ssim": 0.99})
    rules = judged_by(
        {"t": {"max_slowdown": "2%"}}, {"max_slowdown": "4%", "min_psnr": "50"}, (ours,), max_slowdown="3%"
    )
    found = rules.options(Options(), "t", {}, SHIP).thresholds
    assert (found.max_slowdown, found.min_psnr, found.min_ssim) == (0.02, 50.0, 0.99)
    found = rules.options(Options(), "t", {}, None).thresholds
    assert found.min_ssim == 0.98, "which variant is not known yet"


def test_a_test_that_the_revision_has_not_keeps_its_marker_and_a_new_variant_its_limits(judged_by, tmp_path):
    new = Variant("raft", "harbour:build", thresholds={"min_psnr": "20dB"})
    rules = judged_by({"t": {}}, {"max_slowdown": "4%"})
    marker = {"max_slowdown": "50%"}
    found = rules.options(options(marker, new), "new", marker, new).thresholds
    assert (found.max_slowdown, found.min_psnr) == (0.5, 20.0)
    assert rules.notes(tmp_path / "head" / "baselines") == [
        "main (0123456789) has no such tests, so they are judged by their own limits: new"
    ]


def test_what_is_changed_is_told_once_for_all_its_tests(judged_by, tmp_path):
    names = [f"t{n}" for n in range(7)]
    rules = judged_by({name: {} for name in names})
    marker = {"max_slowdown": "50%"}
    for name in names:
        rules.options(options(marker), name, marker, SHIP)
        rules.options(options(marker), name, marker, SHIP)
    assert rules.notes(tmp_path / "head" / "baselines") == [
        "this change relaxes max_slowdown 5 % -> 50 %; judged by main (0123456789)'s 5 % "
        "(for t0, t1, t2, t3, t4 and 2 more)"
    ]


@pytest.mark.parametrize(("count", "more"), [(20, []), (21, ["1 more recorded files"])])
def test_many_stored_files(judged_by, tmp_path, count, more):
    folder = tmp_path / "head" / "baselines"
    for number in range(count):
        (folder / f"{number:03}.json").write_text("{}")
    notes = judged_by().notes(folder)
    assert notes[0] == "this change alters 000.json: new; judged by what main (0123456789) has recorded"
    assert notes[20:] == [f"this change alters {m}; judged by main (0123456789)'s" for m in more]


def test_where_the_revision_records_what_is_missing_it_fails_here(judged_by):
    found = judged_by(ini={"update": "new"}, baselines_from="main").session_options(Options(missing="skip"))
    assert (found.missing, found.update) == ("fail", None)
    assert judged_by(ini={"missing": "skip"}).session_options(Options()).missing == "skip"


def test_limits_of_the_revision_that_cannot_be_used(judged_by):
    with pytest.raises(OptionError, match="'much' is not a quantity"):
        judged_by({"t": {"max_slowdown": "much"}}).options(Options(), "t", {}, SHIP)


def test_where_the_revision_has_a_file(judged_by, tmp_path):
    rules = judged_by().base
    there = rules.baselines(tmp_path / "head" / "baselines")
    assert there == tmp_path / "base" / "baselines"
    assert rules.shown(there / "m" / "ship.json") == "main (0123456789):baselines/m/ship.json"
    assert rules.shown(tmp_path / "head" / "x") is None
    assert not rules.baselines(tmp_path / "head" / "none").exists()
    with pytest.raises(ComparisonError, match="is outside the repository, so main"):
        rules.baselines(tmp_path / "elsewhere")


def test_pointers_of_git_lfs_are_no_baselines(judged_by, tmp_path):
    for name in ("a.png", "b.json"):
        (tmp_path / "base" / "baselines" / name).write_text("version https://git-lfs.github.com/spec/v1\n")
    with pytest.raises(ComparisonError) as caught:
        judged_by().base.baselines(tmp_path / "head" / "baselines")
    assert str(caught.value) == (
        "git-lfs has no content here of baselines/a.png and 1 more as main (0123456789) has it "
        f"[--sdperf-baselines-from=main]. Fetch it: git lfs fetch origin {COMMIT}."
    )


def test_another_rootdir_is_named(judged_by, tmp_path):
    rules = judged_by({"t": {}})
    rules.base = dataclasses.replace(rules.base, head_rootdir=tmp_path / "head")
    rules.base = dataclasses.replace(
        rules.base, declaration=msgspec.structs.replace(rules.base.declaration, rootdir=str(tmp_path / "base"))
    )
    assert rules.notes(tmp_path / "head" / "baselines") == [
        "this change moves pytest's rootdir, by another settings file or folder; judged by the settings and baselines "
        "that main (0123456789) has at its own"
    ]
