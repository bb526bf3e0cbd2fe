"""Which stored pictures the stored baselines are held against, as far as both say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from pytest_sdperf.baselines.references import ReferenceKey
from pytest_sdperf.measurement import Measurement

_MODELS_OWN = "default"
"""Scheduler of a picture that was drawn with the model's own, which a baseline calls by its class."""


class Need(NamedTuple):
    """A picture that a baseline is held against; whose it is (mostly fp32's) the baseline does not say."""

    model_digest: str
    "empty: the variant brings its own weights, and the reference's are not known"
    scheduler: str
    prompt: str
    num_inference_steps: int
    guidance_scale: float
    seed: int
    size: tuple[int, int]

    def is_met_by(self, key: ReferenceKey) -> bool:
        """Whether a stored picture may be the one; where something is not known, it may."""
        return (
            self.model_digest in ("", key.model_digest)
            and key.scheduler in (_MODELS_OWN, self.scheduler)
            and (self.prompt, self.num_inference_steps, self.seed, self.size)
            == (key.prompt, key.num_inference_steps, key.seed, tuple(key.size))
            and self.guidance_scale == key.guidance_scale
        )


def needs(measurement: Measurement) -> list[Need] | None:
    """The pictures that a measurement's case is held against; None where its workload is not told in full."""
    drawn: Mapping[str, Any] = measurement.workload
    try:
        return [
            Need(
                model_digest=measurement.model_digest,
                scheduler=measurement.scheduler,
                prompt=str(prompt),
                num_inference_steps=int(drawn["num_inference_steps"]),
                guidance_scale=float(drawn["guidance_scale"]),
                seed=int(seed),
                size=(int(height), int(width)),
            )
            for height, width in _list(drawn, "sizes")
            for prompt in _list(drawn, "prompts")
            for seed in _list(drawn, "seeds")
        ]
    except (KeyError, TypeError, ValueError):
        return None


def unused(keys: Iterable[ReferenceKey], measurements: Iterable[Measurement]) -> list[ReferenceKey] | None:
    """Of ``keys`` those that no measurement needs; None where a measurement does not say what it needs."""
    wanted: list[Need] = []
    for measurement in measurements:
        found = needs(measurement)
        if found is None:
            return None
        wanted += found
    return [key for key in keys if not any(need.is_met_by(key) for need in wanted)]


def _list(drawn: Mapping[str, Any], name: str) -> list[Any] | tuple[Any, ...]:
    found = drawn[name]
    if not isinstance(found, (list, tuple)):
        raise TypeError(name)
    return found
