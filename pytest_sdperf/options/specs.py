"""Every option in one table: its name, how it is read and shown, and who decides it under --sdperf-baselines-from."""

from typing import NamedTuple

from pytest_sdperf import units
from pytest_sdperf.options import values
from pytest_sdperf.options.values import Decide, Parser, Show, of_base, of_change
from pytest_sdperf.verdict.parts import PARTS


class OptionSpec(NamedTuple):
    """One option: its command-line flag, ini key and marker keyword follow from its name."""

    name: str
    parse: Parser
    help: str
    metavar: str
    decides: Decide
    "which value counts under --sdperf-baselines-from; of a limit the stricter one, or the base's where none is"
    show: Show = str
    on_command_line: bool = True
    on_marker: bool = False
    is_flag: bool = False
    is_threshold: bool = False

    @property
    def dest(self) -> str:
        return "sdperf_enabled" if self.name == "sdperf" else f"sdperf_{self.name}"

    @property
    def flag(self) -> str:
        return "--sdperf" if self.name == "sdperf" else "--sdperf-" + self.name.replace("_", "-")

    @property
    def ini_key(self) -> str:
        return "sdperf" if self.name == "sdperf" else "sdperf_" + self.name

    def shown(self, value: object) -> str:
        """A value as people write it; ``none`` for None."""
        return "none" if value is None else self.show(value)


def _limit(
    name: str,
    parse: Parser,
    text: str,
    metavar: str,
    *,
    stricter: Decide,
    show: Show = str,
    on_command_line: bool = True,
) -> OptionSpec:
    """A threshold, which may stand on a marker; ``stricter`` as `OptionSpec.decides`."""
    return OptionSpec(name, parse, text, metavar, stricter, show, on_command_line, on_marker=True, is_threshold=True)


