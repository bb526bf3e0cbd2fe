"""Judge by the stricter of two: what a test says now, and what the revision that it is held to says of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pytest_sdperf.options import Options, Thresholds
from pytest_sdperf.units import format_bytes
from pytest_sdperf.variant import Variant
from pytest_sdperf.wording import plain_share

_OF_BASE = ("baselines", "missing", "require", "gate", "variants", "processes", "rounds", "budget")
"""Options that are the base's: where baselines lie, what may skip or fail, and how much is measured before the verdict
(a budget of a second makes everything INCONCLUSIVE)."""


def _smaller_memory(head: int | None, base: int | None) -> int | None:
    return min((limit for limit in (head, base) if limit is not None), default=None)


def _higher_stages(head: Mapping[str, float], base: Mapping[str, float]) -> dict[str, float]:
    return {stage: max(limits[stage] for limits in (head, base) if stage in limits) for stage in {**base, **head}}


def _faster(head: tuple[str, float] | None, base: tuple[str, float] | None) -> tuple[str, float] | None:
    """Of two rivals the base's: a test has one, and which is harder to beat is not known."""
    if head is None or base is None:
        return base or head
    return (base[0], max(head[1], base[1])) if head[0] == base[0] else base


def _base(_: Any, base: Any) -> Any:
    return base


_STRICTER: dict[str, Callable[[Any, Any], Any]] = {
    "max_slowdown": min,
    "max_memory_growth": min,
    "max_memory": _smaller_memory,
    "min_ssim": max,
    "min_psnr": max,
    "min_stage_psnr": _higher_stages,
    "min_speedup": _faster,
    "ignore": min,
    "must_catch": min,
    "alpha": _base,
    "beta": _base,
    "max_pairs": _base,
    "inconclusive": lambda head, base: "fail" if "fail" in (head, base) else base,
}
"""Threshold -> the stricter of (head's, base's). With less alpha more passes, and with more pairs more fails; but
either also makes the other error rarer, so that none is simply stricter: there the base decides."""


def stricter(head: Thresholds, base: Thresholds) -> Thresholds:
    """Each threshold as strict as both ask for. ``ignore`` stays below ``must_catch``, as in either."""
    return Thresholds(**{name: choose(getattr(head, name), getattr(base, name)) for name, choose in _STRICTER.items()})


def governed(head: Options, base: Options) -> Options:
    """``head`` with what decides on the verdict taken from ``base``, and thresholds as strict as both ask for."""
    of_base = {name: getattr(base, name) for name in _OF_BASE}
    return head._replace(thresholds=stricter(head.thresholds, base.thresholds), **of_base)


def changes(head: Options, base: Options, label: str) -> list[str]:
    """What ``head`` says otherwise than ``base``: ``relaxes max_slowdown 5 % -> 50 %; judged by main's 5 %``.

    ``label`` names the base. Sentences without their subject.
    """
    judged = governed(head, base)
    told = []
    for name in _STRICTER:
        now, was, by = (getattr(options.thresholds, name) for options in (head, base, judged))
        if now != was:
            if name == "min_stage_psnr":
                now, was, by = (
                    _only(limits, {s for s, _ in {*now.items()} ^ {*was.items()}}) for limits in (now, was, by)
                )
            verb = "tightens" if by == now else "relaxes" if by == was else "changes"
            whose = "its own" if by == now else f"{label}'s" if by == was else "the stricter of both,"
            told.append(f"{verb} {name} {_text(name, was)} -> {_text(name, now)}; judged by {whose} {_text(name, by)}")
    for name in _OF_BASE:
        now, was = getattr(head, name), getattr(base, name)
        if now != was:
            told.append(f"sets {name} {_plain(was)} -> {_plain(now)}; judged by {label}'s {_plain(was)}")
    return told


def promises_changed(head: Variant, base: Variant) -> Iterator[str]:
    """What a variant no longer proves, what else its pictures are held against, and what it needs now to run."""
    for claim in base.claims:
        if claim not in head.claims:
            share = f" at {claim.at_least:g}" if claim.at_least != 1 else ""
            yield f"drops or alters claim {claim}{share} of variant {head.name}; not judged any more"
    if head.reference != base.reference:
        now, was = (v.reference or "its own" for v in (head, base))
        yield f"holds the pictures of variant {head.name} against {now}, no longer against {was}; judged so"
    for need in head.requirements:
        if need not in base.requirements:
            yield f"lets variant {head.name} need {need}; without it its tests skip"


_TEXTS: dict[str, Callable[[Any], str]] = {
    "max_memory": format_bytes,
    "min_ssim": str,
    "min_psnr": "{:g} dB".format,
    "min_stage_psnr": lambda limits: ",".join(f"{s}={limit:g}dB" for s, limit in sorted(limits.items())) or "none",
    "min_speedup": lambda pair: f"{pair[0]} {pair[1]:g}x",
    "max_pairs": str,
    "inconclusive": str,
}
"""Threshold -> how people write it; the others are shares."""


def _only(limits: Mapping[str, float], stages: set[str]) -> dict[str, float]:
    return {stage: limit for stage, limit in limits.items() if stage in stages}


def _text(name: str, value: Any) -> str:
    return "none" if value is None else _TEXTS.get(name, plain_share)(value)


def _plain(value: Any) -> str:
    if value is None or value == ():
        return "none"
    return ",".join(value) if isinstance(value, tuple) else f"{value}"
