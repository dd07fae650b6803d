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

from clawc.runtime.engine.local.sampler import Draw, Places
from clawc.runtime.engine.local.wire import Setup

_PAGE = 32  # tokens that are cached, and shared, together
_AT_ONCE = 256  # requests in a batch
_STEP = {"cpu": 512, "cuda": 2048}  # tokens in a batch
_CONTEXTS, _CONTEXTS_ON_CUDA = 2, 64  # that are kept computed
_GRAPH_TOKENS = 4096  # what is read of the cache is filled up to a multiple of it: each has a graph
_PARAMETERS = (("scores", "output_ids"), ("model", "batch_data"))
_DTYPES: Mapping[str, torch.dtype | str] = {"auto": "auto", "float32": torch.float32, "bfloat16": torch.bfloat16}


class _State(Protocol):
    request_id: str
    position_offset: int


class _Row(Protocol):
    state: _State
    has_new_token: bool


class _InputsAndOutputs(Protocol):
    requests_in_batch: Sequence[_Row]
    compute_stream: torch.cuda.Stream | None


class _Runner(Protocol):
    def _sample(self, scores: torch.Tensor, output_ids: torch.Tensor) -> None: ...
    def compute_batch(self, model: object, batch_data: object) -> None: ...


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
        # The processor is made before it is needed: its way to draw is replaced before anything is drawn, or captured.
        making = getattr(self._manager, "_create_batch_processor", None)
        processor: _Processor | None = None if making is None else making()
        runner = None if processor is None else processor.model_runner
        if processor is None or runner is None or _parameters(runner, "_sample", "compute_batch") != _PARAMETERS:
            raise RuntimeError("this version of transformers draws tokens in another way: install 5.23")
        self._manager.batch_processor = processor
        self._places = Places(_rows_at_once(model), model.device)
        self._inputs = processor.inputs_and_outputs
        self._compute = runner.compute_batch
        setattr(runner, "_sample", self._sample)  # noqa: B010 - it is no part of the interface
        setattr(runner, "compute_batch", self._step)  # noqa: B010
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

    def _step(self, model: object, batch_data: object) -> None:
        """Around the library's own: what is drawn with is laid where `_sample` reads it, also where that is replayed from a graph."""
        rows = [row.state for row in self._inputs.requests_in_batch if row.has_new_token]
        # One that was cancelled meanwhile is drawn for nobody.
        draws = [Draw(*self._draws.get(state.request_id, (0.0, "")), state.position_offset) for state in rows]
        with torch.cuda.stream(self._inputs.compute_stream):  # without a device there is none, and nothing is done
            self._places.fill(draws)
        self._compute(model, batch_data)
        with torch.cuda.stream(self._inputs.compute_stream):
            self._places.check()

    def _sample(self, scores: torch.Tensor, output_ids: torch.Tensor) -> None:
        """In place of the library's own: `scores` are 1 x rows x vocabulary, of which the first rows are for the requests that
        get a token; tokens go to the first row of `output_ids`, the bits of log probabilities to the second."""
        tokens, logprobs = self._places.draw(scores[0])
        output_ids[0, : len(tokens)].copy_(tokens)
        output_ids[1, : len(tokens)].copy_(logprobs.view(torch.int32))


def _parameters(owner: object, *methods: str) -> tuple[tuple[str, ...], ...]:
    found = [getattr(owner, method, None) for method in methods]
    return tuple(() if method is None else tuple(signature(method).parameters) for method in found)


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


def _rows_at_once(model: _Model) -> int:
    return min(_AT_ONCE, _step_of(model))


def _step_of(model: _Model) -> int:
    return _STEP.get(model.device.type, 512)


def _cache(model: _Model, setup: Setup) -> int:
    """How many tokens are kept computed."""
    if setup.cache or model.device.type != "cuda":
        return setup.cache or setup.context * _CONTEXTS
    sizes = [
        getattr(model.config, name)
        for name in ("num_hidden_layers", "num_key_value_heads", "hidden_size", "num_attention_heads")
    ]
    layers, heads, width, queries = (int(size) for size in sizes)
    token = 2 * layers * heads * (getattr(model.config, "head_dim", None) or width // queries) * model.dtype.itemsize
    fits = torch.cuda.mem_get_info(model.device)[0] // 2 // token
    return max(setup.context, min(setup.context * _CONTEXTS_ON_CUDA, fits))


def _manager(model: _Model, setup: Setup) -> _Manager:
    """Batches ahead of time are off: rows are drawn for by us, on the host. Kernels are not looked for: that would ask the network."""
    graphs = setup.graphs and model.device.type == "cuda"
    config = ContinuousBatchingConfig(
        page_size=_PAGE,
        num_blocks=-(-_cache(model, setup) // _PAGE) + 1,
        max_batch_tokens=_step_of(model),
        max_requests_per_batch=_rows_at_once(model),
        return_logprobs=True,
        use_cuda_graph=(graphs, False),
        kv_padding_interval_size=_GRAPH_TOKENS if graphs else 0,
        use_async_batching=False,
        auto_switch_to_flash=False,
    )
    plain = GenerationConfig(  # type: ignore[no-untyped-call]
        do_sample=True, temperature=1.0, top_p=1.0, top_k=0, eos_token_id=-1
    )
    return cast(_Manager, model.init_continuous_batching(generation_config=plain, continuous_batching_config=config))
