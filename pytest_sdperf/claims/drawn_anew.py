"""Whether timed pictures were drawn, or read from what the pipeline keeps of earlier ones."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_sdperf.measurement import ImageTiming, NewLatents
from pytest_sdperf.units import format_seconds
from pytest_sdperf.wording import plural

_CACHED = 2.0
"""Times the slowest repeated picture that the fastest one of new latents takes where repeated ones come from a cache.
Other load slows both, because they are drawn in turn; what caches save is far more, or is seen in the stages' calls."""


def drawn_anew(seen: NewLatents) -> tuple[bool, str]:
    """Whether pictures of known latents are as much work as those of new ones, and what was seen of it."""
    if not seen.repeated:
        return True, "a picture of new latents is as much work"
    new_ns, repeated_ns = min(t.total_ns for t in seen.new), max(t.total_ns for t in seen.repeated)
    skipped = [stage for stage in seen.new[0].stages_ns if _is_skipped(stage, seen)]
    if not skipped and new_ns <= _CACHED * repeated_ns:
        return True, "pictures of new latents are as much work"
    repeated, new = (
        "".join(f" and {_calls(stage, timings)}" for stage in skipped) for timings in (seen.repeated, seen.new)
    )
    return False, (
        f"a picture that was drawn before takes {format_seconds(repeated_ns / 1e9)}{repeated}, one of new latents "
        f"{format_seconds(new_ns / 1e9)}{new}: the pipeline keeps what it has drawn, and its latency is not that of "
        "drawing; switch that off in its factory"
    )


def _is_skipped(stage: str, seen: NewLatents) -> bool:
    """Whether repeated pictures call a stage less often: never, or each time less than every new one, which all agree.

    A sampler that chooses its own number of steps calls it now more, now less often.
    """
    new, repeated = ([t.calls.get(stage, 0) for t in timings] for timings in (seen.new, seen.repeated))
    return max(repeated) < min(new) and (max(repeated) == 0 or len(set(new)) == 1)


def _calls(stage: str, timings: Sequence[ImageTiming]) -> str:
    return f"{plural(max(t.calls.get(stage, 0) for t in timings), 'call')} of {stage}"
