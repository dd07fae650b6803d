"""The policy: log probabilities of the sampled tokens of rows, as the engine had them.

The episodes of a group begin with the same tokens, as many as a prompt has: a pass over rows that do computes these once, and its gradient is
that of the rows one by one (`tests/train/grpo/test_shared.py`).

Only positions that are trained get logits, some at a time: those of all tokens of a long row over a large vocabulary would not fit. The last
layer and all after it are computed in float32, since logits near 20 are told apart by 0.125 in bfloat16.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from clawc.runtime.train.grpo.passes import shared_prefix
from clawc.runtime.train.rows import Row

if TYPE_CHECKING:
    from torch import Tensor

_AT_ONCE = 1024  # positions whose logits there are at a time


@dataclass(frozen=True, slots=True)
class RowBatch:
    """Rows side by side, (rows, tokens): `ids` are filled up with 0, which `attention` leaves out, and `mask` with 0. `old` are the captured log
    probabilities, `temperatures` those of the sampling, 1 elsewhere; `advantages` (rows, 1); `fresh` (rows, 1) says whose tokens all come
    from the weights of now. The first `shared` tokens are the same in all rows, and none of them is trained."""

    ids: Tensor
    attention: Tensor
    mask: Tensor
    old: Tensor
    temperatures: Tensor
    advantages: Tensor
    fresh: Tensor
    shared: int = 0


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
        shared=shared_prefix(rows),
    )


class TokenLogprobs(nn.Module):
    """A model with what is asked of it: wrapped in this, accelerate's wrappers see a `forward`."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model
        self.layers = frozenset[str](getattr(model, "_no_split_modules", None) or ())  # the classes of its layers

    def forward(
        self, batch_ids: Tensor, attention: Tensor, mask: Tensor, temperatures: Tensor, entropies: bool = False, shared: int = 0
    ) -> tuple[Tensor, Tensor]:  # fmt: skip
        """Log probabilities of the trained tokens, (rows, tokens) with 0 elsewhere, and the entropies of what they were drawn from. The
        first `shared` tokens, of which none is trained, are computed for the first row alone."""
        causal = self.model.get_base_model() if hasattr(self.model, "get_base_model") else self.model
        hidden, skipped = _hidden(causal.model, batch_ids, attention, shared)
        rows, columns = mask[:, 1:].nonzero(as_tuple=True)
        chosen, targets, temperature = (
            hidden[rows, columns - skipped],
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


def _hidden(model: Any, ids: Tensor, attention: Tensor, shared: int) -> tuple[Tensor, int]:
    """Last hidden states, (rows, tokens, width), and the number of leading tokens that they are left out of."""
    kinds = getattr(model.config, "layer_types", None) or ()
    if shared == 0 or any(
        kind != "full_attention" for kind in kinds
    ):  # other layers keep something else than keys and values
        return model(input_ids=ids, attention_mask=attention).last_hidden_state, 0
    cache: Any = import_module("transformers").DynamicCache()
    first: Tensor = model(input_ids=ids[:1, :shared], past_key_values=cache, use_cache=True).last_hidden_state
    cache.batch_repeat_interleave(len(ids))
    rest: Tensor = model(
        input_ids=ids[:, shared:], attention_mask=attention, past_key_values=cache, use_cache=True
    ).last_hidden_state
    return torch.cat([first[:, -1:].expand(len(ids), 1, -1), rest], 1), shared - 1


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
