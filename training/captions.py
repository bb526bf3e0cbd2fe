"""Captions as the model reads them: the words of a training sample, and the vocabulary that writes them shortly."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from painter import PAINTERS, SUBJECTS, WEATHERS, Scene
from settings import DROPPED_CAPTIONS, PARTIAL_CAPTIONS

from pytest_sdperf.models import vocabulary

Merge = tuple[str, str]


def caption_for_training(scene: Scene, rng: np.random.Generator) -> str:
    """The scene's caption, sometimes empty, sometimes with a part left open."""
    drawn = rng.random()
    if drawn < DROPPED_CAPTIONS:
        return ""
    if drawn < DROPPED_CAPTIONS + PARTIAL_CAPTIONS:
        parts = (f"{scene.subject} in {scene.weather}", f"{scene.subject} by {scene.painter}", scene.subject)
        return str(rng.choice(parts))
    return scene.caption


def merges() -> list[Merge]:
    """The letter pairs that any text is written with, then what joins each word of the captions into one token."""
    found = vocabulary.merges()
    rank = {pair: number for number, pair in enumerate(found)}
    for word in dict.fromkeys(" ".join((*SUBJECTS, *WEATHERS, *PAINTERS, "in", "by", "a", "the")).lower().split()):
        pieces = _written(word, rank)
        while len(pieces) > 1:
            pair = (pieces[0], pieces[1])
            rank[pair] = len(found)
            found.append(pair)
            pieces = _written(word, rank)
    return found


def _written(word: str, rank: dict[Merge, int]) -> list[str]:
    """Byte-pair encoding: the earliest merge first, until none applies."""
    pieces = [*word[:-1], word[-1] + vocabulary.WORD_END]
    while True:
        known = [(rank[pair], at) for at, pair in enumerate(pairwise(pieces)) if pair in rank]
        if not known:
            return pieces
        at = min(known)[1]
        pieces[at : at + 2] = [pieces[at] + pieces[at + 1]]
