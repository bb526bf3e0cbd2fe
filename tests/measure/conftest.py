"""An engine whose parts only answer: no process is started, no model built."""

import contextlib

import pytest

from pytest_sdperf.measure import engine as module
from pytest_sdperf.models.prepare import Prepared
from pytest_sdperf.variant import Variant
from pytest_sdperf.variants.registry import Registry


@pytest.fixture
def calls(monkeypatch, tmp_path):
    """What the engine asks of others, in order; each answers with something of the right shape."""
    calls = []

    @contextlib.contextmanager
    def lock(note):
        calls.append("lock")
        yield
        calls.append("unlock")

    def prepare(source, run, cache_dir):
        calls.append(("prepare", source.name, run("some.module:build", {"a": 1})))
        return Prepared(tmp_path / "model", f"digest-of-{source.name}", built=True)

    def call_in_worker(launcher, function, kwargs, *, log_path, timeout_s):
        return function, kwargs, launcher.network, log_path.name

    monkeypatch.setattr(module, "host_lock", lock)
    monkeypatch.setattr(module, "prepare", prepare)
    monkeypatch.setattr(module, "call_in_worker", call_in_worker)
    # fp32 runs here, whether torch is installed or not
    monkeypatch.setattr(module, "check", lambda need: need if "whale" in need else None)
    return calls


@pytest.fixture
def engine(calls, tmp_path):
    """An engine; ``noted`` has every line and step."""
    registry = Registry()
    registry.add(
        [
            Variant("ship", "harbour:build", needs_model=False, reference=None),
            Variant("client", "harbour:build", needs_model=False, reference="fp32", scheduler="Euler"),
            Variant("ours", "harbour:build", params={"precision": "auto"}),
            Variant("whale", "harbour:build", requirements=("package:no-such-whale",)),
            Variant("calf", "harbour:build", reference="whale"),
        ],
        origin="here",
    )
    work = tmp_path / "work"
    work.mkdir()
    noted = []
    made = module.Engine(
        registry=registry,
        rootdir=tmp_path,
        work_dir=work,
        note=noted.append,
        show=lambda step: noted.append(step.line),
    )
    made.noted = noted
    return made
