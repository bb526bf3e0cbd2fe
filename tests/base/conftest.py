"""Real git repositories in temporary folders, untouched by the settings of whoever runs the tests."""

import pytest


@pytest.fixture(autouse=True)
def _own_git_settings(git_settings):
    """Every test here runs git."""


@pytest.fixture
def repository(make_repository):
    """One commit on main."""
    repository = make_repository()
    repository.commit("first", pipeline="SPEED = 1\n")
    return repository
