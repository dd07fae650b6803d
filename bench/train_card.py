"""What a card can do: the ceilings that training and sampling are held against, measured where they are."""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median
from typing import Any

import torch


def device_named(name: str) -> torch.device:
    return torch.device("cuda" if name == "auto" and torch.cuda.is_available() else "cpu" if name == "auto" else name)


def wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize()


def seconds(device: torch.device, work: Callable[[], object], times: int) -> float:
    """The median of one turn, after three that are not counted."""
    found: list[float] = []
    for turn in range(times + 3):
        wait(device)
        begun = time.perf_counter()
        work()
        wait(device)
        if turn >= 3:
            found.append(time.perf_counter() - begun)
    return median(found)


def ceilings(device: torch.device) -> dict[str, Any]:
    """Bytes a second of a copy within the memory of the card, read and written bytes counted, and operations a second of a product of
    matrices in bfloat16, on random numbers."""
    cuda = device.type == "cuda"
    return {
        "card": torch.cuda.get_device_name(device) if cuda else "cpu",
        "torch": torch.__version__,
        "copy_bytes_a_second": round(_copied(device, 1 << 30 if cuda else 1 << 23)),
        "matmul_flops_a_second": round(_multiplied(device, 8192 if cuda else 512)),
    }


def _copied(device: torch.device, count: int) -> float:
    source = torch.randn(count, device=device, dtype=torch.bfloat16)
    target = torch.empty_like(source)
    return 2 * 2 * count / seconds(device, lambda: target.copy_(source), 10)


def _multiplied(device: torch.device, side: int) -> float:
    left, right = (torch.randn(side, side, device=device, dtype=torch.bfloat16) for _ in range(2))
    return 2 * side**3 / seconds(device, lambda: left @ right, 10)
