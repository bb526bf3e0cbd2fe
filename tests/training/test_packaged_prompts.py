"""The packaged prompts are captions that the bundled model was taught."""

import pytest
from painter import PAINTERS, SUBJECTS, WEATHERS

from pytest_sdperf.workload import DEFAULT_PROMPTS

pytestmark = pytest.mark.one_python


def test_no_word_is_new_to_the_model():
    captions = {f"{s} in {w} by {p}" for s in SUBJECTS for w in WEATHERS for p in PAINTERS}
    assert set(DEFAULT_PROMPTS) <= captions


def test_no_subject_weather_or_painter_comes_twice():
    for names in (SUBJECTS, WEATHERS, PAINTERS):
        named = [name for prompt in DEFAULT_PROMPTS for name in names if name in prompt]
        assert len(named) == len(set(named)) == len(DEFAULT_PROMPTS)
