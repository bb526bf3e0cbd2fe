"""How often a stage is called for a picture: what a claim says of it, and whether that is what was seen."""

from __future__ import annotations

from collections.abc import Mapping

from pytest_sdperf.wording import plural

UNET_CALLS, STAGE_CALLS = "unet_calls", "stage_calls"
"""The kinds of claims on calls."""


def wanted_calls(kind: str, want: str, *, steps: int) -> tuple[str, int] | None:
    """(stage, calls a picture) as a claim of ``kind`` says for so many ``steps``; None where it says no number."""
    if kind == UNET_CALLS:
        stage, calls = "unet", str(steps) if want == "num_inference_steps" else want
    elif kind == STAGE_CALLS:
        stage, calls = (part.strip() for part in want.partition("=")[::2])
    else:
        return None
    return (stage, int(calls)) if stage and calls.isdecimal() else None


def stage_calls(kind: str, want: str, seen: Mapping[str, int], *, steps: int) -> tuple[bool, str]:
    """(Whether the claim holds, what was ``seen``: stage -> calls for a picture; every stage is there)."""
    wanted = wanted_calls(kind, want, steps=steps)
    if wanted is None:
        form = "neither num_inference_steps nor a number" if kind == UNET_CALLS else "not stage=number"
        return False, f"{want!r} is {form}"
    stage, calls = wanted
    if stage not in seen:
        return False, f"no stage called {stage} was seen (limit {calls} calls)"
    return seen[stage] == calls, f"{plural(seen[stage], 'call')} an image (limit {calls})"
