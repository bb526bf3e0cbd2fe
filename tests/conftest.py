"""Fixtures for every test: pytest inside pytest, real git repositories, and no cache or git settings of the user's."""

import os
import signal
import subprocess

import pytest
from hypothesis import HealthCheck, settings

from pytest_sdperf.comparison import Pair
from pytest_sdperf.measurement import Disturbance, ImageTiming, ProcessRun

# Timings never decide a test; and CI tries the same examples every time.
settings.register_profile(
    "sdperf", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=bool(os.environ.get("CI"))
)
settings.load_profile("sdperf")

pytest_plugins = ["pytester", "numpy_workers", "made_measurements", "inner_session", "trunk"]

# A project of its own, installed and run by plugin/test_example_package.py.
collect_ignore = ["example_package"]


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory, monkeypatch, request):
    """Tests build their models in a folder of their own, except those of the full environment, which share one."""
    if request.node.get_closest_marker("full") is None and "perf" not in request.node.path.parts:
        monkeypatch.setenv("PYTEST_SDPERF_CACHE", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture(autouse=True)
def _no_github(monkeypatch):
    """Sessions inside a test must not write into the summary of the job that tests us, nor annotate it."""
    for name in [n for n in os.environ if n.startswith("GITHUB_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def default_sigint():
    """For `preexec_fn`: a process that can be interrupted, even where all of this was started in the background.

    Shells let background jobs ignore Ctrl-C, and their children inherit that.
    """
    return lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.fixture(autouse=True)
def _no_worker_of_xdist(monkeypatch):
    """Sessions inside a test must not take themselves for workers of the outer `-n`: pytest-benchmark would rest."""
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)


@pytest.fixture
def make_pair():
    """A pair whose arms drew every round alike: seconds of the head, of the base, and of both at more sizes."""

    def make_pair(head_s=1.0, base_s=1.0, *, rounds=3, more_sizes=None, dropped="", spent_s=None, unet_s=(), **seen):
        arms_s = {"64x64": (head_s, base_s), **(more_sizes or {})}

        def run(arm):
            stages = {"unet": [round(unet_s[arm] * 1e9)]} if unet_s else {}
            images = {size: [ImageTiming(round(pair_s[arm] * 1e9), stages)] * rounds for size, pair_s in arms_s.items()}
            return ProcessRun(images=images, warmup_ns={}, startup_ns={}, peak_rss_bytes=1000 + arm)

        return Pair(
            base=run(1),
            head=run(0),
            seen=Disturbance(**{"window_s": 1.0, **seen}),
            started_first="base",
            dropped=dropped,
            spent_s=spent_s or {},
        )

    return make_pair


QUIET = ("-c", "init.defaultBranch=main", "-c", "protocol.file.allow=always", "-c", "advice.detachedHead=false")


class Repository:
    """A repository with a working tree."""

    def __init__(self, path):
        self.path = path

    def git(self, *arguments):
        done = subprocess.run(
            ["git", *QUIET, *arguments], cwd=self.path, capture_output=True, text=True, check=False, timeout=60
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def write(self, **files):
        """``write(a__b="text")`` writes a/b.py."""
        for name, text in files.items():
            path = self.path / f"{name.replace('__', '/')}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def commit(self, message="change", **files):
        """Write, add everything and commit; returns the hash."""
        self.write(**files)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.git("rev-parse", "HEAD")

    def clone(self, path, *arguments):
        self.git("clone", "--quiet", *arguments, self.path.as_uri(), str(path))
        return Repository(path)

    def worktrees(self):
        """Folders that git knows as working trees of this repository."""
        lines = self.git("worktree", "list", "--porcelain").splitlines()
        return [line.removeprefix("worktree ") for line in lines if line.startswith("worktree ")]


@pytest.fixture
def git_settings(monkeypatch, tmp_path_factory):
    """Git without the settings and variables of whoever runs the tests."""
    for name in [n for n in os.environ if n.startswith("GIT_")]:
        monkeypatch.delenv(name)
    settings = tmp_path_factory.mktemp("git") / "config"
    settings.write_text("[user]\n\tname = Cook\n\temail = cook@galley.example\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")


@pytest.fixture
def make_repository(tmp_path, git_settings):
    """Make an empty repository: a new folder of that name, or one that is there."""

    def make_repository(name="project", *, path=None):
        path = path or tmp_path / name
        path.mkdir(exist_ok=True)
        repository = Repository(path.resolve())
        repository.git("init", "--quiet")
        return repository

    return make_repository


@pytest.fixture
def tree(tmp_path):
    """A folder that stands for `/`, with the given files."""

    def write(files):
        root = tmp_path / "root"
        for name, text in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return root

    return write
