"""Options on the libraries and the tree of the revision that is compared with: rows of the table of all options."""

from pytest_sdperf.options import values
from pytest_sdperf.options.option_spec import OptionSpec
from pytest_sdperf.options.values import of_base, of_change_named

LIBRARIES: tuple[OptionSpec, ...] = (
    OptionSpec(
        "base_env",
        values.one_of("auto", "same", "build"),
        "libraries of the base: auto (default), today's environment with --sdperf-against, and the recorded versions, "
        "which uv installs next to today's, where a case is compared with what was recorded; same: always today's; "
        "build: where dependency files differ, an environment that uv makes from the revision's own",
        "auto|same|build",
        of_base,
    ),
    OptionSpec(
        "base_env_extras",
        values.parse_names,
        "extras and dependency groups of the environment that is built (comma-separated, or: none; default: those "
        "whose packages are installed)",
        "NAMES",
        of_base,
        values.show_names,
    ),
    OptionSpec(
        "dependency_files",
        values.parse_patterns,
        "files that decide on the libraries (comma-separated patterns; of each, those nearest to the rootdir)",
        "GLOBS",
        of_base,
        values.show_names,
    ),
    OptionSpec(
        "base_carry",
        values.parse_patterns,
        "files that git ignores and the base's tree gets from the working tree (comma-separated patterns, relative to "
        "the repository's top folder)",
        "GLOBS",
        of_change_named,
        values.show_names,
    ),
    OptionSpec(
        "base_run",
        values.parse_text,
        "shell command that makes in the base's tree what git ignores, run in its top folder before its variants are "
        "collected",
        "COMMAND",
        of_change_named,
    ),
)
