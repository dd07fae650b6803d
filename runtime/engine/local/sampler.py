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
    device = scores.device
    heat = torch.tensor([one.temperature or 1.0 for one in draws], device=device).unsqueeze(1)
    greedy = torch.tensor([one.temperature == 0 for one in draws], device=device)
    below = torch.tensor([uniform(one.key, one.position) for one in draws], dtype=torch.float64, device=device)
    logprobs = torch.log_softmax(scores / heat, dim=-1)
    steps = logprobs.double().exp().cumsum(dim=-1)
    found = torch.searchsorted(steps, (below * steps[:, -1]).unsqueeze(1), right=True).squeeze(1)
    tokens = torch.where(greedy, scores.argmax(dim=-1), found.clamp(max=scores.shape[1] - 1))
    chosen = logprobs.gather(1, tokens.unsqueeze(1)).squeeze(1)
    chosen = torch.where(greedy & chosen.isfinite(), torch.zeros_like(chosen), chosen)
    if not bool(chosen.isfinite().all()):
        raise ArithmeticError("the model gives scores that are no numbers")
    return tokens, chosen


def uniform(key: str, position: int) -> float:
    """A number from 0 up to 1."""
    digest = hashlib.blake2b(f"{key} {position}".encode(), digest_size=8).digest()
    return (int.from_bytes(digest, "big") >> (64 - _BITS)) / (1 << _BITS)
