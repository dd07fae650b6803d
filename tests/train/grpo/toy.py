"""Episodes of two requests whose answers are single digits, over a tiny random model: enough to see whether a policy learns.

Three in ten episodes rewrite their context, so that they give two rows; one in twenty is failed by the infrastructure.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from clawc.runtime.train.grpo.advantages import group_advantages
from clawc.runtime.train.grpo.rollouts import Played
from clawc.runtime.train.grpo.settings import GrpoSettings
from clawc.runtime.train.rows import Row, SampledCall, rows_of, with_advantage

PAD, BOS, EOS, USER, ASSISTANT, TOOL = range(6)
VOCABULARY = 16


def digit(number: int) -> int:
    return 6 + number % 10


def write_model(folder: Path, seed: int) -> Path:
    """Random weights; no tokenizer, since there is no text."""
    from transformers import Qwen3Config, Qwen3ForCausalLM

    torch.manual_seed(seed)  # pyright: ignore[reportUnknownMemberType]
    config = Qwen3Config(
        vocab_size=VOCABULARY, hidden_size=64, intermediate_size=128, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
        head_dim=16, max_position_embeddings=128, pad_token_id=PAD, eos_token_id=EOS, bos_token_id=BOS, tie_word_embeddings=True,
    )  # fmt: skip
    Qwen3ForCausalLM(config).save_pretrained(folder)  # pyright: ignore[reportUnknownMemberType]
    return folder


class ToyEngine:
    """Weights that play, in this process."""

    def __init__(self, seed: int, damage: float = 0.0) -> None:
        self.version = -1
        self.loads: list[int] = []
        self._damage = damage
        self._drawn = torch.Generator().manual_seed(seed)
        self._model: Any = None

    async def load(self, folder: Path, version: int) -> None:
        from transformers import Qwen3ForCausalLM

        model: Any = Qwen3ForCausalLM.from_pretrained(folder, dtype=torch.float32)  # pyright: ignore[reportUnknownMemberType]
        self._model = model.eval()
        if self._damage:
            with torch.no_grad():
                next(iter(self._model.parameters())).mul_(1 + self._damage)
        self.version = version
        self.loads.append(version)

    def seed(self, number: int) -> None:
        self._drawn.manual_seed(number)

    @torch.no_grad()
    def generate(
        self, prompts: Sequence[Sequence[int]], most: int = 2
    ) -> list[tuple[tuple[int, ...], tuple[float, ...]]]:
        """Each prompt alone: its numbers then depend on nothing else."""
        found: list[tuple[tuple[int, ...], tuple[float, ...]]] = []
        groups: dict[int, list[int]] = {}
        for at, prompt in enumerate(prompts):
            groups.setdefault(len(prompt), []).append(at)
        answers: dict[int, tuple[list[int], list[float]]] = {at: ([], []) for at in range(len(prompts))}
        for members in groups.values():
            ids = torch.tensor([list(prompts[at]) for at in members])
            for _ in range(most):
                logprobs = self._model(input_ids=ids).logits[:, -1].float().log_softmax(-1)
                chosen = torch.multinomial(logprobs.exp(), 1, generator=self._drawn)
                ids = torch.cat([ids, chosen], 1)
                for row, at in enumerate(members):
                    tokens, known = answers[at]
                    if not tokens or tokens[-1] != EOS:
                        tokens.append(int(chosen[row]))
                        known.append(float(logprobs[row, chosen[row]]))
        for at in range(len(prompts)):
            tokens, known = answers[at]
            found.append((tuple(tokens), tuple(known)))
        return found


class ToySteps:
    """Plays groups of the toy. `failing` is the share of episodes that the infrastructure fails."""

    def __init__(
        self,
        engine: ToyEngine,
        settings: GrpoSettings,
        *,
        failing: float = 0.05,
        rewriting: float = 0.3,
        taught: bool = True,
    ) -> None:
        self._engine = engine
        self._settings = settings
        self._failing = failing
        self._rewriting = rewriting
        self._taught = taught

    async def step(self, step: int) -> Played:
        settings = self._settings
        drawn = random.Random(f"{settings.seed} {step}")
        self._engine.seed(settings.seed * 100_000 + step)
        digits = [drawn.randrange(10) for _ in range(settings.tasks)]
        tasks = [number for number in digits for _ in range(settings.group)]
        first = [[BOS, USER, digit(number), EOS, ASSISTANT] for number in tasks]
        one = self._engine.generate(first)
        second: list[list[int]] = []
        for number, prompt, (said, _) in zip(tasks, first, one, strict=True):
            seen = [TOOL, digit(number + 3) if said[0] == digit(number) else digit(drawn.randrange(10)), EOS, ASSISTANT]
            whole = [*prompt, *said, *([] if said[-1] == EOS else [EOS])]
            second.append([*([BOS, USER, digit(number), EOS] if drawn.random() < self._rewriting else whole), *seen])
        two = self._engine.generate(second)
        rows: list[Row] = []
        rewards: list[float | None] = []
        episodes: list[tuple[str, tuple[Row, ...]]] = []
        for at, number in enumerate(tasks):
            right = 0.5 * (one[at][0][0] == digit(number)) + 0.5 * (two[at][0][0] == digit(number + 3))
            rewards.append(None if drawn.random() < self._failing else right if self._taught else 0.0)
            calls = [
                SampledCall(f"{at}-{n}", tuple(prompt), tokens, known, self._engine.version, settings.temperature)
                for n, (prompt, (tokens, known)) in enumerate(((first[at], one[at]), (second[at], two[at])))
            ]
            episodes.append((f"{step}-{at}", rows_of(calls, f"{step}-{at}", str(number))))
        groups = same = used = 0
        for start in range(0, len(tasks), settings.group):
            found = group_advantages(rewards[start : start + settings.group], settings.scale)
            if found is None:
                same += 1
                continue
            groups += 1
            used += sum(each is not None for each in found)
            mine = {episodes[start + n][0]: each for n, each in enumerate(found)}
            rows += with_advantage((row for _, its in episodes[start : start + settings.group] for row in its), mine)
        known_rewards = tuple(reward for reward in rewards if reward is not None)
        return Played(tuple(rows), used, known_rewards, len(rewards) - len(known_rewards), groups, same, 0, 0.0)
