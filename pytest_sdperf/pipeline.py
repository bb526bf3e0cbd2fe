"""The context that a variant's factory is given, and the interface of the object that it returns."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from pytest_sdperf.errors import CaseError
from pytest_sdperf.models.configurations import family_of_folder
from pytest_sdperf.models.families.family import Family
from pytest_sdperf.variant import Param


@dataclass(frozen=True)
class BuildContext:
    """Everything a factory needs to build its pipeline, in the worker."""

    model_dir: Path | None
    "folder in diffusers' layout; None where the variant says needs_model=False"
    model_digest: str
    "sha256 of weights and configurations, for keys of exported files"
    cache_dir: Path
    "folder for files worth keeping between sessions (exported models)"
    sizes: tuple[tuple[int, int], ...]
    "(height, width) in pixels that will be asked for"
    scheduler: str = "default"
    "`default` or the name of a diffusers scheduler class"
    params: Mapping[str, Param] = field(default_factory=dict)
    "the variant's own parameters"
    startup_ns: dict[str, int] = field(default_factory=dict)
    "filled through `phase`"

    @property
    def family(self) -> Family:
        """The model's family: its pipelines, its components with weights, its stages.

        Raises CaseError where the variant was declared without a model, ModelError where its folder is of no family.
        """
        return family_of_folder(self.model_folder)

    @property
    def model_folder(self) -> Path:
        """``model_dir``; raises CaseError where the variant was declared without a model."""
        if self.model_dir is None:
            raise CaseError("this factory loads a model, but none was prepared", cure="Declare needs_model=True.")
        return self.model_dir

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Time a part of the cold start: `import`, `load`, `compile`, `export` …"""
        start = time.perf_counter_ns()
        try:
            yield
        finally:
            self.startup_ns[name] = self.startup_ns.get(name, 0) + time.perf_counter_ns() - start


class Pipeline(Protocol):
    """The object that a factory returns: called like a diffusers pipeline, gives pictures as numpy arrays.

    Called with the keywords ``prompt``, ``num_inference_steps``, ``guidance_scale``, ``height``,
    ``width``, ``latents`` and ``output_type="np"``. Returns an array of shape (1, height, width, 3) or
    (height, width, 3), float in 0..1 or uint8, or an object whose ``images`` is that.

    It may also offer, all optional:

    * ``sdperf_stages() -> dict[str, tuple[object, str]]``: stage name -> (owner, name of the method to
      time). Without it, the stages of the model's family are found in a diffusers or optimum-intel pipeline:
      ``text_encoder``, ``unet`` and ``vae_decode`` of Stable Diffusion.
    * ``sdperf_latents``: ``"torch"`` or ``"numpy"``; default torch for diffusers pipelines, else numpy.
    * ``sdperf_facts() -> dict[str, object]``: what it says of itself, for `fact` claims.
    * ``sdperf_compiled_models() -> dict[str, openvino.CompiledModel]``: every compiled model by name, for the claims
      about shapes and threads. Without it, those of the stages of an optimum-intel pipeline are found.
    """

    def __call__(self, **kwargs: Any) -> Any: ...
