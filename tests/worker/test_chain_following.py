"""A variant along the reference's chain: each fault is seen at its own link, and only there."""

import numpy as np
import pytest


def agreement(stages):
    """(stage, link) -> the worst agreement, where not all is the same."""
    found = {}
    for name, stage in stages.items():
        for link in ("latents", "conditioning", "output"):
            values = [db for db in getattr(stage, f"{link}_db") if db is not None]
            if values:
                found[name, link] = min(values)
    return found


def test_the_same_pipeline_is_the_same_everywhere(followed):
    chain, stages = followed()
    assert agreement(stages) == {}
    assert (chain.picture_db, chain.missing) == (None, [])
    assert [(s.calls, s.reference_calls, s.not_followed) for s in chain.stages] == [(2, 2, ""), (4, 4, ""), (1, 1, "")]
    assert stages["unet"].times == [1000, 750, 500, 250]
    assert stages["unet"].gains == [pytest.approx(0, abs=1e-12)] * 4


def test_errors_do_not_grow_along_the_way(followed):
    chain, stages = followed(rounding=8)
    assert {*agreement(stages)} == {("text_encoder", "output"), ("unet", "output"), ("vae_decode", "output")}
    assert min(agreement(stages).values()) > 45
    assert chain.picture_db is None


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"guidance": 6.75}, ("unet", "latents")),
        ({"scale": 2.1}, ("vae_decode", "latents")),
        ({"gain": 1.01}, ("unet", "output")),
        ({"text_gain": 1.01}, ("text_encoder", "output")),
        ({"decoder_gain": 1.01}, ("vae_decode", "output")),
    ],
)
def test_a_fault_is_seen_where_it_is(followed, changes, where):
    chain, stages = followed(**changes)
    found = agreement(stages)
    assert {*found} - {("vae_decode", "latents")} == {where} - {("vae_decode", "latents")}
    assert where in found
    assert chain.picture_db is None


def test_the_latents_agree_before_the_first_call(followed):
    _, stages = followed(guidance=6.75)
    first, *later = stages["unet"].latents_db
    assert first is None
    assert all(0 < db < 40 for db in later)


def test_a_gain_is_told_from_rounding(followed):
    _, louder = followed(gain=1.01)
    _, rounded = followed(rounding=8)
    assert np.mean(louder["unet"].gains) == pytest.approx(0.01, abs=1e-4)
    assert abs(np.mean(rounded["unet"].gains)) < 1e-3


def test_postprocessing(followed):
    chain, stages = followed(gamma=1.1)
    assert agreement(stages) == {}
    assert 10 < chain.picture_db < 40


def test_other_words_are_named(followed):
    chain, stages = followed(prompt="storm")
    [other] = stages["text_encoder"].other_tokens
    assert (other.call, other.position, other.missing, other.instead) == (1, 2, "5 2 2", "2 2 2")
    assert ("unet", "latents") not in agreement(stages)
    assert chain.picture_db is None


def test_other_timesteps_are_named(followed):
    _, stages = followed(offset=0)
    assert [(o.call, o.reference, o.own) for o in stages["unet"].other_numbers][:2] == [(1, 1000, 999), (2, 750, 749)]
    assert ("unet", "output") not in agreement(stages)


@pytest.mark.parametrize("steps", [3, 5])
def test_another_number_of_calls(followed, steps):
    _, stages = followed(steps=steps)
    assert (stages["unet"].calls, stages["unet"].reference_calls) == (steps, 4)


def test_a_stage_that_the_variant_does_not_have(followed):
    chain, found = followed(without="text_encoder")
    assert chain.missing == ["text_encoder"]
    assert [*found] == ["unet", "vae_decode"]


def test_arrays_of_other_shapes_cannot_be_followed(followed, boat):
    class Wide(boat):
        def unet(self, latents, timestep, *, embeddings):
            return super().unet(latents[:, :, :16], timestep, embeddings=embeddings)

        def draw(self):
            original, self.unet = self.unet, lambda x, *a, **k: original(np.pad(x, ((0, 0), (0, 0), (0, 4))), *a, **k)
            return super().draw()

    _, stages = followed(own=Wide())
    assert stages["unet"].not_followed == (
        "its call 1 gets arrays of (2, 12, 20), (2, 5, 16), not of (2, 12, 16), (2, 5, 16)"
    )
    assert (stages["unet"].calls, stages["unet"].output_db) == (4, []), "it goes on by itself"


def test_answers_of_other_shapes_cannot_be_followed(followed, boat):
    class Split(boat):
        def decode(self, latents):
            return super().decode(latents).reshape(1, 8, 24)

    _, stages = followed(own=Split())
    assert stages["vae_decode"].not_followed == "its call 1 answers with (1, 8, 24), not with (1, 12, 16)"


def test_what_a_library_overwrites_is_copied_in_time(followed, boat):
    """Some answer in the same memory again and again."""

    class Reusing(boat):
        memory = np.zeros((2, 12, 16), np.float32)

        def unet(self, latents, timestep, *, embeddings):
            self.memory[:] = super().unet(latents, timestep, embeddings=embeddings)[0]
            return (self.memory,)

    _, stages = followed(own=Reusing())
    assert agreement(stages) == {}
