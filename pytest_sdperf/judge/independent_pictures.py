"""Find pictures that do not depend on what was asked for: unequal inputs, and the same picture to the bit."""

from __future__ import annotations

from pytest_sdperf.measurement import Measurement
from pytest_sdperf.workload import Workload, picture_key


def independent_of(measurement: Measurement, workload: Workload) -> dict[str, str]:
    """Picture key -> its fault, as the end of a sentence, where it equals one of another prompt, seed or latents.

    ``measurement`` is one whose first process drew every picture of ``workload``.
    """
    seen = measurement.evidence.new_latents
    first = picture_key(workload.sizes[0], 0)
    faults = {first: "is the same to the bit from other latents: it does not depend on them"}
    faults = faults if seen is not None and seen.is_same_picture else {}
    digests = measurement.processes[0].picture_sha256
    for size in workload.sizes:
        known: dict[str, int] = {}
        for index in range(len(workload.prompt_seeds)):
            key = picture_key(size, index)
            if not digests.get(key):
                continue
            earlier = known.setdefault(digests[key][0], index)
            if earlier != index:
                faults.setdefault(key, _fault(workload, earlier, index))
    return faults


def _fault(workload: Workload, earlier: int, later: int) -> str:
    one, other = workload.prompt_seeds[earlier], workload.prompt_seeds[later]
    if one.seed != other.seed:
        return f"is the same to the bit as that of seed {one.seed}: it does not depend on its latents"
    return f'is the same to the bit as that of prompt "{one.prompt}": it does not depend on the prompt'
