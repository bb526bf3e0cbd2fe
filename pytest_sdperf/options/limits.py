"""The limits of a case, each with the part of the verdict that it is one of, and how it is read and shown."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from pytest_sdperf import units
from pytest_sdperf.options import values
from pytest_sdperf.options.option_spec import OptionSpec
from pytest_sdperf.options.values import Decide, Parser, Show, of_base


class Thresholds(NamedTuple):
    """The promises of a case."""

    max_slowdown: float = 0.05
    "allowed rise of the median latency over the baseline, as a share"
    max_memory_growth: float = 0.10
    "allowed rise of the process's own peak memory over the baseline, as a share"
    max_memory: int | None = None
    "absolute limit on the process's own peak memory, bytes; None: no limit"
    min_ssim: float = 0.98
    "structural similarity to the reference picture, 0 to 1"
    min_psnr: float = 35.0
    """peak signal-to-noise ratio to the reference picture, dB. The worst honest change seen: 35.4 on random weights
    (OpenVINO bf16, synthetic:sd15 at 256 px), 43.2 on the packaged prompts with the bundled model; one step less gave
    29.5 and 25.2 (benchmarks/results)"""
    min_link_psnr: Mapping[str, float] = MappingProxyType({})
    """link of a picture's chain (`latents`, `conditioning`, `picture`, or a stage for what it gives) -> smallest PSNR
    to the reference's, dB; one that is not named has the limit of the variant's precision (`judge/link_limits.py`)"""
    max_link_bias: float | None = None
    """largest error of a stage that is the same over all calls and pictures, as a share of what it gives; None: that of
    the variant's precision (`judge/link_limits.py`)"""
    diverged: str = "warn"
    "`warn` or `fail`: what a picture that ends elsewhere though every link of its chain agrees means for the test"
    min_speedup: tuple[str, float] | None = None
    "(variant, factor): this case's median latency must be that many times shorter, in the same session"
    ignore: float = 0.01
    "side by side: a slowdown up to this share is called REGRESSED with a probability of at most ``alpha``"
    must_catch: float = 0.05
    "side by side: a slowdown from this share on is called PASSED with a probability of at most ``beta``"
    alpha: float = 0.01
    beta: float = 0.05
    max_pairs: int = 24
    "pairs of processes after which a case that is still undecided is INCONCLUSIVE"
    inconclusive: str = "warn"
    "`warn` or `fail`: what an INCONCLUSIVE latency means for the test"


class _Quantity(NamedTuple):
    """How the values of a limit are read, named and shown."""

    parse: Parser
    metavar: str
    show: Show = str


_SHARE = _Quantity(units.parse_share, "SHARE", values.show_share)
_ERROR_RATE = _Quantity(values.parse_error_rate, "SHARE", values.show_share)
_SIZE = _Quantity(units.parse_bytes, "SIZE", units.format_bytes)
_SSIM = _Quantity(units.parse_similarity, "SSIM")
_DECIBEL = _Quantity(units.parse_decibel, "DB", values.show_decibel)
_LINKS = _Quantity(values.parse_link_limits, "LIMITS", values.show_links)
_PAIRS = _Quantity(values.parse_pairs, "N")
_FAIL_OR_WARN = _Quantity(values.one_of("fail", "warn"), "fail|warn")
_SPEEDUP = _Quantity(values.parse_min_speedup, "", values.show_speedup)


def _limit(
    part: str, name: str, quantity: _Quantity, stricter: Decide, text: str, *, on_command_line: bool = True
) -> OptionSpec:
    """A threshold of a part of the verdict, which may stand on a marker; ``stricter`` as `OptionSpec.decides`."""
    parse, metavar, show = quantity
    return OptionSpec(name, parse, text, metavar, stricter, show, on_command_line, on_marker=True, part=part)


LIMITS: tuple[OptionSpec, ...] = (
    _limit("latency", "max_slowdown", _SHARE, min, "allowed rise of latency over the baseline (default: 5%%)"),
    _limit("memory", "max_memory_growth", _SHARE, min, "allowed rise of peak memory over the baseline (default: 10%%)"),
    _limit(
        "memory",
        "max_memory",
        _SIZE,
        values.smaller_size,
        "absolute limit on peak memory, such as 8GiB (default: none)",
    ),
    _limit("picture", "min_ssim", _SSIM, max, "smallest SSIM to the reference picture (default: 0.98)"),
    _limit("picture", "min_psnr", _DECIBEL, max, "smallest PSNR to the reference picture, dB (default: 35)"),
    _limit(
        "picture",
        "min_link_psnr",
        _LINKS,
        values.larger_each,
        "smallest PSNR of links of a picture's chain (latents, conditioning, picture, or a stage for what it gives); a "
        "link that is not named has the limit of the variant's precision",
    ),
    _limit(
        "picture",
        "max_link_bias",
        _SHARE,
        values.smaller_where_both,
        "largest systematic error of a stage, over all calls and pictures (default: the precision's, bf16 0.1%%)",
    ),
    _limit(
        "picture",
        "diverged",
        _FAIL_OR_WARN,
        values.failing,
        "whether a picture that ends elsewhere though every link of its chain agrees fails the test or is reported as "
        "a warning (default: warn)",
    ),
    _limit("latency", "ignore", _SHARE, min, "side by side: slowdown that must not fail (default: 1%%)"),
    _limit("latency", "must_catch", _SHARE, min, "side by side: slowdown that must not pass (default: 5%%)"),
    _limit(
        "latency",
        "alpha",
        _ERROR_RATE,
        of_base,
        "false-alarm rate: the probability that a slowdown up to `ignore` fails (default: 1%%)",
    ),
    _limit(
        "latency",
        "beta",
        _ERROR_RATE,
        of_base,
        "miss rate: the probability that a slowdown from `must_catch` on passes (default: 5%%)",
    ),
    _limit("latency", "max_pairs", _PAIRS, of_base, "most pairs of processes side by side (default: 24)"),
    _limit(
        "latency",
        "inconclusive",
        _FAIL_OR_WARN,
        values.failing,
        "whether an INCONCLUSIVE latency fails the test or is reported as a warning (default: warn)",
    ),
    _limit(
        "latency",
        "min_speedup",
        _SPEEDUP,
        values.faster,
        "(variant, factor): this case must be so many times as fast as that variant in the same session",
        on_command_line=False,
    ),
)
