"""Options and thresholds, read once into a frozen type: marker > command line > ini > variant > default."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol

from pytest_sdperf import units
from pytest_sdperf.errors import OptionError

GATE_PARTS = ("latency", "picture", "proof", "memory")

MOST_PAIRS = 200

DEFAULT_ROUNDS = 5

STAGE_LIMITS_DB: Mapping[str, float] = {"text_encoder": 50.0, "unet": 35.0, "vae_decode": 50.0}
"""Smallest PSNR of each stage on the reference's own inputs, dB, where nothing else is said. The worst honest change:
text 58.4, UNet 39.3, decoding 57.3 (bf16 on the shapes of SD 1.5 at 512 px, random weights); on the bundled model 74.5,
61.1 and 57.7 (int8 weights). A layer of the text encoder less gave 33.8, a skip connection less 31.2."""


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
    min_stage_psnr: Mapping[str, float] = STAGE_LIMITS_DB
    "stage -> smallest PSNR of its first call to the reference's, both with the reference's inputs, dB"
    min_speedup: tuple[str, float] | None = None
    "(variant, factor): this case's median latency must be that many times shorter, in the same session"
    ignore: float = 0.01
    "side by side: a slowdown up to this share is called REGRESSED with a chance of at most ``alpha``"
    must_catch: float = 0.05
    "side by side: a slowdown from this share on is called PASSED with a chance of at most ``beta``"
    alpha: float = 0.01
    beta: float = 0.05
    max_pairs: int = 24
    "pairs of processes after which a case that is still undecided is INCONCLUSIVE"
    inconclusive: str = "warn"
    "`warn` or `fail`: what an INCONCLUSIVE latency means for the test"


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
    gate: tuple[str, ...] = GATE_PARTS
    processes: int = 3
    rounds: int | None = None
    "timed pictures per process and size; None: DEFAULT_ROUNDS, and side by side as many as pay"
    timeout: float = 600.0
    "seconds a worker may take for one answer"
    against: str | None = None
    "revision to measure side by side with: a name git knows, `auto` (merge-base with the default branch) or `self`"
    against_python: str | None = None
    "interpreter of the other arm"
    budget: float = 600.0
    "seconds that the pairs of one case may take"
    json: str | None = None
    html: str | None = None
    markdown: str | None = None
    thresholds: Thresholds = Thresholds()


Parser = Callable[..., Any]


class OptionSpec(NamedTuple):
    """One option: its command-line flag, ini key and marker keyword follow from its name."""

    name: str
    parse: Parser
    "called as parse(value, where=...); raises OptionError"
    help: str
    metavar: str = ""
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


def _text(value: object, *, where: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise OptionError(f"{value!r} is not a name or path", where=where, cure="Write a non-empty text.")
    return value.strip()


def _names(value: object, *, where: str) -> tuple[str, ...]:
    parts = value.replace("\n", ",").split(",") if isinstance(value, str) else value
    if not isinstance(parts, (list, tuple)) or not all(isinstance(p, str) for p in parts):
        raise OptionError(f"{value!r} is not a list of names", where=where, cure='Write them like "fp32,openvino".')
    names = tuple(p.strip() for p in parts if p.strip())
    if not names:
        raise OptionError(f"{value!r} names nothing", where=where, cure='Write at least one name, like "fp32".')
    return names


def _flag(value: object, *, where: str) -> bool:
    words = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().lower() in words:
        return words[value.strip().lower()]
    raise OptionError(f"{value!r} is neither true nor false", where=where, cure="Write true or false.")


def _choice(*choices: str) -> Parser:
    def parse(value: object, *, where: str) -> str:
        if value not in choices:
            raise OptionError(f"{value!r} is not a choice", where=where, cure=f"Use one of: {', '.join(choices)}.")
        return str(value)

    return parse


def _gate(value: object, *, where: str) -> tuple[str, ...]:
    names = _names(value, where=where)
    for name in names:
        _choice(*GATE_PARTS)(name, where=where)
    return names


def _duration(what: str) -> Parser:
    def parse(value: object, *, where: str) -> float:
        seconds = units.parse_seconds(value, where=where)
        if seconds == 0:
            raise OptionError(f"{value!r} leaves {what} no time", where=where, cure='Write it like "10m".')
        return seconds

    return parse


def _error_rate(value: object, *, where: str) -> float:
    """A chance from 0.0001, below which nothing here could be shown, to 0.5, from which on nothing is promised."""
    rate = units.parse_share(value, where=where)
    if not 0.0001 <= rate <= 0.5:
        raise OptionError(
            f"{value!r} is no error rate", where=where, cure='Write a share from 0.01% to 50%, like "1%".'
        )
    return rate


def _pairs(value: object, *, where: str) -> int:
    from pytest_sdperf.stats.boundary import FEWEST_PAIRS  # where it is asked for: every pytest run imports this module

    count = units.parse_count(value, where=where)
    if not FEWEST_PAIRS <= count <= MOST_PAIRS:
        raise OptionError(
            f"{value!r} is no limit on pairs",
            where=where,
            cure=f"Write a whole number from {FEWEST_PAIRS}, the first that are judged, to {MOST_PAIRS}.",
        )
    return count


def _stage_limits(value: object, *, where: str) -> dict[str, float]:
    """``{"unet": 45}`` or ``"unet=45dB, vae_decode=40dB"``; a stage that is not named keeps its default."""
    cure = 'Write it like "unet=45dB, vae_decode=40dB", or as {"unet": 45}.'
    named = dict(value) if isinstance(value, Mapping) else {}
    if isinstance(value, str):
        for part in _names(value, where=where):
            stage, equals, limit = part.partition("=")
            if not equals:
                raise OptionError(f"{part!r} is not a stage and its limit", where=where, cure=cure)
            named[stage.strip()] = limit.strip()
    if not named or not all(isinstance(stage, str) and stage for stage in named):
        raise OptionError(f"{value!r} names no stage", where=where, cure=cure)
    return {**STAGE_LIMITS_DB, **{s: units.parse_decibel(limit, where=where) for s, limit in named.items()}}


def _min_speedup(value: object, *, where: str) -> tuple[str, float]:
    if not isinstance(value, (tuple, list)) or len(value) != 2 or not isinstance(value[0], str):
        raise OptionError(
            f"{value!r} is not a (variant, factor) pair", where=where, cure='Write it like ("fp32", "1.5x").'
        )
    return value[0], units.parse_factor(value[1], where=where)


SPECS: tuple[OptionSpec, ...] = (
    OptionSpec("sdperf", _flag, "measure and judge; without it, tests that use sdperf skip", is_flag=True),
    OptionSpec(
        "model",
        _text,
        "bundled (default), synthetic:tiny, synthetic:sd15, a folder in diffusers' layout, or a hub id",
        "MODEL",
        on_marker=True,
    ),
    OptionSpec("variants", _names, "run only these variants (comma-separated); the others skip", "NAMES"),
    OptionSpec("baselines", _text, "folder of baselines and reference pictures, relative to the rootdir", "DIR"),
    OptionSpec(
        "baselines_from",
        _text,
        "judge by the baselines, references and limits of this revision, so that a change cannot relax its own gate; "
        "auto: merge-base with the default branch",
        "REV",
    ),
    OptionSpec("update", _choice("new", "all"), "write baselines after judging: only new ones, or all", "new|all"),
    OptionSpec(
        "missing",
        _choice("fail", "record", "skip"),
        "what a missing baseline means (default: fail)",
        "fail|record|skip",
    ),
    OptionSpec("require", _names, "requirements whose skip becomes a failure, such as amx (or: all)", "NAMES"),
    OptionSpec("gate", _gate, "which parts of a verdict may fail a test (default: all four)", "PARTS"),
    OptionSpec("processes", units.parse_count, "fresh processes per case (default: 3)", "N", on_marker=True),
    OptionSpec(
        "rounds",
        units.parse_count,
        "timed pictures per process and size (default: 5); side by side, as many as pay",
        "N",
        on_marker=True,
    ),
    OptionSpec(
        "timeout",
        _duration("a worker"),
        "longest wait for one answer of a worker (default: 10m)",
        "TIME",
        on_marker=True,
    ),
    OptionSpec(
        "against",
        _text,
        "measure side by side with this revision: a branch, tag or commit, auto (merge-base with the default branch), "
        "or self (a control)",
        "REV",
    ),
    OptionSpec("against_python", _text, "measure side by side with this other interpreter", "PATH"),
    OptionSpec(
        "budget",
        _duration("the pairs"),
        "longest time for the pairs of one case, side by side (default: 10m)",
        "TIME",
        on_marker=True,
    ),
    OptionSpec("json", _text, "write everything measured and judged to this file, relative to the rootdir", "PATH"),
    OptionSpec("html", _text, "write the report as one HTML page to this file, relative to the rootdir", "PATH"),
    OptionSpec("markdown", _text, "write a summary for a pull request's comment to this file (64 KiB at most)", "PATH"),
    OptionSpec(
        "max_slowdown",
        units.parse_share,
        "allowed rise of latency over the baseline (default: 5%%)",
        "SHARE",
        on_marker=True,
        is_threshold=True,
    ),
    OptionSpec(
        "max_memory_growth",
        units.parse_share,
        "allowed rise of peak memory over the baseline (default: 10%%)",
        "SHARE",
        on_marker=True,
        is_threshold=True,
    ),
    OptionSpec(
        "max_memory",
        units.parse_bytes,
        "absolute limit on peak memory, such as 8GiB (default: none)",
        "SIZE",
        on_marker=True,
        is_threshold=True,
    ),
    OptionSpec(
        "min_ssim",
        units.parse_similarity,
        "smallest SSIM to the reference picture (default: 0.98)",
        "SSIM",
        on_marker=True,
        is_threshold=True,
    ),
    OptionSpec(
        "min_psnr",
        units.parse_decibel,
        "smallest PSNR to the reference picture, dB (default: 35)",
        "DB",
        on_marker=True,
        is_threshold=True,
    ),
    OptionSpec(
        "min_stage_psnr",
        _stage_limits,
        "smallest PSNR of a stage on the reference's inputs (default: text_encoder=50dB,unet=35dB,vae_decode=50dB)",
        "LIMITS",
        on_marker=True,
        is_threshold=True,
    ),
    OptionSpec(
        "ignore",
        units.parse_share,
        "side by side: slowdown that must not fail (default: 1%%)",
        "SHARE",
        on_marker=True,
        is_threshold=True,
    ),
    OptionSpec(
        "must_catch",
        units.parse_share,
        "side by side: slowdown that must not pass (default: 5%%)",
        "SHARE",
        on_marker=True,
        is_threshold=True,
    ),
    OptionSpec(
        "alpha",
        _error_rate,
        "chance that a slowdown that is to be ignored fails (default: 1%%)",
        "SHARE",
        on_marker=True,
        is_threshold=True,
    ),
    OptionSpec(
        "beta",
        _error_rate,
        "chance that a slowdown that must be caught passes (default: 5%%)",
        "SHARE",
        on_marker=True,
        is_threshold=True,
    ),
    OptionSpec(
        "max_pairs",
        _pairs,
        "most pairs of processes side by side (default: 24)",
        "N",
        on_marker=True,
        is_threshold=True,
    ),
    OptionSpec(
        "inconclusive",
        _choice("fail", "warn"),
        "what an INCONCLUSIVE latency means (default: warn)",
        "fail|warn",
        on_marker=True,
        is_threshold=True,
    ),
    OptionSpec(
        "min_speedup",
        _min_speedup,
        "(variant, factor) that this case must beat in the same session",
        on_command_line=False,
        on_marker=True,
        is_threshold=True,
    ),
)


def resolve(
    *,
    marker: Mapping[str, object] | None = None,
    command_line: Mapping[str, object],
    ini: Mapping[str, object],
    variant: Mapping[str, object] | None = None,
) -> Options:
    """The first level that says something wins: marker > command line > ini > variant > default.

    ``marker``, ``command_line`` and ``ini`` map option names to raw values; an absent key or None
    says nothing, and so does an empty text in the ini. ``variant`` holds the thresholds that a variant declares.
    Raises OptionError that names the level.
    """
    marker, variant = marker or {}, variant or {}
    _check_names(marker, [s.name for s in SPECS if s.on_marker], where="@pytest.mark.sdperf")
    _check_names(variant, [s.name for s in SPECS if s.is_threshold], where="Variant(thresholds=…)")
    chosen: dict[str, Any] = {}
    limits: dict[str, Any] = {}
    for spec in SPECS:
        levels = [(f"@pytest.mark.sdperf({spec.name}=…)", marker.get(spec.name))]
        if spec.on_command_line:
            levels += [
                (spec.flag, command_line.get(spec.name)),
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
    options = Options(thresholds=made, **chosen)
    if options.baselines_from is not None and (options.update or options.missing == "record"):
        said = f"--sdperf-update={options.update}" if options.update else "--sdperf-missing=record"
        raise OptionError(
            "baselines are read from another revision, and cannot be written there",
            where=f"--sdperf-baselines-from={options.baselines_from}, {said}",
            cure="Record in a run without --sdperf-baselines-from, and commit what it writes; "
            "here say --sdperf-missing=fail or skip.",
        )
    return options


def _check_names(said: Mapping[str, object], allowed: list[str], *, where: str) -> None:
    for keyword in said:
        if keyword not in allowed:
            raise OptionError(f"unknown keyword {keyword!r}", where=where, cure=f"Use one of: {', '.join(allowed)}.")


class Config(Protocol):
    """The part of pytest's Config that holds options."""

    def getoption(self, name: str) -> Any: ...

    def getini(self, name: str) -> Any: ...


def spoken(config: Config) -> dict[str, dict[str, object]]:
    """What the command line and the ini say, as :func:`resolve` takes it."""
    on_both = [s for s in SPECS if s.on_command_line]
    return {
        "command_line": {s.name: config.getoption(s.dest) for s in on_both},
        "ini": {s.name: config.getini(s.ini_key) for s in on_both},
    }
