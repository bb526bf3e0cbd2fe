"""pytest-sdperf: gate merges on the speed and the picture of Stable Diffusion pipelines on CPUs."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_sdperf.case import Case
    from pytest_sdperf.claims import Claim
    from pytest_sdperf.errors import SdperfError
    from pytest_sdperf.variant import Launch, Variant
    from pytest_sdperf.workload import Workload

__version__ = "0.1.0"

__all__ = ["Case", "Claim", "Launch", "SdperfError", "Variant", "Workload", "__version__"]

_HOMES = {"SdperfError": "errors", "Workload": "workload"}


def __getattr__(name: str) -> object:
    """The public names, imported when first asked for: every pytest run starts with this package."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found: object = getattr(importlib.import_module(f"{__name__}.{_HOMES.get(name, 'case')}"), name)
    globals()[name] = found
    return found
