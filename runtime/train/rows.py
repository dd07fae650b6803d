"""Captured calls as rows of tokens: what a trainer reads.

A call whose prompt begins with all the tokens of a row goes on with that row; any other call begins a row of its own. So every sampled
token is trained once, after the very tokens it was drawn after: a rewritten context, a compaction, a sub-agent, a call beside another
and a retry each begin a row, in which what earlier calls have said is context. Log probabilities are those that were captured, or none.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple, cast

from clawc.runtime.errors import RuntimeFault
from clawc.runtime.gateway.calls import CallRecord

ROWS_FORMAT_VERSION = 1


class Span(NamedTuple):
    """The tokens from `start` up to `end` of a row are what the call `call_id` sampled, at `temperature`, which is None where
    nothing was sampled: a trainer divides its logits by it."""

    call_id: str
    start: int
    end: int
    temperature: float | None = None


@dataclass(frozen=True, slots=True)
class SampledCall:
    """What rows need of a call. `logprobs` is None for tokens that no policy has sampled, as a teacher's."""

    id: str
    prompt_ids: tuple[int, ...]
    output_ids: tuple[int, ...]
    logprobs: tuple[float, ...] | None = None
    version: int = 0
    temperature: float | None = None
    sound: bool = True

    def __post_init__(self) -> None:
        if self.logprobs is not None and len(self.logprobs) != len(self.output_ids):
            raise ValueError(f"call {self.id}: not every token has a log probability")


@dataclass(frozen=True, slots=True)
class Row:
    """A sequence to train on. `loss_mask` is 1 at the tokens of the `spans`; `old_logprobs` has 0.0 elsewhere, and is None where the
    tokens have none. `versions` are the least and the greatest of the weights that sampled. `advantage` is the episode's, if known."""

    input_ids: tuple[int, ...]
    loss_mask: tuple[int, ...]
    old_logprobs: tuple[float, ...] | None
    episode_id: str
    group_id: str
    row_index: int
    versions: tuple[int, int]
    spans: tuple[Span, ...]
    advantage: float | None = None

    @property
    def trained(self) -> int:
        """How many tokens the loss is over."""
        return sum(self.loss_mask)


@dataclass(slots=True)
class _Open:
    ids: list[int]
    logprobs: list[float] | None
    versions: tuple[int, int]
    mask: list[int] = field(default_factory=list[int])
    spans: list[Span] = field(default_factory=list[Span])

    def goes_on(self, call: SampledCall) -> bool:
        known = (self.logprobs is None) == (call.logprobs is None)
        return known and len(call.prompt_ids) >= len(self.ids) and call.prompt_ids[: len(self.ids)] == tuple(self.ids)

    def add(self, call: SampledCall) -> None:
        context = call.prompt_ids[len(self.ids) :]
        self.ids += [*context, *call.output_ids]
        self.mask += [0] * len(context) + [int(call.sound)] * len(call.output_ids)
        if self.logprobs is not None:
            self.logprobs += [0.0] * len(context) + [each if call.sound else 0.0 for each in call.logprobs or ()]
        if call.sound:
            end = len(self.ids)
            self.spans.append(Span(call.id, end - len(call.output_ids), end, call.temperature))
            low, high = self.versions
            self.versions = (min(low, call.version), max(high, call.version))


def sampled_calls(calls: Iterable[CallRecord], *, parse_errors: bool = True) -> Iterator[SampledCall]:
    """Those of an attempt that may be trained on. Without `parse_errors` an answer that begins a call of a tool and is none is context
    only. Log probabilities of answers that were drawn greedily are those of no distribution, and are left out."""
    for call in calls:
        drawn = call.sampled
        if call.kind != "train" or drawn is None or not drawn.output_ids:
            continue
        temperature = drawn.sampling.temperature if drawn.sampling is not None else None
        yield SampledCall(
            call.id, drawn.prompt_ids, drawn.output_ids, None if temperature == 0 else drawn.logprobs, drawn.version, temperature,
            parse_errors or not drawn.parse_error,
        )  # fmt: skip


