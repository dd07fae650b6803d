"""What clawc and the process of a model say to each other: one JSON object a line, on a pair of sockets.

To the process: `generate` (id, prompt, max_tokens, temperature, seed, and a `constraint` (kind, text) if there is one), `cancel` (id), `load`
(model, adapter). From it: `ready` once weights are loaded, `drawn` (id, ids, logprobs, finish), and `rejected` (id, message). An end of the
stream ends the process.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Literal

from clawc.runtime.engine.interface import Object
from clawc.runtime.engine.local.shapes import as_object

LONGEST = 32 << 20  # bytes of a line
Device = Literal["auto", "cpu", "cuda"]
Dtype = Literal["auto", "float32", "bfloat16"]


@dataclass(frozen=True, slots=True)
class Setup:
    """What a process is started with. `ends` are tokens that end an answer besides those that the model's folder names;
    `cache` tokens, of all calls together, are kept computed; 0 stands for a number of whole contexts of `context` tokens. With `graphs` a step on CUDA is captured once and then replayed."""

    model: str
    adapter: str
    device: Device
    dtype: Dtype
    threads: int
    ends: tuple[int, ...]
    cache: int
    context: int
    graphs: bool = False


def encode(**message: object) -> bytes:
    return json.dumps(message, separators=(",", ":"), allow_nan=False).encode() + b"\n"


def decode(line: bytes) -> Object:
    """Raises ValueError."""
    return as_object(json.loads(line))


def encode_setup(setup: Setup) -> bytes:
    return encode(**asdict(setup))
