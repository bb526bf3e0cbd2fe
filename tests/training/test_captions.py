"""Captions as the model reads them."""

import numpy as np
import pytest
from captions import caption_for_training, merges
from painter import PAINTERS, SUBJECTS, WEATHERS, Scene

from pytest_sdperf.models.vocabulary import WORD_END, vocabulary

pytestmark = pytest.mark.one_python


def test_every_word_of_a_caption_is_one_token():
    ids = vocabulary(merges())
    for word in " ".join((*SUBJECTS, *WEATHERS, *PAINTERS, "in", "by")).lower().split():
        assert word + WORD_END in ids


def test_merges_build_on_each_other():
    pairs = merges()
    assert len(set(pairs)) == len(pairs)
    ids = vocabulary(pairs)
    assert all(a in ids and b in ids and a + b in ids for a, b in pairs)


def test_some_captions_are_empty_or_partial():
    rng = np.random.default_rng(0)
    scene = Scene.draw(1, subject="tree", weather="fog", painter="Turner")
    seen = [caption_for_training(scene, rng) for _ in range(2000)]
    assert set(seen) == {"", "tree", "tree in fog", "tree by Turner", "tree in fog by Turner"}
    assert 0.07 < seen.count("") / 2000 < 0.13
    assert 0.75 < seen.count("tree in fog by Turner") / 2000 < 0.85
