"""The revision's rules: where it has its baselines, and how its tests are called here."""

from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from pytest_sdperf.base.checkout.revision import Revision
from pytest_sdperf.base.declaration import Declaration
from pytest_sdperf.base.mapping import Place
from pytest_sdperf.base.set_up import Invocation
from pytest_sdperf.base.trees import Trees
from pytest_sdperf.errors import ComparisonError
from pytest_sdperf.policy import base_rules as module
from pytest_sdperf.policy.base_rules import BaseRules, base_rules

COMMIT = "0123456789" * 4
LFS = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n"


@pytest.fixture
def head(tmp_path):
    (tmp_path / "head" / "perf").mkdir(parents=True)
    return tmp_path.resolve() / "head"


@pytest.fixture
def base(tmp_path):
    (tmp_path / "base" / "perf").mkdir(parents=True)
    return tmp_path.resolve() / "base"


@pytest.fixture
def rules(head, base):
    def rules(*, rootdir="", head_rootdir=None):
        revision = Revision("main", COMMIT, head, "--sdperf-baselines-from")
        return BaseRules(revision, Trees(head, base), Declaration((), {}, rootdir=rootdir), head_rootdir)

    return rules


class TestBaselines:
    def test_they_lie_where_the_heads_do(self, rules, head, base):
        assert rules().baselines(head / "perf" / "baselines") == base / "perf" / "baselines"

    def test_below_another_rootdir(self, rules, head, base):
        moved = rules(rootdir=str(base / "perf"), head_rootdir=head)
        assert moved.baselines(head / "baselines") == base / "perf" / "baselines"

    def test_also_outside_of_the_heads_rootdir(self, rules, head, base):
        moved = rules(rootdir=str(base), head_rootdir=head / "perf")
        assert moved.baselines(head / "stored") == base / "stored"

    def test_a_folder_outside_of_the_repository_is_refused(self, rules, tmp_path):
        with pytest.raises(ComparisonError) as raised:
            rules().baselines(tmp_path / "elsewhere")
        assert str(raised.value) == (
            f"the baselines folder {tmp_path / 'elsewhere'} is outside the repository, so main (0123456789) has none "
            "[--sdperf-baselines-from=main]. Commit baselines to the repository, or leave the option out."
        )

    def test_files_that_git_lfs_has_not_fetched_are_named_with_the_command(self, rules, head, base):
        for name in ("b.json", "a.json"):
            (base / "perf" / name).write_text(LFS)
        with pytest.raises(ComparisonError) as raised:
            rules().baselines(head / "perf")
        assert str(raised.value) == (
            "git-lfs has no content here of perf/a.json and 1 more as main (0123456789) has it "
            f"[--sdperf-baselines-from=main]. Fetch it: git lfs fetch origin {COMMIT}."
        )


def test_a_file_of_the_revision_is_shown_as_git_names_it(rules, head, base):
    assert rules().shown(base / "perf" / "a.json") == "main (0123456789):perf/a.json"
    assert rules().shown(head / "perf" / "a.json") is None


class TestReading:
    @pytest.fixture
    def read(self, head, base, monkeypatch):
        """Read the rules of a revision whose tree declares this."""

        @contextmanager
        def checked_out(revision, work_dir):
            yield base

        monkeypatch.setattr(module, "checked_out", checked_out)
        monkeypatch.setattr(module, "completed_place", lambda *args, **keywords: Place(base, base, (), {}))

        def read(rootdir):
            tests = {"test_it.py::test_ship[a/b::c]": {"min_ssim": 0.9}, "sub/test_it.py::test_boat": {}}
            declared = Declaration(
                (), {}, {}, tests, awaited={"test_it.py::test_ship[a/b::c]": "check"}, rootdir=rootdir
            )
            monkeypatch.setattr(module, "declared_in", lambda *args, **keywords: declared)
            with ExitStack() as stack:
                return base_rules(
                    Revision("main", COMMIT, head, "--sdperf-baselines-from"),
                    Invocation(head),
                    rootdir=head,
                    sys_path=[],
                    environ={},
                    work_dir=base.parent,
                    stack=stack,
                )

        return read

    def test_the_same_rootdir(self, read, base):
        found = read(str(base))
        assert found.head_rootdir is None
        assert list(found.declaration.tests) == ["test_it.py::test_ship[a/b::c]", "sub/test_it.py::test_boat"]

    def test_a_rootdir_outside_of_the_tree_is_left_as_it_is(self, read):
        assert read("/somewhere").head_rootdir is None

    def test_another_rootdir_changes_how_tests_are_called(self, read, head, base):
        found = read(str(base / "perf"))
        assert found.head_rootdir == head
        tests = found.declaration.tests
        assert tests == {"perf/test_it.py::test_ship[a/b::c]": {"min_ssim": 0.9}, "perf/sub/test_it.py::test_boat": {}}
        assert found.declaration.awaited == {"perf/test_it.py::test_ship[a/b::c]": "check"}

    def test_one_above_it_too(self, head, base):
        assert module._other_root("perf/test_it.py::t", root=base, other=base / "perf") == "test_it.py::t"
        assert module._other_root("test_it.py::t", root=base, other=base / "perf") == "../test_it.py::t"
        assert module._other_root("perf", root=Path("/a"), other=Path("/a")) == "perf"
