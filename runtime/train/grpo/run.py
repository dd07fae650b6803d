"""Reinforcement over sandboxes: the engine plays by a harness, the learner trains on what was captured."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from clawc.runtime.bundle import load
from clawc.runtime.engine.interface import Sampling
from clawc.runtime.engine.local.packages import need
from clawc.runtime.engine.local.template import TEMPLATE, Template
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.gateway.choice import ModelChoice
from clawc.runtime.gateway.line import Rules
from clawc.runtime.harness.choose import harness_named
from clawc.runtime.run import run_closing
from clawc.runtime.train.begin import begin
from clawc.runtime.train.memory import on_full_memory
from clawc.runtime.train.records import (
    MODEL,
    TrainedTask,
    TrainingRecord,
    TrainingResult,
    base_of,
    record_of,
    write_training,
)
from clawc.runtime.train.settings import as_json
from clawc.runtime.train.trainer import processes

if TYPE_CHECKING:
    from clawc.runtime.player import Player
    from clawc.runtime.train.grpo.settings import GrpoSettings
    from clawc.spec.bundle import Manifest

LEARNER = ("torch", "transformers", "accelerate", "peft")
# What may differ when a training is gone on with.
_FREE = frozenset(
    {
        "steps",
        "save_every",
        "keep",
        "at_once",
        "device",
        "patience",
        "pass_tokens",
        "eval_every",
        "gap",
        "served",
        "served_out",
    }
)


@dataclass(frozen=True, slots=True)
class GrpoResult:
    """`seconds` are those of this start."""

    model: Path
    steps: int
    seconds: float


def grpo(
    model: Path,
    bundles: Sequence[Path],
    out: Path,
    settings: GrpoSettings,
    agent: str,
    player: Player,
    *,
    held_out: Sequence[Path] = (),
    resume: bool = False,
    graphs: bool = False,
    told: Callable[[Mapping[str, object]], None] = lambda _: None,
) -> GrpoResult:
    """Trains the model in the folder `model` on the tasks, played by `agent` where `player` plays, and saves it in `out/model`. Raises
    RuntimeFault R0951 and R0952 for packages and models that are not there, R0993 for a loss that is no number, R0994 for a full disk,
    R0995 if `out` holds another training, R0998 if engine and trainer do not agree, a server does not take the weights or nothing can be
    learned, R0999 if the device's memory is full, and what playing raises."""
    need(*LEARNER, extra="train")
    from clawc.runtime.train.grpo.curriculum import Curriculum
    from clawc.runtime.train.grpo.engines import LocalWeights, Shared, weights_of
    from clawc.runtime.train.grpo.learner import Learner
    from clawc.runtime.train.grpo.rollouts import HeldOut, Rollouts
    from clawc.runtime.train.grpo.session import HELD_OUT, ROLLOUTS, Session
    from clawc.runtime.train.grpo.together import First

    manifests = {path: load(path).manifest for path in bundles}
    tasks = {manifest.id: path for path, manifest in manifests.items()}
    if not tasks:
        raise RuntimeFault("R0992", "there is no task to learn from", "give folders of bundles, or sources")
    record = _record(model, manifests, settings, agent)
    begin(out, record, _FREE, "set of tasks", resume=resume)
    weights = weights_of(model, settings, out, graphs=graphs)
    rules = Rules(pinned=Sampling(temperature=settings.temperature, top_p=1.0), max_tokens=settings.max_tokens)
    harness = harness_named(agent, ModelChoice(f"policy:{model.name}", lambda: weights.engine, rules))
    curriculum = Curriculum(sorted(tasks), settings.seed, settings.curriculum)
    rollouts = Rollouts(tasks, harness, player, out / ROLLOUTS, settings, curriculum)
    examiner: HeldOut | None = None
    if held_out:
        greedy = Rules(pinned=Sampling(temperature=0.0, top_p=1.0), max_tokens=settings.max_tokens)
        other = harness_named(agent, ModelChoice(f"policy:{model.name}", lambda: Shared(weights.engine), greedy))
        held = {load(path).manifest.id: path for path in held_out}
        examiner = HeldOut(held, other, player, out / HELD_OUT, settings)
    closed: list[Closable] = [*([] if isinstance(weights, LocalWeights) else [weights]), player]
    with on_full_memory("--pass-tokens", settings.pass_tokens):
        learner = First(Learner(model, settings))
        session = Session(learner, weights, rollouts, curriculum, out, settings, examiner=examiner, told=told)
        begun = time.perf_counter()
        run_closing(session.run(resume=resume), _All(closed), "go on with `--resume`")
    seconds = time.perf_counter() - begun
    learner.end()
    result = TrainingResult(steps=settings.steps, seconds=round(seconds, 3))
    write_training(out, record.model_copy(update={"result": result}))
    return GrpoResult(out / MODEL, settings.steps, seconds)


class Closable(Protocol):
    async def close(self) -> None: ...


class _All:
    """Closes them, the last one first."""

    def __init__(self, each: Sequence[Closable]) -> None:
        self._each = each

    async def close(self) -> None:
        for each in reversed(self._each):
            await each.close()


def _record(model: Path, tasks: Mapping[Path, Manifest], settings: GrpoSettings, agent: str) -> TrainingRecord:
    """The rows are not known before they are played; what stands for them are the tasks."""
    manifests = sorted(tasks.values(), key=lambda each: each.id)
    record = record_of(
        base_of(model),
        (),
        {**as_json(settings), "agent": agent},
        sources=tuple(sorted({path.resolve().parent.name for path in tasks})),
        tasks=tuple(
            TrainedTask(bundle_id=each.id, task=each.task, template=each.template, rows=0) for each in manifests
        ),
        tokenizer_sha256=Template.of(model).tokenizer_sha256,
        template_sha256=TEMPLATE,
        method="grpo",
        processes=processes(),
    )
    ids = hashlib.sha256("".join(f"{each.id}\n" for each in manifests).encode()).hexdigest()
    return record.model_copy(update={"rows_sha256": ids})
