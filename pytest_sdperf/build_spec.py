"""The specification of one case that a worker builds its pipeline from."""

from __future__ import annotations

import msgspec

from pytest_sdperf.variant import Case, Param
from pytest_sdperf.workload import PromptSeed

Size = tuple[int, int]


class BuildSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything a worker needs to know of a case."""

    variant: str
    "name, for messages"
    factory: str
    "`package.module:function`"
    prepare: str
    "`package.module:function`; empty: the variant has nothing to prepare"
    model_dir: str | None
    model_digest: str
    cache_dir: str
    scheduler: str
    params: dict[str, Param]
    sizes: tuple[Size, ...]
    "(height, width) in pixels"
    prompt_seeds: tuple[PromptSeed, ...]
    "what the pictures of each size show"
    num_inference_steps: int
    guidance_scale: float
    picture_dir: str
    "folder for the pictures, as .npy"
    trees: tuple[str, ...] = ()
    "folders of source code: the worker says which of its modules come from them"
    import_path: tuple[str, ...] = ()
    "folders that come first on the worker's import path"
    watched: tuple[str, ...] = ()
    "folders in which the worker records what it opens, from now on; empty: it records nothing"

    @classmethod
    def of(
        cls,
        case: Case,
        *,
        model_dir: str | None,
        model_digest: str,
        cache_dir: str,
        picture_dir: str,
        trees: tuple[str, ...] = (),
        watched: tuple[str, ...] = (),
    ) -> BuildSpec:
        """The spec of a case whose model lies in ``model_dir`` (None: the variant brings its own)."""
        variant, workload = case.variant, case.workload
        return cls(
            variant=variant.name,
            factory=variant.factory,
            prepare=variant.prepare,
            model_dir=model_dir,
            model_digest=model_digest,
            cache_dir=cache_dir,
            scheduler=variant.scheduler,
            params=dict(variant.params),
            sizes=workload.sizes,
            prompt_seeds=workload.prompt_seeds,
            num_inference_steps=workload.num_inference_steps,
            guidance_scale=float(workload.guidance_scale),
            picture_dir=picture_dir,
            trees=trees,
            import_path=variant.import_path,
            watched=watched,
        )
