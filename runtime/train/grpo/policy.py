"""The policy: log probabilities of the sampled tokens of rows, as the engine had them.

Only positions that are trained get logits, some at a time: those of all tokens of a long row over a large vocabulary would not fit. The last
layer and all after it are computed in float32, since logits near 20 are told apart by 0.125 in bfloat16.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from clawc.runtime.train.rows import Row

if TYPE_CHECKING:
    from torch import Tensor

_AT_ONCE = 1024  # positions whose logits there are at a time


@dataclass(frozen=True, slots=True)
class RowBatch:
    """Rows side by side, (rows, tokens): `ids` are filled up with 0, which `attention` leaves out, and `mask` with 0. `old` are the captured log
    probabilities, `temperatures` those of the sampling, 1 elsewhere; `advantages` (rows, 1); `fresh` (rows, 1) says whose tokens all come
    from the weights of now."""

    ids: Tensor
    attention: Tensor
    mask: Tensor
    old: Tensor
    temperatures: Tensor
    advantages: Tensor
    fresh: Tensor


def batch_of(rows: Sequence[Row], version: int, device: torch.device | str = "cpu") -> RowBatch:
    """Raises ValueError for a row without log probabilities, or without an advantage."""
    width = max(len(row.input_ids) for row in rows)

    def filled(values: Sequence[Sequence[float]], fill: float, dtype: torch.dtype) -> Tensor:
        return torch.tensor([[*each, *[fill] * (width - len(each))] for each in values], dtype=dtype, device=device)

    for row in rows:
        if row.old_logprobs is None or row.advantage is None:
            raise ValueError(f"a row of {row.episode_id} has no log probabilities, or no advantage")
    return RowBatch(
        ids=filled([row.input_ids for row in rows], 0, torch.long),
        attention=filled([[1] * len(row.input_ids) for row in rows], 0, torch.long),
        mask=filled([row.loss_mask for row in rows], 0, torch.float32),
        old=filled([row.old_logprobs or () for row in rows], 0.0, torch.float32),
        temperatures=filled([_temperatures(row) for row in rows], 1.0, torch.float32),
        advantages=torch.tensor([[row.advantage] for row in rows], dtype=torch.float32, device=device),
        fresh=torch.tensor([[row.versions == (version, version)] for row in rows], dtype=torch.bool, device=device),
    )


def passes(rows: Sequence[Row], tokens: int) -> Iterator[list[Row]]:
    """The rows in passes of like length, each of at most so many tokens with what fills it up, or of one row."""
    some: list[Row] = []
    for row in sorted(rows, key=lambda row: (len(row.input_ids), row.episode_id, row.row_index)):
        if some and len(row.input_ids) * (len(some) + 1) > tokens:
            yield some
            some = []
        some.append(row)
    if some:
        yield some


class TokenLogprobs(nn.Module):
    """A model with what is asked of it: wrapped in this, accelerate's wrappers see a `forward`."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model
        self.layers = frozenset[str](getattr(model, "_no_split_modules", None) or ())  # the classes of its layers

    def forward(
        self, batch_ids: Tensor, attention: Tensor, mask: Tensor, temperatures: Tensor, entropies: bool = False
    ) -> tuple[Tensor, Tensor]:
        """Log probabilities of the trained tokens, (rows, tokens) with 0 elsewhere, and the entropies of what they were drawn from."""
        causal = self.model.get_base_model() if hasattr(self.model, "get_base_model") else self.model
        hidden = causal.model(input_ids=batch_ids, attention_mask=attention).last_hidden_state
        rows, columns = mask[:, 1:].nonzero(as_tuple=True)
        chosen, targets, temperature = (
            hidden[rows, columns],
            batch_ids[rows, columns + 1],
            temperatures[rows, columns + 1],
        )
        weight = causal.get_output_embeddings().weight
        again: Any = import_module("torch.utils.checkpoint").checkpoint
        parts: list[tuple[Tensor, Tensor]] = []
        for start in range(0, len(targets), _AT_ONCE):
            some = slice(start, start + _AT_ONCE)
            parts.append(
                again(
                    _of_positions,
                    chosen[some],
                    targets[some],
                    temperature[some],
                    weight,
                    entropies,
                    use_reentrant=False,
                )
            )
        zeros = torch.zeros_like(mask)
        index = (rows, columns + 1)
        logprobs = zeros.index_put(index, torch.cat([part[0] for part in parts])) if parts else zeros
        entropy = zeros.index_put(index, torch.cat([part[1] for part in parts])) if parts else zeros
        return logprobs, entropy


def _of_positions(
    hidden: Tensor, targets: Tensor, temperature: Tensor, weight: Tensor, entropies: bool
) -> tuple[Tensor, Tensor]:
    with torch.autocast(hidden.device.type, enabled=False):
        logits = nn.functional.linear(hidden.float(), weight.float()) / temperature[:, None]
        every = logits.log_softmax(-1)
        entropy = -(every.exp() * every).sum(-1) if entropies else torch.zeros_like(temperature)
        return every.gather(-1, targets[:, None]).squeeze(-1), entropy


def _temperatures(row: Row) -> list[float]:
    found = [1.0] * len(row.input_ids)
    for span in row.spans:
        if span.temperature:
            found[span.start : span.end] = [span.temperature] * (span.end - span.start)
    return found
