"""Refuse prompts that a pipeline's tokenizer would cut off."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pytest_sdperf.errors import CaseError

_SHOWN = 60
"""Characters of a prompt that a message quotes; the text that is cut off is quoted whole."""


def check_prompt_length(pipeline: Any, prompts: Iterable[str]) -> None:
    """Raise CaseError for the first prompt with more tokens than ``pipeline.tokenizer`` takes.

    diffusers only logs a warning, and draws and times a picture of the first part. A pipeline that
    has no `tokenizer` with a `model_max_length`, as transformers' have, is not checked: one that
    reads long prompts piece by piece shows none.
    """
    tokenizer = getattr(pipeline, "tokenizer", None)
    # Where nobody set a limit, transformers says 1e30, which no prompt reaches.
    limit = getattr(tokenizer, "model_max_length", None)
    if not callable(tokenizer) or not isinstance(limit, (int, float)):
        return
    for prompt in prompts:
        tokens = list(tokenizer(prompt).input_ids)
        if len(tokens) <= limit:
            continue
        most = int(limit)
        excess = len(tokens) - most
        # As diffusers cuts: the tokens in front stay, and the last of them makes room for the end token.
        lost = tokenizer.decode(tokens[most - 1 : -1]).strip()
        raise CaseError(
            f"prompt {_shortened(prompt)!r} has {len(tokens)} tokens with start and end, "
            f"{type(tokenizer).__name__} takes {most}: {lost!r} would be cut off and not drawn",
            where="prompt",
            cure=f"Shorten the prompt by {excess} {'token' if excess == 1 else 'tokens'} or more.",
        )


def _shortened(prompt: str) -> str:
    return prompt if len(prompt) <= _SHOWN else f"{prompt[: _SHOWN - 1].rstrip()}…"
