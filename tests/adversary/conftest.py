"""Setups and changes that once made the gate green, or wrong, without a word: one file a kind, numpy pipelines only.

What they show is the same on every Python, so one runs them.
"""

import pytest


def pytest_collection_modifyitems(items):
    for item in items:
        if item.path.is_relative_to(__file__.rpartition("/")[0]):
            item.add_marker(pytest.mark.one_python)
