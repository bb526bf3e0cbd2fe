"""Static OpenVINO pipelines of several sizes behind one call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pytest_sdperf.errors import CaseError
from pytest_sdperf.models.families.family import Family
from pytest_sdperf.worker.stages import find_stages
from pytest_sdperf.workload import size_key

Size = tuple[int, int]


class SizedPipeline:
    """One optimum-intel pipeline whose stages of a picture's size are compiled, static, for each (height, width).

    The blog post's advice: a static pipeline per size that a service offers. Text encoders, tokenizers
    and the scheduler are shared. By itself a static pipeline that is asked for another size
    logs a warning and draws its own; here that is an error.
    """

    sdperf_latents = "torch"

    def __init__(self, pipeline: Any, family: Family, sizes: Sequence[Size]) -> None:
        """Reshape and compile ``pipeline``, which is loaded with ``dynamic_shapes=False``, for every size."""
        self.pipeline = pipeline
        self._sized = [stage.openvino for stage in family.stages if stage.sized]
        self._shared = [stage.openvino for stage in family.stages if not stage.sized]
        self._compiled: dict[Size, dict[str, tuple[Any, Any]]] = {}
        compiled: dict[str, Any] = dict.fromkeys(self._shared)
        for height, width in sizes:
            for name in self._sized:
                part = getattr(pipeline, name)
                part.model = part.model.clone()  # reshape works in place; weights are shared
            # Without num_images_per_prompt the batch, and with it every model, stays dynamic.
            pipeline.reshape(batch_size=1, height=height, width=width, num_images_per_prompt=1)
            for name in self._shared:
                getattr(pipeline, name).request = compiled[name]  # its shapes are the same at every size
            pipeline.compile()
            compiled = {name: getattr(pipeline, name).request for name in self._shared}
            self._compiled[height, width] = {
                name: (getattr(pipeline, name).model, getattr(pipeline, name).request) for name in self._sized
            }

    def __getattr__(self, name: str) -> Any:
        """Scheduler and tokenizers of the pipeline inside."""
        return getattr(self.pipeline, name)

    def __call__(self, *, height: int, width: int, guidance_scale: float, generator: Any = None, **kwargs: Any) -> Any:
        """Draw with the models of that size; CaseError for a size or guidance that was not built."""
        if (height, width) not in self._compiled:
            raise CaseError(
                f"no static pipeline was built for {size_key((height, width))}",
                cure=f"Name that size in the case; built: {', '.join(map(size_key, self._compiled))}.",
            )
        if guidance_scale <= 1:
            raise CaseError(
                f"guidance_scale={guidance_scale!r} draws without guidance, in batches of 1",
                cure="optimum-intel builds static pipelines for guidance above 1; use a dynamic one below.",
            )
        for name, (model, request) in self._compiled[height, width].items():
            part = getattr(self.pipeline, name)
            part.model, part.request = model, request
        return self.pipeline(height=height, width=width, guidance_scale=guidance_scale, generator=generator, **kwargs)

    def sdperf_stages(self) -> dict[str, tuple[object, str]]:
        """The stages of the pipeline inside, the same objects at every size."""
        return find_stages(self.pipeline)

    def sdperf_compiled_models(self) -> dict[str, Any]:
        """Every compiled model, `unet 512x512` for those of one size."""
        models = {name: getattr(self.pipeline, name).request for name in self._shared}
        for size, parts in self._compiled.items():
            models.update({f"{name} {size_key(size)}": request for name, (_, request) in parts.items()})
        return models
