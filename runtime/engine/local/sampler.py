"""How the next tokens are drawn, in the process of a model.

A token is drawn from the whole distribution at its temperature, or from what is allowed of it, by one number, which follows from the
call's key and the token's position alone: not from what else is in the batch. The log probability is that of the same distribution.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

import torch

_BITS = 53  # what a double holds exactly
_PIECE = 256  # tokens whose probabilities are summed first


class Draw(NamedTuple):
    """`position` is the number of tokens before the one that is drawn. At temperature 0 it is the likeliest. Only tokens that are `allowed`
    (bool, vocabulary) are drawn, if that is given; one at least is."""

    temperature: float
    key: str
    position: int
    allowed: torch.Tensor | None = None


def draw(scores: torch.Tensor, draws: Sequence[Draw]) -> tuple[torch.Tensor, torch.Tensor]:
    """Tokens (int64) and their log probabilities (float32), one for each row of `scores` (float32, rows x vocabulary).
    Raises ArithmeticError if a row has no distribution."""
    scores = _masked(scores, draws)
    places = Places(len(draws), scores.device)
    places.fill(draws)
    tokens, logprobs = places.draw(scores)
    places.check()
    return tokens, logprobs


def _masked(scores: torch.Tensor, draws: Sequence[Draw]) -> torch.Tensor:
    """The scores, those of tokens that are not allowed in a row at minus infinity."""
    held = [(row, one.allowed) for row, one in enumerate(draws) if one.allowed is not None]
    if not held:
        return scores
    scores = scores.clone()
    rows = torch.tensor([row for row, _ in held], device=scores.device)
    allowed = torch.stack([each for _, each in held]).to(scores.device)
    scores[rows] = scores[rows].masked_fill(~allowed, float("-inf"))
    return scores


class Places:
    """What the rows of a batch are drawn with, on the device, where it stays: a step that is captured once, and then replayed, reads it
    there anew each time. There are numbers for `turns` steps one after the other."""

    def __init__(self, rows: int, device: torch.device, turns: int = 1) -> None:
        self._heat = torch.ones(rows, 1, device=device)
        self._greedy = torch.ones(rows, dtype=torch.bool, device=device)
        self._below = torch.zeros(turns, rows, dtype=torch.float64, device=device)
        self._used = torch.zeros(rows, dtype=torch.bool, device=device)
        self._sound = torch.ones((), dtype=torch.bool, device=device)

    def fill(self, draws: Sequence[Draw]) -> None:
        """Row by row, for one turn; those beyond are drawn for nobody."""
        self.fill_turns([one.temperature for one in draws], [[uniform(one.key, one.position)] for one in draws])

    def fill_turns(self, temperatures: Sequence[float], below: Sequence[Sequence[float]]) -> None:
        """A row each; `below` has a number for each of its turns."""
        count = len(temperatures)
        self._heat[:count, 0].copy_(torch.tensor([each or 1.0 for each in temperatures]))
        self._greedy[:count].copy_(torch.tensor([each == 0 for each in temperatures], dtype=torch.bool))
        self._below[:, :count].copy_(torch.tensor(below, dtype=torch.float64).T)
        self._used.fill_(False)
        self._used[:count].fill_(True)
        self._sound.fill_(True)

    def draw(self, scores: torch.Tensor, turn: torch.Tensor | None = None) -> tuple[torch.Tensor, torch.Tensor]:
        """Tokens and their log probabilities, a row each; nothing waits for the device. `turn` (1, int64) is the first unless given."""
        rows = len(scores)
        heat, greedy = self._heat[:rows], self._greedy[:rows]
        below = self._below[0] if turn is None else self._below.index_select(0, turn)[0]
        logprobs = torch.log_softmax(scores / heat, dim=-1)
        tokens = torch.where(greedy, scores.argmax(dim=-1), _found(logprobs, below[:rows]))
        chosen = logprobs.gather(1, tokens.unsqueeze(1)).squeeze(1)
        chosen = torch.where(greedy & chosen.isfinite(), torch.zeros_like(chosen), chosen)
        self._sound.logical_and_((chosen.isfinite() | ~self._used[:rows]).all())
        return tokens, chosen

    def check(self) -> None:
        """Waits for what was drawn since the last `fill`. Raises ArithmeticError if a row had no distribution."""
        if not bool(self._sound):
            raise ArithmeticError("the model gives scores that are no numbers")


def _found(logprobs: torch.Tensor, below: torch.Tensor) -> torch.Tensor:
    """Of each row the token at which the sum of probabilities, in double precision, first exceeds its part `below` of the whole. Sums of
    pieces come first: a row is too long for one thread to go along."""
    rows, vocabulary = logprobs.shape
    likely = logprobs.exp()
    if vocabulary % _PIECE:
        likely = torch.nn.functional.pad(likely, (0, -vocabulary % _PIECE))
    likely = likely.view(rows, -1, _PIECE)
    sums = likely.sum(dim=-1, dtype=torch.float64)
    pieces = sums.cumsum(dim=-1)
    sought = (below * pieces[:, -1]).unsqueeze(1)
    piece = torch.searchsorted(pieces, sought, right=True).clamp(max=pieces.shape[1] - 1)
    before = pieces.gather(1, piece) - sums.gather(1, piece)
    steps = likely.gather(1, piece.unsqueeze(2).expand(-1, -1, _PIECE)).squeeze(1).double().cumsum(dim=-1)
    found = torch.searchsorted(steps, sought - before, right=True).clamp(max=_PIECE - 1)
    return (piece * _PIECE + found).squeeze(1).clamp(max=vocabulary - 1)


def uniform(key: str, position: int) -> float:
    """A number from 0 up to 1."""
    digest = hashlib.blake2b(f"{key} {position}".encode(), digest_size=8).digest()
    return (int.from_bytes(digest, "big") >> (64 - _BITS)) / (1 << _BITS)
