"""A scheduler's module draws in float32 where its pipeline's latents are of a lower type; without torch here."""

import sys
from types import ModuleType, SimpleNamespace

import pytest

from pytest_sdperf.worker import scheduler_noise
from pytest_sdperf.worker.scheduler_noise import draw_in_float32

SINGLE, LOW, WHOLE = (
    SimpleNamespace(name=name, is_floating_point=is_floating)
    for name, is_floating in (("single", True), ("low", True), ("whole", False))
)


class Noise:
    def __init__(self, dtype):
        self.dtype, self.drawn_as = dtype, dtype

    def to(self, dtype):
        self.dtype = dtype
        return self


@pytest.fixture
def scheduler(monkeypatch):
    """A module with a scheduler, and the types that its noise was asked for in."""
    torch, module = ModuleType("torch"), ModuleType("samplers")
    torch.float32 = SINGLE
    module.randn_tensor = lambda shape, *, generator, dtype: Noise(dtype)
    module.Scheduler = type("Scheduler", (), {"__module__": "samplers"})
    monkeypatch.setitem(sys.modules, "torch", torch)
    monkeypatch.setitem(sys.modules, "samplers", module)
    return module


@pytest.fixture
def is_low(monkeypatch):
    monkeypatch.setattr(scheduler_noise, "low_type", lambda pipeline: LOW)


def drawn(module, dtype):
    noise = module.randn_tensor((1, 4), generator="seeded", dtype=dtype)
    return noise.drawn_as, noise.dtype


@pytest.mark.parametrize(("asked", "drawn_as"), [(LOW, SINGLE), (SINGLE, SINGLE), (WHOLE, WHOLE), (None, None)])
def test_noise_is_drawn_in_float32_and_has_the_type_that_was_asked_for(scheduler, is_low, asked, drawn_as):
    draw_in_float32(SimpleNamespace(scheduler=scheduler.Scheduler()))
    assert drawn(scheduler, asked) == (drawn_as, asked)


def test_it_is_done_once(scheduler, is_low):
    pipeline = SimpleNamespace(scheduler=scheduler.Scheduler())
    draw_in_float32(pipeline)
    once = scheduler.randn_tensor
    draw_in_float32(pipeline)
    assert scheduler.randn_tensor is once


def test_pipelines_in_float32_are_left_alone(scheduler, monkeypatch):
    monkeypatch.setattr(scheduler_noise, "low_type", lambda pipeline: None)
    original = scheduler.randn_tensor
    draw_in_float32(SimpleNamespace(scheduler=scheduler.Scheduler()))
    assert scheduler.randn_tensor is original


@pytest.mark.parametrize("pipeline", [SimpleNamespace(), SimpleNamespace(scheduler=None), SimpleNamespace(scheduler=5)])
def test_without_such_a_scheduler_nothing_is_changed(is_low, pipeline):
    draw_in_float32(pipeline)
