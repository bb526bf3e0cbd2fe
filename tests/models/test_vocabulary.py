from __future__ import annotations

from pytest_sdperf.models.synthetic_shapes import SHAPES
from pytest_sdperf.models.vocabulary import END, START, byte_symbols, merges, tokenizer_files, vocabulary


def test_each_byte_has_its_own_printable_symbol():
    symbols = byte_symbols()
    assert len(set(symbols)) == 256
    assert symbols[ord("A")] == "A"
    assert symbols[0] == "\u0100"
    assert symbols[ord(" ")] == "\u0120"  # the Ġ that GPT-2's vocabulary is known for
    assert not any(s.isspace() for s in symbols)


def test_ids_are_dense_and_fit_every_embedding_table():
    ids = vocabulary(merges())
    assert sorted(ids.values()) == list(range(len(ids)))
    assert all(len(ids) <= shapes.configs["text_encoder"]["vocab_size"] for shapes in SHAPES.values())
    assert len(ids) == SHAPES["tiny"].configs["text_encoder"]["vocab_size"]


def test_the_end_token_is_the_highest():
    ids = vocabulary(merges())
    assert (ids[START], ids[END]) == (len(ids) - 2, len(ids) - 1)


def test_every_merge_joins_known_tokens_into_a_known_one():
    ids = vocabulary(merges())
    assert all(a in ids and b in ids and a + b in ids for a, b in merges())
    assert len(set(merges())) == len(merges())


def test_files():
    files = tokenizer_files(merges())
    assert files["merges.txt"].startswith("#version: 0.2\nt h\nt h</w>\n")
    assert files["tokenizer_config.json"]["model_max_length"] == 77
    assert files["vocab.json"] == vocabulary(merges())