SPECS: tuple[OptionSpec, ...] = (
    OptionSpec(
        "sdperf",
        values.parse_flag,
        "measure and judge; without it, tests that use sdperf skip",
        "",
        of_change,
        is_flag=True,
    ),
    OptionSpec(
        "model",
        values.parse_text,
        "bundled (default), synthetic:tiny, synthetic:sd15, a folder in diffusers' layout, or a hub id",
        "MODEL",
        of_change,
        on_marker=True,
    ),
    OptionSpec(
        "variants",
        values.parse_names,
        "run only these variants (comma-separated); the others skip",
        "NAMES",
        of_base,
        values.show_names,
    ),
    OptionSpec(
        "baselines",
        values.parse_text,
        "folder of baselines and reference pictures, relative to the rootdir",
        "DIR",
        of_base,
    ),
    OptionSpec(
        "baselines_from",
        values.parse_text,
        "judge by the baselines, references and limits of this revision, so that a change cannot relax its own gate; "
        "auto: merge-base with the default branch",
        "REV",
        of_change,
    ),
    OptionSpec(
        "update",
        values.one_of("new", "all"),
        "write baselines after judging: only new ones, or all",
        "new|all",
        of_change,
    ),
    OptionSpec("missing", values.parse_missing, "what a missing baseline means (default: fail)", "fail|skip", of_base),
    OptionSpec(
        "require",
        values.parse_names,
        "requirements whose skip becomes a failure, such as amx (or: all)",
        "NAMES",
        of_base,
        values.show_names,
    ),
    OptionSpec(
        "gate",
        values.parse_gate,
        f"parts of the verdict that may fail a test: {', '.join(PARTS)} (default: all)",
        "PARTS",
        of_base,
        values.show_names,
    ),
    OptionSpec("processes", units.parse_count, "fresh processes per case (default: 3)", "N", of_base, on_marker=True),
    OptionSpec(
        "rounds",
        units.parse_count,
        "timed pictures per process and size (default: 5); side by side, as many as pay",
        "N",
        of_base,
        on_marker=True,
    ),
    OptionSpec(
        "timeout",
        values.duration_for("a worker"),
        "longest wait for one answer of a worker (default: 10m)",
        "TIME",
        of_change,
        units.format_seconds,
        on_marker=True,
    ),
    OptionSpec(
        "against",
        values.parse_text,
        "measure side by side with this revision: a branch, tag or commit, auto (merge-base with the default branch), "
        "or self (a control)",
        "REV",
        of_change,
    ),
    OptionSpec(
        "against_python", values.parse_text, "measure side by side with this other interpreter", "PATH", of_change
    ),
    OptionSpec(
        "budget",
        values.duration_for("the pairs"),
        "longest time for the pairs of one case, side by side (default: 10m)",
        "TIME",
        of_base,
        units.format_seconds,
        on_marker=True,
    ),
    OptionSpec(
        "json",
        values.parse_text,
        "write everything measured and judged to this file, relative to the rootdir",
        "PATH",
        of_change,
    ),
    OptionSpec(
        "html",
        values.parse_text,
        "write the report as one HTML page to this file, relative to the rootdir",
        "PATH",
        of_change,
    ),
    OptionSpec(
        "markdown",
        values.parse_text,
        "write a summary for a pull request's comment to this file (64 KiB at most)",
        "PATH",
        of_change,
    ),
    _limit(
        "max_slowdown",
        units.parse_share,
        "allowed rise of latency over the baseline (default: 5%%)",
        "SHARE",
        stricter=min,
        show=values.show_share,
    ),
    _limit(
        "max_memory_growth",
        units.parse_share,
        "allowed rise of peak memory over the baseline (default: 10%%)",
        "SHARE",
        stricter=min,
        show=values.show_share,
    ),
    _limit(
        "max_memory",
        units.parse_bytes,
        "absolute limit on peak memory, such as 8GiB (default: none)",
        "SIZE",
        stricter=values.smaller_size,
        show=units.format_bytes,
    ),
    _limit(
        "min_ssim",
        units.parse_similarity,
        "smallest SSIM to the reference picture (default: 0.98)",
        "SSIM",
        stricter=max,
    ),
    _limit(
        "min_psnr",
        units.parse_decibel,
        "smallest PSNR to the reference picture, dB (default: 35)",
        "DB",
        stricter=max,
        show=values.show_decibel,
    ),
    _limit(
        "min_stage_psnr",
        values.parse_stage_limits,
        "smallest PSNR of a stage on the reference's inputs; a stage that is not named keeps its family's limit",
        "LIMITS",
        stricter=values.larger_each,
        show=values.show_stages,
    ),
    _limit(
        "ignore",
        units.parse_share,
        "side by side: slowdown that must not fail (default: 1%%)",
        "SHARE",
        stricter=min,
        show=values.show_share,
    ),
    _limit(
        "must_catch",
        units.parse_share,
        "side by side: slowdown that must not pass (default: 5%%)",
        "SHARE",
        stricter=min,
        show=values.show_share,
    ),
    _limit(
        "alpha",
        values.parse_error_rate,
        "false-alarm rate: the probability that a slowdown up to `ignore` fails (default: 1%%)",
        "SHARE",
        stricter=of_base,
        show=values.show_share,
    ),
    _limit(
        "beta",
        values.parse_error_rate,
        "miss rate: the probability that a slowdown from `must_catch` on passes (default: 5%%)",
        "SHARE",
        stricter=of_base,
        show=values.show_share,
    ),
    _limit(
        "max_pairs", values.parse_pairs, "most pairs of processes side by side (default: 24)", "N", stricter=of_base
    ),
    _limit(
        "inconclusive",
        values.one_of("fail", "warn"),
        "whether an INCONCLUSIVE latency fails the test or is reported as a warning (default: warn)",
        "fail|warn",
        stricter=values.failing,
    ),
    _limit(
        "min_speedup",
        values.parse_min_speedup,
        "(variant, factor): this case must be so many times as fast as that variant in the same session",
        "",
        stricter=values.faster,
        show=values.show_speedup,
        on_command_line=False,
    ),
)
