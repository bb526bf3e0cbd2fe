"""Read token ids as people would: with the tokenizer of the text encoder that gets them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def read_tokens(pipeline: Any, stage: str, ids: Sequence[int]) -> str:
    """The words in ``ids``; empty where no tokenizer goes with ``stage``, or it cannot read them.

    Of ``text_encoder_2`` that is ``tokenizer_2``. Padding and the tokens of start and end are left out.
    """
    tokenizer = getattr(pipeline, stage.replace("text_encoder", "tokenizer"), None)
    decode = getattr(tokenizer, "decode", None)
    if not callable(decode):
        return ""
    try:
        return str(decode([*ids], skip_special_tokens=True)).strip()
    except Exception:  # noqa: BLE001 -- of any library; the position is said in any case
        return ""
