"""Token ids as the tokenizer of their text encoder reads them."""

from types import SimpleNamespace

import pytest

from pytest_sdperf.worker.token_text import read_tokens


def tokenizer(words):
    def decode(ids, *, skip_special_tokens):
        assert skip_special_tokens
        return " " + " ".join(words[i] for i in ids) + " "

    return SimpleNamespace(decode=decode)


PIPELINE = SimpleNamespace(tokenizer=tokenizer(["a", "ship"]), tokenizer_2=tokenizer(["the", "boat"]))


@pytest.mark.parametrize(("stage", "text"), [("text_encoder", "a ship"), ("text_encoder_2", "the boat")])
def test_each_encoder_has_its_tokenizer(stage, text):
    assert read_tokens(PIPELINE, stage, [0, 1]) == text


@pytest.mark.parametrize(
    ("pipeline", "ids"),
    [
        (SimpleNamespace(), [0]),
        (SimpleNamespace(tokenizer=object()), [0]),
        (PIPELINE, [0, 99]),
    ],
)
def test_what_cannot_be_read_is_empty(pipeline, ids):
    assert read_tokens(pipeline, "text_encoder", ids) == ""
