"""What cannot be handed on, and names that stand twice."""

import pytest

from pytest_sdperf.texts import repeated_key, text_fault


@pytest.mark.parametrize("text", ["", "ship", "船 \U0001f6a2", "a\nb\t\x1b", "\ud7ff\ue000"])
def test_texts_that_can_be_handed_on(text):
    assert text_fault(text) == ""


@pytest.mark.parametrize("lone", [0xD800, 0xDC80, 0xDFFF])
def test_a_lone_surrogate_is_named(lone):
    assert text_fault(f"a{chr(lone)}") == f"has a lone surrogate (U+{lone:04X}), which no UTF-8 text can hold"


def test_a_nul_is_named():
    assert text_fault("a\0b") == "has a NUL character"


@pytest.mark.parametrize(
    ("document", "key"),
    [
        ("{}", ""),
        ('{"a": 1, "b": {"a": 2}, "c": [{"a": 1}, {"a": 1}]}', ""),
        ('{"a": 1, "b": 2, "a": 1}', "a"),
        ('[{"b": {"x": 1, "y": 2, "x": 3}}]', "x"),
        (b'{"\\u0061": 1, "a": 2}', "a"),
    ],
)
def test_the_key_that_stands_twice(document, key):
    assert repeated_key(document) == key


def test_what_is_no_json_is_an_error():
    with pytest.raises(ValueError, match="Expecting"):
        repeated_key("{")
