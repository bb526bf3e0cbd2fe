"""How the values of options are read and shown, and which of two counts: the change's, the base's, the stricter."""

from collections.abc import Callable, Mapping
from typing import Any

from pytest_sdperf import units
from pytest_sdperf.errors import OptionError
from pytest_sdperf.verdict.parts import PARTS

MOST_PAIRS = 200

Parser = Callable[..., Any]
"""(raw value, where=…) -> the value. Raises OptionError."""

Decide = Callable[[Any, Any], Any]
"""(the change's value, the base's) -> the value that counts under --sdperf-baselines-from."""

Show = Callable[[Any], str]
"""A value that is not None -> how people write it."""


def parse_text(value: object, *, where: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise OptionError(f"{value!r} is not a name or path", where=where, cure="Write a non-empty text.")
    return value.strip()


def parse_names(value: object, *, where: str) -> tuple[str, ...]:
    parts = value.replace("\n", ",").split(",") if isinstance(value, str) else value
    if not isinstance(parts, (list, tuple)) or not all(isinstance(p, str) for p in parts):
        raise OptionError(f"{value!r} is not a list of names", where=where, cure='Write them like "fp32,openvino".')
    names = tuple(p.strip() for p in parts if p.strip())
    if not names:
        raise OptionError(f"{value!r} names nothing", where=where, cure='Write at least one name, like "fp32".')
    return names


def parse_patterns(value: object, *, where: str) -> tuple[str, ...]:
    """Patterns of files below a folder, as ``requirements*.txt`` and ``deploy/*.lock``."""
    patterns = parse_names(value, where=where)
    for pattern in patterns:
        if pattern.startswith(("/", "~")) or ".." in pattern.split("/") or "**" in pattern:
            raise OptionError(
                f"{pattern!r} is not a pattern of files in the repository",
                where=where,
                cure='Write it relative to the rootdir or a folder above it, like "requirements*.txt,deploy/uv.lock".',
            )
    return patterns


def parse_flag(value: object, *, where: str) -> bool:
    words = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().lower() in words:
        return words[value.strip().lower()]
    raise OptionError(f"{value!r} is neither true nor false", where=where, cure="Write true or false.")


def parse_missing(value: object, *, where: str) -> str:
    if value == "record":
        raise OptionError(
            "'record' is not a choice",
            where=where,
            cure="Use --sdperf-update=new (ini: sdperf_update = new): "
            "it records what has no baseline, and judges the rest.",
        )
    return str(one_of("fail", "skip")(value, where=where))


def one_of(*choices: str) -> Parser:
    def parse(value: object, *, where: str) -> str:
        if value not in choices:
            raise OptionError(f"{value!r} is not a choice", where=where, cure=f"Use one of: {', '.join(choices)}.")
        return str(value)

    return parse


def parse_gate(value: object, *, where: str) -> tuple[str, ...]:
    names = parse_names(value, where=where)
    for name in names:
        one_of(*PARTS)(name, where=where)
    return names


def duration_for(what: str) -> Parser:
    def parse(value: object, *, where: str) -> float:
        seconds = units.parse_seconds(value, where=where)
        if seconds == 0:
            raise OptionError(f"{value!r} leaves {what} no time", where=where, cure='Write it like "10m".')
        return seconds

    return parse


def parse_error_rate(value: object, *, where: str) -> float:
    """A probability from 0.0001, below which nothing here could be shown, to 0.5, from which on nothing is promised."""
    rate = units.parse_share(value, where=where)
    if not 0.0001 <= rate <= 0.5:
        raise OptionError(
            f"{value!r} is not a valid error rate", where=where, cure='Write a share from 0.01% to 50%, like "1%".'
        )
    return rate


def parse_pairs(value: object, *, where: str) -> int:
    from pytest_sdperf.stats.boundary import FEWEST_PAIRS  # where it is asked for: every pytest run imports this module

    count = units.parse_count(value, where=where)
    if not FEWEST_PAIRS <= count <= MOST_PAIRS:
        raise OptionError(
            f"{value!r} is not a valid limit on pairs",
            where=where,
            cure=f"Write a whole number from {FEWEST_PAIRS}, the first that are judged, to {MOST_PAIRS}.",
        )
    return count


def parse_link_limits(value: object, *, where: str) -> dict[str, float]:
    """``{"unet": 45}`` or ``"unet=45dB, latents=90dB"``: links of a chain -> smallest PSNR, dB."""
    cure = 'Write it like "unet=45dB, latents=90dB", or as {"unet": 45}.'
    named = dict(value) if isinstance(value, Mapping) else {}
    if isinstance(value, str):
        for part in parse_names(value, where=where):
            link, equals, limit = part.partition("=")
            if not equals:
                raise OptionError(f"{part!r} is not a link and its limit", where=where, cure=cure)
            named[link.strip()] = limit.strip()
    if not named or not all(isinstance(link, str) and link for link in named):
        raise OptionError(f"{value!r} names no link", where=where, cure=cure)
    return {link: units.parse_decibel(limit, where=where) for link, limit in named.items()}


def parse_min_speedup(value: object, *, where: str) -> tuple[str, float]:
    if not isinstance(value, (tuple, list)) or len(value) != 2 or not isinstance(value[0], str):
        raise OptionError(
            f"{value!r} is not a (variant, factor) pair", where=where, cure='Write it like ("fp32", "1.5x").'
        )
    return value[0], units.parse_factor(value[1], where=where)


def of_change(change: Any, _: Any) -> Any:
    """The change's: the option decides nothing about the verdict, and nothing is said of it."""
    return change


def of_change_named(change: Any, _: Any) -> Any:
    """The change's: it is needed before the base can say anything, or decides what is compared. A NOTE names it."""
    return change


def of_base(_: Any, base: Any) -> Any:
    """The base's: a change must not decide itself what may fail, or how it is measured.

    So are error rates and the number of pairs, of which none is simply stricter: with less alpha more passes and with
    more pairs more fails, but either also makes the other error rarer.
    """
    return base


def smaller_where_both(head: float | None, base: float | None) -> float | None:
    """Where one side leaves a default that depends on the case, which of both is the stricter is not known."""
    return base if head is None or base is None else min(head, base)


def smaller_size(change: int | None, base: int | None) -> int | None:
    """None is no limit."""
    return min((limit for limit in (change, base) if limit is not None), default=None)


def larger_each(change: Mapping[str, float], base: Mapping[str, float]) -> dict[str, float]:
    """Link by link. One that the base does not name keeps its default, which a change must not relax."""
    return {name: max(limit, change.get(name, limit)) for name, limit in base.items()}


def more_pictures(change: str, base: str) -> str:
    """`all` before `first` before `off`."""
    return min(change, base, key=("all", "first", "off").index)


def faster(change: tuple[str, float] | None, base: tuple[str, float] | None) -> tuple[str, float] | None:
    """Of two rivals the base's: a test has one, and which is harder to beat is not known."""
    if change is None or base is None:
        return base or change
    return (base[0], max(change[1], base[1])) if change[0] == base[0] else base


def failing(change: str, base: str) -> str:
    """`fail`, where one of both asks for it."""
    return "fail" if "fail" in (change, base) else base


def show_share(value: float) -> str:
    """0.05 -> ``5 %``."""
    from pytest_sdperf.wording import plain_share  # where it is shown: every pytest run imports this module

    return plain_share(value)


def show_decibel(value: float) -> str:
    """35.0 -> ``35 dB``."""
    return f"{value:g} dB"


def show_names(value: tuple[str, ...]) -> str:
    """``latency,proof``; ``none`` where there are none."""
    return ",".join(value) or "none"


def show_links(value: Mapping[str, float]) -> str:
    """``latents=90dB,unet=35dB``; ``default`` where none is named."""
    return ",".join(f"{link}={limit:g}dB" for link, limit in sorted(value.items())) or "default"


def show_speedup(value: tuple[str, float]) -> str:
    """``fp32 1.5x``."""
    return f"{value[0]} {value[1]:g}x"
