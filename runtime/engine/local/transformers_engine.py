"""Tokens from a model on this machine, in a process of its own.

All tokens of an answer come from the same weights: other ones are loaded when no call is in flight, and calls that come
meanwhile wait. A process that is gone fails the calls that it had; the next call starts another one with the same weights.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from clawc.runtime.engine.interface import Constraint, ConstraintKind, Drawn, EngineFailure, Object, Sampling
from clawc.runtime.engine.local.child import Child
from clawc.runtime.engine.local.packages import ADAPTER, GRAMMAR, WORKER, found, need
from clawc.runtime.engine.local.shapes import as_object
from clawc.runtime.engine.local.wire import Device, Dtype, Setup
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.sandbox.finish import acquire, finish

_STARTS = 3  # processes in a row that answer nothing, after which no other one is started
_LONGEST_CONTEXT = 8192  # unless more is asked for: memory for it is taken at the start
_CONSTRAINT = 1 << 20  # bytes of a grammar or schema


class TransformersEngine:
    """`folder` has config.json and weights in safetensors, `adapter` a LoRA adapter of peft that is merged into them. `ends` are
    tokens that end an answer besides those that the folder names."""

    def __init__(
        self,
        folder: Path,
        *,
        device: Device = "auto",
        dtype: Dtype = "auto",
        adapter: Path | None = None,
        threads: int | None = None,
        context: int | None = None,
        cache: int | None = None,
        ends: Sequence[int] = (),
        graphs: bool = False,
    ) -> None:
        """`threads` are those of the processor, by default what OMP_NUM_THREADS says, or half of what there are. `context` is
        bounded by what the model was made for. `cache` is in tokens; unless given two contexts are kept computed, on CUDA up to 64 within half of the memory that is free. `graphs` captures steps on CUDA. Raises RuntimeFault R0951 and R0952."""
        need(*WORKER)
        config = _checked(folder)
        _check_adapter(adapter)
        vocabulary = config.get("vocab_size")
        self._vocabulary = vocabulary if isinstance(vocabulary, int) else None
        made_for = config.get("max_position_embeddings")
        longest = made_for if isinstance(made_for, int) else _LONGEST_CONTEXT
        self.context = min(longest, _LONGEST_CONTEXT if context is None else context)
        self._setup = Setup(
            model=str(folder.absolute()),
            adapter=str(adapter.absolute()) if adapter else "",
            device=device,
            dtype=dtype,
            threads=_threads() if threads is None else threads,
            ends=tuple(ends),
            cache=0 if cache is None else max(self.context, cache),
            context=self.context,
            graphs=graphs,
        )
        self._name = f"transformers:{folder.name}" + (f"+{adapter.name}" if adapter else "")
        self._version = 0
        self._child: Child | None = None
        self._starts = 0
        self._closed = False
        self._turn = asyncio.Lock()  # held while a process is started, asked, or given other weights

    @property
    def name(self) -> str:
        return self._name

    @property
    def version(self) -> int:
        """How often other weights were loaded, or what was told of them."""
        return self._version

    @property
    def about(self) -> Mapping[str, str]:
        """Device, dtype and versions of libraries of the process that runs; empty if none does."""
        return self._child.about if self._child else {}

    @property
    def pid(self) -> int | None:
        """The process that runs."""
        return self._child.process.pid if self._child else None

    async def open(self) -> None:
        """Loads the weights. Raises RuntimeFault R0953."""
        async with self._turn:
            try:
                await self._running()
            except EngineFailure as failure:
                raise RuntimeFault("R0953", failure.message, "try a smaller model, or `device` cpu") from failure

    @property
    def constrains(self) -> frozenset[ConstraintKind]:
        """Both kinds where llguidance is installed and the folder has a tokenizer."""
        held = found(*GRAMMAR) and (Path(self._setup.model) / "tokenizer.json").is_file()
        return frozenset(("grammar", "schema")) if held else frozenset()

    async def generate(
        self, prompt_ids: Sequence[int], sampling: Sampling, constraint: Constraint | None = None
    ) -> AsyncGenerator[Drawn]:
        """See TokenEngine. Needs `max_tokens`, `temperature` and `seed`; draws from the whole distribution only, or from what a constraint
        leaves of it. What is held to one is whole within its `max_tokens`, or is rejected, wherever a way to its end is found."""
        if constraint is not None:
            self._check_constraint(constraint)
        most, temperature, seed = sampling.max_tokens, sampling.temperature, sampling.seed
        if most is None or temperature is None or seed is None or sampling.top_p not in (None, 1) or sampling.top_k:
            raise EngineFailure(
                "rejected", "tokens are drawn with a seed, a temperature and a bound, top_p 1 and top_k 0"
            )
        if self._vocabulary is not None and not all(0 <= number < self._vocabulary for number in prompt_ids):
            raise EngineFailure(
                "rejected", f"the prompt has tokens that are none of the {self._vocabulary} that there are"
            )
        if not prompt_ids or most < 1 or len(prompt_ids) + most > self.context:
            sizes = f"{len(prompt_ids)} tokens and {most} more"
            raise EngineFailure("context", f"a prompt of {sizes} is not within {self.context}")
        async with self._turn:
            child = await self._running()
            number, answer = child.ask(list(prompt_ids), most, temperature, seed, constraint)
        try:
            while True:
                came = await answer.get()
                if isinstance(came, EngineFailure):
                    raise came
                if came.finish is not None:
                    self._starts = 0
                yield came
                if came.finish is not None:
                    return
        finally:
            child.cancel(number)

    def _check_constraint(self, constraint: Constraint) -> None:
        """Raises EngineFailure for what is not even given to the process."""
        if constraint.kind not in self.constrains:
            message = "constraints need `llguidance`, which is not installed, and the model's `tokenizer.json`"
            raise EngineFailure("rejected", message)
        try:
            size = len(constraint.text.encode())
        except UnicodeEncodeError as error:
            raise EngineFailure("rejected", f"the {constraint.kind} is no text: {error}") from error
        if size > _CONSTRAINT:
            raise EngineFailure("rejected", f"the {constraint.kind} is larger than {_CONSTRAINT >> 20} MiB")

    async def load_adapter(self, adapter: Path | None, version: int | None = None) -> int:
        """The model of now with another adapter, or none; see `load`."""
        return await self.load(Path(self._setup.model), adapter, version)

    async def load(self, folder: Path, adapter: Path | None = None, version: int | None = None) -> int:
        """Other weights of the same shape and tokens: waits for the calls in flight, drops all that is kept computed, and gives their
        `version`: one more than before unless told. Raises RuntimeFault R0951 to R0953; the next call finds the weights of before."""
        _checked(folder)
        _check_adapter(adapter)
        other = replace(self._setup, model=str(folder.absolute()), adapter=str(adapter.absolute()) if adapter else "")
        return await finish(self._load(other, self._version + 1 if version is None else version))

    async def _load(self, other: Setup, version: int) -> int:
        async with self._turn:
            child = self._child
            if child is not None and not child.gone:
                if not await child.load(other.model, other.adapter, version):
                    help = "look whether it fits the model; the weights of before are loaded for the next call"
                    raise RuntimeFault("R0953", f"other weights cannot be loaded: {child.gone}", help)
            self._setup = other
            self._version = version
            return version

    async def close(self) -> None:
        self._closed = True
        child, self._child = self._child, None
        if child is not None:
            await finish(child.end())

    async def _running(self) -> Child:
        """The process, started if need be. Raises EngineFailure."""
        if self._closed:
            raise EngineFailure("refused", f"{self.name} is closed")
        child = self._child
        if child is not None and not child.gone:
            return child
        if child is not None:
            self._child = None
            await finish(child.end())
        if self._starts >= _STARTS:
            gone = child.gone if child is not None else "see above"
            raise EngineFailure("refused", f"{_STARTS} processes in a row are gone that answered nothing: {gone}")
        self._starts += 1
        return await self._started()

    async def _started(self) -> Child:
        try:
            child = await acquire(Child.start(self._setup, self._version), Child.end)
        except OSError as error:
            raise EngineFailure("unavailable", f"no process of the model can be started: {error}") from error
        self._child = child  # also if this is cancelled meanwhile: `close` ends it, and the next call waits for it
        if self._closed:  # meanwhile, when there was none to end
            await self.close()
        if not await child.ready():
            raise EngineFailure("unavailable", f"`{self._setup.model}` cannot be loaded: {child.gone}")
        return child


def _checked(folder: Path) -> Object:
    """The configuration of a model that can be loaded. Raises RuntimeFault R0952."""
    help = "give a folder as transformers saves it, with config.json and *.safetensors"
    try:
        config = as_object(json.loads((folder / "config.json").read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise RuntimeFault("R0952", f"`{folder}` is no folder of a model: {error}", help) from error
    if next(folder.glob("*.safetensors"), None) is None:
        raise RuntimeFault("R0952", f"`{folder}` has no weights in safetensors", help)
    return config


def _check_adapter(adapter: Path | None) -> None:
    if adapter is None:
        return
    need(*ADAPTER)
    for name in ("adapter_config.json", "adapter_model.safetensors"):
        if not (adapter / name).is_file():
            help = "give a folder as peft saves it"
            raise RuntimeFault("R0952", f"`{adapter}` is no folder of an adapter: it has no `{name}`", help)


def _threads() -> int:
    """More threads than free cores make all of them many times slower, and two threads of a core are one core."""
    named = os.environ.get("OMP_NUM_THREADS", "")
    if named.isdigit() and int(named) > 0:
        return int(named)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, cores // 2)
