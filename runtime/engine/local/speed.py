"""How fast a model answers here, for `python -m clawc.runtime.engine.local.speed [FOLDER] [--device D] [--dtype T]`: tokens a
second with several calls at once, and what the process of the model takes. Without a folder it is SmolLM2-135M-Instruct."""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from pathlib import Path

from clawc.runtime.engine.interface import ChatRequest, Sampling
from clawc.runtime.engine.local.build import local_engine
from clawc.runtime.engine.local.chat import ChatOverTokens
from clawc.runtime.engine.local.smollm2 import smollm2
from clawc.runtime.engine.local.transformers_engine import TransformersEngine
from clawc.runtime.errors import RuntimeFault

_AT_ONCE = (1, 8, 32)
_EACH = 64  # tokens of an answer, at most


async def _measure(engine: ChatOverTokens[TransformersEngine]) -> None:
    tokens = engine.tokens
    begun = time.perf_counter()
    await engine.open()
    print(f"{tokens.name} {dict(tokens.about)}, ready after {time.perf_counter() - begun:.1f} s")
    await _answer(engine, 0)
    for many in _AT_ONCE:
        begun = time.perf_counter()
        drawn = sum(await asyncio.gather(*(_answer(engine, number) for number in range(many))))
        seconds = time.perf_counter() - begun
        print(f"{many:3} at once: {drawn} tokens in {seconds:.1f} s, {drawn / seconds:.0f} a second")
    if tokens.pid is not None and sys.platform == "linux":
        status = Path(f"/proc/{tokens.pid}/status").read_text()
        peak = next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))
        print(f"memory of its process at most: {int(peak) / 1024:.0f} MiB")


async def _answer(engine: ChatOverTokens[TransformersEngine], number: int) -> int:
    """How many tokens were drawn."""
    ask = {"role": "user", "content": f"Tell me a long story about the number {number}."}
    count = 0
    request = ChatRequest((ask,), sampling=Sampling(max_tokens=_EACH, seed=number))
    async for piece in engine.chat(request, _untapped):
        count += len(piece.sampled.output_ids) if piece.sampled else 0
    return count


def _untapped(who: str, kind: str, data: bytes) -> None: ...


async def _run(engine: ChatOverTokens[TransformersEngine]) -> None:
    try:
        await _measure(engine)
    finally:
        await engine.close()


def main() -> None:
    parser = argparse.ArgumentParser(description="How fast a model answers here.")
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--dtype", choices=("auto", "float32", "bfloat16"), default="auto")
    parser.add_argument("--threads", type=int)
    given = parser.parse_args()
    try:
        folder = given.folder or smollm2()
        asyncio.run(_run(local_engine(folder, device=given.device, dtype=given.dtype, threads=given.threads)))
    except RuntimeFault as fault:
        sys.exit(str(fault))


if __name__ == "__main__":
    main()
