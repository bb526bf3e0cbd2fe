"""The docs are played in projects of inner sessions, with real workers in plain numpy."""

import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent

# `--import-mode=importlib` finds no modules beside a test.
sys.path.insert(0, str(HERE))


@pytest.fixture
def scene(project, real_workers, git_settings, monkeypatch):
    """An empty project in which pytest runs in this process; other people's settings do not reach it."""
    from doc_scene import Scene

    monkeypatch.setenv("COLUMNS", "100")
    for path in project.path.glob("*.py"):
        path.unlink()

    # The workers are real, and so is the clock: what the machine does beside them must not decide a test.
    loose = ("-o", "sdperf_max_memory_growth=1000%")
    loose_screen = ("-o", "sdperf_max_slowdown=100000%")

    def run_pytest(arguments, *, others):
        # A screen that lets all pass leaves nothing to be measured side by side.
        beside = any(argument.startswith("--sdperf-against") for argument in arguments)
        arguments = [*loose, *(() if beside else loose_screen), *arguments]
        result = project.run_beside_others(*arguments) if others else project.run(*arguments, sdperf=False)
        return int(result.ret), result.stdout.str() + result.stderr.str()

    return Scene(project.path, run_pytest)
