"""Attention of one token for each call, as a kernel of Triton: heads that share keys are computed together, and a call's keys are read once.

With few calls the keys of each are divided among several programs, whose parts a second kernel puts together.
"""

# The kernels are written in Triton's language, whose types no checker of Python knows.
# mypy: disable-error-code="untyped-decorator, no-untyped-def"
# pyright: basic, reportInvalidTypeForm=false

from __future__ import annotations

from importlib import import_module
from typing import Any

import torch

triton: Any = import_module("triton")
tl: Any = import_module("triton.language")

_LEAST = tl.constexpr(16)  # rows of a product
_BLOCK = 64  # keys that are read together
_PROGRAMS = 264  # that keep a card busy
_MOST_PARTS = 16


def fits(queries: int, heads: int, width: int) -> bool:
    """Whether there is a kernel for so many heads of queries and of keys."""
    return queries % heads == 0 and queries // heads <= 16 and width in (16, 32, 64, 128, 256)


def one_token(
    queries: torch.Tensor, keys: torch.Tensor, values: torch.Tensor, starts: torch.Tensor, lengths: torch.Tensor, scale: float, window: int
) -> torch.Tensor:  # fmt: skip
    """`queries` are rows x heads x width, `keys` and `values` cells x heads x width, all of them contiguous. A row sees the last of
    `lengths` (int32) cells from `starts` (int32) on, the last `window` of them if that is not negative."""
    rows, heads, width = queries.shape
    shared = keys.shape[1]
    parts = min(_MOST_PARTS, 1 << max(0, (_PROGRAMS // (rows * shared)).bit_length() - 1))
    out = torch.empty_like(queries)
    some = torch.empty((rows, heads, parts, width) if parts > 1 else 0, dtype=torch.float32, device=queries.device)
    weights = torch.empty((rows, heads, parts) if parts > 1 else 0, dtype=torch.float32, device=queries.device)
    _attended[(rows, shared, parts)](
        queries, keys, values, starts, lengths, out, some, weights, scale * 1.4426950408889634,
        heads // shared, shared, width, _BLOCK, parts, max(window, 0),
    )  # fmt: skip
    if parts > 1:
        _together[(rows, heads)](some, weights, out, heads, width, parts)
    return out


@triton.jit
def _attended(
    queries, keys, values, starts, lengths, out, some, weights, scale,
    GROUP: tl.constexpr, SHARED: tl.constexpr, WIDTH: tl.constexpr, BLOCK: tl.constexpr, PARTS: tl.constexpr, WINDOW: tl.constexpr,
):  # fmt: skip
    """One part of one row, for the heads that share keys."""
    row, head, part = tl.program_id(0), tl.program_id(1), tl.program_id(2)
    start = tl.load(starts + row).to(tl.int64)
    length = tl.load(lengths + row)
    first = 0
    if WINDOW > 0:
        first = tl.maximum(0, length - WINDOW)
    piece = tl.cdiv(tl.cdiv(length - first, PARTS), BLOCK) * BLOCK
    begin = first + part * piece
    end = tl.minimum(length, begin + piece)
    group, across = tl.arange(0, _LEAST), tl.arange(0, WIDTH)
    mine = (row * SHARED + head) * GROUP + group
    query = tl.load(queries + mine[:, None] * WIDTH + across[None, :], mask=group[:, None] < GROUP, other=0.0)
    most = tl.full([_LEAST], float("-inf"), tl.float32)
    total = tl.zeros([_LEAST], tl.float32)
    found = tl.zeros([_LEAST, WIDTH], tl.float32)
    for at in range(begin, end, BLOCK):
        number = at + tl.arange(0, BLOCK)
        there = number < end
        cell = ((start + number) * SHARED + head) * WIDTH
        key = tl.load(keys + cell[None, :] + across[:, None], mask=there[None, :], other=0.0)
        score = tl.where(there[None, :], tl.dot(query, key) * scale, float("-inf"))
        more = tl.maximum(most, tl.max(score, 1))
        share = tl.exp2(score - more[:, None])
        before = tl.exp2(most - more)
        value = tl.load(values + cell[:, None] + across[None, :], mask=there[:, None], other=0.0)
        found = found * before[:, None] + tl.dot(share.to(value.dtype), value)
        total = total * before + tl.sum(share, 1)
        most = more
    if PARTS == 1:
        whole = found / total[:, None]
        place = out + mine[:, None] * WIDTH + across[None, :]
        tl.store(place, whole.to(out.dtype.element_ty), mask=group[:, None] < GROUP)
    else:
        there = total > 0
        whole = found / tl.where(there, total, 1.0)[:, None]
        weight = tl.where(there, most + tl.log2(tl.where(there, total, 1.0)), float("-inf"))
        tl.store(weights + mine * PARTS + part, weight, mask=group < GROUP)
        place = some + (mine[:, None] * PARTS + part) * WIDTH + across[None, :]
        tl.store(place, whole, mask=group[:, None] < GROUP)


@triton.jit
def _together(some, weights, out, HEADS: tl.constexpr, WIDTH: tl.constexpr, PARTS: tl.constexpr):
    """The parts of one head of one row."""
    mine = tl.program_id(0) * HEADS + tl.program_id(1)
    part, across = tl.arange(0, PARTS), tl.arange(0, WIDTH)
    weight = tl.load(weights + mine * PARTS + part)
    weight = tl.exp2(weight - tl.max(weight, 0))
    each = tl.load(some + (mine * PARTS + part)[:, None] * WIDTH + across[None, :])
    whole = tl.sum(each * weight[:, None], 0) / tl.sum(weight, 0)
    tl.store(out + mine * WIDTH + across, whole.to(out.dtype.element_ty))
