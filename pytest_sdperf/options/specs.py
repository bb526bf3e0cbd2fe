"""Every option in one table: its name, how it is read and shown, and who decides it under --sdperf-baselines-from."""

from pytest_sdperf import units
from pytest_sdperf.options import values
from pytest_sdperf.options.library_specs import LIBRARIES
from pytest_sdperf.options.limits import LIMITS
from pytest_sdperf.options.option_spec import OptionSpec
from pytest_sdperf.options.values import of_base, of_change, of_change_named
from pytest_sdperf.verdict.parts import PARTS

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
        of_change_named,
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
        of_change_named,
    ),
    OptionSpec(
        "update",
        values.one_of("new", "all"),
        "write baselines after judging: only new ones, or all",
        "new|all",
        of_change_named,
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
    OptionSpec(
        "parity",
        values.one_of("all", "first", "off"),
        "which pictures are followed link by link along the reference's chain (default: all)",
        "all|first|off",
        values.more_pictures,
        on_marker=True,
    ),
    OptionSpec(
        "processes",
        units.parse_count,
        "fresh processes per case (default: 2 to 6, as many as the verdict needs; 5 to record)",
        "N",
        of_base,
        on_marker=True,
    ),
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
        of_change_named,
        units.format_seconds,
        on_marker=True,
    ),
    OptionSpec(
        "against",
        values.parse_text,
        "measure side by side with this revision: a branch, tag or commit, auto (merge-base with the default branch), "
        "or self (a control)",
        "REV",
        of_change_named,
    ),
    OptionSpec(
        "against_python", values.parse_text, "measure side by side with this other interpreter", "PATH", of_change_named
    ),
    *LIBRARIES,
    OptionSpec(
        "identical",
        values.one_of("pass", "measure"),
        "side by side: a case that is the same program in base and head passes at once, or is measured all the same "
        "(default: pass)",
        "pass|measure",
        of_base,
    ),
    OptionSpec(
        "escalate",
        values.one_of("auto", "off"),
        "compared with stored baselines: a case of another program than was recorded, that they do not decide, is "
        "measured side by side with the revision that was recorded, or stays INCONCLUSIVE (default: auto)",
        "auto|off",
        of_base,
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
    *LIMITS,
)
