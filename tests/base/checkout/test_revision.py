import pytest

from pytest_sdperf.base.checkout.revision import Head, Revision, find, head_of
from pytest_sdperf.errors import ComparisonError

UNSHALLOW = (
    "Fetch the history: git fetch --unshallow (in GitHub Actions, give actions/checkout the input `fetch-depth: 0`)."
)


def refused(name, repository, environ=None):
    with pytest.raises(ComparisonError) as caught:
        find(name, head_of(repository.path, "--sdperf-against"), environ or {})
    return str(caught.value)


def test_a_clean_tree(repository):
    head = head_of(repository.path, "--sdperf-against")
    commit = repository.git("rev-parse", "HEAD")
    assert head == Head(commit, repository.path, dirty=False, asked_by="--sdperf-against")
    assert head.label == f"working tree at {commit[:10]}"


def test_a_folder_below_and_a_link_to_it(repository, tmp_path):
    repository.write(below__x="")
    (tmp_path / "link").symlink_to(repository.path)
    assert head_of(tmp_path / "link" / "below", "--sdperf-against").toplevel == repository.path


@pytest.mark.parametrize("name", ["pipeline", "untracked"])
def test_a_tree_with_changes_says_so(repository, name):
    repository.write(**{name: "SPEED = 2\n"})
    head = head_of(repository.path, "--sdperf-against")
    assert head.dirty
    assert head.untracked_only == (name == "untracked")
    assert head.label == f"working tree at {head.commit[:10]} with uncommitted changes"


def test_ignored_files_are_no_changes(repository):
    (repository.path / ".gitignore").write_text("built.py\n")
    repository.commit(built="")
    assert not head_of(repository.path, "--sdperf-against").dirty


def test_looking_does_not_write_the_index(repository):
    index = repository.path / ".git" / "index"
    (repository.path / "pipeline.py").touch()
    before = index.read_bytes(), index.stat().st_mtime_ns
    head_of(repository.path, "--sdperf-against")
    assert (index.read_bytes(), index.stat().st_mtime_ns) == before


def test_in_a_hook_of_another_repository(repository, make_repository, monkeypatch):
    monkeypatch.setenv("GIT_DIR", str(make_repository("other").path / ".git"))
    assert head_of(repository.path, "--sdperf-against").toplevel == repository.path


@pytest.mark.parametrize("name", ["HEAD~1", "v1", "side", "full hash", "short hash", ":/first"])
def test_whatever_git_knows(repository, name):
    first = repository.git("rev-parse", "HEAD")
    repository.git("tag", "--annotate", "v1", "--message", "one")
    repository.git("branch", "side")
    repository.commit("second")
    name = {"full hash": first, "short hash": first[:8].upper()}.get(name, name)
    assert find(name, head_of(repository.path, "--sdperf-against"), {}) == Revision(
        name, first, repository.path, "--sdperf-against"
    )


@pytest.mark.parametrize(
    ("name", "label"), [("v1", "v1 (0123456789)"), ("0123456", "0123456789"), ("auto", "auto (0123456789)")]
)
def test_labels(repository, name, label):
    assert Revision(name, "0123456789abcdef" + "0" * 24, repository.path, "--sdperf-against").label == label


@pytest.mark.parametrize("name", ["-x", "--output=/tmp/x", "", "  "])
def test_an_option_is_no_revision(repository, name):
    assert refused(name, repository) == (
        f"{name!r} is not a valid name of a revision [--sdperf-against]. Name a branch, a tag or a commit, or write auto."
    )


@pytest.mark.parametrize("name", ["wrok", "^HEAD", "HEAD..side", "HEAD:pipeline.py", "a b", "ß", "x\ny"])
def test_unknown(repository, name):
    repository.git("branch", "side")
    assert refused(name, repository).startswith(f"git knows no commit {name!r} [--sdperf-against={name}]. ")


def test_unknown_with_a_hint(repository, tmp_path):
    repository.git("branch", "release")
    clone = repository.clone(tmp_path / "clone")
    tail = "Name a branch, tag or commit of this clone, or fetch it first."
    assert refused("release", clone) == (
        f"git knows no commit 'release' [--sdperf-against=release]. Did you mean origin/release? {tail}"
    )
    assert refused("mian", clone).endswith(f"Did you mean main? {tail}")
    assert refused("xyz", clone).endswith(f"[--sdperf-against=xyz]. {tail}")


def test_the_head_itself_is_a_revision_like_others(repository):
    short = repository.git("rev-parse", "HEAD")[:10]
    assert find("HEAD", head_of(repository.path, "--sdperf-against"), {}).label == f"HEAD ({short})"


@pytest.fixture
def forked(repository, tmp_path):
    """A clone on a branch of its own, and the commit it left main at; main has gone on in both."""
    repository.git("branch", "release")
    clone = repository.clone(tmp_path / "clone")
    left = clone.git("rev-parse", "HEAD")
    clone.git("checkout", "--quiet", "-b", "faster")
    clone.commit("faster")
    repository.commit("main goes on")
    clone.git("fetch", "--quiet")
    return clone, left


def auto(clone, environ=None):
    revision = find("auto", head_of(clone.path, "--sdperf-against"), environ or {})
    return revision.name, revision.commit


def test_auto_is_where_the_branch_left_the_remotes_default(forked):
    clone, left = forked
    assert auto(clone) == ("merge-base with origin/main", left)


