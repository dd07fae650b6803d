"""What a training by reinforcement is told."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from clawc.runtime.engine.token_server import served_at
from clawc.runtime.train.grpo.losses import LossSettings
from clawc.runtime.train.settings import Lora


@dataclass(frozen=True, slots=True)
class RewardSettings:
    """The reward of an episode is its score, less what these take. `parse` is taken times the share of its answers that begin a call of a tool
    and are none; `overlong` times how far its longest row is into the last `margin` tokens before `limit` (Yu et al. 2025, "DAPO", equation
    13); 0 takes nothing."""

    parse: float = 0.0
    overlong: float = 0.0
    limit: int = 8192
    margin: int = 1024


@dataclass(frozen=True, slots=True)
class GrpoSettings:
    """A step plays `group` episodes of each of `tasks` tasks, at most `at_once` together, and makes one update of the weights out of them, or
    `updates` of them. A group whose rewards are all the same teaches nothing: other tasks are played instead, up to `refills` times a step;
    after `patience` steps in a row without any that teaches the training ends. `staleness` is how many updates the weights that play may
    be behind those that are trained. `pass_tokens` bounds a pass with what fills up its rows. `gap` is how far log probabilities of engine
    and trainer may be apart with the same weights: the largest difference in float32, the mean of exp of it, less 1, in bfloat16.
    `curriculum` picks tasks by how often they are solved; otherwise all are as likely. `served` is the server that plays, as `served_at` has
    it, instead of a model of this machine; it finds the folder of the training at `served_out`, or at the same place."""

    steps: int = 100
    group: int = 8
    tasks: int = 8
    at_once: int = 16
    refills: int = 2
    patience: int = 5
    updates: int = 1
    staleness: int = 0
    learning_rate: float = 1e-6
    warmup: int = 0
    weight_decay: float = 0.0
    clip: float = 1.0
    temperature: float = 1.0
    max_tokens: int = 1024
    pass_tokens: int = 16_384
    longest: int = 8192
    loss: LossSettings = field(default_factory=LossSettings)
    reward: RewardSettings = field(default_factory=RewardSettings)
    scale: Literal["group", "none"] = "group"
    curriculum: bool = True
    dtype: Literal["float32", "bfloat16"] = "bfloat16"
    lora: Lora | None = None
    seed: int = 0
    device: Literal["auto", "cpu", "cuda"] = "auto"
    gap: float = 0.0
    save_every: int = 10
    keep: int = 2
    eval_every: int = 0
    served: str = ""
    served_out: str = ""

    def __post_init__(self) -> None:
        if (
            min(
                self.steps,
                self.group - 1,
                self.tasks,
                self.at_once,
                self.updates,
                self.pass_tokens,
                self.save_every,
                self.keep,
            )
            < 1
        ):
            raise ValueError(
                "numbers of steps, tasks, episodes and updates are 1 or more, and a group has two episodes or more"
            )
        if self.temperature <= 0:
            raise ValueError("a temperature of 0 draws from no distribution, so nothing can be learned from it")
        if self.staleness < 0 or self.refills < 0:
            raise ValueError("staleness and refills are 0 or more")
        if self.served:
            served_at(self.served)
        if self.served_out and not (self.served and self.served_out.startswith("/")):
            raise ValueError(
                "`served_out` is the path, from the root on, at which the server of `served` finds the training"
            )

    @property
    def largest_gap(self) -> float:
        """`gap`, or what holds for the numbers that are computed with."""
        return self.gap or (1e-3 if self.dtype == "float32" else 0.03)
