"""Fixtures for every test: pytest inside pytest, and no cache of the user's."""

import os

import pytest
from hypothesis import HealthCheck, settings

# Timings never decide a test; and CI tries the same examples every time.
settings.register_profile(
    "sdperf", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=bool(os.environ.get("CI"))
)
settings.load_profile("sdperf")

pytest_plugins = ["pytester"]

# A project of its own, installed and run by plugin/test_example_package.py.
collect_ignore = ["example_package"]


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory, monkeypatch, request):
    """Tests build their models in a folder of their own, except those of the full environment, which share one."""
    if request.node.get_closest_marker("full") is None and "perf" not in request.node.path.parts:
        monkeypatch.setenv("PYTEST_SDPERF_CACHE", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture(autouse=True)
def _no_worker_of_xdist(monkeypatch):
    """Sessions inside a test must not take themselves for workers of the outer `-n`: pytest-benchmark would rest."""
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
