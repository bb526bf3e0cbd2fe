"""pytest-sdperf: gate merges on the speed and the picture of Stable Diffusion pipelines on CPUs.

The names that a project imports; everything else may move from one version to the next.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_sdperf.claims import Claim
    from pytest_sdperf.errors import SdperfError
    from pytest_sdperf.measurement import Measurement
    from pytest_sdperf.pipeline import BuildContext, Pipeline
    from pytest_sdperf.plugin.fixtures import VariantFixture
    from pytest_sdperf.variant import Case, Launch, Variant
    from pytest_sdperf.workload import Workload

__version__ = "0.1.0"

_HOMES = {
    "BuildContext": "pipeline",
    "Case": "variant",
    "Claim": "claims",
    "Launch": "variant",
    "Measurement": "measurement",
    "Pipeline": "pipeline",
    "SdperfError": "errors",
    "Variant": "variant",
    "VariantFixture": "plugin.fixtures",
    "Workload": "workload",
}

__all__ = [
    "BuildContext",
    "Case",
    "Claim",
    "Launch",
    "Measurement",
    "Pipeline",
    "SdperfError",
    "Variant",
    "VariantFixture",
    "Workload",
    "__version__",
]


def __getattr__(name: str) -> object:
    """The public names, imported when first asked for: every pytest run starts with this package."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found: object = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = found
    return found
