"""A model with transformers' continuous batching around it, in a process of its own.

Drawing is ours: the library has one seed and one way to draw for all requests, while here each has its own. What is used of
the library beyond its documented interface is checked when it starts, and used nowhere else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from inspect import signature
from pathlib import Path
from typing import Protocol, cast

import torch
from transformers import AutoModelForCausalLM, GenerationConfig
from transformers.generation.configuration_utils import ContinuousBatchingConfig

from clawc.runtime.engine.local.sampler import Draw, draw
from clawc.runtime.engine.local.wire import Setup

_PAGE = 32  # tokens that are cached, and shared, together
_AT_ONCE = 256  # requests in a batch
_STEP = {"cpu": 512, "cuda": 2048}  # tokens in a batch
_DTYPES: Mapping[str, torch.dtype | str] = {"auto": "auto", "float32": torch.float32, "bfloat16": torch.bfloat16}


class _State(Protocol):
    request_id: str
    position_offset: int


class _Row(Protocol):
    state: _State
    has_new_token: bool


class _InputsAndOutputs(Protocol):
    requests_in_batch: Sequence[_Row]


class _Runner(Protocol):
    def _sample(self, scores: torch.Tensor, output_ids: torch.Tensor) -> None: ...


class _Processor(Protocol):
    inputs_and_outputs: _InputsAndOutputs
    model_runner: _Runner


class Output(Protocol):
    """What there is of a request so far."""

    request_id: str
    generated_tokens: list[int]
    logprobs: list[float]
    error: str | None

    def is_finished(self) -> bool: ...


class _Manager(Protocol):
    batch_processor: _Processor | None

    def warmup(self) -> None: ...
    def start(self) -> None: ...
    def stop(self, block: bool = True) -> None: ...
    def destroy(self) -> None: ...
    def is_running(self) -> bool: ...
    def add_request(
        self, ids: list[int], request_id: str, *, max_new_tokens: int, streaming: bool, eos_token_id: list[int]
    ) -> str | None: ...
    def cancel_request(self, request_id: str) -> None: ...
    def get_result(self, request_id: str | None = None, timeout: float | None = None) -> Output | None: ...


class _Model(Protocol):
    config: object
    generation_config: object

    @property
    def device(self) -> torch.device: ...
    @property
    def dtype(self) -> torch.dtype: ...
    def to(self, device: torch.device) -> _Model: ...
    def eval(self) -> _Model: ...
    def init_continuous_batching(
        self, generation_config: GenerationConfig, continuous_batching_config: ContinuousBatchingConfig
    ) -> object: ...


class Batches:
    """Starts at once. All methods may be called from any thread."""

    def __init__(self, setup: Setup) -> None:
        model = _loaded(setup)
        self.device = model.device.type
        self.dtype = str(model.dtype).removeprefix("torch.")
        self.ends = sorted({*setup.ends, *_ends(model)})
        self._draws: dict[str, tuple[float, str]] = {}
        self._manager = _manager(model, setup)
        self._manager.warmup()  # makes the processor, whose way to draw is replaced before anything is drawn
        processor = self._manager.batch_processor
        drawing = getattr(processor and processor.model_runner, "_sample", None)
        if processor is None or drawing is None or [*signature(drawing).parameters] != ["scores", "output_ids"]:
            raise RuntimeError("this version of transformers draws tokens in another way: install 5.23")
        self._rows = processor.inputs_and_outputs
        setattr(processor.model_runner, "_sample", self._sample)  # noqa: B010 - it is no part of the interface
        self._manager.start()

    def add(self, name: str, prompt: list[int], most: int, temperature: float, seed: int) -> None:
        """Begins to answer, with at most `most` tokens."""
        # Calls with one seed and different prompts are drawn for independently.
        key = hashlib.blake2b(f"{seed} {prompt}".encode(), digest_size=16).hexdigest()
        self._draws[name] = (temperature, key)
        given = self._manager.add_request(prompt, name, max_new_tokens=most, streaming=True, eos_token_id=self.ends)
        if given is None:
            raise RuntimeError("no more requests are taken")

    def cancel(self, name: str) -> None:
        self._draws.pop(name, None)
        self._manager.cancel_request(name)

    def outputs(self) -> Iterator[Output]:
        """What there is of each request, anew after each token of it. Ends after `stop`, or if the library fails."""
        while True:
            output = self._manager.get_result(timeout=0.2)
            if output is not None:
                if output.is_finished():
                    self._draws.pop(output.request_id, None)
                yield output
            elif not self._manager.is_running():
                return

    def stop(self) -> None:
        """Once all requests are answered."""
        self._manager.stop(block=True)
        self._manager.destroy()

    def _sample(self, scores: torch.Tensor, output_ids: torch.Tensor) -> None:
        """In place of the library's own: `scores` are 1 x rows x vocabulary, of which the first rows are for the requests that
        get a token; tokens go to the first row of `output_ids`, the bits of log probabilities to the second."""
        rows = [row.state for row in self._rows.requests_in_batch if row.has_new_token]
        if not rows:
            return
        # One that was cancelled meanwhile is drawn for nobody.
        draws = [Draw(*self._draws.get(state.request_id, (0.0, "")), state.position_offset) for state in rows]
        tokens, logprobs = draw(scores[0, : len(rows)], draws)
        output_ids[0, : len(rows)].copy_(tokens)
        output_ids[1, : len(rows)].copy_(logprobs.view(torch.int32))


def _loaded(setup: Setup) -> _Model:
    """Weights from this machine only, in safetensors only, with code of the library only."""
    device = setup.device
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    loaded: object = AutoModelForCausalLM.from_pretrained(  # pyright: ignore[reportUnknownMemberType]
        setup.model,
        dtype=_DTYPES[setup.dtype],
        attn_implementation="sdpa",
        local_files_only=True,
        use_safetensors=True,
        trust_remote_code=False,
    )
    model = cast(_Model, loaded)
    if setup.adapter:
        model = _adapted(model, setup.adapter)
    return model.to(torch.device(device)).eval()


def _adapted(model: _Model, adapter: str) -> _Model:
    from peft import PeftModel

    if not (Path(adapter) / "adapter_model.safetensors").is_file():
        raise FileNotFoundError(f"{adapter} has no adapter_model.safetensors")
    base = cast(torch.nn.Module, model)
    adapted = PeftModel.from_pretrained(  # pyright: ignore[reportUnknownMemberType]
        base, adapter, local_files_only=True
    )
    merged: object = adapted.merge_and_unload()
    return cast(_Model, merged)


def _ends(model: _Model) -> list[int]:
    found: list[int] = []
    for config in (model.config, model.generation_config):
        ends = getattr(config, "eos_token_id", None)
        found += [ends] if isinstance(ends, int) else [end for end in ends or () if isinstance(end, int)]
    return found


def _manager(model: _Model, setup: Setup) -> _Manager:
    """Graphs and batches ahead of time are off: rows are drawn for by us, on the host. Kernels are not looked for: that would
    ask the network."""
    step = _STEP.get(model.device.type, 512)
    config = ContinuousBatchingConfig(
        page_size=_PAGE,
        num_blocks=-(-setup.cache // _PAGE) + 1,
        max_batch_tokens=step,
        max_requests_per_batch=min(_AT_ONCE, step),
        return_logprobs=True,
        use_cuda_graph=False,
        use_async_batching=False,
        auto_switch_to_flash=False,
    )
    plain = GenerationConfig(  # type: ignore[no-untyped-call]
        do_sample=True, temperature=1.0, top_p=1.0, top_k=0, eos_token_id=-1
    )
    return cast(_Manager, model.init_continuous_batching(generation_config=plain, continuous_batching_config=config))