def test_auto_takes_the_pull_requests_target(forked):
    clone, left = forked
    assert auto(clone, {"GITHUB_BASE_REF": "release"}) == ("merge-base with origin/release", left)
    assert auto(clone, {"GITHUB_BASE_REF": ""})[0] == "merge-base with origin/main"
    assert refused("auto", clone, {"GITHUB_BASE_REF": "gone"}) == (
        "the pull request's target branch origin/gone is not in this clone [--sdperf-against=auto]. "
        "Fetch it: git fetch origin gone."
    )


def test_auto_follows_the_remotes_head(forked):
    clone, left = forked
    clone.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/release")
    assert auto(clone) == ("merge-base with origin/release", left)
    clone.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/gone")
    assert auto(clone) == ("merge-base with origin/main", left)


@pytest.mark.parametrize("branch", ["main", "master"])
def test_auto_without_a_remote(repository, branch):
    left = repository.git("rev-parse", "HEAD")
    repository.git("branch", "-m", branch)
    repository.git("checkout", "--quiet", "-b", "faster")
    repository.commit("faster")
    assert auto(repository) == (f"merge-base with {branch}", left)


def test_auto_without_a_default_branch(repository):
    repository.git("branch", "-m", "trunk")
    assert refused("auto", repository) == (
        "no default branch was found (none of origin/main, origin/master, main, master) [--sdperf-against=auto]. "
        "Name the revision instead of auto, or set it: git remote set-head origin --auto."
    )


def test_auto_without_a_common_commit(repository):
    repository.git("checkout", "--quiet", "--orphan", "island")
    repository.commit("alone")
    assert refused("auto", repository) == (
        "HEAD and main have no common commit [--sdperf-against=auto]. Name the revision instead of auto."
    )


@pytest.fixture
def shallow(repository, tmp_path):
    """A clone of a pull request as CI makes it: its last commit only."""
    repository.git("checkout", "--quiet", "-b", "faster")
    repository.commit("faster")
    repository.git("checkout", "--quiet", "main")
    return repository.clone(tmp_path / "shallow", "--depth=1", "--branch=faster")


def test_a_shallow_clone_says_how_to_deepen_it(shallow):
    assert refused("HEAD~1", shallow) == (
        f"git knows no commit 'HEAD~1' in this shallow clone [--sdperf-against=HEAD~1]. {UNSHALLOW}"
    )
    assert refused("auto", shallow) == (
        "this shallow clone has no default branch (none of origin/main, origin/master, main, master) "
        f"[--sdperf-against=auto]. {UNSHALLOW}"
    )
    assert refused("auto", shallow, {"GITHUB_BASE_REF": "main"}) == (
        f"the pull request's target branch origin/main is not in this clone [--sdperf-against=auto]. {UNSHALLOW}"
    )
    shallow.git("fetch", "--quiet", "--depth=1", "origin", "main:refs/remotes/origin/main")
    assert refused("auto", shallow, {"GITHUB_BASE_REF": "main"}) == (
        f"this clone is too shallow to hold where HEAD left origin/main [--sdperf-against=auto]. {UNSHALLOW}"
    )
    shallow.git("fetch", "--quiet", "--unshallow")
    assert auto(shallow)[0] == "merge-base with origin/main"


def test_no_repository(tmp_path, monkeypatch):
    monkeypatch.setattr(
        "pytest_sdperf.base.checkout.git._OURS", {"LC_ALL": "C", "GIT_CEILING_DIRECTORIES": str(tmp_path)}
    )
    folder = tmp_path / "plain"
    folder.mkdir()
    with pytest.raises(ComparisonError) as caught:
        head_of(folder, "--sdperf-against", otherwise=", or leave it")
    assert str(caught.value) == (
        f"{folder} is in no git repository [--sdperf-against]. Run pytest in a clone of the project, or leave it."
    )


def test_no_working_tree(repository):
    with pytest.raises(ComparisonError) as caught:
        head_of(repository.path / ".git", "--sdperf-against")
    assert str(caught.value) == (
        f"{repository.path / '.git'} has no working tree [--sdperf-against]. "
        "Run pytest where the project is checked out."
    )


def test_no_commit(make_repository):
    repository = make_repository()
    with pytest.raises(ComparisonError) as caught:
        head_of(repository.path, "--sdperf-against")
    assert str(caught.value) == (
        f"the repository {repository.path} has no commit yet [--sdperf-against]. Commit before comparing."
    )


@pytest.mark.parametrize(
    ("err", "message"),
    [
        (
            "fatal: detected dubious ownership in repository at '/x'",
            "git does not trust the repository of {0}, which belongs to somebody else [--sdperf-against]. "
            "Trust it: git config --global --add safe.directory {0} (its top folder).",
        ),
        (
            "fatal: bad config line 1",
            "git cannot read the repository of {0}: bad config line 1 [--sdperf-against]. Fix it.",
        ),
    ],
)
def test_a_repository_that_git_refuses(repository, monkeypatch, err, message):
    from pytest_sdperf.base.checkout import git, revision

    monkeypatch.setattr(revision, "git", lambda *arguments: git.Answer(128, "", err))
    with pytest.raises(ComparisonError) as caught:
        head_of(repository.path, "--sdperf-against")
    assert str(caught.value) == message.format(repository.path)


def test_a_status_that_fails(repository):
    (repository.path / ".git" / "index").write_bytes(b"broken")
    with pytest.raises(ComparisonError) as caught:
        head_of(repository.path, "--sdperf-against")
    assert str(caught.value).startswith("git status fails: ")
    assert str(caught.value).endswith(f"[{repository.path}]. Fix the repository.")
