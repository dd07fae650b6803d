"""`python -m bench.train_update --json FILE`: an update of reinforcement over groups of episodes, with what they share computed once, beside the same
rows in passes that are filled up. Prompts, answers and episodes of a group are as many as said; by turns, and medians count.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.machine import machine
from clawc.runtime.train.rows import Row, SampledCall, rows_of


def groups(count: int, group: int, prompt: int, answer: int, vocabulary: int) -> list[Row]:
    """Episodes of two calls, of which the second goes on with the first."""
    drawn = random.Random(0)
    rows: list[Row] = []
    for task in range(count):
        begin = tuple(drawn.randrange(vocabulary) for _ in range(prompt))
        for number in range(group):
            said = [tuple(drawn.randrange(vocabulary) for _ in range(answer // 2)) for _ in range(2)]
            seen = tuple(drawn.randrange(vocabulary) for _ in range(answer // 4))
            calls = [
                SampledCall("1", begin, said[0], tuple(-1.0 for _ in said[0]), 0, 1.0),
                SampledCall("2", (*begin, *said[0], *seen), said[1], tuple(-1.0 for _ in said[1]), 0, 1.0),
            ]
            name = f"{task}-{number}"
            rows += [replace(row, advantage=drawn.uniform(-1, 1)) for row in rows_of(calls, name, str(task))]
    return rows


def update(policy: Any, batches: Sequence[Sequence[Row]], share: bool, device: str) -> tuple[float, float]:
    """Seconds of forward and backward passes, and the norm of the gradient."""
    import torch

    from clawc.runtime.train.grpo.losses import LossSettings, Norms, Passed, policy_loss
    from clawc.runtime.train.grpo.policy import batch_of

    every = [row for rows in batches for row in rows]
    norms = Norms(sum(row.trained for row in every), len(every), len(every))
    policy.zero_grad()
    begun = time.perf_counter()
    for rows in batches:
        batch = batch_of(rows, 0, device)
        with torch.autocast(device, dtype=torch.bfloat16):
            logprobs, _ = policy(
                batch.ids, batch.attention, batch.mask, batch.temperatures, False, batch.shared if share else 0
            )
        # What was sampled is what the policy says now, so that the ratio is 1 and not clipped.
        passed = Passed(logprobs, logprobs.detach(), batch.mask, batch.advantages)
        loss: Any = policy_loss(passed, norms, LossSettings())
        loss.backward()
    if device == "cuda":
        torch.cuda.synchronize()
    seconds = time.perf_counter() - begun
    norm = torch.nn.utils.get_total_norm([each.grad for each in policy.parameters() if each.grad is not None])
    return seconds, float(norm)


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.train_update")
    parser.add_argument("--json", type=Path, required=True)
    parser.add_argument("--model", type=Path, help="SmolLM2-135M-Instruct unless given")
    parser.add_argument("--groups", type=int, default=1)
    parser.add_argument("--group", type=int, default=8)
    parser.add_argument("--prompt", type=int, default=380)
    parser.add_argument("--answer", type=int, default=150, help="tokens that are trained, of an episode")
    parser.add_argument("--pass-tokens", type=int, default=4096)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    given = parser.parse_args(arguments)
    from transformers import AutoModelForCausalLM

    from clawc.runtime.engine.local.smollm2 import smollm2
    from clawc.runtime.train.grpo.passes import by_length, passes
    from clawc.runtime.train.grpo.policy import TokenLogprobs

    model: Any = AutoModelForCausalLM.from_pretrained(str(given.model or smollm2()))  # pyright: ignore[reportUnknownMemberType]
    model.config.use_cache = False
    policy: Any = TokenLogprobs(model.float().train().to(given.device))
    rows = groups(given.groups, given.group, given.prompt, given.answer, min(40_000, model.config.vocab_size))
    ways: dict[str, Callable[[], tuple[float, float]]] = {
        "shared": lambda: update(policy, list(passes(rows, given.pass_tokens)), True, given.device),
        "filled_up": lambda: update(policy, list(by_length(rows, given.pass_tokens)), False, given.device),
    }
    taken: dict[str, list[float]] = {name: [] for name in ways}
    norms: dict[str, float] = {}
    for _ in range(1 + given.rounds):
        for name, way in ways.items():
            seconds, norms[name] = way()
            taken[name].append(seconds)
    medians = {name: statistics.median(each[1:]) for name, each in taken.items()}
    tokens = sum(len(row.input_ids) for row in rows)
    result = {
        "format_version": 1, "name": "train_update", "machine": machine(), "device": given.device, "rows": len(rows), "tokens": tokens,
        "trained_tokens": sum(row.trained for row in rows), "group": given.group, "prompt": given.prompt,
        "seconds": {name: round(each, 3) for name, each in medians.items()},
        "tokens_per_s": {name: round(tokens / each, 1) for name, each in medians.items()},
        "gradient_norms": {name: round(each, 6) for name, each in norms.items()},
        "ratio": round(medians["filled_up"] / medians["shared"], 3),
    }  # fmt: skip
    given.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps({name: result[name] for name in ("seconds", "tokens_per_s", "gradient_norms", "ratio")}))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