def rows_of(calls: Iterable[SampledCall], episode_id: str, group_id: str = "") -> tuple[Row, ...]:
    """The rows of one episode, whose calls come in the order in which they were made."""
    rows: list[_Open] = []
    for call in calls:
        if not call.output_ids:
            continue
        fits = [row for row in rows if row.goes_on(call)]
        # Of two that fit, one begins with the other; the longer leaves more of the prompt known.
        row = max(fits, key=lambda each: len(each.ids), default=None)
        if row is None:
            row = _Open([], None if call.logprobs is None else [], (call.version, call.version))
            rows.append(row)
        row.add(call)
    whole = (row for row in rows if row.spans)
    return tuple(
        Row(
            tuple(row.ids), tuple(row.mask), None if row.logprobs is None else tuple(row.logprobs), episode_id, group_id, index,
            row.versions, tuple(row.spans),
        )
        for index, row in enumerate(whole)
    )  # fmt: skip


def with_advantage(rows: Iterable[Row], advantages: Mapping[str, float | None]) -> Iterator[Row]:
    """The rows with the advantage of their episode, all rows of an episode the same; those of an episode without one are left out."""
    for row in rows:
        advantage = advantages.get(row.episode_id)
        if advantage is not None:
            yield replace(row, advantage=advantage)


def write_rows(path: Path, rows: Iterable[Row]) -> int:
    """A row a line; the file appears whole or not at all. Gives how many there were."""
    count = 0
    part = path.with_name(f".{path.name}.part")
    with open(part, "w", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(_line(row), separators=(",", ":"), allow_nan=False) + "\n")
            count += 1
    part.replace(path)
    return count


def read_rows(path: Path) -> Iterator[Row]:
    """Raises RuntimeFault R0991 for what is no file of rows."""
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            try:
                yield _row(json.loads(line))
            except (ValueError, KeyError, TypeError) as error:
                raise RuntimeFault("R0991", f"`{path}`:{number}: no row: {error!r}", "Write the rows again.") from error


def _line(row: Row) -> dict[str, object]:
    """The mask is that of the spans, and is not written."""
    return {
        "v": ROWS_FORMAT_VERSION, "episode_id": row.episode_id, "group_id": row.group_id, "row_index": row.row_index,
        "versions": row.versions, "advantage": row.advantage, "spans": row.spans, "input_ids": row.input_ids,
        "old_logprobs": row.old_logprobs,
    }  # fmt: skip


def _row(data: Mapping[str, object]) -> Row:
    if data["v"] != ROWS_FORMAT_VERSION:
        raise ValueError(f"it has format {data['v']}")
    ids = tuple(cast("Sequence[int]", data["input_ids"]))
    found = cast("Sequence[float] | None", data["old_logprobs"])
    spans = tuple(Span(*each) for each in cast("Sequence[tuple[str, int, int, float | None]]", data["spans"]))
    low, high = cast("Sequence[int]", data["versions"])
    row = Row(
        ids, mask_of(len(ids), spans), None if found is None else tuple(found), str(data["episode_id"]), str(data["group_id"]),
        cast(int, data["row_index"]), (low, high), spans, cast("float | None", data["advantage"]),
    )  # fmt: skip
    if row.old_logprobs is not None and len(row.old_logprobs) != len(ids):
        raise ValueError("not every token has a log probability")
    return row


def mask_of(length: int, spans: Iterable[Span]) -> tuple[int, ...]:
    """1 at the tokens of the spans. Raises ValueError for spans that overlap or lie outside."""
    mask = [0] * length
    at = 0
    for span in spans:
        if not at <= span.start < span.end <= length:
            raise ValueError(f"the span of call {span.call_id} lies outside of what is left")
        at = span.end
        mask[span.start : span.end] = [1] * (span.end - span.start)
    return tuple(mask)
