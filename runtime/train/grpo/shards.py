"""Weights, and what the optimizer keeps, of a module that is split among processes by FSDP: made whole for files, and split again.

All processes call these together. The whole is there in the first process alone, in its memory and not on its device; elsewhere what
comes is empty. What is whole is as if nothing had been split: names of the module, and the optimizer's state by the order of its parameters.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

import torch
from torch.distributed import fsdp
from torch.distributed.checkpoint.state_dict import (
    StateDictOptions,
    get_model_state_dict,
    get_optimizer_state_dict,
    set_model_state_dict,
    set_optimizer_state_dict,
)
from torch.distributed.device_mesh import init_device_mesh

from clawc.runtime.train.grpo.policy import TokenLogprobs
from clawc.runtime.train.trainer import processes, rank

if TYPE_CHECKING:
    from torch import Tensor, nn


def split(module: TokenLogprobs, device: torch.device, *, rounded: bool) -> None:
    """Splits the module among all processes, layer by layer. `rounded`: layers compute in bfloat16; weights, what goes in, and gradients where
    they are added up stay as they are."""
    to: Any = fsdp.MixedPrecisionPolicy(
        param_dtype=torch.bfloat16 if rounded else None, reduce_dtype=torch.float32, cast_forward_inputs=False
    )
    mesh = init_device_mesh(device.type, (processes(),))
    module.to(device)
    for each in list(module.modules()):
        if type(each).__name__ in module.layers:
            fsdp.fully_shard(each, mesh=mesh, mp_policy=to)
    # Embeddings and the last layer, which may be one, are used all through a pass.
    fsdp.fully_shard(module, mesh=mesh, mp_policy=to, reshard_after_forward=False)


def whole_weights(module: nn.Module, *, trained: bool) -> dict[str, Tensor]:
    """By name; of parameters that are shared the first name alone. With `trained` only those that are."""
    options = StateDictOptions(full_state_dict=True, cpu_offload=True, ignore_frozen_params=trained)
    found = cast("dict[str, Tensor]", get_model_state_dict(module, options=options))
    again = {name for name, _ in module.named_parameters(remove_duplicate=False)} - set(_names(module, trained=False))
    return {name: each for name, each in found.items() if name not in again}


def take_weights(module: nn.Module, weights: Mapping[str, Tensor]) -> None:
    """Gives the module weights of `whole_weights`; those that are missing stay as they are."""
    options = StateDictOptions(full_state_dict=True, broadcast_from_rank0=True, strict=False)
    set_model_state_dict(module, dict(weights), options=options)


def whole_optimizer(module: nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, Any]:
    """As `state_dict` of an optimizer of the trained parameters."""
    options = StateDictOptions(full_state_dict=True, cpu_offload=True)
    found: dict[str, Any] = get_optimizer_state_dict(module, optimizer, options=options)
    if rank() != 0:
        return {}
    number = {name: at for at, name in enumerate(_names(module, trained=True))}
    groups: list[dict[str, Any]] = [
        {**group, "params": [number[name] for name in group["params"]]} for group in found["param_groups"]
    ]
    return {"state": {number[name]: each for name, each in found["state"].items()}, "param_groups": groups}


def take_optimizer(module: nn.Module, optimizer: torch.optim.Optimizer, state: Mapping[str, Any]) -> None:
    """Gives the optimizer a state of `whole_optimizer`."""
    named: dict[str, Any] = {}
    if rank() == 0:
        names = _names(module, trained=True)
        groups: list[dict[str, Any]] = [
            {**group, "params": [names[at] for at in group["params"]]} for group in state["param_groups"]
        ]
        named = {"state": {names[at]: each for at, each in state["state"].items()}, "param_groups": groups}
    options = StateDictOptions(full_state_dict=True, broadcast_from_rank0=True)
    set_optimizer_state_dict(module, optimizer, named, options=options)


def _names(module: nn.Module, *, trained: bool) -> list[str]:
    return [name for name, each in module.named_parameters() if each.requires_grad or not trained]
