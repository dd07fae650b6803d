"""The trainer of a policy: rows in, other weights out. Its log probabilities are held against the engine's before each update."""

from __future__ import annotations

import json
import math
import os
import shutil
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import torch

from clawc.runtime.errors import RuntimeFault
from clawc.runtime.train.grpo.losses import Norms, Passed, clipped_share, divergence, policy_loss
from clawc.runtime.train.grpo.passes import by_length, passes
from clawc.runtime.train.grpo.policy import RowBatch, TokenLogprobs, batch_of
from clawc.runtime.train.grpo.settings import GrpoSettings
from clawc.runtime.train.memory import memory_is_full
from clawc.runtime.train.rows import Row
from clawc.runtime.train.trainer import processes, quiet, rank

_BESIDE = ("config.json", "tokenizer.json", "tokenizer_config.json", "generation_config.json")
_STATE, _WEIGHTS, _OPTIMIZER = "learner.json", "weights.pt", "optimizer.pt"


@dataclass(frozen=True, slots=True)
class Figures:
    """Of an update: means over the trained tokens, but for `gap` (see GrpoSettings), None where no token came from the weights of now."""

    loss: float
    norm: float
    rate: float
    tokens: int
    rows: int
    gap: float | None
    clipped: float
    divergence: float | None
    entropy: float | None


