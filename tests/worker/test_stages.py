"""Stages: found, timed with a fake clock, and given back."""

import itertools

import pytest

from pytest_sdperf.errors import CaseError
from pytest_sdperf.worker.stages import StageTimer, find_stages


class Part:
    def __init__(self, clock=None, spend=0):
        self.clock, self.spend = clock, spend

    def forward(self, value=None, *, factor=1):
        if self.clock:
            self.clock.now += self.spend
        return value * factor if value is not None else "done"

    def decode(self):
        return self.forward()


class Clock:
    now = 0

    def __call__(self):
        return self.now


class Pipeline:
    """Anything with parts as attributes."""

    def __init__(self, **parts):
        vars(self).update(parts)


def test_finds_the_stages_of_diffusers():
    text_encoder, unet, vae = Part(), Part(), Part()
    assert find_stages(Pipeline(vae=vae, unet=unet, text_encoder=text_encoder)) == {
        "text_encoder": (text_encoder, "forward"),
        "unet": (unet, "forward"),
        "vae_decode": (vae, "decode"),
    }


def test_prefers_the_decoder_that_is_compiled_by_itself():
    decoder, vae = Part(), Part()
    assert find_stages(Pipeline(vae=vae, vae_decoder=decoder)) == {"vae_decode": (decoder, "forward")}


@pytest.mark.parametrize("pipeline", [object(), Pipeline(), Pipeline(unet=None), Pipeline(unet=object()), len])
def test_finds_nothing_where_there_is_nothing(pipeline):
    assert find_stages(pipeline) == {}


def test_takes_what_is_declared():
    part = Part()
    pipeline = Pipeline(unet=Part(), sdperf_stages=lambda: {"paint": (part, "decode")})
    assert find_stages(pipeline) == {"paint": (part, "decode")}


def test_refuses_a_declaration_that_is_no_dict():
    with pytest.raises(CaseError) as error:
        find_stages(Pipeline(sdperf_stages=lambda: None))
    assert str(error.value) == 'sdperf_stages() gave None. Return {"unet": (object, "name of its method")}.'


@pytest.mark.parametrize("place", [None, "unet", ("unet",), ["unet", "forward"], (Part(), 3), (Part(), "foward")])
def test_refuses_a_stage_that_names_no_method(place):
    with pytest.raises(CaseError, match=r"stage 'unet' of sdperf_stages\(\) is .*, which names no method"):
        find_stages(Pipeline(sdperf_stages=lambda: {"unet": place}))


def test_refuses_a_stage_without_a_name():
    with pytest.raises(CaseError, match="stage 3 of"):
        find_stages(Pipeline(sdperf_stages=lambda: {3: (Part(), "forward")}))


def test_times_every_call_in_order():
    clock = Clock()
    unet = Part(clock)
    with StageTimer({"unet": (unet, "forward"), "vae_decode": (Part(), "decode")}, clock) as timer:
        for unet.spend in (5, 7):
            assert unet.forward(3, factor=2) == 6
        assert timer.calls_ns == {"unet": [5, 7], "vae_decode": []}
        timer.reset()
        assert timer.calls_ns == {"unet": [], "vae_decode": []}
        unet.forward()
        assert timer.calls_ns["unet"] == [7]


def test_what_it_hands_out_is_a_copy():
    with StageTimer({"unet": (unet := Part(), "forward")}, itertools.count().__next__) as timer:
        timer.calls_ns["unet"].append(1)
        unet.forward()
        assert timer.calls_ns == {"unet": [1]}


def test_inner_stages_are_taken_off_the_outer_one():
    clock = Clock()
    inner, other = Part(clock, 10), Part(clock, 1)

    class Outer:
        def draw(self):
            clock.now += 100
            inner.forward()
            other.forward()
            inner.forward()

    outer = Outer()
    stages = {"all": (outer, "draw"), "unet": (inner, "forward"), "vae_decode": (other, "forward")}
    with StageTimer(stages, clock) as timer:
        outer.draw()
    assert timer.calls_ns == {"all": [100], "unet": [10, 10], "vae_decode": [1]}
    assert sum(sum(calls) for calls in timer.calls_ns.values()) == clock.now


def test_a_stage_that_calls_itself_counts_once():
    clock = Clock()

    class Deep:
        def forward(self, levels):
            clock.now += 1
            return self.forward(levels - 1) if levels else "bottom"

    deep = Deep()
    with StageTimer({"unet": (deep, "forward")}, clock) as timer:
        assert deep.forward(3) == "bottom"
    assert timer.calls_ns == {"unet": [4]}


def test_a_raising_stage_is_timed_and_raises():
    clock = Clock()

    class Broken:
        def forward(self):
            clock.now += 3
            raise ValueError("leak")

    broken = Broken()
    with StageTimer({"unet": (broken, "forward")}, clock) as timer:
        for _ in range(2):
            with pytest.raises(ValueError, match="leak"):
                broken.forward()
    assert timer.calls_ns == {"unet": [3, 3]}


def test_gives_methods_back():
    part, replaced = Part(), Part()
    replaced.forward = own = lambda: "own"
    timer = StageTimer({"unet": (part, "forward"), "vae_decode": (replaced, "forward")})
    assert "forward" in vars(part)
    assert replaced.forward is not own
    timer.close()
    timer.close()
    assert "forward" not in vars(part)
    assert replaced.forward is own
    assert part.forward() == "done"


def test_refuses_an_object_that_holds_no_attributes():
    class Sealed:
        __slots__ = ()

        def forward(self):
            return None

    part = Part()
    with pytest.raises(CaseError) as error:
        StageTimer({"text_encoder": (part, "forward"), "unet": (Sealed(), "forward")})
    assert str(error.value).startswith("stage 'unet' cannot be watched: Sealed.forward cannot be replaced (")
    assert str(error.value).endswith("Let sdperf_stages() name an object whose attributes can be set.")
    assert "forward" not in vars(part)  # those before it are given back
