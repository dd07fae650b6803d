"""A training by reinforcement from begin to end: **start here**.

One coroutine plays, the other trains. Step n is played with the weights after `n - staleness` updates, exactly; so what is played does not depend on
how long anything takes, and a training that goes on from a checkpoint is the one that was not interrupted. With a staleness of 0 each waits
for the other.
"""

from __future__ import annotations

import asyncio
import json
import math
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

from clawc.runtime.errors import RuntimeFault
from clawc.runtime.train.checkpoints import PREFIX, last_checkpoint, on_full_disk
from clawc.runtime.train.grpo.curriculum import Curriculum
from clawc.runtime.train.grpo.learner import Figures
from clawc.runtime.train.grpo.rollouts import Played
from clawc.runtime.train.grpo.settings import GrpoSettings
from clawc.runtime.train.grpo.together import LearnerLike
from clawc.runtime.train.records import METRICS, MODEL

_T = TypeVar("_T")
WEIGHTS = "weights"
ROLLOUTS = "rollouts"
HELD_OUT = "held-out"
_LAST = "trainer_state.json"  # written last: what has it is whole


class Weights(Protocol):
    """What plays: an engine that takes other weights. `version` is that of those that it has."""

    @property
    def version(self) -> int: ...

    async def load(self, folder: Path, version: int) -> None:
        """Takes the weights in `folder`, which are after so many updates, when no call is in flight. Raises RuntimeFault."""
        ...


class Steps(Protocol):
    """Plays the groups of a step."""

    async def step(self, step: int) -> Played: ...


class Examiner(Protocol):
    """Plays what is not trained on, and gives the mean score; None if nothing could be scored."""

    async def examine(self, step: int) -> float | None: ...


@dataclass(frozen=True, slots=True)
class _Ready:
    """A step that was played; `counts` are those of the curriculum before the next one, `held` the score of what is not trained on, with the
    weights that it was played with."""

    step: int
    played: Played
    version: int
    sync_s: float
    counts: dict[str, tuple[float, float]]
    held: float | None


