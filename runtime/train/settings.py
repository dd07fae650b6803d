"""What a supervised fine-tuning is told."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from pydantic import JsonValue, TypeAdapter

_LINEAR = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
# What may differ when a training is gone on with: where it ends, what it leaves behind, and how a step's rows are shared out.
FREE = frozenset(
    {"epochs", "steps", "eval_every", "save_every", "keep", "report_every", "at_once", "device", "compiled", "recompute", "trackers"}
)  # fmt: skip
Tracker = Literal["tensorboard", "wandb"]


@dataclass(frozen=True, slots=True)
class Lora:
    """An adapter of this rank on the linear layers; nothing else is trained."""

    rank: int = 16
    alpha: int = 32
    dropout: float = 0.0
    layers: tuple[str, ...] = _LINEAR


@dataclass(frozen=True, slots=True)
class SftSettings:
    """`batch` rows make a step over all processes, `at_once` of them in one pass of one process. `dtype` is what is computed in; the weights
    that are trained, and what the optimizer keeps, are float32 unless `pure` is set. `steps` 0 means `epochs`. Where `save_every` is 0
    only the end is saved; `keep` checkpoints are kept. With `recompute` activations are computed anew in the backward pass: less memory,
    more time. With `compiled` the operations of each layer are put together by torch.compile, once for rows of any length. `trackers`
    are told what `metrics.jsonl` gets."""

    epochs: float = 1.0
    steps: int = 0
    batch: int = 16
    at_once: int = 16
    learning_rate: float = 1e-4
    warmup: float = 0.03
    schedule: Literal["constant", "constant_with_warmup", "linear", "cosine"] = "cosine"
    weight_decay: float = 0.0
    dtype: Literal["float32", "bfloat16"] = "bfloat16"
    pure: bool = False
    lora: Lora | None = None
    seed: int = 0
    device: Literal["auto", "cpu", "cuda"] = "auto"
    recompute: bool = False
    compiled: bool = False
    eval_every: int = 0
    save_every: int = 0
    keep: int = 2
    report_every: int = 1
    trackers: tuple[Tracker, ...] = ()

    def __post_init__(self) -> None:
        if self.batch < 1 or self.at_once < 1 or self.batch % self.at_once:
            raise ValueError("a batch is a number of passes of `at_once` rows")

    def passes(self, processes: int) -> int:
        """Passes of each process in a step. Raises ValueError if a batch cannot be shared out like that."""
        if self.batch % (self.at_once * processes):
            raise ValueError(
                f"{processes} processes with {self.at_once} rows at once do not share {self.batch} rows evenly"
            )
        return self.batch // (self.at_once * processes)


def settings_of(data: object) -> SftSettings:
    """The settings that `as_json` has written. Raises ValueError."""
    return TypeAdapter(SftSettings).validate_python(data)


def as_json(settings: Any) -> dict[str, JsonValue]:
    """A dataclass of settings as JSON data."""
    data: dict[str, JsonValue] = TypeAdapter(dict[str, JsonValue]).validate_python(
        TypeAdapter(Any).dump_python(asdict(settings), mode="json")
    )
    return data
