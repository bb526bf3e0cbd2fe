"""The plain diffusers pipeline that the torch variants start from, and calls of it in bf16."""

from __future__ import annotations

from typing import Any

from pytest_sdperf.errors import CaseError, ModelError
from pytest_sdperf.models.configurations import ONE_MODEL
from pytest_sdperf.models.families.family import TEXT_TO_IMAGE, Family
from pytest_sdperf.pipeline import BuildContext
from pytest_sdperf.worker.stages import find_stages

LIBRARIES = f"{__name__}:import_libraries"


def import_libraries(family: Family) -> Any:
    """The class that loads the family's pipeline: importing it takes most of a worker's start."""
    import diffusers
    import torch  # noqa: F401 -- is loaded here, too

    return getattr(diffusers, family.tasks[TEXT_TO_IMAGE].diffusers.name)


def load_diffusers_pipeline(context: BuildContext) -> Any:
    """The model as an fp32 pipeline of its family on the CPU, quiet, with the scheduler asked for.

    Reads safetensors from the model's folder only: no network, no pickles, no remote code. Raises ModelError where
    diffusers cannot load it, as where weights have other shapes than their configuration says.
    """
    kind = context.family.tasks[TEXT_TO_IMAGE].diffusers
    with context.phase("import"):
        loader = import_libraries(context.family)
        import diffusers
        import torch
    with context.phase("load"):
        try:
            pipeline = loader.from_pretrained(
                context.model_folder,
                torch_dtype=torch.float32,
                use_safetensors=True,
                local_files_only=True,
                **kind.leaves_out,
            )
        except (OSError, RuntimeError, TypeError, ValueError) as error:
            first_line = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
            raise ModelError(
                f"{kind.name} of diffusers {diffusers.__version__} cannot load the model ({first_line})",
                where=str(context.model_folder),
                cure=f"{ONE_MODEL} The worker's log has the whole error.",
            ) from error
        settle(pipeline, scheduler=context.scheduler)
    return pipeline


def settle(pipeline: Any, *, scheduler: str) -> None:
    """Silence the progress bar and swap the scheduler, keeping the model's own noise schedule.

    ``scheduler`` is `default` or the name of a diffusers scheduler class; CaseError for any other name.
    """
    pipeline.set_progress_bar_config(disable=True)
    if scheduler == "default":
        return
    import diffusers

    found = getattr(diffusers, scheduler, None)
    if not (isinstance(found, type) and issubclass(found, diffusers.SchedulerMixin)):
        raise CaseError(
            f"{scheduler!r} is not a scheduler of diffusers {diffusers.__version__}",
            where="Variant.scheduler",
            cure="Use `default` or a class such as DPMSolverMultistepScheduler.",
        )
    scheduler_class: Any = found
    pipeline.scheduler = scheduler_class.from_config(pipeline.scheduler.config)


class AutocastPipeline:
    """A diffusers pipeline whose calls run under ``torch.autocast("cpu", torch.bfloat16)``.

    Autocast keeps its bf16 copies of the weights while it is entered, so a picture drawn under one
    more level of it would be timed with the casts of another.
    """

    sdperf_latents = "torch"

    def __init__(self, pipeline: Any) -> None:
        import torch

        self.pipeline = pipeline
        self.dtype = torch.float32
        "dtype of the latents: autocast converts inside the models, and the scheduler's sums stay exact"
        self._autocast = torch.autocast
        self._bfloat16 = torch.bfloat16

    def __getattr__(self, name: str) -> Any:
        """Scheduler and tokenizers of the pipeline inside."""
        return getattr(self.pipeline, name)

    def __call__(self, **kwargs: Any) -> Any:
        with self._autocast("cpu", dtype=self._bfloat16):
            return self.pipeline(**kwargs)

    def sdperf_stages(self) -> dict[str, tuple[object, str]]:
        """The stages of the pipeline inside."""
        return find_stages(self.pipeline)
