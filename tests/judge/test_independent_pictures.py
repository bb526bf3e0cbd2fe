"""Unequal inputs with equal pictures."""

import msgspec
import pytest

from pytest_sdperf.judge.independent_pictures import independent_of
from pytest_sdperf.measurement import Evidence, ImageTiming, NewLatents
from pytest_sdperf.workload import Workload

WORKLOAD = Workload(prompts=("a ship", "a goat"), sizes=((16, 24), (8, 8)), seeds=(0, 1))


@pytest.fixture
def seen(measured):
    """A measurement whose first process drew pictures with these digests, at the first size."""

    def seen(digests, *, is_same_picture=None):
        measurement = measured()
        pictures = {f"16x24/{i}": [digest] for i, digest in enumerate(digests)}
        process = msgspec.structs.replace(measurement.processes[0], picture_sha256=pictures)
        latents = None if is_same_picture is None else NewLatents([ImageTiming(1)], is_same_picture=is_same_picture)
        return msgspec.structs.replace(measurement, processes=[process], evidence=Evidence(new_latents=latents))

    return seen


def test_pictures_that_differ_are_fine(seen):
    assert independent_of(seen("abcd"), WORKLOAD) == {}
    assert independent_of(seen("abcd", is_same_picture=False), WORKLOAD) == {}
    assert independent_of(seen(""), WORKLOAD) == {}


def test_equal_pictures_of_two_prompts(seen):
    assert independent_of(seen("abad"), WORKLOAD) == {
        "16x24/2": 'is the same to the bit as that of prompt "a ship": it does not depend on the prompt'
    }


def test_equal_pictures_of_two_seeds(seen):
    assert independent_of(seen("aacd"), WORKLOAD) == {
        "16x24/1": "is the same to the bit as that of seed 0: it does not depend on its latents"
    }


def test_new_latents_with_the_old_picture(seen):
    assert independent_of(seen("abcd", is_same_picture=True), WORKLOAD) == {
        "16x24/0": "is the same to the bit from other latents: it does not depend on them"
    }
