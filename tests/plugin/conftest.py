"""What the unit tests of the plugin share."""

from pathlib import Path

import pytest

from pytest_sdperf.plugin.results import Results


@pytest.fixture
def results():
    """The outcomes of a session, of which there are none yet."""
    results = Results()
    yield results
    results.home.close()


EVERY_PYTHON = {
    "test_bad_input.py",
    "test_declared_variants.py",
    "test_interrupted.py",
    "test_option_gate.py",
    "test_option_sdperf.py",
    "test_option_similarity.py",
    "test_sdperf_marker.py",
    "test_workers.py",
}
"""Whole sessions that run on every Python: all parts of the plugin once. What the others show is the same on each."""


def pytest_collection_modifyitems(items):
    here = Path(__file__).parent
    for item in items:
        is_session = "pytester" in getattr(item, "fixturenames", ())
        if item.path.parent == here and is_session and item.path.name not in EVERY_PYTHON:
            item.add_marker(pytest.mark.one_python)
