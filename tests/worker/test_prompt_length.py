"""Tokenizers in plain Python: every word is a token, between a start and an end."""

from types import SimpleNamespace

import pytest

from pytest_sdperf.errors import CaseError
from pytest_sdperf.worker.prompt_length import check_prompt_length


class WordTokenizer:
    """Like one of transformers: a word is a token, and none is cut off unless asked for."""

    def __init__(self, model_max_length=77):
        self.model_max_length = model_max_length
        self.words = ["<start>", "<end>"]

    def __call__(self, text):
        new = text.split()
        self.words += new
        last = len(self.words)
        return SimpleNamespace(input_ids=[0, *range(last - len(new), last), 1])

    def decode(self, ids):
        return " ".join(self.words[i] for i in ids)


def words(count):
    return " ".join(f"w{n}" for n in range(1, count + 1))


def pipeline(**attributes):
    return SimpleNamespace(**attributes)


def test_77_tokens_pass():
    check_prompt_length(pipeline(tokenizer=WordTokenizer()), ["a ship", words(75)])


def test_78_tokens_lose_one():
    with pytest.raises(CaseError) as caught:
        check_prompt_length(pipeline(tokenizer=WordTokenizer()), ["a ship", words(76)])
    assert str(caught.value) == (
        "prompt 'w1 w2 w3 w4 w5 w6 w7 w8 w9 w10 w11 w12 w13 w14 w15 w16 w17…' has 78 tokens with start and end, "
        "WordTokenizer takes 77: 'w76' would be cut off and not drawn [prompt]. "
        "Shorten the prompt by 1 token or more."
    )


def test_all_that_is_lost_is_quoted():
    lost = [f"w{n}" for n in range(76, 201)]
    with pytest.raises(CaseError) as caught:
        check_prompt_length(pipeline(tokenizer=WordTokenizer()), [words(200)])
    assert f"has 202 tokens with start and end, WordTokenizer takes 77: {' '.join(lost)!r} would" in caught.value.what
    assert caught.value.cure == "Shorten the prompt by 125 tokens or more."


def test_the_limit_is_the_tokenizers_own():
    check_prompt_length(pipeline(tokenizer=WordTokenizer(5)), ["one two three"])
    with pytest.raises(CaseError) as caught:
        check_prompt_length(pipeline(tokenizer=WordTokenizer(5)), ["one two three four five"])
    assert str(caught.value) == (
        "prompt 'one two three four five' has 7 tokens with start and end, WordTokenizer takes 5: "
        "'four five' would be cut off and not drawn [prompt]. Shorten the prompt by 2 tokens or more."
    )


@pytest.mark.parametrize(
    ("letters", "shown"), [(60, "x" * 60), (61, "x" * 59 + "…")], ids=["quoted whole", "quoted in part"]
)
def test_a_quoted_prompt_has_at_most_60_characters(letters, shown):
    with pytest.raises(CaseError, match=f"^prompt '{shown}' has 3 tokens"):
        check_prompt_length(pipeline(tokenizer=WordTokenizer(2)), ["x" * letters])


@pytest.mark.parametrize("none", [int(1e30), 1e30, float("inf"), None], ids=str)
def test_a_tokenizer_without_a_limit_takes_everything(none):
    check_prompt_length(pipeline(tokenizer=WordTokenizer(none)), [words(1000)])


@pytest.mark.parametrize(
    "attributes",
    [{}, {"tokenizer": None}, {"tokenizer": "clip"}, {"tokenizer": len}, {"tokenizer": pipeline(model_max_length=1)}],
    ids=["none", "None", "text", "a function", "not callable"],
)
def test_a_pipeline_without_such_a_tokenizer_is_not_checked(attributes):
    check_prompt_length(pipeline(**attributes), [words(1000)])
