"""What is rounded to bfloat16 in a model whose weights are: the operands of products alone.

So does a trainer that keeps weights in float32 and computes under autocast, which is what log probabilities are held against. The sum that
runs through the layers stays float32, and so do the products of the last layer, where logits near 20 would be told apart by 0.125.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn.functional import linear


def as_trainers(model: Any) -> None:
    """Changes a model of transformers with weights in bfloat16 in its place; one in float32 stays as it is."""
    head = model.get_output_embeddings()
    if head.weight.dtype == torch.float32:
        return
    for module in model.modules():
        if isinstance(module, nn.Linear) and module is not head:
            module.register_forward_pre_hook(_narrowed)
    model.get_input_embeddings().register_forward_hook(_widened)
    model.set_output_embeddings(Head(head))


def _narrowed(module: nn.Module, given: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
    weight = module.weight
    assert isinstance(weight, torch.Tensor)
    return (given[0].to(weight.dtype), *given[1:])


def _widened(module: nn.Module, given: object, found: torch.Tensor) -> torch.Tensor:
    return found.float()


class Head(nn.Module):
    """The last layer, with weights that are not float32, given and giving float32."""

    def __init__(self, head: Any) -> None:
        super().__init__()
        self.weight: nn.Parameter = head.weight
        self.bias: nn.Parameter | None = head.bias
        self._wide = None if head.weight.is_cuda else head.weight.detach().float()  # a processor has no such product

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        bias = None if self.bias is None else self.bias.float()
        if self._wide is not None:
            return linear(hidden.float(), self._wide, bias)
        # Two halves of each number, of 8 bits and the next 8: weights are read once, and sums are float32.
        rows = hidden.flatten(0, -2)
        upper = rows.to(self.weight.dtype)
        lower = (rows - upper.float()).to(self.weight.dtype)
        both: torch.Tensor = torch.mm(torch.cat((upper, lower)), self.weight.t(), out_dtype=torch.float32)
        logits = (both[: len(rows)] + both[len(rows) :]).view(*hidden.shape[:-1], -1)
        return logits if bias is None else logits + bias
