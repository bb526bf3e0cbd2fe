"""`tuned`: fp32 in a process with jemalloc, libiomp5 and pinned threads; the code is untouched."""

from __future__ import annotations

from pytest_sdperf.variant import Variant
from pytest_sdperf.variants import fp32
from pytest_sdperf.variants.tuned_launch import TUNED_CLAIMS, TUNED_LAUNCH, TUNED_REQUIREMENTS

VARIANT = Variant(
    name="tuned",
    factory=fp32.VARIANT.factory,
    summary="fp32 with jemalloc, libiomp5 and pinned threads",
    launch=TUNED_LAUNCH,
    requirements=(*TUNED_REQUIREMENTS, *fp32.FP32_REQUIREMENTS),
    claims=(*fp32.FP32_CLAIMS, *TUNED_CLAIMS),
)
VARIANTS = (VARIANT,)
