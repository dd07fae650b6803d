"""What a training is known by: `training.json` in its folder, which an export, an evaluation and a continuation read."""

from __future__ import annotations

import hashlib
import json
from array import array
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, JsonValue, ValidationError

from clawc.runtime.errors import RuntimeFault
from clawc.runtime.train.rows import Row
from clawc.spec.bundle import Strict

TRAINING = "training.json"
MODEL = "model"
METRICS = "metrics.jsonl"
_MOST = 256 << 20  # bytes of a file that may be a stranger's
_PACKAGES = ("clawc", "torch", "transformers", "trl", "peft", "accelerate")
_WEIGHTS = ("config.json", "tokenizer.json", "*.safetensors")
_Count = Annotated[int, Field(ge=0)]


class BaseModel(Strict):
    """The model that was trained: `name` is that of its folder, `path` where it was, `sha256` of its settings, tokenizer and weights."""

    name: str
    path: str
    sha256: str


class TrainedTask(Strict):
    """A task that rows came from. `template` is its family; `score` the mean of the episodes that are trained on, None if unscored."""

    bundle_id: str
    task: str
    template: str = ""
    rows: _Count
    score: float | None = None


class TrainingResult(Strict):
    """`seconds` are those of the last start alone. Losses are means over the tokens of held-out rows, None without any."""

    steps: _Count
    seconds: float
    loss_before: float | None = None
    loss_after: float | None = None


class TrainingRecord(Strict):
    """`result` is None until the training has come to its end. `rows_sha256` is of all rows in their order; `left_out` counts what was
    not trained on, by why; `sources` are names of runs, folders and files."""

    format_version: Literal[1] = 1
    method: Literal["sft", "grpo"] = "sft"
    base: BaseModel
    settings: Annotated[dict[str, JsonValue], Field(default_factory=dict)]
    rows: _Count
    rows_sha256: str
    tokens: _Count
    trained_tokens: _Count
    tokenizer_sha256: str = ""
    template_sha256: str = ""
    sources: tuple[str, ...] = ()
    left_out: Annotated[dict[str, _Count], Field(default_factory=dict)]
    tasks: tuple[TrainedTask, ...] = ()
    processes: Annotated[int, Field(ge=1)] = 1
    packages: Annotated[dict[str, str], Field(default_factory=dict)]
    result: TrainingResult | None = None


def read_training(folder: Path) -> TrainingRecord:
    """Raises RuntimeFault R0995 for a folder that is not of a training."""
    file = folder / TRAINING
    try:
        with open(file, "rb") as opened:
            data = opened.read(_MOST + 1)
        if len(data) > _MOST:
            raise ValueError("it is too large")
        return TrainingRecord.model_validate_json(data)
    except FileNotFoundError as error:
        raise RuntimeFault(
            "R0995", f"`{folder}` has no `{TRAINING}`", "give the folder that `clawc train sft` was given as `--out`"
        ) from error
    except (OSError, ValueError) as error:
        why = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
        raise RuntimeFault("R0995", f"`{file}` is no record of a training: {why}", "train again") from error


def write_training(folder: Path, record: TrainingRecord) -> None:
    """The file appears whole or not at all."""
    part = folder / f".{TRAINING}.part"
    part.write_text(json.dumps(record.model_dump(mode="json"), indent=2, sort_keys=True) + "\n", encoding="utf-8")
    part.replace(folder / TRAINING)


def base_of(folder: Path) -> BaseModel:
    """The model in a folder, read whole once. Raises OSError."""
    digest = hashlib.sha256()
    for path in sorted({path for pattern in _WEIGHTS for path in folder.glob(pattern)}):
        with open(path, "rb") as file:
            digest.update(f"{path.name}\0{hashlib.file_digest(file, 'sha256').hexdigest()}\n".encode())
    return BaseModel(name=folder.resolve().name, path=str(folder.resolve()), sha256=digest.hexdigest())


def rows_digest(rows: Iterable[Row]) -> str:
    """Of tokens and masks, in their order."""
    digest = hashlib.sha256()
    for row in rows:
        digest.update(
            len(row.input_ids).to_bytes(8, "big") + array("q", row.input_ids).tobytes() + bytes(row.loss_mask)
        )
    return digest.hexdigest()


def record_of(
    base: BaseModel,
    rows: Sequence[Row],
    settings: Mapping[str, JsonValue],
    *,
    sources: Sequence[str] = (),
    left_out: Mapping[str, int] | None = None,
    tasks: Sequence[TrainedTask] = (),
    tokenizer_sha256: str = "",
    template_sha256: str = "",
    processes: int = 1,
    method: Literal["sft", "grpo"] = "sft",
) -> TrainingRecord:
    """What is known before the first step."""
    return TrainingRecord(
        method=method,
        base=base,
        settings=dict(settings),
        rows=len(rows),
        rows_sha256=rows_digest(rows),
        tokens=sum(len(row.input_ids) for row in rows),
        trained_tokens=sum(row.trained for row in rows),
        tokenizer_sha256=tokenizer_sha256,
        template_sha256=template_sha256,
        sources=tuple(sources),
        left_out=dict(left_out or {}),
        tasks=tuple(tasks),
        processes=processes,
        packages={name: found for name in _PACKAGES if (found := _version(name))},
    )


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
