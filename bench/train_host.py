"""What the local engine's own process does on the host for a token: calls at once over a device that takes no time."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import torch

from clawc.runtime.engine.local import batches
from clawc.runtime.engine.local.wire import Setup

_CELLS = 1 << 19
_TURNS = 8


@dataclass(frozen=True, slots=True)
class _Step:
    rows: int

    def drawn(self) -> tuple[list[list[int]], list[list[float]]]:
        return [[500] * self.rows for _ in range(_TURNS)], [[-1.0] * self.rows for _ in range(_TURNS)]


class _Nothing:
    """In place of the model."""

    def __init__(self, setup: Setup, turns: int) -> None:
        self.device, self.dtype, self.model = torch.device("cpu"), torch.bfloat16, None
        self.captured, self.cells, self.turns = False, _CELLS, _TURNS

    def compute(self, parts: Sequence[Any], draws: Sequence[Any]) -> tuple[list[int], list[float]]:
        return [500] * len(draws), [-1.0] * len(draws)

    def begin(self, rows: Sequence[Any]) -> _Step:
        return _Step(len(rows))

    def copy(self, copies: Sequence[Any]) -> None:
        pass


def host_times(folder: Path, asked: Sequence[list[int]], sizes: Sequence[int], most: int) -> dict[str, float]:
    """Microseconds of a token by calls at once, when they are asked for the second time."""
    with patch.object(batches, "Network", _Nothing):
        running = batches.Batches(Setup(str(folder), "", "cpu", "bfloat16", 1, (), 0, 8192))
    found: dict[str, float] = {}
    for size in sizes:
        for turn in range(2):
            begun = time.perf_counter()
            waiting = threading.Thread(target=_wait, args=(running, size))
            waiting.start()
            for number in range(size):
                running.add(f"{size} {turn} {number}", asked[number], most, 1.0, number)
            waiting.join()
            found[str(size)] = round(1e6 * (time.perf_counter() - begun) / size / most, 2)
    running.stop()
    return found


def _wait(running: batches.Batches, calls: int) -> None:
    for outputs in running.outputs():
        calls -= sum(output.finish is not None for output in outputs)
        if not calls:
            return
