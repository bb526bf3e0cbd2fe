"""`ipex_bf16_dpm`: `ipex_bf16` with a solver that calls the UNet once a step and needs fewer of them."""

from __future__ import annotations

import dataclasses

from pytest_sdperf.claims import Claim
from pytest_sdperf.variants import ipex_bf16

VARIANT = dataclasses.replace(
    ipex_bf16.VARIANT,
    name="ipex_bf16_dpm",
    summary="IPEX bf16 with DPMSolverMultistepScheduler",
    scheduler="DPMSolverMultistepScheduler",
    claims=(*ipex_bf16.VARIANT.claims, Claim("unet_calls", "num_inference_steps")),
)
VARIANTS = (VARIANT,)
