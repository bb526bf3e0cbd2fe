"""Stand-ins for torch, diffusers and optimum-intel, so that factories run where none is installed."""

import contextlib
import sys
from types import ModuleType, SimpleNamespace

import pytest

from pytest_sdperf.pipeline import BuildContext

DIGEST = "0123456789abcdef" * 4


@pytest.fixture
def context(tmp_path):
    """A context for a model folder that only says its family; call it with what differs."""
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "model_index.json").write_text('{"_class_name": "StableDiffusionPipeline"}')

    def make(**changes):
        told = {
            "model_dir": tmp_path / "model",
            "model_digest": DIGEST,
            "cache_dir": tmp_path / "cache",
            "sizes": ((64, 64),),
        }
        return BuildContext(**{**told, **changes})

    return make


class Module:
    """A torch module that remembers what was done to it."""

    def __init__(self):
        self.done = []

    def to(self, **kwargs):
        self.done.append(("to", kwargs))
        return self

    def eval(self):
        self.done.append("eval")
        return self

    def forward(self):
        return "forward"

    def decode(self):
        return "decode"


class Scheduler:
    """Base class of schedulers."""

    def __init__(self, config):
        self.config = config

    @classmethod
    def from_config(cls, config):
        return cls(config)


class Solver(Scheduler):
    """Another scheduler."""


class DiffusersPipeline:
    """What from_pretrained gives."""

    def __init__(self, torch):
        self.torch = torch
        self.text_encoder, self.unet, self.vae = Module(), Module(), Module()
        self.scheduler = Scheduler({"beta_start": 0.1})
        self.tokenizer = object()
        self.quiet = None
        self.drawn_under = []

    def set_progress_bar_config(self, *, disable):
        self.quiet = disable

    def __call__(self, **kwargs):
        self.drawn_under.append(list(self.torch.entered))
        return kwargs


@pytest.fixture
def libraries(monkeypatch):
    """Fake torch, diffusers and IPEX in sys.modules; what was loaded is in `.loaded`."""
    torch = ModuleType("torch")
    torch.float32, torch.bfloat16, torch.channels_last = "float32", "bfloat16", "channels_last"
    torch.entered = []

    @contextlib.contextmanager
    def autocast(device, *, dtype):
        torch.entered.append((device, dtype))
        try:
            yield
        finally:
            torch.entered.pop()

    torch.autocast = autocast
    seen = SimpleNamespace(loaded=[], optimized=[], torch=torch)

    def from_pretrained(folder, **kwargs):
        seen.loaded.append((folder, kwargs))
        return DiffusersPipeline(torch)

    diffusers = ModuleType("diffusers")
    diffusers.__version__ = "1.2.3"
    diffusers.StableDiffusionPipeline = SimpleNamespace(from_pretrained=from_pretrained)
    diffusers.SchedulerMixin, diffusers.Solver = Scheduler, Solver
    diffusers.NoScheduler = Module

    ipex = ModuleType("intel_extension_for_pytorch")

    def optimize(module, *, dtype, inplace):
        seen.optimized.append((module, dtype, inplace))
        return module

    ipex.optimize = optimize
    for module in (torch, diffusers, ipex):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    return seen
