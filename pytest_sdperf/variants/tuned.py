"""`tuned`: fp32 in the blog post's process of jemalloc, libiomp5 and pinned threads, with claims that prove each."""

from __future__ import annotations

from pytest_sdperf.claims import Claim
from pytest_sdperf.variant import Launch, Variant
from pytest_sdperf.variants import fp32

# https://huggingface.co/blog/stable-diffusion-inference-intel, "Performance optimizations": freed
# pages stay with the process, and huge allocations share its arenas.
_MALLOC_CONF = (
    "oversize_threshold:1,background_thread:true,metadata_thp:auto,dirty_decay_ms:9000000000,muzzy_decay_ms:9000000000"
)

TUNED_LAUNCH = Launch(
    env={
        "MALLOC_CONF": _MALLOC_CONF,
        "KMP_AFFINITY": "granularity=fine,compact,1,0",
        "KMP_BLOCKTIME": "1",
    },
    preload=("jemalloc", "libiomp5"),
    pin=True,
)

TUNED_REQUIREMENTS = ("os:linux", "library:jemalloc", "library:libiomp5")

TUNED_CLAIMS = (
    Claim("allocator", "jemalloc"),
    # A bad MALLOC_CONF is only printed about. A threshold of 1 is below jemalloc's smallest large
    # class, which switches the oversize arena off: it reads back 0 (the default is 8388608).
    Claim("allocator_setting", "oversize_threshold=0"),
    Claim("allocator_setting", "background_thread=true"),
    Claim("allocator_setting", "metadata_thp=auto"),
    Claim("allocator_setting", "dirty_decay_ms=9000000000"),
    Claim("allocator_setting", "muzzy_decay_ms=9000000000"),
    Claim("openmp_runtime", "libiomp5"),
    Claim("openmp_setting", "blocktime_ms=1"),
    Claim("openmp_setting", "place_cpus=1"),
    Claim("threads"),
    Claim("affinity"),
)

VARIANT = Variant(
    name="tuned",
    factory=fp32.VARIANT.factory,
    summary="fp32 with jemalloc, libiomp5 and pinned threads",
    launch=TUNED_LAUNCH,
    requirements=(*TUNED_REQUIREMENTS, *fp32.FP32_REQUIREMENTS),
    claims=(*fp32.FP32_CLAIMS, *TUNED_CLAIMS),
    libraries=fp32.VARIANT.libraries,
)
VARIANTS = (VARIANT,)
