"""pytest-sdperf: gate merges on the speed and the picture of Stable Diffusion pipelines on CPUs."""

from pytest_sdperf.case import Case, Claim, Launch, Variant, Workload
from pytest_sdperf.errors import SdperfError

__version__ = "0.1.0"

__all__ = ["Case", "Claim", "Launch", "SdperfError", "Variant", "Workload", "__version__"]
