"""When repeated pictures come from a cache: both sides of each limit."""

import pytest

from pytest_sdperf.claims import Claim, check_claim
from pytest_sdperf.claims.drawn_anew import drawn_anew
from pytest_sdperf.judge.proof import judge_proof
from pytest_sdperf.measurement import Evidence, ImageTiming, NewLatents
from pytest_sdperf.verdict.status import Status
from pytest_sdperf.workload import Workload


def timings(*totals_ns, unet=()):
    calls = [*unet] or [0] * len(totals_ns)
    return [ImageTiming(ns, {"unet": [1] * n}) for ns, n in zip(totals_ns, calls, strict=True)]


def seen(new, repeated=()):
    return NewLatents(list(new), list(repeated))


def test_one_look_is_enough_where_nothing_differs():
    assert drawn_anew(seen(timings(100))) == (True, "a picture of new latents is as much work")


@pytest.mark.parametrize(("fastest_ns", "holds"), [(2000, True), (2001, False)])
def test_the_fastest_new_one_is_compared_with_the_slowest_repeated_one(fastest_ns, holds):
    found = drawn_anew(seen(timings(9000, fastest_ns, 8000), timings(10, 1000, 20)))
    assert found[0] is holds
    if not holds:
        assert found[1] == (
            "a picture that was drawn before takes 1 us, one of new latents 2 us: the pipeline keeps what it has "
            "drawn, and its latency is not that of drawing; switch that off in its factory"
        )


@pytest.mark.parametrize(
    ("new", "repeated", "holds"),
    [
        ((4, 4, 4), (4, 4, 4), True),
        ((4, 4, 4), (0, 0, 0), False),
        ((4, 5, 6), (0, 0, 0), False),  # none at all
        ((4, 4, 4), (3, 3, 3), False),
        ((4, 4, 4), (3, 4, 3), True),
        ((4, 5, 6), (3, 3, 3), True),  # a sampler that chooses its steps
        ((3, 3, 3), (4, 4, 4), True),
    ],
)
def test_calls_of_a_stage_that_repeated_pictures_save(new, repeated, holds):
    found = drawn_anew(seen(timings(10, 10, 10, unet=new), timings(10, 10, 10, unet=repeated)))
    assert found[0] is holds
    if new == (4, 4, 4) and repeated == (0, 0, 0):
        assert "takes 0.01 us and 0 calls of unet, one of new latents 0.01 us and 4 calls of unet: " in found[1]


def test_every_variant_claims_it_but_only_a_broken_one_shows_it():
    fine, cached = (
        Evidence(new_latents=seen(timings(100), ())),
        Evidence(new_latents=seen(timings(900), timings(100))),
    )
    assert judge_proof((), Evidence(), Workload()).status is Status.NOT_JUDGED
    assert judge_proof((), fine, Workload()).claims == []
    broken = judge_proof((), cached, Workload())
    assert (broken.status, [one.kind for one in broken.claims]) == (Status.BROKEN, ["drawn_anew"])
    asked = judge_proof((Claim("drawn_anew"),), cached, Workload())
    assert [one.kind for one in asked.claims] == ["drawn_anew"]


def test_a_variant_that_claims_it_must_show_it():
    assert not check_claim(Claim("drawn_anew"), Evidence(), Workload()).holds
