"""Blocks that need the real libraries are played with them: real workers, one process and picture each."""

import os
import subprocess
import sys
from importlib.util import find_spec

import pytest
from doc_pages import blocks, pages
from doc_scene import Scene

pytestmark = [
    pytest.mark.full,
    pytest.mark.skipif(find_spec("torch") is None, reason="torch is not installed: tox -e full"),
]

PAGES = [page for page in pages() if any(block.needs == "full" for block in blocks(page))]

SHORT = (
    "-p no:cacheprovider --sdperf-processes=1 --sdperf-rounds=1 --sdperf-max-pairs=4 "
    "--sdperf-gate=picture,proof,memory"  # timings never decide a test
)


@pytest.mark.parametrize("page", PAGES)
def test_a_page_does_what_it_says_with_the_real_libraries(tmp_path, git_settings, page):
    def run_pytest(arguments, *, others):
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *arguments],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "PYTEST_ADDOPTS": SHORT, "COLUMNS": "100"},
        )
        return done.returncode, done.stdout + done.stderr

    scene = Scene(tmp_path, run_pytest)
    scene.play(page, needs="full")
    assert scene.played == sum(block.needs == "full" for block in blocks(page))
