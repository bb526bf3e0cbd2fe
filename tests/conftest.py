"""Fixtures for every test: pytest inside pytest, and no cache of the user's."""

import os

import pytest
from hypothesis import HealthCheck, settings

from pytest_sdperf.comparison import Disturbance, Pair
from pytest_sdperf.measurement import ImageTiming, ProcessRun

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
