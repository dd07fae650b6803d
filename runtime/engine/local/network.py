"""A model on this machine with cells for keys and values: passes over tokens of several calls, and steps that draw one token for each.

On CUDA a step can be captured once for a number of calls and then replayed; what it reads stands where it stood then. Several steps
run one after the other without the host.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from shutil import which
from typing import Any, cast

import torch
from transformers import AutoModelForCausalLM

from clawc.runtime.engine.local.attention import NAME, Cells, Span, Where, kernel_fits, where
from clawc.runtime.engine.local.joined import join
from clawc.runtime.engine.local.precision import as_trainers
from clawc.runtime.engine.local.sampler import Draw, Places, draw
from clawc.runtime.engine.local.wire import Setup

AT_ONCE = 256  # calls in a step
_CONTEXTS, _CONTEXTS_ON_CUDA = 2, 64  # that are kept computed
_TURNS = 8  # steps on CUDA before the host looks at what was drawn
_DTYPES: dict[str, torch.dtype | str] = {"auto": "auto", "float32": torch.float32, "bfloat16": torch.bfloat16}


@dataclass(frozen=True, slots=True)
class Row:
    """A call in a step: `token` is its last one, at `position`, and its cells begin at `start`. It never has more than `most` tokens."""

    token: int
    position: int
    start: int
    most: int
    temperature: float
    below: Sequence[float]


class Network:
    """Loads the weights; see Setup. Raises what the libraries raise, and RuntimeError for a model that attends in other ways."""

    def __init__(self, setup: Setup, turns: int = 0) -> None:
        self.model: Any = _loaded(setup)
        self.device: torch.device = self.model.device
        self.dtype: torch.dtype = self.model.dtype
        self.context = setup.context
        self.turns = turns or (_TURNS if self.device.type == "cuda" else 1)
        join(self.model)
        as_trainers(self.model)
        modules, shapes = self._probed()
        token = (
            sum(key.shape[1] * key.shape[3] + value.shape[1] * value.shape[3] for key, value in shapes)
            * self.dtype.itemsize
        )
        self.cells = _cells(setup, self.device, token)
        for module, (key, value) in zip(modules, shapes, strict=True):
            cells = Cells(self.cells + 1, key, value, self.dtype)  # the last one is for rows that nobody has
            module.clawc_keys, module.clawc_values = cells.keys, cells.values
        self._modules = modules
        self.kernel = all(map(kernel_fits, modules))
        self.captured = setup.graphs and self.kernel
        self._steps: dict[int, _Step] = {}
        self._compiled: dict[Any, Callable[..., Any]] = {}
        if self.captured:
            self._compile()
            self._step(1)

    def _probed(self) -> tuple[list[Any], list[tuple[torch.Tensor, torch.Tensor]]]:
        """The layers that attend, in their order, and keys and values of one token as they have them."""
        modules: list[Any] = []
        shapes: list[tuple[torch.Tensor, torch.Tensor]] = []

        def seen(module: Any, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
            modules.append(module)
            shapes.append((key, value))
            return value.repeat_interleave(query.shape[1] // value.shape[1], 1).transpose(1, 2).to(self.dtype)

        self.logits(torch.zeros(1, 1, dtype=torch.int64, device=self.device), torch.zeros(1, 1, dtype=torch.int64, device=self.device), seen, 1)  # fmt: skip
        if len(modules) != self.model.config.num_hidden_layers or len(set(modules)) != len(modules):
            raise RuntimeError("this model has layers that do not attend, or attend in a way of their own")
        return modules, shapes

    def logits(
        self, ids: torch.Tensor, positions: torch.Tensor, clawc: object, keep: int | torch.Tensor
    ) -> torch.Tensor:
        """Logits of the tokens of `keep`, rows x vocabulary."""
        with torch.no_grad():
            given = {"input_ids": ids, "position_ids": positions, "logits_to_keep": keep, "clawc": clawc}
            found: torch.Tensor = self.model(use_cache=False, **given).logits
            return found[0].float()

    def copy(self, copies: Sequence[tuple[int, int, int]]) -> None:
        """What `count` cells from `source` on hold, to as many from `target` on, for (source, target, count); all are read before any is
        written."""
        if not copies:
            return
        sources, targets = (
            torch.cat([torch.arange(each[side], each[side] + each[2]) for each in copies]).to(self.device)
            for side in (0, 1)
        )
        for module in self._modules:
            for side in (module.clawc_keys, module.clawc_values):
                side.index_copy_(0, targets, side.index_select(0, sources))

    def compute(
        self, parts: Sequence[tuple[Sequence[int], int, int]], draws: Sequence[tuple[int, Draw]]
    ) -> tuple[list[int], list[float]]:
        """A pass over parts of prompts: tokens, the position of the first of them, and where the call's cells begin. Then draws a token
        after some of the parts, by their index. Raises ArithmeticError."""
        ids = [token for tokens, _, _ in parts for token in tokens]
        positions = [position + at for tokens, position, _ in parts for at in range(len(tokens))]
        spans: list[Span] = []
        for tokens, position, start in parts:
            first = spans[-1].end if spans else 0
            spans.append(Span(first, first + len(tokens), start, position + len(tokens)))
        last = [spans[index].end - 1 for index, _ in draws] or [0]
        scores = self.logits(
            torch.tensor([ids], device=self.device),
            torch.tensor([positions], device=self.device),
            where(spans, self.context, self.device, self.kernel),
            torch.tensor(last, device=self.device),
        )
        if not draws:
            return [], []
        drawn, logprobs = draw(scores, [each for _, each in draws])
        return _listed(drawn), _listed(logprobs)

    @property
    def vocabulary(self) -> int:
        """How many tokens there are scores of."""
        return int(self.model.config.vocab_size)

    def begin(self, rows: Sequence[Row]) -> _Step:
        """Begins `turns` steps for up to AT_ONCE rows; each has a number to draw with for each."""
        step = self._step(len(rows))
        step.begin(rows)
        return step

    def _step(self, count: int) -> _Step:
        if not self.captured:
            return _Step(self, count)
        size = max(2, 1 << (count - 1).bit_length())
        if size not in self._steps:
            self._steps[size] = _Step(self, size)
            self._steps[size].capture()
        return self._steps[size]

    def _compile(self) -> None:
        """Layers whose single operations are put together, where there is a compiler; they are used in what is captured alone."""
        if find_spec("triton") is None or not any(map(which, ("cc", "gcc", "clang"))):
            return
        for layer in getattr(self.model.base_model, "layers", ()):
            self._compiled[layer] = torch.compile(layer.forward, dynamic=True)  # pyright: ignore[reportUnknownMemberType]

    @property
    def fuses(self) -> int:
        """How many layers have their operations put together."""
        return len(self._compiled)

    def fused(self, on: bool) -> None:
        for layer, compiled in self._compiled.items():
            if on:
                layer.forward = compiled
            else:
                del layer.forward


class _Step:
    """For `size` rows. What is beyond the given ones writes into the last cell."""

    def __init__(self, network: Network, size: int) -> None:
        device = network.device
        self._network = network
        self._size = size
        self._places = Places(size, device, network.turns)
        self._tokens, self._positions, self._last = (
            torch.zeros(size, dtype=torch.int64, device=device) for _ in range(3)
        )
        # As long for all sizes: layers are compiled once.
        self._starts = torch.full((AT_ONCE + 1,), network.cells, dtype=torch.int32, device=device)
        self._begins = torch.arange(AT_ONCE + 1, dtype=torch.int32, device=device)
        self._turn = torch.zeros(1, dtype=torch.int64, device=device)
        self._drawn = torch.zeros(network.turns, size, dtype=torch.int64, device=device)
        self._logprobs = torch.zeros(network.turns, size, device=device)
        self._graph: torch.cuda.CUDAGraph | None = None
        self._rows = 0

    def capture(self) -> None:
        self._network.fused(True)
        try:
            side = torch.cuda.Stream()  # type: ignore[no-untyped-call]
            side.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(side):
                for _ in range(2):
                    self._turn.zero_()
                    self._once(None)
            torch.cuda.current_stream().wait_stream(side)
            self._turn.zero_()
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph, capture_error_mode="thread_local"):
                self._once(None)
            self._graph = graph
        finally:
            self._network.fused(False)

    def begin(self, rows: Sequence[Row]) -> None:
        network, self._rows = self._network, len(rows)
        unused = self._size - len(rows)
        _put(self._tokens, [*(row.token for row in rows), *[0] * unused])
        _put(self._positions, [*(row.position for row in rows), *[0] * unused])
        _put(self._last, [*(row.most - 1 for row in rows), *[0] * unused])
        _put(self._starts[: self._size], [*(row.start for row in rows), *[network.cells] * unused])
        self._places.fill_turns([row.temperature for row in rows], [row.below for row in rows])
        self._turn.zero_()
        for turn in range(network.turns):
            if self._graph is not None:
                self._graph.replay()
            else:
                spans = (
                    Span(at, at + 1, row.start, min(row.position + turn, row.most - 1) + 1)
                    for at, row in enumerate(rows)
                )
                self._once(None if network.kernel else tuple(spans))

    def drawn(self) -> tuple[list[list[int]], list[list[float]]]:
        """Waits. Tokens and their log probabilities, a list for each turn. Raises ArithmeticError."""
        tokens, logprobs = _listed(self._drawn[:, : self._rows]), _listed(self._logprobs[:, : self._rows])
        self._places.check()
        return tokens, logprobs

    def _once(self, spans: tuple[Span, ...] | None) -> None:
        with torch.no_grad():
            starts, most = self._starts, self._network.context
            place = Where(
                starts[: self._size].long() + self._positions,
                self._begins,
                starts,
                (self._positions + 1).int(),
                1,
                most,
                spans,
            )
            scores = self._network.logits(self._tokens[None], self._positions[None], place, 0)
            tokens, logprobs = self._places.draw(scores, self._turn)
            self._drawn.index_copy_(0, self._turn, tokens[None])
            self._logprobs.index_copy_(0, self._turn, logprobs[None])
            self._tokens.copy_(tokens)
            self._positions.copy_(torch.minimum(self._positions + 1, self._last))
            self._turn.add_(1)


def _listed(values: torch.Tensor) -> Any:
    return cast(Any, values.tolist())  # pyright: ignore[reportUnknownMemberType]


def _put(target: torch.Tensor, values: Sequence[int]) -> None:
    target.copy_(torch.tensor(values, dtype=target.dtype))


def _loaded(setup: Setup) -> Any:
    """Weights from this machine only, in safetensors only, with code of the library only."""
    device = setup.device
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    model: Any = AutoModelForCausalLM.from_pretrained(  # pyright: ignore[reportUnknownMemberType]
        setup.model,
        dtype=_DTYPES[setup.dtype],
        attn_implementation=NAME,
        local_files_only=True,
        use_safetensors=True,
        trust_remote_code=False,
    )
    if setup.adapter:
        model = _adapted(model, setup.adapter)
    return model.to(torch.device(device)).eval()


def _adapted(model: Any, adapter: str) -> Any:
    from peft import PeftModel

    if not (Path(adapter) / "adapter_model.safetensors").is_file():
        raise FileNotFoundError(f"{adapter} has no adapter_model.safetensors")
    adapted = PeftModel.from_pretrained(model, adapter, local_files_only=True)  # pyright: ignore[reportUnknownMemberType]
    return adapted.merge_and_unload()


def _cells(setup: Setup, device: torch.device, token: int) -> int:
    """How many tokens of `token` bytes are kept computed."""
    if setup.cache or device.type != "cuda":
        return setup.cache or setup.context * _CONTEXTS
    fits = int(torch.cuda.mem_get_info(device)[0]) // 2 // token
    return max(setup.context, min(setup.context * _CONTEXTS_ON_CUDA, fits))
