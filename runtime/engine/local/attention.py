"""Attention of the tokens of several calls at once, over keys and values that are kept in cells; see `arena`.

It is given to transformers as one of its ways to attend. Tokens stand one after the other, those of a call together; a token sees those of
its call up to itself. On CUDA and in bfloat16 it is one kernel for all calls, else a call of torch for each.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import Any, NamedTuple

import torch
from torch.nn.functional import scaled_dot_product_attention
from transformers import AttentionInterface

NAME = "clawc"
_TRITON = find_spec("triton") is not None
_flash: Callable[..., tuple[torch.Tensor, ...]] = torch.ops.aten._flash_attention_forward


class Span(NamedTuple):
    """Tokens `first` to `end` of a pass are the last of `length` tokens of a call, whose cells begin at `start`."""

    first: int
    end: int
    start: int
    length: int


class Where(NamedTuple):
    """Of the T tokens of a pass, and its calls C: `cells` (T, int64) take their keys and values. `begins` (C + 1 or more, int32) say where the
    tokens of a call begin, `starts` (C + 1 or more, int32) where its cells do, `lengths` (C, int32) how many tokens it has by then; `longest` tokens are the
    most of a call in this pass, `most` the most that its cells can hold. Without `spans` the kernel of CUDA is used."""

    cells: torch.Tensor
    begins: torch.Tensor
    starts: torch.Tensor
    lengths: torch.Tensor
    longest: int
    most: int
    spans: tuple[Span, ...] | None


def where(spans: Sequence[Span], most: int, device: torch.device, kernel: bool) -> Where:
    cells = [
        cell
        for each in spans
        for cell in range(each.start + each.length - (each.end - each.first), each.start + each.length)
    ]
    return Where(
        torch.tensor(cells, device=device),
        torch.tensor([*(each.first for each in spans), spans[-1].end], dtype=torch.int32, device=device),
        torch.tensor([*(each.start for each in spans), 0], dtype=torch.int32, device=device),
        torch.tensor([each.length for each in spans], dtype=torch.int32, device=device),
        max(each.end - each.first for each in spans),
        most,
        None if kernel else tuple(spans),
    )  # fmt: skip


class Cells:
    """Keys and values of one layer, each cells x heads x width."""

    def __init__(self, count: int, key: torch.Tensor, value: torch.Tensor, dtype: torch.dtype) -> None:
        def made(like: torch.Tensor) -> torch.Tensor:
            return torch.zeros(count, like.shape[1], like.shape[3], dtype=dtype, device=like.device)

        self.keys, self.values = made(key), made(value)


def kernel_fits(module: Any) -> bool:
    """Whether the kernel can do it with the cells of this layer."""
    keys, values = module.clawc_keys, module.clawc_values
    half = keys.is_cuda and keys.dtype in (torch.bfloat16, torch.float16)
    return bool(half and keys.shape == values.shape and keys.shape[2] % 8 == 0 and keys.shape[2] <= 256)


def _attend(
    module: Any, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, attention_mask: object, *,
    scaling: float | None = None, dropout: float = 0.0, sliding_window: int | None = None, clawc: Any = None, **others: Any,
) -> tuple[torch.Tensor, None]:  # fmt: skip
    """`query` is 1 x heads x T x width; what is given back 1 x T x heads x width, in the dtype of the cells."""
    if others.get("softcap") is not None or others.get("s_aux") is not None:
        raise NotImplementedError("attention with a cap or with sinks")
    scale = query.shape[-1] ** -0.5 if scaling is None else scaling
    if not isinstance(clawc, Where):
        return clawc(module, query, key, value), None
    keys, values = module.clawc_keys, module.clawc_values
    queries, key, value = (each[0].transpose(0, 1).to(keys.dtype) for each in (query, key, value))
    keys.index_copy_(0, clawc.cells, key)
    values.index_copy_(0, clawc.cells, value)
    if clawc.spans is not None:
        return _apart(queries, keys, values, clawc.spans, scale, sliding_window)[None], None
    return _at_once(queries.contiguous(), keys, values, clawc, scale, sliding_window)[None], None


def _apart(
    queries: torch.Tensor, keys: torch.Tensor, values: torch.Tensor, spans: Sequence[Span], scale: float, window: int | None
) -> torch.Tensor:  # fmt: skip
    """`queries` are T x heads x width."""
    group = queries.shape[1] // keys.shape[1]
    found: list[torch.Tensor] = []
    for each in spans:
        count = each.end - each.first
        cut = max(0, each.length - count - window + 1) if window else 0
        kept, seen = (
            side[each.start + cut : each.start + each.length].transpose(0, 1)[None] for side in (keys, values)
        )
        asked = queries[each.first : each.end].transpose(0, 1)[None]
        if count == 1:  # heads that share keys are rows of one product
            asked = asked.reshape(1, keys.shape[1], group, -1)
            out = scaled_dot_product_attention(asked, kept, seen, scale=scale).reshape(1, -1, 1, values.shape[2])
        else:
            kept, seen = (side.repeat_interleave(group, 1) for side in (kept, seen))
            length = each.length - cut
            mask = None
            if window or length != count:
                mask = torch.ones(count, length, dtype=torch.bool, device=queries.device).tril(length - count)
                mask = mask.triu(length - count - window + 1) if window else mask
            out = scaled_dot_product_attention(asked, kept, seen, attn_mask=mask, is_causal=mask is None, scale=scale)
        found.append(out[0].transpose(0, 1))
    return torch.cat(found)


@torch.library.custom_op("clawc::at_once", mutates_args=())
def _kernel(
    queries: torch.Tensor, keys: torch.Tensor, values: torch.Tensor, begins: torch.Tensor, starts: torch.Tensor, lengths: torch.Tensor,
    longest: int, most: int, scale: float, window: int,
) -> torch.Tensor:  # fmt: skip
    """A call's keys are those from its start on, as many as its length: calls need not stand one after the other. `window` -1 is none."""
    calls = len(lengths)
    if longest == 1 and _TRITON:
        from clawc.runtime.engine.local.one_token import fits, one_token

        if fits(queries.shape[1], *keys.shape[1:]):
            return one_token(queries, keys, values, starts, lengths, scale, window + 1)  # with the token itself
    return _flash(
        queries, keys, values, begins[: calls + 1], starts[: calls + 1], longest, most, 0.0, True, False,
        scale=scale, window_size_left=window, window_size_right=0 if window >= 0 else -1, seqused_k=lengths,
    )[0]  # fmt: skip


@_kernel.register_fake  # pyright: ignore[reportUnknownMemberType]
def _(
    queries: torch.Tensor, keys: torch.Tensor, values: torch.Tensor, begins: torch.Tensor, starts: torch.Tensor, lengths: torch.Tensor,
    longest: int, most: int, scale: float, window: int,
) -> torch.Tensor:  # fmt: skip
    return torch.empty_like(queries)


def _at_once(
    queries: torch.Tensor, keys: torch.Tensor, values: torch.Tensor, where: Where, scale: float, window: int | None
) -> torch.Tensor:  # fmt: skip
    reach = -1 if window is None else window - 1  # without the token itself
    found: torch.Tensor = _kernel(
        queries, keys, values, where.begins, where.starts, where.lengths, where.longest, where.most, scale, reach
    )
    return found


AttentionInterface.register(NAME, _attend)  # pyright: ignore[reportUnknownMemberType]
