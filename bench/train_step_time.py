"""Where a step of the local engine goes on a card, without its processes: what the device takes when it is replayed, what it and the host take
together, and which kernels it is."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any, Literal

from bench.train_card import wait
from clawc.runtime.engine.local.network import Network, Row
from clawc.runtime.engine.local.wire import Setup

_POSITION = 200  # tokens that each call has


def step_times(
    folder: Path, device: Literal["cpu", "cuda"], dtype: Literal["float32", "bfloat16"], sizes: Sequence[int], context: int
) -> dict[str, Any]:  # fmt: skip
    """Milliseconds of a step by calls, captured where it can be."""
    begun = time.perf_counter()
    network = Network(Setup(str(folder), "", device, dtype, 1, (), 0, context, graphs=True))
    found: dict[str, Any] = {"ready_s": round(time.perf_counter() - begun, 1), "captured": network.captured, "fused_layers": network.fuses, "steps_at_once": network.turns}  # fmt: skip
    for size in sizes:
        rows = [
            Row(5 + at, _POSITION, at * 2 * _POSITION, 2 * _POSITION, 1.0, [0.5] * network.turns) for at in range(size)
        ]
        found[str(size)] = _times(network, rows)
        if device == "cuda" and size == 64:
            found["kernels_us_64"] = _kernels(network, rows)
    return found


def _times(network: Network, rows: Sequence[Row]) -> dict[str, float]:
    begun = time.perf_counter()
    network.begin(rows).drawn()  # captures
    first = time.perf_counter() - begun
    given: list[float] = []
    whole: list[float] = []
    for _ in range(10):
        wait(network.device)
        begun = time.perf_counter()
        step = network.begin(rows)
        given.append(time.perf_counter() - begun)
        step.drawn()
        whole.append(time.perf_counter() - begun)
    turns = network.turns
    return {
        "first_s": round(first, 2), "step_ms": round(1e3 * median(whole) / turns, 4), "host_ms": round(1e3 * median(given) / turns, 4),
    }  # fmt: skip


def _kernels(network: Network, rows: Sequence[Row]) -> dict[str, Any]:
    """Microseconds of a step by kernel, those that take most."""
    from torch.profiler import ProfilerActivity, profile

    with profile(activities=[ProfilerActivity.CUDA]) as profiled:
        network.begin(rows).drawn()
    took: dict[str, list[float]] = defaultdict(list)
    events: Any = profiled.events()
    for event in events or ():
        if str(event.device_type).endswith("CUDA"):
            took[event.name[:80]].append(float(event.device_time))
    turns = network.turns
    most = sorted(took.items(), key=lambda each: -sum(each[1]))[:25]
    return {
        "all": round(sum(map(sum, took.values())) / turns, 1), "launches": round(sum(map(len, took.values())) / turns, 1),
        **{name: [round(sum(each) / turns, 1), round(len(each) / turns, 1)] for name, each in most},
    }  # fmt: skip