class Session:
    """One start of a training in the folder `out`."""

    def __init__(
        self, learner: LearnerLike, weights: Weights, rollouts: Steps, curriculum: Curriculum, out: Path, settings: GrpoSettings,
        *, examiner: Examiner | None = None, told: Callable[[Mapping[str, object]], None] = lambda _: None,
    ) -> None:  # fmt: skip
        self._learner = learner
        self._weights = weights
        self._rollouts = rollouts
        self._curriculum = curriculum
        self._out = out
        self._settings = settings
        self._examiner = examiner
        self._told = told
        self._tokens = 0
        self._trained = asyncio.Condition()
        self._written = 0  # the newest version whose weights are whole on the disk: the learner's is ahead of it
        self._untaught = 0
        # One thread for all that the learner does: memory that one has freed is kept for that thread alone.
        self._thread = ThreadPoolExecutor(1, "learner")

    async def run(self, *, resume: bool = False) -> None:
        """From the last checkpoint, or from the beginning, to the last step. Raises RuntimeFault R0993 to R0995 and R0998."""
        try:
            with on_full_disk(self._out):
                first = self._written = self._begin(resume)
                await self._side_by_side(first)
                self._learner.write_weights(self._out / MODEL)
        finally:
            self._thread.shutdown(wait=False)

    async def _side_by_side(self, first: int) -> None:
        ready: asyncio.Queue[_Ready] = asyncio.Queue(maxsize=max(1, self._settings.staleness))

        async def play() -> None:
            for step in range(first, self._settings.steps):
                await self._until(step - self._settings.staleness)
                await ready.put(await self._play(step))

        player = asyncio.create_task(play())
        try:
            for _ in range(first, self._settings.steps):
                coming = asyncio.create_task(ready.get())
                await asyncio.wait((player, coming), return_when=asyncio.FIRST_COMPLETED)
                if not coming.done() and player.done():
                    coming.cancel()
                    await player  # it has failed, or there would be a step
                await self._train(await coming)
            await player
        finally:
            player.cancel()
            await asyncio.gather(player, return_exceptions=True)

    async def _until(self, version: int) -> None:
        async with self._trained:
            await self._trained.wait_for(lambda: self._written >= version)

    async def _play(self, step: int) -> _Ready:
        version = max(0, step - self._settings.staleness)
        begun = time.monotonic()
        if self._weights.version != version:
            await self._weights.load(self._folder_of(version), version)
        sync_s = time.monotonic() - begun
        held: float | None = None
        if self._examiner is not None and self._settings.eval_every and step % self._settings.eval_every == 0:
            held = await self._examiner.examine(step)
        played = await self._rollouts.step(step)
        return _Ready(step, played, version, sync_s, self._curriculum.state(), held)

    async def _train(self, ready: _Ready) -> None:
        """Makes the update of a step; one that taught nothing makes none, and still counts."""
        begun = time.monotonic()
        figures: Figures | None = None
        if ready.played.rows:
            self._untaught = 0
            figures = await self._beside(self._learner.update, ready.played.rows, ready.played.episodes)
        else:
            self._untaught += 1
            self._learner.skip()
        self._tokens += figures.tokens if figures is not None else 0
        train_s = time.monotonic() - begun
        begun = time.monotonic()
        await self._beside(self._learner.write_weights, self._folder_of(self._learner.version))
        self._written = self._learner.version
        self._drop_weights()
        line = {"num_tokens": self._tokens} | _line(ready, figures, self._settings, train_s, time.monotonic() - begun)
        with open(self._out / METRICS, "a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        self._told(line)
        # After its line: what is reported and not yet saved is forgotten when the training goes on, and reported again.
        if self._learner.version % self._settings.save_every == 0:
            await self._beside(self._save, ready.counts)
        if self._untaught >= self._settings.patience:
            raise RuntimeFault(
                "R0998", f"in {self._untaught} steps in a row no group taught anything: all its rewards were the same",
                "Give tasks that are sometimes solved, larger groups, or a model that was fine-tuned first: `clawc train sft`.",
            )  # fmt: skip
        async with self._trained:
            self._trained.notify_all()

    async def _beside(self, work: Callable[..., _T], *given: object) -> _T:
        """What takes long, in the learner's thread."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, *given)

    def _begin(self, resume: bool) -> int:
        """The first step. What there is of weights for steps that are played yet is in its place afterwards."""
        folder = self._out / WEIGHTS
        checkpoint = last_checkpoint(self._out) if resume else None
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        if checkpoint is None:
            self._learner.write_weights(self._folder_of(0))
            return 0
        self._learner.restore(checkpoint)
        state: dict[str, Any] = json.loads((checkpoint / _LAST).read_text(encoding="utf-8"))
        self._curriculum.restore(state["curriculum"])
        self._tokens = int(state["tokens"])
        for kept in (checkpoint / WEIGHTS).iterdir():
            shutil.copytree(kept, folder / kept.name)
        self._learner.write_weights(self._folder_of(self._learner.version))
        return self._learner.version

    def _save(self, counts: Mapping[str, Sequence[float]]) -> None:
        version = self._learner.version
        folder = self._out / f"{PREFIX}{version}"
        shutil.rmtree(folder, ignore_errors=True)
        (folder / WEIGHTS).mkdir(parents=True)
        self._learner.save(folder)
        for older in range(max(0, version - self._settings.staleness), version):
            shutil.copytree(self._folder_of(older), folder / WEIGHTS / self._folder_of(older).name)
        state = {"global_step": version, "curriculum": counts, "tokens": self._tokens}
        (folder / _LAST).write_text(json.dumps(state), encoding="utf-8")
        saved = sorted((path for path in self._out.glob(f"{PREFIX}*") if (path / _LAST).is_file()), key=_number)
        for path in saved[: -self._settings.keep]:
            shutil.rmtree(path)

    def _drop_weights(self) -> None:
        """Those that no step is played with any more."""
        needed = self._learner.version - self._settings.staleness
        for path in (self._out / WEIGHTS).iterdir():
            if path.name.isdigit() and int(path.name) < needed:
                shutil.rmtree(path)

    def _folder_of(self, version: int) -> Path:
        return self._out / WEIGHTS / str(version)


def _number(path: Path) -> int:
    return int(path.name.removeprefix(PREFIX))


def _line(
    ready: _Ready, figures: Figures | None, settings: GrpoSettings, train_s: float, save_s: float
) -> dict[str, object]:
    played = ready.played
    line: dict[str, object] = {
        "step": ready.step + 1, "steps": settings.steps, "at": round(time.time(), 3), "reward": played.mean,
        "solved": sum(reward >= 1 for reward in played.rewards) / len(played.rewards), "episodes": len(played.rewards),
        "unscored": played.unscored, "groups": played.groups, "same_groups": played.same, "long_rows": played.left_out,
        "sampled_tokens": played.sampled,
        "version": ready.version, "rollout_s": round(played.seconds, 3), "sync_s": round(ready.sync_s + save_s, 3),
        "train_s": round(train_s, 3), **({} if ready.held is None else {"eval_reward": ready.held}),
    }  # fmt: skip
    if figures is not None:
        line |= {
            "loss": figures.loss, "grad_norm": figures.norm, "learning_rate": figures.rate, "tokens": figures.tokens, "rows": figures.rows,
            "gap": figures.gap, "clipped": figures.clipped, "divergence": figures.divergence, "entropy": figures.entropy,
        }  # fmt: skip
    return {name: value for name, value in line.items() if not (isinstance(value, float) and not math.isfinite(value))}
