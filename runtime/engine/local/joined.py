"""Linear layers that are given the same numbers, computed as one product: with few tokens a product takes as long however narrow it is."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn.functional import linear

_TOGETHER = (("q_proj", "k_proj", "v_proj"), ("gate_proj", "up_proj"))


def join(model: nn.Module) -> None:
    """Changes a model of transformers in its place, where it has layers that are called so, in this order and all with the same."""
    for module in list(model.modules()):
        for names in _TOGETHER:
            layers = [getattr(module, name, None) for name in names]
            plain: list[Any] = [layer for layer in layers if type(layer) is nn.Linear]
            if len(plain) == len(names) and len({(layer.in_features, layer.bias is None) for layer in plain}) == 1:
                joined = _Joined(plain)
                for index, name in enumerate(names):
                    setattr(module, name, _Part(joined, index))


class _Joined(nn.Module):
    """Holds what it has found until the last part has taken it."""

    def __init__(self, layers: list[Any]) -> None:
        super().__init__()
        self.sizes = [layer.out_features for layer in layers]
        self.weight = nn.Parameter(torch.cat([layer.weight.detach() for layer in layers]), requires_grad=False)
        biases = [layer.bias.detach() for layer in layers if layer.bias is not None]
        self.bias = nn.Parameter(torch.cat(biases), requires_grad=False) if biases else None
        self.held: Any = None  # what was given, and what was found


class _Part(nn.Module):
    def __init__(self, joined: _Joined, index: int) -> None:
        super().__init__()
        self.joined, self.index = joined, index

    def forward(self, given: torch.Tensor) -> torch.Tensor:
        joined = self.joined
        if self.index == 0:
            found = linear(given.to(joined.weight.dtype), joined.weight, joined.bias)
            joined.held = (given, torch.split(found, joined.sizes, -1))
        if joined.held is None or joined.held[0] is not given:
            raise RuntimeError("this model does not give the same to layers that are called alike")
        part: torch.Tensor = joined.held[1][self.index]
        if self.index == len(joined.sizes) - 1:
            joined.held = None
        return part
