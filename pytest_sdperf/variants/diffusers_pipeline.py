"""Load the plain diffusers pipeline that the torch variants start from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pytest_sdperf.errors import CaseError
from pytest_sdperf.pipeline import BuildContext


def load_diffusers_pipeline(context: BuildContext) -> Any:
    """The model as an fp32 ``StableDiffusionPipeline`` on the CPU, quiet, with the scheduler asked for.

    Reads safetensors from the model's folder only: no network, no pickles, no remote code.
    """
    with context.phase("import"):
        import diffusers
        import torch

        loader: Any = diffusers.StableDiffusionPipeline
    with context.phase("load"):
        pipeline = loader.from_pretrained(
            model_folder(context),
            torch_dtype=torch.float32,
            use_safetensors=True,
            local_files_only=True,
            safety_checker=None,
            requires_safety_checker=False,
        )
        settle(pipeline, scheduler=context.scheduler)
    return pipeline


def model_folder(context: BuildContext) -> Path:
    """The model's folder; CaseError where the variant was declared without a model."""
    if context.model_dir is None:
        raise CaseError("this factory loads a model, but none was prepared", cure="Declare needs_model=True.")
    return context.model_dir


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
            f"{scheduler!r} is no scheduler of diffusers {diffusers.__version__}",
            where="Variant.scheduler",
            cure="Use `default` or a class such as DPMSolverMultistepScheduler.",
        )
    scheduler_class: Any = found
    pipeline.scheduler = scheduler_class.from_config(pipeline.scheduler.config)
