"""Judge by the base's settings and the stricter of two limits, and list what a change would decide otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pytest_sdperf.options import Options
from pytest_sdperf.options.option_spec import OptionSpec
from pytest_sdperf.options.specs import SPECS
from pytest_sdperf.options.values import of_base, of_change, of_change_named
from pytest_sdperf.variant import Variant

OWN = "its own counts"
"""What a note says of an option that is the change's."""


def governed(head: Options, base: Options) -> Options:
    """The options that count: each as its entry in SPECS decides between ``head`` and ``base``.

    ``ignore`` stays below ``must_catch``, as in either.
    """
    counts = {spec.name: spec.decides(_value(spec, head), _value(spec, base)) for spec in SPECS}
    limits = {spec.name: counts.pop(spec.name) for spec in SPECS if spec.is_threshold}
    stated = head.stated | base.stated
    return head._replace(thresholds=head.thresholds._replace(**limits), stated=stated, **counts)


def changes(head: Options, base: Options, label: str) -> list[str]:
    """The options in which ``head`` differs from ``base``: ``relaxes max_slowdown 5 % -> 50 %; judged by main's 5 %``.

    ``label`` names the base. Sentences without their subject, limits first. Those that are the change's for the whole
    session are left to `altered_settings`.
    """
    judged = governed(head, base)
    found = []
    for spec in sorted(SPECS, key=lambda spec: not spec.is_threshold):
        now, was, by = (_value(spec, options) for options in (head, base, judged))
        if now == was or spec.decides is of_change:
            continue
        if spec.decides is of_change_named:
            found += [f"sets {spec.name} {spec.shown(was)} -> {spec.shown(now)}; {OWN}"] if spec.on_marker else []
            continue
        if isinstance(now, Mapping):
            now, was, by = where_differing(now, was, by)
        verb = "sets" if spec.decides is of_base else "tightens" if by == now else "relaxes" if by == was else "changes"
        whose = "its own" if by == now else f"{label}'s" if by == was else "the stricter of both,"
        found.append(f"{verb} {spec.name} {spec.shown(was)} -> {spec.shown(now)}; judged by {whose} {spec.shown(by)}")
    return found


def where_differing(now: Mapping[str, Any], was: Mapping[str, Any], *others: Mapping[str, Any]) -> list[dict[str, Any]]:
    """All of these limits by name, without the names in which the first two agree."""
    differing = {name for name, _ in {*now.items()} ^ {*was.items()}}
    return [{n: limit for n, limit in limits.items() if n in differing} for limits in (now, was, *others)]


def promises_changed(head: Variant, base: Variant) -> Iterator[str]:
    """The claims that a variant drops, another reference or precision of its pictures, and new requirements."""
    for claim in base.claims:
        if claim not in head.claims:
            yield f"drops or alters claim {claim} of variant {head.name}; not judged any more"
    if head.reference != base.reference:
        now, was = (v.reference or "its own" for v in (head, base))
        yield f"compares the pictures of variant {head.name} with {now}, no longer with {was}; judged so"
    now, was = head.picture_precision, base.picture_precision
    if now != was:
        yield f"holds the pictures of variant {head.name} to limits of {now}, no longer of {was}; judged so"
    for need in head.requirements:
        if need not in base.requirements:
            yield f"lets variant {head.name} need {need}; without it its tests skip"


def _value(spec: OptionSpec, options: Options) -> Any:
    return getattr(options.thresholds if spec.is_threshold else options, spec.name)
