"""An encoder without weights: the first four letters are axes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from clawc.runtime.synth.semantic import DIMENSIONS, Encoder


class Tokens:
    def __init__(self, ids: list[int]) -> None:
        self.ids = ids


class ByLetters:
    """A tokenizer of which each small letter is a token."""

    def encode_batch(self, input: Sequence[str], *, add_special_tokens: bool) -> list[Tokens]:
        assert not add_special_tokens
        return [Tokens([ord(letter) - ord("a") for letter in text if "a" <= letter <= "z"]) for text in input]

    def no_truncation(self) -> None: ...
    def no_padding(self) -> None: ...


def letters() -> Encoder:
    """Axes for the first four letters."""
    weights = np.zeros((26, DIMENSIONS), np.float32)
    weights[range(4), range(4)] = 1
    return Encoder(weights, ByLetters(), np.zeros(DIMENSIONS, np.float32))
