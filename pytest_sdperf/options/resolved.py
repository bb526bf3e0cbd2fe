"""Options and thresholds, read once into a frozen type: marker > command line > ini > variant > default."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from pytest_sdperf.errors import OptionError
from pytest_sdperf.options.limits import Thresholds
from pytest_sdperf.options.specs import SPECS
from pytest_sdperf.verdict.parts import PARTS

if TYPE_CHECKING:
    from typing import Protocol

    class Config(Protocol):
        """The part of pytest's Config that holds options."""

        def getoption(self, name: str) -> Any: ...

        def getini(self, name: str) -> Any: ...


DEFAULT_ROUNDS = 5

DEFAULT_DEPENDENCY_FILES = (
    "uv.lock",
    "pylock.toml",
    "poetry.lock",
    "requirements*.txt",
    "requirements/*.txt",
    "constraints*.txt",
    "pyproject.toml",
)
"""Patterns of files that decide on which libraries are installed."""


class Options(NamedTuple):
    """Everything a session or a test was asked for. (A named tuple: every pytest run makes this class, and a dataclass
    takes a millisecond.)
    """

    sdperf: bool = False
    model: str = "bundled"
    variants: tuple[str, ...] = ()
    "names of the variants to run; empty: all"
    baselines: str = "baselines"
    "folder of baselines and references, relative to pytest's rootdir"
    baselines_from: str | None = None
    "revision whose baselines, references and limits count: a name git knows, or `auto`"
    update: str | None = None
    missing: str = "fail"
    require: tuple[str, ...] = ()
    gate: tuple[str, ...] = tuple(PARTS)
    parity: str = "all"
    "`all`, `first` or `off`: the pictures that are followed along the reference's chain"
    processes: int | None = None
    "fresh processes per case; None: as many as its verdict needs"
    rounds: int | None = None
    "timed pictures per process and size; None: DEFAULT_ROUNDS, and side by side as many as pay"
    timeout: float = 600.0
    "seconds a worker may take for one answer"
    against: str | None = None
    "revision to measure side by side with: a name git knows, `auto` (merge-base with the default branch) or `self`"
    against_python: str | None = None
    "interpreter of the base"
    base_env: str = "auto"
    "`build`: where the dependency files of base and head differ, the base has an environment made from its own"
    base_env_extras: tuple[str, ...] = ()
    "extras and dependency groups of that environment; empty: those whose packages are installed here"
    dependency_files: tuple[str, ...] = DEFAULT_DEPENDENCY_FILES
    base_carry: tuple[str, ...] = ()
    "patterns of files that git ignores, relative to the repository's top folder: the base's tree gets them"
    base_run: str | None = None
    "shell command that is run in the base's tree before its variants are collected"
    identical: str = "pass"
    "`pass` or `measure`: what becomes of a case whose base and head are the same program"
    escalate: str = "auto"
    "`auto` or `off`: whether a case that the recorded runs do not decide is measured next to what was recorded"
    budget: float = 600.0
    "seconds that the pairs of one case may take"
    json: str | None = None
    html: str | None = None
    markdown: str | None = None
    thresholds: Thresholds = Thresholds()
    stated: frozenset[str] = frozenset()
    "the limits that somebody gave a value, on whatever level"


def resolve(
    *,
    marker: Mapping[str, object] | None = None,
    command_line: Mapping[str, object],
    ini: Mapping[str, object],
    addopts: Mapping[str, object] | None = None,
    variant: Mapping[str, object] | None = None,
) -> Options:
    """The first level with a value wins: marker > command line > addopts > ini > variant > default.

    ``marker``, ``command_line``, ``addopts`` and ``ini`` map option names to raw values; an absent key or None
    is no value, and neither is an empty text in the ini. ``variant`` holds the thresholds that a variant declares.
    Raises OptionError that names the level.
    """
    marker, addopts, variant = marker or {}, addopts or {}, variant or {}
    _check_names(marker, [s.name for s in SPECS if s.on_marker], where="@pytest.mark.sdperf")
    _check_names(variant, [s.name for s in SPECS if s.is_threshold], where="Variant(thresholds=…)")
    chosen: dict[str, Any] = {}
    limits: dict[str, Any] = {}
    for spec in SPECS:
        levels = [(f"@pytest.mark.sdperf({spec.name}=…)", marker.get(spec.name))]
        if spec.on_command_line:
            levels += [
                (spec.flag, command_line.get(spec.name)),
                (f"{spec.flag} of the project's addopts", addopts.get(spec.name)),
                (f"ini key {spec.ini_key}", ini.get(spec.name) or None),
            ]
        levels.append((f"Variant(thresholds={{{spec.name!r}: …}})", variant.get(spec.name)))
        for where, value in levels:
            if value is not None:
                (limits if spec.is_threshold else chosen)[spec.name] = spec.parse(value, where=where)
                break
    made = Thresholds(**limits)
    if made.must_catch <= made.ignore:
        raise OptionError(
            f"must_catch {made.must_catch:.2%} is not above ignore {made.ignore:.2%}",
            where="--sdperf-must-catch, --sdperf-ignore",
            cure="Leave room between the slowdown to ignore and the one to catch.",
        )
    options = Options(thresholds=made, stated=frozenset(limits), **chosen)
    if options.baselines_from is not None and options.update is not None:
        raise OptionError(
            "baselines are read from another revision, and cannot be written there",
            where=f"--sdperf-baselines-from={options.baselines_from}, --sdperf-update={options.update}",
            cure="Record in a run without --sdperf-baselines-from, and commit what it writes; where the ini file asks "
            "for the update, add -o sdperf_update= here.",
        )
    return options


def _check_names(given: Mapping[str, object], allowed: list[str], *, where: str) -> None:
    for keyword in given:
        if keyword not in allowed:
            raise OptionError(f"unknown keyword {keyword!r}", where=where, cure=f"Use one of: {', '.join(allowed)}.")


def given_options(config: "Config", command_line: Mapping[str, object]) -> dict[str, dict[str, object]]:
    """The values of the command line, addopts and ini, as :func:`resolve` takes them.

    ``command_line`` maps the names that pytest has for options to the values that the command line itself gives. What
    is in effect and not said there is the word of the tree: its ``addopts``, or a conftest that sets options.
    """
    on_both = [s for s in SPECS if s.on_command_line]
    line = {s.name: command_line.get(s.dest) for s in on_both}
    in_effect = {s.name: config.getoption(s.dest) for s in on_both}
    return {
        "command_line": line,
        "addopts": {name: value for name, value in in_effect.items() if value is not None and value != line[name]},
        "ini": {s.name: config.getini(s.ini_key) for s in on_both},
    }
