"""Scenes and pictures: equal for equal seeds, different where the caption is."""

import numpy as np
import pytest
from painter import PAINTERS, SIZE_PX, SUBJECTS, WEATHERS, Scene, paint

pytestmark = pytest.mark.one_python


def difference(a, b):
    """Mean absolute difference of two pictures, 0 to 255."""
    return np.abs(a.astype(int) - b).mean()


def test_a_scene_is_its_seed():
    assert Scene.draw(7) == Scene.draw(7)
    assert Scene.draw(7) != Scene.draw(8)


def test_what_is_named_is_kept_and_changes_nothing_else():
    drawn = Scene.draw(7)
    named = Scene.draw(7, subject="castle", weather="snow", painter="Monet")
    assert named.caption == "castle in snow by Monet"
    assert (named.horizon, named.place, named.size, named.sun) == (drawn.horizon, drawn.place, drawn.size, drawn.sun)


def test_every_name_comes_up():
    scenes = [Scene.draw(seed) for seed in range(200)]
    assert {s.subject for s in scenes} == set(SUBJECTS)
    assert {s.weather for s in scenes} == set(WEATHERS)
    assert {s.painter for s in scenes} == set(PAINTERS)
    assert {s.facing for s in scenes} == {-1, 1}


@pytest.mark.parametrize("subject", SUBJECTS)
@pytest.mark.parametrize("weather", WEATHERS)
def test_paints_every_subject_in_every_weather(subject, weather):
    scene = Scene.draw(3, subject=subject, weather=weather)
    picture = paint(scene)
    assert picture.shape == (SIZE_PX, SIZE_PX, 3)
    assert picture.dtype == np.uint8
    assert picture.std() > 5
    np.testing.assert_array_equal(picture, paint(scene))


@pytest.mark.parametrize(("part", "names"), [("subject", SUBJECTS), ("weather", WEATHERS), ("painter", PAINTERS)])
def test_each_name_paints_another_picture(part, names):
    kept = {"subject": "sailing ship", "weather": "calm", "painter": "Vermeer"}
    pictures = [paint(Scene.draw(5, **{**kept, part: name})) for name in names]
    for at, picture in enumerate(pictures):
        assert all(difference(picture, other) > 2 for other in pictures[:at])


def test_seeds_move_things():
    a, b = (paint(Scene.draw(seed, subject="castle", weather="calm", painter="Vermeer")) for seed in (1, 2))
    assert difference(a, b) > 2


def test_a_storm_by_rembrandt_is_dark_and_a_calm_by_monet_is_not():
    dark = paint(Scene.draw(1, subject="sailing ship", weather="storm", painter="Rembrandt"))
    light = paint(Scene.draw(1, subject="sailing ship", weather="calm", painter="Monet"))
    assert dark.mean() < 80
    assert light.mean() > 120
