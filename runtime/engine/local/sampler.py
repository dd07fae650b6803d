"""How the next tokens are drawn, in the process of a model.

A token is drawn from the whole distribution at its temperature by one number, which follows from the call's key and the token's
position alone: not from what else is in the batch. The log probability is that of the same distribution.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

import torch

_BITS = 53  # what a double holds exactly


class Draw(NamedTuple):
    """`position` is the number of tokens before the one that is drawn. At temperature 0 it is the likeliest."""

    temperature: float
    key: str
    position: int


def draw(scores: torch.Tensor, draws: Sequence[Draw]) -> tuple[torch.Tensor, torch.Tensor]:
    """Tokens (int64) and their log probabilities (float32), one for each row of `scores` (float32, rows x vocabulary).
    Raises ArithmeticError if a row has no distribution."""
    places = Places(len(draws), scores.device)
    places.fill(draws)
    tokens, logprobs = places.draw(scores)
    places.check()
    return tokens, logprobs


class Places:
    """What the rows of a batch are drawn with, on the device, where it stays: a step that is captured once, and then replayed, reads it
    there anew each time."""

    def __init__(self, rows: int, device: torch.device) -> None:
        self._heat = torch.ones(rows, 1, device=device)
        self._greedy = torch.ones(rows, dtype=torch.bool, device=device)
        self._below = torch.zeros(rows, dtype=torch.float64, device=device)
        self._used = torch.zeros(rows, dtype=torch.bool, device=device)
        self._sound = torch.ones((), dtype=torch.bool, device=device)

    def fill(self, draws: Sequence[Draw]) -> None:
        """Row by row; those beyond are drawn for nobody."""
        count = len(draws)
        self._heat[:count, 0].copy_(torch.tensor([one.temperature or 1.0 for one in draws]))
        self._greedy[:count].copy_(torch.tensor([one.temperature == 0 for one in draws], dtype=torch.bool))
        below = [uniform(one.key, one.position) for one in draws]
        self._below[:count].copy_(torch.tensor(below, dtype=torch.float64))
        self._used.fill_(False)
        self._used[:count].fill_(True)

    def draw(self, scores: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Tokens and their log probabilities, a row each; nothing waits for the device."""
        rows, vocabulary = scores.shape
        heat, greedy, below = self._heat[:rows], self._greedy[:rows], self._below[:rows]
        logprobs = torch.log_softmax(scores / heat, dim=-1)
        steps = logprobs.double().exp().cumsum(dim=-1)
        found = torch.searchsorted(steps, (below * steps[:, -1]).unsqueeze(1), right=True).squeeze(1)
        tokens = torch.where(greedy, scores.argmax(dim=-1), found.clamp(max=vocabulary - 1))
        chosen = logprobs.gather(1, tokens.unsqueeze(1)).squeeze(1)
        chosen = torch.where(greedy & chosen.isfinite(), torch.zeros_like(chosen), chosen)
        self._sound.copy_((chosen.isfinite() | ~self._used[:rows]).all())
        return tokens, chosen

    def check(self) -> None:
        """Waits for what was drawn last. Raises ArithmeticError if a row had no distribution."""
        if not bool(self._sound):
            raise ArithmeticError("the model gives scores that are no numbers")


def uniform(key: str, position: int) -> float:
    """A number from 0 up to 1."""
    digest = hashlib.blake2b(f"{key} {position}".encode(), digest_size=8).digest()
    return (int.from_bytes(digest, "big") >> (64 - _BITS)) / (1 << _BITS)