class Learner:
    """`version` counts updates. What is trained is float32; with `lora` an adapter alone."""

    def __init__(self, model: Path, settings: GrpoSettings) -> None:
        """Loads the model in the folder `model`, whole, as transformers saves it."""
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
        quiet()
        self._folder = model
        self._settings = settings
        self._cuda = settings.device == "cuda" or (settings.device == "auto" and torch.cuda.is_available())
        self._accelerator: Any = import_module("accelerate").Accelerator(
            cpu=not self._cuda, mixed_precision="bf16" if settings.dtype == "bfloat16" else "no"
        )
        # Accelerate splits nothing on processors, and says nothing of it.
        self._split = processes() > 1 and os.environ.get("ACCELERATE_USE_FSDP") == "true"
        torch.manual_seed(settings.seed)  # pyright: ignore[reportUnknownMemberType]
        loaded = _loaded(model)
        if settings.lora is not None:
            loaded = _adapted(loaded, settings)
        self._reference = (
            None
            if settings.lora is not None or not settings.loss.beta
            else _frozen(_loaded(model), self._accelerator.device)
        )
        self._policy: Any = TokenLogprobs(loaded)
        if self._split:
            from clawc.runtime.train.grpo.shards import split

            split(self._policy, self._accelerator.device, rounded=settings.dtype == "bfloat16")
            print(f"weights are split among {processes()} processes", file=sys.stderr)
        trained = [each for each in loaded.parameters() if each.requires_grad]
        self._optimizer: Any = torch.optim.AdamW(trained, lr=settings.learning_rate, weight_decay=settings.weight_decay)
        if not self._split:
            self._policy, self._optimizer = self._accelerator.prepare(self._policy, self._optimizer)
        self.version = 0

    def update(self, rows: Sequence[Row], episodes: int) -> Figures:
        """One update of the weights, or `updates` of them, out of rows with advantages. Raises RuntimeFault R0998, before anything is
        changed, if log probabilities of engine and trainer are apart, and R0993 if the loss or the gradient is no number."""
        settings = self._settings
        batches = [
            (batch_of(some, self.version, self._accelerator.device), counts) for some, counts in self._share(rows)
        ]
        norms = Norms(sum(row.trained for row in rows), len(rows), episodes)
        rate = (
            settings.learning_rate * min(1.0, (self.version + 1) / settings.warmup)
            if settings.warmup
            else settings.learning_rate
        )
        proximal: list[torch.Tensor | None] = [None] * len(batches)
        figures: Figures | None = None
        for number in range(settings.updates):
            sums = _Sums(settings.dtype == "float32")
            for at, (batch, counts) in enumerate(batches):
                # Gradients are added up over processes once, with the last pass; split ones with each, since whole ones would not fit.
                at_once = self._split or at == len(batches) - 1
                with nullcontext() if at_once else self._accelerator.no_sync(self._policy):
                    logprobs, entropies = self._logprobs(batch, settings.loss.entropy > 0)
                    if number == 0:
                        # What was sampled by other weights, or is trained on again, is held to the policy at the start of the step.
                        stale = not bool(batch.fresh.all())
                        proximal[at] = torch.where(batch.fresh, batch.old, logprobs.detach()) if stale else None
                    passed = Passed(
                        logprobs,
                        batch.old,
                        batch.mask,
                        batch.advantages,
                        proximal[at],
                        self._referred(batch),
                        entropies,
                    )
                    loss = policy_loss(passed, norms, settings.loss)
                    # Processes give the mean of their gradients.
                    self._accelerator.backward(loss * (processes() if counts else 0))
                if counts and number == 0:
                    sums.gap(logprobs.detach(), batch)
                if counts:
                    sums.add(loss.detach(), passed, settings)
            sums.add_up(self._accelerator.device)
            norm = self._step(sums, rate, number == 0)
            if figures is None:
                figures = sums.figures(norm, rate, norms, settings)
        self.version += 1
        assert figures is not None
        return figures

    def skip(self) -> None:
        """Counts an update that changes nothing."""
        self.version += 1

    def _share(self, rows: Sequence[Row]) -> list[tuple[list[Row], bool]]:
        """The passes of this process, as many as of any other; some may not count."""
        # Where weights are split, each process must call each layer as often as any other: a pass that shares does so twice.
        every = list((by_length if self._split else passes)(rows, self._settings.pass_tokens))
        mine = every[rank() :: processes()]
        spare = -(-len(every) // processes()) - len(mine)
        return [*((some, True) for some in mine), *((every[0], False) for _ in range(spare))]

    def _step(self, sums: _Sums, rate: float, first: bool) -> float:
        if first and sums.apart() > self._settings.largest_gap:
            self._optimizer.zero_grad()
            help = "The engine has other weights than the trainer, or computes with other numbers: start again, or give a larger `gap`."
            raise RuntimeFault(
                "R0998",
                f"log probabilities of engine and trainer are {sums.apart():.2g} apart",
                help,
            )
        norm = self._clip()
        if not math.isfinite(norm) or not math.isfinite(sums.loss):
            self._optimizer.zero_grad()
            raise RuntimeFault("R0993", f"the loss or the gradient of update {self.version + 1} is no number", "Go on from the last checkpoint with a lower learning rate.")  # fmt: skip
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        self._optimizer.step()
        self._optimizer.zero_grad()
        return norm

    def _clip(self) -> float:
        """The norm of the gradient before it is cut."""
        if self._split:
            whole: Any = torch.nn.utils.clip_grad_norm_(self._policy.parameters(), self._settings.clip)
            return float(whole.full_tensor())
        return float(self._accelerator.clip_grad_norm_(self._policy.parameters(), self._settings.clip) or 0.0)

    def _logprobs(self, batch: RowBatch, entropies: bool) -> tuple[torch.Tensor, torch.Tensor]:
        found: tuple[torch.Tensor, torch.Tensor] = self._policy(
            batch.ids, batch.attention, batch.mask, batch.temperatures, entropies, 0 if self._split else batch.shared
        )
        return found

    def _referred(self, batch: RowBatch) -> torch.Tensor | None:
        if not self._settings.loss.beta:
            return None
        found: torch.Tensor
        with torch.no_grad():
            if self._reference is not None:
                with self._accelerator.autocast():
                    found = self._reference(
                        batch.ids, batch.attention, batch.mask, batch.temperatures, shared=batch.shared
                    )[0]
            else:
                with self._model().disable_adapter():
                    found = self._logprobs(batch, False)[0]
        return found

    def _model(self) -> Any:
        return self._accelerator.unwrap_model(self._policy).model

    def write_weights(self, folder: Path) -> None:
        """What an engine loads: a whole model, or an adapter. The folder appears whole or not at all; the first process writes it."""
        weights = self._whole(trained=self._settings.lora is not None) if self._split else None
        if rank() != 0:
            return
        part = folder.with_name(f".{folder.name}.part")
        shutil.rmtree(part, ignore_errors=True)
        model = self._model()
        model.save_pretrained(str(part), **({} if weights is None else {"state_dict": weights}))
        (part / "README.md").unlink(missing_ok=True)
        for name in _BESIDE:
            if (self._folder / name).is_file() and not (part / name).exists():
                shutil.copyfile(self._folder / name, part / name)
        if folder.exists():
            shutil.rmtree(folder)
        part.replace(folder)

    def save(self, folder: Path) -> None:
        """All that going on takes: weights, the optimizer's state, and the number of updates. The first process writes it."""
        if self._split:
            from clawc.runtime.train.grpo.shards import whole_optimizer

            weights, optimizer = self._whole(trained=True), whole_optimizer(self._policy, self._optimizer)
        elif rank() == 0:
            trained = {name: each for name, each in self._model().named_parameters() if each.requires_grad}
            weights = {name: each.detach().cpu() for name, each in trained.items()}
            optimizer = self._optimizer.state_dict()
        else:
            return
        if rank() != 0:
            return
        torch.save(weights, folder / _WEIGHTS)
        torch.save(optimizer, folder / _OPTIMIZER)
        (folder / _STATE).write_text(json.dumps({"version": self.version}), encoding="utf-8")

    def restore(self, folder: Path) -> None:
        """Raises RuntimeFault R0995 for what is no checkpoint of this training."""
        try:
            state = json.loads((folder / _STATE).read_text(encoding="utf-8"))
            weights: dict[str, torch.Tensor] = {}
            optimizer: dict[str, Any] = {}
            if rank() == 0 or not self._split:
                weights = torch.load(folder / _WEIGHTS, map_location="cpu", weights_only=True)
                optimizer = torch.load(folder / _OPTIMIZER, map_location="cpu", weights_only=True)
            if self._split:
                from clawc.runtime.train.grpo.shards import take_optimizer, take_weights

                take_weights(self._policy, {f"model.{name}": each for name, each in weights.items()})
                take_optimizer(self._policy, self._optimizer, optimizer)
            else:
                named = dict(self._model().named_parameters())
                with torch.no_grad():
                    for name, each in weights.items():
                        named[name].copy_(each)
                self._optimizer.load_state_dict(optimizer)
            self.version = int(state["version"])
        except Exception as error:
            if memory_is_full(error):
                raise
            why = f"{type(error).__name__}: {error}".splitlines()[0][:300]
            help = "Delete it, then give the same command: it goes on from the one before, or from the beginning."
            raise RuntimeFault("R0995", f"the checkpoint `{folder}` cannot be gone on with: {why}", help) from error

    def _whole(self, *, trained: bool) -> dict[str, torch.Tensor]:
        """The weights by the model's own names, in the first process; all of them call this together."""
        from clawc.runtime.train.grpo.shards import whole_weights

        found = whole_weights(self._policy, trained=trained)
        return {name.removeprefix("model."): each for name, each in found.items()}


class _Sums:
    """Sums over the passes of an update."""

    def __init__(self, largest: bool) -> None:
        """`largest`: the gap is the largest difference, else the mean of exp of it, less 1."""
        self._largest = largest
        self.loss = 0.0
        self._clipped = self._divergence = self._entropy = 0.0
        self._apart = 0.0
        self._fresh = 0

    def gap(self, logprobs: torch.Tensor, batch: RowBatch) -> None:
        chosen = batch.mask.bool() & batch.fresh
        away = (logprobs - batch.old).abs()[chosen]
        if not away.numel():
            return
        self._fresh += away.numel()
        self._apart = max(self._apart, float(away.max())) if self._largest else self._apart + float(away.exp().sum())

    def apart(self) -> float:
        if not self._fresh:
            return 0.0
        return self._apart if self._largest else self._apart / self._fresh - 1

    def add(self, loss: torch.Tensor, passed: Passed, settings: GrpoSettings) -> None:
        self.loss += float(loss)
        with torch.no_grad():
            self._clipped += float(clipped_share(passed, settings.loss))
            if passed.reference is not None:
                self._divergence += float((divergence(passed.logprobs, passed.reference) * passed.mask).sum())
            if passed.entropies is not None:
                self._entropy += float((passed.entropies * passed.mask).sum())

    def add_up(self, device: torch.device) -> None:
        """Over all processes. The largest gap is not a sum."""
        if processes() == 1:
            return
        distributed: Any = import_module("torch.distributed")
        sums = torch.tensor(
            [self.loss, self._clipped, self._divergence, self._entropy, self._apart, self._fresh], dtype=torch.float64, device=device
        )  # fmt: skip
        most = sums[4:5].clone()
        distributed.all_reduce(sums)
        distributed.all_reduce(most, op=distributed.ReduceOp.MAX)
        found = [float(each) for each in sums]
        self.loss, self._clipped, self._divergence, self._entropy, apart, fresh = found
        self._apart = float(most) if self._largest else apart
        self._fresh = int(fresh)

    def figures(self, norm: float, rate: float, norms: Norms, settings: GrpoSettings) -> Figures:
        return Figures(
            loss=self.loss,
            norm=norm,
            rate=rate,
            tokens=norms.tokens,
            rows=norms.rows,
            gap=self.apart() if self._fresh else None,
            clipped=self._clipped / norms.tokens,
            divergence=self._divergence / norms.tokens if settings.loss.beta else None,
            entropy=self._entropy / norms.tokens if settings.loss.entropy else None,
        )


def _loaded(folder: Path) -> Any:
    from transformers import AutoModelForCausalLM

    model: Any = AutoModelForCausalLM.from_pretrained(  # pyright: ignore[reportUnknownMemberType]
        str(folder),
        dtype=torch.float32,
        attn_implementation="sdpa",
        local_files_only=True,
        use_safetensors=True,
        trust_remote_code=False,
    )
    model.config.use_cache = False
    return model.train()


def _adapted(model: Any, settings: GrpoSettings) -> Any:
    from peft import LoraConfig, get_peft_model

    lora = settings.lora
    assert lora is not None
    config = LoraConfig(
        r=lora.rank, lora_alpha=lora.alpha, lora_dropout=0.0, target_modules=list(lora.layers), task_type="CAUSAL_LM"
    )
    return get_peft_model(model, config)


def _frozen(model: Any, device: torch.device) -> TokenLogprobs:
    for each in model.parameters():
        each.requires_grad_(False)
    return TokenLogprobs(model.to(device)).eval()
